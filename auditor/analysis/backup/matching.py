"""Finding, for many deliveries at once, the promise and the window each belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.backup.schedules import MINUTE, Instants, instants
from auditor.frames.columns import as_arrow

Places = np.ndarray[Any, np.dtype[np.int64]]

SECOND = 1_000_000

#: How much earlier than its scheduled time a delivery may begin and still be the one of that time.
EARLY = 5 * MINUTE

#: Room for the seconds of a year, so that a row and a moment fit in one sortable number.
_SPAN = 2**34


def places_of(resource: pa.Array, promise: pa.Array, resources: pa.Array, promises: pa.Array) -> Places:
    """The row among (``resources``, ``promises``), which are distinct, of each pair; -1 where there is none."""
    known_resources, known_promises = pc.unique(resources), pc.unique(promises)
    numbers = _numbers(resources, promises, known_resources, known_promises)
    order = np.argsort(numbers, kind="stable")
    wanted = _numbers(resource, promise, known_resources, known_promises)
    if not len(numbers):
        return np.full(len(wanted), -1, dtype=np.int64)
    place = np.minimum(np.searchsorted(numbers[order], wanted), len(numbers) - 1)
    hit = (wanted >= 0) & (numbers[order][place] == wanted)
    return np.where(hit, order[place], -1).astype(np.int64)


def pairs_of(resource: pa.Array, promise: pa.Array, resources: pa.Array, promises: pa.Array) -> tuple[Places, Places]:
    """Each pair with every row among (``resources``, ``promises``) that is the same: places of both."""
    known_resources, known_promises = pc.unique(resources), pc.unique(promises)
    numbers = _numbers(resources, promises, known_resources, known_promises)
    order = np.argsort(numbers, kind="stable")
    wanted = _numbers(resource, promise, known_resources, known_promises)
    first, end = (np.searchsorted(numbers[order], wanted, side=side) for side in ("left", "right"))
    return spread(np.where(wanted >= 0, end - first, 0), first, order)


def spread(counts: Places, first: Places, order: Places) -> tuple[Places, Places]:
    """Runs of an order, one a row: the row of each member, and the member."""
    row = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    return row, order[first[row] + within]


def _numbers(resource: pa.Array, promise: pa.Array, resources: pa.Array, promises: pa.Array) -> Places:
    first, second = (
        pc.fill_null(pc.index_in(texts, value_set=known, skip_nulls=True), -1).to_numpy().astype(np.int64)
        for texts, known in ((resource, resources), (promise, promises))
    )
    return np.where((first < 0) | (second < 0), -1, first * len(promises) + second)


def expand(
    promised: pd.DataFrame, judged_from: Instants, judged_to: Instants, start: int, end: int
) -> tuple[Places, Instants]:
    """Every window: the promise's place and the scheduled time, in that order.

    Each distinct schedule is expanded once, whatever the number of resources that it is for.

    Args:
        promised: ``schedule``, ``timezone`` and ``anchored_at``.
        judged_from: First moment that each is judged from.
        judged_to: First moment that each is no longer judged at.
        start: Beginning of the audit period.
        end: Its end, included.
    """
    anchors = promised["anchored_at"].to_numpy(dtype="datetime64[us]").view(np.int64)
    rates = promised["schedule"].str.lower().str.contains("rate", regex=False).to_numpy(dtype=bool)
    anchor = np.where(rates, anchors, 0)
    kinds = pd.DataFrame(
        {"schedule": promised["schedule"].to_numpy(), "zone": promised["timezone"].to_numpy(), "anchor": anchor}
    )
    rows, times = [], []
    groups: Mapping[Any, Any] = kinds.groupby(["schedule", "zone", "anchor"], sort=False).indices
    for (schedule, zone, counted_from), members in groups.items():
        named = instants(str(schedule), str(zone), start, end, int(counted_from) or None)
        first = np.searchsorted(named, judged_from[members])
        counts = np.maximum(np.searchsorted(named, judged_to[members]) - first, 0)
        ends = np.cumsum(counts)
        steps = np.arange(ends[-1]) - np.repeat(ends - counts, counts)
        rows.append(np.repeat(members, counts))
        times.append(named[np.repeat(first, counts) + steps])
    if not rows:
        return np.array([], dtype=np.int64), np.array([], dtype=np.int64)
    row, time = np.concatenate(rows).astype(np.int64), np.concatenate(times)
    order = np.argsort(row, kind="stable")
    return row[order], time[order]


def windows_of(row: Places, at: Instants, window_row: Places, scheduled: Instants) -> Places:
    """The window each delivery belongs to, -1 for none: the latest of its promise that was scheduled by then."""
    if not len(scheduled):
        return np.full(len(row), -1, dtype=np.int64)
    base = int(scheduled.min())
    keys = key(window_row, scheduled, base)
    place = np.searchsorted(keys, key(row, at + EARLY, base), side="right") - 1
    hit = (row >= 0) & (place >= 0) & (window_row[place] == row)
    return np.where(hit, place, -1).astype(np.int64)


def key(row: Places, at: Instants, base: int) -> Places:
    """A row and a moment as one number that sorts as they do; moments before the base count as just before it."""
    return row * _SPAN + np.clip((at - base) // SECOND, -1, _SPAN // 2)


def first_of_each(group: np.ndarray[Any, Any], *by: np.ndarray[Any, Any]) -> Places:
    """Places of the first member of each group, in the order of ``by``; ties go to the earlier row."""
    order = np.lexsort((*by[::-1], group))
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    return order[starts]


def texts(series: pd.Series[Any]) -> pa.Array:
    """A column of text as an Arrow array, whatever it lies in."""
    return as_arrow(series).cast(pa.string())
