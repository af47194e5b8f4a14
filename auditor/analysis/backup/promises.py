"""What is promised to be backed up: one row a promise and resource, and from when on it is judged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.backup.cron import ScheduleError
from auditor.analysis.backup.gaps import unread
from auditor.analysis.backup.planned import Versions, of_plans
from auditor.analysis.backup.promising import (
    EVER,
    Estate,
    Period,
    Promised,
    moment,
    of_default_policies,
    of_objectives,
    of_policies,
)
from auditor.analysis.backup.resources import resources_of, roots_of
from auditor.analysis.backup.revisions import Row, known
from auditor.analysis.backup.schedules import DAY, Instants, instants, longest_distance, microseconds
from auditor.analysis.backup.selection import Mask
from auditor.config import Backup
from auditor.frames import FRAMES

#: Days over which two scheduled times are looked for where the audit period has none.
_LONG = 400

_FRAME = FRAMES["backup_promises"]


def backup_promises(
    volumes: pd.DataFrame,
    volume_tags: pd.DataFrame,
    attachments: pd.DataFrame,
    instances: pd.DataFrame,
    instance_tags: pd.DataFrame,
    lifecycle_policies: pd.DataFrame,
    lifecycle_targets: pd.DataFrame,
    lifecycle_schedules: pd.DataFrame,
    backup_plans: pd.DataFrame,
    backup_rules: pd.DataFrame,
    backup_plan_versions: pd.DataFrame,
    backup_promise_versions: pd.DataFrame,
    backup_selections: pd.DataFrame,
    backup_selection_terms: pd.DataFrame,
    backup_opt_ins: pd.DataFrame,
    gaps: pd.DataFrame,
    as_of: datetime,
    backup: Backup,
) -> pd.DataFrame:
    """One row per promise and resource; see the frame ``backup_promises`` for the columns."""
    enabled = lifecycle_policies[lifecycle_policies["state"].eq("ENABLED").fillna(False)]
    if not (len(enabled) or len(backup_selections) or backup.rpo):
        return _FRAME.empty()
    estate = Estate(resources_of(volumes, volume_tags, instances, instance_tags, attachments))
    end = microseconds(as_of)
    period = Period(end - backup.days * DAY, end)
    opted_in = None if unread(gaps, ["backup_opt_ins"]) else _opted_in(backup_opt_ins)
    defaults = enabled["default_policy"].notna()
    custom = enabled[~defaults & enabled["policy_type"].isin(["EBS_SNAPSHOT_MANAGEMENT", "IMAGE_MANAGEMENT"])]
    roots = attachments  # where instances could not be read, whatever is attached may be a root
    if defaults.any() and not unread(gaps, ["instances"]):
        roots = roots_of(attachments, instances)
    versions = Versions(
        frozenset(backup_plan_versions["plan_id"].dropna()),
        backup_promise_versions,
        unread(gaps, ["backup_plan_versions", "backup_rule_versions"]),
    )
    all_promised = [
        *of_policies(estate, custom, lifecycle_targets, lifecycle_schedules),
        *of_default_policies(estate, enabled[defaults], lifecycle_targets, volumes, roots, backup, period),
        *of_plans(
            estate, backup_plans, backup_rules, versions, backup_selections, backup_selection_terms, opted_in, period
        ),
        *of_objectives(estate, backup, period),
    ]
    return _frame(estate, _distinct(estate, all_promised), period)


def _opted_in(opt_ins: pd.DataFrame) -> dict[str, bool]:
    on = opt_ins["opted_in"].fillna(False).astype(bool)
    return dict(zip(opt_ins["resource_type"].fillna(""), on, strict=True))


def _distinct(estate: Estate, promised: Sequence[Promised]) -> list[Promised]:
    """Those that are on anything; of two schedules of one name the first."""
    found: dict[tuple[str, bool], Promised] = {}
    for each in promised:
        if len(each.places):
            found.setdefault((each.columns["promise_id"], bool(estate.is_volume[each.places[0]])), each)
    return list(found.values())


def _frame(estate: Estate, promised: Sequence[Promised], period: Period) -> pd.DataFrame:
    if not promised:
        return _FRAME.empty()
    judged = [_judged(each, period) for each in promised]
    row = np.repeat(np.arange(len(promised)), [len(each.places) for each in promised])
    place = np.concatenate([each.places for each in promised])
    first = np.concatenate([start for _, start in judged])
    rows = pa.array(row)
    table: dict[str, Any] = {}
    for name, kind in zip(_FRAME.names, _FRAME.arrow_schema.types, strict=True):
        values = pa.array([columns.get(name) for columns, _ in judged], kind)
        table[name] = values.take(rows)
    table["promised_from"] = _known_moments(np.concatenate([each.since for each in promised]))
    table["judged_from"] = pa.array(first).cast(pa.timestamp("us", tz="UTC"))
    table["hindered_by"] = _said_of(promised, [each.hindered for each in promised])
    table["earlier_unknown_because"] = _said_of(promised, [each.untold for each in promised])
    resources = estate.held.resources
    for name in ("account_id", "region", "resource_type", "resource_id"):
        table[name] = pa.array(resources[name]).take(pa.array(place)).cast(pa.string())
    return _FRAME.from_arrow(pa.table(table))


def _known_moments(at: Instants) -> pa.Array:
    return pa.array(at, mask=at <= EVER).cast(pa.timestamp("us", tz="UTC"))


def _said_of(promised: Sequence[Promised], said: Sequence[tuple[str, Mask] | None]) -> pa.Array:
    parts = []
    for each, about in zip(promised, said, strict=True):
        if about is None:
            parts.append(pa.nulls(len(each.places), pa.string()))
        else:
            why, those = about
            parts.append(pc.if_else(pa.array(those), why, pa.scalar(None, pa.string())))
    return pa.concat_arrays(parts)


def _judged(promised: Promised, period: Period) -> tuple[Row, Instants]:
    """The promise's columns with how far apart its scheduled times lie, and from when on each resource is judged."""
    columns = dict(promised.columns)
    if columns["kind"] == "any":
        return columns | {"interval_hours": columns["rpo_hours"]}, promised.since
    since, horizon = promised.since, _horizon(columns, period)
    if promised.asked is not None:
        since, horizon = promised.asked, min(_horizon(reading, period) for reading in promised.readings)
    schedule = columns["schedule"] or ""
    try:
        for reading in promised.readings:
            schedule = reading["schedule"] if known(reading["schedule"]) else ""
            instants(schedule, str(reading["timezone"]), period.start, period.end, moment(reading["anchored_at"]))
        times, columns["interval_hours"] = _times(schedule, columns["timezone"], columns.get("anchored_at"), period)
        count = columns.get("kept_count")
        if count is not None and count < len(times):
            horizon = max(horizon, int(times[len(times) - count]) if count else period.end + 1)
    except ScheduleError as error:
        columns["unknown_because"] = f"Could not tell: the schedule {schedule!r} {error}."
    return columns, np.maximum(since, horizon)


def _horizon(said: Row, period: Period) -> int:
    """From when on what was promised must still be there."""
    days = said["kept_days"]
    kept = period.end - int(days) * DAY + 1 if known(days) else EVER
    return max(period.start, kept, moment(said["valid_from"]) if "valid_from" in said else EVER)


def _times(schedule: str, zone: str, anchor: int | None, period: Period) -> tuple[Instants, float | None]:
    times = instants(schedule, zone, period.start, period.end, anchor)
    several = times if len(times) > 1 else instants(schedule, zone, period.end - _LONG * DAY, period.end, anchor)
    return times, longest_distance(several)
