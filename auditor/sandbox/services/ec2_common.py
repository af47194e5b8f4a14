"""What the EC2 operations share: ids, the places that may be looked at, and what strangers are not told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Region, Row
from auditor.sandbox.request import Request
from auditor.sandbox.services.filters import Test
from auditor.sandbox.services.paging import Pager, answer, ordered

#: Members that only the owner of a snapshot or an image is told.
_OWNERS_ONLY = frozenset({"Tags", "LastLaunchedTime", "SourceInstanceId", "DeregistrationProtection"})


def places(request: Request) -> list[Region]:
    """Every account's holdings in the request's region, the caller's first, those outside the organisation last."""
    here, organisation = request.here, request.organisation
    everywhere = [*list(organisation.places.items()), *organisation.other_places.items()]
    others = [place for (_, region), place in everywhere if region == request.region]
    return [here, *(place for place in others if place is not here)]


def owned_places(request: Request, owners: Iterable[str]) -> list[Region]:
    """The places that rows of these owners can lie in; all of them when no owner or an alias is named."""
    wanted = {request.account_id if owner == "self" else owner for owner in owners}
    if wanted == {request.account_id}:
        return [request.here]
    found = places(request)
    if not wanted or not all(owner.isdigit() for owner in wanted):
        return found
    return [place for place in found if place.account_id in wanted]


def stranger(row: Row) -> Row:
    """A row as accounts see it that do not own it: tags and some members are the owner's alone."""
    return {key: value for key, value in row.items() if key not in _OWNERS_ONLY}


def check_ids(ids: Iterable[str], prefix: str, code: str) -> None:
    """Refuse ids that cannot be ids.

    Raises:
        ServiceError: An id is not made of the prefix and 8 or 17 hexadecimal digits.
    """
    shape = re.compile(rf"{prefix}-(?:[0-9a-f]{{8}}|[0-9a-f]{{17}})")
    for one in ids:
        if not shape.fullmatch(one):
            raise ServiceError(code, f'Invalid id: "{one}"')


def never_together(params: Mapping[str, Any], first: str, second: str) -> None:
    """Refuse two parameters on one call.

    Raises:
        ServiceError: Both are there.
    """
    if params.get(first) and params.get(second):
        raise ServiceError(
            "InvalidParameterCombination",
            f"The parameter {first} cannot be used with the parameter {second}",
        )


def table_page(
    request: Request,
    params: Mapping[str, Any],
    pager: Pager,
    table: Mapping[str, Row],
    test: Test | None = None,
) -> tuple[list[Row], str | None]:
    """One page of a table that belongs to the caller alone."""
    keys = ordered(table)
    if test is not None:
        keys = [key for key in keys if test(table[key])]
    page, token = pager.cut(request, params, keys)
    return [table[key] for key in page], token


def named_rows(
    table: Mapping[str, Row], ids: Iterable[str], code: str, what: str, test: Test | None = None
) -> list[Row]:
    """The rows of the ids that were asked for, in that order, once each.

    Raises:
        ServiceError: One of them is not there.
    """
    rows = []
    for one in dict.fromkeys(ids):
        if one not in table:
            raise ServiceError(code, f"The {what} '{one}' does not exist")
        rows.append(table[one])
    return [row for row in rows if test is None or test(row)]


def listing(
    request: Request,
    params: Mapping[str, Any],
    key: str,
    pager: Pager,
    table: Mapping[str, Row],
    *,
    test: Test | None = None,
    ids: str = "",
    code: str = "",
    what: str = "",
) -> dict[str, Any]:
    """The usual Describe answer over one of the caller's tables: by ids, or page by page."""
    if ids and params.get(ids):
        return answer(key, named_rows(table, params[ids], code, what, test), None)
    return answer(key, *table_page(request, params, pager, table, test))
