"""Reads one account in one region: limited, retried, counted and contained."""

from __future__ import annotations

import random
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import pandas as pd
from botocore import xform_name

from auditor.aws.collector import Item, Page, Where
from auditor.aws.earlier import Earlier
from auditor.aws.limits import Limiter
from auditor.aws.outcome import (
    THROTTLED,
    CredentialsExpired,
    IncompleteAnswer,
    error_code,
    is_refusal,
    outcome_of,
    worth_repeating,
)
from auditor.aws.progress import Progress
from auditor.aws.session import AccountSession
from auditor.frames import INVENTORY
from auditor.inventory import GLOBAL

T = TypeVar("T")

#: Requests of one collector under way at once; at 20 a second more would only wait for the bucket.
AT_ONCE = 4
#: Answers of :meth:`PartitionReader.each` that may be waiting to be taken.
WINDOW = 64
#: How often an answer that cannot be read is asked for, and the longest first wait between.
READS = 4
FIRST_PAUSE_SECONDS = 0.5
#: So many refusals at the very beginning, and everything is taken to be refused.
REFUSED_AT_FIRST = 5
#: Input and output tokens of services that name them otherwise than NextToken.
TOKENS = {
    "accessanalyzer": ("nextToken", "nextToken"),
    "imagebuilder": ("nextToken", "nextToken"),
    "kms": ("Marker", "NextMarker"),
}
LONG_AGO = datetime.min.replace(tzinfo=UTC)
NEXT_TOKEN = ("NextToken", "NextToken")


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """The run is being stopped; nothing more is to be asked."""


@dataclass
class Run:
    """What all readers of a run share.

    Attributes:
        discovery: How shares of snapshots are looked for.
        audited_from: Beginning of the audit period that backups are judged in.
        earlier: A run whose shares may be used again.
        known_accounts: Accounts of the organisation, in scope and that the configuration names, sorted.
        members_known: Whether Organizations told all of its accounts.
        stop: Set when the run is to end early.
        expired: Set when the credentials ended.
    """

    limiter: Limiter
    progress: Progress
    exact_shares: bool = True
    discovery: str = "exhaustive"
    audited_from: datetime = LONG_AGO
    earlier: Earlier | None = None
    members_known: bool = False
    known_accounts: tuple[str, ...] = ()
    stop: threading.Event = field(default_factory=threading.Event)
    expired: threading.Event = field(default_factory=threading.Event)

    def sleep(self, seconds: float) -> None:
        """Wait, or be woken when the run is stopped."""
        self.stop.wait(seconds)

    def check(self) -> None:
        """Raise where nothing more is to be asked.

        Raises:
            Stopped: The run is being stopped.
            CredentialsExpired: The credentials ended.
        """
        self.check_stopped()
        if self.expired.is_set():
            raise CredentialsExpired

    def check_stopped(self) -> None:
        """Raise where the run is being stopped.

        Raises:
            Stopped: It is.
        """
        if self.stop.is_set():
            raise Stopped


class Tally:
    """What one collector has asked and missed so far; several threads count in it."""

    def __init__(self) -> None:
        self.calls = 0
        self.answered = 0
        self.gaps: list[tuple[str, str, str]] = []
        self.note: tuple[str, str] | None = None
        self._lock = threading.Lock()

    def called(self) -> None:
        """One request went out."""
        with self._lock:
            self.calls += 1

    def answer(self) -> None:
        """One request was answered with what was asked for."""
        with self._lock:
            self.answered += 1


#: Where requests of this thread are counted: clients are shared, and their events do not tell for whom they ask.
_ASKING: ContextVar[Tally | None] = ContextVar("asking", default=None)


