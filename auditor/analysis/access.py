"""Who can get at each own snapshot and image, who they are to us, and whether it does them any good.

AWS names grantees by account, by organisation or unit (images only), or as everybody; who is who comes from the
directory of the organisation and from the accounts that the configuration trusts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from auditor.analysis.image_use import CLOSED
from auditor.frames import FRAMES, PANDAS

__all__ = ["SEVERITIES", "image_access", "parties", "snapshot_access"]

#: How bad access is by whose it is: where it works; where a key that was not looked at decides; where it does not work.
SEVERITIES: Final[Mapping[str, tuple[str, str, str]]] = {
    "public": ("critical", "critical", "medium"),
    "unknown": ("high", "medium", "low"),
    "foreign": ("high", "medium", "low"),
    "closed": ("medium", "low", "low"),
}

#: The grantee by which AWS Marketplace takes in products (EC2 User Guide, "Share an AMI").
MARKETPLACE: Final = "aws-marketplace"

_KEY_NOT_READ: Final = "it is encrypted, and the key's policy was not read"


def parties(directory: pd.DataFrame, trusted_accounts: Mapping[str, str]) -> pd.DataFrame:
    """One row per account that is no stranger: members of the organisation, and those that the configuration trusts."""
    closed = directory["state"].isin(CLOSED)
    trusted = pd.DataFrame(
        {
            "party_id": pd.Series(list(trusted_accounts), dtype=PANDAS["text"]),
            "standing": "trusted",
            "party_name": pd.Series(list(trusted_accounts.values()), dtype=PANDAS["text"]),
        }
    )
    members = pd.DataFrame(
        {
            "party_id": directory["member_id"],
            "standing": pd.Series("organisation", index=directory.index).mask(closed, "closed"),
            "party_name": directory["name"],
        }
    )
    known = pd.concat([members, trusted], ignore_index=True).drop_duplicates("party_id")
    return FRAMES["parties"].conform(known)


def snapshot_access(
    snapshots: pd.DataFrame,
    snapshot_shares: pd.DataFrame,
    snapshot_public_permissions: pd.DataFrame,
    snapshot_block_public_access: pd.DataFrame,
    parties: pd.DataFrame,
    directory: pd.DataFrame,
) -> pd.DataFrame:
    """One row per own snapshot and grantee; see the frame ``snapshot_access`` for the columns.

    AWS shares no snapshot under a key that it manages (EBS User Guide, "Share a snapshot"), so there is none of those.
    """
    if not len(snapshot_shares) and not len(snapshot_public_permissions):
        return FRAMES["snapshot_access"].empty()
    everybody = snapshot_public_permissions.assign(grantee_type="group", grantee="all")
    keys = ["account_id", "region", "snapshot_id"]
    grants = pd.concat(
        [each[[*keys, "grantee_type", "grantee"]] for each in (snapshot_shares, everybody)], ignore_index=True
    ).drop_duplicates([*keys, "grantee"], ignore_index=True)
    facts = snapshots.loc[
        snapshots["snapshot_id"].isin(grants["snapshot_id"].drop_duplicates().to_list()),
        [*keys, "encrypted", "state", "storage_tier"],
    ]
    made = _classed(grants.merge(facts, on=keys), parties, directory)
    made = made.merge(
        snapshot_block_public_access[["account_id", "region", "state"]].rename(columns={"state": "block"}),
        on=["account_id", "region"],
        how="left",
    )
    public = made["grantee_class"].eq("public").fillna(False)
    hidden = public & made["block"].eq("block-all-sharing").fillna(False)
    unusable = made["storage_tier"].eq("archive").fillna(False) | made["state"].ne("completed").fillna(False)
    keyed = made["encrypted"].ne(False).fillna(True)
    made = _effective(
        made,
        {
            "it is archived or not completed": (unusable, False),
            "block public access hides it": (hidden, False),
            "whether block public access hides it is not known": (public & made["block"].isna(), None),
            _KEY_NOT_READ: (keyed, None),
        },
    )
    return FRAMES["snapshot_access"].conform(made)


def image_access(
    images: pd.DataFrame,
    image_shares: pd.DataFrame,
    image_block_devices: pd.DataFrame,
    parties: pd.DataFrame,
    directory: pd.DataFrame,
) -> pd.DataFrame:
    """One row per own image and grantee; see the frame ``image_access`` for the columns."""
    if not len(image_shares):
        return FRAMES["image_access"].empty()
    keys = ["account_id", "region", "image_id"]
    grants = image_shares[[*keys, "grantee_type", "grantee"]]
    shared = grants["image_id"].drop_duplicates().to_list()
    facts = images.loc[images["image_id"].isin(shared), [*keys, "state"]]
    devices = image_block_devices.loc[image_block_devices["image_id"].isin(shared)]
    encrypted = devices.loc[devices["encrypted"].eq(True).fillna(False) & devices["snapshot_id"].notna(), "image_id"]
    made = _classed(grants.merge(facts, on=keys), parties, directory)
    made["encrypted"] = made["image_id"].isin(encrypted.to_list())
    made = _effective(
        made,
        {
            "it is not available": (made["state"].ne("available").fillna(False), False),
            _KEY_NOT_READ: (made["encrypted"], None),
        },
    )
    return FRAMES["image_access"].conform(made)


def _classed(grants: pd.DataFrame, parties: pd.DataFrame, directory: pd.DataFrame) -> pd.DataFrame:
    """The grants with who each grantee is to us, and what it is called."""
    known = parties.rename(columns={"party_id": "grantee", "party_name": "grantee_name"})
    made = grants.merge(known, on="grantee", how="left")
    ours = directory["organisation_id"].dropna().drop_duplicates().to_list()
    kind, grantee = made["grantee_type"], made["grantee"]
    organisation = grantee.str.extract(r":(?:organization|ou)/(o-[^/]+)", expand=False)
    whole = kind.isin(["organisation", "unit"])
    own = organisation.isin(ours)
    classes: pd.Series[Any] = made["standing"].astype(object).where(made["standing"].notna(), "unknown")
    for name, where in {
        "own": grantee.eq(made["account_id"]),
        "marketplace": grantee.eq(MARKETPLACE),
        "public": grantee.eq("all"),
        "organisation": kind.eq("organisation") & own,
        "unit": kind.eq("unit") & own,
        "foreign": whole & ~own,
    }.items():
        classes = classes.mask(where.fillna(False).astype(bool), name)
    if not ours:  # which organisation is ours nobody told
        classes = classes.mask(whole, None)
    made["grantee_class"] = classes.astype(PANDAS["text"])
    return made


def _effective(made: pd.DataFrame, reasons: dict[str, tuple[pd.Series[Any], bool | None]]) -> pd.DataFrame:
    """The access with whether it works, why not, and how bad that is; the first reason that holds counts."""
    works: pd.Series[Any] = pd.Series(True, index=made.index, dtype="boolean")
    why = pd.Series(pd.NA, index=made.index, dtype=PANDAS["text"])
    for words, (holds, answer) in reversed(reasons.items()):
        where = holds.astype(bool).to_numpy()
        works[where] = pd.NA if answer is None else answer
        why[where] = words
    made["effective"], made["effective_because"] = works, why
    column = works.astype("Int64").map({1: 0, 0: 2}).fillna(1).astype(int)
    graded = [
        SEVERITIES[name][place] if name in SEVERITIES else None
        for name, place in zip(made["grantee_class"].astype(object), column, strict=True)
    ]
    made["severity"] = pd.Series(graded, index=made.index, dtype=PANDAS["text"])
    return made
