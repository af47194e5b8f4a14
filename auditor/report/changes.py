"""What changed since an earlier run: what every output tells of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import pandas as pd

from auditor.report import text

#: Why a finding that stands now did not stand then.
CAME: Mapping[str, str] = {
    "absent": "not there",
    "waived": "waived then",
    "unjudged": "not judged then",
    "untold": "could not be told then",
    "changed": "judged otherwise",
}

#: Why a finding that stood then does not stand now.
WENT: Mapping[str, str] = {
    "absent": "resolved",
    "waived": "waived since",
    "unjudged": "not judged now",
    "untold": "cannot be told now",
    "changed": "judged otherwise",
}


@dataclass(frozen=True)
class Changes:
    """What is new and what is gone since an earlier run.

    A finding is the same in both where its id is. What was or is open: found, and not waived.

    Attributes:
        run_id: The earlier run.
        as_of: The moment that it judged.
        before: Open findings then, by severity.
        new: Findings that are open now and were not then, by why; the keys of ``CAME``.
        gone: Findings that were open then and are not now, by why; the keys of ``WENT``.
        by_rule: How many are new and how many are gone, by rule.
        cost: Least and most that all snapshots cost a month then; nothing where that was not kept.
        table: A row for each that is gone: the columns of ``findings``, and ``became``, a key of ``WENT``.
    """

    run_id: str
    as_of: datetime
    before: Mapping[str, int]
    new: Mapping[str, int]
    gone: Mapping[str, int]
    by_rule: Mapping[str, tuple[int, int]]
    cost: tuple[Decimal, Decimal] | None = None
    table: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False, repr=False)

    def of(self, rules: Iterable[str]) -> tuple[int, int]:
        """How many findings of some rules are new, and how many are gone."""
        moved = [self.by_rule[name] for name in rules if name in self.by_rule]
        return sum(new for new, _ in moved), sum(gone for _, gone in moved)

    def elsewhere(self, rules: Iterable[str]) -> int:
        """How many findings are gone that are of none of these rules."""
        return sum(self.gone.values()) - self.of(rules)[1]

    @property
    def sentence(self) -> str:
        """All of it in one sentence."""
        since = f"Since the run of {text.day(self.as_of)}"
        new, gone = sum(self.new.values()), sum(self.gone.values())
        if not new and not gone:
            return f"{since} nothing changed."
        parts = []
        if new:
            parts.append(f"{_are(new)} new{_why(self.new, CAME, unsaid='absent')}")
        if gone:
            parts.append(f"{_are(gone)} gone{_why(self.gone, WENT)}")
        return f"{since}, {' and '.join(parts)}."


def _are(number: int) -> str:
    return f"{text.counted(number, 'finding')} {'is' if number == 1 else 'are'}"


def _why(numbers: Mapping[str, int], words: Mapping[str, str], unsaid: str = "") -> str:
    said = [f"{text.count(numbers[key])} {words[key]}" for key in words if numbers.get(key) and key != unsaid]
    return f" ({', '.join(said)})" if said else ""
