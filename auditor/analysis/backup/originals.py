"""The backups that are to be copied elsewhere, by what was promised."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from auditor.analysis.backup.deliveries import USABLE, Deliveries, of_images, of_snapshots
from auditor.analysis.backup.matching import EARLY
from auditor.frames import FRAMES

#: One row a snapshot, image or recovery point; a backup of a machine by snapshots has several with one moment.
COLUMNS: Final = ["resource_id", "promise_id", "at", "item"]

_PROMISE: Final = ["resource_id", "promise_id"]


def originals(
    promises: pd.DataFrame,
    windows: pd.DataFrame,
    coverage: pd.DataFrame,
    snapshots: pd.DataFrame,
    snapshot_tags: pd.DataFrame,
    images: pd.DataFrame,
    image_tags: pd.DataFrame,
) -> pd.DataFrame:
    """Every usable backup that some promises made, part by part.

    Args:
        promises: Rows of ``backup_promises`` that are copied.
        windows: ``backup_windows``.
        coverage: ``backup_coverage``.
        snapshots: ``snapshots``.
        snapshot_tags: ``snapshot_tags``.
        images: ``images``.
        image_tags: ``image_tags``.
    """
    aged = promises["kind"].eq("any").to_numpy(dtype=bool)
    sets = (promises["kind"].eq("snapshots") & promises["resource_type"].eq("instance")).to_numpy(dtype=bool)
    met = windows[windows["verdict"].isin(["met", "late"])]
    whole = met.rename(columns={"delivered_at": "at", "delivered_by": "item"})[COLUMNS]
    parts = [whole.merge(promises.loc[~aged & ~sets, _PROMISE].drop_duplicates(), on=_PROMISE)]
    disks = promises["resource_type"].eq("volume").to_numpy(dtype=bool)
    by_policy = _rows(of_snapshots(snapshots, snapshot_tags)) if (sets | (aged & disks)).any() else None
    if by_policy is not None and sets.any():
        parts.append(_of_sets(by_policy, coverage, windows, promises.loc[sets, _PROMISE].drop_duplicates()))
    if by_policy is not None and (aged & disks).any():
        parts.append(_of_defaults(by_policy, promises[aged & disks]))
    if (aged & ~disks).any():
        parts.append(_of_defaults(_rows(of_images(images, image_tags)), promises[aged & ~disks]))
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def _rows(made: Deliveries) -> pd.DataFrame:
    """What is usable, as a frame; the promise is as the tags name it."""
    usable = made.take(np.flatnonzero(made.quality == USABLE))
    text = FRAMES["backup_windows"].empty()["promise_id"].dtype
    named = (("resource_id", usable.resource), ("promise_id", usable.promise), ("item", usable.name))
    rows = pd.DataFrame({name: pd.Series(column.to_pandas(), dtype=text) for name, column in named})
    return rows.assign(at=pd.DatetimeIndex(usable.at.astype("datetime64[us]"), tz="UTC"))


def _of_sets(made: pd.DataFrame, coverage: pd.DataFrame, windows: pd.DataFrame, wanted: pd.DataFrame) -> pd.DataFrame:
    """Snapshots of machines: those of each volume that was attached when a set that was made was due."""
    members = coverage.loc[coverage["instance_id"].notna(), ["instance_id", "promise_id", "volume_id", "covered_from"]]
    members = members.rename(columns={"instance_id": "resource_id"}).merge(wanted, on=_PROMISE)
    rows = made.rename(columns={"resource_id": "volume_id"}).merge(members, on=["volume_id", "promise_id"])
    due = windows.merge(wanted, on=_PROMISE)[[*_PROMISE, "scheduled_at", "delivered_at", "verdict"]]
    if rows.empty or due.empty:
        return rows.reindex(columns=COLUMNS)
    rows["latest"] = rows["at"] + pd.Timedelta(microseconds=EARLY)
    rows = pd.merge_asof(
        rows.sort_values("latest"),
        due.sort_values("scheduled_at"),
        left_on="latest",
        right_on="scheduled_at",
        by=_PROMISE,
    )
    kept = rows["verdict"].isin(["met", "late"]) & (rows["covered_from"] <= rows["scheduled_at"]).fillna(False)
    return rows[kept].assign(at=rows["delivered_at"])[COLUMNS]


def _of_defaults(made: pd.DataFrame, promises: pd.DataFrame) -> pd.DataFrame:
    """What default policies made themselves: they copy nothing else, though anything keeps their promise."""
    policy = made["promise_id"].str.partition("/")[0]
    rows = made.drop(columns="promise_id").assign(policy_id=policy.astype(made["promise_id"].dtype))
    wanted = promises[[*_PROMISE, "policy_id"]].drop_duplicates(_PROMISE)
    return rows.merge(wanted, on=["resource_id", "policy_id"])[COLUMNS]
