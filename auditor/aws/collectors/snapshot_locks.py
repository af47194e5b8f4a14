"""Snapshot locks: what cannot be deleted before a day, by anybody or by most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Page, Reader, Where
from auditor.aws.shape import Field, shape

FIELDS: Mapping[str, Field] = {
    "snapshot_id": "SnapshotId",
    "lock_state": "LockState",
    "lock_duration_days": "LockDuration",
    "locked_at": "LockCreatedOn",
    "cooloff_expires_at": "CoolOffPeriodExpiresOn",
    "lock_expires_at": "LockExpiresOn",
}


def get(reader: Reader) -> Iterator[Page]:
    """Items ``LockedSnapshotsInfo``."""
    return reader.pages("ec2", "DescribeLockedSnapshots", "Snapshots", MaxResults=1000)


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row a lock, expired ones included."""
    return {"snapshot_locks": shape("snapshot_locks", where, page, FIELDS)}


COLLECTOR = Collector(
    name="snapshot_locks",
    frames=("snapshot_locks",),
    actions=("ec2:DescribeLockedSnapshots",),
    get=get,
    transform=transform,
)
