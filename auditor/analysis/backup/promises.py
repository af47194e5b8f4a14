"""What is promised to be backed up: by lifecycle policies, by backup plans and by the configuration.

Only enabled policies promise anything. A policy's target tags are alternatives; each of its schedules is a promise of
its own, as is each rule of a plan (Data Lifecycle Manager User Guide, "Elements"; AWS Backup Developer Guide).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from auditor.analysis.backup.cron import ScheduleError
from auditor.analysis.backup.gaps import unread
from auditor.analysis.backup.resources import Held, resources_of, roots_of
from auditor.analysis.backup.schedules import DAY, Instants, every, instants, longest_distance, microseconds, moments
from auditor.analysis.backup.selection import TYPES, selected
from auditor.config import Backup
from auditor.frames import FRAMES

#: Data Lifecycle Manager begins within an hour of the scheduled time (its User Guide, "Considerations").
DLM_START_MINUTES = 60

#: What AWS Backup allows where a rule does not say (AWS Backup Developer Guide, "Backup window").
START_MINUTES, COMPLETION_MINUTES = 480, 10080

#: How old a default policy lets a resource grow before it looks at it (its User Guide, "Default policies").
DEFAULT_POLICY_GRACE_HOURS = 24

#: Days in a unit of retention: a month and a year at their shortest, so that nothing is asked for too long.
UNIT_DAYS = {"DAYS": 1, "WEEKS": 7, "MONTHS": 28, "YEARS": 365}

#: Days over which two scheduled times are looked for where the audit period has none.
_LONG = 400

_COLUMNS = FRAMES["backup_promises"].names


@dataclass(frozen=True)
class _Period:
    """The audit period, in microseconds since 1970."""

    start: int
    end: int


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
    backup_selections: pd.DataFrame,
    backup_selection_terms: pd.DataFrame,
    backup_opt_ins: pd.DataFrame,
    gaps: pd.DataFrame,
    as_of: datetime,
    backup: Backup,
) -> pd.DataFrame:
    """One row per promise and resource; see the frame ``backup_promises`` for the columns."""
    enabled = lifecycle_policies[lifecycle_policies["state"].eq("ENABLED").fillna(False)]
    if not (len(enabled) or len(backup_rules) or backup.rpo):
        return FRAMES["backup_promises"].empty()
    held = resources_of(volumes, volume_tags, instances, instance_tags, attachments)
    roots = roots_of(attachments, instances)
    end = microseconds(as_of)
    period = _Period(end - backup.days * DAY, end)
    opted_in = None if unread(gaps, ["backup_opt_ins"]) else _opted_in(backup_opt_ins)
    parts = [
        *_of_policies(held, enabled, lifecycle_targets, lifecycle_schedules),
        *_of_default_policies(held, enabled, lifecycle_targets, volumes, roots, backup, period),
        *_of_plans(held, backup_plans, backup_rules, backup_selections, backup_selection_terms, opted_in),
        *_of_objectives(held, backup, period),
    ]
    parts = [part for part in parts if len(part)]
    if not parts:
        return FRAMES["backup_promises"].empty()
    promised = pd.concat([part.reindex(columns=[*_COLUMNS, "since", "changed_at"]) for part in parts])
    promised = promised.reset_index(drop=True)
    promised["account_id"], promised["region"] = _where(volumes, instances)
    promised = promised.drop_duplicates(["resource_id", "promise_id"], ignore_index=True)
    return _judged(promised, period)


def _where(volumes: pd.DataFrame, instances: pd.DataFrame) -> tuple[Any, Any]:
    rows = volumes if len(volumes) else instances
    return rows["account_id"].iloc[0], rows["region"].iloc[0]


def _opted_in(opt_ins: pd.DataFrame) -> dict[str, bool]:
    on = opt_ins["opted_in"].fillna(False).astype(bool)
    return dict(zip(opt_ins["resource_type"].fillna(""), on, strict=True))


def _of_policies(
    held: Held, policies: pd.DataFrame, targets: pd.DataFrame, schedules: pd.DataFrame
) -> Iterator[pd.DataFrame]:
    """Promises of custom policies: the tags of their targets, each with every schedule."""
    custom = policies[
        policies["default_policy"].isna()
        & policies["policy_type"].isin(["EBS_SNAPSHOT_MANAGEMENT", "IMAGE_MANAGEMENT"])
    ]
    if not len(custom):
        return
    kind = custom["resource_type"].str.lower().where(custom["policy_type"] != "IMAGE_MANAGEMENT", "instance")
    images = custom["policy_type"].eq("IMAGE_MANAGEMENT")
    wanted = pd.DataFrame(
        {
            "policy_id": custom["policy_id"],
            "resource_type": kind,
            "kind": images.map({True: "images", False: "snapshots"}),
            "description": custom["description"],
            "changed_at": custom["modified_at"].fillna(custom["created_at"]),
        }
    )
    chosen = targets.loc[targets["kind"].eq("target").fillna(False), ["policy_id", "key", "value"]]
    chosen = chosen.assign(value=chosen["value"].fillna(""))
    tags = held.tags.assign(value=held.tags["value"].fillna(""))
    hits = wanted.merge(chosen, on="policy_id").merge(tags, on=["resource_type", "key", "value"])
    hits = hits.drop(columns=["key", "value"]).drop_duplicates(["policy_id", "resource_id"])
    hits = hits.merge(held.resources[["resource_id", "since"]], on="resource_id")
    rows = hits.merge(_schedules(schedules), on="policy_id")
    words = rows["description"].fillna(rows["policy_id"])
    yield rows.assign(
        mechanism="dlm",
        promise_id=rows["policy_id"] + "/" + rows["schedule_name"],
        promise_name=words + ": " + rows["schedule_name"],
        timezone="UTC",
        start_window_minutes=DLM_START_MINUTES,
    )


def _schedules(schedules: pd.DataFrame) -> pd.DataFrame:
    """Schedules with the text they are read by, and how long what they make is kept, archive included."""
    rows = schedules[["policy_id"]].copy()
    rows["schedule_name"] = schedules["schedule_name"].fillna(schedules["position"].astype("string"))
    hours = schedules["interval"].astype(object).where(schedules["interval"].notna(), None)
    starts = schedules["start_time"].astype(object).where(schedules["start_time"].notna(), None)
    interval = [every(each, start) if each is not None else None for each, start in zip(hours, starts, strict=True)]
    rows["schedule"] = schedules["cron_expression"].fillna(pd.Series(interval, schedules.index, dtype="string"))
    archived_days = _days(schedules, "archive_retain").fillna(0)
    archived = schedules["archive_retain_count"].fillna(0)
    rows["kept_days"] = _days(schedules, "retain") + archived_days
    aged = schedules["archive_retain_interval"].notna()  # what an age bounds in the archive, no count bounds
    rows["kept_count"] = (schedules["retain_count"] + archived).mask(aged)
    return rows


def _days(schedules: pd.DataFrame, rule: str) -> pd.Series[Any]:
    units = schedules[f"{rule}_interval_unit"].map(UNIT_DAYS).astype("Int64")
    days: pd.Series[Any] = schedules[f"{rule}_interval"] * units
    return days


def _of_default_policies(
    held: Held,
    policies: pd.DataFrame,
    targets: pd.DataFrame,
    volumes: pd.DataFrame,
    roots: pd.DataFrame,
    backup: Backup,
    period: _Period,
) -> Iterator[pd.DataFrame]:
    """Promises of default policies: every volume or instance that is not left out, no older than their interval."""
    for row in policies[policies["default_policy"].notna()].itertuples():
        policy: Any = row
        kind = str(policy.default_policy).lower()
        mine = held.resources[held.resources["resource_type"] == kind]
        left_out = targets[targets["policy_id"].eq(policy.policy_id).fillna(False)]
        tags = left_out.loc[left_out["kind"] == "exclude_tag", ["key", "value"]].fillna("")
        carried = held.tags.assign(value=held.tags["value"].fillna("")).merge(tags, on=["key", "value"])["resource_id"]
        mine = mine[~mine["resource_id"].isin(carried)]
        if kind == "volume":
            types = left_out.loc[left_out["kind"] == "exclude_volume_type", "value"]
            mine = mine[~mine["resource_id"].isin(volumes.loc[volumes["volume_type"].isin(types), "volume_id"])]
            if left_out["kind"].eq("exclude_boot_volumes").any():
                mine = mine[~mine["resource_id"].isin(roots["volume_id"])]
        days = 1 if pd.isna(policy.create_interval_days) else int(policy.create_interval_days)
        kept = backup.days if pd.isna(policy.retain_interval_days) else int(policy.retain_interval_days) - days
        changed = policy.created_at if pd.isna(policy.modified_at) else policy.modified_at
        promise = _objective(mine, 24 * days, max(days, min(backup.days, kept)), period, changed)
        yield promise.assign(
            mechanism="dlm",
            promise_id=f"{policy.policy_id}/default",
            promise_name=f"{policy.policy_id if pd.isna(policy.description) else policy.description}: default",
            policy_id=policy.policy_id,
            schedule=f"every {days} {'day' if days == 1 else 'days'}",
            start_window_minutes=DEFAULT_POLICY_GRACE_HOURS * 60,
            kept_days=policy.retain_interval_days,
        )


def _of_objectives(held: Held, backup: Backup, period: _Period) -> Iterator[pd.DataFrame]:
    """Promises of the configuration: volumes with a tag, or of an account but for those declared ephemeral."""
    volumes = held.resources[held.resources["resource_type"] == "volume"]
    for name, objective in zip(backup.rpo_names, backup.rpo, strict=True):
        if objective.volumes is not None:
            carried = held.carrying(objective.volumes.tag, objective.volumes.value)
            mine = volumes[volumes["resource_id"].isin(carried)]
        else:
            lost = [each for tagged in backup.ephemeral for each in held.carrying(tagged.tag, tagged.value)]
            mine = volumes[volumes["account_id"].isin(objective.accounts) & ~volumes["resource_id"].isin(lost)]
        promise = _objective(mine, objective.hours, objective.look_back_days, period, pd.NaT)
        yield promise.assign(
            mechanism="rpo",
            promise_id=f"rpo/{name}",
            promise_name=name,
            schedule=f"no older than {objective.hours} hours",
            start_window_minutes=backup.grace_minutes,
        )


def _objective(mine: pd.DataFrame, hours: int, days: int, period: _Period, changed: Any) -> pd.DataFrame:
    """Promises of a greatest age: judged in whole stretches of it, back from the end of the period."""
    step = hours * 3_600_000_000
    stretches = max(1, days * DAY // step)
    born = np.maximum(moments(mine["since"]), -(2**60))
    if not pd.isna(changed):
        born = np.maximum(born, microseconds(changed))
    whole = np.minimum(stretches, np.maximum((period.end - born) // step, 0))
    first = (period.end - whole * step).astype("datetime64[us]")
    return mine[["resource_type", "resource_id"]].assign(
        kind="any",
        timezone="UTC",
        rpo_hours=float(hours),
        interval_hours=float(hours),
        judged_from=pd.Series(pd.DatetimeIndex(first, tz="UTC"), index=mine.index),
    )


def _of_plans(
    held: Held,
    plans: pd.DataFrame,
    rules: pd.DataFrame,
    selections: pd.DataFrame,
    terms: pd.DataFrame,
    opted_in: dict[str, bool] | None,
) -> Iterator[pd.DataFrame]:
    """Promises of AWS Backup: what each selection of a plan selects, with each rule of the plan."""
    for row in selections.itertuples():
        selection: Any = row
        mine = terms[(terms["plan_id"] == selection.plan_id) & (terms["selection_id"] == selection.selection_id)]
        chosen, hindered = selected(held.resources, held.tags, mine, opted_in or {})
        hits = held.resources.loc[chosen, ["resource_type", "resource_id", "since"]]
        if not len(hits):
            continue
        why = "the region is not opted in to AWS Backup for " + hits["resource_type"].map(TYPES).astype("string")
        if opted_in is not None:
            hits["hindered_by"] = why.where(hindered[chosen])
        hits = hits.assign(plan_id=selection.plan_id)
        yield _with_rules(hits, plans, rules, selection.created_at)


def _with_rules(hits: pd.DataFrame, plans: pd.DataFrame, rules: pd.DataFrame, selected_at: Any) -> pd.DataFrame:
    known = plans[["plan_id", "name", "created_at"]].rename(columns={"created_at": "anchored_at"})
    rows = hits.merge(known, on="plan_id").merge(
        rules[
            [
                "plan_id",
                "rule_id",
                "rule_name",
                "vault_name",
                "schedule_expression",
                "schedule_timezone",
                "start_window_minutes",
                "completion_window_minutes",
                "delete_after_days",
            ]
        ],
        on="plan_id",
    )
    changed = rows["anchored_at"]
    if not pd.isna(selected_at):
        changed = changed.mask(changed.isna() | (changed < selected_at), selected_at)
    return rows.assign(
        mechanism="aws-backup",
        promise_id=rows["plan_id"] + "/" + rows["rule_id"],
        promise_name=rows["name"].fillna(rows["plan_id"]) + ": " + rows["rule_name"].fillna(rows["rule_id"]),
        kind="recovery-points",
        schedule=rows["schedule_expression"],
        timezone=rows["schedule_timezone"].fillna("UTC"),
        start_window_minutes=rows["start_window_minutes"].fillna(START_MINUTES),
        completion_window_minutes=rows["completion_window_minutes"].fillna(COMPLETION_MINUTES),
        kept_days=rows["delete_after_days"],
        changed_at=changed,
    )


def _judged(promised: pd.DataFrame, period: _Period) -> pd.DataFrame:
    """With the first instant that is judged, how far apart scheduled times lie, and why a schedule cannot be told."""
    timed = promised["kind"].ne("any").to_numpy()
    anchors = moments(promised["anchored_at"].astype("datetime64[us, UTC]"))
    born = np.maximum(moments(promised["since"].astype("datetime64[us, UTC]")), -(2**60))
    changed = moments(promised["changed_at"].astype("datetime64[us, UTC]"))
    kept = promised["kept_days"].astype("Int64").to_numpy(dtype=np.float64, na_value=np.nan)
    horizon = np.where(np.isnan(kept), period.start, period.end - np.nan_to_num(kept) * DAY + 1).astype(np.int64)
    first = np.maximum.reduce([np.full(len(promised), period.start), born, changed, horizon])
    interval = promised["interval_hours"].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan).copy()
    because = promised["unknown_because"].astype(object).where(promised["unknown_because"].notna(), None).to_numpy()
    counts = promised["kept_count"].astype("Int64").to_numpy(dtype=np.float64, na_value=np.nan)
    for (schedule, zone, anchor), places in _alike(promised, anchors, timed).items():
        try:
            times, distance = _times(schedule, zone, anchor, period)
        except ScheduleError as error:
            because[places] = f"Could not tell: the schedule {schedule!r} {error}."
            continue
        interval[places] = np.nan if distance is None else distance
        first[places] = np.maximum(first[places], _last(times, counts[places], period))
    start = pd.Series(pd.DatetimeIndex(first.astype("datetime64[us]"), tz="UTC"), index=promised.index)
    return promised.assign(
        judged_from=start.where(timed, promised["judged_from"]),
        interval_hours=pd.Series(interval, dtype="Float64").astype("Float64"),
        unknown_because=pd.Series(because, dtype="string"),
    )[_COLUMNS]


def _alike(promised: pd.DataFrame, anchors: Instants, timed: Any) -> dict[tuple[str, str, int | None], Any]:
    """Places of the promises of each distinct schedule, zone and, for rates, anchor."""
    schedule, zone = promised["schedule"].fillna(""), promised["timezone"].fillna("UTC")
    rates = schedule.str.lower().str.contains("rate", regex=False).to_numpy(dtype=bool)
    anchor = np.where(rates & (anchors > -(2**62)), anchors, 0)
    keys = pd.DataFrame({"schedule": schedule, "zone": zone, "anchor": anchor})[timed]
    return {
        (str(key[0]), str(key[1]), int(key[2]) or None): np.asarray(places)
        for key, places in keys.groupby(["schedule", "zone", "anchor"], sort=False).groups.items()
    }


def _times(schedule: str, zone: str, anchor: int | None, period: _Period) -> tuple[Instants, float | None]:
    times = instants(schedule, zone, period.start, period.end, anchor)
    several = times if len(times) > 1 else instants(schedule, zone, period.end - _LONG * DAY, period.end, anchor)
    return times, longest_distance(several)


def _last(times: Instants, counts: Any, period: _Period) -> Instants:
    """The first of the last so many scheduled times; the start of the period where there are no more."""
    held = np.nan_to_num(counts, nan=len(times) + 1.0).astype(np.int64)
    place = len(times) - held
    padded = np.append(times, period.end + 1)
    return np.where(place > 0, padded[np.clip(place, 0, len(times))], period.start)
