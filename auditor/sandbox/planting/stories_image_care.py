"""Images that want care: on S3, on kernels of the past, disabled and forgotten; and ones that only look like it."""

from __future__ import annotations

from datetime import timedelta

from auditor.sandbox.planting.image_truth import note_firm_use
from auditor.sandbox.planting.images import built, create_snapshots, device, launch, plant_image, template
from auditor.sandbox.planting.names import ROLES, SERVICES, VENDOR, image_name
from auditor.sandbox.planting.plot import Plot, Telling, stamp

_WINDOWS: dict[str, object] = {
    "Platform": "windows",
    "PlatformDetails": "Windows",
    "UsageOperation": "RunInstances:0002",
}


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
            origin="bundle proven",
            state=state,
            RootDeviceType="instance-store",
            RootDeviceName="/dev/sda1",
            ImageLocation=f"images-{plot.here.name}/{name}/image.manifest.xml",
            VirtualizationType=kind,
        )
        if use == "current":
            plot.instance(image_id, plot.ago(400), name=name, RootDeviceType="instance-store")
            note_firm_use(plot, image_id)


def withdrawn(plot: Plot) -> None:
    """Disabled images that keep their snapshots: one that an old version names is idle, and two others are not.

    The first of those was made lately, the other is what a template would launch, as soon as it is enabled again.
    """
    made = [
        built(plot, _name(plot, days, "withdrawn"), days, key=plot.keys.enabled, use=use, state="disabled")
        for days, use in ((300, "old"), (280, "current"), (20, "none"))
    ]
    template(plot, f"withdrawn-{plot.rng.getrandbits(28):07x}", [image.image_id for image in made[:2]], default=2)


def half_encrypted(plot: Plot) -> None:
    """Images of which a device says something else than its snapshot, and one with a plain disk beside another."""
    for keys, said in (((None,), True), ((plot.keys.enabled,), False), ((plot.keys.enabled, None), None)):
        image_id, started = plot.new("ami"), plot.ago(50)
        devices = []
        for number, key in enumerate(keys):
            made = create_snapshots(plot, image_id, started, key=key)
            devices.append(device(number, made.snapshot_ids[0], made.lineages[0]))
            if said is not None:
                devices[-1]["Ebs"]["Encrypted"] = said
        name = _name(plot, 50, "mixed")
        plant_image(plot, name, started, devices, use="none", origin="create-image likely", image_id=image_id)


def outlived(plot: Plot) -> None:
    """Instances whose image is gone, for good or into the Recycle Bin; one of those is terminated, which is no matter.

    The image of another has been withdrawn by a vendor, which is not gone.
    """
    image_id, created = plot.new("ami"), plot.ago(400)
    name = _name(plot, 400, "outlived")
    entered = plot.ago(5)
    plot.here.binned_images[image_id] = {
        "ImageId": image_id,
        "Name": name,
        "RecycleBinEnterTime": entered,
        "RecycleBinExitTime": entered + timedelta(days=30),
    }
    plot.here.binned_rows[image_id] = {
        "ImageId": image_id,
        "Name": name,
        "OwnerId": plot.here.account_id,
        "CreationDate": stamp(created),
    }
    vendors = plot.new("ami")
    plot.organisation.other_images[plot.here.name][vendors] = {
        "ImageId": vendors,
        "Name": "appliance-7.2",
        "OwnerId": VENDOR,
        "CreationDate": stamp(created),
        "State": "disabled",
        "Public": False,
    }
    for image, state in ((image_id, "running"), (plot.new("ami"), "stopped"), (plot.new("ami"), "terminated")):
        instance_id = plot.instance(image, plot.ago(300), name=name, state=state)
        if state != "terminated":
            plot.note("image_deregistered_in_use", instance_id)
        if state == "stopped":  # nothing is told of an image that is gone for good, its owner neither
            plot.note("unknown:instance_image_untrusted_owner", instance_id)
    plot.note("instance_image_untrusted_owner", plot.instance(vendors, plot.ago(300), name="appliance"))


