from decimal import ROUND_HALF_EVEN, Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.money import dollars, for_bytes, micros, scaled
from auditor.frames import PANDAS

BYTES = st.integers(0, 64 << 40)
PRICES = st.integers(0, 130_000)


def whole(*values):
    return pd.Series(values, dtype="Int64")


@given(st.lists(st.tuples(BYTES, PRICES), max_size=20))
def test_bytes_cost_exactly_what_decimals_say(pairs):
    sizes, prices = ([pair[place] for pair in pairs] for place in (0, 1))
    expected = [(Decimal(size) * price / Decimal(2**30)).to_integral_value(ROUND_HALF_EVEN) for size, price in pairs]
    assert for_bytes(whole(*sizes), whole(*prices)).tolist() == expected


@pytest.mark.parametrize(("size", "price", "expected"), [(2**29, 1, 0), (2**29, 3, 2), (3 * 2**29, 1, 2)])
def test_halves_go_to_the_even_neighbour(size, price, expected):
    assert for_bytes(whole(size), whole(price)).tolist() == [expected]


def test_what_is_missing_stays_missing():
    assert for_bytes(whole(None, 1, 2**30), whole(1, None, 5)).tolist() == [pd.NA, pd.NA, 5]
    assert scaled(whole(None, 10), 500_000).tolist() == [pd.NA, 5]


@given(st.lists(st.integers(0, 10**15), max_size=20), st.integers(0, 1_000_000))
def test_a_share_is_exact_too(amounts, share):
    expected = [(Decimal(amount) * share / 1_000_000).to_integral_value(ROUND_HALF_EVEN) for amount in amounts]
    assert scaled(whole(*amounts), share).tolist() == expected


@given(st.lists(st.one_of(st.none(), st.integers(-(10**18), 10**18)), max_size=20))
def test_dollars_and_millionths_are_the_same_money(amounts):
    money = dollars(whole(*amounts))
    assert money.dtype == PANDAS["money"]
    assert money.tolist() == [pd.NA if amount is None else Decimal(amount).scaleb(-6) for amount in amounts]
    assert micros(money).tolist() == [pd.NA if amount is None else amount for amount in amounts]


def test_slices_and_joined_columns_convert_as_well():
    money = pd.concat([dollars(whole(1, 2, 3)).iloc[1:], dollars(whole(None, 4))], ignore_index=True).iloc[1:]
    assert micros(money).tolist() == [3, pd.NA, 4]
    assert micros(money).index.equals(money.index)
