"""What must be said of how long a lifecycle policy keeps what it makes, reckoned from what was planted."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.sandbox.model import Row
from auditor.sandbox.planting.backup import LONG_ENOUGH, TOO_LONG
from auditor.sandbox.planting.plot import Plot

_DAYS = {"DAYS": 1, "WEEKS": 7, "MONTHS": 30, "YEARS": 365}


def note_retention(plot: Plot, policy_id: str, details: Row) -> None:
    """Write down whether an enabled policy keeps its backups for too short or too long a time."""
    if details.get("PolicyLanguage") == "SIMPLIFIED":  # a default policy, which keeps two weeks at most
        plot.note("lifecycle_retention_short", policy_id)
        return
    here = [(schedule["Name"], _kept(schedule)) for schedule in details.get("Schedules") or ()]
    known = [days for _, days in here if days is not None]
    if here and max(known, default=0) < LONG_ENOUGH:
        plot.note(f"{'' if len(known) == len(here) else 'unknown:'}lifecycle_retention_short", policy_id)
    every = [*here, *_copies(details)]
    long = [label for label, days in every if days is not None and days > TOO_LONG]
    for label in long:
        plot.note("lifecycle_retention_long", policy_id, label)
    if not long and any(days is None for _, days in every):
        plot.note("unknown:lifecycle_retention_long", policy_id)


def _kept(schedule: Row) -> float | None:
    """Days that a schedule keeps what it makes, archive included; near enough, as nothing is planted near a limit."""
    create, days = schedule["CreateRule"], 0.0
    for rule in (schedule["RetainRule"], schedule.get("ArchiveRule", {}).get("RetainRule", {})):
        rule = rule.get("RetentionArchiveTier", rule)
        if "Interval" in rule:
            days += rule["Interval"] * _DAYS[rule["IntervalUnit"]]
        elif rule:
            apart = create["Interval"] / 24 if "Interval" in create else _apart(create["CronExpression"])
            if apart is None:
                return None
            days += rule["Count"] * apart
    return days


def _apart(cron: str) -> float | None:
    """Days between two times of an expression of a few kinds; nothing where it is for one year alone."""
    _, _, day, month, weekday, year = cron.removeprefix("cron(").removesuffix(")").split()
    if year != "*":
        return None
    if weekday != "?" and weekday != "*":
        return 7
    if day == "?" or day == "*":
        return 1
    return 30 if month == "*" else 365


def _copies(details: Row) -> Iterator[tuple[str, float | None]]:
    for name, rules in [
        *(
            (schedule["Name"], schedule.get("CrossRegionCopyRules") or ())
            for schedule in details.get("Schedules") or ()
        ),
        *((action["Name"], action["CrossRegionCopy"]) for action in details.get("Actions") or ()),
    ]:
        for rule in rules:
            kept = rule.get("RetainRule")
            yield (
                f"{name}/{rule.get('Target') or rule['TargetRegion']}",
                kept and kept["Interval"] * _DAYS[kept["IntervalUnit"]],
            )
