"""Images and snapshots by what made them: services, tools, copies under other names, and a Marketplace product."""

from __future__ import annotations

from datetime import datetime

from auditor.sandbox.model import Row
from auditor.sandbox.planting import lifecycle
from auditor.sandbox.planting.image_truth import family
from auditor.sandbox.planting.images import Made, built, create_snapshots, device, plant_image
from auditor.sandbox.planting.names import ROLES, SERVICES, image_name, server
from auditor.sandbox.planting.plot import NO_VOLUME, Plot, Telling
from auditor.sandbox.planting.stories_images import copy_text

_WINDOWS: dict[str, object] = {
    "Platform": "windows",
    "PlatformDetails": "Windows",
    "UsageOperation": "RunInstances:0002",
}


def _what(plot: Plot, kind: str) -> str:
    return f"{plot.rng.choice(SERVICES)}-{kind or plot.rng.choice(ROLES)}"


def _name(plot: Plot, days: float, kind: str) -> str:
    """The name of an image made so many days ago."""
    return image_name(plot.rng, _what(plot, kind), plot.ago(days))


def _of(plot: Plot, name: str, started: datetime, made: Made, origin: str, **image: object) -> None:
    """An image of snapshots that were made for it, which nothing uses."""
    pairs = enumerate(zip(made.snapshot_ids, made.lineages, strict=True))
    devices = [device(number, snapshot_id, of) for number, (snapshot_id, of) in pairs]
    plant_image(plot, name, started, devices, use="none", origin=origin, image_id=made.image_id, **image)  # type: ignore[arg-type]


def image_builder(plot: Plot) -> None:
    """An image of Image Builder, the copy that it distributed, and one that somebody copied on without its tags."""
    arn = plot.arn("imagebuilder", f"image/{plot.rng.choice(SERVICES)}-base/1.0.{plot.rng.randrange(90)}/1")
    tags = {"CreatedBy": "EC2 Image Builder", "Ec2ImageBuilderArn": arn}
    name = _name(plot, 40, "builder")
    image_id, builder, started = plot.new("ami"), plot.new("i"), plot.ago(40)
    made = create_snapshots(plot, image_id, started, key=plot.keys.enabled, builder=builder, tags=tags)
    said = "image-builder likely"
    _of(plot, name, started, made, said, tags=tags, SourceInstanceId=builder, SourceImageId=plot.new("ami"))
    for kept, origin in ((tags, said), ({}, "copy-image proven")):
        copy = _copied(plot, image_id, 39)
        region = "us-west-2" if kept else plot.here.name
        if not kept:
            plot.families[copy.image_id] = family(name)
        _of(plot, f"{name}.copy{len(kept)}", plot.ago(39), copy, origin, tags=kept, **_source(image_id, region))


def _source(image_id: str, region: str) -> dict[str, object]:
    return {"SourceImageId": image_id, "SourceImageRegion": region}


def _copied(plot: Plot, source: str, days: float) -> Made:
    """The snapshot of a copy of an image."""
    image_id, of = plot.new("ami"), plot.lineage(8, plot.keys.enabled)
    text = copy_text(plot, image_id, source, plot.new("snap"), days)
    snapshot_id = plot.snapshot(of, plot.ago(days), description=text, volume_id=NO_VOLUME, kept="image")
    plot.made(snapshot_id, "copy-image likely")
    return Made(image_id, (snapshot_id,), (of,))


def managed_images(plot: Plot) -> None:
    """Images of lifecycle policies, five each: one is on and prunes them itself, the other was switched off."""
    for state in ("ENABLED", "DISABLED"):
        policy_id = lifecycle.image_policy(plot, state=state)
        tags = lifecycle.snapshot_tags(policy_id, "Images")
        what = _what(plot, "nightly")
        for number in range(5):
            days = 40 + 7 * number
            name = f"{what}-al2023-v1.0.{9 - number}-{plot.ago(days):%Y%m%d}-{number}{plot.rng.getrandbits(16):04x}"
            image_id, builder, started = plot.new("ami"), plot.new("i"), plot.ago(days)
            made = create_snapshots(
                plot, image_id, started, key=plot.keys.enabled, builder=builder, tags=tags, origin="dlm proven"
            )
            if state == "ENABLED":
                plot.managed.add(image_id)
            _of(plot, name, started, made, "dlm proven", tags=tags, SourceInstanceId=builder)


def machine_backups(plot: Plot) -> None:
    """Images of machines by AWS Backup, whose recovery points nobody here can list; one lost its tags."""
    for days, kept in ((12, True), (13, False)):
        instance_id = plot.new("i")
        tags = {"aws:backup:source-resource": instance_id} if kept else {}
        name, image_id, started = f"AwsBackup_{instance_id}_{plot.uuid()}", plot.new("ami"), plot.ago(days)
        sure = "proven" if kept else "likely"
        made = create_snapshots(
            plot,
            image_id,
            started,
            key=plot.keys.enabled,
            builder=instance_id,
            tags=tags,
            origin="aws-backup proven" if kept else "create-image likely",
        )
        _of(plot, name, started, made, f"aws-backup {sure}", tags=tags, SourceInstanceId=instance_id)


