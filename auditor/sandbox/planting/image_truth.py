"""What the rules on the care of images must find in one image, by what its story declares of it."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import datetime

from auditor.sandbox.model import Row
from auditor.sandbox.planting.plot import DAY, Plot


def note_care(plot: Plot, row: Row, use: str, created: datetime, elsewhere: bool) -> None:
    """Note what holds of an image by construction; its snapshots must have been planted before.

    Args:
        plot: Where.
        row: The image as DescribeImages tells it.
        use: What uses it, as for ``plant_image``.
        created: When it was made.
        elsewhere: Whether accounts that nobody here can read may use it.
    """
    image_id = str(row["ImageId"])
    if row["State"] not in ("available", "disabled"):
        return
    if elsewhere and use != "current" and plot.now - created > 180 * DAY:
        plot.note("unknown:image_stale_in_use", image_id)
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


def note_needed(plot: Plot, image_id: str) -> None:
    """Note that others rely on an image of this place, if it is one: it is launched by rule, or shared."""
    row = plot.here.images.get(image_id)
    if row is not None and row["State"] == "available" and row["DeregistrationProtection"] == "disabled":
        plot.note("image_unprotected", image_id)


def note_launched(plot: Plot, image: str) -> None:
    """Note that a template or group of this place launches an image: its id, or ``resolve:ssm:…``."""
    name = image.removeprefix("resolve:ssm:")
    image_id = image if name == image else str(plot.here.parameters[name]["Value"])
    note_needed(plot, image_id)
    note_firm_use(plot, image_id)


def note_firm_use(plot: Plot, image_id: str) -> None:
    """Note that something runs on an image of whichever account, or would be launched from it next."""
    for there in plot.organisation.places.values():
        if there.name == plot.here.name and image_id in there.images:
            created = datetime.fromisoformat(there.images[image_id]["CreationDate"])
            if plot.now - created > 180 * DAY:
                plot.organisation.truth["image_stale_in_use"].add((there.account_id, there.name, image_id))


def note_unused(plot: Plot, row: Row) -> None:
    """Note of an image that nothing uses what would be lost with it, though its snapshots were kept."""
    plain = row["PlatformDetails"] == "Linux/UNIX" and not row.get("ProductCodes")
    firmware = row.get("TpmSupport") or (row["BootMode"] == "uefi" and row["Architecture"] != "arm64")
    if row["RootDeviceType"] == "ebs" and (not plain or firmware or row["VirtualizationType"] == "paravirtual"):
        plot.note("image_licence_at_risk", str(row["ImageId"]))


def note_superseded(plot: Plot) -> None:
    """Note which images of a place three newer ones of their family follow; to be told when all of them stand."""
    families = defaultdict(list)
    for row in plot.here.images.values():
        if row["State"] == "available":
            families[plot.families.get(row["ImageId"]) or family(str(row["Name"]))].append(row)
    for rows in families.values():
        for row in rows:
            newer = sum(other["CreationDate"] > row["CreationDate"] for other in rows)
            use, elsewhere = plot.declared[row["ImageId"]]
            if newer >= 3 and use != "current" and row["ImageId"] not in plot.managed:
                plot.note("unknown:image_superseded" if elsewhere else "image_superseded", row["ImageId"])


def family(name: str) -> str:
    """What an image is, without the version, the day and the mark that pipelines put behind it."""
    what, _, mark = name.rpartition("-")
    named = what.split("-")
    pipeline = len(named) > 2 and named[-2].startswith("v") and named[-1].isdigit() and len(mark) == 5
    return "-".join(named[:-2]) if pipeline and any(letter.isdigit() for letter in mark) else name
