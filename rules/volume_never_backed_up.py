"""A volume of which no backup exists."""

from datetime import datetime

import pandas as pd

from auditor.rule import Verdict, all_pass, among, older, one_of, rule, whole_days


@rule(
    title="Volume has no backup",
    severity="high",
    subject="volumes",
    headline=("1 volume has no backup", "{count} volumes have no backup"),
    message="{volume_id} has existed for {age_days} days and has no backup",
    remedy="aws ec2 create-snapshot --region {region} --volume-id {volume_id}",
    breaks="Nothing: the volume stays in use. The first snapshot stores everything written to it, and costs so.",
    controls={
        "AWS FSBP": ["EC2.28"],
        "NIST 800-53 r5": ["CP-6", "CP-9", "CP-10", "SI-12", "SI-13(5)"],
        "NIST CSF 2.0": ["PR.DS-11"],
        "PCI DSS v4.0": ["10.3.3"],
        "HIPAA": ["164.308(a)(7)(i)", "164.308(a)(7)(ii)(A)", "164.310(d)(2)(iv)"],
        "ISO 27001:2022": ["A.8.13"],
        "SOC 2": ["A1.2"],
    },
)
def volume_never_backed_up(
    volumes: pd.DataFrame,
    volume_tags: pd.DataFrame,
    snapshots: pd.DataFrame,
    recovery_points: pd.DataFrame,
    as_of: datetime,
    *,
    grace_hours: int = 48,
    exclude_tags: tuple[str, ...] = (),
) -> Verdict:
    """If this volume fails, or somebody deletes it, what is on it cannot be brought back.

    Volumes in use and lying idle are judged once they are older than the grace period. A backup is a completed
    snapshot of the volume, archived or not, taken by whatever tool, or a usable recovery point of it. The snapshot
    that a volume was made from is where it came from, never a backup; pending, failed and expired ones are none
    either. Snapshots that AWS Backup or an image made of a whole instance count for each of its volumes.

    Take a snapshot now and add the volume to a backup plan. Declare volumes that may be lost with exclude_tags, as
    "key" or "key=value".
    """
    whole = snapshots.loc[snapshots["state"].eq("completed").fillna(False), "volume_id"]
    usable = recovery_points["status"].isin(["COMPLETED", "AVAILABLE"])
    backed_up = among(volumes["volume_id"], pd.concat([whole, recovery_points.loc[usable, "resource_id"]]))
    age = as_of - volumes["created_at"]
    old = older(age, pd.Timedelta(hours=grace_hours))
    judged = one_of(volumes["state"], "in-use", "available") & old & ~backed_up
    if all_pass(judged):
        return judged
    pairs = volume_tags["key"] + "=" + volume_tags["value"].fillna("")
    excluded = volume_tags[volume_tags["key"].isin(exclude_tags) | pairs.isin(exclude_tags)]
    return pd.DataFrame(
        {
            "found": judged & ~among(volumes["volume_id"], excluded["volume_id"]),
            "age_days": whole_days(age),
            "created_at": volumes["created_at"],
            "state": volumes["state"],
            "size_gib": volumes["size_gib"],
        }
    )


_OLD = {"volume_id": "vol-0a", "state": "in-use", "created_at": "10 days ago"}

FAILS = [
    {**_OLD, "expect": {"age_days": 10, "state": "in-use"}},
    {**_OLD, "state": "available"},
    {
        **_OLD,
        "source_snapshot_id": "snap-0b",
        "given": {"snapshots": [{"snapshot_id": "snap-0b", "volume_id": "vol-0c", "state": "completed"}]},
    },
    {**_OLD, "given": {"snapshots": [{"state": "pending"}, {"state": "error"}]}},
    {**_OLD, "given": {"recovery_points": [{"resource_id": "vol-0a", "status": "EXPIRED"}]}},
    {
        **_OLD,
        "given": {"volume_tags": [{"key": "tier", "value": "gold"}]},
        "params": {"exclude_tags": ["tier=scratch"]},
    },
]
PASSES = [
    {**_OLD, "given": {"snapshots": [{"state": "completed", "started_at": "400 days ago"}]}},
    {**_OLD, "given": {"snapshots": [{"state": "completed", "storage_tier": "archive"}]}},
    {**_OLD, "given": {"recovery_points": [{"resource_id": "vol-0a", "status": "COMPLETED"}]}},
    {**_OLD, "created_at": "48 hours ago"},
    {**_OLD, "state": "deleting"},
    {**_OLD, "given": {"volume_tags": [{"key": "scratch"}]}, "params": {"exclude_tags": ["scratch"]}},
    {
        **_OLD,
        "given": {"volume_tags": [{"key": "tier", "value": "scratch"}]},
        "params": {"exclude_tags": ["tier=scratch"]},
    },
]
UNKNOWN = [
    {"state": "in-use"},
    {"created_at": "10 days ago"},
    {**_OLD, "gap": "snapshots"},
    {**_OLD, "gap": "recovery_points"},
]
