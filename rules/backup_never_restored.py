"""A backup plan of which nothing was ever restored."""

import pandas as pd

from auditor.rule import among, flags, lookup, rule


@rule(
    title="Backups of a plan were never restored",
    severity="low",
    subject="backup_plans",
    headline=(
        "1 backup plan has backups that nobody has restored",
        "{count} backup plans have backups that nobody has restored",
    ),
    message="None of the {recovery_points} recovery points of {plan_id} in {region} was restored in {days} days",
    remedy="aws backup list-restore-testing-plans --region {region}",
    breaks="Reading breaks nothing. A restore for a test makes volumes or instances that cost until they are deleted.",
    controls={
        "NIST 800-53 r5": ["CP-9", "CP-10"],
        "NIST CSF 2.0": ["RC.RP-03"],
        "ISO 27001:2022": ["A.8.13"],
        "SOC 2": ["A1.2"],
    },
)
def backup_never_restored(
    backup_plans: pd.DataFrame,
    recovery_points: pd.DataFrame,
    restore_jobs: pd.DataFrame,
    as_of: pd.Timestamp,
    *,
    days: int = 365,
) -> pd.DataFrame:
    """Whether a backup works shows when it is restored; the first time had better not be the day it is needed.

    Found is a plan with recovery points of volumes or instances here, none of which AWS Backup says was restored in so
    many days, and without a completed restore job of one of them, or of a volume or instance they are backups of where
    what was restored is gone by now. AWS lists restore jobs of the last 30 days, and the date of the last restore goes
    with its recovery point: a test of one that has expired since is not seen. Nor is what was made of a snapshot or
    image without AWS Backup, or of a copy in another place. A plan that has made nothing yet passes.

    Restore one and see whether what comes of it starts and holds its data; a restore testing plan does so by itself.
    """
    made = recovery_points[among(recovery_points["plan_id"], backup_plans["plan_id"])]
    done = restore_jobs[restore_jobs["status"].eq("COMPLETED").fillna(False)]
    gone = done[~among(done["recovery_point_arn"], recovery_points["recovery_point_arn"])]
    tried = (
        (as_of - made["last_restored_at"] <= pd.Timedelta(days=days))
        | among(made["recovery_point_arn"], done["recovery_point_arn"])
        | among(made["resource_id"], gone["resource_id"])
    )
    plans = backup_plans["plan_id"]
    counts = made["plan_id"].value_counts()
    found = among(plans, made["plan_id"]) & ~among(plans, made.loc[tried, "plan_id"])
    return pd.DataFrame(
        {
            "found": flags(found),
            "days": days,
            "recovery_points": lookup(plans, counts.index.to_series(), counts),
            "last_executed_at": backup_plans["last_executed_at"],
        }
    )


_PLAN = {"plan_id": "plan-0a"}
_ARN = "arn:aws:ec2:eu-west-1::snapshot/snap-0a"
_POINT = {
    "plan_id": "plan-0a",
    "vault_name": "nightly",
    "recovery_point_arn": _ARN,
    "resource_id": "vol-0a",
    "created_at": "2 days ago",
}


def _job(**more: str) -> dict[str, str]:
    return {"job_id": "J1", "status": "COMPLETED", "recovery_point_arn": _ARN, "resource_id": "vol-0a", **more}


FAILS = [
    {
        **_PLAN,
        "given": {"recovery_points": [_POINT]},
        "expect": {
            "recovery_points": 1,
            "message": "None of the 1 recovery points of plan-0a in eu-west-1 was restored in 365 days",
        },
    },
    {**_PLAN, "given": {"recovery_points": [_POINT], "restore_jobs": [_job(status="FAILED")]}},
    {**_PLAN, "given": {"recovery_points": [{**_POINT, "last_restored_at": "400 days ago"}]}},
    {**_PLAN, "given": {"recovery_points": [_POINT], "restore_jobs": [_job(recovery_point_arn="b", resource_id="c")]}},
]
PASSES = [
    _PLAN,
    {**_PLAN, "given": {"recovery_points": [{**_POINT, "last_restored_at": "300 days ago"}]}},
    {**_PLAN, "given": {"recovery_points": [_POINT], "restore_jobs": [_job()]}},
    {**_PLAN, "given": {"recovery_points": [_POINT], "restore_jobs": [_job(recovery_point_arn="arn:gone")]}},
    {**_PLAN, "given": {"recovery_points": [{**_POINT, "plan_id": "plan-0b"}]}},
]
UNKNOWN = [
    {**_PLAN, "given": {"recovery_points": [_POINT]}, "gap": "restore_jobs"},
    {**_PLAN, "gap": "recovery_points"},
]
