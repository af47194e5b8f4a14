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
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.analysis.origins import PLACEHOLDER_VOLUME

__all__ = ["bounds"]

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_HERE: Final = ["account_id", "region"]
_BEFORE_ALL: Final = np.iinfo(np.int64).min
_AFTER_ALL: Final = np.iinfo(np.int64).max


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
    own = _prepared(snapshots, volumes, gaps)
    own["binned"] = _binned(own, recycle_bin_snapshots)
    full = own["size"].where(own["state"].eq("completed").fillna(False))
    stored, freed, basis = full.copy(), full.copy(), pd.Series("size unknown", index=own.index)
    member = own["member"].to_numpy(bool)
    if member.any():
        told = _of_members(own[member].reset_index(drop=True))
        known = full[member].notna().to_numpy(bool)
        places = own.index[member][known]
        for series, name in ((stored, "stored"), (freed, "freed")):
            series[places] = told[name].to_numpy()[known]
        basis[places] = told["basis"].to_numpy()[known]
    archived = own["archived"] & full.notna()
    basis = basis.mask(archived, "archive").mask(archived & snapshots["restore_expires_at"].notna().to_numpy(), _BOTH)
    return pd.DataFrame(
        {
            "stored_low_bytes": stored,
            "stored_high_bytes": full,
            "freed_low_bytes": freed,
            "freed_high_bytes": full,
            "basis": basis,
        }
    )


_BOTH: Final = "archive and standard"


def _prepared(snapshots: pd.DataFrame, volumes: pd.DataFrame, gaps: pd.DataFrame) -> pd.DataFrame:
    """The snapshots with what is known of their volumes, one row each and in order."""
    own = snapshots[[*_HERE, "snapshot_id", "volume_id", "state"]].reset_index(drop=True)
    own["size"] = snapshots["full_size_bytes"].to_numpy()
    own["started"] = _moments(snapshots["started_at"])
    own["archived"] = snapshots["storage_tier"].eq("archive").fillna(False).to_numpy(bool)
    own["member"] = ~own["archived"] & own["state"].ne("error").fillna(True).to_numpy(bool)
    own["copy"] = _placeholder(own["volume_id"])
    own["line"] = _lines(snapshots, own)
    sources = own.loc[
        own["member"] & own["state"].eq("completed").fillna(False), [*_HERE, "snapshot_id", "size", "started"]
    ]
    sources = sources.set_axis([*_HERE, "source_snapshot_id", "source_size", "source_started"], axis=1)
    known = _volumes(volumes, sources)
    own = own.merge(known, on=[*_HERE, "volume_id"], how="left")
    own["kind"] = own["kind"].astype(object).where(own["kind"].notna() & ~own["copy"], "unknown")
    parents = volumes[[*_HERE, "source_snapshot_id"]].dropna().drop_duplicates().assign(parent=True)
    parents = parents.rename(columns={"source_snapshot_id": "snapshot_id"})
    own["parent"] = own[[*_HERE, "snapshot_id"]].merge(parents, how="left")["parent"].notna()
    partial = gaps.loc[gaps["frame"].isin(["snapshots", "recycle_bin_snapshots"]), _HERE]
    partial = partial.drop_duplicates().assign(partial=True)
    own["partial"] = own[_HERE].merge(partial, how="left")["partial"].notna()
    return own


def _binned(own: pd.DataFrame, binned: pd.DataFrame) -> pd.Series[Any]:
    """Whether a snapshot of the same volume lies in the Recycle Bin; for a copy, any copy."""
    keys = pd.DataFrame({**{name: own[name] for name in _HERE}, "of": own["volume_id"].mask(own["copy"], "copy")})
    copies = _placeholder(binned["volume_id"])
    held = binned[_HERE].assign(of=binned["volume_id"].mask(copies, "copy")).drop_duplicates().assign(binned=True)
    return keys.merge(held, how="left")["binned"].notna()


