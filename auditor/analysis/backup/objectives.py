"""Promises of a greatest age, judged in stretches of that length.

A stretch is missed if at some moment in it the newest usable backup, or the resource itself, was older than allowed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.backup.deliveries import Backups
from auditor.analysis.backup.matching import Places, key, texts
from auditor.analysis.backup.schedules import HOUR, MINUTE, Instants, moments
from auditor.frames import FRAMES
from auditor.frames.columns import PANDAS

_LONG_AGO = -(2**61)


def stretches(aged: pd.DataFrame, usable: Backups, born: Instants, unread: str | None, now: int) -> pd.DataFrame:
    """Windows of promises that have ``rpo_hours``; see the frame ``backup_windows`` for the columns.

    Args:
        aged: Rows of ``backup_promises``.
        usable: Every usable backup.
        born: When each promise's resource came to be.
        unread: Why some backups may not be seen, or nothing.
        now: The moment that is judged.
    """
    step = (aged["rpo_hours"].to_numpy(dtype=np.float64) * HOUR).astype(np.int64)
    counts = np.maximum((now - moments(aged["judged_from"])) // step, 0)
    row = np.repeat(np.arange(len(aged)), counts)
    if not len(row):
        return FRAMES["backup_windows"].empty()
    place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    start = now - (counts[row] - place) * step[row]
    end = start + step[row]
    point_row, point_at, point = _points(aged, usable, born, now)
    limit = step + aged["start_window_minutes"].fillna(0).to_numpy(dtype=np.int64) * MINUTE
    oldest = _oldest(row, start, end, point_row, point_at)
    missed = oldest > limit[row]
    newest = _newest(row, end, point_row, point_at, point)
    return _frame(aged, usable, row, start, end, missed, oldest, newest, unread)


def _points(aged: pd.DataFrame, usable: Backups, born: Instants, now: int) -> tuple[Places, Instants, Places]:
    """Moments from which age counts, by promise and time: the resource's beginning (-1), and its backups' places."""
    resources = texts(aged["resource_id"])
    distinct = pc.unique(resources)
    of_backup = pc.fill_null(pc.index_in(usable.resource, value_set=distinct), -1).to_numpy()
    of_promise = pc.index_in(resources, value_set=distinct).to_numpy()
    mine = np.flatnonzero((of_backup >= 0) & (usable.at <= now))
    pairs = pd.DataFrame({"resource": of_backup[mine], "backup": mine}).merge(
        pd.DataFrame({"resource": of_promise, "row": np.arange(len(aged))}), on="resource"
    )
    row = np.concatenate([np.arange(len(aged)), pairs["row"].to_numpy(dtype=np.int64)])
    backup = np.concatenate([np.full(len(aged), -1), pairs["backup"].to_numpy(dtype=np.int64)])
    at = np.concatenate([np.maximum(born, _LONG_AGO), usable.at[pairs["backup"].to_numpy(dtype=np.int64)]])
    order = np.lexsort((at, row))
    return row[order], at[order], backup[order]


def _oldest(row: Places, start: Instants, end: Instants, point_row: Places, at: Instants) -> Instants:
    """The greatest age in each stretch: at its end, or just before one of the backups in it."""
    base = int(start.min())
    keys = key(point_row, at, base)
    before_start = np.searchsorted(keys, key(row, start, base), side="right") - 1
    before_end = np.searchsorted(keys, key(row, end, base), side="right") - 1
    final = end - at[before_end]
    until_next = np.append(np.where(point_row[1:] == point_row[:-1], at[1:] - at[:-1], 0), 0)
    longest = _range_max(until_next, before_start, before_end)
    greatest: Instants = np.maximum(final, longest)
    return greatest


def _range_max(values: Instants, first: Places, last: Places) -> Instants:
    """The greatest of ``values[first:last]`` for many ranges; 0 for empty ones."""
    counts = np.maximum(last - first, 0)
    total = int(counts.sum())
    result = np.zeros(len(first), dtype=np.int64)
    if not total:
        return result
    filled = np.flatnonzero(counts)
    sizes = counts[filled]
    offsets = np.cumsum(sizes) - sizes
    places = np.arange(total) - np.repeat(offsets, sizes) + np.repeat(first[filled], sizes)
    result[filled] = np.maximum.reduceat(values[places], offsets)
    return result


def _newest(row: Places, end: Instants, point_row: Places, at: Instants, point: Places) -> Places:
    """The place of the newest backup at the end of each stretch; -1 where there was none."""
    base = int(end.min())
    place = np.searchsorted(key(point_row, at, base), key(row, end, base), side="right") - 1
    return np.where((place >= 0) & (point_row[place] == row), point[place], -1)


def _frame(
    aged: pd.DataFrame,
    usable: Backups,
    row: Places,
    start: Instants,
    end: Instants,
    missed: Any,
    oldest: Instants,
    newest: Places,
    unread: str | None,
) -> pd.DataFrame:
    nothing = pa.scalar(None, pa.string())
    hours = pc.cast(pa.array(oldest // HOUR), pa.string())
    ages = pc.if_else(
        pa.array(oldest < -_LONG_AGO // 2),
        pc.binary_join_element_wise("its newest backup was", hours, "hours old", " "),
        "it had no backup",
    )
    cause = pc.if_else(pa.array(missed), pa.scalar(unread) if unread else ages, nothing)
    verdict = pc.if_else(pa.array(missed), "unknown" if unread else "missed", "met")
    rows = pa.array(newest, mask=newest < 0)
    at = np.append(usable.at, np.iinfo(np.int64).min)[newest]
    columns: dict[str, Any] = {
        name: aged[name].array.take(row)
        for name in ("account_id", "region", "resource_type", "resource_id", "promise_id")
    }
    for name, moment in (("scheduled_at", start), ("due_by", end), ("delivered_at", at)):
        columns[name] = pd.DatetimeIndex(moment.astype("datetime64[us]"), tz="UTC")
    for name, array in (("verdict", verdict), ("delivered_by", usable.name.take(rows)), ("cause", cause)):
        columns[name] = PANDAS["text"].__from_arrow__(array)
    return pd.DataFrame(columns)[FRAMES["backup_windows"].names]
