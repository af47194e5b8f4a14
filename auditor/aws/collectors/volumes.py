"""EBS volumes and their attachments (ec2 DescribeVolumes)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Page, Reader, Where
from auditor.aws.shape import Field, name_tag, shape, tags

FIELDS: Mapping[str, Field] = {
    "volume_id": "VolumeId",
    "name": name_tag,
    "size_gib": "Size",
    "volume_type": "VolumeType",
    "iops": "Iops",
    "throughput_mib_per_s": "Throughput",
    "state": "State",
    "created_at": "CreateTime",
    "encrypted": "Encrypted",
    "kms_key_arn": "KmsKeyId",
    "source_snapshot_id": "SnapshotId",
    "availability_zone": "AvailabilityZone",
    "multi_attach": "MultiAttachEnabled",
    "outpost_arn": "OutpostArn",
}

ATTACHMENT_FIELDS: Mapping[str, Field] = {
    "volume_id": "VolumeId",
    "instance_id": "InstanceId",
    "device": "Device",
    "state": "State",
    "attached_at": "AttachTime",
    "delete_on_termination": "DeleteOnTermination",
}


def get(reader: Reader) -> Iterator[Page]:
    """Pages of volumes; 500 is the most DescribeVolumes gives at once."""
    return reader.pages("ec2", "DescribeVolumes", "Volumes", MaxResults=500)


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """Volumes, their tags and attachments."""
    attachments = [
        {"VolumeId": volume["VolumeId"], **attachment}
        for volume in page
        for attachment in volume.get("Attachments") or ()
    ]
    return {
        "volumes": shape("volumes", where, page, FIELDS),
        "volume_tags": tags("volume_tags", where, page, "volume", "VolumeId"),
        "attachments": shape("attachments", where, attachments, ATTACHMENT_FIELDS),
    }


COLLECTOR = Collector(
    name="volumes",
    frames=("volumes", "volume_tags", "attachments"),
    actions=("ec2:DescribeVolumes",),
    get=get,
    transform=transform,
)
