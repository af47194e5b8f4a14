"""A snapshot that failed, or never finishes."""

from datetime import datetime

import pandas as pd

from auditor.rule import Verdict, all_pass, flags, older, rule


@rule(
    title="Snapshot failed",
    severity="medium",
    subject="snapshots",
    headline=("1 snapshot failed and protects nothing", "{count} snapshots failed and protect nothing"),
    message="{snapshot_id} is no backup: {reason}",
    remedy="aws ec2 describe-snapshots --region {region} --snapshot-ids {snapshot_id}",
    breaks="Nothing: the command only looks. Take a new snapshot before you delete the failed one.",
    controls={
        "NIST 800-53 r5": ["CP-9"],
        "NIST CSF 2.0": ["PR.DS-11"],
        "ISO 27001:2022": ["A.8.13"],
        "SOC 2": ["A1.2"],
    },
    saves=True,
)
def snapshot_failed(snapshots: pd.DataFrame, as_of: datetime, *, pending_hours: int = 24) -> Verdict:
    """A failed snapshot looks like a backup in every list, and cannot be restored.

    Found are snapshots in error, copies that failed later for want of a key included, and those still pending after
    more hours than a large first snapshot should take. Pending ones younger than that pass.

    Read the state message, mend the cause (most often a KMS key the copy may not use) and take the snapshot again.
    """
    state = snapshots["state"]
    age = as_of - snapshots["started_at"]
    error = flags(state.eq("error"))
    slow = older(age, pd.Timedelta(hours=pending_hours))
    found = error | (flags(state.eq("pending")) & slow)
    if all_pass(found):
        return found
    hours = (age.dt.total_seconds() // 3600).astype("Int64")
    pending = "it has been pending for " + hours.astype("string") + " hours"
    return pd.DataFrame(
        {
            "found": found,
            "reason": pending.mask(error.fillna(False), "it ended in error"),
            "state": state,
            "state_message": snapshots["state_message"],
            "started_at": snapshots["started_at"],
            "progress_percent": snapshots["progress_percent"],
        }
    )


FAILS = [
    {
        "state": "error",
        "state_message": "Given key ID is not accessible",
        "started_at": "2 hours ago",
        "expect": {"reason": "it ended in error", "state_message": "Given key ID is not accessible"},
    },
    {"state": "error"},
    {
        "state": "pending",
        "started_at": "25 hours ago",
        "expect": {"reason": "it has been pending for 25 hours"},
    },
    {"state": "pending", "started_at": "5 hours ago", "params": {"pending_hours": 4}},
]
PASSES = [
    {"state": "completed", "started_at": "400 days ago"},
    {"state": "pending", "started_at": "24 hours ago"},
    {"state": "completed"},
]
UNKNOWN = [{}, {"state": "pending"}, {"state": "error", "gap": "snapshots"}]
