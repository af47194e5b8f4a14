"""The archive history of snapshots: when the 90-day minimum of the archive tier began, and what failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Page, Reader, Where
from auditor.aws.shape import Field, shape

FIELDS: Mapping[str, Field] = {
    "snapshot_id": "SnapshotId",
    "storage_tier": "StorageTier",
    "last_operation_status": "LastTieringOperationStatus",
    "last_operation_progress_percent": "LastTieringProgress",
    "last_operation_started_at": "LastTieringStartTime",
    "archived_at": "ArchivalCompleteTime",
    "restore_expires_at": "RestoreExpiryTime",
}


def get(reader: Reader) -> Iterator[Page]:
    """Items ``SnapshotTierStatus``; one unfiltered scan, the operation takes no snapshot ids."""
    return reader.pages("ec2", "DescribeSnapshotTierStatus", "SnapshotTierStatuses", MaxResults=1000)


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row a snapshot."""
    return {"snapshot_tiering": shape("snapshot_tiering", where, page, FIELDS)}


COLLECTOR = Collector(
    name="snapshot_tiering",
    frames=("snapshot_tiering",),
    actions=("ec2:DescribeSnapshotTierStatus",),
    get=get,
    transform=transform,
)
