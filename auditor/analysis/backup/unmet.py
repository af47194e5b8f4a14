"""Promises that were not kept every time, and what of which that cannot be told."""

from __future__ import annotations

import pandas as pd

from auditor.frames import FRAMES

#: Unmet times that are named; all of them stand in ``backup_windows``.
_TOLD = 5

_UNMET = ["missed", "failed", "partial"]
_RESOURCE = ["account_id", "region", "resource_type", "resource_id"]


def backup_unmet(
    volumes: pd.DataFrame,
    instances: pd.DataFrame,
    backup_promises: pd.DataFrame,
    backup_windows: pd.DataFrame,
    backup_status: pd.DataFrame,
) -> pd.DataFrame:
    """One row per resource and promise with unmet windows, and one per resource in doubt that has none.

    See the frame ``backup_unmet`` for the columns.
    """
    unmet = backup_windows[backup_windows["verdict"].isin(_UNMET)]
    broken = _broken(unmet, backup_windows, backup_promises) if len(unmet) else FRAMES["backup_unmet"].empty()
    doubtful = _doubtful(volumes, instances, backup_windows, backup_status)
    doubtful = doubtful[~doubtful["resource_id"].isin(broken["resource_id"])]
    return pd.concat([broken, doubtful], ignore_index=True) if len(doubtful) else broken


def _broken(unmet: pd.DataFrame, windows: pd.DataFrame, promises: pd.DataFrame) -> pd.DataFrame:
    key = [*_RESOURCE, "promise_id"]
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
    for name in ("promise_name", "schedule", "mechanism"):
        told[name] = known[name].reindex(told["promise_id"]).array
    return FRAMES["backup_unmet"].conform(told.assign(unknown_because=None))


def _last(times: pd.Series[str]) -> str:
    """The last few times, and how many there were before."""
    told = ", ".join(times[-_TOLD:])
    return f"{told}, and {len(times) - _TOLD} earlier" if len(times) > _TOLD else told


def _doubtful(
    volumes: pd.DataFrame, instances: pd.DataFrame, windows: pd.DataFrame, status: pd.DataFrame
) -> pd.DataFrame:
    """Each resource of which it cannot be told whether its promises were kept, with the first reason."""
    stateless = [_stateless(volumes, "volume"), _stateless(instances, "instance")]
    unseen = status.loc[status["unknown_because"].notna(), [*_RESOURCE, "unknown_because"]]
    untold = windows.loc[windows["verdict"].eq("unknown").fillna(value=False), [*_RESOURCE, "cause"]]
    parts = [part for part in (*stateless, unseen, untold.rename(columns={"cause": "unknown_because"})) if len(part)]
    if not parts:
        return FRAMES["backup_unmet"].empty()
    rows = pd.concat(parts, ignore_index=True).drop_duplicates(["resource_type", "resource_id"])
    return FRAMES["backup_unmet"].conform(rows.reindex(columns=[each.name for each in FRAMES["backup_unmet"].columns]))


def _stateless(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    rows = frame.loc[frame["state"].isna(), ["account_id", "region", f"{kind}_id"]]
    return rows.rename(columns={f"{kind}_id": "resource_id"}).assign(
        resource_type=kind, unknown_because=f"Could not tell: the state of the {kind} is not known."
    )
