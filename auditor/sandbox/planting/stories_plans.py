"""Backup plans of every kind with what they back up, and what became of each scheduled time."""

from __future__ import annotations

from datetime import datetime, timedelta

from auditor.sandbox.model import Row
from auditor.sandbox.planting import backup, machines, schedules, stories_revisions
from auditor.sandbox.planting.backup import duty, job, plan, rule
from auditor.sandbox.planting.chains import amazon_image
from auditor.sandbox.planting.machines import Disk, machine
from auditor.sandbox.planting.names import server
from auditor.sandbox.planting.plot import DAY, Lineage, Plot, Telling
from auditor.sandbox.planting.promises import Duty, Fates, deliver
from auditor.sandbox.planting.stories_backup import backed_up, protect

#: Zones whose clocks change: in spring and autumn, and in Morocco for Ramadan.
ZONES = ("Europe/Berlin", "America/New_York", "Africa/Casablanca")


def _volume(plot: Plot, created: datetime, tags: dict[str, str], **more: object) -> Lineage:
    """A volume that some plan backs up, on a machine without any other."""
    name = server(plot.rng)
    of = plot.lineage(plot.rng.choice((20, 60)), plot.usual_key(), used=0.2, tags={"Name": name, **tags})
    host = plot.instance(amazon_image(plot)[0], created, name=name)
    row: Row = {"device": "/dev/sdp", "backup": backed_up(plot), "promised": True} | more
    plot.volume(of, created, instance=host, **row)
    return of


def _weekday(plot: Plot) -> int:
    """A day of the week that is not near."""
    return (plot.now.weekday() + 4) % 7


def whole_machines(plot: Plot) -> None:
    """A plan of whole machines: in part twice, in vain, deleted too early, too late; their volumes have no other."""
    nightly = rule("machines", "Default", schedules.daily(plot.now, 0, 30), 5)
    by = plan(plot, "machines", [nightly], backup.tagged("backup-plan", "machines")).rules[0]
    fates: tuple[Fates, ...] = (
        {1: "torn", 2: "partial", 3: "failed"},
        {1: "slow", 2: "deleted", 3: "aborted"},
        {2: "late"},
    )
    for number in range(2 if plot.size.dense else 3):
        of = machine(plot, 60, {"backup-plan": "machines"}, (Disk(8, {}), Disk(20, {})))
        machines.deliver(plot, of, by.promise, machines.recovery_points(by), fates[number])


def overlap(plot: Plot) -> None:
    """A volume under two plans: the one by tag, and another that names it, which heeds no opt-in."""
    created, gold = plot.ago(45), plot.plans["gold"]
    of = _volume(plot, created, {"backup-plan": "gold"}, backup="fresh")
    named: Row = {"Resources": [plot.arn("ec2", f"volume/{of.volume_id}")]}
    often = rule("twice-a-week", "Default", schedules.daily(plot.now, 23), 3)
    bronze = plan(plot, "bronze", [often], named)
    plot.note("backup_plan_overlap", of.volume_id)
    duties: list[tuple[Duty, Fates]] = [(duty(each), {}) for each in gold.rules]
    if not plot.here.backup_opt_ins["EBS"]:
        protect(plot, of, created, duties)
        duties = []
    deliver(plot, of, created, [*duties, (duty(bronze.rules[0]), {})])


