"""A look at one region in every account of a run, for what a place cannot tell of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

import pandas as pd

from auditor.frames.columns import distinct
from auditor.inventory import GLOBAL, Inventory, Partition

#: Without this frame of an account nobody knows which regions it has.
_WHERE = "regions"


class Elsewhere:
    """See :class:`auditor.analysis.elsewhere.Elsewhere`; what is read is kept.

    Args:
        inventory: What was collected.
        gaps: Gives the frame ``gaps`` of all of it.
    """

    def __init__(self, inventory: Inventory, gaps: Callable[[], pd.DataFrame]) -> None:
        self._inventory = inventory
        self._gaps = gaps
        self._kept: dict[tuple[str, str | None, tuple[str, ...]], pd.DataFrame] = {}
        self._unread: dict[frozenset[str], list[Partition]] = {}

    @cached_property
    def _read(self) -> frozenset[Partition]:
        return frozenset(self._inventory.partitions)

    def rows(self, frame: str, region: str | None, columns: Sequence[str]) -> pd.DataFrame:
        """Some columns of a collected frame, of all accounts that were read in the region, or in any."""
        key = frame, region, tuple(columns)
        if key not in self._kept:
            self._kept[key] = self._inventory.read(frame, None, region, list(columns))
        return self._kept[key]

    def part_of_run(self, account_id: str, region: str) -> bool:
        """Whether the region of the account was to be read."""
        return (account_id, region) in self._read

    def unread(self, frames: Iterable[str], account_id: str, region: str, *, alone: bool = False) -> str | None:
        """Why these frames are not known of every account there, or of that one alone; ``None`` where they are."""
        if not self.part_of_run(account_id, region):
            return f"{region} of account {account_id} was not part of the run"
        gaps = self._gaps()
        hit = gaps[gaps["frame"].isin([*frames, _WHERE]) & gaps["region"].isin([region, GLOBAL])]
        if alone:
            hit = hit[hit["account_id"].eq(account_id)]
        if hit.empty:
            return None
        return f"{region} of account {hit['account_id'].min()} could not be read as a whole"

    def unread_places(self, frames: Iterable[str]) -> list[Partition]:
        """Accounts and regions of the run where these frames are not known, the region ``global`` for all of one."""
        wanted = frozenset(frames)
        if wanted not in self._unread:
            gaps = self._gaps()
            self._unread[wanted] = sorted(distinct(gaps[gaps["frame"].isin([*wanted, _WHERE])], "account_id", "region"))
        return self._unread[wanted]
