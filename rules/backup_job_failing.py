"""A backup plan whose jobs for one resource fail, one after the other."""

import pandas as pd

from auditor.rule import Verdict, among, one_of, rule


@rule(
    title="Backup jobs keep failing",
    severity="medium",
    subject="backup_plans",
    headline=(
        "1 resource's backup jobs keep failing, one after the other",
        "{count} resources' backup jobs keep failing, one after the other",
    ),
    message="The last {failures} jobs of {plan_id} in {region} for {resource_id} all failed, the newest on {last_at}",
    remedy="aws backup list-backup-jobs --region {region} --by-state FAILED",
    breaks="Reading breaks nothing.",
    controls={
        "NIST 800-53 r5": ["CP-9", "CP-10"],
        "NIST CSF 2.0": ["PR.DS-11"],
        "HIPAA": ["164.308(a)(7)(i)", "164.308(a)(7)(ii)(A)"],
        "ISO 27001:2022": ["A.8.13"],
        "SOC 2": ["A1.2"],
    },
)
def backup_job_failing(backup_plans: pd.DataFrame, backup_jobs: pd.DataFrame, *, jobs: int = 3) -> Verdict:
    """A job that fails once is tried again the next night; one that fails every time fails until somebody looks.

    Found is each volume or instance of which the newest so many jobs of a plan that have come to an end were FAILED,
    ABORTED or EXPIRED, whatever rule of the plan started them. Jobs that are still under way do not count, and one that
    made something, in part too, ends the row. AWS lists jobs of the last 30 days, so a plan that runs once a month is
    not found by this rule; volume_backup_missed and instance_backup_missed judge what was due.

    The status message says why: mostly a role that may not, a quota, or a window too short to start in.
    """
    plans = backup_plans["plan_id"]
    nothing = pd.Series(False, index=plans.index, dtype="boolean")
    ended = backup_jobs[
        one_of(backup_jobs["state"], "COMPLETED", "PARTIAL", "FAILED", "ABORTED", "EXPIRED").fillna(False)
        & among(backup_jobs["plan_id"], plans)
        & backup_jobs["resource_id"].notna()
    ]
    wrong = one_of(ended["state"], "FAILED", "ABORTED", "EXPIRED")
    often = ended.loc[wrong.astype(bool), "resource_id"].value_counts()
    often = often[often >= jobs]
    if not len(often):
        return nothing
    suspect = among(ended["resource_id"], often.index.to_series())
    ended, wrong = ended[suspect], wrong[suspect]
    key = ["plan_id", "resource_id"]
    rows = ended.assign(wrong=wrong.astype(bool)).sort_values("created_at", ascending=False, kind="stable")
    rows["in_a_row"] = rows.groupby(key)["wrong"].cummin()
    rows = rows[rows["in_a_row"]]
    told = rows.groupby(key, as_index=False, sort=False).agg(
        failures=("job_id", "size"),
        last_at=("created_at", "first"),
        first_at=("created_at", "last"),
        resource_type=("resource_type", "first"),
        rule_id=("rule_id", "first"),
        state=("state", "first"),
        status_message=("status_message", "first"),
    )
    told = told[told["failures"] >= jobs]
    places = pd.Index(plans).get_indexer(told["plan_id"])
    found = told.assign(found=True, discriminator=told["resource_id"]).drop(columns="plan_id")
    found = found.set_axis(plans.index[places])
    return found.astype({"found": "boolean"}) if len(found) else nothing


_PLAN = {"plan_id": "plan-0a"}


def _with(*states: str, **more: str) -> dict[str, list[dict[str, str]]]:
    """The jobs of the last nights, the newest first."""
    return {
        "backup_jobs": [
            {
                "job_id": f"J{number}",
                "plan_id": "plan-0a",
                "resource_id": "vol-0a",
                "state": state,
                "status_message": f"why {number}",
                "created_at": f"{number} days ago",
                **more,
            }
            for number, state in enumerate(states, 1)
        ]
    }


FAILS = [
    {
        **_PLAN,
        "given": _with("FAILED", "ABORTED", "EXPIRED", "FAILED", "COMPLETED", "FAILED"),
        "expect": {"discriminator": "vol-0a", "failures": 4, "state": "FAILED", "status_message": "why 1"},
    },
    {**_PLAN, "given": _with("RUNNING", "FAILED", "FAILED", "FAILED")},
    {**_PLAN, "given": _with("FAILED", "FAILED"), "params": {"jobs": 2}},
]
PASSES = [
    _PLAN,
    {**_PLAN, "given": _with("FAILED", "FAILED")},
    {**_PLAN, "given": _with("COMPLETED", "FAILED", "FAILED", "FAILED")},
    {**_PLAN, "given": _with("FAILED", "PARTIAL", "FAILED", "FAILED")},
    {**_PLAN, "given": _with("FAILED", "FAILED", "FAILED", plan_id="plan-0b")},
]
UNKNOWN = [
    {**_PLAN, "given": _with("FAILED", "FAILED", "FAILED"), "gap": "backup_jobs"},
    {**_PLAN, "gap": "backup_plans"},
]
