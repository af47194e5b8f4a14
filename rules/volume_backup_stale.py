"""A volume whose newest backup is too old."""

import numpy as np
import pandas as pd

from auditor.rule import Verdict, all_pass, among, beside, one_of, rule


@rule(
    title="Volume's newest backup is too old",
    severity="medium",
    subject="volumes",
    headline=("1 volume's newest backup is too old", "{count} volumes have no recent backup"),
    message="The newest backup of {volume_id} is {age_hours} hours old; {limit_by} allows {limit_hours}",
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
    backup_status: pd.DataFrame,
    *,
    max_age_days: int = 7,
    exclude_tags: tuple[str, ...] = (),
) -> Verdict:
    """Whatever was written since the newest backup is lost if the volume fails; here that is more than agreed.

    Each volume in use is judged by its newest completed snapshot or usable recovery point, its instance's included,
    whichever tool made it; older ones in the same chain do not matter. What counts is when a backup was started, for
    that is the moment it holds. Pending, failed and expired ones are no backups. It may be as old as the strictest
    promise allows: the longest time between two of its scheduled times, and the time that the next may take to start.
    Where nothing is promised the limit is max_age_days. Volumes without any backup are another rule's, and so are
    those declared ephemeral.

    Find out why the schedule stopped (a tag removed, a policy in error) and take a snapshot meanwhile. Declare
    volumes that may be lost with exclude_tags, as "key" or "key=value".
    """
    ids = volumes["volume_id"]
    status = beside(ids, backup_status, "resource_id")
    judged = one_of(volumes["state"], "in-use") & status["excluded_by"].isna()
    if exclude_tags:
        pairs = volume_tags["key"] + "=" + volume_tags["value"].fillna("")
        excluded = volume_tags["key"].isin(exclude_tags) | pairs.isin(exclude_tags)
        judged &= ~among(ids, volume_tags.loc[excluded.fillna(False), "volume_id"])
    promised = status["promised_hours"]
    limit = promised.fillna(24.0 * max_age_days)
    age = status["age_hours"]
    stale = (age > limit).fillna(False)
    # More may be promised, and stricter, than is seen; and what is seen may not be the newest backup.
    unsure = status["unknown_because"].notna() & ~(stale & promised.notna())
    unsure |= status["unseen_because"].notna() & (stale | age.isna())
    found = (judged & stale).mask((unsure & judged.fillna(True)) | volumes["state"].isna())
    if all_pass(found):
        return found
    return pd.DataFrame(
        {
            "found": found,
            "age_hours": _whole(age),
            "limit_hours": _whole(limit),
            "limit_by": promised.isna().map({True: "max_age_days", False: "the strictest promise"}),
            "newest_backup_at": status["newest_usable_at"],
            "newest_backup": status["newest_usable"],
            "unknown_because": status["unknown_because"].fillna(status["unseen_because"]),
        }
    )


def _whole(hours: pd.Series) -> pd.Series:
    values = hours.to_numpy(dtype=float, na_value=np.nan)
    whole = pd.array(np.floor(np.nan_to_num(values)).astype(int), dtype="Int64")
    return pd.Series(whole, index=hours.index).mask(np.isnan(values))


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
        "expect": {"age_hours": 192, "limit_hours": 168, "limit_by": "max_age_days", "newest_backup": "snap-0b"},
    },
    {
        **_USED,
        "given": {"recovery_points": [{"resource_id": "vol-0a", "status": "COMPLETED", "created_at": "8 days ago"}]},
    },
    {
        **_USED,
        "gap": "lifecycle_policies",
        "given": {"backup_status": [{"resource_id": "vol-0a", "age_hours": 27.5, "promised_hours": 26.0}]},
        "expect": {"age_hours": 27, "limit_hours": 26, "limit_by": "the strictest promise"},
    },
]
PASSES = [
    {
        **_USED,
        "given": {"backup_status": [{"resource_id": "vol-0a", "age_hours": 500.0, "promised_hours": 754.0}]},
    },
    {
        **_USED,
        "given": {"backup_status": [{"resource_id": "vol-0a", "age_hours": 500.0, "excluded_by": "tier=scratch"}]},
    },
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
    {**_USED, "gap": "lifecycle_policies", "given": {"snapshots": [{"state": "completed", "started_at": "1 day ago"}]}},
    {**_USED, "gap": "recovery_points", "given": {"snapshots": [{"state": "completed", "started_at": "30 days ago"}]}},
    {"volume_id": "vol-0a", "given": {"snapshots": [{"state": "completed", "started_at": "30 days ago"}]}},
]
