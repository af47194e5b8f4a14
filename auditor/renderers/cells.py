"""Rows of a worksheet as XML, whole columns at a time.

openpyxl makes an object for every cell; at 200,000 cells that is most of a workbook's time. Here Arrow writes the
cells of a column at once, and rows leave as bytes, so that no sheet is ever held whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.report.text import UNSEEN_RE2, plain

Kind = Literal["text", "id", "integer", "number", "money", "moment", "day", "flag"]

#: Excel's limits: characters of a cell, counted in UTF-16 units, and rows of a sheet with its header.
MOST_CHARACTERS = 32_767
MOST_ROWS = 1_048_576

#: Ends a text that was cut.
CUT = "… (cut)"

#: Days from Excel's day 0 to 1970-01-01.
_EPOCH = 25_569
_DAY_US = 86_400_000_000

_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))


@dataclass(frozen=True)
class Column:
    """One column of a sheet.

    Attributes:
        header: What stands in the first row; unique in its sheet, with the unit where there is one.
        source: Column of the frame.
        kind: How its cells are typed and shown.
        width: In characters.
    """

    header: str
    source: str
    kind: Kind = "text"
    width: int = 14


def letters(number: int) -> str:
    """The name of a column, e.g. 28 → AB."""
    name = ""
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


def rows_xml(frame: pd.DataFrame, columns: Sequence[Column], styles: Mapping[str, int], first_row: int) -> bytes:
    """The rows of a frame as ``<row>`` elements.

    Args:
        frame: The rows; a column that it lacks stays empty.
        columns: What to write, in order.
        styles: Cell style of each kind.
        first_row: Number of the first row in the sheet.
    """
    if frame.empty:
        return b""
    numbers = pa.array(range(first_row, first_row + len(frame)), pa.int32()).cast(pa.string())
    parts: list[Any] = [pa.scalar('<row r="'), numbers, pa.scalar('">')]
    for place, column in enumerate(columns, 1):
        if column.source in frame.columns:
            parts.append(_cells(frame[column.source], column.kind, styles[column.kind], letters(place), numbers))
    parts.append(pa.scalar("</row>"))
    rows = pc.binary_join_element_wise(*parts, "")
    return "".join(rows.to_pylist()).encode()


def _cells(values: pd.Series[Any], kind: Kind, style: int, letter: str, numbers: pa.Array) -> pa.Array:
    data = pa.array(values, from_pandas=True)
    data = data.combine_chunks() if isinstance(data, pa.ChunkedArray) else data
    head, tail = f'" s="{style}">', "</c>"
    if kind in ("text", "id"):
        data = _harmless(data.cast(pa.string()))
        head, tail = f'" s="{style}" t="inlineStr"><is><t xml:space="preserve">', "</t></is></c>"
    elif kind == "flag":
        data = pc.if_else(data.cast(pa.bool_()), "<v>1</v>", "<v>0</v>")
        head = f'" s="{style}" t="b">'
    else:
        data = pc.binary_join_element_wise("<v>", _number(data, kind), "</v>", "")
    return pc.binary_join_element_wise(f'<c r="{letter}', numbers, head, data, tail, "").fill_null("")


def _number(data: pa.Array, kind: Kind) -> pa.Array:
    if kind in ("moment", "day"):
        seconds = pc.floor(pc.divide(data.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).cast(pa.float64()), 1e6))
        data = pc.add(pc.divide(seconds, 86_400.0), float(_EPOCH))
    elif pa.types.is_decimal(data.type):
        data = data.cast(pa.float64())
    return data.cast(pa.string())


def _harmless(data: pa.Array) -> pa.Array:
    """Text that a spreadsheet shows as it is: nothing acts, nothing is a formula, nothing is too long."""
    data = pc.replace_substring_regex(data, r"[\t\r\n]+", " ")
    odd = pc.match_substring_regex(data, UNSEEN_RE2)
    if pc.any(odd).as_py():
        data = pa.array([None if text is None else plain(text) for text in data.to_pylist()], pa.string())
    if (pc.max(pc.binary_length(data)).as_py() or 0) > MOST_CHARACTERS:
        data = pa.array([None if text is None else _short(text) for text in data.to_pylist()], pa.string())
    # Excel reads _x0041_ as the letter A
    data = pc.replace_substring_regex(data, r"_x([0-9A-Fa-f]{4})_", r"_x005F_x\1_")
    for raw, escaped in _ESCAPES:
        data = pc.replace_substring(data, raw, escaped)
    return data


def _short(text: str) -> str:
    # an escape of the form _xHHHH_ grows by seven characters on writing
    room = MOST_CHARACTERS - 7 * len(re.findall(r"_x[0-9A-Fa-f]{4}_", text))
    if len(text.encode("utf-16-le")) // 2 <= room:
        return text
    kept = text.encode("utf-16-le")[: 2 * (room - len(CUT))].decode("utf-16-le", errors="ignore")
    return kept + CUT


def formula_cell(reference: str, style: int, formula: str, value: float) -> str:
    """A cell with a formula and the value it has, for readers that do not calculate."""
    for raw, escaped in _ESCAPES:
        formula = formula.replace(raw, escaped)
    return f'<c r="{reference}" s="{style}"><f>{formula}</f><v>{value:g}</v></c>'


def text_cell(reference: str, style: int, text: str) -> str:
    """A cell with text."""
    shown = _harmless(pa.array([text], pa.string()))[0].as_py()
    return f'<c r="{reference}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{shown}</t></is></c>'
