"""Instances, stopped ones included, and the images they run on (ec2 DescribeInstances)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where
from auditor.aws.shape import Field, name_tag, shape, tags

#: States in which an instance keeps its image in use, and how strongly.
STRENGTHS = {"pending": "running", "running": "running", "stopping": "stopped", "stopped": "stopped"}


def _state(item: Item) -> str | None:
    return (item.get("State") or {}).get("Name")


FIELDS: Mapping[str, Field] = {
    "instance_id": "InstanceId",
    "name": name_tag,
    "image_id": "ImageId",
    "state": _state,
    "launched_at": "LaunchTime",
    "platform_details": "PlatformDetails",
    "usage_operation": "UsageOperation",
    "architecture": "Architecture",
    "virtualization_type": "VirtualizationType",
    "kernel_id": "KernelId",
    "root_device_name": "RootDeviceName",
    "root_device_type": "RootDeviceType",
    "lifecycle": "InstanceLifecycle",
}

REFERENCE_FIELDS: Mapping[str, Field] = {
    "image_id": "ImageId",
    "referrer_type": lambda _: "instance",
    "referrer_id": "InstanceId",
    "detail": _state,
    "strength": lambda item: STRENGTHS.get(_state(item) or ""),
    "seen_by": lambda _: "ec2 DescribeInstances",
}


def get(reader: Reader) -> Iterator[Page]:
    """Pages of instances, out of their reservations."""
    for page in reader.pages("ec2", "DescribeInstances", "Reservations", MaxResults=1000):
        yield [instance for reservation in page for instance in reservation.get("Instances") or ()]


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """Instances, their tags, and one image reference for each that has not been terminated."""
    alive = [instance for instance in page if instance.get("ImageId") and _state(instance) in STRENGTHS]
    return {
        "instances": shape("instances", where, page, FIELDS),
        "instance_tags": tags("instance_tags", where, page, "instance", "InstanceId"),
        "image_references": shape("image_references", where, alive, REFERENCE_FIELDS),
    }


COLLECTOR = Collector(
    name="instances",
    frames=("instances", "instance_tags", "image_references"),
    actions=("ec2:DescribeInstances",),
    get=get,
    transform=transform,
)