def firmware(plot: Plot) -> None:
    """Unused images that need their firmware told anew; two that do not, and one with a licence that runs."""
    for what, use, members in (
        ("secure", "none", {"BootMode": "uefi", "TpmSupport": "v2.0"}),
        ("uefi", "none", {"BootMode": "uefi"}),
        ("arm", "none", {"BootMode": "uefi", "Architecture": "arm64"}),
        ("windows", "none", _WINDOWS),
        ("windows", "current", _WINDOWS),
    ):
        made = built(plot, _name(plot, 210, what), 210, key=plot.keys.enabled, use=use, **members)
        if use == "current":
            launch(plot, made, 100, name=f"{what}-host", state="stopped")


def generations(plot: Plot) -> None:
    """Eight images of one family: of those behind the newest three one is stopped, one may run at a vendor's.

    An older version names another and launches nothing. One is disabled, and a neighbour is no successor of any.
    """
    what = f"{plot.rng.choice(SERVICES)}-generation-ubuntu-{plot.rng.randrange(10, 90)}.04"
    image_ids = []
    for number in range(8):
        days = 20 + 15 * number
        name = f"{what}-v2.{40 - number}.0-{plot.ago(days):%Y%m%d}-{number}{plot.rng.getrandbits(16):04x}"
        made = built(
            plot,
            name,
            days,
            key=plot.keys.enabled,
            use={4: "current", 5: "old", 0: "current"}.get(number, "none"),
            state="disabled" if number == 2 else "available",
            permissions=[{"UserId": VENDOR}] if number == 6 else [],
            elsewhere=number == 6,
            launched=plot.ago(15),
        )
        image_ids.append(made.image_id)
        if number == 4:
            launch(plot, made, 15, name=what, state="stopped")
    template(plot, f"{what}-{plot.rng.getrandbits(28):07x}", [image_ids[5], image_ids[0]], default=2)
    name = f"{what.replace('.04', '.10')}-v2.1.0-{plot.ago(200):%Y%m%d}-1{plot.rng.getrandbits(16):04x}"
    built(plot, name, 200, key=plot.keys.enabled, use="none", launched=plot.ago(15))


def broken_templates(plot: Plot) -> None:
    """Templates whose image is gone: for good in the default version, into the Recycle Bin in the latest one.

    Old versions may name what is gone, and nobody can tell of a stranger's image whether it is there.
    """
    gone, binned, strangers = plot.new("ami"), plot.new("ami"), plot.new("ami")
    create_snapshots(plot, gone, plot.ago(90), key=plot.keys.enabled, kept="", orphan="image_gone")
    name, entered = _name(plot, 100, "broken"), plot.ago(3)
    plot.here.binned_images[binned] = {
        "ImageId": binned,
        "Name": name,
        "RecycleBinEnterTime": entered,
        "RecycleBinExitTime": entered + timedelta(days=30),
    }
    plot.here.binned_rows[binned] = {"ImageId": binned, "Name": name, "CreationDate": stamp(plot.ago(100))}
    alive = built(plot, _name(plot, 40, "mended"), 40, key=plot.keys.enabled, use="current").image_id
    for versions, default, broken in (
        ((gone, alive), 1, "1"),
        ((alive, binned), 1, "2"),
        ((gone, alive), 2, ""),
        ((strangers,), 1, ""),
    ):
        template_id = template(plot, f"broken-{plot.rng.getrandbits(28):07x}", versions, default=default)
        if broken:
            plot.note("reference_to_missing_image", template_id, broken)


#: Stories of the care of images.
STORIES: tuple[Telling, ...] = (
    (bundles, 0, 1),
    (withdrawn, 0, 1),
    (half_encrypted, 0, 1),
    (outlived, 0, 1),
    (firmware, 0, 1),
    (generations, 0, 1),
    (broken_templates, 0, 1),
)
