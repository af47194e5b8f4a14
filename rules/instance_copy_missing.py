"""An instance whose backups are not copied to where their schedule says."""

import pandas as pd

from auditor.rule import Verdict, about, flags, rule


@rule(
    title="Instance's backups are not copied as promised",
    severity="high",
    subject="instances",
    headline=(
        "1 instance's backups are not copied as promised",
        "{count} instances' backups are not copied as promised",
    ),
    message="Backups of {instance_id} by {promise} are not copied to {destination} as promised: {standing}",
    remedy="aws ec2 describe-images --region {region} --filters Name=source-instance-id,Values={instance_id}",
    breaks="Nothing: the command only looks.",
    controls={
        "NIST 800-53 r5": ["CP-6", "CP-9"],
        "ISO 27001:2022": ["A.8.13"],
        "SOC 2": ["A1.2"],
    },
)
def instance_copy_missing(instances: pd.DataFrame, backup_copies: pd.DataFrame, *, max_lag_hours: int = 24) -> Verdict:
    """When a region or an account is lost, machines come back from what was copied out of it, and from nothing else.

    Judged are lifecycle policies that snapshot instances or make images of them and copy those to a region, and rules
    of backup plans that copy to a vault. Each promise and destination is judged by itself. Found is a destination that
    is behind by more than the lag allowed: a backup has waited so long and neither it nor a newer one is there
    (missing), or the newest that is there has grown older, by so much, than two backups of the promise may lie apart
    (stale). Of a set of snapshots, each volume's must be there. Copies are looked for where they should be: snapshots
    and images name their source, recovery points name their vault of origin. What a copy's own retention has deleted
    is not asked for. Where the other region or account was not read, the verdict stays open.

    Look at the key and the role of the copy, and at the failed copy jobs.
    """
    late = (backup_copies["behind_hours"] > max_lag_hours).fillna(False).to_numpy(dtype=bool)
    mine = backup_copies["resource_type"].eq("instance").fillna(False).to_numpy(dtype=bool)
    mine &= late | backup_copies["unknown_because"].notna().to_numpy(dtype=bool)
    if not mine.any():
        return flags(pd.Series(False, index=instances.index))
    told = backup_copies[mine].assign(behind=late[mine]).sort_values("behind", ascending=False, kind="stable")
    told = about(instances["instance_id"], told[told["behind"] | ~told["resource_id"].duplicated()], "resource_id")
    behind = told["behind"]
    return pd.DataFrame(
        {
            "found": behind.astype("boolean").mask(~behind),
            "promise": told["promise_name"],
            "destination": told["destination"],
            "standing": told["standing"],
            "newest_backup_at": told["newest_backup_at"],
            "newest_copy_at": told["newest_copy_at"],
            "copy_age_hours": told["copy_age_hours"].round(1),
            "waiting_from": told["waiting_from"],
            "waiting": told["waiting"],
            "unknown_because": told["unknown_because"].mask(behind),
            "discriminator": (told["promise_id"] + " " + told["destination"]).where(behind, ""),
        }
    )


_USED = {"instance_id": "i-0a", "state": "running"}


def _with(behind: float | None, **more: object) -> dict[str, list[dict[str, object]]]:
    copies = {
        "resource_type": "instance",
        "resource_id": "i-0a",
        "promise_id": "policy-0b/Daily",
        "promise_name": "Nightly: Daily",
        "destination": "eu-west-1",
        "newest_backup_at": "3 hours ago",
        "standing": "no copy is there",
        "behind_hours": behind,
        **more,
    }
    return {"backup_copies": [copies], "backup_status": [{"resource_id": "i-0a", "promises": 1}]}


FAILS = [
    {
        **_USED,
        "given": _with(48),
        "expect": {"discriminator": "policy-0b/Daily eu-west-1", "standing": "no copy is there"},
    },
    {**_USED, "given": _with(3), "params": {"max_lag_hours": 2}},
]
PASSES = [
    _USED,
    {**_USED, "given": _with(None)},
    {**_USED, "given": _with(24)},
    {**_USED, "instance_id": "i-0c", "given": _with(48)},
    {**_USED, "given": _with(48, resource_type="volume")},
]
UNKNOWN = [
    {**_USED, "given": _with(None, unknown_because="Could not tell: eu-west-1 was not looked at.")},
    {
        **_USED,
        "launched_at": "90 days ago",
        "given": {
            "lifecycle_policies": [
                {
                    "policy_id": "policy-0b",
                    "state": "ENABLED",
                    "policy_type": "EBS_SNAPSHOT_MANAGEMENT",
                    "resource_type": "INSTANCE",
                    "modified_at": "30 days ago",
                }
            ],
            "lifecycle_targets": [{"policy_id": "policy-0b", "kind": "target", "key": "backup", "value": "daily"}],
            "lifecycle_schedules": [
                {"policy_id": "policy-0b", "schedule_name": "Daily", "interval": 24, "start_time": "03:00"}
            ],
            "lifecycle_copies": [{"policy_id": "policy-0b", "schedule_name": "Daily", "target": "us-west-2"}],
            "instance_tags": [{"key": "backup", "value": "daily"}],
            "volumes": [{"volume_id": "vol-0d", "state": "in-use"}],
            "attachments": [{"volume_id": "vol-0d", "state": "attached", "attached_at": "90 days ago"}],
            "snapshots": [
                {"snapshot_id": "snap-0e", "volume_id": "vol-0d", "state": "completed", "started_at": "9 hours ago"}
            ],
            "snapshot_tags": [
                {"snapshot_id": "snap-0e", "key": "aws:dlm:lifecycle-policy-id", "value": "policy-0b"},
                {"snapshot_id": "snap-0e", "key": "aws:dlm:lifecycle-schedule-name", "value": "Daily"},
            ],
        },
    },
    {**_USED, "gap": "lifecycle_policies"},
    {"instance_id": "i-0a"},
]
