"""AWS cron expressions: which days and minutes they name, on a wall clock.

Six fields: minutes, hours, day of month, month, day of week (1 is Sunday) and year, with ``, - * /`` everywhere, ``?``,
``L`` and ``W`` in the day of month, and ``?``, ``L`` and ``#`` in the day of week (EventBridge Scheduler User Guide,
"Cron-based schedules"). The general cron libraries count weekdays from another day and know no years or no ``W``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

_MONTHS = {
    name: place
    for place, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), 1
    )
}
_WEEKDAYS = {name: place for place, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_FIELDS = ("minutes", "hours", "days of the month", "months", "days of the week", "years")
_LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
_PART = re.compile(r"(?:(\*)|([0-9A-Z]+)(?:-([0-9A-Z]+))?)(?:/(\d+))?")

Days = np.ndarray[Any, np.dtype[np.datetime64]]
Matches = np.ndarray[Any, np.dtype[np.bool_]]
Whole = np.ndarray[Any, np.dtype[np.int64]]


class ScheduleError(ValueError):
    """A schedule that cannot be read; the message is the rest of a sentence about it."""


@dataclass(frozen=True)
class Cron:
    """A cron expression, read.

    Attributes:
        minutes_of_day: Minutes after midnight, ascending.
        months: Months, 1 to 12.
        years: Years, or nothing where every year is meant.
        days: Terms of the day of month; nothing where it is ``?`` or ``*``.
        weekdays: Terms of the day of week; nothing where it is ``?`` or ``*``.
    """

    minutes_of_day: tuple[int, ...]
    months: frozenset[int]
    years: frozenset[int]
    days: tuple[str, ...]
    weekdays: tuple[str, ...]


def read_cron(expression: str) -> Cron:
    """Read the six fields, with or without ``cron(…)`` around them.

    Raises:
        ScheduleError: It is no AWS cron expression.
    """
    inner = re.fullmatch(r"\s*(?:cron\((.*)\)|(.*))\s*", expression, re.DOTALL | re.IGNORECASE)
    fields = ((inner[1] or inner[2] or "") if inner else "").upper().split()
    if len(fields) != len(_FIELDS):
        raise ScheduleError(f"has {len(fields)} fields where AWS's cron has six")
    minutes, hours, days, months, weekdays, years = fields
    if days == weekdays == "?":
        raise ScheduleError("names neither a day of the month nor a day of the week")
    day_terms, weekday_terms = (() if field in ("?", "*") else tuple(field.split(",")) for field in (days, weekdays))
    if day_terms and weekday_terms:
        raise ScheduleError("names a day of the month and a day of the week as well")
    hour_list, minute_list = _numbers(hours, 1), _numbers(minutes, 0)
    read = Cron(
        tuple(60 * hour + minute for hour in hour_list for minute in minute_list),
        frozenset(_numbers(months, 3, _MONTHS)),
        frozenset() if years == "*" else frozenset(_numbers(years, 5)),
        day_terms,
        weekday_terms,
    )
    days_of(read, np.arange("2000-01-01", "2000-01-02", dtype="datetime64[D]"))  # terms that cannot be are said here
    return read


def days_of(cron: Cron, days: Days) -> Days:
    """Those of the days, each a midnight, that the expression names."""
    month_starts = days.astype("datetime64[M]")
    kept = np.isin(month_starts.astype(np.int64) % 12 + 1, list(cron.months))
    if cron.years:
        kept &= np.isin(days.astype("datetime64[Y]").astype(np.int64) + 1970, list(cron.years))
    calendar = _Calendar.of(days, month_starts.astype("datetime64[D]"))
    if cron.days:
        kept &= np.logical_or.reduce([_month_term(term, calendar) for term in cron.days])
    if cron.weekdays:
        kept &= np.logical_or.reduce([_week_term(term, calendar) for term in cron.weekdays])
    return days[kept]


@dataclass(frozen=True)
class _Calendar:
    """Days as their place in the month from 1, the month's length, and the weekday of its first, 1 for Sunday."""

    place: Whole
    length: Whole
    first_weekday: Whole

    @classmethod
    def of(cls, days: Days, starts: Days) -> _Calendar:
        ends = (starts.astype("datetime64[M]") + 1).astype("datetime64[D]")
        first_weekday = (starts.astype(np.int64) + 4) % 7 + 1  # 1 January 1970 was a Thursday
        return cls((days - starts).astype(np.int64) + 1, (ends - starts).astype(np.int64), first_weekday)

    def weekday(self, place: Whole) -> Whole:
        """The weekday of a place in the month, 1 for Sunday."""
        return (self.first_weekday + place - 2) % 7 + 1


