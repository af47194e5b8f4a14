"""Chains of snapshots of volumes: by policy, by hand, by Kubernetes; with gaps, and without their volume."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta

from auditor.sandbox.planting import lifecycle
from auditor.sandbox.planting.names import PEOPLE, server
from auditor.sandbox.planting.plot import DAY, Lineage, Plot, Telling, stamp
from auditor.sandbox.planting.promises import Fates, Rhythm, deliver


def chain(
    plot: Plot,
    of: Lineage,
    days: Iterable[int],
    *,
    description: str = "",
    tags: dict[str, str] | None = None,
    orphan: str = "",
) -> list[str]:
    """A snapshot about three o'clock on each of the days, with a day's writes before each.

    Args:
        plot: Where.
        of: The volume's history.
        days: How many days ago each snapshot was started, the oldest first.
        description: Description of all of them.
        tags: Tags of all of them.
        orphan: Why nothing needs them once they are old, if so.

    Returns:
        Their ids, the oldest first.
    """
    ids = []
    for day in days:
        of.write(plot.rng)
        started = plot.now - timedelta(days=day, hours=2, seconds=plot.rng.randrange(60, 3000))
        ids.append(plot.snapshot(of, started, description=description, tags=tags, orphan=orphan))
    return ids


def amazon_image(plot: Plot) -> tuple[str, str]:
    """An image that Amazon owns in this region, and its snapshot; the same for every account."""
    rng = random.Random(f"{plot.organisation.seed}/amazon/{plot.here.name}")
    image_id = f"ami-0{rng.getrandbits(64):016x}"
    plot.organisation.other_images[plot.here.name][image_id] = {
        "ImageId": image_id,
        "Name": "al2023-ami-2023.6.20250115.0-kernel-6.1-x86_64",
        "OwnerId": "137112412989",
        "ImageOwnerAlias": "amazon",
        "CreationDate": stamp(plot.now - 400 * DAY),
        "State": "available",
        "Public": True,
    }
    return image_id, f"snap-0{rng.getrandbits(64):016x}"


def plant_servers(plot: Plot) -> None:
    """Machines whose volumes an enabled policy snapshots every night, but for one volume on one night."""
    daily = lifecycle.daily_policy(plot)
    for number in range(plot.size.servers):
        name = server(plot.rng)
        image_id, source = amazon_image(plot)
        created = plot.ago(plot.size.chain_days + plot.rng.randrange(5, 300))
        instance_id = plot.instance(image_id, created, name=name)
        rhythm = Rhythm()
        for size, device in ((plot.rng.choice((8, 16, 30)), "/dev/xvda"), (plot.rng.choice((50, 100)), "/dev/sdf")):
            tags = {**plot.account.tags, **lifecycle.DAILY, "Name": f"{name}{device.replace('/dev/', '-')}"}
            of = plot.lineage(size, plot.usual_key(), used=0.25, tags=tags)
            boot = source if device == "/dev/xvda" else ""
            plot.volume(of, created, backup="fresh", source=boot, instance=instance_id, device=device, promised=True)
            odd = number == 0 and not boot and (plot.size.dense or plot.maybe(0.25))
            deliver(plot, of, created, [(daily.duties[0], _bad_night(plot) if odd else {})], rhythm)


def _bad_night(plot: Plot) -> Fates:
    """One night, but not the last, on which the daily policy did not do as promised."""
    night = plot.rng.randrange(1, plot.size.chain_days - 1)
    return {night: plot.rng.choice(("missed", "missed", "late", "failed", "retried"))}


def stale_volume(plot: Plot) -> None:
    """Somebody used to snapshot this volume by hand, with gaps, and stopped. Its snapshots are needed: it lives."""
    last = plot.rng.randrange(9, 60)
    of = plot.lineage(40, plot.usual_key(), tags={"Name": server(plot.rng)})
    days = [last + gap for gap in (45, 31, 30, 12, 1, 0)]
    instance_id = plot.instance(amazon_image(plot)[0], plot.ago(200), name=of.tags["Name"])
    plot.volume(of, plot.ago(200), backup="stale", instance=instance_id, device="/dev/sdg")
    for number, day in enumerate(days):
        chain(plot, of, [day], description=f"before release {number} by {plot.rng.choice(PEOPLE)}")


def disabled_policy(plot: Plot) -> None:
    """A policy was switched off: one volume is stale, the other is gone and its snapshots are kept for ever."""
    state = plot.rng.choice(("DISABLED", "ERROR"))
    policy_id = lifecycle.daily_policy(plot, state=state, tags={"backup": "retired"}).policy_id
    last = plot.rng.randrange(12, 80)
    for gone in (False, True):
        of = plot.lineage(20, plot.usual_key(), tags={"backup": "retired", "Name": server(plot.rng)})
        if not gone:
            plot.volume(of, plot.ago(300), backup="stale", instance=_host(plot), device="/dev/sdh")
        ids = chain(
            plot,
            of,
            range(last + 4, last - 1, -1),
            description=lifecycle.description(policy_id),
            tags={**of.tags, **lifecycle.snapshot_tags(policy_id)},
            orphan="volume_gone" if gone else "",
        )
        _note_leftovers(plot, ids)


def _note_leftovers(plot: Plot, snapshot_ids: Iterable[str]) -> None:
    """Note that the policy that made snapshots will never delete them."""
    for snapshot_id in snapshot_ids:
        plot.note("lifecycle_leftover", snapshot_id)


def vanished_policy(plot: Plot) -> None:
    """The policy does not exist any more, nor does one of the two volumes that it snapshotted."""
    policy_id = plot.new("policy")
    for gone in (True, False):
        of = plot.lineage(30, plot.usual_key())
        if not gone:
            plot.volume(of, plot.ago(200), backup="stale", instance=_host(plot), device="/dev/sdh")
        ids = chain(
            plot,
            of,
            range(120, 0, -30),
            description=lifecycle.description(policy_id, "Monthly"),
            tags=lifecycle.snapshot_tags(policy_id, "Monthly"),
            orphan="volume_gone" if gone else "",
        )
        _note_leftovers(plot, ids)


def kept_by_policy(plot: Plot) -> None:
    """The volume is gone and an enabled policy goes on managing its snapshots: not an orphan, merely old."""
    policy_id = lifecycle.daily_policy(plot, tags={"backup": "monthly"}).policy_id
    of = plot.lineage(30, plot.usual_key())
    chain(
        plot,
        of,
        (430, 400, 200, 100),
        description=lifecycle.description(policy_id),
        tags=lifecycle.snapshot_tags(policy_id),
    )


def replaced_volume(plot: Plot) -> None:
    """A volume was restored from the last snapshot of its predecessor, which is gone; the new one is backed up.

    The snapshots share a lineage over both volumes; the one that the new volume was made from is needed.
    """
    old = plot.lineage(20, plot.usual_key(), tags={"Name": server(plot.rng)})
    ids = chain(plot, old, range(90, 40, -10), description="nightly", orphan="volume_gone")
    chosen = chain(plot, old, [40], description="last before the restore")[0]
    new = Lineage(plot.new("vol"), 32, old.key, old.data_key, old.history, old.point, old.tags)
    plot.volume(new, plot.ago(39.5), backup="fresh", source=chosen, instance=_host(plot), device="/dev/sdi")
    # the old volume went on for some days after the restore: a second branch of the same lineage
    ids += chain(plot, old, [38, 36], description="nightly", orphan="volume_gone")
    chain(plot, new, range(10, 0, -3), description=f"nightly, restored from {chosen}")


def kubernetes(plot: Plot) -> None:
    """Snapshots of a cluster by the CSI driver and by Velero: no orphans, though their volumes are gone."""
    volume_id = plot.new("vol")
    of = plot.lineage(10, plot.usual_key(), volume_id=volume_id)
    chain(
        plot,
        of,
        (75, 50, 33),
        description=f"Created by AWS EBS CSI driver for volume {volume_id}",
        tags={
            "CSIVolumeSnapshotName": f"snapshot-{plot.uuid()}",
            "ebs.csi.aws.com/cluster": "true",
            "kubernetes.io/cluster/prod": "owned",
        },
    )
    velero = plot.lineage(10, plot.usual_key())
    tags = {
        "velero.io/backup": "nightly",
        "velero.io/storage-location": "default",
        "velero.io/pv": f"pvc-{plot.uuid()}",
    }
    chain(plot, velero, (64, 34), tags=tags)


def old_snapshots(plot: Plot) -> None:
    """Yearly snapshots by hand of a volume that lives and is backed up: too old, not orphans."""
    of = plot.lineage(60, plot.usual_key(), tags={"Name": server(plot.rng)})
    plot.volume(of, plot.ago(1700), backup="fresh", instance=_host(plot), device="/dev/sdj")
    chain(plot, of, (1500, 1100, 700, 400), description=f"year end, {plot.hostile('closing of the books')}")
    chain(plot, of, (300, 2), description="month end")


def forgotten(plot: Plot) -> None:
    """Snapshots by hand of volumes that are gone: orphans once they are 30 days old, too old after a year."""
    for days in ((800, 380), (200, 90, 45), (20, 10)):
        of = plot.lineage(plot.rng.choice((8, 100)), plot.usual_key())
        name = server(plot.rng)
        tags = {"Name": plot.hostile(name)}
        if days == (800, 380) and name != tags["Name"]:
            tags["owner"] = plot.hostile("")
        text = plot.hostile(f"{name} before the upgrade")
        chain(plot, of, days, description=text, tags=tags, orphan="volume_gone")


def kept_by_tag(plot: Plot) -> None:
    """The volume is gone, and a tag says to keep the snapshot. Keys compare case-insensitively."""
    for key in ("Keep", "do-not-delete"):
        of = plot.lineage(8, plot.usual_key())
        chain(plot, of, (60,), description="evidence", tags={key: plot.rng.choice(("", "true", "legal"))})


def _host(plot: Plot) -> str:
    """An instance to attach to, without volumes of its own that anybody lists here."""
    return plot.instance(amazon_image(plot)[0], plot.ago(400), name=server(plot.rng))


def unprotected(plot: Plot) -> None:
    """Volumes that nobody ever backed up, and some that only look like it."""
    host = _host(plot)
    image_snapshot = amazon_image(plot)[1]
    named = {"Name": server(plot.rng)}
    scratch = {"ephemeral": "true"}
    # plainly never; restored from a snapshot, which is where it came from; detached; declared scratch by a tag
    plot.volume(plot.lineage(100, plot.usual_key(), tags=named), plot.ago(80), backup="never", instance=host)
    plot.volume(plot.lineage(8), plot.ago(50), backup="never", source=image_snapshot, instance=host, device="/dev/sdk")
    plot.volume(plot.lineage(500, plot.usual_key()), plot.ago(600), backup="never", state="available")
    lost = plot.lineage(10, tags=scratch)
    plot.volume(lost, plot.ago(3), backup="never", instance=host, device="/dev/sdl", promised=True)
    # only a pending and a failed snapshot
    of = plot.lineage(40, plot.keys.enabled, tags=named)
    plot.volume(of, plot.ago(30), backup="never", instance=host, device="/dev/sdm")
    plot.snapshot(of, plot.ago(0.05), state="pending")
    plot.snapshot(of, plot.ago(1.5), state="error", StateMessage="Snapshot failed")
    # younger than two days; being made; failed: none of them is judged
    plot.volume(plot.lineage(8), plot.now - DAY / 2, backup="never", instance=host, device="/dev/sdn")
    plot.volume(plot.lineage(8), plot.now - timedelta(minutes=1), backup="never", state="creating")
    plot.volume(plot.lineage(8), plot.ago(90), backup="never", state="error")


def detached(plot: Plot) -> None:
    """A detached volume with one old snapshot: backed up, and nobody writes to it, so not stale."""
    of = plot.lineage(20, plot.usual_key())
    plot.volume(of, plot.ago(300), backup="stale", state="available")
    chain(plot, of, [60], description="before detaching")


#: Stories of chains.
STORIES: tuple[Telling, ...] = (
    (plant_servers, 1, 0),
    (stale_volume, 1, 9),
    (old_snapshots, 1, 4),
    (forgotten, 1, 4),
    (unprotected, 1, 3),
    (disabled_policy, 0, 1),
    (vanished_policy, 0, 1),
    (kept_by_policy, 0, 2),
    (replaced_volume, 0, 1),
    (kubernetes, 0, 0),
    (kept_by_tag, 0, 0),
    (detached, 0, 0),
)
