"""A backup plan that backs up no volume and no instance."""

import pandas as pd

from auditor.rule import Verdict, among, flags, rule

#: Words of a selection that can choose things other than volumes and instances.
_OURS = ("volume/", "instance/")


@rule(
    title="Backup plan selects nothing",
    severity="low",
    subject="backup_plans",
    headline=("1 backup plan selects nothing", "{count} backup plans select nothing"),
    message="Backup plan {plan_name} in {region} backs up no volume and no instance",
    remedy="aws backup list-backup-selections --region {region} --backup-plan-id {plan_id}",
    breaks="Reading breaks nothing.",
    controls={
        "NIST 800-53 r5": ["CP-9"],
        "NIST CSF 2.0": ["PR.DS-11"],
        "ISO 27001:2022": ["A.8.13"],
        "SOC 2": ["A1.2"],
    },
)
def backup_plan_selects_nothing(
    backup_plans: pd.DataFrame,
    backup_selection_terms: pd.DataFrame,
    backup_promises: pd.DataFrame,
    backup_status: pd.DataFrame,
) -> Verdict:
    """Whoever made it counts on it, and it does nothing: a tag was renamed, a resource replaced, a region forgotten.

    Found are plans none of whose selections chooses any volume or instance that is there, and plans without a
    selection. The selections are evaluated as AWS does: names and tags are alternatives, conditions must all hold,
    exclusions win. A plan that names or can choose by tag other things, such as databases or file systems, may be busy
    with those: it is found all the same, as nothing here tells of them, unless all that it names is of another type.

    Compare the tags it asks for with those that are there, and mend the selection or delete the plan.
    """
    chosen = among(backup_plans["plan_id"], backup_promises["plan_id"].dropna())
    elsewhere = _other_types_only(backup_selection_terms)
    found = ~chosen & ~among(backup_plans["plan_id"], elsewhere)
    doubt = backup_status["unknown_because"].dropna()
    told = flags(found).mask(backup_plans["name"].isna() & found)  # nothing at all is known of the plan
    return pd.DataFrame(
        {
            "found": told.mask(found) if len(doubt) else told,
            "plan_name": backup_plans["name"],
            "last_executed_at": backup_plans["last_executed_at"],
            "unknown_because": doubt.iloc[0] if len(doubt) else None,
        }
    )


def _other_types_only(terms: pd.DataFrame) -> "pd.Series[str]":
    """Plans that choose by name alone, and only things that are neither volumes nor instances."""
    chooses = terms[terms["kind"].isin(["resource", "tag", "condition"])]
    if not len(chooses):
        return chooses["plan_id"]
    named = chooses["kind"].eq("resource")
    ours = chooses["value"].str.contains("|".join(_OURS), na=False) | chooses["value"].str.contains(
        r"^(?:\*|arn:[^:]+:(?:\*|ec2):[^/]*)$", na=False, regex=True
    )
    other = (named & ~ours).fillna(False).astype(bool)
    by_plan = other.groupby(chooses["plan_id"]).all()
    return pd.Series(by_plan[by_plan].index, dtype=chooses["plan_id"].dtype)


_PLAN = {"plan_id": "plan-0a", "name": "gold"}
_PROMISE = {"plan_id": "plan-0a", "resource_id": "vol-0b", "promise_id": "plan-0a/rule-0c"}


def _choosing(*values: str, kind: str = "resource") -> list[dict[str, str]]:
    return [{"plan_id": "plan-0a", "selection_id": "s", "kind": kind, "value": value} for value in values]


FAILS = [
    {
        **_PLAN,
        "expect": {"plan_name": "gold", "message": "Backup plan gold in eu-west-1 backs up no volume and no instance"},
    },
    {**_PLAN, "given": {"backup_selection_terms": _choosing("arn:aws:ec2:*:*:volume/vol-0gone")}},
    {**_PLAN, "given": {"backup_selection_terms": _choosing("*")}},
    {
        **_PLAN,
        "given": {"backup_selection_terms": _choosing("arn:aws:rds:*:*:db:x") + _choosing("gold", kind="tag")},
    },
    {**_PLAN, "given": {"backup_promises": [{**_PROMISE, "plan_id": "plan-0other"}]}},
]
PASSES = [
    {**_PLAN, "given": {"backup_promises": [_PROMISE]}},
    {**_PLAN, "given": {"backup_selection_terms": _choosing("arn:aws:rds:eu-west-1:111122223333:db:ledger")}},
]
UNKNOWN = [
    {**_PLAN, "gap": "backup_selections"},
    {**_PLAN, "gap": "backup_plans"},
    {
        **_PLAN,
        "given": {"backup_status": [{"resource_id": "vol-0b", "unknown_because": "Could not tell: volumes."}]},
        "expect": {"message": "Could not tell: volumes."},
    },
]
