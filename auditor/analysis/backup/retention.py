"""How long lifecycle policies keep what they make, by age or by count, here, in the archive and as copies.

A schedule that keeps the last n deletes a backup when the nth after it is made, so that its age then is that of n times
the schedule runs (Data Lifecycle Manager API reference, ``RetainRule``). With an archive rule what is over the
threshold moves to the archive, and is deleted once it is over the archive's (``RetentionArchiveTier``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd

from auditor.analysis.backup.cron import ScheduleError, days_of, read_cron
from auditor.analysis.backup.revisions import Row
from auditor.frames import FRAMES
from auditor.frames.columns import as_arrow

#: Days in a unit of age: AWS calls 100 years equivalent to 1200 months, 5200 weeks or 36500 days (``RetainRule``).
UNIT_DAYS: Final = {"DAYS": 1.0, "WEEKS": 7.0, "MONTHS": 36500 / 1200, "YEARS": 365.0}

#: What a default policy keeps where it does not say (``PolicyDetails``, RetainInterval).
DEFAULT_DAYS: Final = 7

#: After 28 years the days of the week fall on the same dates again.
_CYCLE: Final = np.arange("2001-01-01", "2029-01-01", dtype="datetime64[D]")

_MINUTES: Final = 24 * 60

_RULES: Final = ("retain", "archive_retain")
_SCHEDULE: Final = (
    *("policy_id", "schedule_name", "position", "interval", "interval_unit", "cron_expression"),
    *(f"{rule}_{what}" for rule in _RULES for what in ("count", "interval", "interval_unit")),
)

#: One row: which policy, the name of what keeps, where copies go, in words, days, and why that cannot be told.
_Kept = tuple[str, str, str | None, str | None, float | None, str | None]


def lifecycle_retention(
    lifecycle_policies: pd.DataFrame, lifecycle_schedules: pd.DataFrame, lifecycle_copies: pd.DataFrame
) -> pd.DataFrame:
    """One row for each schedule, default policy and rule for copies; see the frame ``lifecycle_retention``."""
    frame = FRAMES["lifecycle_retention"]
    if lifecycle_policies.empty:
        return frame.empty()
    told = [*_of_defaults(lifecycle_policies), *_of_schedules(lifecycle_schedules), *_of_copies(lifecycle_copies)]
    names = ("policy_id", "label", "copied_to", "kept", "kept_days", "unknown_because")
    columns: dict[str, Any] = {name: [row[place] for row in _distinct(told)] for place, name in enumerate(names)}
    columns["longest"] = _longest(told)
    place = {name: [str(lifecycle_policies[name].iat[0])] * len(told) for name in ("account_id", "region")}
    return frame.of(place | columns)


def _longest(told: list[_Kept]) -> list[bool]:
    """For each row whether it is the one that keeps longest, of its policy's copies or of the others."""
    best: dict[tuple[str, bool], int] = {}
    for number, (policy_id, _, copied_to, _, days, _) in enumerate(told):
        first = best.setdefault((policy_id, copied_to is not None), number)
        if days is not None and days > (told[first][4] or -1.0):
            best[policy_id, copied_to is not None] = number
    chosen = set(best.values())
    return [number in chosen for number in range(len(told))]


def _distinct(told: list[_Kept]) -> Iterator[_Kept]:
    """The rows with names that no two of a policy share."""
    seen: Counter[tuple[str, str]] = Counter()
    for row in told:
        seen[row[:2]] += 1
        number = seen[row[:2]]
        yield row if number == 1 else (row[0], f"{row[1]} ({number})", *row[2:])


def _of_defaults(policies: pd.DataFrame) -> Iterator[_Kept]:
    for policy in _rows(policies, "policy_id", "default_policy", "retain_interval_days"):
        if policy["default_policy"] is None:
            continue
        days = policy["retain_interval_days"]
        days = DEFAULT_DAYS if days is None else int(days)
        yield policy["policy_id"], "default", None, _counted(days, "DAYS"), float(days), None


