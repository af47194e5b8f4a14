"""Lifecycle policies of every kind with what they back up, and what became of each scheduled time."""

from __future__ import annotations

from datetime import datetime, timedelta

from auditor.sandbox.model import Row
from auditor.sandbox.planting import lifecycle, machines, schedules
from auditor.sandbox.planting.chains import amazon_image
from auditor.sandbox.planting.lifecycle import description, details_of, duty, every, policy, snapshot_tags
from auditor.sandbox.planting.machines import Disk, machine
from auditor.sandbox.planting.names import FAR, server
from auditor.sandbox.planting.plot import DAY, Lineage, Plot, Telling
from auditor.sandbox.planting.promises import Fates, Rhythm, deliver, settle, tiles

#: What is agreed with those who back up by script, and what may be lost: ``[backup]`` of a configuration that fits the
#: truth.
AGREED: Row = {
    "rpo": [{"name": "scripts", "volumes": {"tag": "backed-up-by", "value": "script"}, "hours": 24}],
    "ephemeral": [{"tag": "ephemeral", "value": "true"}],
}


def _few(plot: Plot) -> int:
    """How many backups a policy keeps that is only to be looked at; at least four."""
    return min(plot.size.chain_days, 7)


def _disk(plot: Plot, created: datetime, tags: dict[str, str], state: str = "running", **more: object) -> Lineage:
    """A disk under some policy, freshly backed up, on a machine without any other."""
    name = server(plot.rng)
    of = plot.lineage(plot.rng.choice((20, 50)), plot.usual_key(), used=0.2, tags={**tags, "Name": name})
    host = plot.instance(amazon_image(plot)[0], created, name=name, state=state)
    row: Row = {"device": "/dev/sdk", "backup": "fresh", "promised": True} | more
    plot.volume(of, created, instance=host, **row)
    return of


def two_schedules(plot: Plot) -> None:
    """A policy with two schedules: twice a day by count, and weekly by an expression and by age."""
    created = plot.ago(90)
    of = _disk(plot, created, {"backup": "twice"})
    weekday = (plot.now.weekday() + 3) % 7
    twice, weekly = schedules.every(plot.now, 12, 8), schedules.weekly(plot.now, weekday, 1)
    rows = [every(12, "08:00", _few(plot), "Twice a day"), every(24, "01:00", 1, "Weekly")]
    rows[1] |= {"RetainRule": {"Interval": 3, "IntervalUnit": "WEEKS"}}
    rows[1]["CreateRule"] = {"Location": "CLOUD", "CronExpression": weekly.text}
    policy_id = policy(plot, "Twice a day and weekly", details_of({"backup": "twice", "tier": "ssd"}, rows))
    often = duty(plot, policy_id, "Twice a day", twice, _few(plot))
    seldom = duty(plot, policy_id, "Weekly", weekly, None, 21 * DAY)
    deliver(plot, of, created, [(often, {2: "missed", 3: "retried"}), (seldom, {1: "missed"})])


def four_hourly(plot: Plot) -> None:
    """A policy every four hours that keeps a day: one snapshot failed, another was never made."""
    created = plot.ago(40)
    of = _disk(plot, created, {"backup": "often"}, state="stopped")
    row = every(4, "01:00", 1, "Often", RetainRule={"Interval": 1, "IntervalUnit": "DAYS"})
    policy_id = policy(plot, "Every four hours", details_of({"backup": "often"}, [row]))
    often = duty(plot, policy_id, "Often", schedules.every(plot.now, 4, 1), None, DAY)
    deliver(plot, of, created, [(often, {2: "failed", 4: "missed"})])


def changed(plot: Plot) -> None:
    """A policy was moved to another hour some days ago, and its schedule renamed: what was before is nobody's fault.

    What the old name made, no schedule will ever delete.
    """
    days = 2 if plot.size.dense else 10
    modified = plot.now - days * DAY - timedelta(minutes=30)
    of = _disk(plot, plot.ago(120), {"backup": "moved"})
    row = every(24, "02:00", 14, "Nightly")
    policy_id = policy(plot, "Moved to the night", details_of({"backup": "moved"}, [row]), modified=modified)
    before = plot.rng.choice(("Afternoons", "Nightly"))
    for day in (days + 3, days + 2):
        of.write(plot.rng)
        tags = {**of.tags, **snapshot_tags(policy_id, before)}
        started = plot.now.replace(hour=15, minute=plot.rng.randrange(1, 40)) - day * DAY
        snapshot_id = plot.snapshot(of, started, description=description(policy_id, before), tags=tags)
        if before != "Nightly":
            plot.note("lifecycle_leftover", snapshot_id)
    deliver(plot, of, modified, [(duty(plot, policy_id, "Nightly", schedules.every(plot.now, 24, 2), 14), {})])


