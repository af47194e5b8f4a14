"""Asks one rule, checks what it answers, and contains it when it crashes."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa

from auditor.engine.words import arrow
from auditor.frames.columns import as_flags
from auditor.rule import SEVERITIES
from auditor.rulebook import LoadedRule

#: Columns of a verdict frame that are not evidence.
OWN = ("found", "severity", "discriminator", "unknown_because")


class Frames(Protocol):
    """What gives frames by name."""

    def frame(self, name: str) -> pd.DataFrame:
        """A frame by name, whose edits stay with who asked."""

    def kept(self, name: str) -> pd.DataFrame:
        """A frame by name, to be looked at only."""

    @property
    def as_of(self) -> datetime:
        """The moment that is judged."""


class Unsound(Exception):  # noqa: N818 - never leaves this file; becomes a rule's crash
    """A rule answered something that is no verdict."""


@dataclass
class Verdict:
    """What a rule said of its subject's rows, by position.

    Attributes:
        found: Its answers: True found, False passed, missing could not tell.
        extra: Evidence by column, and ``severity``, ``discriminator``, ``unknown_because`` where the rule gave them.
        crash: Error, file and line; then nothing could be told.
        at: The subject row that each answer is about, where the rule gave several of one row or none, told apart by
            ``discriminator``; missing where there is one answer for each row, in order.
    """

    found: pd.Series[Any]
    extra: Mapping[str, pd.Series[Any]] = field(default_factory=dict)
    crash: str = ""
    at: np.ndarray[Any, Any] | None = None

    @classmethod
    def untold(cls, rows: int, crash: str = "") -> Verdict:
        """Could not tell, for every row."""
        nothing = pd.arrays.BooleanArray(np.zeros(rows, dtype=bool), np.ones(rows, dtype=bool))
        return cls(pd.Series(nothing), crash=crash)

    def by_row(self, rows: int) -> np.ndarray[Any, Any]:
        """One answer for each of so many subject rows: 1 found, 0 passed, not a number could not tell.

        Of several answers about one row the worst counts; a row that nothing was said about has passed.
        """
        answers: np.ndarray[Any, Any] = self.found.to_numpy(dtype=float, na_value=np.nan)
        if self.at is None:
            return answers
        whole = np.zeros(rows)
        whole[self.at[np.isnan(answers)]] = np.nan
        whole[self.at[answers == 1.0]] = 1.0
        return whole

    def told(self, rows: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """For the subject rows that are marked as found, the rows and places of the answers that say so."""
        if self.at is None:
            places = rows.nonzero()[0]
            return places, places
        said = self.found.to_numpy(dtype=bool, na_value=False)
        places = (said & rows[self.at]).nonzero()[0]
        return self.at[places], places

    def reasons(self, rows: np.ndarray[Any, Any]) -> pa.Array:
        """Why some subject rows could not be told, in the rule's own words where it has any."""
        if "unknown_because" not in self.extra:
            return pa.nulls(len(rows), pa.string())
        places = rows
        if self.at is not None:
            missing = self.found.isna().to_numpy().nonzero()[0][::-1]
            first = dict(zip(self.at[missing].tolist(), missing.tolist(), strict=True))
            places = np.array([first.get(row, -1) for row in rows.tolist()], dtype=int)
        return arrow(self.extra["unknown_because"]).take(pa.array(places, mask=places < 0)).cast(pa.string())

    def telling(self, rows: int) -> Verdict:
        """The same without the answers that pass, which need no words: far fewer, as a rule."""
        places = (self.found.isna() | self.found).to_numpy(dtype=bool).nonzero()[0]
        at = np.arange(rows) if self.at is None else self.at
        return self._some(places, at[places])

    def parts(self, groups: Sequence[np.ndarray[Any, Any]]) -> list[Verdict]:
        """The verdict on each of some groups of rows, all of them together; only of one that tells what does not pass.

        Args:
            groups: The positions of each group's rows.
        """
        assert self.at is not None  # noqa: S101 - made by telling
        group, within = np.empty((2, sum(map(len, groups))), dtype=np.int64)
        for number, rows in enumerate(groups):
            group[rows], within[rows] = number, np.arange(len(rows))
        order = np.argsort(group[self.at], kind="stable")
        at = self.at[order]
        whole = self._some(order, within[at])
        ends = np.searchsorted(group[at], np.arange(len(groups)), "right").tolist()
        return [whole.between(start, end) for start, end in zip([0, *ends], ends, strict=False)]

    def between(self, start: int, end: int) -> Verdict:
        """The answers from one place until another; only of a verdict that tells what does not pass."""
        assert self.at is not None  # noqa: S101 - made by telling
        if start == end:
            return Verdict(_NONE, {}, self.crash, self.at[start:end])
        extra = {name: column.iloc[start:end] for name, column in self.extra.items()}
        return Verdict(self.found.iloc[start:end], extra, self.crash, self.at[start:end])

    def _some(self, places: np.ndarray[Any, Any], at: np.ndarray[Any, Any]) -> Verdict:
        if not len(places):
            return Verdict(_NONE, {}, self.crash, at)
        extra = {name: column.iloc[places] for name, column in self.extra.items()}
        return Verdict(self.found.iloc[places], extra, self.crash, at)


