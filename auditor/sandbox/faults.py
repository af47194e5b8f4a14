"""What goes wrong on purpose: refusals, throttling, broken connections and answers that are not what they seem.

A fault says what happens and to which calls. The names in its fields may hold shell wildcards, so
``Fault("denied", region="eu-*", action="Describe*")`` is one fault.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any, Literal, get_args

from auditor.sandbox import refusals
from auditor.sandbox.errors import ServiceError
from auditor.sandbox.request import Request
from auditor.sandbox.throttle import Buckets, Limit, limit_of

#: ``throttle`` puts a token bucket before the calls, with AWS's own limits unless the fault has others; ``throttled``
#: refuses them as if a bucket were empty. ``expired`` ends temporary credentials, counting calls for each access key
#: by itself. ``vanish`` makes the ids unknown to the calls; listings still have them. ``empty_page`` puts an empty
#: page with a token before the first one. ``reset`` and ``truncated`` break the connection in the middle of the body,
#: rudely and politely; ``cut`` sends a shorter body whose length is stated correctly. ``slow`` waits before answering.
#: ``error`` answers the fault's own code.
Kind = Literal[
    "throttle",
    "throttled",
    "denied",
    "region_not_opted_in",
    "expired",
    "server_error",
    "error",
    "vanish",
    "empty_page",
    "slow",
    "reset",
    "truncated",
    "cut",
]
Damage = Literal["reset", "truncated", "cut"]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: What happens.
        account: Account id; None for every account, likewise below.
        region: Region name.
        service: botocore's service name.
        action: Operation name.
        ids: The call must name one of these as a parameter; empty for any call.
        after: How many matching calls go well first.
        times: How many calls go wrong then; None for all of them.
        seconds: How long a slow answer takes.
        sent: Bytes of the body that still arrive when the connection breaks; None for half of it.
        limit: Bucket of a throttle that differs from AWS's.
        code: Error code of an error.
        message: Sentence of an error.
        status: HTTP status of an error.
    """

    kind: Kind
    account: str | None = None
    region: str | None = None
    service: str | None = None
    action: str | None = None
    ids: tuple[str, ...] = ()
    after: int = 0
    times: int | None = None
    seconds: float = 0.0
    sent: int | None = None
    limit: Limit | None = None
    code: str = "InternalError"
    message: str = "An internal error has occurred"
    status: int = 500

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"{self.kind!r} is no kind of fault; there are {', '.join(get_args(Kind))}")

    def concerns(self, request: Request, parameters: Mapping[str, Any]) -> bool:
        """Whether a call is one of those that the fault names."""
        return (
            _fits(self.account, request.account_id)
            and _fits(self.region, request.region)
            and _fits(self.service, request.service)
            and _fits(self.action, request.operation)
            and (not self.ids or any(name in self.ids for name in _names(parameters)))
        )


@dataclass(frozen=True)
class Outcome:
    """What happens to a call that is answered at all."""

    seconds: float = 0.0
    damage: Damage | None = None
    sent: int | None = None
    empty_page: bool = False


class Throttled(ServiceError):  # noqa: N818 - named for what AWS says
    """A refusal because there were too many calls; counted apart from all others."""


class Faults:
    """All that goes wrong, with how often it has happened; safe to share between threads.

    Args:
        faults: What goes wrong; the first that matches wins among faults of one kind.
        throttling: Whether every call drains a bucket as it does at AWS.
        clock: Seconds that only go forward, for the buckets.
    """

    def __init__(self, *faults: Fault, throttling: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self.faults = faults
        self.throttling = throttling
        self._clock = clock
        self._buckets = Buckets(clock)
        self._lock = Lock()
        self._seen: Counter[tuple[int, str]] = Counter()

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process starts counting from nothing.
        return _rebuilt, (self.faults, self.throttling, self._clock)

    def judge(self, request: Request, parameters: Mapping[str, Any]) -> Outcome:
        """What happens to a call, in the order in which AWS would look at it.

        Raises:
            Throttled: The bucket is empty.
            ServiceError: The call is refused in some other way.
        """
        matching = [(index, fault) for index, fault in enumerate(self.faults) if fault.concerns(request, parameters)]
        struck = {fault.kind: fault for fault in reversed(list(self._due(request, matching)))}
        if "expired" in struck:
            raise refusals.expired(request.service)
        self._throttle(request, parameters, [fault for _, fault in matching if fault.kind == "throttle"], struck)
        if "region_not_opted_in" in struck:
            raise refusals.unknown_credentials(request.service)
        if "denied" in struck:
            raise refusals.denied(request)
        if "server_error" in struck:
            raise refusals.broken(request.service)
        if error := struck.get("error"):
            raise ServiceError(error.code, error.message, error.status)
        if vanish := struck.get("vanish"):
            raise refusals.gone(_gone_id(vanish, parameters))
        slow = struck.get("slow")
        broken = next((struck[kind] for kind in get_args(Damage) if kind in struck), None)
        return Outcome(
            seconds=slow.seconds if slow else 0.0,
            damage=broken.kind if broken else None,  # type: ignore[arg-type]  # picked by the kinds of damage
            sent=broken.sent if broken else None,
            empty_page="empty_page" in struck,
        )

    def _due(self, request: Request, matching: list[tuple[int, Fault]]) -> Iterator[Fault]:
        """Those faults whose turn it is, counting this call."""
        for index, fault in matching:
            if fault.kind == "throttle" or (fault.kind == "expired" and request.session is None):
                continue
            key = (index, request.access_key if fault.kind == "expired" else "")
            with self._lock:
                self._seen[key] += 1
                turn = self._seen[key] - fault.after
            if turn > 0 and (fault.times is None or turn <= fault.times):
                yield fault

    def _throttle(
        self,
        request: Request,
        parameters: Mapping[str, Any],
        throttles: list[Fault],
        struck: Mapping[Kind, Fault],
    ) -> None:
        allowed = "throttled" not in struck
        if allowed and (throttles or self.throttling):
            bucket, limit = limit_of(request.service, request.operation, parameters)
            if throttles and throttles[0].limit is not None:
                limit = throttles[0].limit
            key = (request.account_id, request.region, request.service, bucket)
            allowed = self._buckets.take(key, limit)
        if not allowed:
            refusal = refusals.throttled(request.service)
            raise Throttled(refusal.code, refusal.message, refusal.status)


def _rebuilt(faults: tuple[Fault, ...], throttling: bool, clock: Callable[[], float]) -> Faults:
    return Faults(*faults, throttling=throttling, clock=clock)


def _fits(pattern: str | None, name: str) -> bool:
    return pattern is None or fnmatchcase(name, pattern)


def _names(parameters: Mapping[str, Any]) -> Iterator[str]:
    """Every string among the parameters, one level into lists."""
    for value in parameters.values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (item for item in value if isinstance(item, str))


def _gone_id(fault: Fault, parameters: Mapping[str, Any]) -> str:
    """The id that vanished: one that the fault names, or the first that the call names."""
    identifiers = [
        name
        for parameter, value in parameters.items()
        if parameter.endswith(("Id", "Ids"))
        for name in _names({parameter: value})
    ]
    return next((name for name in identifiers if name in fault.ids), next(iter(identifiers), ""))
