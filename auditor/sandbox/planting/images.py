"""The tools that plant images, their snapshots and what uses them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from auditor.sandbox.model import Row
from auditor.sandbox.planting.image_truth import (
    note_care,
    note_firm_use,
    note_launched,
    note_needed,
    note_unused,
    protection,
)
from auditor.sandbox.planting.plot import DAY, Lineage, Plot, stamp, tag_list
from auditor.sandbox.planting.sharing import note_image
from auditor.sandbox.planting.trail import image_created

#: Launch permissions by which people that nobody here can look at may use an image.
PUBLIC: Row = {"Group": "all"}

LETTERS = "abcdefghijklmnop"


@dataclass(frozen=True)
class Made:
    """An image, or what is left of it, and its snapshots in the order of their devices."""

    image_id: str
    snapshot_ids: tuple[str, ...]
    lineages: tuple[Lineage, ...]


def device(number: int, snapshot_id: str, of: Lineage) -> Row:
    """A block device mapping that makes a volume from a snapshot."""
    return {
        "DeviceName": "/dev/xvda" if number == 0 else f"/dev/sd{LETTERS[number]}",
        "Ebs": {
            "SnapshotId": snapshot_id,
            "VolumeSize": of.size_gib,
            "VolumeType": "gp3",
            "Encrypted": of.key is not None,
            "DeleteOnTermination": number == 0,
        },
    }


def create_snapshots(
    plot: Plot,
    image_id: str,
    started: datetime,
    *,
    count: int = 1,
    key: str | None = None,
    builder: str = "",
    kept: str = "image",
    orphan: str = "",
    tags: dict[str, str] | None = None,
    origin: str = "create-image likely",
    no_reboot: bool = False,
) -> Made:
    """The snapshots that CreateImage makes for an image, of volumes that are gone since.

    Args:
        plot: Where.
        image_id: The image they are made for; it need not exist.
        started: When.
        count: How many devices.
        key: Their key.
        builder: The instance the image is made from.
        kept: What makes it right to keep them, see :meth:`Plot.snapshot`.
        orphan: Why nothing needs them, see :meth:`Plot.snapshot`.
        tags: Their tags.
        origin: What made them, see :meth:`Plot.made`.
        no_reboot: Whether the instance went on running, as CloudTrail has it.
    """
    builder = builder or plot.new("i")
    image_created(plot, image_id, builder, started, no_reboot=no_reboot)
    long_form = started < plot.now - 300 * DAY
    lineages = tuple(plot.lineage(8 if n == 0 else 20, key, used=0.3) for n in range(count))
    ids = [
        plot.snapshot(
            of,
            started,
            description=f"Created by CreateImage({builder}) for {image_id}"
            + (f" from {of.volume_id}" if long_form else ""),
            kept=kept,
            orphan=orphan,
            tags=tags,
        )
        for of in lineages
    ]
    for snapshot_id in ids:
        plot.made(snapshot_id, origin)
    return Made(image_id, tuple(ids), lineages)


def plant_image(
    plot: Plot,
    name: str,
    created: datetime,
    devices: Sequence[Row],
    *,
    use: str,
    origin: str = "",
    image_id: str | None = None,
    state: str = "available",
    permissions: Sequence[Row] = (),
    elsewhere: bool = False,
    deprecated: datetime | None = None,
    launched: datetime | None = None,
    missing: bool = False,
    tags: dict[str, str] | None = None,
    **more: object,
) -> str:
    """Plant an image.

    Args:
        plot: Where.
        name: Its name.
        created: When it was made.
        devices: Its block device mappings.
        use: What uses it in the organisation: current, old (only a template version that nothing launches) or none.
        origin: What made it, see :meth:`Plot.made`; where the story does not tell, nobody is asked.
        image_id: Its id, where its snapshots already name it.
        state: Its state.
        permissions: Its launch permissions.
        elsewhere: Whether a permission reaches accounts that nobody here can read; public ones do anyway.
        deprecated: When it is deprecated.
        launched: When it was last launched.
        missing: Whether a device names a snapshot that is not there.
        tags: Its tags.
        more: Further members of the row as DescribeImages names them; they win over the usual ones.

    Returns:
        Its id.
    """
    image_id = image_id or plot.new("ami")
    public = PUBLIC in permissions
    row: Row = {
        "ImageId": image_id,
        "Name": name,
        "ImageLocation": f"{plot.here.account_id}/{name}",
        "OwnerId": plot.here.account_id,
        "State": state,
        "Public": public,
        "CreationDate": stamp(created),
        "Architecture": "x86_64",
        "PlatformDetails": "Linux/UNIX",
        "UsageOperation": "RunInstances",
        "VirtualizationType": "hvm",
        "Hypervisor": "xen",
        "ImageType": "machine",
        "RootDeviceType": "ebs",
        "RootDeviceName": "/dev/xvda",
        "BlockDeviceMappings": list(devices),
        "EnaSupport": True,
        "SriovNetSupport": "simple",
        "BootMode": "uefi-preferred",
        "ImdsSupport": "v2.0",
        "DeregistrationProtection": protection(plot, image_id),
        "Tags": tag_list(plot.owner() | (tags or {})),
    }
    if deprecated is not None:
        row["DeprecationTime"] = stamp(deprecated)
    if launched is not None:
        row["LastLaunchedTime"] = stamp(launched)
    plot.here.images[image_id] = row | more
    if origin:
        plot.made(image_id, origin)
    plot.declared[image_id] = use, elsewhere or public
    if permissions:
        plot.here.image_permissions[image_id] = list(permissions)
        note_image(plot, image_id, permissions)
    _note(plot, image_id, state, use, public, elsewhere or public, missing, created, deprecated, launched)
    note_care(plot, plot.here.images[image_id], use, created, elsewhere or public)
    if any(permission != {"UserId": plot.here.account_id} for permission in permissions):
        note_needed(plot, image_id)
    return image_id


def _note(
    plot: Plot,
    image_id: str,
    state: str,
    use: str,
    public: bool,
    elsewhere: bool,
    missing: bool,
    created: datetime,
    deprecated: datetime | None,
    launched: datetime | None,
) -> None:
    judged = state in ("available", "disabled")
    long_ago = plot.now - 90 * DAY
    if public and state == "available":
        plot.note("image_public", image_id)
    if judged and use == "none" and created < long_ago and (launched is None or launched < long_ago):
        plot.note("unknown:image_unused" if elsewhere else "image_unused", image_id)
        note_unused(plot, plot.here.images[image_id])
    if deprecated is not None and deprecated <= plot.now:
        if use == "current":
            plot.note("image_deprecated_in_use", image_id)
        elif elsewhere:
            plot.note("unknown:image_deprecated_in_use", image_id)
    if missing and judged:
        plot.note("image_missing_snapshot", image_id)


def built(plot: Plot, name: str, days: float, *, count: int = 1, key: str | None = None, **image: object) -> Made:
    """An image made by CreateImage so many days ago, with its snapshots; ``image`` as for :func:`plant_image`."""
    image_id, builder = plot.new("ami"), plot.new("i")
    started = plot.ago(days)
    made = create_snapshots(plot, image_id, started, count=count, key=key, builder=builder)
    devices = [
        device(n, snapshot_id, of)
        for n, (snapshot_id, of) in enumerate(zip(made.snapshot_ids, made.lineages, strict=True))
    ]
    extra = image.pop("devices", [])
    plant_image(
        plot,
        name,
        started,
        [*devices, *extra],  # type: ignore[misc]
        image_id=image_id,
        **{"SourceInstanceId": builder, "origin": "create-image proven", **image},  # type: ignore[arg-type]
    )
    return made


def launch(plot: Plot, made: Made, days: float, *, name: str, state: str = "running") -> str:
    """An instance of an image, with its root volume and last night's snapshot of that.

    The image's owner may be another account: then the volume names a snapshot that is not this account's.
    """
    created = plot.ago(days)
    instance_id = plot.instance(made.image_id, created, name=name, state=state)
    if state == "running":
        note_firm_use(plot, made.image_id)
    root = made.lineages[0]
    of = plot.lineage(root.size_gib, root.key if root.key is None else plot.keys.enabled, used=0.3, tags={"Name": name})
    # what is launched from images can mostly be launched again, and says so
    lost = random.Random(instance_id).random() < (0.3 if plot.size.dense else 0.8)
    if lost:
        of.tags["ephemeral"] = "true"
    plot.volume(of, created, backup="fresh", source=made.snapshot_ids[0], instance=instance_id, promised=lost)
    plot.snapshot(of, plot.now - timedelta(hours=3), description="nightly")
    return instance_id


def template(plot: Plot, name: str, images: Sequence[str], *, default: int, devices: Sequence[Row] = ()) -> str:
    """A launch template with one version for each image, the oldest first.

    Args:
        plot: Where.
        name: Its name.
        images: What each version launches: an image id or ``resolve:ssm:…``.
        default: Number of the default version, from 1.
        devices: Block device mappings of every version.
    """
    template_id = plot.new("lt")
    author = f"arn:aws:iam::{plot.here.account_id}:role/deploy"
    first = plot.rng.randrange(300, 500)
    moments = [plot.ago(first - 20 * number) for number in range(len(images))]
    plot.here.launch_templates[template_id] = {
        "LaunchTemplateId": template_id,
        "LaunchTemplateName": name,
        "CreateTime": moments[0],
        "CreatedBy": author,
        "DefaultVersionNumber": default,
        "LatestVersionNumber": len(images),
        "Tags": [],
    }
    versions = []
    for number, (image, moment) in enumerate(zip(images, moments, strict=True), 1):
        data: Row = {"ImageId": image, "InstanceType": "m6i.large"}
        if devices:
            data["BlockDeviceMappings"] = list(devices)
        versions.append(
            {
                "LaunchTemplateId": template_id,
                "LaunchTemplateName": name,
                "VersionNumber": number,
                "CreateTime": moment,
                "CreatedBy": author,
                "DefaultVersion": number == default,
                "LaunchTemplateData": data,
            }
        )
    plot.here.launch_template_versions[template_id] = versions
    for number in (default, len(images)):
        note_launched(plot, images[number - 1])
    return template_id


def group(
    plot: Plot,
    name: str,
    *,
    template_id: str = "",
    version: str = "$Default",
    configuration: str = "",
    mixed: bool = False,
) -> None:
    """An Auto Scaling group that wants no instances now, and may at any time.

    Args:
        plot: Where.
        name: Its name.
        template_id: Its launch template, if any.
        version: The version it pins, or ``$Default`` or ``$Latest``.
        configuration: Its launch configuration, if any.
        mixed: Whether the template is in a mixed instances policy.
    """
    row: Row = {
        "AutoScalingGroupName": name,
        "AutoScalingGroupARN": plot.arn("autoscaling", f"autoScalingGroup:{plot.uuid()}:autoScalingGroupName/{name}"),
        "MinSize": 0,
        "MaxSize": 4,
        "DesiredCapacity": 0,
        "DefaultCooldown": 300,
        "AvailabilityZones": [plot.zone()],
        "HealthCheckType": "EC2",
        "HealthCheckGracePeriod": 300,
        "Instances": [],
        "CreatedTime": plot.ago(200),
        "Tags": [],
    }
    if configuration:
        row["LaunchConfigurationName"] = configuration
    if template_id:
        specification: Row = {
            "LaunchTemplateId": template_id,
            "LaunchTemplateName": plot.here.launch_templates[template_id]["LaunchTemplateName"],
            "Version": version,
        }
        if mixed:
            row["MixedInstancesPolicy"] = {"LaunchTemplate": {"LaunchTemplateSpecification": specification}}
        else:
            row["LaunchTemplate"] = specification
        if version.isdigit():
            pinned = plot.here.launch_template_versions[template_id][int(version) - 1]
            note_launched(plot, pinned["LaunchTemplateData"]["ImageId"])
    plot.here.auto_scaling_groups[name] = row


def configuration(plot: Plot, name: str, image_id: str, devices: Sequence[Row] = ()) -> str:
    """A launch configuration; returns its name."""
    plot.here.launch_configurations[name] = {
        "LaunchConfigurationName": name,
        "LaunchConfigurationARN": plot.arn(
            "autoscaling", f"launchConfiguration:{plot.uuid()}:launchConfigurationName/{name}"
        ),
        "ImageId": image_id,
        "KeyName": "",
        "SecurityGroups": [],
        "UserData": "",
        "InstanceType": "m5.large",
        "KernelId": "",
        "RamdiskId": "",
        "BlockDeviceMappings": list(devices),
        "InstanceMonitoring": {"Enabled": True},
        "CreatedTime": plot.ago(900),
        "EbsOptimized": False,
    }
    return name


def parameter(plot: Plot, name: str, value: str, data_type: str = "aws:ec2:image") -> str:
    """A Parameter Store parameter; returns its name."""
    plot.here.parameters[name] = {
        "Name": name,
        "Type": "String",
        "Value": value,
        "Version": plot.rng.randrange(1, 40),
        "LastModifiedDate": plot.ago(plot.rng.randrange(1, 300)),
        "ARN": plot.arn("ssm", f"parameter/{name.lstrip('/')}"),
        "DataType": data_type,
    }
    return name
