"""Keeps just below AWS's request limits, so that the audit throttles neither itself nor the customer.

AWS counts requests in a token bucket per account, region and action ("Request throttling for the Amazon EC2 API",
EC2 developer guide). One :class:`Limiter` holds a bucket for each, shared by every worker.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

#: Account, region, service and operation.
Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Limit:
    """A bucket of ``depth`` tokens into which ``per_second`` flow."""

    depth: float
    per_second: float


#: What we leave of AWS's bucket: room for requests that bunch up on the way by so many seconds, and a part of the rate.
SLACK_SECONDS = 0.5
RATE_SHARE = 0.98

#: Non-mutating EC2 actions: Describe*, List*, Search* and Get*.
EC2_READS = Limit(100, 20)

#: Limits by service, and by service and operation where an operation has its own. EC2: "Request throttling for the
#: Amazon EC2 API". CloudTrail: LookupEvents of its API reference. Systems Manager,
#: Organizations, KMS and STS: their quota pages. The others publish none; theirs are cautious. An account has 100
#: lifecycle policies in a region at most ("CreateLifecyclePolicy", DLM API reference): most are read in one go.
LIMITS: Mapping[str | tuple[str, str], Limit] = {
    "ec2": EC2_READS,
    ("ec2", "DescribeStoreImageTasks"): Limit(50, 0.5),
    "autoscaling": Limit(40, 10),
    "backup": Limit(40, 10),
    ("cloudtrail", "LookupEvents"): Limit(2, 2),
    "dlm": Limit(60, 10),
    "kms": Limit(100, 50),
    # half of the 100 a second that KMS allows by default: what runs in the account has grants made all the time
    ("kms", "ListGrants"): Limit(50, 50),
    "organizations": Limit(8, 4),
    "rbin": Limit(10, 5),
    "ssm": Limit(20, 5),
    "sts": Limit(100, 50),
}
OTHERS = Limit(10, 5)

#: After a throttle nothing goes out for so long, and the rate is cut by so much, recovering over so many seconds.
PAUSE_SECONDS = 1.0
CUT = 0.5
RECOVERY_SECONDS = 60.0
SLOWEST_SHARE = 1 / 16


def limit_for(service: str, operation: str) -> Limit:
    """AWS's limit for one operation, per account and region."""
    return LIMITS.get((service, operation)) or LIMITS.get(service, OTHERS)


def just_below(limit: Limit) -> Limit:
    """The part of AWS's limit that we use."""
    return Limit(max(1.0, limit.depth - SLACK_SECONDS * limit.per_second), limit.per_second * RATE_SHARE)


class Bucket:
    """Tokens of one account, region and action; times are seconds of any monotonic clock."""

    def __init__(self, limit: Limit, now: float) -> None:
        self.limit = limit
        self._tokens = limit.depth
        self._at = now
        self._share = 1.0

    def take(self, now: float) -> float:
        """Reserve one token; returns how many seconds to wait before using it."""
        self._refill(now)
        self._tokens -= 1
        if self._tokens >= 0:
            return max(0.0, self._at - now)
        return self._at - now - self._tokens / self._rate

    def throttled(self, now: float) -> None:
        """Back off: others drink from the same bucket, so what we believe to be in it is not there."""
        self._refill(now)
        self._tokens = min(self._tokens, 0.0) - self._rate * PAUSE_SECONDS
        self._share = max(SLOWEST_SHARE, self._share * CUT)

    @property
    def _rate(self) -> float:
        return self.limit.per_second * self._share

    def _refill(self, now: float) -> None:
        passed = max(0.0, now - self._at)
        self._tokens = min(self.limit.depth, self._tokens + passed * self._rate)
        self._share = min(1.0, self._share + passed / RECOVERY_SECONDS)
        self._at = max(self._at, now)


class Limiter:
    """A bucket for every account, region and action, shared by all workers.

    Args:
        limit: The limit of an operation, by service and operation; ``None`` for one without.
        clock: Seconds, monotonic.
        sleep: Waits so many seconds; may raise to break the wait off.
    """

    def __init__(
        self,
        limit: Callable[[str, str], Limit | None] = limit_for,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limit = limit
        self._clock = clock
        self._sleep = sleep
        self._buckets: dict[Key, Bucket | None] = {}
        self._lock = threading.Lock()

    @classmethod
    def unlimited(cls) -> Limiter:
        """One that never waits: for endpoints that are not AWS."""
        return cls(lambda _service, _operation: None)

    def acquire(self, key: Key, sleep: Callable[[float], None] | None = None) -> None:
        """Wait until one request may go out."""
        with self._lock:
            bucket = self._bucket(key)
            wait = bucket.take(self._clock()) if bucket else 0.0
        if wait > 0:
            (sleep or self._sleep)(wait)

    def throttled(self, key: Key) -> None:
        """Tell that AWS throttled a request all the same."""
        with self._lock:
            if bucket := self._bucket(key):
                bucket.throttled(self._clock())

    def _bucket(self, key: Key) -> Bucket | None:
        if key not in self._buckets:
            limit = self._limit(key[2], key[3])
            self._buckets[key] = Bucket(just_below(limit), self._clock()) if limit else None
        return self._buckets[key]