def _volumes(volumes: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Each visible volume's ``kind`` (blank, sourced, unknown), creation and the size of what it was made from."""
    known = volumes[[*_HERE, "volume_id", "source_snapshot_id"]].reset_index(drop=True)
    known["made"] = _moments(volumes["created_at"])
    known = known.drop_duplicates([*_HERE, "volume_id"]).merge(sources, on=[*_HERE, "source_snapshot_id"], how="left")
    dated = known["made"] != _BEFORE_ALL
    earlier = known["source_started"].notna() & (known["source_started"] <= known["made"]).fillna(False)
    known["kind"] = np.select(
        [dated & known["source_snapshot_id"].isna(), dated & earlier.astype(bool)], ["blank", "sourced"], "unknown"
    )
    return known[[*_HERE, "volume_id", "made", "source_size", "kind"]]


def _lines(snapshots: pd.DataFrame, own: pd.DataFrame) -> pd.Series[Any]:
    """A number for every set of snapshots that may share blocks: those of one region and one data key."""
    encrypted = snapshots["encrypted"].reset_index(drop=True)
    key = snapshots["data_encryption_key_id"].reset_index(drop=True).astype(object)
    label = key.where(encrypted.fillna(False).astype(bool), "plain")
    unclear = own["member"] & (encrypted.isna() | label.isna())
    here = own.groupby(_HERE, sort=False, dropna=False).ngroup()
    label = label.mask(unclear.groupby(here).transform("any"), "any").fillna("any")
    return pd.DataFrame({"here": here, "label": label}).groupby(["here", "label"], sort=False).ngroup()


def _of_members(own: pd.DataFrame) -> pd.DataFrame:
    """Lower bounds and basis of the snapshots in the standard tier, in order."""
    order = np.lexsort((own["snapshot_id"].astype(str), own["started"], _chains(own)))
    rows = own.iloc[order].reset_index(drop=True)
    chain = _chains(rows)
    first = np.r_[True, chain[1:] != chain[:-1]]
    last = np.r_[first[1:], True]
    started, line = rows["started"].to_numpy(np.int64), rows["line"].to_numpy(np.int64)
    full = rows["size"].where(rows["state"].eq("completed").fillna(False))
    size, sized = full.fillna(0).to_numpy(np.int64), full.notna().to_numpy(bool)
    unknown = rows["kind"].eq("unknown").to_numpy(bool)

    tied = ~last & np.r_[started[1:] == started[:-1], False]
    tied |= np.r_[False, tied[:-1]]
    undated = np.bincount(line, weights=started == _BEFORE_ALL) > 0
    dark = undated[line] | rows["partial"].to_numpy(bool) | rows["binned"].to_numpy(bool) | tied

    before, before_known = _beside(size, sized, first, 1)
    after, after_known = _beside(size, sized, last, -1)
    sourced = first & rows["kind"].eq("sourced").to_numpy(bool)
    source = rows["source_size"].astype("Int64")
    before = np.where(sourced, source.fillna(0).to_numpy(np.int64), before)
    before_known = np.where(sourced, source.notna().to_numpy(bool), before_known)
    since = np.where(first, rows["made"].fillna(_BEFORE_ALL).to_numpy(np.int64), np.r_[_BEFORE_ALL, started[:-1]])

    strangers = _Ledger.of(line, started, size, sized, first & unknown)
    everyone = _Ledger.of(line, started, size, sized, np.ones(len(rows), dtype=bool))
    alone = first & unknown
    own_total = np.bincount(chain, weights=size.astype(float))[chain].astype(np.int64)
    elders, elders_known = _either(
        alone, everyone.between(line, _BEFORE_ALL, started, size), strangers.between(line, since, started)
    )
    kin, kin_known = _either(
        alone, everyone.between(line, _BEFORE_ALL, _AFTER_ALL, own_total), strangers.between(line, since, _AFTER_ALL)
    )
    low = np.where(dark | ~before_known | ~elders_known, 0, np.maximum(size - before - elders, 0))
    freed = np.maximum(size - before - after - kin, 0)
    freed = np.where(dark | ~before_known | ~after_known | ~kin_known | rows["parent"], 0, freed)
    basis = np.select(
        [rows["copy"], first & (low == size), ~first | sourced], ["copy", "full", "growth"], "lineage unknown"
    )
    told = pd.DataFrame({"stored": low, "freed": freed, "basis": basis}, index=order)
    return told.sort_index()


def _chains(own: pd.DataFrame) -> Integers:
    """A number per chain; a copy is a chain of its own."""
    by = own["volume_id"].astype(object).where(~own["copy"], own["snapshot_id"].astype(object))
    chains = pd.DataFrame({"line": own["line"], "by": by}).groupby(["line", "by"], sort=False).ngroup()
    return np.asarray(chains, dtype=np.int64)


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


def _placeholder(volume_ids: pd.Series[Any]) -> pd.Series[Any]:
    return volume_ids.isna() | volume_ids.str.match(PLACEHOLDER_VOLUME).fillna(False).astype(bool)


def _moments(series: pd.Series[Any]) -> Integers:
    """Microseconds since 1970; the smallest integer where missing."""
    return np.asarray(series.dt.tz_convert(None).to_numpy("datetime64[us]").astype(np.int64))
