"""Exact money in whole columns: millionths of a dollar as integers, dollars as decimals.

Amounts are rounded once, half to even, to a millionth of a dollar, and then add up exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from auditor.frames.columns import ARROW, in_arrow

__all__ = ["dollars", "for_bytes", "micros", "scaled"]

_GIB_BITS = 30


def for_bytes(stored: pd.Series[Any], price: pd.Series[Any]) -> pd.Series[Any]:
    """What bytes cost.

    Args:
        stored: Bytes.
        price: Millionths of a dollar per GiB.

    Returns:
        Millionths of a dollar, rounded half to even; missing where either is.
    """
    size, rate = (values.to_numpy(np.int64, na_value=0) for values in (stored, price))
    whole, rest = size >> _GIB_BITS, size & ((1 << _GIB_BITS) - 1)
    amount = whole * rate + _half_even(rest * rate, 1 << _GIB_BITS, whole * rate)
    return _integers(amount, stored.isna() | price.isna())


def scaled(amount: pd.Series[Any], millionths: int) -> pd.Series[Any]:
    """Amounts times a number of millionths, rounded half to even; whole millionths of a dollar in and out."""
    whole, rest = np.divmod(amount.fillna(0).to_numpy(np.int64), 1_000_000)
    result = whole * millionths + _half_even(rest * millionths, 1_000_000, whole * millionths)
    return _integers(result, amount.isna())


def dollars(amount: pd.Series[Any]) -> pd.Series[Any]:
    """Whole millionths of a dollar as money."""
    low = amount.to_numpy(np.int64, na_value=0)
    present = pa.array(amount.notna().to_numpy(bool))
    # a decimal of 128 bits is its unscaled value, low half first, and the sign in the high half
    halves = np.empty((len(low), 2), dtype="<i8")
    halves[:, 0], halves[:, 1] = low, low >> 63
    decimals = pa.Array.from_buffers(ARROW["money"], len(low), [present.buffers()[1], pa.py_buffer(halves)])
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([decimals])), index=amount.index)


def micros(money: pd.Series[Any]) -> pd.Series[Any]:
    """Money as whole millionths of a dollar."""
    decimals = in_arrow(money).cast(ARROW["money"])
    missing = decimals.is_null().to_numpy(zero_copy_only=False).astype(bool)
    halves = np.frombuffer(decimals.buffers()[1], dtype="<i8") if len(decimals) else np.empty(0, dtype=np.int64)
    low = halves[0::2][decimals.offset : decimals.offset + len(decimals)]
    return pd.Series(pd.arrays.IntegerArray(np.where(missing, 0, low).astype(np.int64), missing), index=money.index)


def _half_even(numerator: Any, divisor: int, beside: Any) -> Any:
    """The quotient rounded half to even, such that it is the sum with ``beside`` that is even."""
    quotient, rest = np.divmod(numerator, divisor)
    up = (rest * 2 > divisor) | ((rest * 2 == divisor) & ((quotient + beside) % 2 == 1))
    return quotient + up


def _integers(values: Any, missing: pd.Series[Any]) -> pd.Series[Any]:
    held = pd.arrays.IntegerArray(values.astype(np.int64), missing.to_numpy(bool))
    return pd.Series(held, index=missing.index)
