"""When backups are due: the few kinds of schedule that are planted, with their times written out.

Nothing here reads an expression: whoever plants says what is meant, and gets the words for it and the times.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

#: How far back times are written out; more than anybody judges, for what was made before is kept as well.
SPAN = 64

_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


@dataclass(frozen=True)
class Times:
    """A schedule.

    Attributes:
        text: What AWS is told, e.g. ``cron(0 4 ? * * *)``; for every so many hours the hour it starts at.
        zone: The time zone it is read in.
        moments: When it was due until now, in UTC, the oldest first.
    """

    text: str
    zone: str
    moments: tuple[datetime, ...]


def _local(now: datetime, hour: int, minute: int, zone: str) -> list[datetime]:
    """This hour and minute on each of the last days as the clocks of a zone show it, in that zone."""
    there = ZoneInfo(zone)
    today = now.astimezone(there).date()
    days = [today - timedelta(days=number) for number in range(SPAN, -1, -1)]
    return [datetime(day.year, day.month, day.day, hour, minute, tzinfo=there) for day in days]


def _until(now: datetime, moments: list[datetime]) -> tuple[datetime, ...]:
    return tuple(moment.astimezone(UTC) for moment in moments if moment.astimezone(UTC) <= now)


def daily(now: datetime, hour: int, minute: int = 0, zone: str = "Etc/UTC") -> Times:
    """Every day at one time."""
    return Times(f"cron({minute} {hour} ? * * *)", zone, _until(now, _local(now, hour, minute, zone)))


def weekly(now: datetime, day: int, hour: int, minute: int = 0, zone: str = "Etc/UTC") -> Times:
    """One day a week, Monday being 0."""
    moments = [moment for moment in _local(now, hour, minute, zone) if moment.weekday() == day]
    return Times(f"cron({minute} {hour} ? * {_DAYS[day]} *)", zone, _until(now, moments))


def monthly(now: datetime, day: int, hour: int, minute: int = 0, zone: str = "Etc/UTC") -> Times:
    """One day a month."""
    moments = [moment for moment in _local(now, hour, minute, zone) if moment.day == day]
    return Times(f"cron({minute} {hour} {day} * ? *)", zone, _until(now, moments))


def every(now: datetime, hours: int, start: int) -> Times:
    """Every so many hours from an hour of the day, UTC; the hours divide the day."""
    moments = [
        moment.replace(hour=(start + step) % 24) for moment in _local(now, 0, 0, "UTC") for step in range(0, 24, hours)
    ]
    return Times(f"{start:02d}:00", "Etc/UTC", _until(now, sorted(moments)))


def rate(now: datetime, hours: int, since: datetime) -> Times:
    """Every so many hours after a plan was made."""
    step = timedelta(hours=hours)
    first = max(0, (now - SPAN * timedelta(days=1) - since) // step)
    moments = [since + number * step for number in range(first, (now - since) // step + 1)]
    return Times(f"rate({hours} hours)", "Etc/UTC", _until(now, moments))
