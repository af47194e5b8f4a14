"""What was delivered: snapshots, images, recovery points and jobs, each with the promise it was made for.

What Data Lifecycle Manager makes carries its policy and schedule as ``aws:`` tags, which nobody can forge; recovery
points and jobs of AWS Backup name the plan and rule that started them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.backup.schedules import Instants, moments
from auditor.frames.columns import as_arrow

#: How good a delivery is, best first; the window it belongs to takes the best.
USABLE, PARTIAL, FAILED, PENDING, GONE = range(5)

_JOBS = {
    "FAILED": FAILED,
    "ABORTED": FAILED,
    "EXPIRED": FAILED,
    "PARTIAL": PARTIAL,
    "CREATED": PENDING,
    "PENDING": PENDING,
    "RUNNING": PENDING,
    "ABORTING": PENDING,
}
_POINTS = {"COMPLETED": USABLE, "AVAILABLE": USABLE, "PARTIAL": PARTIAL, "CREATING": PENDING}
_SNAPSHOTS = {"completed": USABLE, "error": FAILED, "pending": PENDING}
_IMAGES = {"available": USABLE, "failed": FAILED, "error": FAILED, "invalid": FAILED, "pending": PENDING}

_POLICY, _SCHEDULE = "aws:dlm:lifecycle-policy-id", "aws:dlm:lifecycle-schedule-name"

_NEVER = -(2**62)


@dataclass(frozen=True)
class Deliveries:
    """Things that were made, or that were tried, for promises: columns of one length.

    Attributes:
        resource: The volume or instance.
        promise: The promise's id.
        at: When it was begun, in microseconds since 1970.
        done: When it became usable.
        quality: ``USABLE``, ``PARTIAL``, ``FAILED``, ``PENDING`` or ``GONE``.
        name: Snapshot, image or recovery point.
        cause: What is said of it.
    """

    resource: pa.Array
    promise: pa.Array
    at: Instants
    done: Instants
    quality: np.ndarray[Any, np.dtype[np.int8]]
    name: pa.Array
    cause: pa.Array

    def __len__(self) -> int:
        return len(self.at)

    def take(self, places: np.ndarray[Any, Any]) -> Deliveries:
        """Some of them, in the order of the places."""
        rows = pa.array(places)
        texts = (each.take(rows) for each in (self.resource, self.promise, self.name, self.cause))
        resource, promise, name, cause = texts
        return Deliveries(resource, promise, self.at[places], self.done[places], self.quality[places], name, cause)

    @classmethod
    def all(cls, *parts: Deliveries) -> Deliveries:
        """All of several."""
        resource, promise, name, cause = (
            pa.concat_arrays([getattr(part, column) for part in parts])
            for column in ("resource", "promise", "name", "cause")
        )
        at, done, quality = (
            np.concatenate([getattr(part, column) for part in parts]) for column in ("at", "done", "quality")
        )
        return cls(resource, promise, at, done, quality, name, cause)


_NO_TEXT = pa.array([], pa.string())
_NO_TIME = np.array([], dtype=np.int64)

#: No delivery at all.
NONE = Deliveries(_NO_TEXT, _NO_TEXT, _NO_TIME, _NO_TIME, np.array([], dtype=np.int8), _NO_TEXT, _NO_TEXT)


def of_snapshots(snapshots: pd.DataFrame, tags: pd.DataFrame) -> Deliveries:
    """Snapshots that lifecycle policies made; the resource is the volume."""
    promise = _by_tags(snapshots["snapshot_id"], tags, "snapshot_id")
    at = moments(snapshots["started_at"])
    quality = _graded(snapshots["state"], _SNAPSHOTS)
    made = Deliveries(
        as_arrow(snapshots["volume_id"]),
        promise,
        at,
        at,
        quality,
        as_arrow(snapshots["snapshot_id"]),
        as_arrow(snapshots["state_message"]),
    )
    return _of_promises(made)


def of_images(images: pd.DataFrame, tags: pd.DataFrame) -> Deliveries:
    """Images that lifecycle policies made; the resource is the instance."""
    promise = _by_tags(images["image_id"], tags, "image_id")
    at = moments(images["created_at"])
    state = as_arrow(images["state"])
    quality = _graded(images["state"], _IMAGES)
    plain = pc.if_else(pc.equal(state, "available"), None, pc.binary_join_element_wise("the image is", state, " "))
    cause = pc.coalesce(as_arrow(images["state_reason"]), plain)
    made = Deliveries(
        as_arrow(images["source_instance_id"]), promise, at, at, quality, as_arrow(images["image_id"]), cause
    )
    return _of_promises(made)


def of_plans(points: pd.DataFrame, jobs: pd.DataFrame) -> Deliveries:
    """Recovery points that plans made, and jobs of plans that made none or whose recovery point is gone.

    Copies in other vaults are not what the rule promised. A job is created at the scheduled time; its recovery point
    may come hours later, so that the job tells better which time it was for.
    """
    made = points[points["source_vault_arn"].isna()]
    arns = as_arrow(made["recovery_point_arn"])
    job = pc.index_in(arns, value_set=as_arrow(jobs["recovery_point_arn"]), skip_nulls=True)
    plan, rule = (pc.coalesce(as_arrow(made[name]), as_arrow(jobs[name]).take(job)) for name in ("plan_id", "rule_id"))
    created = moments(made["created_at"])
    started = pa.array(moments(jobs["created_at"])).take(job)
    at = pc.fill_null(started, _NEVER).to_numpy(zero_copy_only=False)
    done = moments(made["completed_at"])
    status = pc.binary_join_element_wise("its recovery point is", as_arrow(made["status"].str.lower()), " ")
    delivered = Deliveries(
        as_arrow(made["resource_id"]),
        pc.binary_join_element_wise(plan, rule, "/"),
        np.where(at > _NEVER, at, created),
        np.where(done > _NEVER, done, created),
        _graded(made["status"], _POINTS),
        arns,
        pc.coalesce(as_arrow(made["status_message"]), status),
    )
    return _of_promises(Deliveries.all(delivered, _attempts(jobs, arns)))


def _attempts(jobs: pd.DataFrame, arns: pa.Array) -> Deliveries:
    """Jobs that made nothing that is still there."""
    there = pc.is_in(as_arrow(jobs["recovery_point_arn"]), value_set=arns, skip_nulls=True)
    completed = pc.fill_null(pc.equal(as_arrow(jobs["state"]), "COMPLETED"), False)
    kept = pc.invert(pc.and_(there, completed)).to_numpy(zero_copy_only=False)
    other, completed = jobs[kept], completed.filter(kept)
    at = moments(other["created_at"])
    state = pc.binary_join_element_wise("its job is", as_arrow(other["state"].str.lower()), " ")
    told = pc.coalesce(as_arrow(other["status_message"]), state)
    return Deliveries(
        as_arrow(other["resource_id"]),
        pc.binary_join_element_wise(as_arrow(other["plan_id"]), as_arrow(other["rule_id"]), "/"),
        at,
        at,
        _graded(other["state"], _JOBS),
        pa.nulls(len(other), pa.string()),
        pc.if_else(completed, "made and deleted before its time", told),
    )


@dataclass(frozen=True)
class Backups:
    """Every usable backup of volumes and instances, whoever made it: columns of one length.

    Attributes:
        resource: The volume or instance.
        at: Its moment, in microseconds since 1970.
        name: Snapshot, image or recovery point.
    """

    resource: pa.Array
    at: Instants
    name: pa.Array


def usable(snapshots: pd.DataFrame, images: pd.DataFrame, points: pd.DataFrame, attachments: pd.DataFrame) -> Backups:
    """Every usable backup.

    A recovery point of an instance holds each of its volumes that was attached by then. Images hold instances; the
    snapshots behind them name the volumes themselves.
    """
    kept, held = _of_points(points, attachments) if len(points) else ([], [])
    parts = [
        _those(snapshots, "completed", "volume_id", "started_at", "snapshot_id"),
        *kept,
        _those(images, "available", "source_instance_id", "created_at", "image_id"),
        *held,
    ]
    resource, name = (pa.concat_arrays([part[place] for part in parts]) for place in (0, 2))
    at = np.concatenate([part[1] for part in parts])
    known = pc.is_valid(resource).to_numpy(zero_copy_only=False) & (at > _NEVER)
    return Backups(resource.filter(known), at[known], name.filter(known))


#: Resource, moment and name of backups.
_Part = tuple[pa.Array, Instants, pa.Array]


def _those(frame: pd.DataFrame, state: str, resource: str, at: str, name: str) -> _Part:
    """The backups that are in a state."""
    there = pc.fill_null(pc.equal(as_arrow(frame["state"]), state), False)
    rows = there.to_numpy(zero_copy_only=False)
    texts = (as_arrow(frame[column]).cast(pa.string()).filter(there) for column in (resource, name))
    return next(texts), moments(frame[at])[rows], next(texts)


def _of_points(points: pd.DataFrame, attachments: pd.DataFrame) -> tuple[list[_Part], list[_Part]]:
    """What recovery points are backups of themselves, and the volumes that those of instances hold."""
    kept = points[points["status"].isin(["COMPLETED", "AVAILABLE"])]
    machines = kept[kept["resource_type"].eq("EC2").fillna(False)]
    attached = attachments[["instance_id", "volume_id", "attached_at"]].rename(columns={"instance_id": "resource_id"})
    held = machines.merge(attached, on="resource_id")
    held = held[(held["attached_at"] <= held["created_at"]).fillna(False)]
    of_point, of_volume = (
        (
            as_arrow(rows[resource]).cast(pa.string()),
            moments(rows["created_at"]),
            as_arrow(rows["recovery_id"].fillna(rows["recovery_point_arn"])).cast(pa.string()),
        )
        for rows, resource in ((kept, "resource_id"), (held, "volume_id"))
    )
    return [of_point], [of_volume]


def _of_promises(made: Deliveries) -> Deliveries:
    known = pc.and_(pc.is_valid(made.resource), pc.is_valid(made.promise)).to_numpy(zero_copy_only=False)
    return made.take((known & (made.at > _NEVER)).nonzero()[0])


def _by_tags(ids: pd.Series[Any], tags: pd.DataFrame, column: str) -> pa.Array:
    """The promise that each snapshot or image was made for; missing where no policy made it."""
    return pc.binary_join_element_wise(*(_value(ids, tags, column, key) for key in (_POLICY, _SCHEDULE)), "/")


def _value(ids: pd.Series[Any], tags: pd.DataFrame, column: str, key: str) -> pa.Array:
    mine = pc.fill_null(pc.equal(as_arrow(tags["key"]), key), False)
    owners, values = as_arrow(tags[column]).filter(mine), as_arrow(tags["value"]).filter(mine)
    return values.take(pc.index_in(as_arrow(ids), value_set=owners, skip_nulls=True))


def _graded(states: pd.Series[Any], grades: Mapping[str, int]) -> np.ndarray[Any, np.dtype[np.int8]]:
    places = pc.index_in(as_arrow(states), value_set=pa.array(list(grades), pa.string()))
    known = pc.fill_null(pa.array(list(grades.values()), pa.int8()).take(places), GONE)
    graded: np.ndarray[Any, np.dtype[np.int8]] = known.to_numpy(zero_copy_only=False)
    return graded
