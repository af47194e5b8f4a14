"""What the rules on the care of images must find in one image, by what its story declares of it."""

from __future__ import annotations

from auditor.sandbox.model import Row
from auditor.sandbox.planting.plot import Plot


def note_care(plot: Plot, row: Row) -> None:
    """Note what holds of an image by construction; its snapshots must have been planted before.

    Args:
        plot: Where.
        row: The image as DescribeImages tells it.
    """
    image_id = str(row["ImageId"])
    if row["State"] not in ("available", "disabled"):
        return
    if row["RootDeviceType"] == "instance-store":
        plot.note("image_instance_store", image_id)
    if row["VirtualizationType"] == "paravirtual":
        plot.note("image_paravirtual", image_id)
