"""What all snapshots together cost a month at list prices, by account, region, origin and age.

Every account and region is summed alone; the sums are exact, so each breakdown adds up to the total.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

from auditor.analysis import derive
from auditor.analysis.costs import paid_fast_restores
from auditor.analysis.keys import is_one_of
from auditor.analysis.money import dollars, micros, scaled
from auditor.analysis.places import each_place, frames_of, summed
from auditor.analysis.prices import HOURS_A_MONTH, price_by_region
from auditor.frames import FRAMES
from auditor.frames.columns import as_arrow
from auditor.report.model import Spend, SpendLine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from auditor.config import Config
    from auditor.inventory import Inventory

__all__ = ["AGE_BANDS", "SHARED", "Part", "breakdown", "spend_of", "spend_part", "spend_rows"]

#: Age bands by their last day.
AGE_BANDS: Final = {"0–30 days": 30, "31–90 days": 90, "91–365 days": 365, "1–2 years": 730, "over 2 years": None}
UNDATED: Final = "unknown age"

#: Origin of snapshots that others own and this account restores fast: it pays for that, not for their storage.
SHARED: Final = "shared with us"

KEYS: Final = ("account_id", "region", "origin", "age_band")
_COUNTS: Final = ("snapshots", "unpriced", "size_unknown", "fast_restore_unpriced")
_BYTES: Final = ("stored_low_bytes", "stored_high_bytes")
_MONEY: Final = ("monthly_low_usd", "monthly_high_usd", "fast_restore_usd", "net_low_usd", "net_high_usd")
MEASURES: Final = (*_COUNTS, *_BYTES, *_MONEY)


_NOTHING: Final = SpendLine("all", "", 0, 0, 0, Decimal(0), Decimal(0), 0, 0)


def spend_rows(
    snapshots: pd.DataFrame,
    snapshot_origins: pd.DataFrame,
    snapshot_costs: pd.DataFrame,
    fast_restores: pd.DataFrame,
    prices: pd.DataFrame,
    as_of: datetime,
    discount: float = 0.0,
) -> pd.DataFrame:
    """The spend of some accounts and regions, small enough to be put together with that of others.

    Args:
        snapshots: The snapshots.
        snapshot_origins: Their origins, in the same order.
        snapshot_costs: Their costs, in the same order.
        fast_restores: Fast restore, of own snapshots and of shared ones.
        prices: The list prices.
        as_of: The moment that is judged.
        discount: Share taken off list prices, 0 to 1; in the ``net_`` columns alone.

    Returns:
        One row per account, region, origin and age band. ``snapshots``, ``unpriced`` (no price for region and tier;
        in no sum of money), ``size_unknown`` (in no sum), ``fast_restore_unpriced`` (snapshots or shared snapshots
        with fast restore that has no price) are counts; ``stored_low_bytes`` and ``stored_high_bytes``;
        ``monthly_low_usd`` and ``monthly_high_usd`` storage at list prices, ``net_low_usd`` and ``net_high_usd`` the
        same less the discount; ``fast_restore_usd`` at list prices.
    """
    low, high = micros(snapshot_costs["monthly_low_usd"]), micros(snapshot_costs["monthly_high_usd"])
    kept = 1_000_000 - round(discount * 1_000_000)
    each = pd.DataFrame(
        {
            "account_id": snapshots["account_id"],
            "region": snapshots["region"],
            "origin": snapshot_origins["origin"],
            "age_band": _age_bands(snapshots["started_at"], as_of),
            "snapshots": 1,
            "unpriced": snapshot_costs["price_usd_per_gib_month"].isna().astype(int),
            "size_unknown": snapshot_costs["stored_high_bytes"].isna().astype(int),
            "fast_restore_unpriced": snapshot_costs["fast_restore_usd"].isna().astype(int),
            "stored_low_bytes": snapshot_costs["stored_low_bytes"],
            "stored_high_bytes": snapshot_costs["stored_high_bytes"],
            "monthly_low_usd": low,
            "monthly_high_usd": high,
            "fast_restore_usd": micros(snapshot_costs["fast_restore_usd"]),
            "net_low_usd": scaled(low, kept),
            "net_high_usd": scaled(high, kept),
        }
    )
    return _summed(pd.concat([each, _of_shared(snapshots, fast_restores, prices)], ignore_index=True), KEYS)


def breakdown(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """The rows of ``spend_rows``, of as many accounts and regions as you like, summed by one of its keys.

    Age bands come youngest first, everything else dearest first.
    """
    whole = rows.assign(**{name: micros(rows[name]) for name in _MONEY})
    summed = _summed(whole, [by])
    if by == "age_band":
        places = {band: place for place, band in enumerate([*AGE_BANDS, UNDATED])}
        return summed.sort_values(by, key=lambda bands: bands.map(places), ignore_index=True)
    order = pd.DataFrame({"cost": -micros(summed["monthly_high_usd"]), "key": summed[by]})
    return summed.iloc[np.lexsort((order["key"], order["cost"]))].reset_index(drop=True)


class Part(NamedTuple):
    """The spend of one account and region.

    Attributes:
        rows: See :func:`spend_rows`.
        used: Region and item of the prices that it rests on.
        behind_images: The ``snapshot_costs`` of snapshots that images map.
    """

    rows: pd.DataFrame
    used: pd.DataFrame
    behind_images: pd.DataFrame


def spend_part(
    frame: Callable[[str], pd.DataFrame],
    account_id: str,  # noqa: ARG001 - the region is enough for prices
    region: str,
    *,
    as_of: datetime,
    discount: float,
) -> Part:
    """Sum up one account and region.

    Args:
        frame: Gives a frame of the account and region by its name.
        account_id: The account.
        region: The region.
        as_of: The moment that is judged.
        discount: Share taken off list prices, 0 to 1.
    """
    costs, restores, prices = frame("snapshot_costs"), frame("fast_restores"), frame("prices")
    rows = spend_rows(frame("snapshots"), frame("snapshot_origins"), costs, restores, prices, as_of, discount)
    items = {"standard": costs["basis"].ne("archive"), "archive": costs["basis"].str.startswith("archive")}
    used = [item for item, which in items.items() if (which & costs["monthly_high_usd"].notna()).any()]
    used += ["fast_restore"] if len(paid_fast_restores(restores)) else []
    mapped = is_one_of(as_arrow(costs["snapshot_id"]), as_arrow(frame("image_block_devices")["snapshot_id"]))
    return Part(rows, pd.DataFrame({"region": region, "item": used}, dtype=prices["item"].dtype), costs[mapped])


def spend_of(
    inventory: Inventory, config: Config, parts: Sequence[Part] | None = None, kept: Path | None = None
) -> Spend:
    """What everything that was collected costs a month; the savings are left at zero.

    Args:
        inventory: What was collected.
        config: Says the discount.
        parts: Every account and region summed up; made here when left out.
        kept: Where derived frames were kept, see :func:`~auditor.analysis.places.keep`.

    Raises:
        InventoryError: A file of the inventory is damaged or missing.
    """
    prices = derive("prices", inventory.read, inventory.as_of)
    gaps = inventory.gaps()
    if parts is None:
        make = partial(spend_part, as_of=inventory.as_of, discount=config.cost.discount)
        parts = each_place(inventory, config, make, {"prices": prices, "gaps": gaps})
    rows = pd.concat([part.rows for part in parts], ignore_index=True) if parts else _summed(_nothing(), KEYS)
    used = pd.concat([part.used for part in parts]) if parts else prices.iloc[:0]
    mapped = pd.concat([FRAMES["snapshot_costs"].empty(), *(part.behind_images for part in parts)], ignore_index=True)
    cited = prices.merge(used[["region", "item"]].drop_duplicates())
    total = breakdown(rows.assign(all="all"), "all")
    (whole,) = _lines(total, "all") or (_NOTHING,)
    return Spend(
        total=whole,
        by_account=_lines(breakdown(rows, "account_id"), "account_id"),
        by_region=_lines(breakdown(rows, "region"), "region"),
        by_origin=_lines(breakdown(rows, "origin"), "origin"),
        by_age=_lines(breakdown(rows, "age_band"), "age_band"),
        price_date=min(cited["price_date"], default=""),
        sources=tuple(sorted(set(cited["source"]))),
        discount=config.cost.discount,
        fast_restore_usd=sum(total["fast_restore_usd"], Decimal(0)),
        fast_restore_unpriced=int(total["fast_restore_unpriced"].sum()),
        net_low_usd=sum(total["net_low_usd"], Decimal(0)),
        net_high_usd=sum(total["net_high_usd"], Decimal(0)),
        behind_images=mapped,
        details=partial(details, inventory, prices, gaps, kept),
    )


def cost_of(kept: Path) -> tuple[Decimal, Decimal] | None:
    """Least and most that all snapshots of a run cost a month, as :func:`spend_of` summed it up.

    Args:
        kept: Where its derived frames were kept; nothing is known where there are none.

    Raises:
        InventoryError: A file is damaged.
    """
    sums = summed(kept, "snapshot_costs", "monthly_low_usd", "monthly_high_usd")
    return (sums[0], sums[1]) if sums else None


def details(
    inventory: Inventory, prices: pd.DataFrame, gaps: pd.DataFrame, kept: Path | None, account_id: str, region: str
) -> pd.DataFrame:
    """The ``snapshot_costs`` of one account and region at list prices, with the ``snapshot_origins`` beside them.

    Raises:
        InventoryError: A file of the inventory is damaged or missing.
    """
    frame = frames_of(inventory, account_id, region, {"prices": prices, "gaps": gaps}, kept=kept)
    keys = ["account_id", "region", "snapshot_id"]
    return frame("snapshot_costs").merge(frame("snapshot_origins"), on=keys, how="left")


def _of_shared(snapshots: pd.DataFrame, fast_restores: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    """Fast restore of snapshots that others own."""
    keys = ["account_id", "region", "snapshot_id"]
    own = snapshots[keys].assign(own=True)
    zones = paid_fast_restores(fast_restores)[keys].merge(own, on=keys, how="left")
    zones = zones[zones["own"].isna()].groupby(keys, sort=False).size().rename("zones").reset_index()
    hourly = zones["region"].map(price_by_region(prices, "fast_restore")["micros"]).astype("Int64")
    shared = zones[["account_id", "region"]].assign(origin=SHARED, age_band=UNDATED)
    shared["fast_restore_usd"] = zones["zones"].astype("Int64") * HOURS_A_MONTH * hourly
    shared["fast_restore_unpriced"] = hourly.isna().astype(int)
    return shared.reindex(columns=[*KEYS, *MEASURES])


def _age_bands(started: pd.Series[Any], as_of: datetime) -> pd.Series[Any]:
    days = (as_of - started).dt.days
    ends = [end if end is not None else np.inf for end in AGE_BANDS.values()]
    bands: pd.Series[Any] = pd.cut(days, [-np.inf, *ends], labels=list(AGE_BANDS)).astype(object)
    return bands.where(days.notna(), UNDATED)


def _summed(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Sums of the measures; money in as whole millionths, out as dollars; what is missing adds nothing."""
    measures = rows[list(MEASURES)].astype("Int64").fillna(0)
    summed = measures.groupby([rows[name] for name in by], sort=True).sum().reset_index()
    return summed.assign(**{name: dollars(summed[name]) for name in _MONEY})


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=object) for name in (*KEYS, *MEASURES)})


def _lines(summed: pd.DataFrame, key: str) -> tuple[SpendLine, ...]:
    return tuple(
        SpendLine(
            key=row[key],
            name="",
            snapshots=int(row["snapshots"]),
            stored_low_bytes=int(row["stored_low_bytes"]),
            stored_high_bytes=int(row["stored_high_bytes"]),
            low_usd=row["monthly_low_usd"],
            high_usd=row["monthly_high_usd"],
            unpriced=int(row["unpriced"]),
            size_unknown=int(row["size_unknown"]),
        )
        for row in summed[summed["snapshots"] > 0].to_dict("records")
    )
