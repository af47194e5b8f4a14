"""What a column and a frame are, and how rows are made to keep the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import pandas as pd
import pyarrow as pa

from auditor.errors import InventoryError

Kind = Literal["text", "integer", "number", "flag", "moment", "money"]

#: How each kind lies in Arrow and Parquet. Money is exact: decimals of a millionth of a dollar.
ARROW: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "moment": pa.timestamp("us", tz="UTC"),
    "money": pa.decimal128(20, 6),
}

#: How pandas holds each kind in Arrow, and Parquet files of frames as well: text with long offsets.
HELD: dict[Kind, pa.DataType] = {**ARROW, "text": pa.large_string()}

#: How each kind lies in pandas. All are nullable; missing is ``pd.NA`` (``pd.NaT`` for moments).
PANDAS: dict[Kind, Any] = {
    "text": pd.StringDtype("pyarrow", na_value=pd.NA),
    "integer": pd.Int64Dtype(),
    "number": pd.Float64Dtype(),
    "flag": pd.BooleanDtype(),
    "moment": pd.DatetimeTZDtype("us", "UTC"),
    "money": pd.ArrowDtype(ARROW["money"]),
}


@dataclass(frozen=True)
class Column:
    """One column: its name, kind, meaning, unit and where the value comes from."""

    name: str
    kind: Kind
    meaning: str
    source: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Frame:
    """One table of the inventory, of an analysis or of the results.

    Attributes:
        name: Name of the table; rules ask for it by this name.
        meaning: What one row is.
        columns: Every column, in order.
        key: The columns that identify a row; empty where rows have no identity of their own.
        filled_by: The collectors that fill it. A gap in any of them is a gap in this frame.
            Empty for frames that are derived from others or are results.
        derived_from: The frames a derived frame is computed from; their gaps are its gaps.
        heeds: Frames that a derived frame is computed from as well, where they are there. A gap in them leaves cells of
            its rows missing, and is no gap of the rows themselves.
        noun: What one row is called in a sentence, in the singular.
        everywhere: It is about the organisation as a whole: every account and region is judged by all of it, and a
            gap in it is a gap in each of them.
        tells_gaps: What makes it takes the frame ``gaps`` and says itself, row by row, what cannot be told; the gaps
            of the frames it is derived from then leave the rest of it standing.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    filled_by: tuple[str, ...] = ()
    derived_from: tuple[str, ...] = ()
    heeds: tuple[str, ...] = ()
    noun: str = ""
    everywhere: bool = False
    tells_gaps: bool = False

    @property
    def names(self) -> list[str]:
        """The column names, in order."""
        return [column.name for column in self.columns]

    @property
    def arrow_schema(self) -> pa.Schema:
        """The schema of the frame's Parquet files."""
        return pa.schema([(column.name, ARROW[column.kind]) for column in self.columns])

    def empty(self) -> pd.DataFrame:
        """The frame with no rows and every column typed."""
        return self._nothing.copy(deep=False)

    @cached_property
    def _nothing(self) -> pd.DataFrame:
        return self.of({})

    def of(self, values: Mapping[str, Sequence[Any] | pd.Series[Any]]) -> pd.DataFrame:
        """A frame from one list or column of values each; a column that is left out is missing throughout.

        Args:
            values: Column name to its values, all of one length, ``None`` where missing.

        Raises:
            InventoryError: A column is not declared, or a value does not fit its kind.
        """
        stray = sorted(set(values) - set(self.names))
        if stray:
            raise InventoryError(
                f"Frame {self.name} has no column {stray[0]!r}.", f"Its columns are: {', '.join(self.names)}."
            )
        rows = len(next(iter(values.values()), ()))
        arrays = {
            column.name: _array(column, values[column.name]) if column.name in values else _missing(column, rows)
            for column in self.columns
        }
        return pd.DataFrame(arrays)

    def rows(self, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
        """A frame from a mapping per row; convenient in tests, slow for many rows."""
        rows = list(rows)
        if not rows:
            return self.empty()
        named = dict.fromkeys(name for row in rows for name in row)
        if not named:
            return self.of({name: [None] * len(rows) for name in self.names})
        return self.of({name: [row.get(name) for row in rows] for name in named})

    def conform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with exactly the declared columns in order, cast to their kinds.

        Raises:
            InventoryError: A column is missing or holds values that do not fit its kind.
        """
        there = set(frame.columns)
        missing = [name for name in self.names if name not in there]
        if missing:
            raise InventoryError(f"Frame {self.name} lacks the column {missing[0]!r}.")
        if self._fits(frame):
            return frame.copy(deep=False)
        held = {str(name): series for name, series in frame.items()}
        return pd.DataFrame({column.name: _array(column, held[column.name]) for column in self.columns})

    def _fits(self, frame: pd.DataFrame) -> bool:
        kinds = [PANDAS[column.kind] for column in self.columns]
        return (
            list(frame.columns) == self.names
            and list(frame.dtypes) == kinds
            and frame.index.equals(pd.RangeIndex(len(frame)))
        )

    def from_arrow(self, table: pa.Table) -> pd.DataFrame:
        """A frame from an Arrow table read back from Parquet.

        Columns that an older version did not write come back missing throughout.

        Raises:
            InventoryError: A stored column cannot be read as its declared kind.
        """
        arrays: dict[str, Any] = {}
        held = dict(zip(table.column_names, table.columns, strict=True))
        for column in self.columns:
            stored = held.get(column.name)
            if stored is None:
                arrays[column.name] = _missing(column, table.num_rows)
                continue
            try:
                arrays[column.name] = _from_arrow(column, stored)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError, ValueError) as error:
                raise InventoryError(
                    f"Column {column.name!r} of frame {self.name} holds {stored.type}, not {column.kind}."
                ) from error
        return pd.DataFrame(arrays, copy=False)

    def to_arrow(self, frame: pd.DataFrame) -> pa.Table:
        """The frame as an Arrow table of the declared columns, ready for Parquet; text as pandas has it, not copied."""
        return pa.table({column.name: _to_arrow(column, frame[column.name]) for column in self.columns})


def in_arrow(series: pd.Series[Any]) -> pa.Array:
    """A column as one Arrow array of the type that it has, without a copy where it lies in one already."""
    held = series.array if isinstance(series.dtype, pd.api.extensions.ExtensionDtype) else series
    array = pa.array(held, from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        return array.chunk(0) if array.num_chunks == 1 else array.combine_chunks()
    return array


def as_arrow(series: pd.Series[Any]) -> pa.Array:
    """A column as one Arrow array, text as the type that the frames declare."""
    array = in_arrow(series)
    return array.cast(pa.string()) if pa.types.is_large_string(array.type) else array


def distinct(frame: pd.DataFrame, *names: str) -> set[tuple[Any, ...]]:
    """Every combination of values that there is in some columns."""
    rows = pa.table({name: in_arrow(frame[name]) for name in names}).group_by(list(names)).aggregate([])
    return set(zip(*(column.to_pylist() for column in rows.select(list(names)).columns), strict=True))


def as_flags(series: pd.Series[Any]) -> pd.Series[Any]:
    """Yes, no and missing as a nullable boolean; at once for Arrow's, of which pandas makes an object each."""
    if series.dtype == PANDAS["flag"]:
        return series
    if not isinstance(series.array, pd.arrays.ArrowExtensionArray):
        return series.astype(PANDAS["flag"])
    held = as_arrow(series).cast(pa.bool_())
    missing = held.is_null().to_numpy(zero_copy_only=False)
    values = held.fill_null(False).to_numpy(zero_copy_only=False)
    return pd.Series(pd.arrays.BooleanArray(values, missing), index=series.index)


def as_text(array: pa.Array) -> pd.Series[Any]:
    """An Arrow array of text as a text column."""
    return pd.Series(PANDAS["text"].__from_arrow__(array))


def _to_arrow(column: Column, series: pd.Series[Any]) -> pa.Array:
    array, held = in_arrow(series), HELD[column.kind]
    return array if array.type == held else array.cast(held)


def _from_arrow(column: Column, stored: pa.ChunkedArray) -> Any:
    held = HELD[column.kind]
    cast = stored if stored.type == held else stored.cast(held)
    if column.kind == "money":
        return pd.arrays.ArrowExtensionArray(cast)
    if column.kind == "moment":
        return PANDAS["moment"].__from_arrow__(cast).copy()  # as it comes it may lie in memory that is read only
    return PANDAS[column.kind].__from_arrow__(cast)


def _array(column: Column, values: Any) -> Any:
    kind = PANDAS[column.kind]
    if isinstance(values, pd.Series | pd.api.extensions.ExtensionArray) and values.dtype == kind:
        return values.array if isinstance(values, pd.Series) else values
    if isinstance(values, list) and column.kind in ("text", "flag"):
        with suppress(pa.ArrowException, TypeError, ValueError):  # what does not fit at once is looked at below
            return kind.__from_arrow__(pa.array(values, ARROW[column.kind], from_pandas=True))
    try:
        if column.kind == "moment":
            parsed: pd.Series[Any] = pd.Series(pd.to_datetime(values, utc=True))
            return parsed.astype(kind).array
        if column.kind == "money" and not isinstance(values, pd.Series):
            return pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(values, ARROW["money"])]))
        return pd.Series(values).astype(kind).array
    except (TypeError, ValueError, pa.ArrowException) as error:
        raise InventoryError(f"Column {column.name!r} does not hold {column.kind} values: {error}") from error


