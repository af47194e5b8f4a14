"""Fast snapshot restores that this account enabled, on its own snapshots and on those shared with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Page, Reader, Where
from auditor.aws.shape import Field, shape

FIELDS: Mapping[str, Field] = {
    "snapshot_id": "SnapshotId",
    "availability_zone": "AvailabilityZone",
    "state": "State",
    "owner_id": "OwnerId",
    "enabled_at": "EnabledTime",
}


def get(reader: Reader) -> Iterator[Page]:
    """Items ``DescribeFastSnapshotRestoreSuccessItem``."""
    return reader.pages("ec2", "DescribeFastSnapshotRestores", "FastSnapshotRestores", MaxResults=200)


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row a snapshot and zone; what another account enabled on our snapshots is billed to that account."""
    own = [row for row in page if row.get("OwnerId") in (None, where.account_id)]
    return {"fast_restores": shape("fast_restores", where, own, FIELDS)}


COLLECTOR = Collector(
    name="fast_restores",
    frames=("fast_restores",),
    actions=("ec2:DescribeFastSnapshotRestores",),
    get=get,
    transform=transform,
)
