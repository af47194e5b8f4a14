"""Promises that were not kept every time, and what of which that cannot be told."""

from __future__ import annotations

import pandas as pd

from auditor.analysis.backup.doubt import RESOURCE, in_doubt
from auditor.frames import FRAMES

#: Unmet times that are named; all of them stand in ``backup_windows``.
_TOLD = 5

_UNMET = ["missed", "failed", "partial"]


def backup_unmet(
    volumes: pd.DataFrame,
    instances: pd.DataFrame,
    backup_promises: pd.DataFrame,
    backup_promise_versions: pd.DataFrame,
    backup_windows: pd.DataFrame,
    backup_status: pd.DataFrame,
) -> pd.DataFrame:
    """One row per resource and promise with unmet windows, and one per resource in doubt that has none.

    See the frame ``backup_unmet`` for the columns.
    """
    unmet = backup_windows[backup_windows["verdict"].isin(_UNMET)]
    broken = FRAMES["backup_unmet"].empty()
    if len(unmet):
        broken = _broken(unmet, backup_windows, backup_promises, backup_promise_versions)
    doubtful = _doubtful(volumes, instances, backup_promises, backup_windows, backup_status)
    doubtful = doubtful[~doubtful["resource_id"].isin(broken["resource_id"])]
    return pd.concat([broken, doubtful], ignore_index=True) if len(doubtful) else broken


def _broken(unmet: pd.DataFrame, windows: pd.DataFrame, promises: pd.DataFrame, versions: pd.DataFrame) -> pd.DataFrame:
    key = [*RESOURCE, "promise_id"]
    rows = unmet.sort_values([*key, "scheduled_at"])
    times = rows["scheduled_at"].dt.strftime("%Y-%m-%d %H:%M")
    told = (
        rows.assign(time=times + " " + rows["verdict"])
        .groupby(key, sort=False)
        .agg(
            unmet=("time", "size"),
            last_scheduled_at=("scheduled_at", "last"),
            due=("time", _last),
            because=("cause", lambda each: "; ".join(dict.fromkeys(each.dropna()))),
        )
    )
    told["windows"] = windows.groupby(key).size().reindex(told.index)
    told = told.reset_index()
    known = promises.drop_duplicates("promise_id").set_index("promise_id")
    for name in ("promise_name", "schedule", "mechanism", "ended_at"):
        told[name] = known[name].reindex(told["promise_id"]).array
    if len(versions):
        _as_it_read_then(told, versions)
    return FRAMES["backup_unmet"].conform(told.assign(unknown_because=None))


def _as_it_read_then(told: pd.DataFrame, versions: pd.DataFrame) -> None:
    """Put in the schedule that was in force at the last unmet time."""
    rows = told[["promise_id", "last_scheduled_at"]].reset_index(names="place")
    rows = rows.merge(versions[["promise_id", "schedule", "valid_from"]], on="promise_id")
    rows = rows[rows["valid_from"] <= rows["last_scheduled_at"]].sort_values("valid_from")
    rows = rows.drop_duplicates("place", keep="last")
    told.loc[rows["place"], "schedule"] = rows["schedule"].array


def _last(times: pd.Series[str]) -> str:
    """The last few times, and how many there were before."""
    told = ", ".join(times[-_TOLD:])
    return f"{told}, and {len(times) - _TOLD} earlier" if len(times) > _TOLD else told


def _doubtful(
    volumes: pd.DataFrame,
    instances: pd.DataFrame,
    promises: pd.DataFrame,
    windows: pd.DataFrame,
    status: pd.DataFrame,
) -> pd.DataFrame:
    """Each resource of which it cannot be told whether its promises were kept, with the first reason."""
    earlier = promises.loc[promises["earlier_unknown_because"].notna(), [*RESOURCE, "earlier_unknown_because"]]
    earlier = earlier.rename(columns={"earlier_unknown_because": "unknown_because"})
    untold = windows.loc[windows["verdict"].eq("unknown").fillna(value=False), [*RESOURCE, "cause"]]
    untold = untold.rename(columns={"cause": "unknown_because"})
    parts = [part for part in (in_doubt(volumes, instances, status), untold, earlier) if len(part)]
    if not parts:
        return FRAMES["backup_unmet"].empty()
    rows = pd.concat(parts, ignore_index=True).drop_duplicates(["resource_type", "resource_id"])
    return FRAMES["backup_unmet"].conform(rows.reindex(columns=FRAMES["backup_unmet"].names))
