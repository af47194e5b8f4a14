"""Images by what they are: public, shared, licensed, paravirtual, disabled, damaged, deleted."""

from __future__ import annotations

from datetime import timedelta

from auditor.sandbox.model import Row
from auditor.sandbox.planting.images import PUBLIC, Made, built, create_snapshots, device, launch, plant_image
from auditor.sandbox.planting.names import FORMER_PARTNER, ROLES, SERVICES, VENDOR, image_name, server
from auditor.sandbox.planting.plot import DAY, NO_VOLUME, Plot, Telling, stamp


def _name(plot: Plot, days: float, what: str = "") -> str:
    """The name of an image made so many days ago."""
    what = f"{plot.rng.choice(SERVICES)}-{what or plot.rng.choice(ROLES)}"
    return image_name(plot.rng, what, plot.ago(days))


def public(plot: Plot) -> None:
    """Public images: one that runs here, one that nothing here uses, one that AWS has deprecated after two years.

    Nobody can tell who else uses them. Blocking new public images hides none that are public already.
    """
    running = built(plot, _name(plot, 200), 200, use="current", permissions=[PUBLIC])
    launch(plot, running, 100, name=server(plot.rng))
    if plot.maybe(plot.size.chance):
        built(plot, _name(plot, 300, "community"), 300, use="none", permissions=[PUBLIC, {"UserId": VENDOR}])
    if plot.maybe(plot.size.chance):
        old = 800
        built(
            plot, _name(plot, old, "community"), old, use="none", permissions=[PUBLIC], deprecated=plot.ago(old - 730)
        )


def shared(plot: Plot) -> None:
    """Images that nothing is seen to use, shared with everybody an image can be shared with."""
    organisation = plot.organisation
    root = f"arn:{organisation.partition}:organizations::{organisation.management_id}"
    own = f"{root}:organization/{organisation.organisation_id}"
    units = [{"OrganizationalUnitArn": f"{root}:ou/{organisation.organisation_id}/{unit}"} for unit in _units(plot)]
    ours: tuple[Row, ...] = ({"OrganizationArn": own}, {"UserId": organisation.management_id}, *units)
    theirs = (
        {"UserId": VENDOR},
        {"UserId": FORMER_PARTNER},
        {"OrganizationArn": f"arn:{organisation.partition}:organizations::{VENDOR}:organization/o-zz99yy88xx"},
    )
    for number, permission in enumerate((*ours, *theirs)):
        if plot.maybe(plot.size.chance):
            built(
                plot,
                _name(plot, 150 + 30 * number),
                150 + 30 * number,
                key=plot.usual_key() and plot.keys.enabled,
                use="none",
                permissions=[permission],
                elsewhere=permission in theirs,
            )
    built(
        plot,
        _name(plot, 260, "agent"),
        260,
        use="none",
        permissions=[{"UserId": VENDOR}, {"UserId": organisation.management_id}],
        elsewhere=True,
        deprecated=plot.ago(30),
    )


def _units(plot: Plot) -> list[str]:
    """An organizational unit that has active accounts, and the one above it; none where all sit in the root."""
    organisation = plot.organisation
    units = {account.ou_id for account in organisation.accounts.values() if account.state == "ACTIVE"}
    inhabited = sorted(unit for unit in units if unit.startswith("ou-"))
    if not inhabited:
        return []
    chosen = plot.rng.choice(inhabited)
    parent = organisation.units[chosen][1]
    return [chosen, parent] if parent.startswith("ou-") else [chosen]


def licensed(plot: Plot) -> None:
    """Images that bill a licence: Windows, SQL Server, Red Hat, SUSE, and a Marketplace product."""
    kinds: tuple[tuple[str, Row], ...] = (
        ("windows", {"Platform": "windows", "PlatformDetails": "Windows", "UsageOperation": "RunInstances:0002"}),
        (
            "mssql",
            {
                "Platform": "windows",
                "PlatformDetails": "Windows with SQL Server Standard",
                "UsageOperation": "RunInstances:0006",
                "TpmSupport": "v2.0",
                "BootMode": "uefi",
            },
        ),
        ("rhel", {"PlatformDetails": "Red Hat Enterprise Linux", "UsageOperation": "RunInstances:0010"}),
        ("suse", {"PlatformDetails": "SUSE Linux", "UsageOperation": "RunInstances:000g"}),
        (
            "market",
            {
                "ProductCodes": [
                    {"ProductCodeId": f"{plot.rng.getrandbits(120):025x}"[:25], "ProductCodeType": "marketplace"}
                ]
            },
        ),
    )
    for name, members in kinds:
        if plot.maybe(plot.size.chance):
            days = plot.rng.randrange(100, 500)
            built(plot, _name(plot, days, name), days, key=plot.usual_key(), use="none", **members)


