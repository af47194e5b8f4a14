"""A deleted snapshot that is billed for a long time yet."""

from datetime import datetime

import pandas as pd

from auditor.rule import older, rule, whole_days


@rule(
    title="Deleted snapshot is billed for long yet",
    severity="info",
    subject="recycle_bin_snapshots",
    headline=(
        "1 deleted snapshot stays in the Recycle Bin, and is billed, for long yet",
        "{count} deleted snapshots stay in the Recycle Bin, and are billed, for long yet",
    ),
    message="{snapshot_id} was deleted on {entered_at} and is billed until it leaves the Recycle Bin on {exits_at}",
    remedy="aws ec2 list-snapshots-in-recycle-bin --region {region} --snapshot-ids {snapshot_id}",
    breaks="Nothing: the command only looks. What leaves the Recycle Bin is gone for good.",
    controls={},
)
def recycle_bin_cost(recycle_bin_snapshots: pd.DataFrame, as_of: datetime, *, long_days: int = 30) -> pd.DataFrame:
    """A snapshot in the Recycle Bin costs what it cost before, and is in no list of snapshots.

    Found are those that leave the Recycle Bin later than the limit from now. AWS tells neither the size nor the tier
    of what is in the Recycle Bin, so what it costs cannot be said. Shortening a retention rule does not shorten the
    stay of what is in the bin already.

    Decide whether it is wanted; restore what is, and shorten the rule for what will be deleted from now on.
    """
    left = recycle_bin_snapshots["exits_at"] - as_of
    return pd.DataFrame(
        {
            "found": older(left, pd.Timedelta(days=long_days)),
            "snapshot_id": recycle_bin_snapshots["snapshot_id"],
            "entered_at": recycle_bin_snapshots["entered_at"],
            "exits_at": recycle_bin_snapshots["exits_at"],
            "left_days": whole_days(left),
            "volume_id": recycle_bin_snapshots["volume_id"],
        }
    )


FAILS = [
    {
        "entered_at": "10 days ago",
        "exits_at": "in 355 days",
        "expect": {"left_days": 355, "entered_at": "2026-01-22T00:00:00Z"},
    },
    {"exits_at": "in 31 days"},
    {"exits_at": "in 8 days", "params": {"long_days": 7}},
]
PASSES = [
    {"entered_at": "300 days ago", "exits_at": "in 30 days"},
    {"exits_at": "in 2 days"},
    {"exits_at": "1 days ago"},
]
UNKNOWN = [{"entered_at": "10 days ago"}, {"exits_at": "in 355 days", "gap": "recycle_bin_snapshots"}]
