"""A region with backup plans of which no report is delivered."""

import pandas as pd

from auditor.rule import Verdict, flags, rule


@rule(
    title="Region has no backup report of its own",
    severity="info",
    subject="regions",
    headline=(
        "1 region of an account has backup plans and no report of its own on them",
        "{count} regions have backup plans and no report of their own on them, counted per account",
    ),
    message="In {region} of {account_id}, AWS Backup Audit Manager delivers no report of its {plans} backup plans",
    remedy="aws backup list-report-plans --region {region}",
    breaks="Reading breaks nothing. A report plan writes a file a day to a bucket.",
    controls={"NIST 800-53 r5": ["CP-9"], "ISO 27001:2022": ["A.8.13"]},
)
def backup_report_missing(
    regions: pd.DataFrame,
    backup_plans: pd.DataFrame,
    report_plans: pd.DataFrame,
    *,
    reported_centrally: bool = False,
) -> Verdict:
    """AWS keeps backup jobs for a month; without reports nobody can show later what ran, and what did not.

    Found is a region of an account that has a backup plan, but no report plan of AWS Backup Audit Manager. Regions
    without a backup plan need none. A report plan of the management account, of its delegate or of another region can
    cover this one, which cannot be seen from here: set reported_centrally where one does, and nothing is found. Reports
    by other tools are not looked at.

    Have a daily report of backup jobs delivered to a bucket that keeps it as long as auditors ask, or report on all
    accounts from the management account or its delegate.
    """
    missing = len(backup_plans) > 0 and not len(report_plans) and not reported_centrally
    return pd.DataFrame(
        {"found": flags(pd.Series(missing, index=regions.index)), "plans": len(backup_plans)}, index=regions.index
    )


_HERE = {"account_id": "111122223333", "region": "eu-west-1"}
_PLAN = {"backup_plans": [{**_HERE, "plan_id": "plan-0a"}]}


def _reported(**more: object) -> dict[str, list[dict[str, object]]]:
    return {**_PLAN, "report_plans": [{**_HERE, "report_plan_arn": "arn:r", **more}]}


FAILS = [
    {"given": _PLAN, "expect": {"plans": 1}},
    {"given": _reported(region="eu-central-1", regions=1)},
    {"given": _reported(account_id="444455556666", regions=5)},
]
PASSES = [
    {},
    {"given": _reported()},
    {"given": {"report_plans": _reported(accounts=3)["report_plans"]}},
    {"given": _PLAN, "params": {"reported_centrally": True}},
]
UNKNOWN = [
    {"given": _PLAN, "gap": "report_plans"},
    {"given": _PLAN, "gap": "backup_plans"},
]
