"""What each snapshot costs a month at list prices, as bounds, and what deleting it alone would save."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from auditor.analysis.keys import keys, places
from auditor.analysis.lineage import bounds
from auditor.analysis.money import dollars, for_bytes
from auditor.analysis.prices import HOURS_A_MONTH, priced
from auditor.frames import FRAMES

__all__ = ["fast_restore_costs", "fast_restore_micros", "paid_fast_restores", "snapshot_costs"]

_KEYS: Final = ["account_id", "region", "snapshot_id"]

#: Fast restore is billed while a zone is in one of these states.
_PAID: Final = ("optimizing", "enabled")


def snapshot_costs(
    snapshots: pd.DataFrame,
    volumes: pd.DataFrame,
    recycle_bin_snapshots: pd.DataFrame,
    fast_restores: pd.DataFrame,
    prices: pd.DataFrame,
    gaps: pd.DataFrame,
) -> pd.DataFrame:
    """One row per snapshot, in the order of ``snapshots``; see the frame ``snapshot_costs`` for the columns.

    A GiB-month is 2**30 bytes for a month ("GB" on AWS's price pages). Each amount is rounded once, half to even, to
    a millionth of a dollar. Fast restore counts its zones for 720 hours. Deleting a snapshot ends its fast restore,
    so the saving includes it; where fast restore has no price, the least saving is that of the storage.
    """
    costs = bounds(snapshots, volumes, recycle_bin_snapshots, gaps)
    price, date = _prices(snapshots, costs["basis"], prices)
    restore = fast_restore_micros(snapshots, fast_restores, prices)
    amounts = {name: for_bytes(costs[f"{name}_bytes"], price) for name in ("stored_low", "stored_high")}
    freed = {name: for_bytes(costs[f"{name}_bytes"], price) for name in ("freed_low", "freed_high")}
    return FRAMES["snapshot_costs"].of(
        {
            "account_id": snapshots["account_id"],
            "region": snapshots["region"],
            "snapshot_id": snapshots["snapshot_id"],
            **{str(name): column for name, column in costs.items()},
            "price_usd_per_gib_month": dollars(price),
            "price_date": date,
            "monthly_low_usd": dollars(amounts["stored_low"]),
            "monthly_high_usd": dollars(amounts["stored_high"]),
            "fast_restore_usd": dollars(restore),
            "saving_low_usd": dollars(freed["freed_low"] + restore.fillna(0)),
            "saving_high_usd": dollars(freed["freed_high"] + restore),
        }
    )


def fast_restore_costs(fast_restores: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    """One row per snapshot with fast restore that is paid for; see the frame ``fast_restore_costs`` for the columns."""
    each = paid_fast_restores(fast_restores)[_KEYS].drop_duplicates(ignore_index=True)
    zone = dollars(priced(each["region"], prices, "fast_restore")["micros"] * HOURS_A_MONTH)
    bounds_of = ("monthly_low_usd", "monthly_high_usd", "saving_low_usd", "saving_high_usd")
    return each.assign(**dict.fromkeys(bounds_of, zone))


def paid_fast_restores(fast_restores: pd.DataFrame) -> pd.DataFrame:
    """The zones in which an account pays for fast restore, of its own snapshots and of those shared with it."""
    mine = fast_restores["owner_id"].fillna(fast_restores["account_id"]) == fast_restores["account_id"]
    return fast_restores[mine & fast_restores["state"].isin(_PAID)]


def fast_restore_micros(snapshots: pd.DataFrame, fast_restores: pd.DataFrame, prices: pd.DataFrame) -> pd.Series[Any]:
    """Fast restore of each snapshot a month, in millionths of a dollar: 0 without any, missing without a price."""
    paid = keys(paid_fast_restores(fast_restores), "snapshot_id") if len(fast_restores) else ()
    if not len(paid):
        return pd.Series(0, index=snapshots.index, dtype="Int64")
    snapshot = places(paid, keys(snapshots, "snapshot_id"))
    zones = np.bincount(snapshot[snapshot >= 0], minlength=len(snapshots))
    hourly: pd.Series[Any] = priced(snapshots["region"], prices, "fast_restore")["micros"]
    return (hourly * HOURS_A_MONTH * zones).mask(zones == 0, 0)


def _prices(
    snapshots: pd.DataFrame, basis: pd.Series[Any], table: pd.DataFrame
) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Millionths of a dollar per GiB-month and their date; missing on Outposts and in Local Zones."""
    standard = priced(snapshots["region"], table, "standard")
    archived = snapshots["storage_tier"].eq("archive").fillna(False).to_numpy(bool)
    both = basis.eq("archive and standard").to_numpy(bool)
    elsewhere = (snapshots["outpost_arn"].notna() | snapshots["availability_zone"].notna()).to_numpy(bool)
    price, date = standard["micros"], standard["price_date"]
    if archived.any():
        archive = priced(snapshots["region"], table, "archive")
        price, date = price.mask(archived, archive["micros"]), date.mask(archived, archive["price_date"])
        price = price.mask(both, standard["micros"] + archive["micros"])
    if elsewhere.any():
        price = price.mask(elsewhere)
    unpriced = price.isna().to_numpy(bool)
    return price, date.mask(unpriced) if unpriced.any() else date