def imports(plot: Plot) -> None:
    """An image of VM Import, and one that somebody registered from an imported disk."""
    for kind, days in (("ami", 50), ("snap", 60)):
        task = f"import-{kind}-{plot.rng.getrandbits(68):017x}"
        of, started = plot.lineage(60, plot.keys.enabled), plot.ago(days)
        text = f"Created by AWS-VMImport service for {task}"
        snapshot_id = plot.snapshot(of, started, description=text, volume_id=NO_VOLUME, kept="image")
        plot.made(snapshot_id, "vm-import likely")
        made = Made(plot.new("ami"), (snapshot_id,), (of,))
        name = task if kind == "ami" else _name(plot, days, "imported")
        words = "AWS-VMImport service: Linux - Ubuntu 22.04.4 LTS" if kind == "ami" else ""
        _of(plot, name, started, made, "vm-import likely", Description=words)


def migrations(plot: Plot) -> None:
    """What Application Migration Service and Elastic Disaster Recovery keep, no orphans; and an image of each."""
    for key, origin in (
        ("AWSApplicationMigrationServiceManaged", "mgn"),
        ("AWSElasticDisasterRecoveryManaged", "drs"),
    ):
        of = plot.lineage(40, plot.keys.enabled)
        tags = {key: f"{origin}.amazonaws.com", "Name": server(plot.rng)}
        for days in (70, 45):
            of.write(plot.rng)
            snapshot_id = plot.snapshot(of, plot.ago(days), tags=tags, kept="image")
            plot.made(snapshot_id, f"{origin} likely")
        made = Made(plot.new("ami"), (snapshot_id,), (of,))
        _of(plot, _name(plot, 44, origin), plot.ago(44), made, f"{origin} likely")


def fast_launch(plot: Plot) -> None:
    """Snapshots that Fast Launch keeps ready of a Windows image: of volumes that are gone, and no orphans."""
    tags = {"CreatedBy": "EC2 Fast Launch", "CreatedByLaunchTemplateName": "", "CreatedByLaunchTemplateVersion": "1"}
    for days in (60, 48):
        snapshot_id = plot.snapshot(plot.lineage(30, plot.keys.enabled), plot.ago(days), tags=tags)
        plot.made(snapshot_id, "fast-launch likely")


def by_hand(plot: Plot) -> None:
    """Images registered from a plain snapshot and from one of another image, one that says Packer, one of a product."""
    code: Row = {"ProductCodeId": f"{plot.rng.getrandbits(120):025x}"[:25], "ProductCodeType": "marketplace"}
    kinds: tuple[tuple[str, Row], ...] = (
        ("registered assumed", {}),
        ("packer likely", {"tags": {"created_by": "packer"}}),
        ("marketplace proven", {"ProductCodes": [code]}),
    )
    for number, (origin, members) in enumerate(kinds):
        of, started = plot.lineage(8, plot.keys.enabled), plot.ago(55 + number)
        snapshot_id = plot.snapshot(of, started, description="to register", kept="image", orphan="")
        plot.made(snapshot_id, "manual assumed")
        made = Made(plot.new("ami"), (snapshot_id,), (of,))
        _of(plot, _name(plot, 55, "registered"), started, made, origin, **members)
    other = create_snapshots(plot, plot.new("ami"), plot.ago(58), key=plot.keys.enabled)
    made = Made(plot.new("ami"), other.snapshot_ids, other.lineages)
    _of(plot, _name(plot, 57, "again"), plot.ago(57), made, "registered assumed")


def renamed_copies(plot: Plot) -> None:
    """Four images of one family; the oldest two were copied within the region under a name of their own.

    The copies are younger than what they are copies of: they push it back, and not each other.
    """
    what = _what(plot, "renamed")
    made = [
        built(
            plot,
            f"{what}-al2023-v3.0.{number}-{plot.ago(80 - number):%Y%m%d}-{number}{plot.rng.getrandbits(16):04x}",
            80 - number,
            key=plot.keys.enabled,
            use="none",
        )
        for number in range(2)
    ]
    for number, source in enumerate(made):
        days = 60 - number
        copy = _copied(plot, source.image_id, days)
        plot.families[copy.image_id] = f"{what}-al2023"
        origin = "copy-image proven"
        _of(plot, f"golden-{what}-{number}", plot.ago(days), copy, origin, **_source(source.image_id, plot.here.name))


#: Stories of what made things.
STORIES: tuple[Telling, ...] = (
    (image_builder, 0, 1),
    (managed_images, 0, 1),
    (machine_backups, 0, 1),
    (imports, 0, 1),
    (migrations, 0, 1),
    (fast_launch, 0, 1),
    (by_hand, 0, 1),
    (renamed_copies, 0, 1),
)
