"""The limiter never lets more through than AWS takes, and hardly less."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.aws.limits import EC2_READS, Bucket, Limit, Limiter, just_below, limit_for

KEY = ("111122223333", "eu-west-1", "ec2", "DescribeSnapshotAttribute")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def fits(times: list[float], limit: Limit) -> bool:
    """The definition of a token bucket, spelt out: no span of time holds more than depth plus what flows in."""
    times = sorted(times)
    return all(
        end - begin + 1 <= limit.depth + limit.per_second * (times[end] - times[begin]) + 1e-6
        for begin in range(len(times))
        for end in range(begin, len(times))
    )


limits = st.builds(Limit, st.integers(1, 30), st.sampled_from([0.5, 1, 5, 20]))
gaps = st.lists(st.one_of(st.just(0.0), st.floats(0, 3)), max_size=60)


@given(limits, gaps)
def test_requests_of_many_workers_stay_within_the_bucket(limit: Limit, waits: list[float]) -> None:
    clock, bucket, sent = Clock(), Bucket(limit, 0.0), []
    for wait in waits:
        clock.now += wait
        sent.append(clock.now + bucket.take(clock.now))  # another worker asks before this one has slept
    assert fits(sent, limit)


@given(limits, gaps, st.sets(st.integers(0, 59)))
def test_throttles_never_make_it_faster(limit: Limit, waits: list[float], throttled: set[int]) -> None:
    clock, sent = Clock(), []
    limiter = Limiter(lambda _service, _operation: limit, clock=clock, sleep=clock.sleep)
    for position, wait in enumerate(waits):
        clock.now += wait
        limiter.acquire(KEY)
        sent.append(clock.now)
        if position in throttled:
            limiter.throttled(KEY)
    assert fits(sent, limit)


@pytest.mark.parametrize("calls", [1, 90, 91, 1000, 10_000])
def test_a_burst_takes_little_longer_than_the_floor(calls: int) -> None:
    clock = Clock()
    limiter = Limiter(clock=clock, sleep=clock.sleep)
    for _ in range(calls):
        limiter.acquire(KEY)
    floor = max(0.0, (calls - EC2_READS.depth) / EC2_READS.per_second)
    assert floor <= clock.now <= floor * 1.03 + 0.6


def test_keys_have_buckets_of_their_own() -> None:
    clock = Clock()
    limiter = Limiter(lambda _service, _operation: Limit(10, 2), clock=clock, sleep=clock.sleep)
    for account in ("1", "2"):
        for region in ("a", "b"):
            for operation in ("DescribeX", "DescribeY"):
                for _ in range(9):
                    limiter.acquire((account, region, "ec2", operation))
    assert clock.now == 0
    limiter.acquire(("1", "a", "ec2", "DescribeX"))
    assert clock.now == pytest.approx(1 / 1.96)


def test_a_throttle_stops_requests_for_a_while_and_slows_them_down() -> None:
    clock = Clock()
    limiter = Limiter(lambda _service, _operation: Limit(100, 20), clock=clock, sleep=clock.sleep)
    limiter.acquire(KEY)
    limiter.throttled(KEY)
    limiter.acquire(KEY)
    assert clock.now > 1
    before = clock.now
    for _ in range(10):
        limiter.acquire(KEY)
    assert 10 / 20 < clock.now - before < 10 / 5


def test_the_rate_recovers() -> None:
    clock = Clock()
    limiter = Limiter(lambda _service, _operation: Limit(10, 10), clock=clock, sleep=clock.sleep)
    limiter.throttled(KEY)
    clock.now += 1000
    for _ in range(5):
        limiter.acquire(KEY)
    before = clock.now
    for _ in range(10):
        limiter.acquire(KEY)
    assert clock.now - before == pytest.approx(10 / 9.8)


def test_unlimited_never_waits() -> None:
    waits: list[float] = []
    limiter = Limiter.unlimited()
    limiter.throttled(KEY)
    for _ in range(1000):
        limiter.acquire(KEY, waits.append)
    assert waits == []


def test_ec2_reads_have_aws_published_limit_and_unknown_services_a_cautious_one() -> None:
    assert limit_for("ec2", "DescribeSnapshots") == Limit(100, 20)
    assert limit_for("ec2", "DescribeStoreImageTasks") == Limit(50, 0.5)
    assert limit_for("imagebuilder", "ListImageRecipes") == Limit(10, 5)
    assert just_below(Limit(1, 0.1)).depth == 1