def silver(plot: Plot) -> None:
    """A plan by wildcards, conditions and exclusions: of five volumes that look alike it selects one."""
    if not plot.here.backup_opt_ins["EBS"]:
        return
    chosen: Row = {"tier": "silver", "team": "payments"}
    created = plot.ago(80)
    of = _volume(plot, created, chosen)
    never: Row = {"backup": "never", "promised": False}
    spared = _volume(plot, created, chosen, **never)
    for tags in ({"env": "development"}, {"team": "web"}, {"name": "for scratch"}):
        _volume(plot, created, chosen | tags, **never)
    ec2 = f"arn:{plot.organisation.partition}:ec2"
    everything: Row = {
        "Resources": [f"{ec2}:*:*:volume/*", f"{ec2}:*:*:instance/*"],
        "NotResources": [plot.arn("ec2", "volume/vol-ffff*"), plot.arn("ec2", f"volume/{spared.volume_id}")],
        "Conditions": {
            "StringEquals": [{"ConditionKey": "aws:ResourceTag/tier", "ConditionValue": "silver"}],
            "StringNotEquals": [{"ConditionKey": "aws:ResourceTag/env", "ConditionValue": "development"}],
            "StringLike": [{"ConditionKey": "aws:ResourceTag/team", "ConditionValue": "pay*"}],
            "StringNotLike": [{"ConditionKey": "aws:ResourceTag/name", "ConditionValue": "*scratch*"}],
        },
    }
    weekly = rule("weekly", "Default", schedules.weekly(plot.now, _weekday(plot), 5), 25, StartWindowMinutes=480)
    made = plan(plot, "silver", [weekly], everything)
    deliver(plot, of, created, [(duty(made.rules[0]), {1: plot.rng.choice(("deleted", "quota"))})])


def zones(plot: Plot) -> None:
    """Plans whose hours are those of a place where the clocks change."""
    for zone in ZONES if plot.size.dense else plot.rng.sample(ZONES, 1):
        value = zone.partition("/")[2].lower()
        weekly = rule("local", "Default", schedules.weekly(plot.now, _weekday(plot), 4, 30, zone), 34)
        made = plan(plot, f"local-{value}", [weekly], backup.tagged("backup-plan", value))
        created = plot.ago(90)
        of = _volume(plot, created, {"backup-plan": value})
        protect(plot, of, created, [(duty(made.rules[0]), {2: "missed"} if plot.maybe(0.3) else {})])


def rates(plot: Plot) -> None:
    """A plan every twelve hours since it was made, that keeps two days."""
    since = plot.now - 100 * DAY - timedelta(hours=3, minutes=30)
    often = rule("often", "Default", schedules.rate(plot.now, 12, since), 2)
    made = plan(plot, "often", [often], backup.tagged("backup-plan", "often"), created=since)
    created = plot.ago(30)
    protect(plot, _volume(plot, created, {"backup-plan": "often"}), created, [(duty(made.rules[0]), {2: "expired"})])


def under_way(plot: Plot) -> None:
    """A plan that was due half an hour ago: the job runs, and nobody can say yet."""
    due = plot.now - timedelta(minutes=30)
    soon = rule("soon", "Default", schedules.daily(plot.now, due.hour, due.minute), 3)
    made = plan(plot, "soon", [soon], backup.tagged("backup-plan", "soon"))
    created = plot.ago(40)
    of = _volume(plot, created, {"backup-plan": "soon"})
    protect(plot, of, created, [(duty(made.rules[0]), {})])
    if plot.here.backup_opt_ins["EBS"]:
        job(plot, made.rules[0], f"volume/{of.volume_id}", due, state="RUNNING", MessageCategory="")


def unsaid(plot: Plot) -> None:
    """A plan that says nothing of hours and windows: it runs at five, UTC, and has eight hours to start."""
    created = plot.ago(50)
    of = _volume(plot, created, {}, backup="fresh")
    row, times = rule("unsaid", "Default", schedules.daily(plot.now, 5), 4)
    for name in ("ScheduleExpression", "ScheduleExpressionTimezone", "StartWindowMinutes", "CompletionWindowMinutes"):
        del row[name]
    named: Row = {"Resources": [plot.arn("ec2", f"volume/{of.volume_id}")]}
    made = plan(plot, "unsaid", [(row, times)], named)
    deliver(plot, of, created, [(duty(made.rules[0]), {2: "missed"})])


#: Stories of backup plans.
STORIES: tuple[Telling, ...] = (
    (whole_machines, -1, 2),
    (overlap, -1, 3),
    (silver, -1, 2),
    (zones, -1, 3),
    (rates, -1, 1),
    (under_way, -1, 1),
    (unsaid, -1, 1),
    *stories_revisions.STORIES,
)
