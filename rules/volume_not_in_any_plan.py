"""A volume that nothing promises to back up."""

from datetime import datetime

import pandas as pd

from auditor.rule import Verdict, among, beside, one_of, rule, whole_days


@rule(
    title="Volume is in no backup plan",
    severity="medium",
    subject="volumes",
    headline=("1 volume is in no backup plan", "{count} volumes are in no backup plan"),
    message="Nothing promises to back up {volume_id}; its newest backup is of {newest_backup_at}",
    remedy="aws backup list-backup-plans --region {region}",
    breaks="Reading breaks nothing. A volume that joins a plan is backed up from its next run on; the first backup "
    "stores everything written to it, and costs so.",
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
def volume_not_in_any_plan(
    volumes: pd.DataFrame,
    volume_tags: pd.DataFrame,
    backup_status: pd.DataFrame,
    as_of: datetime,
    *,
    exclude_tags: tuple[str, ...] = (),
) -> Verdict:
    """Whatever backups it has were taken by chance or by hand, and nobody will notice when there are no more.

    Volumes in use and lying idle are judged. What promises a backup is an enabled lifecycle policy or a backup plan
    that selects the volume, or an instance that it is attached to (but for volumes that the policy leaves out), and an
    age that the configuration allows. Snapshots that exist do not matter, and neither do policies that are disabled or
    in error. In a region that is not opted in, a plan that selects by tag still says what is meant; that nothing comes
    of it is found by volume_backup_missed.

    Add the volume to a plan. Declare volumes that may be lost in the configuration, as [backup] ephemeral, or for this
    rule alone with exclude_tags, as "key" or "key=value".
    """
    ids = volumes["volume_id"]
    status = beside(ids, backup_status, "resource_id")
    judged = one_of(volumes["state"], "in-use", "available")
    bare = status["promises"].fillna(0).eq(0).astype(bool) & status["excluded_by"].isna()
    if exclude_tags:
        pairs = volume_tags["key"] + "=" + volume_tags["value"].fillna("")
        excluded = volume_tags["key"].isin(exclude_tags) | pairs.isin(exclude_tags)
        bare &= ~among(ids, volume_tags.loc[excluded.fillna(False), "volume_id"])
    doubt = bare & status["unknown_because"].notna()
    found = judged & bare
    return pd.DataFrame(
        {
            "found": found.mask(doubt & judged.fillna(False)),
            "age_days": whole_days(as_of - volumes["created_at"]),
            "state": volumes["state"],
            "size_gib": volumes["size_gib"],
            "newest_backup": status["newest_usable"],
            "newest_backup_at": status["newest_usable_at"],
            "unknown_because": status["unknown_because"],
        }
    )


_USED = {"volume_id": "vol-0a", "state": "in-use", "created_at": "90 days ago"}
_DAILY = [{"key": "backup", "value": "daily"}]


def _policy(state: str, **more: object) -> dict[str, list[dict[str, object]]]:
    policy = {"policy_id": "policy-0b", "policy_type": "EBS_SNAPSHOT_MANAGEMENT", "resource_type": "VOLUME"}
    return {
        "lifecycle_policies": [{**policy, "state": state, **more}],
        "lifecycle_targets": [{"policy_id": "policy-0b", "kind": "target", "key": "backup", "value": "daily"}],
        "lifecycle_schedules": [
            {"policy_id": "policy-0b", "schedule_name": "Daily", "interval": 24, "start_time": "03:00"}
        ],
    }


def _plan(*terms: dict[str, str], opted_in: bool = True) -> dict[str, list[dict[str, object]]]:
    here = {"plan_id": "plan-0b", "selection_id": "selection-0c"}
    return {
        "backup_plans": [{"plan_id": "plan-0b", "name": "gold"}],
        "backup_rules": [{"plan_id": "plan-0b", "rule_id": "rule-0d", "schedule_expression": "cron(0 5 ? * * *)"}],
        "backup_selections": [here],
        "backup_selection_terms": [{**here, **term} for term in terms],
        "backup_opt_ins": [{"resource_type": kind, "opted_in": opted_in} for kind in ("EBS", "EC2")],
    }


_BY_TAG = {"kind": "tag", "operator": "StringEquals", "key": "backup", "value": "daily"}
_ALL = {"kind": "resource", "value": "arn:aws:ec2:*:*:volume/*"}
_MACHINE = {
    "instances": [{"instance_id": "i-0e", "state": "running", "root_device_name": "/dev/xvda"}],
    "instance_tags": [{"instance_id": "i-0e", "key": "backup", "value": "daily"}],
    "attachments": [{"instance_id": "i-0e", "device": "/dev/xvda", "state": "attached", "attached_at": "80 days ago"}],
}

FAILS = [
    {**_USED, "size_gib": 8, "expect": {"age_days": 90, "state": "in-use", "size_gib": 8, "newest_backup": None}},
    {**_USED, "state": "available"},
    {
        **_USED,
        "given": {"snapshots": [{"snapshot_id": "snap-0c", "state": "completed", "started_at": "1 day ago"}]},
        "expect": {"newest_backup": "snap-0c"},
    },
    {**_USED, "given": _policy("ENABLED")},
    {**_USED, "given": {**_policy("DISABLED"), "volume_tags": _DAILY}},
    {**_USED, "given": {**_policy("ERROR"), "volume_tags": _DAILY}},
    {**_USED, "given": _plan(_BY_TAG)},
    {**_USED, "given": _plan({"kind": "resource", "value": "*"}, opted_in=False)},
    {**_USED, "given": _plan(_ALL, {"kind": "not_resource", "value": "*vol-0a"})},
    {
        **_USED,
        "given": {**_MACHINE, **_policy("ENABLED", resource_type="INSTANCE", exclude_boot_volume=True)},
    },
]
PASSES = [
    {**_USED, "given": {**_policy("ENABLED"), "volume_tags": _DAILY}},
    {**_USED, "given": {**_plan(_BY_TAG), "volume_tags": _DAILY}},
    {**_USED, "given": {**_plan(_BY_TAG, opted_in=False), "volume_tags": _DAILY}},
    {**_USED, "given": _plan(_ALL, opted_in=False)},
    {**_USED, "given": _plan({"kind": "resource", "value": "*"})},
    {**_USED, "given": {**_MACHINE, **_policy("ENABLED", resource_type="INSTANCE")}},
    {**_USED, "given": {"backup_status": [{"resource_id": "vol-0a", "promises": 0, "excluded_by": "tier=scratch"}]}},
    {
        **_USED,
        "given": {"volume_tags": [{"key": "tier", "value": "scratch"}]},
        "params": {"exclude_tags": ["tier=scratch"]},
    },
    {**_USED, "state": "deleting"},
]
UNKNOWN = [
    {**_USED, "gap": "lifecycle_policies"},
    {**_USED, "gap": "backup_plans"},
    {**_USED, "gap": "backup_selections"},
    {**_USED, "gap": "instances"},
    {**_USED, "gap": "backup_opt_ins", "given": _plan({"kind": "resource", "value": "*"})},
    {"volume_id": "vol-0a"},
]
