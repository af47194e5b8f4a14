"""A lifecycle policy that keeps none of its backups for long."""

import pandas as pd

from auditor.rule import Verdict, all_pass, beside, flags, lookup, one_of, rule

#: Policies that back up; those that events start copy what others share.
_BACK_UP = ("EBS_SNAPSHOT_MANAGEMENT", "IMAGE_MANAGEMENT")


@rule(
    title="Lifecycle policy keeps its backups for too short a time",
    severity="low",
    subject="lifecycle_policies",
    headline=(
        "1 lifecycle policy keeps none of its backups for long",
        "{count} lifecycle policies keep none of their backups for long",
    ),
    message="Policy {policy_id} in {region} keeps its backups for only {kept_days} days ({kept}); the limit is "
    "{limit_days}",
    remedy="aws dlm get-lifecycle-policy --region {region} --policy-id {policy_id}",
    breaks="Reading breaks nothing. A longer retention costs the storage of the snapshots that it keeps.",
    controls={
        "NIST 800-53 r5": ["CP-9", "SI-12"],
        "NIST CSF 2.0": ["PR.DS-11"],
        "ISO 27001:2022": ["A.8.13"],
        "SOC 2": ["A1.2"],
    },
)
def lifecycle_retention_short(
    lifecycle_policies: pd.DataFrame, lifecycle_retention: pd.DataFrame, *, min_days: int = 35
) -> Verdict:
    """What was deleted or encrypted by mistake or by an intruder is often noticed only weeks later.

    An enabled policy is judged by the schedule of it that keeps longest: nightly snapshots of a week are fine where the
    same policy keeps monthly ones for a year. A schedule that keeps a count keeps each for as long as it takes to make
    so many more, at the shortest; time in the archive counts. Default policies keep two weeks at most, so other
    policies or plans must keep what has to be kept for longer. Copies in other regions are not counted, for they may be
    kept for another purpose; the evidence says how long they stay. Where how often a schedule runs cannot be told, the
    verdict stays open, unless another one keeps for long enough.

    Lengthen the retention of one schedule, or add one that keeps fewer snapshots for longer.
    """
    ids, here = lifecycle_policies["policy_id"], lifecycle_retention["copied_to"].isna()
    longest = flags(lifecycle_retention["longest"]).fillna(False)
    best = beside(ids, lifecycle_retention[longest & here], "policy_id")
    untold = lifecycle_retention[here & lifecycle_retention["unknown_because"].notna()]
    why = lookup(ids, untold["policy_id"], untold["unknown_because"])
    days = best["kept_days"]
    short = (days < min_days).mask(why.notna() & ~(days >= min_days).fillna(False))
    judged = flags(lifecycle_policies["state"].eq("ENABLED")) & one_of(lifecycle_policies["policy_type"], *_BACK_UP)
    found = flags(judged & short)
    if all_pass(found):
        return found
    copies = lifecycle_retention[longest & ~here]
    return pd.DataFrame(
        {
            "found": found,
            "kept": best["kept"],
            "kept_days": days,
            "limit_days": min_days,
            "schedule": best["label"],
            "copies_kept_days": lookup(ids, copies["policy_id"], copies["kept_days"]),
            "description": lifecycle_policies["description"],
            "unknown_because": why,
        }
    )


_POLICY = {"policy_id": "policy-0a", "state": "ENABLED", "policy_type": "EBS_SNAPSHOT_MANAGEMENT"}
_DAILY = {"interval": 24, "interval_unit": "HOURS", "start_time": "03:00"}


def _schedules(*schedules: dict[str, object]) -> dict[str, list[dict[str, object]]]:
    return {
        "lifecycle_schedules": [
            {"policy_id": "policy-0a", "position": number, "schedule_name": f"schedule-{number}", **each}
            for number, each in enumerate(schedules)
        ]
    }


_WEEK = {**_DAILY, "retain_count": 7}

FAILS = [
    {
        **_POLICY,
        "given": _schedules(_WEEK, {"cron_expression": "cron(0 1 ? * SUN *)", "retain_count": 4}),
        "expect": {
            "kept_days": 28,
            "kept": "the last 4",
            "schedule": "schedule-1",
            "message": "Policy policy-0a in eu-west-1 keeps its backups for only 28 days (the last 4); the limit is 35",
        },
    },
    {**_POLICY, "given": _schedules({**_DAILY, "retain_interval": 1, "retain_interval_unit": "MONTHS"})},
    {**_POLICY, "given": _schedules({"interval": 4, "interval_unit": "HOURS", "retain_count": 5})},
    {
        **_POLICY,
        "given": {
            **_schedules(_WEEK),
            "lifecycle_copies": [
                {
                    "policy_id": "policy-0a",
                    "schedule_name": "schedule-0",
                    "target": "us-east-1",
                    "retain_interval": 1,
                    "retain_interval_unit": "YEARS",
                }
            ],
        },
        "expect": {"kept_days": 7, "copies_kept_days": 365},
    },
    {**_POLICY, "default_policy": "VOLUME", "retain_interval_days": 14, "expect": {"kept": "14 days"}},
    {**_POLICY, "given": _schedules({**_DAILY, "retain_count": 89}), "params": {"min_days": 90}},
]
PASSES = [
    {**_POLICY, "given": _schedules({**_DAILY, "retain_count": 35})},
    {**_POLICY, "given": _schedules(_WEEK, {"cron_expression": "cron(0 2 1 * ? *)", "retain_count": 2})},
    {**_POLICY, "given": _schedules(_WEEK, {**_DAILY, "retain_interval": 5, "retain_interval_unit": "WEEKS"})},
    {
        **_POLICY,
        "given": _schedules({"cron_expression": "cron(0 2 1 * ? *)", "retain_count": 0, "archive_retain_count": 4}),
    },
    {**_POLICY, "given": _schedules({"retain_count": 2}, {**_DAILY, "retain_count": 40})},
    {**_POLICY, "state": "DISABLED", "given": _schedules(_WEEK)},
    {**_POLICY, "policy_type": "EVENT_BASED_POLICY"},
]
UNKNOWN = [
    _POLICY,
    {**_POLICY, "given": _schedules({"retain_count": 2}, _WEEK)},
    {**_POLICY, "given": _schedules({"cron_expression": "cron(0 2 1 1 ? 2030)", "retain_count": 9})},
    {**_POLICY, "given": _schedules(_DAILY)},
    {**_POLICY, "state": None, "given": _schedules(_WEEK)},
]
