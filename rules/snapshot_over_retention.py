"""A snapshot kept longer than the retention limit."""

from datetime import datetime

import pandas as pd

from auditor.rule import Verdict, all_pass, among, flags, older, rule, whole_days


@rule(
    title="Snapshot is older than the retention limit",
    severity="low",
    subject="snapshots",
    headline=(
        "1 snapshot is older than the retention limit",
        "{count} snapshots are older than the retention limit",
    ),
    message="{snapshot_id} is {age_days} days old; the limit is {limit_days}",
    remedy="aws ec2 describe-volumes --region {region} --filters Name=snapshot-id,Values={snapshot_id}",
    breaks="Nothing: the command only shows which volumes came from it. Once the snapshot is deleted, its point in "
    "time cannot be restored.",
    controls={"NIST 800-53 r5": ["SI-12"]},
    saves=True,
)
def snapshot_over_retention(
    snapshots: pd.DataFrame,
    snapshot_origins: pd.DataFrame,
    image_block_devices: pd.DataFrame,
    recycle_bin_images: pd.DataFrame,
    snapshot_locks: pd.DataFrame,
    recovery_points: pd.DataFrame,
    as_of: datetime,
    *,
    max_age_days: int = 365,
) -> Verdict:
    """Data kept past its retention limit costs money, and has to be handed over in disclosure or lost in a breach.

    Found are completed snapshots, archived ones too, whose data is older than the limit. Not found are those that
    something else rightly holds: an image in any state that maps them, an image in the Recycle Bin that they were
    made for, a lock that has not expired, and AWS Backup, whose own retention rules. A copy's age counts from when
    it was copied, as AWS does not say how old its data is.

    Ask the owner, take what must stay out with a waiver, and delete the rest oldest first.
    """
    ids = snapshots["snapshot_id"]
    age = as_of - snapshots["started_at"]
    old = older(age, pd.Timedelta(days=max_age_days))
    due = flags(snapshots["state"].eq("completed")) & old
    if all_pass(due):
        return due
    locked = snapshot_locks[snapshot_locks["lock_state"].ne("expired").fillna(True)]
    binned = snapshot_origins[snapshot_origins["made_for"].isin(recycle_bin_images["image_id"])]
    held = (
        among(ids, image_block_devices["snapshot_id"])
        | among(ids, binned["snapshot_id"])
        | among(ids, locked["snapshot_id"])
        | among(ids, recovery_points["recovery_id"])
    )
    return pd.DataFrame(
        {
            "found": due & ~held,
            "age_days": whole_days(age),
            "limit_days": max_age_days,
            "started_at": snapshots["started_at"],
            "storage_tier": snapshots["storage_tier"],
        }
    )


_OLD = {"state": "completed", "started_at": "400 days ago"}

FAILS = [
    {**_OLD, "expect": {"age_days": 400, "limit_days": 365}},
    {**_OLD, "storage_tier": "archive"},
    {**_OLD, "given": {"snapshot_locks": [{"lock_state": "expired"}]}},
    {"state": "completed", "started_at": "31 days ago", "params": {"max_age_days": 30}},
]
PASSES = [
    {"state": "completed", "started_at": "365 days ago"},
    {"state": "error", "started_at": "400 days ago"},
    {**_OLD, "given": {"image_block_devices": [{"image_id": "ami-0a"}], "images": [{"image_id": "ami-0a"}]}},
    {**_OLD, "given": {"snapshot_locks": [{"lock_state": "governance"}]}},
    {**_OLD, "given": {"snapshot_locks": [{"lock_state": "compliance-cooloff"}]}},
    {**_OLD, "given": {"recovery_points": [{"recovery_id": "snap-0a"}]}, "snapshot_id": "snap-0a"},
    {
        **_OLD,
        "description": "Created by CreateImage(i-0b) for ami-0c",
        "given": {"recycle_bin_images": [{"image_id": "ami-0c"}]},
    },
]
UNKNOWN = [
    {"state": "completed"},
    {"started_at": "400 days ago"},
    {**_OLD, "gap": "image_block_devices"},
    {**_OLD, "gap": "recovery_points"},
    {**_OLD, "gap": "recycle_bin_images"},
]
