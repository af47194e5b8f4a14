"""What is wrong with vaults, plans and policies is what somebody would find who reads the tables alone."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import pytest

from auditor.sandbox.model import Organisation, Region
from auditor.sandbox.planting.names import PARTNER
from tests.sandbox.backups_read import plan_promises, tags

Found = Iterator[tuple[str, ...]]


def several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(here: Region, vault: str) -> list[dict[str, Any]]:
    return several(json.loads(here.backup_vault_policies.get(vault, '{"Statement": []}'))["Statement"])


def principals(statement: dict[str, Any]) -> list[str]:
    named = statement["Principal"]
    return [named] if named == "*" else several(named["AWS"])


def applies(statement: dict[str, Any], action: str) -> bool:
    matches = any(fnmatchcase(action, each) for each in several(statement.get("Action") or statement["NotAction"]))
    return matches is ("Action" in statement)


def unlocked(here: Region) -> Found:
    yield from ((name,) for name, row in here.backup_vaults.items() if not row["Locked"])


def deletable(here: Region) -> Found:
    takes = ("backup:DeleteRecoveryPoint", "backup:DeleteBackupVault", "backup:DeleteBackupVaultAccessPolicy")
    for (name,) in unlocked(here):
        forbids = [each for each in statements(here, name) if each["Effect"] == "Deny" and principals(each) == ["*"]]
        if not all(any(applies(each, action) for each in forbids) for action in takes):
            yield (name,)


def open_to_others(here: Region) -> Found:
    for name in here.backup_vaults:
        for each in statements(here, name):
            if each["Effect"] == "Allow" and "Condition" not in each:
                accounts = [who if who == "*" else who.split(":")[4] if ":" in who else who for who in principals(each)]
                yield from ((name, who) for who in accounts if who not in (PARTNER, here.account_id))


def points(here: Region, wrong: Callable[[dict[str, Any]], bool]) -> Found:
    for vault, rows in here.recovery_points.items():
        yield from ((vault, arn) for arn, row in rows.items() if wrong(row))


def broken(here: Region) -> Found:
    yield from ((key,) for key, row in here.lifecycle_policies.items() if row["State"] != "ENABLED")


def leftover(here: Region) -> Found:
    names = {
        (key, schedule["Name"])
        for key, row in here.lifecycle_policies.items()
        if row["State"] == "ENABLED"
        for schedule in row["PolicyDetails"].get("Schedules", [{"Name": "Default Schedule"}])
    }
    for key, row in here.snapshots.items():
        own = tags(row)
        made_by = own.get("aws:dlm:lifecycle-policy-id"), own.get("aws:dlm:lifecycle-schedule-name")
        # what a policy made for an image goes with the image
        if row["Description"].startswith("Created for policy") and made_by not in names:
            yield (key,)


def overlap(here: Region) -> Found:
    plans = defaultdict(set)
    for promise in plan_promises(here):
        plans[promise.resource].add(promise.promise_id.partition("/")[0])
    yield from ((key,) for key, found in plans.items() if len(found) > 1)


def nothing(here: Region) -> Found:
    chosen = {promise.promise_id.partition("/")[0] for promise in plan_promises(here)}
    yield from ((key,) for key in here.backup_plans if key not in chosen)


def kept(here: Region) -> Iterator[tuple[str, str, int]]:
    for key, row in here.backup_plans.items():
        yield from ((key, each["RuleId"], each["Lifecycle"]["DeleteAfterDays"]) for each in row["BackupPlan"]["Rules"])


def too_long_in_vaults(here: Region) -> Found:
    kept_as_copies = (
        (key, f"{each['RuleId']}/{copy['DestinationBackupVaultArn']}", copy.get("Lifecycle", {}).get("DeleteAfterDays"))
        for key, row in here.backup_plans.items()
        for each in row["BackupPlan"]["Rules"]
        for copy in each["CopyActions"]
    )
    yield from ((key, what) for key, what, days in [*kept(here), *kept_as_copies] if not days or days > 5 * 365 + 1)


def short(here: Region) -> Found:
    enough = {key for key, _, days in kept(here) if days >= 35}
    yield from ((key,) for key in here.backup_plans if key not in enough)


def failing(here: Region) -> Found:
    ended = defaultdict(list)
    for row in sorted(here.backup_jobs.values(), key=lambda row: row["CreationDate"]):
        if row["State"] != "RUNNING":
            ended[row["CreatedBy"]["BackupPlanId"], row["ResourceArn"].rpartition("/")[2]].append(row["State"])
    yield from (
        key for key, states in ended.items() if len(states) > 2 and not {"COMPLETED", "PARTIAL"} & {*states[-3:]}
    )


def untested(here: Region) -> Found:
    points = [row for rows in here.recovery_points.values() for row in rows.values() if "CreatedBy" in row]
    made = {row["CreatedBy"]["BackupPlanId"] for row in points}
    tried = {row["CreatedBy"]["BackupPlanId"] for row in points if "LastRestoreTime" in row}
    yield from ((key,) for key in here.backup_plans if key in made - tried)


@cache
def runs(cron: str, count: int) -> int | None:
    """Days until a schedule ran so many times more, by walking through the calendar; nothing if it stops for good."""
    _, _, day, month, weekday, year = cron[5:-1].split()
    if year != "*":
        return None
    start = date(2001, 1, 1)
    walk = (start + timedelta(days=number) for number in range(366 * 30))
    wanted = day, month, weekday
    due = [
        each
        for each in walk
        if all(
            was in "?*" or was == said for was, said in zip(wanted, f"{each:%-d %-m %a}".upper().split(), strict=True)
        )
    ]
    return (due[count] - due[0]).days


def policy_keeps(row: dict[str, Any]) -> Iterator[tuple[str, bool, float | None]]:
    """What a policy has that keeps: its name, whether it keeps copies, and for how many days."""
    units = {"DAYS": 1, "WEEKS": 7, "MONTHS": 30, "YEARS": 365}
    details = row["PolicyDetails"]
    if row["DefaultPolicy"]:
        yield "default", False, details["RetainInterval"]
    for each in details.get("Schedules", []):
        archive = each.get("ArchiveRule", {"RetainRule": {"RetentionArchiveTier": {}}})
        rules = each["RetainRule"], archive["RetainRule"]["RetentionArchiveTier"]
        aged = sum(rule.get("Interval", 0) * units[rule.get("IntervalUnit", "DAYS")] for rule in rules)
        create, count = each["CreateRule"], sum(rule.get("Count", 0) for rule in rules)
        days = create["Interval"] * count / 24 if "Interval" in create else runs(create["CronExpression"], count)
        yield each["Name"], False, None if days is None else aged + days
    for each in [*details.get("Schedules", []), *details.get("Actions", [])]:
        for copy in each.get("CrossRegionCopyRules", each.get("CrossRegionCopy", [])):
            rule = copy.get("RetainRule")
            target = copy["Target" if "Target" in copy else "TargetRegion"]
            yield f"{each['Name']}/{target}", True, rule and rule["Interval"] * units[rule["IntervalUnit"]]


def too_short(here: Region, *, sure: bool) -> Found:
    for key, row in here.lifecycle_policies.items():
        days = [days for _, copies, days in policy_keeps(row) if not copies]
        short = days and all(each is None or each < 35 for each in days)
        if row["State"] == "ENABLED" and short and (None not in days) is sure:
            yield (key,)


def too_long(here: Region, *, sure: bool) -> Found:
    for key, row in here.lifecycle_policies.items():
        if row["State"] == "ENABLED":
            keeps = {name: days for name, _, days in policy_keeps(row)}
            long = [name for name, days in keeps.items() if days is not None and days > 5 * 366]
            if sure:
                yield from ((key, name) for name in long)
            elif None in keeps.values() and not long:
                yield (key,)


READERS: dict[str, Callable[[Region], Found]] = {
    "vault_unlocked": unlocked,
    "vault_deletion_allowed": deletable,
    "vault_policy_open": open_to_others,
    "recovery_point_unencrypted": lambda here: points(here, lambda row: not row["IsEncrypted"]),
    "recovery_point_expired": lambda here: points(here, lambda row: row["Status"] == "EXPIRED"),
    "lifecycle_policy_broken": broken,
    "lifecycle_leftover": leftover,
    "lifecycle_retention_long": lambda here: too_long(here, sure=True),
    "unknown:lifecycle_retention_long": lambda here: too_long(here, sure=False),
    "lifecycle_retention_short": lambda here: too_short(here, sure=True),
    "unknown:lifecycle_retention_short": lambda here: too_short(here, sure=False),
    "backup_plan_overlap": overlap,
    "backup_plan_selects_nothing": nothing,
    "backup_job_failing": failing,
    "backup_never_restored": untested,
    "backup_retention_long": too_long_in_vaults,
    "backup_retention_short": short,
}


def reach(organisation: Organisation, source: Region, setting: dict[str, Any], here: Region) -> str:
    """Whether a report of one place tells of another: yes, no or perhaps."""
    if here.name not in setting.get("Regions", [source.name]) and setting["Regions"] != ["*"]:
        return "no"
    accounts, units = setting.get("Accounts", []), setting.get("OrganizationUnits", [])
    if accounts == ["ROOT"] or here.account_id in accounts:
        return "yes"
    if not accounts and not units:
        return "yes" if here.account_id == source.account_id else "no"
    unit = organisation.accounts[here.account_id].ou_id
    if unit in units:
        return "yes"
    while unit := organisation.units[unit][1]:
        if unit in units:
            return "perhaps"
    return "no"


def test_what_is_reported_is_what_the_tables_say(planted: Organisation) -> None:
    settings = [(there, row["ReportSetting"]) for there in planted for row in there.report_plans.values()]
    jobs = [each for each in settings if each[1]["ReportTemplate"] == "BACKUP_JOB_REPORT"]
    said = {
        (here.account_id, here.name, here.name): {reach(planted, *each, here) for each in jobs}
        for here in planted
        if here.backup_plans
    }
    missing = {place for place, answers in said.items() if answers <= {"no"}}
    assert planted.truth["backup_report_missing"] == missing
    doubted = {place for place, answers in said.items() if "perhaps" in answers and "yes" not in answers}
    assert planted.truth["unknown:backup_report_missing"] == doubted


@pytest.mark.parametrize("rule", READERS)
def test_truth_is_what_the_tables_say(planted: Organisation, rule: str) -> None:
    read = {(here.account_id, here.name, *found) for here in planted for found in READERS[rule](here)}
    assert planted.truth[rule] == read
