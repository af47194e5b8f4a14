"""Backup plans that somebody changed, and backups that came late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from auditor.sandbox.model import Row
from auditor.sandbox.planting import backup, schedules
from auditor.sandbox.planting.backup import Rule, duty, plan, rule
from auditor.sandbox.planting.chains import amazon_image
from auditor.sandbox.planting.names import server
from auditor.sandbox.planting.plot import DAY, Lineage, Plot, Telling
from auditor.sandbox.planting.promises import GRACE, Duty, Fates, Promise
from auditor.sandbox.planting.schedules import Times
from auditor.sandbox.planting.stories_backup import backed_up, protect

#: One version of a plan: when it was made, and its rules as ``backup.rule`` makes them.
Version = tuple[datetime, Sequence[tuple[Row, Times]]]

#: What one rule of one version promised, and the fates of its last times that differ from being met.
Fated = tuple[str, int, Fates]


def revise(plot: Plot, name: str, versions: Sequence[Version], *, renewed: bool = False) -> dict[tuple[str, int], Rule]:
    """Plant a plan that was changed; it selects what is tagged ``backup-plan`` with its name.

    Args:
        plot: Where.
        name: Its name.
        versions: What it said, the oldest first, as it is now the last.
        renewed: Whether rules have new ids in every version, and nothing but their names says that they are the same.

    Returns:
        Each rule as it was in a version, by its name and the version's place; all under the promise of the newest.
    """
    since, rules = versions[-1]
    made = plan(plot, name, rules, backup.tagged("backup-plan", name), created=since)
    newest = {each.name: each for each in made.rules}
    found = {(each.name, len(versions) - 1): _between(each, each.promise, since, None) for each in made.rules}
    present = plot.here.backup_plans[made.plan_id]
    until = since
    for place, (since, rules) in reversed([*enumerate(versions[:-1])]):
        rows = []
        for row, times in rules:
            known = newest.get(row["RuleName"])
            rule_id = known.rule_id if known and not renewed else plot.uuid()
            days = row["Lifecycle"]["DeleteAfterDays"]
            rows.append(row | {"RuleId": rule_id})
            promise = known.promise if known else Promise(f"{made.plan_id}/{rule_id}", (), timedelta(), since)
            pending = timedelta(minutes=row["StartWindowMinutes"]) + GRACE
            promise = replace(promise, moments=times.moments, pending=pending, age=days * DAY)
            before = Rule(
                made.plan_id, rule_id, name, row["RuleName"], row["TargetBackupVaultName"], times, days, promise
            )
            newest.setdefault(before.name, before)
            found[before.name, place] = _between(before, promise, since, until)
        version_id, body = plot.uuid().replace("-", ""), {"BackupPlanName": name, "Rules": rows}
        version = present | {"VersionId": version_id, "CreationDate": since, "BackupPlan": body}
        plot.here.backup_plan_versions[made.plan_id][version_id] = version
        until = since
    return found


def _between(by: Rule, promise: Promise, since: datetime, until: datetime | None) -> Rule:
    """A rule that promised something only while its version was in force."""
    moments = tuple(at for at in promise.moments if at >= since and (until is None or at < until))
    return replace(by, promise=replace(promise, moments=moments, since=since))


def _tell(plot: Plot, name: str, rules: dict[tuple[str, int], Rule], fates: Sequence[Fated] = ()) -> None:
    """A volume of two months under a plan."""
    of = _volume(plot, plot.ago(62), {"backup-plan": name})
    odd = {(rule_name, place): each for rule_name, place, each in fates}
    duties: list[tuple[Duty, Fates]] = [(duty(by), odd.get(key, {})) for key, by in rules.items()]
    protect(plot, of, plot.ago(62), duties)


def _volume(plot: Plot, created: datetime, tags: dict[str, str]) -> Lineage:
    name = server(plot.rng)
    of = plot.lineage(plot.rng.choice((20, 60)), plot.usual_key(), used=0.2, tags={"Name": name, **tags})
    host = plot.instance(amazon_image(plot)[0], created, name=name)
    plot.volume(of, created, instance=host, device="/dev/sdp", backup=backed_up(plot), promised=True)
    return of


def _changed(plot: Plot) -> datetime:
    """When a plan was changed last."""
    return plot.now - (2 if plot.size.dense else 9) * DAY - timedelta(minutes=30)


def _days(plot: Plot) -> int:
    """For how many days an earlier rule kept what it made: some of it is still there."""
    return 6 if plot.size.dense else 12


def rescheduled(plot: Plot) -> None:
    """A plan that had another hour, other windows and another retention; and before the audit period others again."""
    since, days = _changed(plot), _days(plot)
    longer = {"StartWindowMinutes": 480, "CompletionWindowMinutes": 600}
    nine, afternoon, night = (schedules.daily(plot.now, hour) for hour in (9, 14, 1))
    rules = revise(
        plot,
        "rescheduled",
        [
            (plot.ago(300), [rule("nightly", "Default", nine, 90)]),
            (plot.ago(50), [rule("nightly", "Default", afternoon, days, **longer)]),
            (since, [rule("nightly", "Default", night, 30)]),
        ],
    )
    _tell(plot, "rescheduled", rules, [("nightly", 1, {1: "missed", 2: "patient"})])


def reduced(plot: Plot) -> None:
    """A plan that had a nightly rule besides the weekly one: missed then is missed, and nothing is promised since."""
    weekly = rule("weekly", "Default", schedules.weekly(plot.now, (plot.now.weekday() + 4) % 7, 20), 40)
    nightly = rule("nightly", "Default", schedules.daily(plot.now, 22), _days(plot))
    rules = revise(plot, "reduced", [(plot.ago(400), [weekly, nightly]), (_changed(plot), [weekly])])
    _tell(plot, "reduced", rules, [("nightly", 0, {1: plot.rng.choice(("missed", "failed"))})])


def extended(plot: Plot) -> None:
    """A plan that was given a second rule, and was changed before to no effect: what is new promised nothing before."""
    weekly = rule("weekly", "Default", schedules.weekly(plot.now, (plot.now.weekday() + 4) % 7, 21), 45)
    nightly = rule("nightly", "Default", schedules.daily(plot.now, 3, 30), 14)
    versions = [(plot.ago(90), [weekly]), (plot.ago(12), [weekly]), (_changed(plot), [weekly, nightly])]
    _tell(plot, "extended", revise(plot, "extended", versions))


def renewed(plot: Plot) -> None:
    """A plan whose rules have new ids since it was changed, and the old ones on what they made."""
    before, now = (rule("daily", "Default", schedules.daily(plot.now, hour), _days(plot)) for hour in (20, 2))
    versions = [(plot.ago(70), [before]), (_changed(plot), [now])]
    rules = revise(plot, "renewed", versions, renewed=True)
    _tell(plot, "renewed", rules, [("daily", 0, {1: "failed", 2: "deleted"})])


def begun(plot: Plot) -> None:
    """A plan that was made in the audit period: nothing was promised before."""
    daily = rule("daily", "Default", schedules.daily(plot.now, 4), 35)
    _tell(plot, "begun", revise(plot, "begun", [(_changed(plot), [daily])]))


def tardy(plot: Plot) -> None:
    """Backups that began past the start window, or took past the completion window, and one that may take its time."""
    daily = rule("daily", "Default", schedules.daily(plot.now, 2), 5)
    _tell(plot, "tardy", revise(plot, "tardy", [(plot.ago(80), [daily])]), [("daily", 0, {1: "slow", 2: "late"})])
    windows = {"StartWindowMinutes": 480, "CompletionWindowMinutes": 10080}
    slowly = rule("daily", "Default", schedules.daily(plot.now, 5), 6, **windows)
    _tell(plot, "patient", revise(plot, "patient", [(plot.ago(80), [slowly])]), [("daily", 0, {3: "patient"})])


#: Stories of plans that were changed, and of backups that came late.
STORIES: tuple[Telling, ...] = (
    (rescheduled, -1, 2),
    (reduced, -1, 2),
    (extended, -1, 1),
    (renewed, -1, 1),
    (begun, -1, 1),
    (tardy, -1, 2),
)
