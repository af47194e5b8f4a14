"""How much each snapshot stores, and how much deleting it alone would free, as bounds that hold the truth.

EBS stores a block once for all snapshots that share it, and bills it to the earliest of them ("How EBS snapshots
work", Amazon EBS User Guide). AWS tells the full size of each snapshot, never what it shares. What can be said:

- Snapshots of one volume form a chain. A block that two of them share, every one in between shares too. So a
  snapshot stores at least what it is larger than the one before it, and at most its full size.
- The first of a chain stores its full size, less what older snapshots elsewhere hold of it: the one its volume was
  made from, and, if blocks reached another volume through a snapshot that is deleted by now, that volume's own
  snapshots. Copies, and volumes that are gone or were made from a snapshot that is not here, may hide such a link.
- Volumes pass their data key on through snapshots: snapshots with different data keys share nothing.
- An archived snapshot is a copy of its own, in full.
- Snapshots in the Recycle Bin are still billed for what they hold, and AWS tells neither their size nor their time.
  Beside one of the same volume, nothing is certain but the full size. What one of another volume may share counts
  with the snapshot that is there, as it will on the bill when the Recycle Bin lets go.

Sums are 64-bit: 8 EiB of full sizes in one region are out of bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.keys import Flags, Integers, is_one_of, keys, numbered, places, whole
from auditor.analysis.origins import placeholder
from auditor.frames.columns import as_arrow, as_text

__all__ = ["bounds"]

_BEFORE_ALL: Final = np.iinfo(np.int64).min
_AFTER_ALL: Final = np.iinfo(np.int64).max

_BASES: Final = ("size unknown", "copy", "full", "growth", "lineage unknown", "archive", "archive and standard")
_UNSIZED, _COPY, _FULL, _GROWTH, _UNKNOWN, _ARCHIVE, _BOTH = range(len(_BASES))


def bounds(
    snapshots: pd.DataFrame, volumes: pd.DataFrame, recycle_bin_snapshots: pd.DataFrame, gaps: pd.DataFrame
) -> pd.DataFrame:
    """What each snapshot stores and what deleting it alone frees, at least and at most.

    Where the snapshots or the Recycle Bin could not be read in full, there may be relatives unseen, and nothing is
    certain but the full size.

    Returns:
        One row per snapshot, in order: ``stored_low_bytes``, ``stored_high_bytes``, ``freed_low_bytes``,
        ``freed_high_bytes`` (Int64, missing where the size is) and ``basis``.
    """
    archived = _equal(snapshots["storage_tier"], "archive")
    own = _own(snapshots, volumes, recycle_bin_snapshots, gaps, archived)
    stored, freed, basis = own.size.copy(), own.size.copy(), np.full(len(own.size), _UNSIZED)
    member = (~archived & ~_equal(snapshots["state"], "error")).nonzero()[0]
    if len(member):
        told = _of_members(own.take(member))
        sized = own.sized[member]
        for amounts, of_members in zip((stored, freed, basis), told, strict=True):
            amounts[member[sized]] = of_members[sized]
    both = archived & snapshots["restore_expires_at"].notna().to_numpy()
    basis = np.where(archived & own.sized, np.where(both, _BOTH, _ARCHIVE), basis)
    low, high, least = (pd.arrays.IntegerArray(amount, ~own.sized) for amount in (stored, own.size, freed))
    return pd.DataFrame(
        {
            "stored_low_bytes": low,
            "stored_high_bytes": high,
            "freed_low_bytes": least,
            "freed_high_bytes": high.copy(),
            "basis": as_text(pa.array(_BASES).take(pa.array(basis))),
        }
    )


class _Rows(NamedTuple):
    """Snapshots with what is known of their volumes and of what is beside them, a column each.

    Attributes:
        rank: Order of their ids.
        line: A number for every set of snapshots that may share blocks.
        of: A number for every volume; a copy is a volume of its own.
        size: Full size, 0 where it is not sized.
        sized: Whether the full size is known and final.
        started: Microseconds since 1970.
        copy: Whether its volume id says nothing.
        parent: Whether a visible volume was made from it.
        dark: Whether relatives may be unseen.
        made: When its volume was made; before all where that is not known.
        sourced: Whether its volume was made from a snapshot that is here.
        unknown: Whether it is not known what its volume was made from.
        source_size: Size of what its volume was made from.
        source_sized: Whether that is known.
    """

    rank: Integers
    line: Integers
    of: Integers
    size: Integers
    sized: Flags
    started: Integers
    copy: Flags
    parent: Flags
    dark: Flags
    made: Integers
    sourced: Flags
    unknown: Flags
    source_size: Integers
    source_sized: Flags

    def take(self, rows: Integers) -> _Rows:
        """Some of the rows, in that order."""
        return _Rows._make(column[rows] for column in self)


class _Sources(NamedTuple):
    """What is known of volumes: when they were made, from what, and the size of that."""

    made: Integers
    blank: Flags
    sourced: Flags
    size: Integers
    sized: Flags


def _own(
    snapshots: pd.DataFrame,
    volumes: pd.DataFrame,
    recycle_bin_snapshots: pd.DataFrame,
    gaps: pd.DataFrame,
    archived: Flags,
) -> _Rows:
    """The snapshots, one row each and in order."""
    ids, of = keys(snapshots, "snapshot_id"), keys(snapshots, "volume_id")
    copy = _placeholder(snapshots["volume_id"])
    size, known = whole(snapshots["full_size_bytes"])
    completed = _equal(snapshots["state"], "completed")
    sized = known & completed
    size = np.where(sized, size, 0)
    started = _moments(snapshots["started_at"])
    source_ids = keys(volumes, "source_snapshot_id")
    source = places(source_ids, ids)
    source[~_of_seen(source >= 0, completed & ~archived, source, False)] = -1
    sources = _sources(volumes, source, size, sized, started)
    volume = places(of, keys(volumes, "volume_id"))
    seen = volume >= 0
    partial = gaps[gaps["frame"].isin(["snapshots", "recycle_bin_snapshots"])]
    member = ~archived & ~_equal(snapshots["state"], "error")
    return _Rows(
        rank=_rank(snapshots["snapshot_id"]),
        line=_lines(snapshots, member),
        of=numbered(pc.if_else(pa.array(copy), ids, of)),
        size=size,
        sized=sized,
        started=started,
        copy=copy,
        parent=is_one_of(ids, source_ids),
        dark=is_one_of(keys(snapshots), keys(partial)) | _binned(snapshots, copy, recycle_bin_snapshots),
        made=_of_seen(seen, sources.made, volume, _BEFORE_ALL),
        sourced=_of_seen(seen, sources.sourced, volume, False) & ~copy,
        unknown=copy | ~_of_seen(seen, sources.blank | sources.sourced, volume, False),
        source_size=_of_seen(seen, sources.size, volume, 0),
        source_sized=_of_seen(seen, sources.sized, volume, False),
    )


def _sources(volumes: pd.DataFrame, source: Integers, size: Integers, sized: Flags, started: Integers) -> _Sources:
    """What each volume was made from: a completed snapshot at a place, or -1."""
    made = _moments(volumes["created_at"])
    dated, seen = made != _BEFORE_ALL, source >= 0
    return _Sources(
        made,
        dated & volumes["source_snapshot_id"].isna().to_numpy(bool),
        dated & seen & (_of_seen(seen, started, source, 0) <= made),
        _of_seen(seen, size, source, 0),
        _of_seen(seen, sized, source, False),
    )


def _of_seen(seen: Flags, values: Any, places: Integers, otherwise: Any) -> Any:
    """The values at places where something was seen, and else what stands for nothing."""
    if not len(values):
        return np.full(len(seen), otherwise, dtype=values.dtype)
    return np.where(seen, values[places], otherwise)


def _binned(snapshots: pd.DataFrame, copy: Flags, binned: pd.DataFrame) -> Flags:
    """Whether a snapshot of the same volume lies in the Recycle Bin; for a copy, any copy."""
    if not len(binned):
        return np.zeros(len(snapshots), dtype=bool)
    here, there = (
        keys(frame, pc.if_else(pa.array(copies), "copy", as_arrow(frame["volume_id"])))
        for frame, copies in ((snapshots, copy), (binned, _placeholder(binned["volume_id"])))
    )
    return is_one_of(here, there)


def _lines(snapshots: pd.DataFrame, member: Flags) -> Integers:
    """A number for every set of snapshots that may share blocks: those of one region and one data key."""
    encrypted = as_arrow(snapshots["encrypted"])
    label = pc.if_else(pc.fill_null(encrypted, False), as_arrow(snapshots["data_encryption_key_id"]), "plain")
    missing = pc.or_(pc.is_null(encrypted), pc.is_null(label)).to_numpy(zero_copy_only=False)
    here = numbered(keys(snapshots))
    unclear = np.bincount(here, weights=member & missing, minlength=1)[here] > 0
    label = pc.fill_null(pc.if_else(pa.array(unclear), "any", label), "any")
    of_label = numbered(label)
    return here * (int(of_label.max(initial=0)) + 1) + of_label


def _of_members(own: _Rows) -> tuple[Integers, Integers, Integers]:
    """Lower bounds, freed ones too, and basis of the snapshots in the standard tier, in order."""
    chain = own.line * (own.of.max() + 1) + own.of
    order = np.lexsort((own.rank, own.started, chain))
    rows, chain = own.take(order), chain[order]
    first = np.r_[True, chain[1:] != chain[:-1]]
    last = np.r_[first[1:], True]
    chain = np.cumsum(first) - 1
    size, sized, started = rows.size, rows.sized, rows.started
    line = np.unique(rows.line, return_inverse=True)[1]

    tied = ~last & np.r_[started[1:] == started[:-1], False]
    tied |= np.r_[False, tied[:-1]]
    undated = np.bincount(line, weights=started == _BEFORE_ALL) > 0
    dark = undated[line] | rows.dark | tied

    before, before_known = _beside(size, sized, first, 1)
    after, after_known = _beside(size, sized, last, -1)
    sourced = first & rows.sourced
    before = np.where(sourced, rows.source_size, before)
    before_known = np.where(sourced, rows.source_sized, before_known)
    since = np.where(first, rows.made, np.r_[_BEFORE_ALL, started[:-1]])

    alone = first & rows.unknown
    nobody = np.zeros(len(size), dtype=np.int64), np.ones(len(size), dtype=bool)
    (elders, elders_known), (kin, kin_known) = nobody, nobody
    if alone.any():
        strangers = _Ledger.of(line, started, size, sized, alone)
        everyone = _Ledger.of(line, started, size, sized, np.ones(len(size), dtype=bool))
        own_total = np.bincount(chain, weights=size.astype(float))[chain].astype(np.int64)
        elders, elders_known = _either(
            alone, everyone.between(line, _BEFORE_ALL, started, size), strangers.between(line, since, started)
        )
        kin, kin_known = _either(
            alone,
            everyone.between(line, _BEFORE_ALL, _AFTER_ALL, own_total),
            strangers.between(line, since, _AFTER_ALL),
        )
    low = np.where(dark | ~before_known | ~elders_known, 0, np.maximum(size - before - elders, 0))
    freed = np.maximum(size - before - after - kin, 0)
    freed = np.where(dark | ~before_known | ~after_known | ~kin_known | rows.parent, 0, freed)
    basis = np.select([rows.copy, first & (low == size), ~first | sourced], [_COPY, _FULL, _GROWTH], _UNKNOWN)
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return low[back], freed[back], basis[back]


def _beside(size: Integers, sized: Flags, end: Flags, step: int) -> tuple[Integers, Flags]:
    """The neighbour's size and whether it is known; nothing, and known, at the end of a chain."""
    return np.where(end, 0, np.roll(size, step)), end | np.roll(sized, step)


