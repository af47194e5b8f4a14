"""Snapshots of others that volumes in use were made from, as far as they can be seen still.

A volume names its snapshot for good; whose that is, DescribeSnapshots tells of those that are public or shared with the
account today (Amazon EC2 API Reference). The snapshots behind other accounts' images are seen by nobody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Page, Reader, Where, in_pages
from auditor.aws.shape import Field, shape

#: Most values of a filter ("Filter", Amazon EC2 API Reference).
MOST_VALUES = 200

FIELDS: Mapping[str, Field] = {
    "snapshot_id": "SnapshotId",
    "owner_id": "OwnerId",
    "owner_alias": "OwnerAlias",
    "description": "Description",
    "encrypted": "Encrypted",
}


def get(reader: Reader) -> Iterator[Page]:
    """Items ``Snapshot`` of other owners."""
    volumes = reader.frame("volumes")
    used = volumes.loc[volumes["state"].eq("in-use").fillna(value=False), "source_snapshot_id"].dropna()
    foreign = sorted(set(used) - set(reader.frame("snapshots")["snapshot_id"]))
    for wanted in in_pages(foreign, MOST_VALUES):
        named = [{"Name": "snapshot-id", "Values": wanted}]
        for page in reader.pages("ec2", "DescribeSnapshots", "Snapshots", Filters=named, MaxResults=1000):
            yield [snapshot for snapshot in page if snapshot.get("OwnerId") != reader.where.account_id]


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row a snapshot."""
    return {"source_snapshots": shape("source_snapshots", where, page, FIELDS)}


COLLECTOR = Collector(
    name="source_snapshots",
    frames=("source_snapshots",),
    actions=("ec2:DescribeSnapshots",),
    get=get,
    transform=transform,
    after=("snapshots", "volumes"),
)
