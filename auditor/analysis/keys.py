"""Rows looked up by what identifies them, in whole columns: text to places, without pandas' joins."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.frames.columns import as_arrow

__all__ = ["Flags", "Integers", "is_one_of", "keys", "numbered", "pairs", "places", "whole"]

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_HERE: Final = ("account_id", "region")


def keys(frame: pd.DataFrame, *rest: str | pa.Array) -> pa.Array:
    """Account, region and more, columns or arrays, as one text a row; missing where one of them is."""
    parts = [as_arrow(frame[part]) if isinstance(part, str) else part for part in (*_HERE, *rest)]
    if len(frame) and all(_alike(part) for part in parts[:2]):  # one account and region, as a rule
        here = [part[0].as_py() for part in parts[:2]]
        if None in here:
            return pa.nulls(len(frame), pa.string())
        if not rest:
            return pa.repeat("\x1f".join(here), len(frame))
        parts[:2] = ["\x1f".join(here)]
    return pc.binary_join_element_wise(*parts, "\x1f")


def places(wanted: pa.Array, held: pa.Array) -> Integers:
    """Where each key first stands among those held; -1 where it does not, or is missing."""
    if _none(wanted) or _none(held):
        return np.full(len(wanted), -1)
    found = pc.index_in(wanted, value_set=held, skip_nulls=True)
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), dtype=np.int64)


def pairs(left: pa.Array, right: pa.Array) -> tuple[Integers, Integers]:
    """The places of every two that have the same key, in the order of the left; a missing key is like no other."""
    first, group = places(left, right), places(right, right)
    order = np.argsort(group, kind="stable")
    start, end = (np.searchsorted(group[order], first, side) for side in ("left", "right"))
    count = np.where(first < 0, 0, end - start)
    row = np.repeat(np.arange(len(left)), count)
    step = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    return row, order[start[row] + step]


def is_one_of(wanted: pa.Array, held: pa.Array) -> Flags:
    """Whether each key is among those held; a missing one never is."""
    if _none(wanted) or _none(held):
        return np.zeros(len(wanted), dtype=bool)
    return np.asarray(pc.is_in(wanted, value_set=held, skip_nulls=True).to_numpy(zero_copy_only=False), dtype=bool)


def numbered(texts: pa.Array) -> Integers:
    """A number for every distinct text, from 0 as they come; missing is one of them."""
    if _alike(texts):
        return np.zeros(len(texts), dtype=np.int64)
    codes = texts.dictionary_encode(null_encoding="encode").indices
    return np.asarray(codes.to_numpy(zero_copy_only=False), dtype=np.int64)


def _none(texts: pa.Array) -> bool:
    """Whether there is no text but missing ones."""
    return bool(texts.null_count == len(texts))


def _alike(texts: pa.Array) -> bool:
    """Whether all are the same text, or all missing; as quick as a look at the bytes."""
    return bool(texts.slice(1).equals(texts.slice(0, max(len(texts) - 1, 0))))


def whole(numbers: pd.Series[Any]) -> tuple[Integers, Flags]:
    """Whole numbers, 0 where missing, and where they are there."""
    return numbers.to_numpy(np.int64, na_value=0), numbers.notna().to_numpy(bool)
