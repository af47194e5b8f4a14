"""The Recycle Bin: deleted snapshots, images and volumes that can still be restored, and the rules that keep them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where, in_pages
from auditor.aws.collectors._whole import whole
from auditor.aws.shape import Field, shape, table

_TIMES: Mapping[str, Field] = {"entered_at": "RecycleBinEnterTime", "exits_at": "RecycleBinExitTime"}
SNAPSHOT_FIELDS: Mapping[str, Field] = {
    "snapshot_id": "SnapshotId",
    "description": "Description",
    "volume_id": "VolumeId",
    **_TIMES,
}
IMAGE_FIELDS: Mapping[str, Field] = {"image_id": "ImageId", "description": "Description", "name": "Name", **_TIMES}
VOLUME_FIELDS: Mapping[str, Field] = {"volume_id": "VolumeId", "size_gib": "Size", **_TIMES}
RULE_FIELDS: Mapping[str, Field] = {
    "rule_id": "Identifier",
    "resource_type": "ResourceType",
    "description": "Description",
    # DAYS is the only unit there is
    "retention_days": lambda rule: rule["RetentionPeriod"]["RetentionPeriodValue"],
    "status": "Status",
    "lock_state": "LockState",
}

_RESOURCE_TYPES = ("EBS_SNAPSHOT", "EC2_IMAGE", "EBS_VOLUME")


def get_snapshots(reader: Reader) -> Iterator[Page]:
    """Items ``SnapshotRecycleBinInfo``."""
    return reader.pages("ec2", "ListSnapshotsInRecycleBin", "Snapshots", MaxResults=1000)


def get_images(reader: Reader) -> Iterator[Page]:
    """Items ``ImageRecycleBinInfo``."""
    return reader.pages("ec2", "ListImagesInRecycleBin", "Images", MaxResults=1000)


def get_volumes(reader: Reader) -> Iterator[Page]:
    """Items ``VolumeRecycleBinInfo``; 500 is the largest page the operation allows."""
    return reader.pages("ec2", "ListVolumesInRecycleBin", "Volumes", MaxResults=500)


def get_rules(reader: Reader) -> Iterator[Page]:
    """Items as GetRule answers; ListRules tells neither status nor tags."""
    ids = [
        rule["Identifier"]
        for resource_type in _RESOURCE_TYPES
        for page in reader.pages("rbin", "ListRules", "Rules", ResourceType=resource_type, MaxResults=1000)
        for rule in page
    ]

    def read(rule_id: str) -> Item:
        return reader.call("rbin", "GetRule", Identifier=rule_id)

    yield from in_pages(rule for _, rule in whole(reader, ids, read, drop=("ResourceNotFoundException",)))


def transform_snapshots(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row a snapshot."""
    return {"recycle_bin_snapshots": shape("recycle_bin_snapshots", where, page, SNAPSHOT_FIELDS)}


def transform_images(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row an image."""
    return {"recycle_bin_images": shape("recycle_bin_images", where, page, IMAGE_FIELDS)}


def transform_volumes(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row a volume; AWS describes volumes in the bin without words."""
    return {"recycle_bin_volumes": shape("recycle_bin_volumes", where, page, VOLUME_FIELDS)}


def transform_rules(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """Rules, and a row for every tag they match or leave out."""
    tags = [
        (rule["Identifier"], tag["ResourceTagKey"], tag.get("ResourceTagValue"), excludes)
        for rule in page
        for member, excludes in (("ResourceTags", False), ("ExcludeResourceTags", True))
        for tag in rule.get(member) or ()
    ]
    columns = {name: [tag[place] for tag in tags] for place, name in enumerate(("rule_id", "key", "value", "excludes"))}
    return {
        "recycle_bin_rules": shape("recycle_bin_rules", where, page, RULE_FIELDS),
        "recycle_bin_rule_tags": table("recycle_bin_rule_tags", where, len(tags), columns),
    }


SNAPSHOTS = Collector(
    name="recycle_bin_snapshots",
    frames=("recycle_bin_snapshots",),
    actions=("ec2:ListSnapshotsInRecycleBin",),
    get=get_snapshots,
    transform=transform_snapshots,
)
IMAGES = Collector(
    name="recycle_bin_images",
    frames=("recycle_bin_images",),
    actions=("ec2:ListImagesInRecycleBin",),
    get=get_images,
    transform=transform_images,
)
VOLUMES = Collector(
    name="recycle_bin_volumes",
    frames=("recycle_bin_volumes",),
    actions=("ec2:ListVolumesInRecycleBin",),
    get=get_volumes,
    transform=transform_volumes,
    # where EC2 does not know the operation, no volume can be in the bin
    soft=("InvalidAction", "UnsupportedOperation"),
)
RULES = Collector(
    name="recycle_bin_rules",
    frames=("recycle_bin_rules", "recycle_bin_rule_tags"),
    actions=("rbin:ListRules", "rbin:GetRule"),
    get=get_rules,
    transform=transform_rules,
)
