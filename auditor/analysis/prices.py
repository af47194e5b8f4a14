"""List prices, as far as a dated public source says them; what has no row here has no price, and no default."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd
import pyarrow as pa

from auditor.analysis.keys import places
from auditor.frames import FRAMES
from auditor.frames.columns import as_arrow

__all__ = ["HOURS_A_MONTH", "price_by_region", "priced", "prices"]

#: Hours of the month that fast restore is priced for: 30 days, as in AWS's own example ("Pricing and Billing" of
#: "Amazon EBS fast snapshot restore").
HOURS_A_MONTH = 720


@cache
def _table() -> pd.DataFrame:
    text = files("auditor.analysis").joinpath("prices.csv").read_text(encoding="utf-8")
    return FRAMES["prices"].rows(
        {**row, "price_usd": Decimal(row["price_usd"])} for row in csv.DictReader(io.StringIO(text))
    )


def prices() -> pd.DataFrame:
    """Every list price there is; see the frame ``prices`` for the columns."""
    return _table().copy()


def price_by_region(table: pd.DataFrame, item: str) -> pd.DataFrame:
    """The prices of one item by region.

    Returns:
        Index region; columns ``micros`` (millionths of a dollar, whole) and ``price_date``.
    """
    rows = table[table["item"] == item].set_index("region")
    micros = [int(price * 1_000_000) for price in rows["price_usd"]]
    return pd.DataFrame({"micros": pd.array(micros, dtype="Int64"), "price_date": rows["price_date"]}, index=rows.index)


def priced(regions: pd.Series[Any], table: pd.DataFrame, item: str) -> pd.DataFrame:
    """The price of one item in the region of each row, ``micros`` and ``price_date``; missing without one."""
    rows = price_by_region(table, item)
    place = places(as_arrow(regions), pa.array(rows.index, pa.string()))
    return pd.DataFrame(
        {name: pd.api.extensions.take(rows[name].array, place, allow_fill=True) for name in rows.columns},
        index=regions.index,
    )
