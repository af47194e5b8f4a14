"""CloudTrail: the event history.

Source: AWS CloudTrail API Reference, ``LookupEvents``: management events of the last 90 days of the caller's account
and region, the newest first, 1 to 50 a page; one attribute a call; two calls a second. The event is JSON in a text.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Row
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services.paging import Pager, answer

_KEPT = timedelta(days=90)
_PAGES = Pager(
    high=50,
    default=50,
    bad_size="InvalidMaxResultsException",
    bad_token="InvalidNextTokenException",  # noqa: S106 - an error code
)

_ATTRIBUTES: dict[str, Callable[[Row], list[str]]] = {
    "EventId": lambda row: [row["EventId"]],
    "EventName": lambda row: [row["EventName"]],
    "EventSource": lambda row: [row.get("EventSource", "")],
    "ReadOnly": lambda row: [row.get("ReadOnly", "")],
    "Username": lambda row: [row.get("Username", "")],
    "AccessKeyId": lambda row: [row.get("AccessKeyId", "")],
    "ResourceName": lambda row: [each.get("ResourceName", "") for each in row.get("Resources") or ()],
    "ResourceType": lambda row: [each.get("ResourceType", "") for each in row.get("Resources") or ()],
}


def lookup_events(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Events of the last 90 days, the newest first."""
    asked = params.get("LookupAttributes") or []
    if len(asked) > 1:
        raise ServiceError("InvalidLookupAttributesException", "Only one lookup attribute can be specified.")
    first, last = params.get("StartTime"), params.get("EndTime")
    if first is not None and last is not None and first > last:
        raise ServiceError("InvalidTimeRangeException", "The start time must not be after the end time.")
    oldest = request.organisation.now - _KEPT
    rows = [
        row
        for row in request.here.trail_events.values()
        if row["EventTime"] >= oldest
        and (first is None or row["EventTime"] >= first)
        and (last is None or row["EventTime"] <= last)
        and all(one["AttributeValue"] in _ATTRIBUTES[one["AttributeKey"]](row) for one in asked)
    ]
    rows.sort(key=lambda row: (row["EventTime"], row["EventId"]), reverse=True)
    return answer("Events", *_PAGES.cut(request, params, rows))


HANDLERS: dict[str, Handler] = {"LookupEvents": lookup_events}
