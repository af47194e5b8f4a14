"""Who made images of instances in the last 90 days, and whether the instance was rebooted for it (CloudTrail).

Whether CreateImage rebooted is on no image: only the event of the call has it (Amazon EC2 API reference, CreateImage
NoReboot). One look-up by the event's name answers for a whole region (CloudTrail API reference, LookupEvents: the
management events of the last 90 days, one attribute a look-up, two requests a second).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where
from auditor.aws.shape import as_moment, table

#: The most that LookupEvents gives at once.
_PER_PAGE = 50

_IMAGE = re.compile(r"ami-[0-9a-f]{8,32}")
_INSTANCE = re.compile(r"i-[0-9a-f]{8,32}")


def get(reader: Reader) -> Iterator[Page]:
    """Items ``Event``."""
    by_name = [{"AttributeKey": "EventName", "AttributeValue": "CreateImage"}]
    return reader.pages("cloudtrail", "LookupEvents", "Events", LookupAttributes=by_name, MaxResults=_PER_PAGE)


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row an image that a call made; calls that failed or were tried out made none.

    An event that cannot be read makes a row whose ``no_reboot`` is missing, with the image that CloudTrail lists beside
    it, if it lists one.
    """
    rows = [row for event in page for row in _rows(event)]
    columns = {
        name: [row.get(name) for row in rows]
        for name in ("event_id", "image_id", "instance_id", "no_reboot", "called_at", "caller", "invoked_by")
    }
    return {"image_creations": table("image_creations", where, len(rows), columns)}


def _rows(event: Item) -> Iterator[dict[str, Any]]:
    told = _parsed(event.get("CloudTrailEvent"))
    if told is not None and told.get("errorCode"):
        return
    request, response = _part(told, "requestParameters"), _part(told, "responseElements")
    listed = (str(each.get("ResourceName") or "") for each in event.get("Resources") or ())
    image_id = _id(_IMAGE, response.get("imageId")) or next((name for name in listed if _IMAGE.fullmatch(name)), None)
    called_at = event.get("EventTime")
    instance_id = _id(_INSTANCE, request.get("instanceId"))
    yield {
        "event_id": event.get("EventId"),
        "image_id": image_id,
        "instance_id": instance_id,
        "no_reboot": _no_reboot(request) if instance_id else None,
        "called_at": called_at if isinstance(called_at, datetime) else as_moment(_text(told, "eventTime")),
        "caller": _text(_part(told, "userIdentity"), "arn") or event.get("Username"),
        "invoked_by": _text(_part(told, "userIdentity"), "invokedBy"),
    }


def _parsed(words: Any) -> Mapping[str, Any] | None:
    """The event itself, which is JSON in a text; ``None`` where it is not."""
    try:
        told = json.loads(words)
    except (TypeError, ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _part(told: Mapping[str, Any] | None, member: str) -> Mapping[str, Any]:
    part = (told or {}).get(member)
    return part if isinstance(part, dict) else {}


def _text(told: Mapping[str, Any] | None, member: str) -> str | None:
    value = (told or {}).get(member)
    return value if isinstance(value, str) and value else None


def _id(shape: re.Pattern[str], value: Any) -> str | None:
    return value if isinstance(value, str) and shape.fullmatch(value) else None


def _no_reboot(request: Mapping[str, Any]) -> bool | None:
    """What was asked for; a request that does not say lets the instance reboot. Missing where it says nonsense."""
    said = request.get("noReboot", False)
    if isinstance(said, str):
        said = {"true": True, "false": False}.get(said.lower())
    return said if isinstance(said, bool) else None


COLLECTOR = Collector(
    name="image_creations",
    frames=("image_creations",),
    actions=("cloudtrail:LookupEvents",),
    get=get,
    transform=transform,
)
