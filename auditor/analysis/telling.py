"""What tells where something comes from: tags, and words that AWS or a tool writes.

Tags that begin with ``aws:`` are set by AWS and cannot be forged: they prove. Descriptions, names and other tags can
be written by anyone, so they only make an origin likely.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.keys import Flags, Integers, is_one_of, keys, places
from auditor.frames.columns import as_arrow

__all__ = ["NOTHING", "Mark", "Told", "Wording", "better", "described", "marked", "tagged"]

NOTHING: Final = pa.scalar(None, pa.string())

#: Columns of what is told, an array each: origin, confidence, evidence, and what it names.
Told = dict[str, pa.Array]


class Wording(NamedTuple):
    """A text that AWS or a tool writes; the group ``made_for`` is what it names, and may be empty."""

    origin: str
    starts: str
    pattern: str


class Mark(NamedTuple):
    """A tag that AWS or a tool sets.

    Attributes:
        origin: What it tells.
        key: Pattern of its key.
        values: Its values that tell; any where there are none.
        names: Whether its value says what made it.
    """

    origin: str
    key: str
    values: tuple[str, ...] = ()
    names: bool = False


def better(told: Told, other: Told | None) -> Told:
    """What the other tells, where it tells anything, and what was told so far where it does not."""
    if other is None:
        return told
    known = pc.is_valid(other["origin"])
    return {name: pc.if_else(known, other[name], column) for name, column in told.items()}


def described(words: pa.Array, wordings: Sequence[Wording]) -> Told | None:
    """What texts say, one row each; missing where the wording is nobody's."""
    origin, made_for = (pa.nulls(len(words), pa.string()) for _ in range(2))
    for wording in wordings:
        begins = pc.fill_null(pc.starts_with(words, wording.starts), False)
        if not pc.any(begins).as_py():
            continue
        fields = pc.extract_regex(pc.filter(words, begins), wording.pattern)
        fits = pc.replace_with_mask(begins, begins, pc.is_valid(fields))
        named = pc.struct_field(pc.filter(fields, pc.is_valid(fields)), "made_for")
        named = pc.if_else(pc.equal(named, ""), NOTHING, named)
        origin = pc.if_else(fits, wording.origin, origin)
        made_for = pc.replace_with_mask(made_for, fits, named)
    if origin.null_count == len(origin):
        return None
    known = pc.is_valid(origin)
    return {
        "origin": origin,
        "confidence": pc.if_else(known, "likely", NOTHING),
        "evidence": pc.if_else(known, words, NOTHING),
        "made_for": made_for,
    }


def marked(tags: pd.DataFrame, marks: Sequence[Mark]) -> pd.DataFrame:
    """The tags that any mark may fit; patterns are held against every distinct key once."""
    keys = as_arrow(tags["key"])
    distinct = keys.unique()

    def telling(some: Sequence[Mark]) -> Flags:
        if not some:
            return np.zeros(len(tags), dtype=bool)
        fits = pc.match_substring_regex(distinct, "|".join(mark.key for mark in some))
        return is_one_of(keys, distinct.filter(pc.fill_null(fits, False)))

    by_value = [mark for mark in marks if mark.values]
    mine = telling(by_value)
    if mine.any():  # such keys are common, and few of their values tell
        wanted = pa.array([value for mark in by_value for value in mark.values])
        mine &= is_one_of(as_arrow(tags["value"]), wanted)
    mine |= telling([mark for mark in marks if not mark.values])
    return tags[mine] if mine.any() else tags.iloc[:0]


def tagged(things: pa.Array, tags: pd.DataFrame, id_column: str, marks: Sequence[Mark], confidence: str) -> Told | None:
    """What tags say, one row per thing; of several tags the one whose mark stands first counts.

    Args:
        things: The key of each thing: account, region and id.
        tags: Tags of such things, as ``marked`` gives them.
        id_column: Column of the tags that names the thing.
        marks: What to look for.
        confidence: How sure that is.
    """
    if not len(tags):
        return None
    place = _first_fitting(tags, marks)
    order = np.lexsort((_alphabetical(tags["key"]), place))
    order = order[place[order] < len(marks)]
    if not len(order):
        return None
    tags, place = tags.iloc[order], place[order]
    best = places(things, keys(tags, id_column))
    there = pa.array(best, mask=best < 0)
    mark, key = pa.array(place).take(there), as_arrow(tags["key"]).take(there)
    named = pc.fill_null(pa.array([mark.names for mark in marks]).take(mark), False)
    return {
        "origin": pa.array([mark.origin for mark in marks]).take(mark),
        "confidence": pc.if_else(pc.is_valid(key), confidence, NOTHING),
        "evidence": pc.binary_join_element_wise("tag ", key, ""),
        "made_for": pc.if_else(named, as_arrow(tags["value"]).take(there), NOTHING),
    }


def _first_fitting(tags: pd.DataFrame, marks: Sequence[Mark]) -> Integers:
    """The place of the first mark that fits each tag; as many as there are marks where none does."""
    keys, values = as_arrow(tags["key"]), as_arrow(tags["value"])
    distinct = keys.unique()
    fitting = np.full(len(tags), len(marks))
    for place, mark in reversed(list(enumerate(marks))):
        telling = distinct.filter(pc.fill_null(pc.match_substring_regex(distinct, mark.key), False))
        if not len(telling):
            continue
        fits = is_one_of(keys, telling)
        if mark.values:
            fits &= is_one_of(values, pa.array(mark.values))
        fitting[fits] = place
    return fitting


def _alphabetical(texts: pd.Series[Any]) -> Integers:
    return np.asarray(pc.rank(as_arrow(texts), tiebreaker="dense").to_numpy(), dtype=np.int64)
