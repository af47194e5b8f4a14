"""What the other places of a run tell of one place's snapshots: who else needs them, and what became of sources.

A snapshot that is shared can be named by templates of other accounts, and a copy outlives what it was copied from.
CopySnapshot writes the source and its region on the copy, and not the account (Amazon EBS User Guide, "Copy an Amazon
EBS snapshot"): a source is gone only where every account that was to be read was read in that region.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.keys import is_one_of, places
from auditor.frames import FRAMES, PANDAS
from auditor.frames.columns import as_arrow

__all__ = ["NOWHERE", "Elsewhere", "snapshots_elsewhere"]

#: What CopySnapshot writes; the description of the source follows.
_COPIED: Final = (
    r"(?s)^\[Copied (?P<source_snapshot_id>snap-[0-9a-f]+) from (?P<source_region>[a-z0-9-]+)\] ?(?P<words>.*)$"
)

#: A copy that a lifecycle policy of the other region made: that policy deletes it in time.
_OF_POLICY: Final = "Created for policy: "

#: Frames that name snapshots by id, and what in them does.
_USERS: Final = {
    "image_block_devices": ("image_id",),
    "snapshot_references": ("referrer_type", "referrer_id"),
}


class Elsewhere(Protocol):
    """A look at one region in every account of the run, or at all of them."""

    def rows(self, frame: str, region: str | None, columns: Sequence[str]) -> pd.DataFrame:
        """Some columns of a collected frame, of all accounts that were read in the region, or in any."""

    def part_of_run(self, account_id: str, region: str) -> bool:
        """Whether the region of the account was to be read."""

    def unread(self, frames: Iterable[str], account_id: str, region: str, *, alone: bool = False) -> str | None:
        """Why these frames are not known of every account there, or ``None`` where they are.

        Args:
            frames: Collected frames.
            account_id: An account that must have been read there.
            region: The region.
            alone: Ask of that account only.
        """

    def unread_places(self, frames: Iterable[str]) -> list[tuple[str, str]]:
        """Accounts and regions of the run where these frames are not known, the region ``global`` for all of one."""


class _Nowhere:
    """Where there is nothing but the one place."""

    def part_of_run(self, account_id: str, region: str) -> bool:  # noqa: ARG002 - all are alike
        return False

    def rows(
        self,
        frame: str,
        region: str | None,  # noqa: ARG002 - all are alike
        columns: Sequence[str],
    ) -> pd.DataFrame:
        return FRAMES[frame].empty()[list(columns)]

    def unread(  # all are alike
        self,
        frames: Iterable[str],  # noqa: ARG002
        account_id: str,  # noqa: ARG002
        region: str,
        *,
        alone: bool = False,  # noqa: ARG002
    ) -> str | None:
        return f"{region} was not looked at"

    def unread_places(self, frames: Iterable[str]) -> list[tuple[str, str]]:  # noqa: ARG002 - all are alike
        return []


NOWHERE: Final[Elsewhere] = _Nowhere()


def snapshots_elsewhere(snapshots: pd.DataFrame, snapshot_origins: pd.DataFrame, elsewhere: Elsewhere) -> pd.DataFrame:
    """One row per snapshot of one account and region of which other places tell; see the frame for the columns."""
    declared = FRAMES["snapshots_elsewhere"]
    if snapshots.empty:
        return declared.empty()
    account_id, region = str(snapshots["account_id"].iat[0]), str(snapshots["region"].iat[0])
    used = _used(as_arrow(snapshots["snapshot_id"]), account_id, region, elsewhere)
    copies = _copies(snapshots, snapshot_origins)
    if copies.empty and used.empty:
        return declared.empty()
    told = copies.merge(_sources(copies, account_id, elsewhere), on=["source_snapshot_id", "source_region"], how="left")
    told = told.merge(used, on="snapshot_id", how="outer").assign(account_id=account_id, region=region)
    return declared.conform(told)


def _used(ids: pa.Array, account_id: str, region: str, elsewhere: Elsewhere) -> pd.DataFrame:
    """Own snapshots that other accounts name, with the first of what does."""
    parts = [pd.DataFrame({"snapshot_id": [], "used_by": []}, dtype=PANDAS["text"])]
    for frame, naming in _USERS.items():
        rows = elsewhere.rows(frame, region, ("account_id", "snapshot_id", *naming))
        theirs = pc.not_equal(as_arrow(rows["account_id"]), account_id).to_numpy(zero_copy_only=False)
        rows = rows[theirs & is_one_of(as_arrow(rows["snapshot_id"]), ids)]
        if rows.empty:
            continue
        kind = "image" if len(naming) == 1 else rows[naming[0]]
        parts.append(
            rows[["snapshot_id"]].assign(used_by=kind + " " + rows[naming[-1]] + " in account " + rows["account_id"])
        )
    return pd.concat(parts, ignore_index=True).sort_values("used_by").drop_duplicates("snapshot_id")


def _copies(snapshots: pd.DataFrame, origins: pd.DataFrame) -> pd.DataFrame:
    """Copies with what they say they were copied from; not those that a lifecycle policy looks after."""
    copied = is_one_of(
        as_arrow(snapshots["snapshot_id"]), as_arrow(origins.loc[origins["origin"] == "copy", "snapshot_id"])
    )
    if not copied.any():
        names = ["snapshot_id", "source_snapshot_id", "source_region", "series_newest_at"]
        return FRAMES["snapshots_elsewhere"].empty()[names]
    rows = snapshots.loc[copied, ["snapshot_id", "description", "started_at"]]
    said = rows["description"].str.extract(_COPIED).astype(PANDAS["text"])
    told = rows[["snapshot_id", "started_at"]].join(said)
    told = told[told["source_snapshot_id"].notna() & ~told["words"].str.startswith(_OF_POLICY).fillna(False)]
    told["series_newest_at"] = told.groupby("words")["started_at"].transform("max")
    return told.drop(columns=["started_at", "words"])


def _sources(copies: pd.DataFrame, account_id: str, elsewhere: Elsewhere) -> pd.DataFrame:
    """What became of each source, a row each."""
    parts = []
    for region, mine in copies[["source_snapshot_id", "source_region"]].drop_duplicates().groupby("source_region"):
        states: pd.Series[Any] = pd.Series(pd.NA, index=mine.index, dtype=PANDAS["text"])
        owners = states.copy()
        for frame, state in (("recycle_bin_snapshots", "recycle-bin"), ("snapshots", "here")):
            held = elsewhere.rows(frame, str(region), ("account_id", "snapshot_id"))
            place = places(as_arrow(mine["source_snapshot_id"]), as_arrow(held["snapshot_id"]))
            there = pd.Series(place >= 0, index=mine.index)
            states = states.mask(there, state)
            owner = pd.api.extensions.take(held["account_id"].array, place, allow_fill=True)
            owners = owners.mask(there, pd.Series(owner, index=mine.index))
        why = elsewhere.unread(("snapshots", "recycle_bin_snapshots"), account_id, str(region))
        lost = states.isna()
        unseen = "unread" if elsewhere.part_of_run(account_id, str(region)) else "outside"
        states = states.mask(lost, "gone" if why is None else unseen)
        because = pd.Series(why, index=mine.index, dtype=PANDAS["text"]).where(lost)
        parts.append(mine.assign(source_state=states, source_account_id=owners, unread_because=because))
    if not parts:
        nothing = pd.Series([], dtype=PANDAS["text"])
        return copies[["source_snapshot_id", "source_region"]].assign(
            source_state=nothing, source_account_id=nothing, unread_because=nothing
        )
    return pd.concat(parts, ignore_index=True)
