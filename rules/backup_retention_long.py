"""A backup plan that keeps backups for very long, or for ever."""

import pandas as pd

from auditor.rule import rule

#: A rule of a plan, and what people call it.
_SAID = ("rule_id", "rule_name", "schedule_expression")


@rule(
    title="Backup plan keeps backups for very long",
    severity="info",
    subject="backup_plans",
    headline=(
        "1 rule of a backup plan keeps its backups for very long",
        "{count} rules of backup plans keep their backups for very long",
    ),
    message="Plan {plan_id} in {region} keeps the {what} of one of its rules {kept}",
    remedy="aws backup get-backup-plan --region {region} --backup-plan-id {plan_id}",
    breaks="Reading breaks nothing. A shorter retention holds for backups that are made from then on; those that were "
    "made before keep theirs.",
    controls={"NIST 800-53 r5": ["SI-12"]},
)
def backup_retention_long(
    backup_plans: pd.DataFrame, backup_rules: pd.DataFrame, backup_rule_copies: pd.DataFrame, *, max_days: int = 1826
) -> pd.DataFrame:
    """Each backup that is kept is paid for every month, and what nobody needs any more can still be stolen.

    Each rule of a plan is judged by itself, and so is each copy that it makes to another vault, which is paid for as
    well: found is one that keeps for more than five years, or that has no lifecycle, so that backups are kept until
    somebody deletes them. The evidence says whether they move to the archive, where the same backup costs a quarter,
    but is stored in full.

    Ask for how long the law or the owner wants them, and shorten the rule; set max_days to the longest that is.
    """
    place = {plan: number for number, plan in enumerate(backup_plans["plan_id"].tolist())}
    said = {rule: about for rule, *about in zip(*(backup_rules[name].tolist() for name in _SAID), strict=True)}
    told = {
        (place[plan], f"{rule}/{vault}" if vault else rule): (vault, days, cold, *said.get(rule, (None, None)))
        for plan, rule, vault, days, cold in (*_long(backup_rules, max_days), *_long(backup_rule_copies, max_days))
        if plan in place
    }
    vaults, kept, cold, names, schedules = zip(*told.values(), strict=True) if told else ((),) * 5
    return pd.DataFrame(
        {
            "found": pd.array([True] * len(told), dtype="boolean"),
            "what": ["copies" if vault else "backups" for vault in vaults],
            "kept": ["for ever" if days is None else f"for {days} days" for days in kept],
            "kept_days": pd.array(kept, dtype="Int64"),
            "limit_days": max_days,
            "rule_name": names,
            "schedule": schedules,
            "archived_after_days": pd.array(cold, dtype="Int64"),
            "copied_to": vaults,
            "discriminator": [name for _, name in told],
        },
        index=[number for number, _ in told],
    )


def _long(rows: pd.DataFrame, max_days: int) -> list[tuple[str, str, str | None, int | None, int | None]]:
    """Those that keep for too long: plan, rule, vault that copies go to, and days until deletion and the archive."""
    days, cold = (
        [None if pd.isna(each) else int(each) for each in rows[name]]
        for name in ("delete_after_days", "cold_after_days")
    )
    vaults = [None] * len(rows)
    if "destination_vault_arn" in rows:
        vaults = rows["destination_vault_arn"].fillna("another vault").tolist()
    rules = zip(rows["plan_id"].tolist(), rows["rule_id"].tolist(), vaults, days, cold, strict=True)
    return [row for row in rules if row[3] is None or row[3] > max_days]


_PLAN = {"plan_id": "plan-0a", "name": "gold"}


def _rules(*days: int | None) -> dict[str, list[dict[str, object]]]:
    return {"backup_rules": [{"rule_id": f"rule-{n}", "delete_after_days": each} for n, each in enumerate(days)]}


def _copied(*days: int | None) -> dict[str, list[dict[str, object]]]:
    copies = [
        {"rule_id": "rule-0", "destination_vault_arn": f"arn:v{n}", "delete_after_days": each}
        for n, each in enumerate(days)
    ]
    return {**_rules(35), "backup_rule_copies": copies}


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
    {
        **_PLAN,
        "given": _copied(90, None),
        "expect": {
            "discriminator": "rule-0/arn:v1",
            "copied_to": "arn:v1",
            "message": "Plan plan-0a in eu-west-1 keeps the copies of one of its rules for ever",
        },
    },
]
PASSES = [{**_PLAN, "given": _rules(1826, 7)}, {**_PLAN, "given": _copied(1826)}, _PLAN]
UNKNOWN = [{**_PLAN, "given": _rules(9000), "gap": "backup_plans"}]
