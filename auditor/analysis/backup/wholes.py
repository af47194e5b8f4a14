"""Backups of instances: which volumes they must hold, and whether they do.

Data Lifecycle Manager makes a set of snapshots, one a volume, with the same policy and schedule; AWS Backup and image
policies make an image with a snapshot behind each device.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.backup.deliveries import GONE, PARTIAL, PENDING, USABLE, Deliveries
from auditor.analysis.backup.matching import Places, first_of_each, places_of, texts, windows_of
from auditor.analysis.backup.schedules import Instants, moments

#: Worse than any delivery: there was none.
NOTHING = 9


@dataclass(frozen=True)
class Best:
    """The best delivery of each window: columns of one length, as in ``Deliveries``."""

    quality: np.ndarray[Any, np.dtype[np.int8]]
    at: Instants
    done: Instants
    name: pa.Array
    cause: pa.Array


@dataclass(frozen=True)
class Sets:
    """The volumes that promises on instances cover.

    Attributes:
        whole: For each promise, whether it is on an instance.
        members: ``row`` (the promise's place), ``promise_id``, ``kind``, ``volume_id`` and ``since`` (microseconds),
            sorted by row and since.
    """

    whole: np.ndarray[Any, np.dtype[np.bool_]]
    members: pd.DataFrame

    def asked(self, row: Places, scheduled: Instants) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Windows that ask for something: those of volumes, and of instances that had a volume by then."""
        if not self.whole.any():
            return np.ones(len(row), dtype=bool)
        first = np.full(len(self.whole), np.iinfo(np.int64).max)
        np.minimum.at(first, self.members["row"].to_numpy(), self.members["since"].to_numpy())
        kept: np.ndarray[Any, np.dtype[np.bool_]] = ~self.whole[row] | (first[row] <= scheduled)
        return kept

    def gathered(self, made: Deliveries, row: Places, scheduled: Instants) -> tuple[Places, Best] | None:
        """Windows of multi-volume sets of snapshots that something was made for, and what that came to.

        Args:
            made: Snapshots that policies made, by volume.
            row: The promise of each window.
            scheduled: When each window was scheduled.
        """
        members = self.members[self.members["kind"] == "snapshots"].reset_index(drop=True)
        if not len(members):
            return None
        hits = _hits(members, made)
        hits["window"] = windows_of(hits["row"].to_numpy(), hits["at"].to_numpy(), row, scheduled)
        hits = hits[hits["window"] >= 0]
        if not len(hits):
            return None
        best = first_of_each(
            hits.groupby(["window", "member"]).ngroup().to_numpy(), hits["quality"].to_numpy(), hits["at"].to_numpy()
        )
        best_hits = hits.iloc[best]
        best_hits = best_hits[best_hits["since"] <= scheduled[best_hits["window"]]]
        return _summed(best_hits, members, row, scheduled, made) if len(best_hits) else None


def sets_of(timed: pd.DataFrame, coverage: pd.DataFrame) -> Sets:
    """The volumes of promises on instances.

    Args:
        timed: Rows of ``backup_promises``, by place.
        coverage: ``backup_coverage``.
    """
    whole = timed["resource_type"].eq("instance").to_numpy(dtype=bool)
    if not whole.any():
        return Sets(whole, pd.DataFrame({"row": [], "promise_id": [], "volume_id": [], "since": [], "kind": []}))
    through = coverage[coverage["instance_id"].notna()]
    place = places_of(*(texts(frame[name]) for frame, name in (
        (through, "instance_id"), (through, "promise_id"), (timed, "resource_id"), (timed, "promise_id"),
    )))  # fmt: skip
    members = pd.DataFrame(
        {
            "row": place,
            "promise_id": through["promise_id"].to_numpy(dtype=object),
            "volume_id": through["volume_id"].to_numpy(dtype=object),
            "since": moments(through["covered_from"]),
        }
    )
    members = members[members["row"] >= 0]
    members["kind"] = timed["kind"].to_numpy(dtype=object)[members["row"]]
    return Sets(whole, members.sort_values(["row", "since"], kind="stable", ignore_index=True))


def checked(
    made: Deliveries,
    images: pd.DataFrame,
    devices: pd.DataFrame,
    snapshots: pd.DataFrame,
    timed: pd.DataFrame,
    sets: Sets,
) -> Deliveries:
    """The deliveries, those of instances that lack a volume graded as partial.

    An image that is not the account's own, in an air-gapped vault say, is taken at AWS's word.
    """
    if not len(sets.members) or not len(made):
        return made
    row = places_of(made.resource, made.promise, texts(timed["resource_id"]), texts(timed["promise_id"]))
    place = np.flatnonzero((row >= 0) & sets.whole[row] & (made.quality == USABLE))
    image = pc.replace_substring_regex(made.name.take(pa.array(place)), "^.*/", "")
    claims = pd.DataFrame({"delivery": place, "row": row[place], "at": made.at[place], "image_id": image.to_pandas()})
    claims = claims[claims["image_id"].isin(images["image_id"])]
    if not len(claims):
        return made
    content = devices[["image_id", "snapshot_id"]].merge(snapshots[["snapshot_id", "volume_id"]], on="snapshot_id")
    wanted = claims.merge(sets.members[["row", "volume_id", "since"]], on="row")
    wanted = wanted[wanted["since"] <= wanted["at"]]
    held = pd.MultiIndex.from_frame(content[["image_id", "volume_id"]].astype(object))
    lacking = wanted[~pd.MultiIndex.from_frame(wanted[["image_id", "volume_id"]].astype(object)).isin(held)]
    if not len(lacking):
        return made
    said = lacking.groupby("delivery")["volume_id"].agg(["min", "size"])
    quality = made.quality.copy()
    quality[said.index] = PARTIAL
    causes = np.full(len(made), None, dtype=object)
    causes[said.index] = _lacks(said["min"], said["size"])
    told = pc.coalesce(pa.array(causes, pa.string()), made.cause)
    return replace(made, quality=quality, cause=told)


def _hits(members: pd.DataFrame, made: Deliveries) -> pd.DataFrame:
    """Each snapshot with each member of a set that it may be for: two, where a volume is attached twice."""
    mine = np.flatnonzero(pc.is_in(made.promise, value_set=texts(members["promise_id"].astype("string"))))
    rows = pa.array(mine)
    snapshots = pd.DataFrame(
        {
            "delivery": mine,
            "volume_id": made.resource.take(rows).to_pandas().to_numpy(dtype=object),
            "promise_id": made.promise.take(rows).to_pandas().to_numpy(dtype=object),
            "at": made.at[mine],
            "quality": made.quality[mine],
        }
    )
    return snapshots.merge(members.assign(member=members.index), on=["volume_id", "promise_id"])


def _summed(
    hits: pd.DataFrame, members: pd.DataFrame, row: Places, scheduled: Instants, made: Deliveries
) -> tuple[Places, Best]:
    """One line a window: whole, in the making, partial, or the best of what failed."""
    windows = hits["window"].unique()
    asked = pd.DataFrame({"window": windows, "row": row[windows], "scheduled": scheduled[windows]}).merge(
        members.assign(member=members.index)[["row", "member", "volume_id", "since"]], on="row"
    )
    asked = asked[asked["since"] <= asked["scheduled"]]
    asked = asked.merge(hits[["window", "member", "delivery", "at", "quality"]], on=["window", "member"], how="left")
    asked["quality"] = asked["quality"].fillna(NOTHING)
    there = asked["quality"].eq(USABLE)
    groups = asked.assign(there=there, pending=asked["quality"].eq(PENDING)).groupby("window")
    total = groups.agg(expected=("there", "size"), there=("there", "sum"), pending=("pending", "any"))
    total["best"] = asked[~there].groupby("window")["quality"].min()
    total["lacking"] = asked[~there].groupby("window")["volume_id"].min()
    quality = np.select(
        [total["there"] == total["expected"], total["pending"], total["there"] > 0],
        [USABLE, PENDING, PARTIAL],
        total["best"].fillna(GONE).clip(upper=GONE),
    ).astype(np.int8)
    shown = asked[asked["delivery"].notna()].sort_values(["window", "quality", "at"]).drop_duplicates("window")
    shown = shown.set_index("window").reindex(total.index)
    last = asked[there].groupby("window")["at"].max().reindex(total.index).fillna(shown["at"])
    delivery = pa.array(shown["delivery"].to_numpy(dtype=np.int64))
    lacks = np.full(len(total), None, dtype=object)
    partial = quality == PARTIAL
    lacks[partial] = _lacks(total["lacking"][partial], (total["expected"] - total["there"])[partial])
    best = Best(
        quality,
        last.to_numpy(dtype=np.int64),
        last.to_numpy(dtype=np.int64),
        made.name.take(delivery),
        pc.coalesce(pa.array(lacks, pa.string()), made.cause.take(delivery)),
    )
    return total.index.to_numpy(dtype=np.int64), best


def _lacks(first: pd.Series[Any], count: pd.Series[Any]) -> list[str]:
    pairs = zip(first.tolist(), count.tolist(), strict=True)
    return [f"it lacks {volume}" + (f" and {many - 1} more" if many > 1 else "") for volume, many in pairs]
