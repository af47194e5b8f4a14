"""A volume whose newest backup is too old."""

from datetime import datetime

import pandas as pd

from auditor.rule import Verdict, all_pass, among, flags, rule, whole_days


@rule(
    title="Volume's newest backup is too old",
    severity="medium",
    subject="volumes",
    headline=("1 volume's newest backup is too old", "{count} volumes have no recent backup"),
    message="The newest backup of {volume_id} is {backup_age_days} days old; the limit is {limit_days}",
    remedy="aws ec2 create-snapshot --region {region} --volume-id {volume_id}",
    breaks="Nothing: the volume stays in use. The snapshot stores what has changed since the last one.",
    controls={
        "NIST 800-53 r5": ["CP-9", "CP-10", "SI-13(5)"],
        "NIST CSF 2.0": ["PR.DS-11"],
        "PCI DSS v4.0": ["10.3.3"],
        "HIPAA": ["164.308(a)(7)(i)", "164.308(a)(7)(ii)(A)", "164.310(d)(2)(iv)"],
        "ISO 27001:2022": ["A.8.13"],
        "SOC 2": ["A1.2"],
    },
)
def volume_backup_stale(
    volumes: pd.DataFrame,
    volume_tags: pd.DataFrame,
    snapshots: pd.DataFrame,
    recovery_points: pd.DataFrame,
    as_of: datetime,
    *,
    max_age_days: int = 7,
    exclude_tags: tuple[str, ...] = (),
) -> Verdict:
    """Whatever was written since the newest backup is lost if the volume fails; here that is more than agreed.

    Each volume in use is judged by its newest completed snapshot or usable recovery point, whichever tool made it;
    older ones in the same chain do not matter. What counts is when a backup was started, for that is the moment it
    holds. Pending, failed and expired ones are no backups. Volumes without any backup are another rule's.

    Find out why the schedule stopped (a tag removed, a policy in error) and take a snapshot meanwhile. Declare
    volumes that may be lost with exclude_tags, as "key" or "key=value".
    """
    whole = snapshots["state"].eq("completed").fillna(False)
    usable = recovery_points["status"].isin(["COMPLETED", "AVAILABLE"])
    since = as_of - pd.Timedelta(days=max_age_days)
    fresh = among(volumes["volume_id"], snapshots.loc[whole & (snapshots["started_at"] >= since), "volume_id"])
    fresh |= among(
        volumes["volume_id"], recovery_points.loc[usable & (recovery_points["created_at"] >= since), "resource_id"]
    )
    judged = flags(volumes["state"].eq("in-use")) & ~fresh
    if all_pass(judged):  # few are left whose newest backup must be known
        return judged
    left = volumes.loc[judged.fillna(True), "volume_id"]
    whole, usable = whole & among(snapshots["volume_id"], left), usable & among(recovery_points["resource_id"], left)
    backups = pd.concat(
        [
            snapshots.loc[whole, ["volume_id", "started_at", "snapshot_id"]].set_axis(
                ["volume_id", "at", "backup"], axis=1
            ),
            recovery_points.loc[usable, ["resource_id", "created_at", "recovery_id"]].set_axis(
                ["volume_id", "at", "backup"], axis=1
            ),
        ]
    ).dropna(subset=["volume_id", "at"])
    newest = backups.sort_values(["at", "backup"]).drop_duplicates("volume_id", keep="last").set_index("volume_id")
    newest = newest.reindex(volumes["volume_id"]).set_axis(volumes.index)
    pairs = volume_tags["key"] + "=" + volume_tags["value"].fillna("")
    excluded = volume_tags[volume_tags["key"].isin(exclude_tags) | pairs.isin(exclude_tags)]
    age = as_of - newest["at"]
    stale = (age > pd.Timedelta(days=max_age_days)) & ~volumes["volume_id"].isin(excluded["volume_id"])
    return pd.DataFrame(
        {
            "found": judged & stale.astype("boolean"),
            "backup_age_days": whole_days(age),
            "limit_days": max_age_days,
            "newest_backup_at": newest["at"],
            "newest_backup": newest["backup"],
        }
    )


_USED = {"volume_id": "vol-0a", "state": "in-use", "created_at": "90 days ago"}

FAILS = [
    {
        **_USED,
        "given": {
            "snapshots": [
                {"snapshot_id": "snap-0b", "state": "completed", "started_at": "8 days ago"},
                {"state": "completed", "started_at": "9 days ago"},
                {"state": "pending", "started_at": "1 hour ago"},
                {"state": "error", "started_at": "1 day ago"},
            ]
        },
        "expect": {"backup_age_days": 8, "newest_backup": "snap-0b"},
    },
    {
        **_USED,
        "given": {"recovery_points": [{"resource_id": "vol-0a", "status": "COMPLETED", "created_at": "8 days ago"}]},
    },
]
PASSES = [
    {
        **_USED,
        "given": {
            "snapshots": [
                {"state": "completed", "started_at": "30 days ago"},
                {"state": "completed", "started_at": "1 day ago"},
                {"state": "completed", "started_at": "20 days ago"},
            ]
        },
    },
    {
        **_USED,
        "given": {
            "snapshots": [{"state": "completed", "started_at": "30 days ago"}],
            "recovery_points": [{"resource_id": "vol-0a", "status": "AVAILABLE", "created_at": "7 days ago"}],
        },
    },
    _USED,
    {**_USED, "state": "available", "given": {"snapshots": [{"state": "completed", "started_at": "30 days ago"}]}},
    {
        **_USED,
        "given": {
            "snapshots": [{"state": "completed", "started_at": "30 days ago"}],
            "volume_tags": [{"key": "tier", "value": "scratch"}],
        },
        "params": {"exclude_tags": ["tier=scratch"]},
    },
]
UNKNOWN = [
    {**_USED, "gap": "recovery_points", "given": {"snapshots": [{"state": "completed", "started_at": "30 days ago"}]}},
    {"volume_id": "vol-0a", "given": {"snapshots": [{"state": "completed", "started_at": "30 days ago"}]}},
]
