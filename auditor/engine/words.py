"""Columns as text, a whole column at a time: messages for people, evidence as JSON."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.frames.columns import in_arrow

MISSING = "unknown"

#: What JSON cannot hold as it is.
_SPECIAL = r'[\x00-\x1f"\\\x7f]'


def arrow(series: pd.Series[Any] | pa.Array) -> pa.Array:
    """A column as one Arrow array; what Arrow has no type for becomes text."""
    try:
        array = series if isinstance(series, pa.Array) else in_arrow(series)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        array = pa.array([None if _absent(value) else str(value) for value in series], pa.string())
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_large_string(array.type) or pa.types.is_null(array.type):
        array = array.cast(pa.string())
    if pa.types.is_nested(array.type) or pa.types.is_duration(array.type) or pa.types.is_binary(array.type):
        array = pa.array([None if value is None else str(value) for value in array.to_pylist()], pa.string())
    return array


def fields(template: str) -> set[str]:
    """The names in a template's braces."""
    return {field for _, field, _, _ in string.Formatter().parse(template) if field}


def sentences(template: str, columns: Mapping[str, pd.Series[Any] | pa.Array], rows: int) -> pa.Array:
    """A template filled in for every row; what is missing, or no column at all, is called unknown."""
    parts: list[Any] = []
    for literal, field, spec, _ in string.Formatter().parse(template):
        parts.append(pa.scalar(literal))
        if field is not None:
            known = columns.get(field)
            parts.append(pa.scalar(MISSING) if known is None else _for_people(arrow(known), spec or ""))
    return _joined(parts, rows, MISSING)


def evidence(columns: Mapping[str, pd.Series[Any]], rows: int) -> pa.Array:
    """The columns as a JSON object for every row, keys sorted."""
    parts: list[Any] = []
    for place, name in enumerate(sorted(columns)):
        parts.append(pa.scalar(f"{', ' if place else '{'}{json.dumps(name)}: "))
        parts.append(_json(arrow(columns[name])))
    parts.append(pa.scalar("}" if columns else "{}"))
    return _joined(parts, rows, "null")


def _joined(parts: list[Any], rows: int, missing: str) -> pa.Array:
    if all(isinstance(part, pa.Scalar) for part in parts):
        return pa.repeat("".join(part.as_py() for part in parts), rows)
    return pc.binary_join_element_wise(*parts, "", null_handling="replace", null_replacement=missing)


def _for_people(array: pa.Array, spec: str) -> pa.Array:
    kind = array.type
    if spec:
        return pa.array(_specified(array, spec), pa.string())
    if pa.types.is_string(kind):
        return array
    if pa.types.is_boolean(kind):
        return pc.if_else(array, "yes", "no")
    if pa.types.is_timestamp(kind):
        return _seconds(array).cast(pa.date32(), safe=False).cast(pa.string())
    if pa.types.is_integer(kind):
        top = pc.max(pc.abs(array)).as_py()
        if top is None or top < 10_000:
            return array.cast(pa.string())
        return pa.array([None if value is None else f"{value:,}" for value in array.to_pylist()], pa.string())
    return pa.array([None if value is None else _number(value) for value in array.to_pylist()], pa.string())


def _number(value: object) -> str:
    if isinstance(value, Decimal):
        step = Decimal("0.01") if abs(value) < 1000 else Decimal(1)
        return f"{value.quantize(step, ROUND_HALF_UP):,}"
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return str(value)


def _specified(array: pa.Array, spec: str) -> Iterator[str | None]:
    for value in array.to_pylist():
        try:
            yield None if value is None else format(value, spec)
        except (TypeError, ValueError):
            yield str(value)


def _json(array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_string(kind):
        return _quoted(array)
    if pa.types.is_boolean(kind):
        return pc.if_else(array, "true", "false")
    if pa.types.is_timestamp(kind):
        return pc.binary_join_element_wise(
            '"', pc.replace_substring(_seconds(array).cast(pa.string()), " ", "T"), 'Z"', ""
        )
    if pa.types.is_integer(kind):
        return array.cast(pa.string())
    if pa.types.is_floating(kind):
        finite = pc.is_finite(array)
        return pa.array(
            [repr(value) if good else None for value, good in zip(array.to_pylist(), finite.to_pylist(), strict=True)],
            pa.string(),
        )
    if pa.types.is_decimal(kind):
        return pa.array(
            [None if value is None else f"{value.normalize():f}" for value in array.to_pylist()], pa.string()
        )
    return _quoted(pa.array([None if value is None else str(value) for value in array.to_pylist()], pa.string()))


def _quoted(array: pa.Array) -> pa.Array:
    if not pc.any(pc.match_substring_regex(array, _SPECIAL)).as_py():
        return pc.binary_join_element_wise('"', array, '"', "")
    return pa.array(
        [None if value is None else json.dumps(value, ensure_ascii=False) for value in array.to_pylist()], pa.string()
    )


def _seconds(array: pa.Array) -> pa.Array:
    """Moments in whole seconds of UTC, without a zone, which are text by a cast: many times as fast as ``strftime``."""
    return pc.floor_temporal(array.cast(pa.timestamp("us")), unit="second").cast(pa.timestamp("s"))


def _absent(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))
