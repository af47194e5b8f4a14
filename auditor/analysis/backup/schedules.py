"""The instants that schedules name, in UTC.

Cron expressions are read on the wall clock of their zone. A time that a change of the clocks skips is skipped; one
that it repeats counts once, the first time (EventBridge Scheduler User Guide, "Daylight savings time"; AWS Backup's
own guide does not say). Rates count days of 24 hours from a moment of their own.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from auditor.analysis.backup.cron import Cron, ScheduleError, days_of, read_cron

#: Microseconds since 1970, UTC.
Instants = np.ndarray[Any, np.dtype[np.int64]]

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_RATE = re.compile(r"\s*rate\(\s*(\d{1,6})\s+(minute|hour|day)s?\s*\)\s*", re.IGNORECASE)
_INTERVAL = re.compile(r"every (\d{1,4}) hours? from ([01]?\d|2[0-3]):([0-5]\d)")
_UNITS = {"minute": MINUTE, "hour": HOUR, "day": DAY}


def every(hours: int, start: str | None) -> str:
    """The words for an interval schedule of Data Lifecycle Manager: every so many hours from a time of day, UTC."""
    return f"every {hours} hours from {start}" if start else f"every {hours} hours"


@lru_cache(maxsize=4096)
def instants(schedule: str, zone: str, start: int, end: int, anchor: int | None = None) -> Instants:
    """The instants of a schedule from ``start`` to ``end``, both included, ascending.

    Args:
        schedule: ``cron(…)``, ``rate(…)``, or what ``every`` says.
        zone: IANA time zone that a cron expression is read in.
        start: Microseconds since 1970, as are all.
        end: Not before ``start``.
        anchor: Moment that rates count from.

    Returns:
        A read-only array.

    Raises:
        ScheduleError: It cannot be read, or names more times than one an hour: neither AWS Backup nor Data Lifecycle
            Manager runs more often.
    """
    if rate := _RATE.fullmatch(schedule):
        found = _steps(int(rate[1]) * _UNITS[rate[2].lower()], anchor, start, end)
    elif interval := _INTERVAL.fullmatch(schedule):
        step, at = int(interval[1]) * HOUR, int(interval[2]) * HOUR + int(interval[3]) * MINUTE
        found = _steps(step, at, start, end)
    elif schedule.startswith("every "):
        raise ScheduleError("says no time of day")
    else:
        found = _of_cron(read_cron(schedule), zone, start, end)
    found.flags.writeable = False
    return found


def longest_distance(times: Instants) -> float | None:
    """Hours between the two neighbours that are farthest apart; nothing for fewer than two."""
    return float(np.diff(times).max() / HOUR) if len(times) > 1 else None


def microseconds(moment: datetime | pd.Timestamp) -> int:
    """A moment as microseconds since 1970."""
    return int(pd.Timestamp(moment).as_unit("us").asm8.astype(np.int64))


def moments(values: pd.Series[Any]) -> Instants:
    """A column of moments as microseconds since 1970; missing ones are the lowest number there is."""
    array: Instants = values.to_numpy(dtype="datetime64[us]").view(np.int64)
    return array


def _steps(step: int, anchor: int | None, start: int, end: int) -> Instants:
    if step < HOUR:
        raise ScheduleError("runs more often than once an hour, which AWS does not do")
    if anchor is None:
        raise ScheduleError("counts from a moment that is not known")
    first = start + (anchor - start) % step
    return np.arange(first, end + 1, step, dtype=np.int64)


def _of_cron(cron: Cron, zone: str, start: int, end: int) -> Instants:
    if len(cron.minutes_of_day) > 24:
        raise ScheduleError("runs more often than once an hour, which AWS does not do")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScheduleError(f"is to be read in {zone!r}, which is no time zone") from error
    first, last = (np.datetime64(moment, "us").astype("datetime64[D]") for moment in (start, end))
    days = days_of(cron, np.arange(first - 1, last + 2))  # a zone is at most a day ahead or behind
    minutes = np.array(cron.minutes_of_day, dtype="timedelta64[m]")
    local = (days.astype("datetime64[m]")[:, None] + minutes[None, :]).ravel().astype("datetime64[us]")
    clock = pd.DatetimeIndex(local).tz_localize(zone, ambiguous=np.ones(len(local), dtype=bool), nonexistent="NaT")
    found = moments(clock.dropna().tz_convert("UTC").tz_localize(None).to_series())
    return found[(found >= start) & (found <= end)]
