"""Scalars as the protocols write them: timestamps, numbers, blobs."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any


def iso8601(moment: datetime) -> str:
    """A moment to the millisecond in UTC, which is the precision that AWS answers with."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def unixtimestamp(moment: datetime) -> float:
    """Seconds since 1970, to the millisecond."""
    return math.floor(moment.timestamp() * 1000 + 1e-3) / 1000


def rfc822(moment: datetime) -> str:
    """A moment as HTTP headers write it, to the second."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


_WRITE: dict[str, Callable[[datetime], str | float]] = {
    "iso8601": iso8601,
    "unixtimestamp": unixtimestamp,
    "rfc822": rfc822,
}


def timestamp_writer(timestamp_format: str) -> Callable[[datetime], str | float]:
    """The function that writes moments in one of the formats of the service models."""
    return _WRITE[timestamp_format.lower()]


def read_timestamp(value: str | float) -> datetime:
    """A moment in any format of the service models; raises ValueError for what is none."""
    if isinstance(value, str):
        if value[:4].isdigit() and value[4:5] == "-":
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if "," in value:
            return parsedate_to_datetime(value)
        value = float(value)
    return datetime.fromtimestamp(value, UTC)


def read_boolean(value: str) -> bool:
    """``true`` or ``false`` in any case; raises ValueError for anything else."""
    lower = value.lower()
    if lower not in ("true", "false"):
        raise ValueError(value)
    return lower == "true"


def read_blob(value: str) -> bytes:
    """Bytes from base64."""
    return base64.b64decode(value)


def write_blob(value: bytes | str) -> str:
    """Base64 of bytes, or of a string's UTF-8."""
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def write_number(value: float) -> str | float:
    """A number for JSON, which has no infinities: they travel as strings."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


#: Readers of scalars that arrive as text, by type name of the shape.
FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "string": str,
    "character": str,
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "boolean": read_boolean,
    "blob": read_blob,
    "timestamp": read_timestamp,
}
