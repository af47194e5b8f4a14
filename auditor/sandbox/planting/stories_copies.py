"""Backups of machines and volumes that are copied away: to another region, another account, or out of sight.

What became of the copies is said by when they ended: those of backups younger than so many days are not there.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from auditor.sandbox.model import Row
from auditor.sandbox.planting import backup, machines, schedules
from auditor.sandbox.planting.backup import plan, rule, vault
from auditor.sandbox.planting.chains import amazon_image
from auditor.sandbox.planting.images import device, plant_image
from auditor.sandbox.planting.lifecycle import description, details_of, duty, every, policy
from auditor.sandbox.planting.machines import Disk, machine
from auditor.sandbox.planting.names import FAR, VENDOR, server
from auditor.sandbox.planting.plot import DAY, NO_VOLUME, Lineage, Plot, Telling
from auditor.sandbox.planting.promises import deliver
from auditor.sandbox.planting.stories_images import copy_text

#: Days since copies ended: all are there, last night's is on its way, none of late, and none ever.
KEPT, ON_ITS_WAY, STOPPED, NEVER = 0.0, 0.4, 2.5, 99.0

#: Copies of images that lie in one region; of a fourth the first would be superseded.
_IMAGES = 3

_DISKS = (Disk(8, {}), Disk(20, {}))


def plant_copies(places: Mapping[tuple[str, str], Plot], accounts: Sequence[str], regions: Sequence[str]) -> None:
    """Tell the stories of copies between two places of the organisation.

    Args:
        places: The planted places by account and region.
        accounts: The active accounts.
        regions: The planted regions; their order does not matter.
    """
    ordered = sorted(regions)
    pairs = [((account, source), (account, target)) for account in accounts for source, target in pairwise(ordered)]
    pairs += [((source, ordered[0]), (target, ordered[0])) for source, target in pairwise(accounts)]
    if not pairs:
        return
    plot = next(iter(places.values()))
    rng = random.Random(f"{plot.organisation.seed}/copies")
    rng.shuffle(pairs)
    # what went wrong, and in what, comes round together before any of it comes again
    ends = [STOPPED, NEVER, KEPT, ON_ITS_WAY]
    wanted = len(pairs) if plot.size.dense else max(4, len(pairs) // 5)
    for number, (source, target) in enumerate(pairs[:wanted]):
        rng = random.Random(f"{plot.organisation.seed}/copies/{source}/{target}")
        here, there = (_with(places[place], rng) for place in (source, target))
        within = source[0] == target[0]
        stories: tuple[Story, ...] = (_sets, _points, _images, _kept_shortly) if within else (_points,)
        stories[number % len(stories)](here, there, ends[(number + number // len(ends)) % len(ends)])


#: Plants backups here and their copies there, which ended so many days ago.
Story = Callable[[Plot, Plot, float], None]


def _with(plot: Plot, rng: random.Random) -> Plot:
    return replace(plot, rng=rng)


def _found(plot: Plot, kind: str, resource_id: str, promise_id: str, destination: str, ended: float) -> None:
    """Write down that copies are missing, if they ended longer ago than they may be on their way."""
    if ended >= STOPPED:
        plot.note(f"{kind}_copy_missing", resource_id, f"{promise_id} {destination}")


def _region_rule(region: str, key: str, **more: object) -> Row:
    """A rule of a schedule that copies to a region."""
    retain: Row = {"Interval": 14, "IntervalUnit": "DAYS"}
    return {"Encrypted": True, "CmkArn": key, "CopyTags": True, "RetainRule": retain, "Target": region} | more


def _by(row: Row, policy_id: str) -> bool:
    """Whether a lifecycle policy made a snapshot or image."""
    return {"Key": "aws:dlm:lifecycle-policy-id", "Value": policy_id} in row["Tags"]


def _sets(source: Plot, target: Plot, ended: float) -> None:
    """A policy on machines whose snapshots are copied, all volumes' or all but one's; the newest restore fast."""
    name, region = "Consistent", target.here.name
    count = min(source.size.chain_days, 7)
    under = {"dlm": f"machines-to-{region}"}
    fast: Row = {"Count": 1, "AvailabilityZones": [f"{source.here.name}a"]}
    copies = [_region_rule(region, target.keys.enabled)]
    row = every(24, "01:30", count, name, CrossRegionCopyRules=copies, FastRestoreRule=fast)
    policy_id = policy(source, f"Machines to {region}", details_of(under, [row], kind="INSTANCE"))
    kept = duty(source, policy_id, name, schedules.daily(source.now, 1, 30), count).promise
    of = machine(source, 40, under, _DISKS)
    machines.deliver(source, of, kept, machines.sets(policy_id, name), {})
    lost = {volume.volume_id for volume in of.volumes[-1 if source.maybe(0.5) else 0 :]}
    _copy_snapshots(source, target, policy_id, ended, lost)
    _found(source, "instance", of.instance_id, kept.promise_id, region, ended)


def _copy_snapshots(source: Plot, target: Plot, policy_id: str, ended: float, lost: set[str]) -> None:
    """Copies of what a policy made; since they ended, only of volumes that are not lost."""
    data_keys: dict[str, str] = defaultdict(target.uuid)
    for snapshot_id, row in list(source.here.snapshots.items()):
        volume_id, started = row["VolumeId"], row["StartTime"]
        late = source.now - started < ended * DAY and volume_id in lost
        if late or row["State"] != "completed" or not _by(row, policy_id):
            continue
        held = source.here.blocks[snapshot_id]
        of = Lineage(volume_id, row["VolumeSize"], target.keys.enabled, data_keys[volume_id], held.history, held.point)
        own = {tag["Key"]: tag["Value"] for tag in row["Tags"] if not tag["Key"].startswith(("aws:", "dlm:"))}
        text = f"[Copied {snapshot_id} from {source.here.name}] {row['Description']}"
        began = min(started + timedelta(minutes=40), source.now)
        target.snapshot(of, began, description=text, volume_id=NO_VOLUME, tags=own)


def _images(source: Plot, target: Plot, ended: float) -> None:
    """A policy that makes images, whose copies are deprecated after a day."""
    region = target.here.name
    policy_id, of, promise_id = _imaged(source, region, target.keys.enabled)
    for image_id, row in list(source.here.images.items()):
        started = datetime.fromisoformat(row["CreationDate"])
        if source.now - started < ended * DAY or not _by(row, policy_id):
            continue
        began = min(started + timedelta(hours=1), source.now)
        _copy_image(source, target, image_id, began, {}, "copy-image proven", deprecated=started + DAY)
    _found(source, "instance", of.instance_id, promise_id, region, ended)


def _imaged(plot: Plot, region: str, key: str) -> tuple[str, machines.Machine, str]:
    """A policy that makes images and copies them to a region, and what it made: policy, machine and promise."""
    name, under = "Images", {"image": f"to-{region}"}
    deprecate: Row = {"Interval": 1, "IntervalUnit": "DAYS"}
    copies = _region_rule(region, key, TargetRegion=region, DeprecateRule=deprecate)
    del copies["Target"]  # of images, the region is said
    row = every(24, "00:00", _IMAGES, name, CrossRegionCopyRules=[copies], DeprecateRule=deprecate)
    details = details_of(under, [row], kind="INSTANCE", PolicyType="IMAGE_MANAGEMENT", Parameters={"NoReboot": True})
    policy_id = policy(plot, f"Images to {region}", details)
    kept = duty(plot, policy_id, name, schedules.every(plot.now, 24, 0), _IMAGES).promise
    of = machine(plot, 50, under, _DISKS)
    machines.deliver(plot, of, kept, machines.images(policy_id, name), {})
    return policy_id, of, kept.promise_id


def _copy_image(
    source: Plot,
    target: Plot,
    image_id: str,
    began: datetime,
    tags: dict[str, str],
    origin: str,
    deprecated: datetime | None = None,
) -> str:
    """A copy of an image with its snapshots, in another region or account."""
    row, copy_id = source.here.images[image_id], target.new("ami")
    devices = []
    for number, mapping in enumerate(row["BlockDeviceMappings"]):
        snapshot_id = mapping["Ebs"]["SnapshotId"]
        held, size = source.here.blocks[snapshot_id], mapping["Ebs"]["VolumeSize"]
        data_key = target.uuid()  # under which nothing is shared with copies made before
        of = Lineage(NO_VOLUME, size, target.keys.enabled, data_key, held.history, held.point, line=data_key)
        text = copy_text(target, copy_id, image_id, snapshot_id, (target.now - began) / DAY)
        made = target.snapshot(of, began, description=text, volume_id=NO_VOLUME, kept="image", tags=tags)
        devices.append(device(number, made, of))
    came: Row = {"SourceImageId": image_id, "SourceImageRegion": source.here.name, "deprecated": deprecated}
    return plant_image(
        target, row["Name"], began, devices, use="none", origin=origin, image_id=copy_id, tags=tags, **came
    )


def _points(source: Plot, target: Plot, ended: float) -> None:
    """A plan that backs up machines and copies the recovery points to a vault in another region or account."""
    where = vault(target, _name(source, "machines"))
    by, of, promise_id = _pointed(source, target.arn("backup", f"backup-vault:{where}"))
    for arn, row in list(source.here.recovery_points[by.vault].items()):
        if source.now - row["CreationDate"] < ended * DAY:
            continue
        began = min(row["CreationDate"] + timedelta(hours=1), source.now)
        tags = {"aws:backup:source-resource": of.instance_id}
        copy_id = _copy_image(source, target, arn.rpartition("/")[2], began, tags, "aws-backup proven")
        target.managed.add(copy_id)
        target.families[copy_id] = f"AwsBackup_{of.instance_id}"
        backup.copied_point(source, target, by, row, backup.image_arn(target, copy_id), where, began)
    _found(source, "instance", of.instance_id, promise_id, target.arn("backup", f"backup-vault:{where}"), ended)


def _pointed(plot: Plot, vault_arn: str) -> tuple[backup.Rule, machines.Machine, str]:
    """A plan that backs up a machine and copies to a vault, and what it made: rule, machine and promise."""
    value = _name(plot, "machines")
    nightly = rule("machines", vault(plot, value), schedules.daily(plot.now, 1), 4)
    nightly[0]["CopyActions"] = [{"DestinationBackupVaultArn": vault_arn, "Lifecycle": {"DeleteAfterDays": 9}}]
    by = plan(plot, value, [nightly], backup.tagged("backup-plan", value)).rules[0]
    of = machine(plot, 45, {"backup-plan": value}, _DISKS)
    machines.deliver(plot, of, by.promise, machines.recovery_points(by), {})
    return by, of, by.promise.promise_id


def _kept_shortly(source: Plot, target: Plot, ended: float) -> None:
    """Backups that are kept for a day or so: what their copies should be of is gone."""
    story = _shortly_by_plan if ended in (KEPT, STOPPED) else _shortly_by_policy
    story(source, target, ended)


def _shortly_by_plan(source: Plot, target: Plot, ended: float) -> None:
    """Copies by a plan, which name their volume: the newest is days old, or from last night."""
    where = vault(target, _name(source, "long"))
    there = target.arn("backup", f"backup-vault:{where}")
    nightly = rule("nightly", vault(source, _name(source, "short")), schedules.daily(source.now, 1), 1)
    nightly[0]["CopyActions"] = [{"DestinationBackupVaultArn": there, "Lifecycle": {"DeleteAfterDays": 30}}]
    of = _disk(source, {})
    named: Row = {"Resources": [source.arn("ec2", f"volume/{of.volume_id}")]}
    by = plan(source, _name(source, "short"), [nightly], named).rules[0]
    deliver(source, of, source.ago(60), [(backup.duty(by), {})])
    ((arn, row),) = source.here.recovery_points[by.vault].items()
    held, data_key = source.here.blocks[arn.rpartition("/")[2]], target.uuid()
    for nights in range(6, int(ended * 2) - 1, -1):
        then = row["CreationDate"] - nights * DAY
        copy = Lineage(of.volume_id, of.size_gib, target.keys.enabled, data_key, held.history, held.point)
        tags = {"aws:backup:source-resource": of.volume_id}
        began = min(then + timedelta(hours=1), source.now)
        made = target.snapshot(copy, began, description=backup.TEXT, volume_id=NO_VOLUME, tags=tags)
        gone = {"RecoveryPointArn": backup.snapshot_arn(source, source.new("snap"))} if nights else {}
        old = row | gone | {"CreationDate": then}
        backup.copied_point(source, target, by, old, backup.snapshot_arn(target, made), where, began, 30)
    _found(source, "backup", of.volume_id, by.promise.promise_id, there, ended)


def _shortly_by_policy(source: Plot, target: Plot, ended: float) -> None:
    """Copies by a policy, which do not name their volume: there never was any, or nobody can say of which one it is."""
    region, under = target.here.name, {"backup": f"last-night-to-{target.here.name}"}
    row = every(24, "03:00", 1, CrossRegionCopyRules=[_region_rule(region, target.keys.enabled)])
    policy_id = policy(source, f"Last night to {region}", details_of(under, [row]))
    nightly = duty(source, policy_id, "Daily", schedules.every(source.now, 24, 3), 1)
    for _ in range(2):
        of = _disk(source, under)
        if ended == ON_ITS_WAY:
            source.note("unknown:backup_copy_missing", of.volume_id)
            began = source.now.replace(hour=3, minute=50) - DAY
            copy = Lineage(of.volume_id, of.size_gib, target.keys.enabled, target.uuid(), of.history, of.point)
            text = f"[Copied {source.new('snap')} from {source.here.name}] {description(policy_id)}"
            target.snapshot(copy, began, description=text, volume_id=NO_VOLUME, tags=of.tags)
        deliver(source, of, source.ago(60), [(nightly, {})])
        _found(source, "backup", of.volume_id, nightly.promise.promise_id, region, ended)


def _disk(plot: Plot, tags: dict[str, str]) -> Lineage:
    """A disk that something backs up, on a machine without any other."""
    name, created = server(plot.rng), plot.ago(61)
    of = plot.lineage(20, plot.keys.enabled, used=0.2, tags={**tags, "Name": name})
    host = plot.instance(amazon_image(plot)[0], created, name=name)
    plot.volume(of, created, backup="fresh", instance=host, device="/dev/sdp", promised=True)
    return of


def _name(plot: Plot, what: str) -> str:
    return f"{what}-{plot.rng.getrandbits(28):07x}"


def out_of_sight(plot: Plot) -> None:
    """Copies to a region that nobody here looks at, and to a vault of a stranger: nobody can say what is there."""
    key = plot.arn("kms", f"key/{plot.uuid()}").replace(plot.here.name, FAR)
    _, imaged, _ = _imaged(plot, FAR, key)
    plot.note("unknown:instance_copy_missing", imaged.instance_id)
    arn = plot.arn("backup", "backup-vault:vendor").replace(plot.here.account_id, VENDOR)
    _, pointed, _ = _pointed(plot, arn)
    plot.note("unknown:instance_copy_missing", pointed.instance_id)
    under = {"backup": f"daily-to-{FAR}"}
    row = every(24, "03:00", 4, CrossRegionCopyRules=[_region_rule(FAR, key)])
    policy_id = policy(plot, f"Daily to {FAR}", details_of(under, [row]))
    of = _disk(plot, under)
    deliver(plot, of, plot.ago(60), [(duty(plot, policy_id, "Daily", schedules.every(plot.now, 24, 3), 4), {})])
    plot.note("unknown:backup_copy_missing", of.volume_id)


#: Stories of copies that one place tells alone.
STORIES: tuple[Telling, ...] = ((out_of_sight, -1, 1),)
