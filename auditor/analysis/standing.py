"""How what is expected of sharing stands, place by place: counts for the report, rows for the workbook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from auditor.config import Expectation, Selector
from auditor.frames import FRAMES, PANDAS
from auditor.report.expected import Expected

#: What a row of ``sharing.access`` is that no grant stands behind.
MISSING, UNTOLD = "must be there, and is not", "must be there; could not tell"


class Standing:
    """Sums up one account and region after another.

    Args:
        expect: What the configuration expects.
    """

    def __init__(self, expect: Sequence[Expectation]) -> None:
        self._expect = expect
        self._selected: Counter[int] = Counter()
        self._pairs: Counter[tuple[int, str]] = Counter()

    def add(self, kind: str, selections: pd.DataFrame, expectations: pd.DataFrame) -> pd.DataFrame:
        """Count a place's images or snapshots, and give what is not as it must be, in the shape of their access.

        Args:
            kind: ``image`` or ``snapshot``.
            selections: ``image_selections`` or ``snapshot_selections``.
            expectations: ``image_expectations`` or ``snapshot_expectations``.
        """
        self._selected.update(selections["entry"].to_list())
        missing = expectations["missing"]
        states = {"kept": missing.eq(False), "missing": missing.eq(True), "unclear": missing.isna()}
        for name, which in states.items():
            for number in expectations.loc[which.fillna(value=False), "entry"]:
                self._pairs[number, name] += 1
        empty = FRAMES[f"{kind}_access"].empty().rename(columns={f"{kind}_id": "resource_id"})
        open_ = expectations[missing.fillna(value=True).to_numpy(dtype=bool)]
        if not len(open_):
            return empty
        told = open_["missing"].notna()
        types = open_["expected_type"] if "expected_type" in open_.columns else "account"
        return empty.reindex(range(len(open_))).assign(
            account_id=open_["account_id"].array,
            region=open_["region"].array,
            resource_id=open_[f"{kind}_id"].array,
            resource_type=kind,
            grantee_type=types if isinstance(types, str) else types.array,
            grantee=open_["expected"].array,
            expectation=pd.array(told.map({True: MISSING, False: UNTOLD}), dtype=PANDAS["text"]),
        )

    def lines(self) -> tuple[Expected, ...]:
        """A line for each entry of the configuration."""
        return tuple(
            Expected(
                number,
                _what(entry),
                entry.shared_with,
                entry.may_share_with,
                entry.copyable,
                self._selected[number],
                *(self._pairs[number, name] for name in ("kept", "missing", "unclear")),
            )
            for number, entry in enumerate(self._expect, 1)
        )


def _what(entry: Expectation) -> str:
    if entry.images is not None:
        return f"images {_which(entry.images)}"
    assert entry.snapshots is not None  # noqa: S101 - the configuration says either
    return f"snapshots {_which(entry.snapshots)}"


def _which(selector: Selector) -> str:
    parts = []
    if selector.tag:
        parts.append(f"tagged {selector.tag}" + (f" = {selector.value}" if selector.value else ""))
    if selector.name:
        parts.append(f"named {selector.name}")
    if selector.accounts:
        parts.append(f"of {', '.join(selector.accounts)}")
    return ", ".join(parts)