def _month_term(term: str, calendar: _Calendar) -> Matches:
    if special := re.fullmatch(r"L(?:-(\d{1,2}))?(W?)", term):
        wanted = calendar.length - int(special[1] or 0)
        wanted = _working_day(wanted, calendar) if special[2] else wanted
    elif special := re.fullmatch(r"(\d+)W", term):
        day = _number(special[1], 2, {})
        wanted = _working_day(np.full_like(calendar.length, day), calendar)
        wanted = np.where(day <= calendar.length, wanted, 0)
    else:
        return np.isin(calendar.place, list(_terms(term, 2, {})))
    return np.equal(calendar.place, wanted)


def _working_day(wanted: Whole, calendar: _Calendar) -> Whole:
    """The day from Monday to Friday that is nearest to a day, in the same month."""
    weekday = calendar.weekday(wanted)
    on_saturday = np.where(wanted > 1, wanted - 1, wanted + 2)
    on_sunday = np.where(wanted < calendar.length, wanted + 1, wanted - 2)
    return np.where(weekday == 7, on_saturday, np.where(weekday == 1, on_sunday, wanted))


def _week_term(term: str, calendar: _Calendar) -> Matches:
    weekday = calendar.weekday(calendar.place)
    number = r"([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)"
    if special := re.fullmatch(number + r"#([1-5])", term):
        wanted, among = _number(special[1], 4, _WEEKDAYS), np.equal((calendar.place - 1) // 7 + 1, int(special[2]))
    elif special := re.fullmatch(number + "L", term):
        wanted, among = _number(special[1], 4, _WEEKDAYS), np.greater(calendar.place + 7, calendar.length)
    elif term == "L":  # the last day of the week
        return np.equal(weekday, 7)
    else:
        return np.isin(weekday, list(_terms(term, 4, _WEEKDAYS)))
    return np.logical_and(np.equal(weekday, wanted), among)


def _numbers(field: str, place: int, names: Mapping[str, int] | None = None) -> list[int]:
    return sorted({number for term in field.split(",") for number in _terms(term, place, names or {})})


def _terms(term: str, place: int, names: Mapping[str, int]) -> Iterator[int]:
    """The numbers of one term: ``*``, ``3``, ``3-5``, ``*/10``, ``3/10`` or ``3-30/10``."""
    lowest, highest = _LIMITS[place]
    part = _PART.fullmatch(term)
    if part is None:
        raise ScheduleError(f"has {term!r} among its {_FIELDS[place]}")
    step = int(part[4] or 1)
    if not step:
        raise ScheduleError(f"has steps of nothing among its {_FIELDS[place]}")
    first = lowest if part[1] else _number(part[2], place, names)
    open_end = highest if part[1] or part[4] else first
    last = _number(part[3], place, names) if part[3] else open_end
    if last >= first:
        yield from range(first, last + 1, step)
    else:  # 22-2, FRI-MON: round the end
        span = highest - lowest + 1
        yield from ((number - lowest) % span + lowest for number in range(first, last + span + 1, step))


def _number(text: str, place: int, names: Mapping[str, int]) -> int:
    lowest, highest = _LIMITS[place]
    number = names.get(text, int(text) if text.isascii() and text.isdigit() else -1)
    if not lowest <= number <= highest:
        raise ScheduleError(f"has {text!r} among its {_FIELDS[place]}")
    return number
