"""What rules of backup plans said before they were changed.

A change of a plan makes a version of it. Whether a rule keeps its id when the plan is changed AWS does not say, so a
rule of two versions is the same one if it has the same id, else if it has the same name. It goes by its newest id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from auditor.frames import FRAMES

#: What AWS Backup allows where a rule does not say (AWS Backup Developer Guide, "Backup window").
START_MINUTES, COMPLETION_MINUTES = 480, 10080

Row = Mapping[str, Any]

_FRAME = FRAMES["backup_promise_versions"]


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """A small frame as a mapping a row."""
    return [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False, name=None)]


def known(value: Any) -> bool:
    """Whether a cell holds anything."""
    return not pd.isna(value)


def of_rule(plan: Row, rule: Row) -> dict[str, Any]:
    """Columns of ``backup_promises`` that a rule of a plan makes.

    Args:
        plan: A row of ``backup_plans``; its ``created_at`` is when the rule began to read so.
        rule: A row of ``backup_rules`` or ``backup_rule_versions``.
    """

    def number(name: str, otherwise: int | None = None) -> int | None:
        return int(rule[name]) if known(rule[name]) else otherwise

    names = ((plan["name"], plan["plan_id"]), (rule["rule_name"], rule["rule_id"]))
    return {
        "mechanism": "aws-backup",
        "promise_id": f"{plan['plan_id']}/{rule['rule_id']}",
        "promise_name": ": ".join(name if known(name) else id_ for name, id_ in names),
        "kind": "recovery-points",
        "plan_id": plan["plan_id"],
        "rule_id": rule["rule_id"],
        "vault_name": rule["vault_name"] if known(rule["vault_name"]) else None,
        "schedule": rule["schedule_expression"] if known(rule["schedule_expression"]) else None,
        "timezone": rule["schedule_timezone"] if known(rule["schedule_timezone"]) else "UTC",
        "start_window_minutes": number("start_window_minutes", START_MINUTES),
        "completion_window_minutes": number("completion_window_minutes", COMPLETION_MINUTES),
        "kept_days": number("delete_after_days"),
        "anchored_at": plan["created_at"] if known(plan["created_at"]) else None,
    }


def backup_promise_versions(
    backup_plans: pd.DataFrame,
    backup_rules: pd.DataFrame,
    backup_plan_versions: pd.DataFrame,
    backup_rule_versions: pd.DataFrame,
) -> pd.DataFrame:
    """How each rule of a plan that was changed read, and when; see the frame ``backup_promise_versions``."""
    if not len(backup_rule_versions):
        return _FRAME.empty()
    rows: list[dict[str, Any]] = []
    changed = backup_plans[backup_plans["plan_id"].isin(backup_rule_versions["plan_id"])]
    all_of = [rows_of(frame) for frame in (backup_plan_versions, backup_rules, backup_rule_versions)]
    for plan in rows_of(changed):
        versions, now, before = ([row for row in each if row["plan_id"] == plan["plan_id"]] for each in all_of)
        versions.sort(key=lambda version: version["valid_from"], reverse=True)
        history: list[tuple[Row, list[Row]]] = [
            ({**plan, "valid_from": plan["created_at"], "superseded_at": None}, now)
        ]
        for version in versions:
            said = [rule for rule in before if rule["version_id"] == version["version_id"]]
            if said:
                history.append(({**plan, **version, "created_at": version["valid_from"]}, said))
        rows += _of_plan(history)
    return _FRAME.rows(rows)


def _of_plan(history: Sequence[tuple[Row, Sequence[Row]]]) -> list[dict[str, Any]]:
    """Every rule of every version of a plan, the newest first, each under the promise that it is."""
    rows = []
    by_id: dict[str, str] = {}
    by_name: dict[str, str] = {}
    for version, rules in history:
        here = {name: version[name] for name in ("account_id", "region", "valid_from", "superseded_at")}
        made = [of_rule(version, rule) for rule in rules]
        promises: dict[int, str] = {}
        for named, member in ((by_id, "rule_id"), (by_name, "rule_name")):
            for place, rule in enumerate(rules):
                promise = named.get(rule[member]) if known(rule[member]) else None
                if place not in promises and promise not in (None, *promises.values()):
                    promises[place] = str(promise)
        for place, rule in enumerate(rules):
            promise = promises.get(place, made[place]["promise_id"])
            by_id.setdefault(rule["rule_id"], promise)
            if known(rule["rule_name"]):
                by_name.setdefault(rule["rule_name"], promise)
            rows.append(made[place] | here | {"promise_id": promise, "made_as": made[place]["promise_id"]})
    return [{name: row.get(name) for name in _FRAME.names} for row in rows]
