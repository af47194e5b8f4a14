import re
from decimal import Decimal

import pandas as pd

from auditor.analysis.prices import prices


def test_every_price_has_a_date_and_a_public_source():
    table = prices()
    assert len(table) == 37
    assert table.notna().all(axis=None)
    assert not table.duplicated(["region", "item"]).any()
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", date) for date in table["price_date"])
    assert all(source.startswith(("AWS ", "Amazon ")) for source in table["source"])


def test_the_archive_costs_a_quarter_wherever_both_prices_are_known():
    known = {(row.region, row.item): row.price_usd for row in prices().itertuples()}
    both = [region for region, item in known if item == "archive"]
    assert len(both) == 17
    assert all(known[region, "archive"] * 4 == known[region, "standard"] for region in both)


def test_prices_that_nobody_publishes_here_are_not_made_up():
    table = prices().set_index(["region", "item"])["price_usd"]
    assert ("af-south-1", "archive") not in table.index
    assert table["af-south-1", "standard"] == Decimal("0.0595")
    assert set(prices().loc[prices()["item"] == "fast_restore", "region"]) == {"us-east-1", "ap-northeast-1"}


def test_the_table_cannot_be_spoilt_by_its_readers():
    taken = prices()
    taken["price_usd"] = pd.NA
    assert prices()["price_usd"].notna().all()
