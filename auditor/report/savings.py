"""What acting on the findings saves: every resource once, however many rules found it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import pandas as pd

from auditor.frames import FRAMES
from auditor.report.findings import opened
from auditor.report.model import SavingLine

if TYPE_CHECKING:
    from auditor.rule import Rule

_WHERE: Final = ["account_id", "region", "resource_id"]
_IDS: Final = [*_WHERE, "resource_type", "part"]
_TOLD: Final = ["resource_name", "owner", "saving_low_usd", "saving_high_usd", "saving_method"]

_SNAPSHOT, _FAST_RESTORE = (FRAMES[name].noun for name in ("snapshots", "fast_restores"))


def savings(findings: pd.DataFrame) -> pd.DataFrame:
    """The resources with an open finding whose saving is known.

    What a resource saves hangs on the resource, not on the rule: the sum of the column is what acting on all of it
    saves, each resource deleted on its own; that of the findings counts some resources twice. Fast restore is billed
    by zone, each a part of its own, and ends with its snapshot: it is not counted beside that.

    Args:
        findings: The findings as they are listed.

    Returns:
        One row per resource, the dearest first: account, region, type, id, ``part`` (the zone of a fast restore),
        name and owner, ``saving_low_usd``, ``saving_high_usd``, ``saving_method``, and ``rules``, the ids of those
        that found it, with commas.
    """
    priced = findings["saving_low_usd"].notna() & findings["saving_high_usd"].notna()
    each = _parted(findings[opened(findings) & priced])
    restores = each["resource_type"] == _FAST_RESTORE
    gone = pd.MultiIndex.from_frame(each.loc[each["resource_type"] == _SNAPSHOT, _WHERE])
    with_it = restores & pd.MultiIndex.from_frame(each[_WHERE]).isin(gone)
    each = each[~with_it].sort_values([*_IDS, "rule_id"], kind="stable").drop_duplicates([*_IDS, "rule_id"])
    several = each.duplicated(_IDS, keep=False)
    joined = each[several].groupby(_IDS, sort=False, dropna=False)["rule_id"].transform(", ".join)
    each = each.assign(rules=each["rule_id"].astype(object).mask(several, joined)).drop_duplicates(_IDS)
    dearest = each["saving_high_usd"].astype("float64").sort_values(ascending=False, kind="stable").index
    return each.loc[dearest].drop(columns="rule_id").reset_index(drop=True)


def unknown_savings(findings: pd.DataFrame, rules: Mapping[str, Rule]) -> int:
    """How many resources to do without would save what nobody knows: no price, or no size.

    Args:
        findings: The findings as they are listed.
        rules: The rules that ran.
    """
    saving = [name for name, rule in rules.items() if rule.saves]
    each = _parted(findings[opened(findings) & findings["rule_id"].isin(saving)])
    priced = each["saving_low_usd"].notna() & each["saving_high_usd"].notna()
    return len(each[~priced].drop_duplicates(_IDS))


def _parted(findings: pd.DataFrame) -> pd.DataFrame:
    """Findings with the part of the resource that each is about, and what is told of savings."""
    restores = findings["resource_type"] == _FAST_RESTORE
    return findings.assign(part=findings["discriminator"].where(restores))[[*_IDS, "rule_id", *_TOLD]]


def saving_lines(savings: pd.DataFrame, rules: Mapping[str, Rule]) -> tuple[SavingLine, ...]:
    """The rows of :func:`savings` summed up by the rules that found them, the dearest first.

    Args:
        savings: The rows.
        rules: The rules that ran, for their titles.
    """
    lines = []
    for found_by, rows in savings.groupby("rules", sort=True):
        ids = tuple(str(found_by).split(", "))
        lines.append(
            SavingLine(
                rules=ids,
                title="; ".join(rules[name].title if name in rules else name for name in ids),
                resources=len(rows),
                low_usd=sum(rows["saving_low_usd"].astype(object), Decimal(0)),
                high_usd=sum(rows["saving_high_usd"].astype(object), Decimal(0)),
            )
        )
    return tuple(sorted(lines, key=lambda line: -line.high_usd))
