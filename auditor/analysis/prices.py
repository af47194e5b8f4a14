"""List prices, as far as a dated public source says them; what has no row here has no price, and no default."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.money import micros
from auditor.frames import FRAMES
from auditor.frames.columns import as_arrow, as_text

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
    here = as_arrow(regions).dictionary_encode()
    mine = pc.equal(as_arrow(table["item"]), item).to_numpy(zero_copy_only=False).nonzero()[0]
    found = pc.index_in(here.dictionary, value_set=as_arrow(table["region"]).take(pa.array(mine)), skip_nulls=True)
    place = pa.array(mine).take(found).take(here.indices)
    missing = place.is_null().to_numpy(zero_copy_only=False)
    amount = np.append(micros(table["price_usd"]).to_numpy(np.int64, na_value=0), 0)[place.fill_null(0).to_numpy()]
    return pd.DataFrame(
        {
            "micros": pd.arrays.IntegerArray(np.where(missing, 0, amount), missing),
            "price_date": as_text(as_arrow(table["price_date"]).take(place)).array,
        },
        index=regions.index,
    )
