"""A snapshot restored from the archive that nobody looks after: about to go back, or never put back."""

from datetime import datetime

import pandas as pd

from auditor.rule import Verdict, among, beside, flags, older, rule

_DONE = "permanent-restore-completed"


@rule(
    title="Snapshot restored from the archive is forgotten",
    severity="low",
    subject="snapshots",
    headline=(
        "1 snapshot restored from the archive is about to go back or was never put back",
        "{count} snapshots restored from the archive are about to go back or were never put back",
    ),
    message="{snapshot_id} {what}",
    remedy="aws ec2 describe-snapshot-tier-status --region {region} --filters Name=snapshot-id,Values={snapshot_id}",
    breaks="Nothing: the command only looks. Archiving a snapshot again makes a new full copy of it and starts its "
    "minimum of 90 days anew.",
    controls={},
)
def snapshot_restored_forgotten(
    snapshots: pd.DataFrame,
    snapshot_tiering: pd.DataFrame,
    as_of: datetime,
    *,
    soon_days: int = 3,
    days: int = 30,
) -> Verdict:
    """What is taken out of the archive for a while goes back unasked; what is taken out for good is paid as new.

    Found are snapshots whose temporary restore ends soon, so that restoring them takes days again from then on; and
    those restored for good longer ago than the limit that are still in the standard tier. When a restore for good
    was asked for is what AWS tells; it may have taken up to three days more.

    Make a restore permanent while it lasts where the data is still needed, and archive again what is not.
    """
    touched = snapshots["restore_expires_at"].notna() | among(snapshots["snapshot_id"], snapshot_tiering["snapshot_id"])
    if not touched.any():
        return pd.Series(False, index=snapshots.index)
    few = snapshots[touched]
    history = beside(few["snapshot_id"], snapshot_tiering, "snapshot_id")
    status, began = history["last_operation_status"], history["last_operation_started_at"]
    ends = few["restore_expires_at"].fillna(history["restore_expires_at"])
    going = ((ends >= as_of) & (ends <= as_of + pd.Timedelta(days=soon_days))).astype("boolean")
    named = history["snapshot_id"].notna()
    for_good = flags(status.eq(_DONE)).mask(~named, False)
    old = older(as_of - began, pd.Timedelta(days=days))
    standard = flags(few["storage_tier"].eq("standard"))
    stayed = for_good & old & standard
    what = pd.Series("was restored from the archive for good and is still in the standard tier", index=few.index)
    told = pd.DataFrame(
        {
            "found": going | stayed,
            "what": what.mask(going, "returns to the archive soon: its temporary restore ends"),
            "storage_tier": few["storage_tier"],
            "restore_ends_at": ends,
            "restore_asked_at": began.where(stayed.fillna(False)),
        }
    ).reindex(snapshots.index)
    return told.assign(found=told["found"].astype("boolean").mask(~touched, False))


def _tiered(status: str, **more: str) -> dict[str, object]:
    return {"snapshot_tiering": [{"last_operation_status": status, **more}]}


_LONG_AGO = {"last_operation_started_at": "40 days ago"}

FAILS = [
    {
        "storage_tier": "archive",
        "restore_expires_at": "in 2 days",
        "expect": {"storage_tier": "archive", "restore_ends_at": "2026-02-03T00:00:00Z"},
    },
    {"storage_tier": "standard", "restore_expires_at": "in 3 days"},
    {"storage_tier": "archive", "given": _tiered("temporary-restore-completed", restore_expires_at="in 1 days")},
    {
        "storage_tier": "standard",
        "given": _tiered(_DONE, **_LONG_AGO),
        "expect": {"restore_asked_at": "2025-12-23T00:00:00Z"},
    },
    {"storage_tier": "standard", "given": _tiered(_DONE, **_LONG_AGO), "params": {"days": 39}},
    {"storage_tier": "archive", "restore_expires_at": "in 20 days", "params": {"soon_days": 20}},
]
PASSES = [
    {"storage_tier": "standard"},
    {"storage_tier": "archive"},
    {"storage_tier": "archive", "restore_expires_at": "in 4 days"},
    {"storage_tier": "archive", "restore_expires_at": "1 days ago"},
    {"storage_tier": "standard", "given": _tiered(_DONE, last_operation_started_at="30 days ago")},
    {"storage_tier": "archive", "given": _tiered(_DONE, **_LONG_AGO)},
    {"storage_tier": "archive", "given": _tiered("archival-completed", **_LONG_AGO)},
    {"storage_tier": "standard", "given": _tiered("archival-failed", **_LONG_AGO)},
    {"storage_tier": "standard", "given": _tiered("permanent-restore-in-progress", **_LONG_AGO)},
    {
        "storage_tier": "standard",
        "given": {"snapshot_tiering": [{"snapshot_id": "snap-0b", "last_operation_status": _DONE, **_LONG_AGO}]},
    },
]
UNKNOWN = [
    {"storage_tier": "standard", "given": _tiered(_DONE)},
    {"given": _tiered(_DONE, **_LONG_AGO)},
    {"storage_tier": "standard", "given": {"snapshot_tiering": [_LONG_AGO]}},
    {"storage_tier": "standard", "gap": "snapshot_tiering"},
]
