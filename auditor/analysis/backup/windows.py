"""Every time at which a promise was due, and what became of it.

A delivery belongs to the latest window of its promise that was scheduled by the time it was begun, so that one more
delivery can only make a window better, and only its own. A lifecycle policy is in time if it begins in time; a backup
plan, if its recovery point is complete in time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.backup import deliveries
from auditor.analysis.backup.deliveries import FAILED, NONE, PARTIAL, PENDING, USABLE, Deliveries
from auditor.analysis.backup.gaps import DELIVERING, unread
from auditor.analysis.backup.matching import Places, expand, first_of_each, places_of, texts, windows_of
from auditor.analysis.backup.objectives import stretches
from auditor.analysis.backup.readings import by_newest_id, readings
from auditor.analysis.backup.schedules import DAY, MINUTE, Instants, microseconds, moments
from auditor.analysis.backup.wholes import NOTHING, Best, Sets, checked, sets_of
from auditor.config import Backup
from auditor.frames import FRAMES
from auditor.frames.columns import PANDAS

#: Frames without which it cannot be told that something was not delivered, by what keeps the promise.
_NEEDED = {
    "snapshots": ("snapshots", "snapshot_tags"),
    "images": ("images", "image_tags"),
    "recovery-points": ("recovery_points", "backup_jobs"),
}

#: Frames without which it cannot be told whether a backup of an instance holds all of its volumes.
_CONTENT = ("images", "image_block_devices", "snapshots")

_NO_CAUSE = "cause not visible"
_VERDICTS = ["met", "late", "missed", "failed", "partial", "pending", "unknown"]
_MET, _LATE, _MISSED, _FAILED, _PARTIAL, _PENDING, _UNKNOWN = range(len(_VERDICTS))


def backup_windows(
    backup_promises: pd.DataFrame,
    backup_promise_versions: pd.DataFrame,
    backup_coverage: pd.DataFrame,
    volumes: pd.DataFrame,
    instances: pd.DataFrame,
    attachments: pd.DataFrame,
    snapshots: pd.DataFrame,
    snapshot_tags: pd.DataFrame,
    images: pd.DataFrame,
    image_tags: pd.DataFrame,
    image_block_devices: pd.DataFrame,
    recovery_points: pd.DataFrame,
    backup_jobs: pd.DataFrame,
    gaps: pd.DataFrame,
    as_of: datetime,
    backup: Backup,
) -> pd.DataFrame:
    """One row per resource, promise and window; see the frame ``backup_windows`` for the columns."""
    told = backup_promises[backup_promises["unknown_because"].isna()]
    timed = told[told["kind"] != "any"].reset_index(drop=True)
    aged = told[told["kind"] == "any"].reset_index(drop=True)
    parts = []
    if len(timed):
        kinds = set(timed["kind"].unique())  # what nothing promises need not be looked through
        of_policies = deliveries.of_snapshots(snapshots, snapshot_tags) if "snapshots" in kinds else NONE
        of_images = deliveries.of_images(images, image_tags) if "images" in kinds else NONE
        of_plans = deliveries.of_plans(recovery_points, backup_jobs) if "recovery-points" in kinds else NONE
        of_plans = by_newest_id(of_plans, backup_promise_versions)
        sets = sets_of(timed, backup_coverage)
        held = checked(Deliveries.all(of_images, of_plans), images, image_block_devices, snapshots, timed, sets)
        said = readings(timed, backup_promise_versions, microseconds(as_of))
        parts.append(_judged(timed, said, sets, of_policies, held, gaps, microseconds(as_of), backup))
    if len(aged):
        usable = deliveries.usable(snapshots, images, recovery_points, attachments)
        because = unread(gaps, DELIVERING)
        parts.append(
            stretches(aged, usable, _born(aged, volumes, instances, attachments), because, microseconds(as_of))
        )
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else FRAMES["backup_windows"].empty()


def _judged(
    timed: pd.DataFrame,
    said: pd.DataFrame,
    sets: Sets,
    of_policies: Deliveries,
    held: Deliveries,
    gaps: pd.DataFrame,
    now: int,
    backup: Backup,
) -> pd.DataFrame:
    begins, ends = (said[name].to_numpy(dtype=np.int64) for name in ("begins", "ends"))
    reading, scheduled = expand(said, begins, ends, now - backup.days * DAY, now)
    row = said["row"].to_numpy(dtype=np.int64)[reading]
    kept = np.flatnonzero(sets.asked(row, scheduled))
    kept = kept[np.lexsort((scheduled[kept], row[kept]))]
    reading, row, scheduled = reading[kept], row[kept], scheduled[kept]
    if not len(row):
        return FRAMES["backup_windows"].empty()
    resources, promises = texts(timed["resource_id"]), texts(timed["promise_id"])
    made = Deliveries.all(of_policies, held)
    made_row = places_of(made.resource, made.promise, resources, promises)
    best = _best(made, windows_of(made_row, made.at, row, scheduled), len(row))
    best = _with_sets(best, sets.gathered(of_policies, row, scheduled))
    grace = backup.grace_minutes
    start, complete = (
        said[name].fillna(0).to_numpy(dtype=np.int64)[reading]
        for name in ("start_window_minutes", "completion_window_minutes")
    )
    points = timed["kind"].eq("recovery-points").to_numpy(dtype=bool)[row]
    may_start = scheduled + (start + grace) * MINUTE
    due = np.where(points, may_start + complete * MINUTE, may_start)
    verdict, cause = _verdicts(best, texts(timed["hindered_by"]).take(pa.array(row)), points, may_start, due, now)
    verdict, cause = _unknown_for_gaps(timed, row, verdict, cause, gaps)
    return _frame(timed, row, scheduled, due, verdict, best, cause)


def _best(made: Deliveries, window: Places, windows: int) -> Best:
    """The best delivery of each window, of several the earliest."""
    hit = np.flatnonzero(window >= 0)
    first = hit[first_of_each(window[hit], made.quality[hit], made.at[hit])]
    where = window[first]
    quality = np.full(windows, NOTHING, dtype=np.int8)
    at, done = np.zeros(windows, dtype=np.int64), np.zeros(windows, dtype=np.int64)
    quality[where], at[where], done[where] = made.quality[first], made.at[first], made.done[first]
    source = np.full(windows, -1, dtype=np.int64)
    source[where] = first
    rows = pa.array(source, mask=source < 0)
    return Best(quality, at, done, made.name.take(rows), made.cause.take(rows))


def _with_sets(best: Best, gathered: tuple[Places, Best] | None) -> Best:
    """With what multi-volume sets of snapshots came to, at their windows."""
    if gathered is None:
        return best
    where, sets = gathered
    quality, at, done = best.quality.copy(), best.at.copy(), best.done.copy()
    quality[where], at[where], done[where] = sets.quality, sets.at, sets.done
    source = np.arange(len(at))
    source[where] = len(at) + np.arange(len(where))
    rows = pa.array(source)
    name, cause = (
        pa.concat_arrays([mine, theirs]).take(rows)
        for mine, theirs in ((best.name, sets.name), (best.cause, sets.cause))
    )
    return Best(quality, at, done, name, cause)


def _verdicts(
    best: Best, hindered: pa.Array, points: Any, may_start: Instants, due: Instants, now: int
) -> tuple[Any, pa.Array]:
    in_time = np.where(points, best.done, best.at) <= due
    under_way = (best.quality == PENDING) & (~points | (now <= due))
    verdict = np.select(
        [
            best.quality == USABLE,
            best.quality == PARTIAL,
            best.quality == FAILED,
            under_way | ((best.quality == NOTHING) & (now < may_start)),
        ],
        [np.where(in_time, _MET, _LATE), _PARTIAL, _FAILED, _PENDING],
        _MISSED,
    ).astype(np.int8)
    met = pa.array(verdict <= _LATE)
    nothing = pc.and_(pa.array(verdict == _MISSED), pc.is_null(best.cause))
    cause = pc.if_else(
        met, pa.scalar(None, pa.string()), pc.if_else(nothing, pc.coalesce(hindered, _NO_CAUSE), best.cause)
    )
    return verdict, cause


def _unknown_for_gaps(
    timed: pd.DataFrame, row: Places, verdict: Any, cause: pa.Array, gaps: pd.DataFrame
) -> tuple[Any, pa.Array]:
    """What was not delivered cannot be told where deliveries were not read, nor what an instance's backups hold."""
    if not len(gaps):
        return verdict, cause
    kinds = timed["kind"].to_numpy(dtype=object)[row]
    whole = timed["resource_type"].eq("instance").to_numpy(dtype=bool)[row]
    for kind, frames in _NEEDED.items():
        mine = kinds == kind
        because = unread(gaps, frames)
        content = unread(gaps, _CONTENT) if kind != "snapshots" else None
        hidden = mine & (verdict > _LATE) & (verdict != _PENDING) if because else np.zeros(len(mine), dtype=bool)
        if content:
            hidden |= mine & whole & (verdict != _PENDING)
        verdict = np.where(hidden, _UNKNOWN, verdict).astype(np.int8)
        cause = pc.if_else(pa.array(hidden), because or content, cause) if hidden.any() else cause
    return verdict, cause


