"""Plain rows in great numbers, for benchmarks: daily chains of live volumes, and images.

Rows of one chain share every value that is equal, so that a snapshot costs memory for what is its own only.
"""

from __future__ import annotations

from datetime import timedelta

from auditor.sandbox.blocks import BLOCK_BYTES, Held
from auditor.sandbox.model import Row
from auditor.sandbox.planting.images import device, plant_image
from auditor.sandbox.planting.plot import DAY, Plot, tag_list
from auditor.sandbox.planting.trail import image_created

#: Snapshots of one chain; daily, so the oldest are not a year old yet.
CHAIN = 120


def plant_bulk(plot: Plot) -> None:
    """As many plain snapshots and images as the size asks for; an image's snapshot is one of the snapshots."""
    images = min(plot.size.bulk_images, plot.size.bulk_snapshots)
    for number in range(images):
        _image(plot, number)
    left = plot.size.bulk_snapshots - images
    while left > 0:
        count = min(CHAIN, left)
        _chain(plot, count)
        left -= count


def _image(plot: Plot, number: int) -> None:
    """Every twentieth a young image, the others old: one in four that nothing uses, the rest launched lately.

    CloudTrail is asked for the young ones alone, and answers two requests a second for fifty of them each: with many
    more, a benchmark would measure that.
    """
    kind = number % 4
    days = 20 + number % 40 if number % 20 == 0 else 100 + number % 300
    created = plot.ago(days)
    of = plot.lineage(8, plot.keys.enabled)
    image_id = plot.new("ami")
    builder = plot.new("i")
    image_created(plot, image_id, builder, created)
    text = f"Created by CreateImage({builder}) for {image_id}"
    snapshot_id = plot.snapshot(of, created, description=text, kept="image")
    launched = None if kind == 3 or number % 20 == 0 else plot.ago(10)
    name = f"build-{number:06d}-nightly"
    devices, made = [device(0, snapshot_id, of)], "create-image likely"
    plant_image(plot, name, created, devices, use="none", origin=made, image_id=image_id, launched=launched)


def _chain(plot: Plot, count: int) -> None:
    """A detached volume with a snapshot on each of the last days; two in ten such chains are unencrypted."""
    rng, here = plot.rng, plot.here
    of = plot.lineage(200, None if rng.random() < 0.2 else plot.keys.enabled, used=0.3)
    plot.volume(of, plot.ago(count + 5), backup="fresh", state="available")
    shared: Row = {
        "OwnerId": here.account_id,
        "VolumeId": of.volume_id,
        "VolumeSize": of.size_gib,
        "Description": "nightly",
        "State": "completed",
        "Progress": "100%",
        "Encrypted": of.key is not None,
        "StorageTier": "standard",
        "Tags": tag_list({**plot.account.tags, **of.tags, "Name": of.volume_id}),
    }
    if of.key is not None:
        shared |= {"KmsKeyId": of.key, "DataEncryptionKeyId": of.data_key}
    started = plot.now - count * DAY + timedelta(hours=22, seconds=rng.randrange(60, 3000))
    for _ in range(count):
        of.write(rng)
        snapshot_id = plot.new("snap")
        here.snapshots[snapshot_id] = {
            "SnapshotId": snapshot_id,
            "StartTime": started,
            "CompletionTime": started + timedelta(minutes=rng.randrange(1, 30)),
            "FullSnapshotSizeInBytes": of.history.present(of.point) * BLOCK_BYTES,
        } | shared
        here.blocks[snapshot_id] = Held(of.history, of.point)
        if of.key is None:
            plot.note("snapshot_unencrypted", snapshot_id)
        started += DAY
