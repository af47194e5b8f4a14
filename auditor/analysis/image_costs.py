"""What images cost: what the snapshots behind them cost, and what goes with an image that is deregistered."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.frames.columns import ARROW

_KEYS = ["account_id", "region", "image_id"]
_BOUNDS = ["monthly_low_usd", "monthly_high_usd", "saving_low_usd", "saving_high_usd"]
_MONEY = ARROW["money"]


def image_costs(images: pd.DataFrame, image_block_devices: pd.DataFrame, snapshot_costs: pd.DataFrame) -> pd.DataFrame:
    """Bounds of every image with EBS storage, summed over its own account's snapshots.

    A snapshot that two images map is charged to neither for sure: it adds nothing to what either costs at least,
    all of it to what either costs at most, and nothing to what deregistering one of them saves. Where a snapshot
    behind an image has no price, the image has none.
    """
    mapped = image_block_devices[[*_KEYS, "snapshot_id"]].dropna().drop_duplicates()
    mapped = mapped.merge(snapshot_costs, on=["account_id", "region", "snapshot_id"], how="inner")
    alone = ~mapped.duplicated(["account_id", "region", "snapshot_id"], keep=False)
    nothing = Decimal(0)
    restore = mapped["fast_restore_usd"]
    priced = pd.DataFrame(
        {
            "monthly_low_usd": (mapped["monthly_low_usd"] + restore).where(alone, nothing),
            "monthly_high_usd": mapped["monthly_high_usd"] + restore,
            "saving_low_usd": mapped["saving_low_usd"].where(alone, nothing),
            "saving_high_usd": mapped["saving_high_usd"].where(alone, nothing),
        }
    )
    sums = _summed(mapped[_KEYS], priced)
    ebs = images.loc[images["root_device_type"].eq("ebs").fillna(False), _KEYS]
    costs = ebs.merge(sums, on=_KEYS, how="left", indicator=True)
    without = costs.pop("_merge").eq("left_only").to_numpy()
    for bound in _BOUNDS:
        costs[bound] = costs[bound].mask(without, nothing)
    return costs


def _summed(keys: pd.DataFrame, priced: pd.DataFrame) -> pd.DataFrame:
    """Exact sums by image; missing where one of the summands is."""
    table = pa.table(
        {
            **{name: pa.array(keys[name], pa.string()) for name in _KEYS},
            **{name: pa.array(priced[name], from_pandas=True).cast(_MONEY) for name in _BOUNDS},
        }
    )
    known = pc.ScalarAggregateOptions(skip_nulls=False)
    sums = table.group_by(_KEYS).aggregate([(name, "sum", known) for name in _BOUNDS])
    return pd.DataFrame(
        {
            **{name: pd.Series(sums.column(name).to_pandas(), dtype=keys[name].dtype) for name in _KEYS},
            **{
                name: pd.Series(pd.arrays.ArrowExtensionArray(sums.column(f"{name}_sum").cast(_MONEY)))
                for name in _BOUNDS
            },
        }
    )
