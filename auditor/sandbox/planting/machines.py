"""Machines that are backed up as a whole: sets of snapshots, images, and recovery points that are images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from auditor.sandbox.model import Row
from auditor.sandbox.planting import backup
from auditor.sandbox.planting.chains import amazon_image
from auditor.sandbox.planting.images import device, plant_image
from auditor.sandbox.planting.lifecycle import FAILED, description, snapshot_tags
from auditor.sandbox.planting.names import server
from auditor.sandbox.planting.plot import Lineage, Plot, tag_list
from auditor.sandbox.planting.promises import DELAYS, Fates, Promise, settle
from auditor.sandbox.planting.trail import image_created


@dataclass(frozen=True)
class Disk:
    """A volume of a machine to be planted.

    Attributes:
        size_gib: Its size.
        tags: Its tags.
        left_out: Whether backups of the machine leave it out.
        days: How many days ago it was attached, where that was after the machine was launched.
    """

    size_gib: int
    tags: dict[str, str]
    left_out: bool = False
    days: float | None = None


@dataclass(frozen=True)
class Machine:
    """A planted machine; its volumes are those that are to be backed up with it, the root first if it is.

    Attributes:
        since: By volume, when it was attached.
    """

    instance_id: str
    created: datetime
    volumes: tuple[Lineage, ...]
    since: dict[str, datetime]

    def at(self, moment: datetime) -> Machine:
        """The machine with the volumes it had at a moment."""
        return replace(self, volumes=tuple(each for each in self.volumes if self.since[each.volume_id] <= moment))


def machine(plot: Plot, days: float, tags: dict[str, str], disks: Sequence[Disk], **more: object) -> Machine:
    """Plant a machine with its volumes, under something that backs up the machine.

    Args:
        plot: Where.
        days: How many days ago it was launched.
        tags: Its tags besides its name and what it is for.
        disks: Its volumes, the root first.
        more: Further members of the instance's row.
    """
    name, created = server(plot.rng), plot.ago(days)
    image_id, source = amazon_image(plot)
    row: Row = {"Tags": tag_list({"Name": name, "env": plot.account.tags["env"], **tags})} | more
    instance_id = plot.instance(image_id, created, name=name, **row)
    kept, since = [], {}
    for number, disk in enumerate(disks):
        attached = created if disk.days is None else plot.ago(disk.days)
        of = plot.lineage(disk.size_gib, plot.usual_key(), used=0.2, tags={"Name": name, **disk.tags})
        plot.volume(
            of,
            attached,
            backup="never" if disk.left_out else "fresh",
            source=source if number == 0 else "",
            instance=instance_id,
            device="/dev/xvda" if number == 0 else f"/dev/sd{'fghi'[number - 1]}",
            promised=not disk.left_out,
        )
        if not disk.left_out:
            kept.append(of)
            since[of.volume_id] = attached
    return Machine(instance_id, created, tuple(kept), since)


#: Plants what one window of a machine leaves behind: when it was scheduled, when it began, and its fate.
Maker = Callable[[Plot, Machine, datetime, datetime, str], None]


def deliver(plot: Plot, of: Machine, promise: Promise, make: Maker, fates: Fates) -> None:
    """Plant what a promise on a machine left behind."""
    for scheduled, fate in settle(plot, promise, of.instance_id, of.created, fates):
        begun = scheduled + timedelta(seconds=plot.rng.randrange(60, 2400)) + DELAYS.get(fate, timedelta())
        if fate not in ("missed", "pending"):
            make(plot, of.at(scheduled), scheduled, begun, fate)


def sets(policy_id: str, schedule: str) -> Maker:
    """By a lifecycle policy that snapshots all volumes of a machine at one moment."""

    def make(plot: Plot, of: Machine, _: datetime, begun: datetime, fate: str) -> None:
        text = description(policy_id, schedule)
        for volume in of.volumes[:-1] if fate == "partial" else of.volumes:
            volume.write(plot.rng)
            tags = {**volume.tags, **snapshot_tags(policy_id, schedule)}
            if fate == "failed":
                plot.snapshot(volume, begun, description=text, tags=tags, state="error", StateMessage=FAILED)
            else:
                plot.snapshot(volume, begun, description=text, tags=tags)

    return make


def images(policy_id: str, schedule: str) -> Maker:
    """By a lifecycle policy that makes images."""

    def make(plot: Plot, of: Machine, _: datetime, begun: datetime, fate: str) -> None:
        name = f"{policy_id}_{of.instance_id}_{begun:%Y-%m-%dT%H.%M.%S}.{plot.rng.randrange(1000):03d}Z"
        _image(plot, of, begun, fate, name, snapshot_tags(policy_id, schedule))

    return make


def recovery_points(by: backup.Rule) -> Maker:
    """By a rule of a backup plan."""

    def make(plot: Plot, of: Machine, scheduled: datetime, begun: datetime, fate: str) -> None:
        resource = f"instance/{of.instance_id}"
        if fate in backup.FAILURES or fate == "retried":
            backup.failed_job(plot, by, resource, scheduled, "failed" if fate == "retried" else fate)
        if fate in backup.FAILURES:
            return
        if fate == "deleted":
            backup.job(plot, by, resource, scheduled, RecoveryPointArn=backup.image_arn(plot, plot.new("ami")))
            return
        name = f"AwsBackup_{of.instance_id}_{plot.uuid()}"
        tags = {"aws:backup:source-resource": of.instance_id}
        arn = backup.image_arn(plot, _image(plot, of, begun, fate, name, tags))
        size = sum(volume.size_gib for volume in of.volumes)
        status = "PARTIAL" if fate == "torn" else "COMPLETED"
        locked = all(volume.key for volume in of.volumes)
        done: Row = {"CompletionDate": backup.done_at(plot, begun, fate)}
        backup.recovery_point(plot, by, arn, resource, begun, size, Status=status, IsEncrypted=locked, **done)
        backup.job(plot, by, resource, scheduled, state=status, RecoveryPointArn=arn, **done)

    return make


def _image(plot: Plot, of: Machine, begun: datetime, fate: str, name: str, tags: dict[str, str]) -> str:
    """An image of a machine with its snapshots: none where it failed, all but the last where it is in part."""
    image_id = plot.new("ami")
    policy = plot.here.lifecycle_policies.get(tags.get("aws:dlm:lifecycle-policy-id", ""))
    origin = "dlm proven" if policy else "aws-backup proven"
    plot.families[image_id] = name.rpartition("_")[0]
    if policy is None or policy["State"] == "ENABLED":
        plot.managed.add(image_id)
    if fate == "failed":
        why: Row = {"StateReason": {"Code": "Client.InternalError", "Message": FAILED}}
        return plant_image(
            plot,
            name,
            begun,
            [],
            use="none",
            origin=origin,
            image_id=image_id,
            state="failed",
            tags=tags,
            SourceInstanceId=of.instance_id,
            **why,
        )
    # AWS Backup never reboots, and is meant not to; a lifecycle policy does where it is told to
    runs_on = policy is None or policy["PolicyDetails"].get("Parameters", {}).get("NoReboot", True)
    image_created(plot, image_id, of.instance_id, begun, no_reboot=runs_on)
    if policy is not None and runs_on:
        plot.note("image_inconsistent", image_id)
    text = f"Created by CreateImage({of.instance_id}) for {image_id}"
    mappings = []
    for number, volume in enumerate(of.volumes[:-1] if fate in ("partial", "torn") else of.volumes):
        volume.write(plot.rng)
        snapshot_id = plot.snapshot(volume, begun, description=text, kept="image", tags=tags)
        mappings.append(device(number, snapshot_id, volume))
    source: Row = {"SourceInstanceId": of.instance_id}
    return plant_image(plot, name, begun, mappings, use="none", origin=origin, image_id=image_id, tags=tags, **source)
