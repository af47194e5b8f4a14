"""Buckets drain and fill as AWS says."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.sandbox.throttle import Buckets, Limit, limit_of


def test_a_bucket_drains_to_its_depth_and_fills_at_its_rate() -> None:
    now = 0.0
    buckets = Buckets(lambda: now)
    limit = Limit(3, 2)
    assert [buckets.take(("a",), limit) for _ in range(4)] == [True, True, True, False]
    assert buckets.take(("b",), limit)
    now = 0.4
    assert not buckets.take(("a",), limit)
    now = 0.5
    assert buckets.take(("a",), limit)
    now = 1000.0
    assert [buckets.take(("a",), limit) for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "bucket", "limit"),
    [
        ("ec2", "DescribeSnapshotAttribute", {}, "DescribeSnapshotAttribute", Limit(100, 20)),
        ("ec2", "DescribeSnapshots", {}, "DescribeSnapshots of everything", Limit(50, 10)),
        ("ec2", "DescribeSnapshots", {"OwnerIds": ["self"]}, "DescribeSnapshots", Limit(100, 20)),
        ("ec2", "DescribeSnapshots", {"MaxResults": 1000}, "DescribeSnapshots", Limit(100, 20)),
        ("ec2", "DescribeVolumes", {"Filters": []}, "DescribeVolumes of everything", Limit(50, 10)),
        ("ec2", "DescribeImages", {}, "DescribeImages", Limit(100, 20)),
        ("ec2", "DescribeStoreImageTasks", {}, "DescribeStoreImageTasks", Limit(50, 0.5)),
        ("ec2", "ModifyVolume", {}, "ModifyVolume", Limit(50, 5)),
        ("ebs", "ListSnapshotBlocks", {}, "ListSnapshotBlocks", Limit(50, 50)),
        ("cloudtrail", "LookupEvents", {}, "LookupEvents", Limit(2, 2)),
    ],
)
def test_limits(service: str, operation: str, parameters: dict[str, Any], bucket: str, limit: Limit) -> None:
    assert limit_of(service, operation, parameters) == (bucket, limit)
