"""What acting on the findings saves: every resource once, however many rules found it."""

from __future__ import annotations

from typing import Final

import pandas as pd

from auditor.report.findings import opened

_IDS: Final = ["account_id", "region", "resource_type", "resource_id"]
_TOLD: Final = ["resource_name", "owner", "saving_low_usd", "saving_high_usd", "saving_method"]


def savings(findings: pd.DataFrame) -> pd.DataFrame:
    """The resources with an open finding whose saving is known.

    What a resource saves hangs on the resource, not on the rule: the sum of the column is what acting on all of it
    saves, each resource deleted on its own; that of the findings counts some resources twice.

    Args:
        findings: The findings as they are listed.

    Returns:
        One row per resource, the dearest first: account, region, type, id, name and owner, ``saving_low_usd``,
        ``saving_high_usd``, ``saving_method``, and ``rules``, the ids of those that found it, with commas.
    """
    priced = findings[opened(findings) & findings["saving_low_usd"].notna() & findings["saving_high_usd"].notna()]
    each = priced[[*_IDS, "rule_id", *_TOLD]].sort_values([*_IDS, "rule_id"], kind="stable")
    each = each.drop_duplicates([*_IDS, "rule_id"])
    several = each.duplicated(_IDS, keep=False)
    joined = each[several].groupby(_IDS, sort=False)["rule_id"].transform(", ".join)
    each = each.assign(rules=each["rule_id"].astype(object).mask(several, joined)).drop_duplicates(_IDS)
    dearest = each["saving_high_usd"].astype("float64").sort_values(ascending=False, kind="stable").index
    return each.loc[dearest].drop(columns="rule_id").reset_index(drop=True)
