"""EBS snapshots the account owns (ec2 DescribeSnapshots)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Page, Reader, Where
from auditor.aws.shape import Field, name_tag, percent, shape, tags

FIELDS: Mapping[str, Field] = {
    "snapshot_id": "SnapshotId",
    "name": name_tag,
    "owner_id": "OwnerId",
    "description": "Description",
    "volume_id": "VolumeId",
    "volume_size_gib": "VolumeSize",
    "full_size_bytes": "FullSnapshotSizeInBytes",
    "storage_tier": "StorageTier",
    "restore_expires_at": "RestoreExpiryTime",
    "started_at": "StartTime",
    "completed_at": "CompletionTime",
    "state": "State",
    "state_message": "StateMessage",
    "progress_percent": percent("Progress"),
    "encrypted": "Encrypted",
    "kms_key_arn": "KmsKeyId",
    "data_encryption_key_id": "DataEncryptionKeyId",
    "transfer_type": "TransferType",
    "completion_duration_minutes": "CompletionDurationMinutes",
    "outpost_arn": "OutpostArn",
    "availability_zone": "AvailabilityZone",
}


def get(reader: Reader) -> Iterator[Page]:
    """Pages of snapshots; without ``OwnerIds`` AWS would give every public snapshot of the region."""
    return reader.pages("ec2", "DescribeSnapshots", "Snapshots", OwnerIds=["self"], MaxResults=1000)


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """Snapshots and their tags."""
    return {
        "snapshots": shape("snapshots", where, page, FIELDS),
        "snapshot_tags": tags("snapshot_tags", where, page, "snapshot", "SnapshotId"),
    }


COLLECTOR = Collector(
    name="snapshots",
    frames=("snapshots", "snapshot_tags"),
    actions=("ec2:DescribeSnapshots",),
    get=get,
    transform=transform,
)