def _frame(
    timed: pd.DataFrame, row: Places, scheduled: Instants, due: Instants, verdict: Any, best: Best, cause: pa.Array
) -> pd.DataFrame:
    there = (best.quality <= PARTIAL) & (verdict != _UNKNOWN)
    columns: dict[str, Any] = {
        name: timed[name].array.take(row)
        for name in ("account_id", "region", "resource_type", "resource_id", "promise_id")
    }
    columns["scheduled_at"], columns["due_by"] = _moments(scheduled), _moments(due)
    named = pa.array(_VERDICTS).take(pa.array(verdict))
    delivered = pc.if_else(pa.array(there), best.name, pa.scalar(None, pa.string()))
    for name, array in (("verdict", named), ("delivered_by", delivered), ("cause", cause)):
        columns[name] = PANDAS["text"].__from_arrow__(array)
    columns["delivered_at"] = _moments(np.where(there, best.at, np.iinfo(np.int64).min))
    return pd.DataFrame(columns)[FRAMES["backup_windows"].names]


def _moments(values: Instants) -> Any:
    return pd.DatetimeIndex(values.astype("datetime64[us]"), tz="UTC")


def _born(aged: pd.DataFrame, volumes: pd.DataFrame, instances: pd.DataFrame, attachments: pd.DataFrame) -> Instants:
    """When the resource of each promise came to be, as far as is known; else the lowest number there is."""
    attached = attachments.groupby("instance_id")["attached_at"].min()
    known = pd.concat(
        [
            volumes.set_index("volume_id")["created_at"],
            instances.set_index("instance_id")["launched_at"],
            attached,
        ]
    )
    earliest = known.groupby(level=0).min()
    return moments(earliest.reindex(aged["resource_id"]))
