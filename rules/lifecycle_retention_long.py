"""A lifecycle policy that keeps backups for very long."""

import pandas as pd

from auditor.rule import Verdict, flags, rule


@rule(
    title="Lifecycle policy keeps backups for very long",
    severity="info",
    subject="lifecycle_policies",
    headline=(
        "1 schedule of a lifecycle policy keeps its backups for very long",
        "{count} schedules of lifecycle policies keep their backups for very long",
    ),
    message="Schedule {schedule} of {policy_id} in {region} keeps {kept}: {kept_days} days; the limit is {limit_days}",
    remedy="aws dlm get-lifecycle-policy --region {region} --policy-id {policy_id}",
    breaks="Reading breaks nothing. A shorter retention deletes at the next run what is older than it allows.",
    controls={"NIST 800-53 r5": ["SI-12"]},
)
def lifecycle_retention_long(
    lifecycle_policies: pd.DataFrame, lifecycle_retention: pd.DataFrame, *, max_days: int = 1826
) -> Verdict:
    """Each backup that is kept is paid for every month, and what nobody needs any more can still be stolen.

    Each schedule of an enabled policy is judged by itself, and so are its rules for copies in other regions, which are
    paid for as well: found is one that keeps for more than five years. A schedule that keeps a count keeps each for as
    long as it takes to make so many more, at the shortest; time in the archive counts. Policies that are off delete
    nothing at all and are found by lifecycle_policy_broken.

    Ask for how long the law or the owner wants them, and shorten the schedule; set max_days to the longest that is.
    """
    long = lifecycle_retention["kept_days"].gt(max_days)
    rows = lifecycle_retention[long.fillna(True).astype(bool)]
    places = pd.Index(lifecycle_policies["policy_id"]).get_indexer(rows["policy_id"])
    rows, places = rows[places >= 0], places[places >= 0]
    enabled = flags(lifecycle_policies["state"].eq("ENABLED"))
    if not len(rows):
        return flags(pd.Series(False, index=lifecycle_policies.index))
    found = flags(long.loc[rows.index]).array & enabled.iloc[places].array
    return pd.DataFrame(
        {
            "found": found,
            "kept": rows["kept"].array,
            "kept_days": rows["kept_days"].array,
            "limit_days": max_days,
            "schedule": rows["label"].array,
            "copied_to": rows["copied_to"].array,
            "description": lifecycle_policies["description"].iloc[places].array,
            "unknown_because": rows["unknown_because"].array,
            "discriminator": rows["label"].array,
        },
        index=lifecycle_policies.index[places],
    )


_POLICY = {"policy_id": "policy-0a", "state": "ENABLED"}
_MONTHLY = {"cron_expression": "cron(0 2 1 * ? *)"}


def _schedules(*schedules: dict[str, object]) -> dict[str, list[dict[str, object]]]:
    return {
        "lifecycle_schedules": [
            {"policy_id": "policy-0a", "position": number, "schedule_name": f"schedule-{number}", **each}
            for number, each in enumerate(schedules)
        ]
    }


def _copied(**more: object) -> dict[str, list[dict[str, object]]]:
    copy = {"policy_id": "policy-0a", "schedule_name": "schedule-0", "target": "us-east-1", **more}
    return {**_schedules({**_MONTHLY, "retain_count": 2}), "lifecycle_copies": [copy]}


FAILS = [
    {
        **_POLICY,
        "given": _schedules({**_MONTHLY, "retain_count": 2}, {**_MONTHLY, "retain_count": 72}),
        "expect": {
            "discriminator": "schedule-1",
            "kept_days": 2191,
            "message": "Schedule schedule-1 of policy-0a in eu-west-1 keeps the last 72: 2,191 days; the limit is 1826",
        },
    },
    {
        **_POLICY,
        "given": _schedules(
            {
                "cron_expression": "cron(0 2 1 1 ? *)",
                "retain_interval": 1,
                "retain_interval_unit": "YEARS",
                "archive_retain_interval": 7,
                "archive_retain_interval_unit": "YEARS",
            }
        ),
        "expect": {"kept": "1 year, then 7 years in the archive", "kept_days": 2920},
    },
    {
        **_POLICY,
        "given": _copied(retain_interval=10, retain_interval_unit="YEARS"),
        "expect": {"discriminator": "schedule-0/us-east-1", "copied_to": "us-east-1"},
    },
    {**_POLICY, "default_policy": "VOLUME", "retain_interval_days": 14, "params": {"max_days": 10}},
]
PASSES = [
    {**_POLICY, "given": _schedules({**_MONTHLY, "retain_count": 60})},
    {**_POLICY, "given": _schedules({**_MONTHLY, "retain_interval": 5, "retain_interval_unit": "YEARS"})},
    {**_POLICY, "given": _copied(retain_interval=3, retain_interval_unit="MONTHS")},
    {**_POLICY, "state": "ERROR", "given": _schedules({**_MONTHLY, "retain_count": 72})},
    _POLICY,
]
UNKNOWN = [
    {**_POLICY, "given": _copied()},
    {**_POLICY, "given": _schedules({"cron_expression": "cron(0 2 1 1 ? 2030)", "retain_count": 9})},
    {**_POLICY, "state": None, "given": _schedules({**_MONTHLY, "retain_count": 72})},
]
