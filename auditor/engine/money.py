"""What found resources cost, who owns them and what they are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis import DERIVED
from auditor.engine.gaps import Gap, feeds, needed
from auditor.engine.supply import Supply
from auditor.frames import FRAMES
from auditor.frames.columns import ARROW, in_arrow

#: Subject to the derived frame with the costs of its rows.
COSTS = {"snapshots": "snapshot_costs", "images": "image_costs", "fast_restores": "fast_restore_costs"}

_TYPE = ARROW["money"]


def id_column(subject: str) -> str:
    """The column of a subject that names the resource within an account and region."""
    own = own_key(subject)
    return own[0] if own else FRAMES[subject].key[-1]


def parts(subject: str, rows: Mapping[str, pa.Array]) -> pa.Array | None:
    """What tells rows of one resource apart, where a subject has several of one: the rest of its key, with slashes."""
    rest = [rows[name].cast(pa.string()) for name in own_key(subject)[1:]]
    return pc.binary_join_element_wise(*rest, "/") if rest else None


def own_key(subject: str) -> list[str]:
    """The columns that identify a row of a subject within an account and region."""
    return [name for name in FRAMES[subject].key if name not in ("account_id", "region")]


def costs(subject: str, ids: pa.Array, supply: Supply, here: Sequence[Gap], *, saves: bool) -> dict[str, pa.Array]:
    """Columns of money for resources, missing where nothing is known, and where a frame they rest on has a gap.

    A cost is the storage and, for snapshots, fast restore; ``monthly_cost_usd`` only where the bounds meet. A saving is
    told only where acting on the finding takes the resource away.
    """
    frame = COSTS.get(subject)
    if frame is None or frame not in DERIVED or any(feeds(gap, needed([frame])) for gap in here):
        return {}
    known, amounts = supply.once(f"money of {subject}", lambda: _amounts(supply.kept(frame), id_column(subject)))
    places = pc.index_in(ids, value_set=known)
    column = {name: amount.take(places) for name, amount in amounts.items()}
    low, high = column["monthly_low_usd"], column["monthly_high_usd"]
    if "fast_restore_usd" in column:
        low, high = (pc.add(bound, column["fast_restore_usd"]).cast(_TYPE) for bound in (low, high))
    told = {
        "monthly_cost_usd": pc.if_else(pc.equal(low, high), low, pa.scalar(None, _TYPE)),
        "cost_low_usd": low,
        "cost_high_usd": high,
    }
    if not saves:
        return told
    return told | {
        "saving_low_usd": column["saving_low_usd"],
        "saving_high_usd": column["saving_high_usd"],
        "saving_method": pc.if_else(pc.is_valid(column["saving_low_usd"]), "bounded", pa.scalar(None, pa.string())),
    }


def owners(subject: str, ids: pa.Array, supply: Supply, tag: str) -> pa.Array | None:
    """Value of the owner tag of each resource; the key as configured, or else in another case."""
    frame = f"{FRAMES[subject].noun}_tags"
    if not tag or frame not in FRAMES:
        return None
    known, values = supply.once(f"owners of {subject}", lambda: _owners(supply.kept(frame), id_column(subject), tag))
    return values.take(pc.index_in(ids, value_set=known))


def names(subject: Mapping[str, pa.Array]) -> pa.Array | None:
    """What each resource is called: its Name tag, or its name."""
    known = [subject[column].cast(pa.string()) for column in ("name_tag", "name") if column in subject]
    return pc.coalesce(*known) if known else None


def _amounts(costs: pd.DataFrame, column: str) -> tuple[pa.Array, dict[str, pa.Array]]:
    return _array(costs[column], pa.string()), {
        name: _array(costs[name], _TYPE) for name in costs.columns if name.endswith("_usd")
    }


def _owners(tags: pd.DataFrame, column: str, tag: str) -> tuple[pa.Array, pa.Array]:
    """Resources and the values of their owner tags, the key's own case first."""
    keys, ids, values = (_array(tags[name], pa.string()) for name in ("key", column, "value"))
    mine = pc.equal(pc.utf8_lower(keys), tag.lower())
    keys, ids, values = (array.filter(mine) for array in (keys, ids, values))
    order = pc.sort_indices(
        pa.table({"other": pc.not_equal(keys, tag), "key": keys}), [("other", "ascending"), ("key", "ascending")]
    )
    return ids.take(order), values.take(order)


def _array(series: pd.Series[Any], kind: pa.DataType) -> pa.Array:
    return in_arrow(series).cast(kind)
