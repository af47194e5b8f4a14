"""What found resources cost, who owns them and what they are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis import DERIVED
from auditor.engine.gaps import Gap, feeds, needed
from auditor.engine.supply import Supply
from auditor.frames import FRAMES
from auditor.frames.columns import ARROW

#: Subject to the derived frame with the costs of its rows.
COSTS = {"snapshots": "snapshot_costs", "images": "image_costs"}

_TYPE = ARROW["money"]


def id_column(subject: str) -> str:
    """The column of a subject that identifies its rows within an account and region."""
    own = [name for name in FRAMES[subject].key if name not in ("account_id", "region")]
    return own[-1] if own else FRAMES[subject].key[-1]


def costs(subject: str, ids: pa.Array, supply: Supply, here: Sequence[Gap]) -> dict[str, pa.Array]:
    """Columns of money for resources, missing where nothing is known, and where a frame they rest on has a gap.

    A cost is the storage and, for snapshots, fast restore; ``monthly_cost_usd`` only where the bounds meet.
    """
    frame = COSTS.get(subject)
    if frame is None or frame not in DERIVED or any(feeds(gap, needed([frame])) for gap in here):
        return {}
    known = supply.frame(frame)
    places = pc.index_in(ids, value_set=_ids(known[id_column(subject)]))
    column = {name: _money(known[name]).take(places) for name in known.columns if name.endswith("_usd")}
    low, high = column["monthly_low_usd"], column["monthly_high_usd"]
    if "fast_restore_usd" in column:
        low, high = (pc.add(bound, column["fast_restore_usd"]).cast(_TYPE) for bound in (low, high))
    return {
        "monthly_cost_usd": pc.if_else(pc.equal(low, high), low, pa.scalar(None, _TYPE)),
        "cost_low_usd": low,
        "cost_high_usd": high,
        "saving_low_usd": column["saving_low_usd"],
        "saving_high_usd": column["saving_high_usd"],
        "saving_method": pc.if_else(pc.is_valid(column["saving_low_usd"]), "bounded", pa.scalar(None, pa.string())),
    }


def owners(subject: str, ids: pa.Array, supply: Supply, tag: str) -> pa.Array | None:
    """Value of the owner tag of each resource; the key as configured, or else in another case."""
    frame = f"{FRAMES[subject].noun}_tags"
    if not tag or frame not in FRAMES:
        return None
    tags = supply.frame(frame)
    keys = _text(tags["key"])
    mine = tags[pc.equal(pc.utf8_lower(keys), tag.lower()).to_numpy(zero_copy_only=False).astype(bool)]
    mine = mine.assign(rank=mine["key"].ne(tag)).sort_values(["rank", "key"], kind="stable")
    places = pc.index_in(ids, value_set=_ids(mine[id_column(subject)]))
    return _text(mine["value"]).take(places)


def names(subject: pd.DataFrame) -> pa.Array | None:
    """What each resource is called: its Name tag, or its name."""
    known = [_text(subject[column]) for column in ("name_tag", "name") if column in subject.columns]
    return pc.coalesce(*known) if known else None


def _text(series: pd.Series[Any]) -> pa.Array:
    array = pa.array(series, from_pandas=True)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return array.cast(pa.string())


def _ids(series: pd.Series[Any]) -> pa.Array:
    return _text(series)


def _money(series: pd.Series[Any]) -> pa.Array:
    array = pa.array(series, from_pandas=True)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return array.cast(_TYPE)
