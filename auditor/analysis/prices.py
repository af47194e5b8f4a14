"""List prices, as far as a dated public source says them; what has no row here has no price, and no default."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from functools import cache
from importlib.resources import files

import pandas as pd

from auditor.frames import FRAMES

__all__ = ["HOURS_A_MONTH", "price_by_region", "prices"]

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
