"""The frames that rules ask for by name: read or derived when first asked for, and kept while they may be again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

import pandas as pd

from auditor.analysis import ACROSS, DERIVED, derive
from auditor.config import Config
from auditor.engine.elsewhere import Elsewhere
from auditor.frames import FRAMES
from auditor.inventory import GLOBAL, Inventory

Made = TypeVar("Made")

ABOUT_THE_RUN = ("coverage", "gaps", "item_gaps")


@dataclass
class Reports:
    """What is the same for every account and region of one evaluation, made when first asked for."""

    inventory: Inventory
    _kept: dict[str, pd.DataFrame] = field(default_factory=dict)
    _everywhere: dict[str, pd.DataFrame] = field(default_factory=dict)

    def frame(self, name: str) -> pd.DataFrame:
        """One of ``ABOUT_THE_RUN``."""
        if name not in self._kept:
            self._kept[name] = getattr(self.inventory, name)()
        return self._kept[name]

    @cached_property
    def elsewhere(self) -> Elsewhere:
        """A look at single regions in all accounts."""
        return Elsewhere(self.inventory, lambda: self.frame("gaps"))

    def everywhere(self, name: str, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """A frame that is about the organisation as a whole."""
        if name not in self._everywhere:
            self._everywhere[name] = make()
        return self._everywhere[name]


@dataclass
class Supply:
    """The frames of one account and region, or of everything that was collected where they are left out.

    Frames that are about the organisation as a whole are the same for all.

    What a rule gets is a copy that shares its memory until it is written to, so that its edits stay its own.
    """

    inventory: Inventory
    reports: Reports
    config: Config = field(default_factory=Config)
    account_id: str | None = None
    region: str | None = None
    _kept: dict[str, pd.DataFrame] = field(default_factory=dict)
    _once: dict[str, Any] = field(default_factory=dict)

    @property
    def as_of(self) -> datetime:
        """The moment that is judged."""
        return self.inventory.as_of

    def frame(self, name: str) -> pd.DataFrame:
        """A frame by name, whose edits stay with who asked."""
        return self.kept(name).copy(deep=False)

    def kept(self, name: str) -> pd.DataFrame:
        """A frame by name, to be looked at only: it is the one that is kept."""
        if name not in self._kept:
            if FRAMES[name].everywhere:
                self._kept[name] = self.reports.everywhere(name, lambda: self._made(name))
            else:
                self._kept[name] = self._made(name)
        return self._kept[name]

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What ``make`` gives, made when first asked for."""
        if name not in self._once:
            self._once[name] = make()
        made: Made = self._once[name]
        return made

    def _made(self, name: str) -> pd.DataFrame:
        if name in ABOUT_THE_RUN:
            return self._here(self.reports.frame(name))
        if name in DERIVED and not self.inventory.holds(name):
            return self._derived(name)
        if FRAMES[name].everywhere:
            return self.inventory.read(name)
        whole_account = self.region == GLOBAL
        return self.inventory.read(name, self.account_id, None if whole_account else self.region)

    def _derived(self, name: str) -> pd.DataFrame:
        if self.account_id is not None or name in ACROSS or FRAMES[name].everywhere:
            return derive(name, self.kept, self.as_of, self.config, self.reports.elsewhere)
        places = self.inventory.partitions if FRAMES[name].derived_from else []
        if not places:  # rests on nothing that was collected, or nothing was
            return derive(name, self.kept, self.as_of, self.config, self.reports.elsewhere)
        parts = [Supply(self.inventory, self.reports, self.config, *place).frame(name) for place in places]
        return pd.concat(parts, ignore_index=True)

    def _here(self, rows: pd.DataFrame) -> pd.DataFrame:
        if self.account_id is None:
            return rows
        mine = rows["account_id"] == self.account_id
        if self.region != GLOBAL:
            mine &= rows["region"].isin([self.region, GLOBAL])
        return rows[mine].reset_index(drop=True)
