"""How promises read from when until when, for judging each time by what was said then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from auditor.analysis.backup.deliveries import Deliveries
from auditor.analysis.backup.matching import texts
from auditor.analysis.backup.schedules import DAY, moments

_SAID = ["schedule", "timezone", "anchored_at", "start_window_minutes", "completion_window_minutes"]

#: After everything.
_FOREVER = np.iinfo(np.int64).max


def readings(timed: pd.DataFrame, versions: pd.DataFrame, now: int) -> pd.DataFrame:
    """Each promise as it read for some time: one row where it was not changed.

    Args:
        timed: Rows of ``backup_promises``.
        versions: ``backup_promise_versions``.
        now: The moment that is judged.

    Returns:
        ``row`` (the promise's place), what was said, and ``begins`` and ``ends``: the first moment that it is judged
        by this, and the first that it no longer is, in microseconds since 1970.
    """
    whole = timed[_SAID].assign(row=np.arange(len(timed)), begins=moments(timed["judged_from"]), ends=_FOREVER)
    if not len(versions):
        return whole
    changed = timed["promise_id"].isin(versions["promise_id"]).to_numpy(dtype=bool)
    told = whole[changed][["row", "begins"]].assign(promise_id=timed.loc[changed, "promise_id"])
    told = told.merge(versions[["promise_id", "kept_days", "valid_from", "superseded_at", *_SAID]], on="promise_id")
    ends = moments(told["superseded_at"])
    days = told["kept_days"].astype("Int64")
    kept: Any = np.where(days.isna(), np.iinfo(np.int64).min, now - days.fillna(0).to_numpy(dtype=np.int64) * DAY + 1)
    begins = np.maximum(np.maximum(told["begins"].to_numpy(), moments(told["valid_from"])), kept)
    told = told.assign(begins=begins, ends=np.where(told["superseded_at"].isna(), _FOREVER, ends))
    columns = whole.columns.to_list()
    parts = [part for part in (whole[~changed], told[columns]) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else whole


def by_newest_id(made: Deliveries, versions: pd.DataFrame) -> Deliveries:
    """What was made, under the promise that the rule is which it names."""
    renewed = versions[versions["made_as"] != versions["promise_id"]]
    if not len(renewed):
        return made
    place = pc.index_in(made.promise, value_set=texts(renewed["made_as"]), skip_nulls=True)
    return replace(made, promise=pc.coalesce(texts(renewed["promise_id"]).take(place), made.promise))
