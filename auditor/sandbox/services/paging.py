"""Pages with AWS's limits and with tokens that only fit the query they were given for.

Sources: Amazon EC2 Developer Guide, "Pagination in the Amazon EC2 API"; Amazon EC2 API Reference, "Error codes"
(``InvalidPaginationToken``: the token is not valid or has expired) and the page limits of each operation; Amazon EC2
API Reference, ``DescribeSnapshots``: the order of the results is not promised, so nothing here is sorted by time.
"""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, TypeVar

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.request import Request

K = TypeVar("K", str, int)
T = TypeVar("T")

_KEPT = 64  # large tables are paged a few at a time; more would only hold memory
_order: OrderedDict[int, tuple[list[Any], list[Any]]] = OrderedDict()


def ordered(table: Mapping[K, Any]) -> list[K]:
    """The keys of a table in a fixed order that has nothing to do with age.

    Sorting a large table for every page would cost more than the page. The order is therefore kept for as long as
    the table has the same keys; comparing them is quick because they are the same objects.
    """
    keys = list(table)
    kept = _order.get(id(table))
    if kept is not None and kept[0] == keys:
        return kept[1]
    in_order = sorted(keys)
    _order[id(table)] = (keys, in_order)
    while len(_order) > _KEPT:
        _order.popitem(last=False)
    return in_order


@dataclass(frozen=True)
class Pager:
    """How one operation pages.

    Attributes:
        low: The smallest page that may be asked for.
        high: The largest page that may be asked for.
        default: The page size when none is asked for; None answers everything at once.
        size: Name of the parameter with the page size.
        token: Name of the parameter with the token of the next page.
        bad_size: Error code for a page size out of range.
        bad_token: Error code for a token that belongs to another query, or to none.
        hollow: Whether an empty page with a token follows the first, as the API warns that it may.
        loose: Parameters that only the first call heeds; the token fits whatever they are later.
    """

    low: int = 1
    high: int = 1000
    default: int | None = None
    size: str = "MaxResults"
    token: str = "NextToken"  # noqa: S105 - the name of a parameter
    bad_size: str = "InvalidParameterValue"
    bad_token: str = "InvalidPaginationToken"  # noqa: S105 - an error code
    hollow: bool = False
    loose: tuple[str, ...] = ()

    def cut(
        self, request: Request, params: Mapping[str, Any], rows: Sequence[T], first: int = 0
    ) -> tuple[Sequence[T], str | None]:
        """The page that the parameters ask for, and the token of the next one.

        Args:
            request: Whose call it is; a token fits only this caller, region and operation.
            params: The call's parameters.
            rows: Everything there is to page through.
            first: Where the first page starts.

        Raises:
            ServiceError: The page size is out of range, or the token was not given for this query.
        """
        size = self._size(params)
        start, hollow, later = first, False, bool(params.get(self.token))
        if later:
            start, hollow = self._read(request, params)
        if hollow:
            return [], self._write(request, params, start, hollow=False)
        stop = len(rows) if size is None else start + size
        if stop >= len(rows):
            return rows[start:], None
        return rows[start:stop], self._write(request, params, stop, hollow=self.hollow and not later)

    def _size(self, params: Mapping[str, Any]) -> int | None:
        asked = params.get(self.size)
        if asked is None:
            return self.default
        if not self.low <= asked <= self.high:
            raise ServiceError(
                self.bad_size,
                f"Value ( {asked} ) for parameter {self.size} is invalid. "
                f"Expecting a value between {self.low} and {self.high}.",
            )
        return int(asked) or self.default

    def _seal(self, request: Request, params: Mapping[str, Any]) -> bytes:
        """A digest of everything that a token depends on."""
        query = sorted((k, repr(v)) for k, v in params.items() if k not in (self.size, self.token, *self.loose))
        who = (request.account_id, request.region, request.service, request.operation)
        return blake2b(repr((who, query)).encode(), digest_size=12).digest()

    def _write(self, request: Request, params: Mapping[str, Any], start: int, *, hollow: bool) -> str:
        raw = self._seal(request, params) + bytes([hollow]) + start.to_bytes(5, "big")
        return base64.urlsafe_b64encode(raw).decode()

    def _read(self, request: Request, params: Mapping[str, Any]) -> tuple[int, bool]:
        try:
            raw = base64.urlsafe_b64decode(params[self.token])
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != 18 or raw[:12] != self._seal(request, params):
            raise ServiceError(self.bad_token, "The specified pagination token is not valid or has expired.")
        return int.from_bytes(raw[13:], "big"), bool(raw[12])


def answer(key: str, rows: Sequence[Any], token: str | None, *, token_key: str = "NextToken") -> dict[str, Any]:  # noqa: S107
    """An answer with one list and, where there is more, a token."""
    return {key: list(rows)} if token is None else {key: list(rows), token_key: token}
