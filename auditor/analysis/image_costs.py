"""What images cost: what the snapshots behind them cost, and what goes with an image that is deregistered."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from auditor.analysis.keys import Flags, Integers, keys, numbered, places, whole
from auditor.analysis.money import dollars, micros

_KEYS: Final = ["account_id", "region", "image_id"]


def image_costs(images: pd.DataFrame, image_block_devices: pd.DataFrame, snapshot_costs: pd.DataFrame) -> pd.DataFrame:
    """Bounds of every image with EBS storage, summed over its own account's snapshots.

    A snapshot that two images map is charged to neither for sure: it adds nothing to what either costs at least,
    all of it to what either costs at most, and nothing to what deregistering one of them saves. Where a snapshot
    behind an image has no price, the image has none.
    """
    on_ebs = images["root_device_type"].eq("ebs").fillna(False).to_numpy(bool)
    ebs = pd.DataFrame({name: images[name].array[on_ebs] for name in _KEYS})
    image, snapshot = _mapped(image_block_devices, snapshot_costs)
    alone = np.bincount(snapshot, minlength=len(snapshot_costs))[snapshot] == 1
    of_ebs = places(image, keys(ebs, "image_id"))

    def each(name: str) -> pd.Series[int]:
        return micros(pd.Series(snapshot_costs[name].array.take(snapshot)))

    restore = each("fast_restore_usd")
    amounts = {
        "monthly_low_usd": (each("monthly_low_usd") + restore, alone),
        "monthly_high_usd": (each("monthly_high_usd") + restore, np.ones_like(alone)),
        "saving_low_usd": (each("saving_low_usd"), alone),
        "saving_high_usd": (each("saving_high_usd"), alone),
    }
    sums = {
        name: dollars(_summed(amount, counted, of_ebs, len(ebs))).array for name, (amount, counted) in amounts.items()
    }
    return ebs.assign(**sums)


def _mapped(devices: pd.DataFrame, snapshot_costs: pd.DataFrame) -> tuple[pa.Array, Integers]:
    """Every image and the place of a snapshot that it maps, each pair once."""
    image = keys(devices, "image_id")
    snapshot = places(keys(devices, "snapshot_id"), keys(snapshot_costs, "snapshot_id"))
    pairs = numbered(image) * len(snapshot_costs) + snapshot
    once = np.unique(pairs[snapshot >= 0], return_index=True)[1]
    chosen = (snapshot >= 0).nonzero()[0][once]
    return image.take(pa.array(chosen)), snapshot[chosen]


def _summed(amounts: pd.Series[int], counted: Flags, place: Integers, rows: int) -> pd.Series[int]:
    """Amounts that count, summed by place; missing where one of them is."""
    amount, known = whole(amounts)
    there = place >= 0
    sums, unknown = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=bool)
    np.add.at(sums, place[there & counted], amount[there & counted])
    unknown[place[there & counted & ~known]] = True
    return pd.Series(pd.arrays.IntegerArray(sums, unknown))