def _missing(column: Column, rows: int) -> Any:
    return _from_arrow(column, pa.chunked_array([pa.nulls(rows, ARROW[column.kind])]))


def text(name: str, meaning: str, source: str = "") -> Column:
    """A text column."""
    return Column(name, "text", meaning, source)


def integer(name: str, meaning: str, source: str = "", unit: str = "") -> Column:
    """A whole-number column; the unit stands in the name as well."""
    return Column(name, "integer", meaning, source, unit)


def number(name: str, meaning: str, source: str = "", unit: str = "") -> Column:
    """A floating-point column: ratios and percentages, never money."""
    return Column(name, "number", meaning, source, unit)


def flag(name: str, meaning: str, source: str = "") -> Column:
    """A yes/no column that may be missing."""
    return Column(name, "flag", meaning, source)


def moment(name: str, meaning: str, source: str = "") -> Column:
    """A point in time, UTC."""
    return Column(name, "moment", meaning, source, "UTC")


def money(name: str, meaning: str, source: str = "") -> Column:
    """US dollars, exact to a millionth."""
    return Column(name, "money", meaning, source, "USD")


ACCOUNT = text("account_id", "Account the row was read from: 12 digits, leading zeros kept")
REGION = text("region", "Region the row was read from, e.g. eu-west-1")
WHERE = (ACCOUNT, REGION)
