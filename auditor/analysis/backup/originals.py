"""The backups that are to be copied elsewhere, part by part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.backup.deliveries import USABLE, Deliveries, of_images, of_snapshots
from auditor.analysis.backup.matching import Places, pairs_of, places_of, texts, windows_of
from auditor.analysis.backup.schedules import Instants, moments
from auditor.analysis.backup.selection import Mask


@dataclass(frozen=True)
class Originals:
    """Usable backups that promises made: columns of one length.

    Attributes:
        row: The promise, by its place in ``backup_promises``.
        at: The moment of the backup, in microseconds since 1970; of a set of snapshots, the same for all.
        item: The snapshot, image or recovery point.
    """

    row: Places
    at: Instants
    item: pa.Array


def originals(
    promises: pd.DataFrame,
    wanted: Places,
    windows: pd.DataFrame,
    coverage: pd.DataFrame,
    snapshots: pd.DataFrame,
    snapshot_tags: pd.DataFrame,
    images: pd.DataFrame,
    image_tags: pd.DataFrame,
) -> Originals:
    """Every usable backup that some promises made.

    Args:
        promises: ``backup_promises``.
        wanted: The places of those promises.
        windows: ``backup_windows``.
        coverage: ``backup_coverage``.
        snapshots: ``snapshots``.
        snapshot_tags: ``snapshot_tags``.
        images: ``images``.
        image_tags: ``image_tags``.
    """
    asked = np.zeros(len(promises), dtype=bool)
    asked[wanted] = True
    aged = promises["kind"].eq("any").to_numpy(dtype=bool) & asked
    disks = promises["resource_type"].eq("volume").to_numpy(dtype=bool)
    sets = promises["kind"].eq("snapshots").to_numpy(dtype=bool) & ~disks & asked
    parts = [_of_windows(promises, asked & ~aged & ~sets, windows)]
    if (sets | aged & disks).any():
        made = _usable(of_snapshots(snapshots, snapshot_tags))
        parts += [_of_sets(promises, sets, made, coverage, windows), _of_defaults(promises, aged & disks, made)]
    if (aged & ~disks).any():
        parts.append(_of_defaults(promises, aged & ~disks, _usable(of_images(images, image_tags))))
    row, at = (np.concatenate([getattr(part, name) for part in parts]) for name in ("row", "at"))
    return Originals(row, at, pa.concat_arrays([part.item for part in parts]))


def _usable(made: Deliveries) -> Deliveries:
    return made.take(np.flatnonzero(made.quality == USABLE))


def _those(promises: pd.DataFrame, mask: Mask) -> tuple[Places, pa.Array, pa.Array]:
    """The places of some promises, and what they are of."""
    rows = np.flatnonzero(mask)
    resource, promise = (texts(promises[name]).take(pa.array(rows)) for name in ("resource_id", "promise_id"))
    return rows, resource, promise


def _met(windows: pd.DataFrame) -> Mask:
    met: Mask = windows["verdict"].isin(["met", "late"]).to_numpy(dtype=bool)
    return met


def _of_windows(promises: pd.DataFrame, mask: Mask, windows: pd.DataFrame) -> Originals:
    """What met windows, each by one thing that was made."""
    rows, resource, promise = _those(promises, mask)
    met = np.flatnonzero(_met(windows))
    named = [texts(windows[name]).take(pa.array(met)) for name in ("resource_id", "promise_id", "delivered_by")]
    place = places_of(named[0], named[1], resource, promise)
    hit = np.flatnonzero(place >= 0)
    return Originals(rows[place[hit]], moments(windows["delivered_at"])[met[hit]], named[2].take(pa.array(hit)))


def _of_sets(
    promises: pd.DataFrame, mask: Mask, made: Deliveries, coverage: pd.DataFrame, windows: pd.DataFrame
) -> Originals:
    """Snapshots of machines: those of each volume that was attached when a set that was made was due."""
    rows, resource, promise = _those(promises, mask)
    through = coverage[coverage["instance_id"].notna()] if len(rows) else coverage.iloc[:0]
    instance, volume, by = (texts(through[name]) for name in ("instance_id", "volume_id", "promise_id"))
    delivery, member = pairs_of(made.resource, made.promise, volume, by)
    set_of = places_of(instance, by, resource, promise)[member]
    scheduled = moments(windows["scheduled_at"])
    due = places_of(texts(windows["resource_id"]), texts(windows["promise_id"]), resource, promise)
    order = np.lexsort((scheduled, due))
    order = order[due[order] >= 0]
    window = windows_of(set_of, made.at[delivery], due[order], scheduled[order])
    window = np.where(window >= 0, np.append(order, -1)[window], -1)
    attached = moments(through["covered_from"])[member] <= np.append(scheduled, 0)[window]
    kept = np.flatnonzero((window >= 0) & attached & np.append(_met(windows), False)[window])
    at = moments(windows["delivered_at"])[window[kept]]
    return Originals(rows[set_of[kept]], at, made.name.take(pa.array(delivery[kept])))


def _of_defaults(promises: pd.DataFrame, mask: Mask, made: Deliveries) -> Originals:
    """What default policies made themselves: they copy nothing else, though anything keeps their promise."""
    rows, resource, promise = _those(promises, mask)
    by = pc.replace_substring_regex(made.promise, "(?s)/.*$", "/default")
    place = places_of(made.resource, by, resource, promise)
    hit = np.flatnonzero(place >= 0)
    return Originals(rows[place[hit]], made.at[hit], made.name.take(pa.array(hit)))
