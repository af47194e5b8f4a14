"""A region with backup plans of which no report is delivered."""

import pandas as pd

from auditor.rule import Verdict, flags, one_of, rule


@rule(
    title="No report tells of a region's backup jobs",
    severity="info",
    subject="regions",
    headline=(
        "1 region of an account has backup plans and no report of their jobs",
        "{count} regions have backup plans and no report of their jobs, counted per account",
    ),
    message="Of {region} of {account_id}, AWS Backup Audit Manager delivers no report of the jobs of its {plans} "
    "backup plans",
    remedy="aws backup list-report-plans --region {region}",
    breaks="Reading breaks nothing. A report plan writes a file a day to a bucket.",
    controls={"NIST 800-53 r5": ["CP-9"], "ISO 27001:2022": ["A.8.13"]},
)
def backup_report_missing(
    regions: pd.DataFrame,
    backup_plans: pd.DataFrame,
    report_coverage: pd.DataFrame,
    *,
    templates: tuple[str, ...] = ("BACKUP_JOB_REPORT",),
    central_accounts: tuple[str, ...] = (),
    reported_centrally: bool = False,
) -> Verdict:
    """AWS keeps backup jobs for a month; without reports nobody can show later what ran, and what did not.

    Found is a region of an account that has a backup plan, and no report plan of AWS Backup Audit Manager tells of its
    backup jobs: neither one of its own, nor one of another region, of the management account or of a delegate that
    takes it in by account, organizational unit or organisation. Reports of restores, copies or compliance do not say
    which backups ran; templates says which count. Regions without a backup plan need none. Where the report plans of an
    account or region of the run could not be read, or AWS does not say whether a plan takes in an account of a unit
    further down, the verdict stays open. Name the management account and its delegates in central_accounts, and no
    other account that could not be read makes a difference. Set reported_centrally where the account that reports is
    not part of the run, and nothing is found. Reports by other tools are not looked at.

    Have a daily report of backup jobs delivered to a bucket that keeps it as long as auditors ask, or report on all
    accounts from the management account or its delegate.
    """
    plans = len(backup_plans)
    nothing = flags(pd.Series(False, index=regions.index))
    if not plans or reported_centrally:
        return nothing
    kind = one_of(report_coverage["template"], *templates)
    covers = flags(report_coverage["covers"])
    if (covers & kind).fillna(False).any():
        return nothing
    open_ones = report_coverage[covers.isna() & kind.fillna(True) | covers.fillna(False) & kind.isna()]
    if central_accounts:
        central = one_of(open_ones["from_account_id"], *central_accounts)
        open_ones = open_ones[central | (open_ones["from_account_id"] == open_ones["account_id"]).astype("boolean")]
    others = sorted(set(report_coverage.loc[covers.fillna(False), "template"].dropna()))
    found = flags(pd.Series(pd.NA if len(open_ones) else True, index=regions.index, dtype="boolean"))
    return pd.DataFrame(
        {
            "found": found,
            "plans": plans,
            "other_reports": ", ".join(others) or None,
            "unknown_because": open_ones["unknown_because"].iat[0] if len(open_ones) else None,
        },
        index=regions.index,
    )


_HERE = {"account_id": "111122223333", "region": "eu-west-1"}
_BOSS = {"account_id": "444455556666", "region": "us-east-1"}
_PLAN = {"backup_plans": [{**_HERE, "plan_id": "plan-0a"}]}
_MEMBERS = {
    "directory": [
        {"member_id": "444455556666", "organisation_id": "o-1", "ou_path": "o-1/r-1"},
        {"member_id": "111122223333", "organisation_id": "o-1", "ou_path": "o-1/r-1/ou-2/ou-3"},
    ]
}


def _reported(
    where: dict[str, str], template: str = "BACKUP_JOB_REPORT", **named: list[str]
) -> dict[str, list[dict[str, object]]]:
    plan = {**where, "report_plan_arn": "arn:r"}
    scopes = [{**plan, "kind": kind, "value": value} for kind, values in named.items() for value in values]
    return {**_PLAN, **_MEMBERS, "report_plans": [{**plan, "template": template}], "report_plan_scopes": scopes}


FAILS = [
    {"given": _PLAN, "expect": {"plans": 1}},
    {
        "given": _reported(_HERE, "RESTORE_JOB_REPORT"),
        "expect": {
            "other_reports": "RESTORE_JOB_REPORT",
            "message": "Of eu-west-1 of 111122223333, AWS Backup Audit Manager delivers no report of the jobs of its 1 "
            "backup plans",
        },
    },
    {"given": _reported({**_HERE, "region": "eu-central-1"})},
    {"given": _reported(_HERE, region=["eu-central-1"])},
    {"given": _reported(_BOSS, account=["ROOT"], region=["us-east-1"])},
    {"given": _reported(_BOSS, account=["777788889999"], region=["*"])},
    {"given": _reported(_BOSS, unit=["ou-4"], region=["*"])},
    {"given": _PLAN, "gap": {"report_plans": _BOSS}, "params": {"central_accounts": ("777788889999",)}},
]
PASSES = [
    {},
    {"given": _reported(_HERE)},
    {"given": _reported({**_HERE, "region": "eu-central-1"}, region=["eu-central-1", "eu-west-1"])},
    {"given": _reported(_BOSS, account=["ROOT"], region=["*"])},
    {"given": _reported(_BOSS, account=["777788889999", "111122223333"], region=["eu-west-1"])},
    {"given": _reported(_BOSS, unit=["ou-3"], region=["*"])},
    {"given": _reported(_HERE), "gap": {"report_plans": _BOSS}},
    {"given": _reported(_HERE, "RESTORE_JOB_REPORT"), "params": {"templates": ("RESTORE_JOB_REPORT",)}},
    {"given": _PLAN, "params": {"reported_centrally": True}},
]
UNKNOWN = [
    {"given": _PLAN, "gap": "report_plans"},
    {"given": _PLAN, "gap": "backup_plans"},
    {"given": _PLAN, "gap": {"report_plans": _BOSS}},
    {"given": _PLAN, "gap": {"report_plans": _BOSS}, "params": {"central_accounts": ("444455556666",)}},
    {"given": _reported(_BOSS, unit=["ou-2"], region=["*"])},
    {"given": {**_reported(_BOSS, account=["ROOT"], region=["*"]), "directory": []}},
]
