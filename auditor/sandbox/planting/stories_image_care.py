"""Images that want care: on S3, on kernels of the past, disabled and forgotten; and ones that only look like it."""

from __future__ import annotations

from auditor.sandbox.planting.images import plant_image
from auditor.sandbox.planting.names import ROLES, SERVICES, image_name
from auditor.sandbox.planting.plot import Plot, Telling


def _name(plot: Plot, days: float, what: str) -> str:
    """The name of an image made so many days ago."""
    return image_name(plot.rng, f"{plot.rng.choice(SERVICES)}-{what or plot.rng.choice(ROLES)}", plot.ago(days))


def bundles(plot: Plot) -> None:
    """Images on S3: one still runs, one is disabled and paravirtual, one never came to be, which is not judged."""
    for days, use, state, kind in (
        (2600, "current", "available", "hvm"),
        (3000, "none", "disabled", "paravirtual"),
        (2900, "none", "failed", "paravirtual"),
    ):
        name = _name(plot, days, "bundle")
        image_id = plant_image(
            plot,
            name,
            plot.ago(days),
            [{"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"}],
            use=use,
            state=state,
            RootDeviceType="instance-store",
            RootDeviceName="/dev/sda1",
            ImageLocation=f"images-{plot.here.name}/{name}/image.manifest.xml",
            VirtualizationType=kind,
        )
        if use == "current":
            plot.instance(image_id, plot.ago(400), name=name, RootDeviceType="instance-store")


#: Stories of the care of images.
STORIES: tuple[Telling, ...] = ((bundles, 0, 1),)