class PartitionReader:
    """The :class:`~auditor.aws.collector.Reader` of one account in one region; each collector has its :meth:`own`.

    Args:
        where: What is read.
        session: Makes the clients.
        home: Region of the clients where ``where`` is account-wide.
        run: What all readers share.
        account: What Organizations says of the account.
        organisation_error: Why it would not tell.
        members: Every account of the organisation.

    Attributes:
        tally: Counts for the collector whose own it is.
        frames: Gives the frames that earlier collectors brought.
    """

    def __init__(
        self,
        where: Where,
        session: AccountSession,
        home: str,
        run: Run,
        *,
        account: Mapping[str, Any] | None = None,
        organisation_error: Exception | None = None,
        members: Sequence[Item] = (),
    ) -> None:
        self.where = where
        self.exact_shares = run.exact_shares
        self.discovery = run.discovery
        self.audited_from = run.audited_from
        self.earlier = run.earlier
        self.tally = Tally()
        self.run = run
        self.frames: Callable[[str], pd.DataFrame] = nothing
        self._session = session
        self._region = home if where.region == GLOBAL else where.region
        self._account = dict(account or {"Id": where.account_id})
        self._organisation_error = organisation_error
        self.members = members
        self._clients: dict[str, Any] = {}
        self._kept: dict[str, Any] = {}
        self._keeping: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()

    def own(self, frames: Callable[[str], pd.DataFrame]) -> PartitionReader:
        """A reader of the same place for one collector: clients and what was kept are shared, counts are not.

        Args:
            frames: Gives the frames that collectors it builds upon brought.
        """
        own = copy(self)
        own.tally, own.frames = Tally(), frames
        return own

    @property
    def known_accounts(self) -> tuple[str, ...]:
        """Accounts of the organisation, in scope and that the configuration names."""
        return self.run.known_accounts

    @property
    def members_known(self) -> bool:
        """Whether every account of the organisation is among them."""
        return self.run.members_known

    @property
    def account(self) -> Mapping[str, Any]:
        """What Organizations says of the account."""
        return self._account

    @property
    def organisation_error(self) -> Exception | None:
        """Why Organizations would not tell about the account."""
        return self._organisation_error

    def call(self, service: str, operation: str, /, **parameters: Any) -> Mapping[str, Any]:
        """One request; answers that end early or cannot be read are asked for again, which botocore never does.

        Raises:
            Stopped: The run is being stopped.
            CredentialsExpired: The credentials ended elsewhere in the run.
        """
        method = getattr(self._client(service), xform_name(operation))
        for attempt in range(READS):
            self.run.check()
            asking = _ASKING.set(self.tally)
            try:
                answer: Mapping[str, Any] = method(**parameters)
            except Exception as error:
                if outcome_of(error).expired:
                    self.run.expired.set()
                if not worth_repeating(error) or attempt == READS - 1:
                    raise
                self.run.sleep(random.uniform(0, FIRST_PAUSE_SECONDS * 2**attempt))  # noqa: S311 - jitter
            else:
                self.tally.answer()
                return answer
            finally:
                _ASKING.reset(asking)
        raise AssertionError("unreachable")

    def pages(self, service: str, operation: str, key: str, /, **parameters: Any) -> Iterator[Page]:
        """The items of every page, to the last token.

        Raises:
            IncompleteAnswer: A token came twice, so that the listing would never end.
        """
        token_in, token_out = TOKENS.get(service, NEXT_TOKEN)
        answer = self.call(service, operation, **parameters)
        seen: set[str] = set()
        with ThreadPoolExecutor(1, thread_name_prefix="auditor-ahead") as ahead:  # starts a thread where there is work
            while token := answer.get(token_out):
                if token in seen:
                    yield list(answer.get(key) or ())
                    raise IncompleteAnswer("RepeatedToken", f"{operation} gave the same page token twice.")
                seen.add(token)
                # the next page is on its way while this one is worked on
                following = ahead.submit(self.call, service, operation, **parameters | {token_in: token})
                yield list(answer.get(key) or ())
                answer = following.result()
        yield list(answer.get(key) or ())

    def each(
        self, ids: Iterable[str], read: Callable[[str], Item], *, drop: tuple[str, ...] = ()
    ) -> Iterator[tuple[str, Item]]:
        """``read`` for every id, a few at a time, in the order of the ids; see the protocol."""
        refused, undecided = 0, True
        failed: list[tuple[str, Exception]] = []
        for resource_id, result in self._answers(ids, read):
            if not isinstance(result, Exception):
                undecided = False
                yield resource_id, result
                continue
            if isinstance(result, (Stopped, CredentialsExpired)) or outcome_of(result).expired:
                raise result
            if error_code(result) in drop:
                undecided = False
                continue
            undecided = undecided and is_refusal(result)
            if not undecided:
                self._note([*failed, (resource_id, result)])
                failed = []
                continue
            refused += 1
            failed.append((resource_id, result))
            if refused >= REFUSED_AT_FIRST:
                raise result
        if failed and undecided:
            raise failed[-1][1]
        self._note(failed)

    def frame(self, name: str) -> pd.DataFrame:
        """A frame that an earlier collector brought from here."""
        return self.frames(name)

    def once(self, key: str, read: Callable[[], T], /) -> T:
        """``read()``, kept for whoever asks for the same key again."""
        with self._lock:
            keeping = self._keeping[key]
        with keeping:
            if key not in self._kept:
                self._kept[key] = read()
            kept: T = self._kept[key]
            return kept

    def gap(self, resource_id: str, error_code: str, message: str) -> None:
        """Note that one resource could not be read."""
        self.tally.gaps.append((resource_id, error_code, message))

    def note(self, code: str, message: str) -> None:
        """Say how something was read; what is said last stands in coverage, and what goes wrong goes before it."""
        told = self.tally.note
        self.tally.note = (code, message) if told is None else (code, f"{told[1]} {message}")

    def close(self) -> None:
        """Let go of the clients."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        self._kept.clear()

    def _note(self, failed: Iterable[tuple[str, Exception]]) -> None:
        for resource_id, error in failed:
            outcome = outcome_of(error)
            self.gap(resource_id, outcome.code, outcome.message)

    def _answers(self, ids: Iterable[str], read: Callable[[str], Item]) -> Iterator[tuple[str, Item | Exception]]:
        pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="auditor-each")
        waiting: deque[tuple[str, Future[Item]]] = deque()
        try:
            for resource_id in ids:
                waiting.append((resource_id, pool.submit(read, resource_id)))
                if len(waiting) >= WINDOW:
                    yield _taken(*waiting.popleft())
            while waiting:
                yield _taken(*waiting.popleft())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                client = self._session.client(service, self._region)
                self._watch(client, service)
                self._clients[service] = client
            return self._clients[service]

    def _watch(self, client: Any, service: str) -> None:
        """Make every attempt, retries included, take a token first and be counted."""
        run, where = self.run, self.where
        name = client.meta.service_model.service_id.hyphenize()

        def before(operation_name: str, **_: Any) -> None:
            run.limiter.acquire((where.account_id, self._region, service, operation_name), run.sleep)
            run.check()
            if tally := _ASKING.get():
                tally.called()
            run.progress.called()

        def after(parsed_response: Mapping[str, Any] | None, **event: Any) -> None:
            code = ((parsed_response or {}).get("Error") or {}).get("Code")
            if code in THROTTLED:
                operation = str(event["event_name"]).rsplit(".", 1)[1]
                run.limiter.throttled((where.account_id, self._region, service, operation))
                run.progress.throttled()

        # First of all, before the request is signed: a signature does not keep while it waits for its turn.
        client.meta.events.register_first(f"request-created.{name}", before)
        client.meta.events.register(f"response-received.{name}", after)


def nothing(name: str) -> pd.DataFrame:
    """The frame without rows, where no collector went before."""
    return INVENTORY[name].empty()


def _taken(resource_id: str, future: Future[Item]) -> tuple[str, Item | Exception]:
    try:
        return resource_id, future.result()
    except Exception as error:
        return resource_id, error
