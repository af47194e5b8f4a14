"""Policies and plans by how long they keep what they would make; nothing carries their tags."""

from __future__ import annotations

from auditor.sandbox.model import Row
from auditor.sandbox.planting import schedules
from auditor.sandbox.planting.backup import plan, rule, tagged
from auditor.sandbox.planting.lifecycle import details_of, every, policy
from auditor.sandbox.planting.plot import Plot, Telling


def _other(plot: Plot) -> str:
    """A region that copies can go to."""
    return "eu-west-1" if plot.here.name != "eu-west-1" else "us-east-1"


def _monthly(name: str, keep: int, cron: str = "cron(0 2 1 * ? *)", **more: object) -> Row:
    """A schedule of every month, or as an expression says."""
    return every(24, "02:00", keep, name, **more) | {"CreateRule": {"Location": "CLOUD", "CronExpression": cron}}


def for_years(plot: Plot) -> None:
    """Policies that keep for longer than anybody asked: by a count of months, in the archive, and as copies."""
    forgotten: Row = {
        "Target": _other(plot),
        "Encrypted": True,
        "CopyTags": True,
        "RetainRule": {"Interval": 10, "IntervalUnit": "YEARS"},
    }
    nightly = every(24, "01:00", 7, "Nightly", CrossRegionCopyRules=[forgotten])
    policy(plot, "Ledgers", details_of({"kept": "ledgers"}, [nightly, _monthly("Monthly", 84)]))
    archive: Row = {"RetainRule": {"RetentionArchiveTier": {"Count": 12}}}
    yearly = _monthly("Yearly", 1, "cron(0 2 1 1 ? *)", ArchiveRule=archive)
    policy(plot, "Annual accounts", details_of({"kept": "accounts"}, [yearly]))


def for_months(plot: Plot) -> None:
    """Policies that keep for some months, as they should, or for five years: by count and by age; one does not."""
    archive: Row = {"RetainRule": {"RetentionArchiveTier": {"Count": 3}}}
    for number, rows in enumerate(
        (
            [every(12, "08:00", 180, "Twice a day")],
            [_monthly("Archived", 0, ArchiveRule=archive), every(24, "01:00", 7, "Nightly")],
            [_monthly("Five years", 60)],
            [every(24, "03:00", 1, "Nightly", RetainRule={"Interval": 2, "IntervalUnit": "MONTHS"})],
            [_monthly("One month", 1), every(1, "00:00", 20, "Hourly")],
        )
    ):
        policy(plot, f"Kept for months {number}", details_of({"kept": f"months-{number}"}, rows))


def for_nobody_knows(plot: Plot) -> None:
    """Policies that do not say for how long: a schedule of one year, and copies without an end."""
    once = _monthly("Before the move", 3, "cron(0 2 1 6 ? 2030)")
    policy(plot, "Before the move", details_of({"kept": "move"}, [once, every(24, "01:00", 7, "Nightly")]))
    endless: Row = {"Target": _other(plot), "Encrypted": True, "CopyTags": True}
    nightly = every(24, "01:00", 90, "Nightly", CrossRegionCopyRules=[endless])
    policy(plot, "Copied without an end", details_of({"kept": "copies"}, [nightly]))


def copies_for_ever(plot: Plot) -> None:
    """A plan that keeps its backups for weeks, and copies of them for months, for ten years and for ever."""
    nightly = rule("nightly", "Default", schedules.daily(plot.now, 1), 42)
    ways: tuple[Row, ...] = ({"DeleteAfterDays": 90}, {"DeleteAfterDays": 3650}, {})
    nightly[0]["CopyActions"] = [
        {"DestinationBackupVaultArn": plot.arn("backup", f"backup-vault:copies-{number}")}
        | ({"Lifecycle": lifecycle} if lifecycle else {})
        for number, lifecycle in enumerate(ways)
    ]
    made = plan(plot, "copied-for-ever", [nightly], tagged("kept", "for ever"))
    plot.note("backup_plan_selects_nothing", made.plan_id)


#: Stories of retention.
STORIES: tuple[Telling, ...] = (
    (for_years, -1, 2),
    (for_months, -1, 2),
    (for_nobody_knows, -1, 1),
    (copies_for_ever, -1, 1),
)
