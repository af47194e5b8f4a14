"""Where nothing can be told: what was not read, and which rows of a rule's subject that leaves in the dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from auditor.analysis import sources
from auditor.frames import FRAMES, INVENTORY, frames_filled_by
from auditor.frames.columns import in_arrow
from auditor.inventory import GLOBAL, Inventory, Partition
from auditor.rule import Rule

WORDS = {
    "denied": "was denied",
    "disabled": "was not possible, for the service is disabled,",
    "throttled": "was throttled",
    "truncated": "broke off",
    "failed": "failed",
    "skipped": "did not happen",
}


@dataclass(frozen=True)
class Gap:
    """One collector that did not bring all: of a whole account and region, or of one resource."""

    account_id: str
    region: str
    collector: str
    status: str
    error_code: str
    resource_id: str = ""

    @property
    def where(self) -> Partition:
        """Account and region."""
        return self.account_id, self.region

    @property
    def counts_everywhere(self) -> bool:
        """Whether its collector fills a frame that is about the organisation as a whole."""
        return any(FRAMES[name].everywhere for name in frames_filled_by(self.collector))

    def __str__(self) -> str:
        """The gap as part of a sentence."""
        what = self.collector.replace("_", " ") + (f" of {self.resource_id}" if self.resource_id else "")
        place = f"account {self.account_id}" + ("" if self.region == GLOBAL else f" {self.region}")
        code = f" ({self.error_code})" if self.error_code else ""
        return f"reading {what} {WORDS.get(self.status, self.status)} in {place}{code}"


class Gaps:
    """Every gap of an inventory, by account and region."""

    def __init__(self, gaps: Iterable[Gap]) -> None:
        self._by_place: dict[Partition, list[Gap]] = {}
        for gap in gaps:
            self._by_place.setdefault(gap.where, []).append(gap)
        self._everywhere = [gap for gaps in self._by_place.values() for gap in gaps if gap.counts_everywhere]

    @classmethod
    def of(cls, inventory: Inventory) -> Gaps:
        """The gaps of collectors and of single resources."""
        coverage = inventory.coverage()
        names = ["account_id", "region", "collector", "status", "error_code"]
        broken = coverage.loc[coverage["status"].ne("complete"), names]
        items = inventory.item_gaps()[["account_id", "region", "collector", "error_code", "resource_id"]]
        whole = [Gap(*row) for row in _rows(broken)]
        single = [
            Gap(account_id, region, collector, "failed", error_code, resource_id)
            for account_id, region, collector, error_code, resource_id in _rows(items)
        ]
        return cls([*whole, *single])

    def at(self, account_id: str, region: str) -> tuple[Gap, ...]:
        """What is missing in one account and region, account-wide gaps included; all of it for a whole account.

        A gap in a frame that is about the organisation as a whole is missing in every account and region.
        """
        if region == GLOBAL:
            places = [place for place in self._by_place if place[0] == account_id]
        else:
            places = [(account_id, region), (account_id, GLOBAL)]
        here = [gap for place in places for gap in self._by_place.get(place, ()) if not gap.counts_everywhere]
        return (*here, *self._everywhere)

    def all(self) -> tuple[Gap, ...]:
        """Every gap."""
        return tuple(gap for _, gaps in sorted(self._by_place.items()) for gap in gaps)


def needed(names: Iterable[str]) -> frozenset[str]:
    """The collected frames whose gaps are gaps of the frames of these names.

    Those that a frame rests on; not those of a frame that tells of gaps itself.
    """
    collected: set[str] = set()
    for name in names:
        frame = FRAMES[name]
        if name in INVENTORY:
            collected.add(name)
        elif not frame.tells_gaps:
            collected |= needed(frame.derived_from)
    return frozenset(collected)


def feeds(gap: Gap, frames: Iterable[str]) -> list[str]:
    """Those of the frames that the gap's collector fills."""
    return [name for name in frames if gap.collector in FRAMES[name].filled_by]


def dark(rule: Rule, subject: pd.DataFrame, here: Sequence[Gap]) -> tuple[str, dict[int, str]]:
    """What the gaps of one account and region keep a rule from telling.

    Args:
        rule: The rule.
        subject: Rows of its subject there.
        here: The gaps there.

    Returns:
        Why nothing there can be told, or ``""``; and, else, why not of single rows, by position.
    """
    frames = needed(rule.frames)
    whole: list[Gap] = []
    single: dict[int, str] = {}
    for gap in here:
        fed = feeds(gap, frames)
        if not fed:
            continue
        columns = naming_columns(rule.subject, fed) if gap.resource_id else []
        if not columns:
            whole.append(gap)
            continue
        for column in columns:
            rows = (subject[column] == gap.resource_id).fillna(False).to_numpy(dtype=bool).nonzero()[0]
            single.update(dict.fromkeys(rows.tolist(), sentence([gap])))
    return (sentence(whole), {}) if whole else ("", single)


def elsewhere(rule: Rule, gaps: Gaps) -> str:
    """Why a rule that looks across accounts can tell nothing anywhere, or ``""``.

    A gap counts when it is in a frame other than the subject's. Rules that ask for the frame ``gaps``, or for
    a frame derived from it, judge what is missing in other places themselves.
    """
    if rule.reach != "organisation" or any("gaps" in sources(name) for name in rule.frames):
        return ""
    frames = needed(name for name in rule.frames if name != rule.subject)
    counted = []
    for gap in gaps.all():
        fed = feeds(gap, frames)
        if fed and not (gap.resource_id and naming_columns(rule.subject, fed)):
            counted.append(gap)
    return sentence(counted)


def naming_columns(subject: str, fed: Iterable[str]) -> list[str]:
    """Columns of the subject in which a resource that could not be read may stand, for the frames it feeds.

    Where a frame is about things that the subject does not name (a vault, a policy), a single one that could not
    be read may hold anything, and the frame as a whole is in the dark: then there are no such columns.
    """
    columns: set[str] = set()
    mine = [name for name in FRAMES[subject].names if name not in ("account_id", "region")]
    for name in fed:
        frame = FRAMES[name]
        about = next((key for key in frame.key or frame.names if key not in ("account_id", "region")), None)
        naming = [column for column in mine if column == about] or [
            column for column in mine if column.endswith(f"_{about}")
        ]
        if not naming:
            return []
        columns.update(naming)
    return sorted(columns)


def sentence(gaps: Sequence[Gap]) -> str:
    """Why something could not be told: the first gap, and how many more there are."""
    if not gaps:
        return ""
    more = f", and {len(gaps) - 1} more like it" if len(gaps) > 1 else ""
    return f"Could not tell: {gaps[0]}{more}."


def _rows(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    return list(zip(*(in_arrow(frame[name]).fill_null("").to_pylist() for name in frame.columns), strict=True))
