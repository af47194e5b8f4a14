"""A backup plan that keeps backups for very long, or for ever."""

import pandas as pd

from auditor.rule import rule


@rule(
    title="Backup plan keeps backups for very long",
    severity="info",
    subject="backup_plans",
    headline=(
        "1 rule of a backup plan keeps its backups for very long",
        "{count} rules of backup plans keep their backups for very long",
    ),
    message="Plan {plan_id} in {region} keeps the backups of one of its rules {kept}",
    remedy="aws backup get-backup-plan --region {region} --backup-plan-id {plan_id}",
    breaks="Reading breaks nothing. A shorter retention holds for backups that are made from then on; those that were "
    "made before keep theirs.",
    controls={"NIST 800-53 r5": ["SI-12"]},
)
def backup_retention_long(
    backup_plans: pd.DataFrame, backup_rules: pd.DataFrame, *, max_days: int = 1826
) -> pd.DataFrame:
    """Each backup that is kept is paid for every month, and what nobody needs any more can still be stolen.

    Each rule of a plan is judged by itself: found is one that keeps its backups for more than five years, or that has
    no lifecycle, so that they are kept until somebody deletes them. Copies in other vaults are not judged. The evidence
    says whether they move to the archive, where the same backup costs a quarter, but is stored in full.

    Ask for how long the law or the owner wants them, and shorten the rule; set max_days to the longest that is.
    """
    days = backup_rules["delete_after_days"]
    long = backup_rules[days.isna() | days.gt(max_days).fillna(False)]
    places = pd.Index(backup_plans["plan_id"]).get_indexer(long["plan_id"])
    long, places = long[places >= 0], places[places >= 0]
    if not len(long):
        return pd.DataFrame({"found": pd.Series(False, index=backup_plans.index, dtype="boolean")})
    kept = long["delete_after_days"]
    return pd.DataFrame(
        {
            "found": pd.array([True] * len(long), dtype="boolean"),
            "kept": ["for ever" if pd.isna(each) else f"for {each} days" for each in kept],
            "kept_days": kept.array,
            "limit_days": max_days,
            "rule_name": long["rule_name"].array,
            "schedule": long["schedule_expression"].array,
            "archived_after_days": long["cold_after_days"].array,
            "discriminator": long["rule_id"].array,
        },
        index=backup_plans.index[places],
    )


_PLAN = {"plan_id": "plan-0a", "name": "gold"}


def _rules(*days: int | None) -> dict[str, list[dict[str, object]]]:
    return {"backup_rules": [{"rule_id": f"rule-{n}", "delete_after_days": each} for n, each in enumerate(days)]}


FAILS = [
    {
        **_PLAN,
        "given": _rules(35, 1827),
        "expect": {
            "discriminator": "rule-1",
            "kept_days": 1827,
            "message": "Plan plan-0a in eu-west-1 keeps the backups of one of its rules for 1827 days",
        },
    },
    {**_PLAN, "given": _rules(None), "expect": {"kept": "for ever", "discriminator": "rule-0"}},
    {**_PLAN, "given": _rules(36), "params": {"max_days": 35}},
]
PASSES = [{**_PLAN, "given": _rules(1826, 7)}, _PLAN]
UNKNOWN = [{**_PLAN, "given": _rules(9000), "gap": "backup_plans"}]