def newcomers(plot: Plot) -> None:
    """A volume of the day before yesterday, to which nothing older was promised; one whose tag was taken away."""
    made = lifecycle.daily_policy(plot, tags={"backup": "newcomers"})
    created = plot.ago(1.5)
    deliver(plot, _disk(plot, created, {"backup": "newcomers"}), created, [(made.duties[0], {})])
    of = _disk(plot, plot.ago(100), {}, backup="stale", promised=False)
    tags = {"backup": "newcomers", **snapshot_tags(made.policy_id)}
    for day in (12, 11, 10):
        of.write(plot.rng)
        text = description(made.policy_id)
        plot.snapshot(of, plot.ago(day) - timedelta(hours=2), description=text, tags=of.tags | tags)


def data_disks(plot: Plot) -> None:
    """A policy on machines that leaves out the boot volume and scratch disks: a set in part, one failed, one missed."""
    name = "Consistent"
    parameters: Row = {"ExcludeBootVolume": True, "ExcludeDataVolumeTags": [{"Key": "scratch", "Value": "true"}]}
    details = details_of({"dlm": "data"}, [every(24, "01:30", _few(plot), name)], kind="INSTANCE")
    details["Schedules"][0]["CreateRule"]["Times"] = ["01:30"]
    policy_id = policy(plot, "Data disks of databases", details | {"Parameters": parameters})
    times = schedules.daily(plot.now, 1, 30)
    kept = duty(plot, policy_id, name, times, _few(plot)).promise
    scratch = Disk(20, {"scratch": "true"}, left_out=True)
    disks = (Disk(8, {}, left_out=True), Disk(50, {}), Disk(80, {}), scratch)
    fates: tuple[Fates, ...] = ({1: "partial", 2: "failed"}, {2: "missed"}, {})
    for number in range(2 if plot.size.dense else 3):
        # a disk that came later is missing from no earlier backup
        later = (Disk(30, {}, days=1.5),) if number == 1 else ()
        of = machine(plot, 70, {"dlm": "data"}, (*disks, *later))
        machines.deliver(plot, of, kept, machines.sets(policy_id, name), fates[number])


def whole_images(plot: Plot) -> None:
    """A policy that makes images of machines, licensed ones too: one failed, one lacks a disk."""
    name = "Images"
    details = details_of({"image": "daily"}, [every(24, "00:00", 4, name)], kind="INSTANCE")
    details |= {"Parameters": {"NoReboot": True}, "PolicyType": "IMAGE_MANAGEMENT"}
    policy_id = policy(plot, "Daily images", details)
    kept = duty(plot, policy_id, name, schedules.every(plot.now, 24, 0), 4).promise
    licence: Row = {"PlatformDetails": "Red Hat Enterprise Linux", "UsageOperation": "RunInstances:0010"}
    for fates, more, days in (({1: "partial", 2: "failed"}, {}, None), ({}, licence, 1.5)):
        of = machine(plot, 50, {"image": "daily"}, (Disk(8, {}), Disk(20, {}, days=days)), **more)
        machines.deliver(plot, of, kept, machines.images(policy_id, name), fates)


def _without_default(plot: Plot, kind: str) -> None:
    """A region has one default policy of a kind."""
    for policy_id, row in list(plot.here.lifecycle_policies.items()):
        if row["DefaultPolicy"] and row["PolicyDetails"]["ResourceType"] == kind:
            del plot.here.lifecycle_policies[policy_id]
            plot.organisation.truth["lifecycle_policy_broken"].discard((*plot.where, policy_id))


def default_volumes(plot: Plot) -> None:
    """The default policy for volumes, which leaves out most of them: two days without any snapshot, all told."""
    _without_default(plot, "VOLUME")
    days = 4 if plot.size.dense else 10
    exclusions: Row = {
        "ExcludeBootVolumes": True,
        "ExcludeVolumeTypes": ["gp3", "st1"],
        "ExcludeTags": [{"Key": "scratch", "Value": "true"}],
    }
    details = _default(days, "EBS_SNAPSHOT_MANAGEMENT", "VOLUME", exclusions)
    policy_id = policy(plot, "Default policy for volumes", details)
    provisioned: Row = {"VolumeType": "io2"}
    of = _disk(plot, plot.ago(60), {}, **provisioned)
    tags = {**of.tags, **snapshot_tags(policy_id, "Default Schedule")}
    for day in range(days - 1, -1, -1):
        of.write(plot.rng)
        if day not in (1, 2):
            started = plot.now - day * DAY - timedelta(hours=5, minutes=plot.rng.randrange(20))
            plot.snapshot(of, started, description=description(policy_id, "Default Schedule"), tags=tags)
    promise = f"{policy_id}/default"
    plot.note("unknown:backup_copy_missing", of.volume_id)
    tiles(plot, promise, of.volume_id, hours=24, count=days - 1, broken=frozenset({0, 1}))
    _disk(plot, plot.ago(60), {"scratch": "true"}, backup="never", promised=False, **provisioned)
    _disk(plot, plot.ago(60), {}, backup="never", promised=False, device="/dev/xvda", **provisioned)


