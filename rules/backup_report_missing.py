"""A region with backup plans of which no report is delivered."""

import pandas as pd

from auditor.rule import Verdict, among, flags, rule


@rule(
    title="Region's backups are not reported",
    severity="info",
    subject="regions",
    headline=(
        "1 region of an account has backup plans and no report of them",
        "{count} regions have backup plans and no report of them, counted per account",
    ),
    message="In {region} of {account_id}, AWS Backup Audit Manager delivers no report of its {plans} backup plans",
    remedy="aws backup list-report-plans --region {region}",
    breaks="Reading breaks nothing. A report plan writes a file a day to a bucket.",
    controls={"NIST 800-53 r5": ["CP-9"], "ISO 27001:2022": ["A.8.13"]},
    reach="organisation",
)
def backup_report_missing(regions: pd.DataFrame, backup_plans: pd.DataFrame, report_plans: pd.DataFrame) -> Verdict:
    """AWS keeps backup jobs for a month; without reports nobody can show later what ran, and what did not.

    Found is a region of an account that has a backup plan, but no report plan of AWS Backup Audit Manager. Regions
    without a backup plan need none. A report plan of any place that names accounts, or one of the account that names
    several regions, may report on this one too: then it cannot be told. Reports by other tools are not looked at.

    Have a daily report of backup jobs delivered to a bucket that keeps it as long as auditors ask, or report on all
    accounts from the management account or its delegate.
    """
    key = ["account_id", "region"]
    places = pd.MultiIndex.from_frame(regions[key].astype(object))
    plans = backup_plans.astype(dict.fromkeys(key, object)).groupby(key).size()
    counted = plans.reindex(places).fillna(0).to_numpy(int)
    reported = places.isin(pd.MultiIndex.from_frame(report_plans[key].astype(object)))
    found = pd.Series((counted > 0) & ~reported, index=regions.index)
    over_accounts = bool(report_plans["accounts"].gt(0).fillna(False).any())
    over_regions = report_plans.loc[report_plans["regions"].gt(1).fillna(False), "account_id"]
    open_ = found & (among(regions["account_id"], over_regions) | over_accounts)
    return pd.DataFrame(
        {
            "found": flags(found).mask(open_),
            "plans": counted,
            "unknown_because": pd.Series(
                "Could not tell: a report plan of another place covers several, and may cover this one.",
                index=regions.index,
            ).where(open_),
        }
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
]
UNKNOWN = [
    {"given": _reported(account_id="444455556666", accounts=3)},
    {"given": _reported(region="eu-central-1", regions=5)},
    {"given": _PLAN, "gap": "report_plans"},
    {"given": _PLAN, "gap": "backup_plans"},
]
