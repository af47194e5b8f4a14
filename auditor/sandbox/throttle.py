"""Token buckets with the depths and rates that AWS publishes.

Sources: Amazon EC2 Developer Guide, "Request throttling for the Amazon EC2 API" (a bucket for each account, Region
and action; unfiltered and unpaginated calls of some actions have smaller ones); Amazon EBS User Guide, "Amazon EBS
quotas" (EBS direct APIs); AWS CloudTrail API Reference, ``LookupEvents``; AWS IAM and AWS STS quotas
(``AssumeRole``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any


@dataclass(frozen=True)
class Limit:
    """How many requests fit into a bucket, and how many it regains in a second."""

    depth: float
    per_second: float


READING = Limit(100, 20)
READING_EVERYTHING = Limit(50, 10)
CHANGING = Limit(50, 5)

_READERS = ("Describe", "Get", "List", "Search", "Lookup", "Batch")
#: Actions whose calls without filter, id and page size drain a smaller bucket.
_COSTLY = frozenset(
    {
        "DescribeInstances",
        "DescribeInstanceStatus",
        "DescribeNetworkInterfaces",
        "DescribeSecurityGroups",
        "DescribeSnapshots",
        "DescribeSpotInstanceRequests",
        "DescribeVolumes",
    }
)
_OWN: Mapping[tuple[str, str], Limit] = {
    ("ec2", "DescribeStoreImageTasks"): Limit(50, 0.5),
    ("ec2", "CreateStoreImageTask"): Limit(50, 0.1),
    ("ec2", "CreateRestoreImageTask"): Limit(50, 0.1),
    ("ec2", "CopyImage"): Limit(100, 1),
    ("ec2", "CreateSnapshot"): Limit(100, 5),
    ("ec2", "CreateSnapshots"): Limit(100, 5),
    ("ec2", "DeleteSnapshot"): Limit(100, 5),
    ("ec2", "DeregisterImage"): Limit(100, 5),
    ("ec2", "ModifySnapshotAttribute"): Limit(100, 5),
    ("ec2", "ModifyImageAttribute"): Limit(100, 5),
    ("ec2", "CreateTags"): Limit(100, 10),
    ("ec2", "DeleteTags"): Limit(100, 10),
    ("ec2", "EnableSnapshotBlockPublicAccess"): Limit(1, 0.1),
    ("ec2", "DisableSnapshotBlockPublicAccess"): Limit(1, 0.1),
    ("ec2", "EnableImageBlockPublicAccess"): Limit(1, 0.1),
    ("ec2", "DisableImageBlockPublicAccess"): Limit(1, 0.1),
    ("ebs", "ListSnapshotBlocks"): Limit(50, 50),
    ("ebs", "ListChangedBlocks"): Limit(50, 50),
    ("ebs", "GetSnapshotBlock"): Limit(1000, 1000),
    ("cloudtrail", "LookupEvents"): Limit(2, 2),
    ("sts", "AssumeRole"): Limit(600, 600),
    ("sts", "GetCallerIdentity"): Limit(600, 600),
}


def limit_of(service: str, operation: str, parameters: Mapping[str, Any]) -> tuple[str, Limit]:
    """The name of the bucket that a call drains, and its limit."""
    own = _OWN.get((service, operation))
    if own is not None:
        return operation, own
    if not operation.startswith(_READERS):
        return operation, CHANGING
    if service == "ec2" and operation in _COSTLY and _unbounded(parameters):
        return f"{operation} of everything", READING_EVERYTHING
    return operation, READING


def _unbounded(parameters: Mapping[str, Any]) -> bool:
    """Whether a call names no filter, no ids and no page."""
    bounds = ("Filters", "MaxResults", "NextToken")
    return not any(value and (name in bounds or name.endswith("Ids")) for name, value in parameters.items())


class Buckets:
    """A bucket for every key that ever asked; safe to share between threads.

    Args:
        clock: Seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._levels: dict[tuple[str, ...], tuple[float, float]] = {}

    def take(self, key: tuple[str, ...], limit: Limit) -> bool:
        """Take one request out of a bucket; False when it is empty."""
        with self._lock:
            now = self._clock()
            level, since = self._levels.get(key, (limit.depth, now))
            level = min(limit.depth, level + (now - since) * limit.per_second)
            taken = level >= 1
            self._levels[key] = (level - 1 if taken else level, now)
            return taken