def default_machines(plot: Plot) -> None:
    """The default policy for machines, which leaves out those that are what the account is for; this one is not."""
    _without_default(plot, "INSTANCE")
    exclusions: Row = {"ExcludeTags": [{"Key": "env", "Value": plot.account.tags["env"]}]}
    details = _default(3, "IMAGE_MANAGEMENT", "INSTANCE", exclusions)
    policy_id = policy(plot, "Default policy for instances", details)
    of = machine(plot, 50, {"env": "laboratory"}, (Disk(8, {}), Disk(30, {})))
    make = machines.images(policy_id, "Default Schedule")
    for day in (2, 1, 0):
        started = plot.now - day * DAY - timedelta(hours=5, minutes=plot.rng.randrange(20))
        make(plot, of, started, started, "met")
    tiles(plot, f"{policy_id}/default", of.instance_id, hours=24, count=2)
    plot.note("unknown:instance_copy_missing", of.instance_id)


def _default(days: int, kind: str, resource: str, exclusions: Row) -> Row:
    """The details of a default policy that backs up daily, and copies to where nobody here looks."""
    return {
        "PolicyLanguage": "SIMPLIFIED",
        "PolicyType": kind,
        "ResourceType": resource,
        "CreateInterval": 1,
        "RetainInterval": days,
        "CopyTags": False,
        "ExtendDeletion": False,
        "CrossRegionCopyTargets": [{"TargetRegion": FAR}],
        "Exclusions": exclusions,
    }


def scripts(plot: Plot) -> None:
    """Volumes that a script snapshots, under an agreed age: it did not run one night; of another it always did."""
    agreed = AGREED["rpo"][0]
    for skipped in (plot.rng.randrange(2, 6), None):
        wanted = agreed["volumes"]
        of = _disk(plot, plot.ago(150), {wanted["tag"]: wanted["value"]})
        for day in range(8, -1, -1):
            of.write(plot.rng)
            if day != skipped:
                started = plot.now - day * DAY - timedelta(hours=5, minutes=plot.rng.randrange(20))
                plot.snapshot(of, started, description="nightly by backup.sh")
        broken = frozenset() if skipped is None else frozenset({skipped, skipped - 1})
        tiles(plot, f"rpo/{agreed['name']}", of.volume_id, hours=24, count=7, broken=broken)


def apart(plot: Plot) -> None:
    """Two volumes of a machine under two policies: each is backed up, but at different moments."""
    name, created = server(plot.rng), plot.ago(100)
    instance_id = plot.instance(amazon_image(plot)[0], created, name=name)
    for letter, hour in (("f", 0), ("g", 3)):
        under = {"backup": f"at-{hour}"}
        row = every(24, f"{hour:02d}:00", 4, "Nightly")
        policy_id = policy(plot, f"Nightly at {hour}", details_of(under, [row]))
        of = plot.lineage(30, plot.usual_key(), used=0.2, tags={**under, "Name": name})
        plot.volume(of, created, backup="fresh", instance=instance_id, device=f"/dev/sd{letter}", promised=True)
        nightly = duty(plot, policy_id, "Nightly", schedules.every(plot.now, 24, hour), 4)
        deliver(plot, of, created, [(nightly, {})])
    plot.note("instance_backup_inconsistent", instance_id)


def windows_root(plot: Plot) -> None:
    """Machines that bill a licence and whose volumes are kept as snapshots alone; the second is not licensed."""
    under = {"backup": "windows"}
    row = every(24, "03:00", 4, "Nightly")
    policy_id = policy(plot, "Windows servers", details_of(under, [row]))
    nightly = duty(plot, policy_id, "Nightly", schedules.every(plot.now, 24, 3), 4)
    licence: Row = {"Platform": "windows", "PlatformDetails": "Windows", "UsageOperation": "RunInstances:0002"}
    for more in (licence, {}):
        of = machine(plot, 60, {}, (Disk(30, under), Disk(40, under)), **more)
        rhythm = Rhythm()
        for volume in of.volumes:
            deliver(plot, volume, of.created, [(nightly, {})], rhythm)
        if more:
            plot.note("instance_root_not_bootable", of.instance_id)


def idle_policy(plot: Plot) -> None:
    """A policy whose backups all failed since somebody broke its role, though AWS still calls it enabled."""
    row = every(24, "02:00", 4, "Nightly")
    policy_id = policy(plot, "Ledger", details_of({"backup": "ledger"}, [row]))
    nightly = duty(plot, policy_id, "Nightly", schedules.every(plot.now, 24, 2), 4)
    created = plot.ago(200)
    of = _disk(plot, created, {"backup": "ledger"}, backup="stale")
    plot.snapshot(of, plot.ago(40), description="before the move")
    settle(plot, nightly.promise, of.volume_id, created, usual="missed")


#: Stories of lifecycle policies.
STORIES: tuple[Telling, ...] = (
    (two_schedules, -1, 2),
    (four_hourly, -1, 1),
    (changed, -1, 2),
    (newcomers, -1, 2),
    (data_disks, -1, 2),
    (whole_images, -1, 2),
    (default_volumes, -1, 1),
    (default_machines, -1, 1),
    (scripts, -1, 2),
    (apart, -1, 2),
    (windows_root, -1, 2),
    (idle_policy, -1, 1),
)
