"""A backup plan that keeps none of its backups for long."""

import pandas as pd

from auditor.rule import Verdict, all_pass, lookup, rule


@rule(
    title="Backup plan keeps its backups for too short a time",
    severity="low",
    subject="backup_plans",
    headline=(
        "1 backup plan keeps none of its backups for long",
        "{count} backup plans keep none of their backups for long",
    ),
    message="Plan {plan_id} in {region} keeps its backups for {kept_days} days at most; the limit is {limit_days}",
    remedy="aws backup get-backup-plan --region {region} --backup-plan-id {plan_id}",
    breaks="Reading breaks nothing. A longer retention costs the storage of the backups that it keeps; those that were "
    "made before go when they were to go.",
    controls={
        "NIST 800-53 r5": ["CP-9", "CP-10", "SI-12", "SI-13(5)"],
        "NIST CSF 2.0": ["PR.DS-11"],
        "HIPAA": ["164.308(a)(7)(i)", "164.308(a)(7)(ii)(A)"],
        "ISO 27001:2022": ["A.8.13"],
        "SOC 2": ["A1.2"],
    },
)
def backup_retention_short(backup_plans: pd.DataFrame, backup_rules: pd.DataFrame, *, min_days: int = 35) -> Verdict:
    """What was deleted or encrypted by mistake or by an intruder is often noticed only weeks later.

    A plan is judged by the rule of it that keeps its backups longest, as AWS Config does: nightly backups of a week are
    fine where the same plan keeps monthly ones for a year. A rule without a lifecycle keeps them for ever. Copies in
    other vaults are not counted, for they may be kept for another purpose.

    Lengthen the retention of one rule, or add one that keeps fewer backups for longer.
    """
    kept = backup_rules.groupby("plan_id")["delete_after_days"].agg(["max", "size", "count"]).reset_index()
    ids = backup_plans["plan_id"]
    days = lookup(ids, kept["plan_id"], kept["max"])
    ever = lookup(ids, kept["plan_id"], kept["count"] < kept["size"]).astype("boolean").fillna(False)
    found = (days < min_days).astype("boolean").mask(ever.astype(bool), False)
    if all_pass(found):
        return found
    return pd.DataFrame({"found": found, "kept_days": days, "limit_days": min_days, "plan_name": backup_plans["name"]})


def _rules(*days: int | None) -> dict[str, list[dict[str, object]]]:
    return {"backup_rules": [{"rule_id": f"rule-{n}", "delete_after_days": each} for n, each in enumerate(days)]}


_PLAN = {"plan_id": "plan-0a", "name": "gold"}

FAILS = [
    {**_PLAN, "given": _rules(7, 34), "expect": {"kept_days": 34, "limit_days": 35, "plan_name": "gold"}},
    {**_PLAN, "given": _rules(35), "params": {"min_days": 90}},
]
PASSES = [
    {**_PLAN, "given": _rules(7, 35)},
    {**_PLAN, "given": _rules(7, None)},
    {**_PLAN, "given": _rules(None)},
]
UNKNOWN = [{**_PLAN, "given": _rules(7), "gap": "backup_plans"}, _PLAN]