def unusual_devices(plot: Plot) -> None:
    """Ephemeral, empty and suppressed devices beside a real one: nothing is missing from such an image."""
    devices: list[Row] = [
        {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"},
        {"DeviceName": "/dev/sdc", "VirtualName": "ephemeral1"},
        {
            "DeviceName": "/dev/sdd",
            "Ebs": {"VolumeSize": 200, "VolumeType": "gp3", "Encrypted": False, "DeleteOnTermination": True},
        },
        {"DeviceName": "/dev/sde", "NoDevice": ""},
    ]
    made = built(plot, _name(plot, 45), 45, count=2, key=plot.usual_key(), use="current", devices=devices)
    launch(plot, made, 40, name=server(plot.rng))


def paravirtual(plot: Plot) -> None:
    """One old snapshot behind a paravirtual and an HVM image, with ids as short as they were then."""
    of = plot.lineage(8, volume_id=plot.new("vol", 8))
    started = plot.ago(3900)
    snapshot_id = plot.snapshot(
        of, started, description="Packer: 2015-06-28 14:03:11", kept="image", snapshot_id=plot.new("snap", 8)
    )
    mapping = device(0, snapshot_id, of) | {"DeviceName": "/dev/sda1"}
    name = _name(plot, 3900, "base")
    kernel: Row = {"VirtualizationType": "paravirtual", "KernelId": plot.new("aki", 8), "RamdiskId": plot.new("ari", 8)}
    for suffix, members in (("pv", kernel), ("hvm", {})):
        plant_image(
            plot,
            f"{name}-{suffix}",
            started + timedelta(hours=1),
            [mapping],
            use="none",
            origin="packer likely",
            image_id=plot.new("ami", 8),
            RootDeviceName="/dev/sda1",
            **members,
        )


def instance_store(plot: Plot) -> None:
    """An image on S3: it has no snapshots, and nothing uses it."""
    name = _name(plot, 2800, "bundle")
    plant_image(
        plot,
        name,
        plot.ago(2800),
        [{"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"}],
        use="none",
        origin="bundle proven",
        RootDeviceType="instance-store",
        RootDeviceName="/dev/sda1",
        ImageLocation=f"images-{plot.here.name}/{name}/image.manifest.xml",
        Architecture="i386",
        VirtualizationType="paravirtual",
        KernelId=plot.new("aki", 8),
    )


def disabled(plot: Plot) -> None:
    """Disabled images, one with its snapshot in the archive: nothing uses them, and they keep their snapshots."""
    built(plot, _name(plot, 500), 500, key=plot.usual_key(), use="none", state="disabled")
    made = built(plot, _name(plot, 420), 420, key=plot.usual_key(), use="none", state="disabled")
    archived = plot.here.snapshots[made.snapshot_ids[0]]
    archived["StorageTier"] = "archive"
    moved = plot.ago(150)
    plot.here.tier_statuses[made.snapshot_ids[0]] = {
        "SnapshotId": made.snapshot_ids[0],
        "VolumeId": archived["VolumeId"],
        "Status": "completed",
        "OwnerId": plot.here.account_id,
        "Tags": archived["Tags"],
        "StorageTier": "archive",
        "LastTieringStartTime": moved,
        "LastTieringProgress": 100,
        "LastTieringOperationStatus": "archival-completed",
        "ArchivalCompleteTime": moved + timedelta(hours=20),
    }


def failed(plot: Plot) -> None:
    """Images that never came to be: a failed copy and a pending one; neither is judged."""
    plant_image(
        plot,
        _name(plot, 200),
        plot.ago(200),
        [],
        use="none",
        origin="unknown assumed",
        state="failed",
        StateReason={"Code": "Client.InternalError", "Message": "The source snapshot is not accessible"},
    )
    plant_image(plot, _name(plot, 0), plot.ago(0.01), [], use="none", origin="unknown assumed", state="pending")


def missing_snapshots(plot: Plot) -> None:
    """Images whose snapshot is gone, wholly or into the Recycle Bin; the second device is still there."""
    for binned in (False, True):
        image_id = plot.new("ami")
        started = plot.ago(60)
        made = create_snapshots(plot, image_id, started, key=plot.keys.enabled)
        lost = plot.lineage(16, plot.usual_key())
        text = f"Created by CreateImage({plot.new('i')}) for {image_id}"
        row = plot.snapshot_row(lost, started, description=text)
        if binned:
            bin_snapshot(plot, row, 3)
        else:
            del plot.here.blocks[row["SnapshotId"]]
        devices = [device(0, made.snapshot_ids[0], made.lineages[0]), device(1, row["SnapshotId"], lost)]
        name, by = _name(plot, 60), "create-image likely"
        plant_image(plot, name, started, devices, use="none", origin=by, image_id=image_id, missing=True)


def bin_snapshot(plot: Plot, row: Row, days: float, *, keep_days: int = 14) -> None:
    """Put a snapshot's row into the Recycle Bin so many days ago; it leaves the bin after ``keep_days``."""
    snapshot_id = str(row["SnapshotId"])
    entered = plot.ago(days)
    if entered + timedelta(days=keep_days) - plot.now > 30 * DAY:
        plot.note("recycle_bin_cost", snapshot_id)
    plot.here.binned_rows[snapshot_id] = row
    plot.here.binned_snapshots[snapshot_id] = {
        "SnapshotId": snapshot_id,
        "RecycleBinEnterTime": entered,
        "RecycleBinExitTime": entered + timedelta(days=keep_days),
        "Description": row["Description"],
        "VolumeId": row["VolumeId"],
    }


def recycled(plot: Plot) -> None:
    """Deregistered images in the Recycle Bin: their snapshots are in the bin too, or still here and needed."""
    for together in (True, False):
        image_id = plot.new("ami")
        created = plot.ago(500)
        of = plot.lineage(8, plot.usual_key())
        text = f"Created by CreateImage({plot.new('i')}) for {image_id} from {of.volume_id}"
        if together:
            row = plot.snapshot_row(of, created, description=text)
            bin_snapshot(plot, row, 6)
            snapshot_id = str(row["SnapshotId"])
        else:
            snapshot_id = plot.snapshot(of, created, description=text, kept="image")
        entered = plot.ago(6)
        name = _name(plot, 500)
        plot.here.binned_images[image_id] = {
            "ImageId": image_id,
            "Name": name,
            "Description": plot.hostile("superseded"),
            "RecycleBinEnterTime": entered,
            "RecycleBinExitTime": entered + timedelta(days=30),
        }
        plot.here.binned_rows[image_id] = {
            "ImageId": image_id,
            "Name": name,
            "CreationDate": stamp(created),
            "BlockDeviceMappings": [device(0, snapshot_id, of)],
        }


def leftovers(plot: Plot) -> None:
    """Images were deregistered and left their snapshots behind: orphans after 30 days, unless a tag keeps them."""
    for days, count in ((700, 2), (120, 2), (12, 1)):
        create_snapshots(
            plot, plot.new("ami"), plot.ago(days), count=count, key=plot.usual_key(), kept="", orphan="image_gone"
        )
    create_snapshots(plot, plot.new("ami"), plot.ago(90), key=plot.usual_key(), kept="", tags={"KEEP": "legal hold"})


def copied_leftovers(plot: Plot) -> None:
    """A copied image was deregistered: its snapshot names it, and names no volume."""
    of = plot.lineage(8, plot.keys.enabled)
    plot.snapshot(
        of,
        plot.ago(220),
        description=copy_text(plot, plot.new("ami"), plot.new("ami"), plot.new("snap"), 220),
        volume_id=NO_VOLUME,
        orphan="image_gone",
    )


def copy_text(plot: Plot, image_id: str, source_image_id: str, source_snapshot_id: str, days: float) -> str:
    """What CopyImage writes on the snapshots it makes; the moment is in milliseconds with commas."""
    moment = int((plot.now - timedelta(days=days)).timestamp() * 1000) + plot.rng.randrange(1000)
    return (
        f"Copied for DestinationAmi {image_id} from SourceAmi {source_image_id} "
        f"for SourceSnapshot {source_snapshot_id}. Task created on {moment:,}."
    )


def packer(plot: Plot) -> None:
    """An image registered from a snapshot that Packer made of a volume it has deleted."""
    of = plot.lineage(10, plot.usual_key())
    started = plot.ago(80)
    text = f"Packer: {started:%Y-%m-%d %H:%M:%S}.123456789 +0000 UTC m=+83.1"
    snapshot_id = plot.snapshot(of, started, description=text, kept="image")
    name, devices = _name(plot, 80), [device(0, snapshot_id, of)]
    image_id = plant_image(plot, name, started, devices, use="current", origin="packer likely")
    launch(plot, Made(image_id, (snapshot_id,), (of,)), 70, name=server(plot.rng))


#: Stories of images.
STORIES: tuple[Telling, ...] = (
    (public, 1, 1),
    (leftovers, 1, 4),
    (missing_snapshots, 1, 1),
    (shared, 1, 1),
    (licensed, 1, 1),
    (unusual_devices, 0, 0),
    (paravirtual, 0, 1),
    (instance_store, 0, 1),
    (disabled, 0, 1),
    (failed, 0, 1),
    (recycled, 0, 1),
    (copied_leftovers, 0, 2),
    (packer, 0, 0),
)