def _either(which: Flags, this: tuple[Integers, Flags], that: tuple[Integers, Flags]) -> tuple[Integers, Flags]:
    return np.where(which, this[0], that[0]), np.where(which, this[1], that[1])


@dataclass(frozen=True)
class _Ledger:
    """Sizes by line and moment, to be summed over spans of time."""

    moments: Integers
    keys: Integers
    sums: Integers
    unsized: Integers

    @classmethod
    def of(cls, line: Integers, moment: Integers, size: Integers, sized: Flags, taken: Flags) -> _Ledger:
        """A ledger of the rows that are taken."""
        moments = np.unique(moment[taken])
        keys = line[taken] * (len(moments) + 1) + np.searchsorted(moments, moment[taken], "right")
        order = np.argsort(keys, kind="stable")
        sums, unsized = (np.r_[0, np.cumsum(values[taken][order])] for values in (size, (~sized).astype(np.int64)))
        return cls(moments, keys[order], sums, unsized)

    def between(
        self, line: Integers, after: Integers | int, until: Integers | int, less: Integers | int = 0
    ) -> tuple[Integers, Flags]:
        """Per line what was entered after a moment and until another, less a part of it; and whether all is sized."""
        start, end = self._place(line, after), self._place(line, until)
        end = np.maximum(start, end)
        return self.sums[end] - self.sums[start] - less, self.unsized[end] == self.unsized[start]

    def _place(self, line: Integers, moment: Integers | int) -> Integers:
        rank = np.searchsorted(self.moments, moment, "right")
        return np.searchsorted(self.keys, line * (len(self.moments) + 1) + rank, "right")


def _rank(ids: pd.Series[Any]) -> Integers:
    """Each id's place in alphabetical order."""
    rank = np.empty(len(ids), dtype=np.int64)
    rank[pc.array_sort_indices(as_arrow(ids)).to_numpy()] = np.arange(len(ids))
    return rank


def _equal(series: pd.Series[Any], value: str) -> Flags:
    return np.asarray(pc.fill_null(pc.equal(as_arrow(series), value), False).to_numpy(zero_copy_only=False), dtype=bool)


def _placeholder(volume_ids: pd.Series[Any]) -> Flags:
    fits = pc.fill_null(placeholder(as_arrow(volume_ids)), True)
    return np.asarray(fits.to_numpy(zero_copy_only=False), dtype=bool)


def _moments(series: pd.Series[Any]) -> Integers:
    """Microseconds since 1970; the smallest integer where missing."""
    return np.asarray(series.array.asi8)
