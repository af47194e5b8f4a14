"""Who promises what: lifecycle policies, backup plans and the configuration, each with the resources it is for.

Only enabled policies promise anything. A policy's target tags are alternatives; each of its schedules is a promise of
its own, as is each rule of a plan (Data Lifecycle Manager User Guide, "Elements"; AWS Backup Developer Guide).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.backup.matching import Places, texts
from auditor.analysis.backup.resources import Held
from auditor.analysis.backup.revisions import Row, known, rows_of
from auditor.analysis.backup.schedules import DAY, HOUR, Instants, every, microseconds, moments
from auditor.analysis.backup.selection import Mask
from auditor.config import Backup

#: Data Lifecycle Manager begins within an hour of the scheduled time (its User Guide, "Considerations").
DLM_START_MINUTES = 60

#: How old a default policy lets a resource grow before it looks at it (its User Guide, "Default policies").
DEFAULT_POLICY_GRACE_HOURS = 24

#: Days in a unit of retention: a month and a year at their shortest, so that nothing is asked for too long.
UNIT_DAYS = {"DAYS": 1, "WEEKS": 7, "MONTHS": 28, "YEARS": 365}

#: Before everything.
EVER = -(2**60)


@dataclass(frozen=True)
class Period:
    """The audit period, in microseconds since 1970."""

    start: int
    end: int


@dataclass(frozen=True)
class Promised:
    """One promise and the resources it is on.

    Attributes:
        columns: Columns of ``backup_promises`` that are the same for all of them.
        places: The resources' places.
        since: From when on each can be asked for, in microseconds since 1970: creation of the resource or last change
            of the promise; for a greatest age, the start of the first stretch.
        hindered: What keeps the promise from being kept for some, with which those are.
        readings: How it read in the audit period, where it was changed: rows of ``backup_promise_versions``.
        asked: From when on each can be asked for what it said before it was changed; ``since`` where that is nothing.
        untold: Why it cannot be told of some what was promised before, with which those are.
    """

    columns: Row
    places: Places
    since: Instants
    hindered: tuple[str, Mask] | None = None
    readings: tuple[Row, ...] = ()
    asked: Instants | None = None
    untold: tuple[str, Mask] | None = None


class Estate:
    """The volumes and instances of one account and region by place, and what tags they carry."""

    def __init__(self, held: Held) -> None:
        self.held = held
        self.ids = texts(held.resources["resource_id"])
        self.is_volume = held.resources["resource_type"].eq("volume").to_numpy(dtype=bool)
        self.since = np.maximum(moments(held.resources["since"]), EVER)
        owner = pc.index_in(texts(held.tags["resource_id"]), value_set=self.ids, skip_nulls=True)
        self._owner = pc.fill_null(owner, -1).to_numpy().astype(np.int64)
        self._keys, self._values = texts(held.tags["key"]), pc.fill_null(texts(held.tags["value"]), "")

    def of(self, kind: str) -> Mask:
        """Which resources are volumes, or instances."""
        return self.is_volume if kind == "volume" else ~self.is_volume

    def among(self, ids: pd.Series[Any]) -> Mask:
        """Which resources are among some ids."""
        found: Mask = pc.is_in(self.ids, value_set=texts(ids), skip_nulls=True).to_numpy(zero_copy_only=False)
        return found

    def carrying(self, key: Any, value: Any, *, any_value: bool = False) -> Mask:
        """Which resources carry a tag; a missing value is an empty one."""
        rows = pc.equal(self._keys, pa.scalar(str(key)))
        if not any_value:
            rows = pc.and_(rows, pc.equal(self._values, pa.scalar("" if pd.isna(value) else str(value))))
        owners = self._owner[pc.fill_null(rows, False).to_numpy(zero_copy_only=False)]
        found = np.zeros(len(self.ids), dtype=bool)
        found[owners[owners >= 0]] = True
        return found


def of_policies(
    estate: Estate, policies: pd.DataFrame, targets: pd.DataFrame, schedules: pd.DataFrame
) -> Iterator[Promised]:
    """Promises of custom policies: what carries a target's tag, by every schedule.

    Args:
        estate: The resources.
        policies: Enabled custom policies of snapshots and images.
        targets: ``lifecycle_targets``.
        schedules: ``lifecycle_schedules``.
    """
    wanted = rows_of(targets[targets["kind"].eq("target").fillna(False)])
    timed = rows_of(schedules)
    for policy in rows_of(policies):
        images = policy["policy_type"] == "IMAGE_MANAGEMENT"
        kind = "instance" if images else str(policy["resource_type"]).lower()
        carried = np.zeros(len(estate.ids), dtype=bool)
        for target in wanted:
            if target["policy_id"] == policy["policy_id"]:
                carried |= estate.carrying(target["key"], target["value"])
        places = np.flatnonzero(carried & estate.of(kind))
        changed = moment(policy["modified_at"] if known(policy["modified_at"]) else policy["created_at"])
        since = np.maximum(estate.since[places], changed)
        for schedule in timed if len(places) else ():
            if schedule["policy_id"] == policy["policy_id"]:
                kind = "images" if images else "snapshots"
                yield Promised(_of_schedule(policy, schedule) | {"kind": kind}, places, since)


def _of_schedule(policy: Row, schedule: Row) -> dict[str, Any]:
    name = schedule["schedule_name"] if known(schedule["schedule_name"]) else str(schedule["position"])
    interval, start = schedule["interval"], schedule["start_time"]
    text = schedule["cron_expression"]
    if not known(text) and known(interval):
        text = every(int(interval), start if known(start) else None)
    days, count = _days(schedule, "retain"), schedule["retain_count"]
    if known(schedule["archive_retain_interval"]):  # what an age bounds in the archive, no count bounds
        days, count = (days or 0) + (_days(schedule, "archive_retain") or 0), None
    elif known(schedule["archive_retain_count"]):
        count = (int(count) if known(count) else 0) + int(schedule["archive_retain_count"])
    return {
        "mechanism": "dlm",
        "promise_id": f"{policy['policy_id']}/{name}",
        "promise_name": f"{policy['description'] if known(policy['description']) else policy['policy_id']}: {name}",
        "policy_id": policy["policy_id"],
        "schedule_name": name,
        "schedule": text if known(text) else None,
        "timezone": "UTC",
        "start_window_minutes": DLM_START_MINUTES,
        "kept_count": int(count) if known(count) else None,
        "kept_days": days,
    }


def _days(schedule: Row, rule: str) -> int | None:
    number, unit = schedule[f"{rule}_interval"], schedule[f"{rule}_interval_unit"]
    return int(number) * UNIT_DAYS[unit] if known(number) and unit in UNIT_DAYS else None


def of_default_policies(
    estate: Estate,
    policies: pd.DataFrame,
    targets: pd.DataFrame,
    volumes: pd.DataFrame,
    roots: pd.DataFrame,
    backup: Backup,
    period: Period,
) -> Iterator[Promised]:
    """Promises of default policies: every volume or instance that is not left out, no older than their interval."""
    for policy in rows_of(policies):
        kind = str(policy["default_policy"]).lower()
        mine = estate.of(kind).copy()
        for target in rows_of(targets[targets["policy_id"].eq(policy["policy_id"]).fillna(False)]):
            if target["kind"] == "exclude_tag":
                mine &= ~estate.carrying(target["key"], target["value"])
            elif kind == "volume" and target["kind"] == "exclude_volume_type":
                of_type = volumes["volume_type"].eq(target["value"]).fillna(False)
                mine &= ~estate.among(volumes.loc[of_type, "volume_id"])
            elif kind == "volume" and target["kind"] == "exclude_boot_volumes":
                mine &= ~estate.among(roots["volume_id"])
        days = int(policy["create_interval_days"]) if known(policy["create_interval_days"]) else 1
        kept = policy["retain_interval_days"]
        held = int(kept) - days if known(kept) else backup.days
        changed = moment(policy["modified_at"] if known(policy["modified_at"]) else policy["created_at"])
        name = policy["description"] if known(policy["description"]) else policy["policy_id"]
        promise = _objective(estate, mine, 24 * days, max(days, min(backup.days, held)), period, changed)
        columns = {
            "mechanism": "dlm",
            "promise_id": f"{policy['policy_id']}/default",
            "promise_name": f"{name}: default",
            "policy_id": policy["policy_id"],
            "schedule": f"every {days} {'day' if days == 1 else 'days'}",
            "start_window_minutes": DEFAULT_POLICY_GRACE_HOURS * 60,
            "kept_days": int(kept) if known(kept) else None,
        }
        yield replace(promise, columns={**promise.columns, **columns})


def of_objectives(estate: Estate, backup: Backup, period: Period) -> Iterator[Promised]:
    """Promises of the configuration: volumes with a tag, or of an account but for those declared ephemeral."""
    for name, objective in zip(backup.rpo_names, backup.rpo, strict=True):
        if objective.volumes is not None:
            tagged = objective.volumes
            mine = estate.carrying(tagged.tag, tagged.value, any_value=tagged.value is None)
        else:
            mine = estate.held.resources["account_id"].isin(objective.accounts).to_numpy(dtype=bool)
            for tagged in backup.ephemeral:
                mine = mine & ~estate.carrying(tagged.tag, tagged.value, any_value=tagged.value is None)
        mine = mine & estate.is_volume
        promise = _objective(estate, mine, objective.hours, objective.look_back_days, period, EVER)
        columns = {
            "mechanism": "rpo",
            "promise_id": f"rpo/{name}",
            "promise_name": name,
            "schedule": f"no older than {objective.hours} hours",
            "start_window_minutes": backup.grace_minutes,
        }
        yield replace(promise, columns={**promise.columns, **columns})


def _objective(estate: Estate, mine: Mask, hours: int, days: int, period: Period, changed: int) -> Promised:
    """A promise of a greatest age: judged in whole stretches of it, back from the end of the period."""
    places = np.flatnonzero(mine)
    step = hours * HOUR
    born = np.maximum(estate.since[places], changed)
    whole = np.clip((period.end - born) // step, 0, max(1, days * DAY // step))
    columns = {"kind": "any", "timezone": "UTC", "rpo_hours": float(hours)}
    return Promised(columns, places, period.end - whole * step)


def moment(value: Any) -> int:
    """A cell as microseconds since 1970; before everything where it is missing."""
    return microseconds(value) if known(value) else EVER
