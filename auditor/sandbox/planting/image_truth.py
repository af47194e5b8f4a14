"""What the rules on the care of images must find in one image, by what its story declares of it."""

from __future__ import annotations

import random
from datetime import datetime

from auditor.sandbox.model import Row
from auditor.sandbox.planting.plot import DAY, Plot


def note_care(plot: Plot, row: Row, use: str, created: datetime) -> None:
    """Note what holds of an image by construction; its snapshots must have been planted before.

    Args:
        plot: Where.
        row: The image as DescribeImages tells it.
        use: What uses it, as for ``plant_image``.
        created: When it was made.
    """
    image_id = str(row["ImageId"])
    if row["State"] not in ("available", "disabled"):
        return
    if row["RootDeviceType"] == "instance-store":
        plot.note("image_instance_store", image_id)
    if row["VirtualizationType"] == "paravirtual":
        plot.note("image_paravirtual", image_id)
    mapped = [
        device["Ebs"]["SnapshotId"] for device in row["BlockDeviceMappings"] if "SnapshotId" in device.get("Ebs", {})
    ]
    held = [plot.here.snapshots[snapshot_id] for snapshot_id in mapped if snapshot_id in plot.here.snapshots]
    if row["State"] == "disabled":
        if held and use != "current" and plot.now - created > 30 * DAY:
            plot.note("image_disabled_costing", image_id)
    elif not all(snapshot["Encrypted"] for snapshot in held):
        plot.note("image_unencrypted", image_id)
    elif len(held) < len(mapped):
        plot.note("unknown:image_unencrypted", image_id)


def protection(plot: Plot, image_id: str) -> str:
    """Deregistration protection of an image: most have some where people take care, few where they do not."""
    rng = random.Random(image_id)  # of its own, so that what comes after stays as it is
    if rng.random() < (0.2 if plot.size.dense else 0.7):
        return rng.choice(("enabled-with-cooldown", "enabled-without-cooldown"))
    return "disabled"


def note_needed(plot: Plot, image: str) -> None:
    """Note that others rely on an image, which may be a parameter's: a template or group launches it, or it is shared.

    Args:
        plot: Where the template is; the image may be of another account, which knows by itself that it shares it.
        image: The image's id, or ``resolve:ssm:…``.
    """
    name = image.removeprefix("resolve:ssm:")
    image_id = image if name == image else str(plot.here.parameters[name]["Value"])
    row = plot.here.images.get(image_id)
    if row is not None and row["State"] == "available" and row["DeregistrationProtection"] == "disabled":
        plot.note("image_unprotected", image_id)
