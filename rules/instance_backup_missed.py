"""An instance whose promised backups were not all made."""

import pandas as pd

from auditor.rule import Verdict, about, flags, rule


@rule(
    title="Instance's promised backups are missing",
    severity="high",
    subject="instances",
    headline=("1 instance lacks backups that were promised", "{count} instances lack backups that were promised"),
    message="{unmet} of {windows} backups of {instance_id} that {promise} promised were not made; the last was due on "
    "{last_scheduled_at}",
    remedy="aws ec2 create-snapshots --region {region} --instance-specification InstanceId={instance_id}",
    breaks="Nothing: the instance goes on running. The snapshots store what has changed since the last ones.",
    controls={
        "NIST 800-53 r5": ["CP-9", "CP-10", "SI-12", "SI-13(5)"],
        "NIST CSF 2.0": ["PR.DS-11"],
        "PCI DSS v4.0": ["10.3.3"],
        "HIPAA": ["164.308(a)(7)(i)", "164.308(a)(7)(ii)(A)", "164.310(d)(2)(iv)"],
        "ISO 27001:2022": ["A.8.13"],
        "SOC 2": ["A1.2"],
    },
)
def instance_backup_missed(instances: pd.DataFrame, backup_unmet: pd.DataFrame) -> Verdict:
    """Somebody counts on these backups of the whole machine; a volume that one of them lacks is lost with the machine.

    Judged is every time at which a promise on the instance was due in the audit period: by an enabled lifecycle
    policy or a backup plan, each schedule and rule by itself, as far back as the promise keeps what it makes. Where a
    plan was changed meanwhile, each time is judged by the rule in force at it; a policy is judged from its last
    change on. A time is unmet if nothing usable was begun before the next one (missed), if all that was tried failed
    (failed), or if what was made lacks a volume that was attached by then (partial). Late backups count as made. Each
    promise with an unmet time is a finding; what can be seen of the cause stands in the evidence. Snapshots that
    others took of its volumes do not keep the promise.

    Find out why the schedule does not run and take a backup meanwhile.
    """
    mine = backup_unmet[backup_unmet["resource_type"].eq("instance").fillna(False)]
    told = about(instances["instance_id"], mine, "resource_id")
    if not len(told):
        return flags(pd.Series(False, index=instances.index))
    unmet = told["promise_id"].notna()
    return pd.DataFrame(
        {
            "found": unmet.astype("boolean").mask(~unmet),
            "promise": told["promise_name"],
            "schedule": told["schedule"],
            "ended_at": told["ended_at"],
            "made_by": told["mechanism"],
            "unmet": told["unmet"],
            "windows": told["windows"],
            "last_scheduled_at": told["last_scheduled_at"],
            "due": told["due"],
            "because": told["because"],
            "unknown_because": told["unknown_because"],
            "discriminator": told["promise_id"].fillna(""),
        }
    )


_NIGHTLY = {
    "resource_type": "instance",
    "resource_id": "i-0a",
    "promise_id": "policy-0b/Daily",
    "promise_name": "Nightly: Daily",
    "mechanism": "dlm",
    "schedule": "every 24 hours from 03:00",
}
_USED = {"instance_id": "i-0a", "state": "running", "launched_at": "90 days ago"}


def _with(*verdicts: str, cause: str = "cause not visible", **status: object) -> dict[str, list[dict[str, object]]]:
    """The last nights, the oldest first, and what became of each."""
    made = ("met", "late")
    windows = [
        {
            "resource_type": "instance",
            "resource_id": "i-0a",
            "promise_id": "policy-0b/Daily",
            "scheduled_at": f"2026-01-{31 - len(verdicts) + number:02d}T03:00:00Z",
            "verdict": verdict,
            "cause": None if verdict in made else cause,
        }
        for number, verdict in enumerate(verdicts, 1)
    ]
    return {
        "backup_promises": [_NIGHTLY],
        "backup_windows": windows,
        "backup_status": [{"resource_type": "instance", "resource_id": "i-0a", "promises": 1, **status}],
    }


FAILS = [
    {
        **_USED,
        "given": _with("missed", "met", "failed", "met", cause="quota exceeded"),
        "expect": {
            "discriminator": "policy-0b/Daily",
            "unmet": 2,
            "windows": 4,
            "due": "2026-01-28 03:00 missed, 2026-01-30 03:00 failed",
            "because": "quota exceeded",
            "promise": "Nightly: Daily",
            "made_by": "dlm",
        },
    },
    {**_USED, "given": _with("partial")},
    {**_USED, "state": "stopped", "given": _with("missed", "unknown")},
    {
        **_USED,
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
            "volumes": [{"volume_id": "vol-0d", "state": "in-use"}],
            "attachments": [{"volume_id": "vol-0d", "state": "attached", "attached_at": "90 days ago"}],
            "lifecycle_targets": [{"policy_id": "policy-0b", "kind": "target", "key": "backup", "value": "daily"}],
            "lifecycle_schedules": [
                {
                    "policy_id": "policy-0b",
                    "schedule_name": "Daily",
                    "interval": 24,
                    "start_time": "03:00",
                    "retain_count": 3,
                }
            ],
            "instance_tags": [{"key": "backup", "value": "daily"}],
        },
        "expect": {"unmet": 3, "windows": 3, "because": "cause not visible"},
    },
]
PASSES = [
    _USED,
    {**_USED, "given": _with("met", "late", "met", "pending")},
    {**_USED, "given": _with("met")},
    {**_USED, "instance_id": "i-0c", "given": _with("missed")},
]
UNKNOWN = [
    {**_USED, "given": _with("met", "unknown", cause="Could not tell: snapshots could not be read (denied).")},
    {**_USED, "given": _with("met", unknown_because="Could not tell: the schedule 'x' has 1 fields.")},
    {**_USED, "gap": "lifecycle_policies"},
    {**_USED, "gap": "backup_selections"},
    {**_USED, "gap": "instances"},
    {"instance_id": "i-0a"},
]
