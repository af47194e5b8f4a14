"""What a collector is, and what it is given to read AWS with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import pandas as pd

if TYPE_CHECKING:
    from auditor.aws.earlier import Earlier

#: One item of an answer, as botocore parsed it.
Item = Mapping[str, Any]
Page = list[Item]

T = TypeVar("T")


@dataclass(frozen=True)
class Where:
    """The account and region that is being read; ``region`` is ``global`` for account-wide collectors."""

    account_id: str
    region: str
    partition: str = "aws"


class Reader(Protocol):
    """What the runner gives a collector: calls that are limited, retried, counted and contained."""

    where: Where
    #: Whether each snapshot and image may be asked who it is shared with (``[collect] shares = "exact"``).
    exact_shares: bool
    #: How shares of snapshots are looked for (``[sharing] discovery``): exhaustive, auto or analyzer.
    discovery: str
    #: Beginning of the audit period that backups are judged in (``[backup] days``).
    audited_from: datetime
    #: An earlier run whose shares may be used again (``[sharing] reuse``).
    earlier: Earlier | None

    def call(self, service: str, operation: str, /, **parameters: Any) -> Mapping[str, Any]:
        """One request, e.g. ``call("ec2", "DescribeRegions")``; raises what botocore raises after retries."""

    def pages(self, service: str, operation: str, key: str, /, **parameters: Any) -> Iterator[Page]:
        """The items under ``key`` of every page, to the last token, empty pages with a token included.

        The page size must be among the parameters where the operation has one. Operations that botocore knows no
        paginator for are paged through ``NextToken``; one that has none at all gives its only page.

        Raises:
            IncompleteAnswer: A token came twice; what was read until then is kept as truncated.
        """

    def each(
        self, ids: Iterable[str], read: Callable[[str], Item], *, drop: tuple[str, ...] = ()
    ) -> Iterator[tuple[str, Item]]:
        """``read`` for every id, several at a time; an id that fails becomes an item gap and costs only itself.

        Answers come in the order of the ids. Error codes in ``drop`` mean that the item is gone or does not apply;
        it is left out without a gap. When the first few ids are all refused, the call as a whole is taken to be
        denied and raises.
        """

    def frame(self, name: str) -> pd.DataFrame:
        """A frame that a collector named in ``after`` brought from the same account and region."""

    def once(self, key: str, read: Callable[[], T], /) -> T:
        """``read()``, asked once per account and region however many collectors want it; failures are not kept."""

    def gap(self, resource_id: str, error_code: str, message: str) -> None:
        """Note that one resource could not be read, where ``each`` does not fit."""

    def note(self, code: str, message: str) -> None:
        """Say how something was read that came whole all the same; it stands in coverage."""

    @property
    def known_accounts(self) -> tuple[str, ...]:
        """Accounts of the organisation, in scope and that the configuration names, for bulk sharing look-ups."""

    @property
    def members_known(self) -> bool:
        """Whether every account of the organisation is among them."""

    @property
    def account(self) -> Mapping[str, Any]:
        """What AWS Organizations says of the account, read once with the caller's credentials.

        The members of ``Account`` in the answer of ListAccounts (``Name``, ``State`` or ``Status``,
        ``JoinedTimestamp``, …) with ``OrganizationId``, ``ParentId`` (the unit the account sits in) and ``Path``
        (``o-…/r-…/ou-…``) beside them. ``Id`` alone where Organizations was not asked or would not tell. ``Regions``
        holds what DescribeRegions answered to the account; it is missing where that was refused.
        """

    @property
    def organisation_error(self) -> Exception | None:
        """Why Organizations would not tell about the account; ``None`` where it did, or need not be asked."""

    @property
    def members(self) -> Sequence[Item]:
        """Every account of the organisation, as ``account``, each with ``InScope``; for the level ``caller`` alone."""


@dataclass(frozen=True)
class Collector:
    """One AWS resource: which frames it fills, which IAM actions it needs and how it is read.

    Attributes:
        name: Name in coverage.
        frames: Frames it fills; always those whose ``filled_by`` names it.
        actions: IAM actions it needs.
        get: Yields pages; dumb, knows botocore's field names and nothing of frames.
        transform: One page to frames; pure, holds no client. May leave out frames that the page says nothing of.
        after: Collectors whose frames it needs first; where one of them brought nothing at all, it is skipped.
        level: ``region``; ``account`` where one call answers for the whole account; ``caller`` where it is read once,
            for the organisation, and kept with the caller's own account.
        soft: Error codes that mean "there is nothing here" rather than a gap.
        heeds: Collectors that go first because their frames are used where they exist, and missed by nobody
            where they do not.
    """

    name: str
    frames: tuple[str, ...]
    actions: tuple[str, ...]
    get: Callable[[Reader], Iterator[Page]]
    transform: Callable[[Page, Where], Mapping[str, pd.DataFrame]]
    after: tuple[str, ...] = ()
    level: Literal["region", "account", "caller"] = "region"
    soft: tuple[str, ...] = ()
    heeds: tuple[str, ...] = ()


def in_pages(items: Iterable[T], size: int = 1000) -> Iterator[list[T]]:
    """Items that come one by one (of :meth:`Reader.each`) gathered into pages, the last one shorter."""
    source = iter(items)
    while page := list(islice(source, size)):
        yield page