#: No answers.
_NONE = pd.Series([], dtype="boolean")


def ask(loaded: LoadedRule, parameters: Mapping[str, Any], supply: Frames, rows: int) -> Verdict:
    """Ask a rule about the rows of its subject.

    Our own rules edit no frame, which is tested; others get frames of their own.

    Args:
        loaded: The rule.
        parameters: Its parameters after the policy.
        supply: Gives the frames it asks for.
        rows: How many rows its subject has.
    """
    rule = loaded.rule
    try:
        give = supply.kept if loaded.built_in else supply.frame
        given: dict[str, Any] = {name: give(name) for name in rule.frames}
        if rule.wants_as_of:
            given["as_of"] = pd.Timestamp(supply.as_of)
        return _checked(rule.function(**given, **parameters), rows)
    except Unsound as error:
        crash = f"{error} ({loaded.path.name})"
    except Exception as error:  # a rule may raise anything; it is shown and its subject counts as unknown
        crash = f"{type(error).__name__}: {' '.join(str(error).split())[:500]} ({_line(error, loaded.path)})"
    return Verdict.untold(rows, crash)


def _checked(answer: object, rows: int) -> Verdict:
    if not isinstance(answer, pd.Series | pd.DataFrame):
        raise Unsound(f"The rule returned {type(answer).__name__}, not a column of verdicts or a frame.")
    names = list(answer.columns) if isinstance(answer, pd.DataFrame) else ["found"]
    if "found" not in names:
        raise Unsound("The rule returned a frame without the column found.")
    if len(set(names)) != len(names):
        raise Unsound("The rule returned a frame with two columns of one name.")
    expected = pd.RangeIndex(rows)
    at = None
    if not answer.index.equals(expected):
        if isinstance(answer, pd.DataFrame) and "discriminator" in names:
            at = _several(answer, expected)
        elif len(answer) != rows or not answer.index.is_unique or not answer.index.isin(expected).all():
            raise Unsound(f"The rule judged {len(answer)} rows of its subject's {rows}, or rows of another frame.")
        else:
            answer = answer.reindex(expected)
    given = answer.items() if isinstance(answer, pd.DataFrame) else [("found", answer)]
    extra = {str(name): column for name, column in given}
    found = extra.pop("found")
    if not pd.api.types.is_bool_dtype(found.dtype):
        raise Unsound(f"The rule's verdicts are {found.dtype}, not yes, no or missing (boolean).")
    if "severity" in extra:
        graded = set(extra["severity"].dropna().unique()) - set(SEVERITIES)
        if graded:
            raise Unsound(f"The rule graded a row {sorted(map(str, graded))[0]!r}, which is no severity.")
    return Verdict(as_flags(found), extra, at=at)


def _several(frame: pd.DataFrame, expected: pd.RangeIndex) -> np.ndarray[Any, Any]:
    """The subject rows of answers that are told apart by their discriminator."""
    if not frame.index.isin(expected).all():
        raise Unsound("The rule judged rows of another frame than its subject.")
    if pd.MultiIndex.from_arrays([frame.index, frame["discriminator"]]).has_duplicates:
        raise Unsound("The rule gave two answers of one discriminator about one row.")
    return frame.index.to_numpy(dtype=int)


def _line(error: Exception, path: Path) -> str:
    """File and line: the rule's own where it can be told, else where the error arose."""
    steps = traceback.extract_tb(error.__traceback__)
    step = next((step for step in reversed(steps) if step.filename == str(path)), steps[-1])
    return f"{Path(step.filename).name}:{step.lineno}"
