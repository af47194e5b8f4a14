"""From a page of botocore's dictionaries to a typed frame, column by column and without detours through objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pandas as pd
import pyarrow as pa

from auditor.aws.collector import Item, Where
from auditor.frames import INVENTORY
from auditor.frames.columns import HELD

#: How one column is read of an item: the name of a member, or a function of the item.
Field = str | Callable[[Item], Any]


def shape(frame: str, where: Where, page: Sequence[Item], fields: Mapping[str, Field]) -> pd.DataFrame:
    """One row per item of a page.

    Args:
        frame: The frame to fill.
        where: Account and region, put into every row where the frame has such columns.
        page: Items as botocore parsed them.
        fields: Column to the member it is read from; members that are absent, ``None`` or ``""`` are missing.
            Columns not named are missing throughout.

    Raises:
        pyarrow.ArrowException: A member does not hold what the column is declared to hold.
        KeyError: A column is not declared.
    """
    values = {
        column: [item.get(field) for item in page] if isinstance(field, str) else [field(item) for item in page]
        for column, field in fields.items()
    }
    return table(frame, where, len(page), values)


def table(frame: str, where: Where, rows: int, values: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """A frame from one list per column, account and region added; see :func:`shape`."""
    declared = INVENTORY[frame]
    if not rows:
        return _empty(frame).copy()
    kinds = _kinds(frame)
    columns: dict[str, pa.Array] = {}
    for column, fixed in (("account_id", where.account_id), ("region", where.region)):
        if column in kinds:
            columns[column] = pa.repeat(pa.scalar(fixed, HELD["text"]), rows)
    for column, cells in values.items():
        kind, arrow = kinds[column]
        filled = [cell or None for cell in cells] if kind == "text" else cells
        columns[column] = pa.array(filled, arrow)
    return declared.from_arrow(pa.table(columns))


@cache
def _kinds(frame: str) -> dict[str, tuple[str, pa.DataType]]:
    return {column.name: (column.kind, HELD[column.kind]) for column in INVENTORY[frame].columns}


@cache
def _empty(frame: str) -> pd.DataFrame:
    """Most pages of most regions have nothing for some frame; typing no rows costs as much as typing a thousand."""
    return INVENTORY[frame].empty()


def tags(frame: str, where: Where, page: Iterable[Item], thing: str, id_member: str) -> pd.DataFrame:
    """One row per tag of the items' ``Tags``; an empty value is missing, as every empty text is."""
    ids, keys, contents = [], [], []
    for item in page:
        for tag in item.get("Tags") or ():
            ids.append(item[id_member])
            keys.append(tag["Key"])
            contents.append(tag.get("Value"))
    return table(frame, where, len(ids), {f"{thing}_id": ids, "key": keys, "value": contents})


def name_tag(item: Item) -> str | None:
    """The value of an item's Name tag."""
    for tag in item.get("Tags") or ():
        if tag["Key"] == "Name":
            return tag.get("Value") or None
    return None


def moment(member: str) -> Callable[[Item], datetime | None]:
    """Reads a member that holds a time as ISO 8601 text; what is no time is missing."""

    def read(item: Item) -> datetime | None:
        return as_moment(item.get(member))

    return read


def as_moment(text: Any) -> datetime | None:
    """A time from ISO 8601 text; UTC where the text names no zone, ``None`` where it is no time."""
    if isinstance(text, datetime):
        return text
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def percent(member: str) -> Callable[[Item], int | None]:
    """Reads a member that holds ``"80%"``."""

    def read(item: Item) -> int | None:
        text = str(item.get(member) or "").removesuffix("%")
        return int(text) if text.isdigit() else None

    return read
