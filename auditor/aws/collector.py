"""What a collector is, and what it is given to read AWS with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import pandas as pd

#: One item of an answer, as botocore parsed it.
Item = Mapping[str, Any]
Page = list[Item]


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

    def call(self, service: str, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """One request, e.g. ``call("ec2", "DescribeRegions")``; raises what botocore raises after retries."""

    def pages(self, service: str, operation: str, key: str, **parameters: Any) -> Iterator[Page]:
        """The items under ``key`` of every page, to the last token, empty pages with a token included.

        The page size must be among the parameters where the operation has one.
        """

    def each(
        self, ids: Iterable[str], read: Callable[[str], Item], *, drop: tuple[str, ...] = ()
    ) -> Iterator[tuple[str, Item]]:
        """``read`` for every id, several at a time; an id that fails becomes an item gap and costs only itself.

        Error codes in ``drop`` mean that the item is gone or does not apply; it is left out without a gap. When
        the first few ids are all refused, the call as a whole is taken to be denied and raises.
        """

    def frame(self, name: str) -> pd.DataFrame:
        """A frame that a collector named in ``after`` brought from the same account and region."""

    @property
    def known_accounts(self) -> tuple[str, ...]:
        """Accounts in scope and trusted accounts of the configuration, for bulk sharing look-ups."""


@dataclass(frozen=True)
class Collector:
    """One AWS resource: which frames it fills, which IAM actions it needs and how it is read.

    Attributes:
        name: Name in coverage.
        frames: Frames it fills; always those whose ``filled_by`` names it.
        actions: IAM actions it needs.
        get: Yields pages; dumb, knows botocore's field names and nothing of frames.
        transform: One page to frames; pure, holds no client.
        after: Collectors whose frames it needs first.
        level: ``region``, or ``account`` where one call answers for the whole account.
        soft: Error codes that mean "there is nothing here" rather than a gap.
    """

    name: str
    frames: tuple[str, ...]
    actions: tuple[str, ...]
    get: Callable[[Reader], Iterator[Page]]
    transform: Callable[[Page, Where], Mapping[str, pd.DataFrame]]
    after: tuple[str, ...] = ()
    level: Literal["region", "account"] = "region"
    soft: tuple[str, ...] = ()