def _of_schedules(schedules: pd.DataFrame) -> Iterator[_Kept]:
    for schedule in _rows(schedules, *_SCHEDULE):
        label = schedule["schedule_name"] or str(schedule["position"])
        words, days, why = None, None, None
        try:
            words, days = _kept(schedule)
        except ScheduleError as error:
            why = f"Could not tell: schedule {label} {error}."
        yield schedule["policy_id"], label, None, words, days, why


def _of_copies(copies: pd.DataFrame) -> Iterator[_Kept]:
    """Rules for copies; those of default policies, which have no schedule, keep copies as they keep the rest."""
    for copy in _rows(copies, "policy_id", "schedule_name", "target", "retain_interval", "retain_interval_unit"):
        if copy["schedule_name"] is None:
            continue
        label = f"{copy['schedule_name']}/{copy['target']}"
        words, days, why = None, None, None
        try:
            words, days = _aged(copy, "retain")
        except ScheduleError as error:
            why = f"Could not tell: schedule {copy['schedule_name']} {error}."
        yield copy["policy_id"], label, copy["target"], words, days, why


def _kept(schedule: Row) -> tuple[str, float]:
    """In words and in days how long a schedule keeps what it makes, the archive included."""
    words, days, count = [], 0.0, None
    for rule, where in zip(_RULES, ("", " in the archive"), strict=True):
        if schedule[f"{rule}_interval"] is not None:
            word, more = _aged(schedule, rule)
            words.append(word + where)
            days += more
        elif schedule[f"{rule}_count"] is not None:
            words.append(f"the last {int(schedule[f'{rule}_count'])}{where}")
            count = (count or 0) + int(schedule[f"{rule}_count"])
    if not words:
        raise ScheduleError("does not say how long backups are kept")
    if count is not None:
        days += _run(schedule, count)
    return ", then ".join(words), round(days, 2)


def _aged(row: Row, rule: str) -> tuple[str, float]:
    number, unit = row[f"{rule}_interval"], row[f"{rule}_interval_unit"]
    if number is None:
        raise ScheduleError("does not say how long copies are kept")
    if unit not in UNIT_DAYS:
        raise ScheduleError(f"keeps them for {number} of {unit!r}, which is no unit of time that is known")
    return _counted(int(number), unit), round(int(number) * UNIT_DAYS[unit], 2)


def _counted(number: int, unit: str) -> str:
    word = unit.lower()
    return f"{number} {word.removesuffix('s') if number == 1 else word}"


def _run(schedule: Row, count: int) -> float:
    """Days in which a schedule runs so many times, at their shortest."""
    interval, cron = schedule["interval"], schedule["cron_expression"]
    if cron is not None:
        return shortest_run(cron, count)
    if interval is None or schedule["interval_unit"] not in (None, "HOURS"):
        raise ScheduleError("does not say how often it runs")
    return int(interval) * count / 24


@lru_cache(maxsize=1024)
def shortest_run(cron: str, count: int) -> float:
    """Days from one time of a cron expression to the one so many later, at their shortest.

    Args:
        cron: AWS cron expression, read in UTC.
        count: How many times later.

    Raises:
        ScheduleError: It cannot be read, comes too often or never, or names years.
    """
    read = read_cron(cron)
    if read.years:
        raise ScheduleError("runs in some years only, so that what is made last is never followed")
    if len(read.minutes_of_day) > 24:
        raise ScheduleError("runs more often than once an hour, which AWS does not do")
    days = (days_of(read, _CYCLE) - _CYCLE[0]).astype(np.int64)
    if not len(days):
        raise ScheduleError("names a day that never comes")
    times = (days[:, None] * _MINUTES + np.array(read.minutes_of_day)).ravel()
    cycle = len(_CYCLE) * _MINUTES
    rounds, rest = divmod(count, len(times))
    later = np.concatenate([times[rest:], times[:rest] + cycle])
    return float((later - times).min() + rounds * cycle) / _MINUTES


def _rows(frame: pd.DataFrame, *names: str) -> list[Row]:
    """Some columns of a small frame as a mapping a row; what is missing is nothing."""
    columns = [as_arrow(frame[name]).to_pylist() for name in names] if len(frame) else []
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
