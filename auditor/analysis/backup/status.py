"""How each volume and instance is backed up, by all that promises it and whoever did it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.backup import deliveries
from auditor.analysis.backup.deliveries import Backups
from auditor.analysis.backup.gaps import DELIVERING, PROMISING, unread
from auditor.analysis.backup.matching import texts
from auditor.analysis.backup.resources import Held, resources_of
from auditor.analysis.backup.schedules import DAY, HOUR, Instants, microseconds, moments
from auditor.config import Backup, Tagged
from auditor.frames import FRAMES
from auditor.frames.columns import PANDAS

#: How mechanisms are said.
WORDS = {"dlm": "Data Lifecycle Manager", "aws-backup": "AWS Backup", "rpo": "the configuration"}

_MECHANISMS = sorted(WORDS, key=lambda mechanism: WORDS[mechanism])

#: How sets of mechanisms are said, by the sum of two to the power of the place of each; nothing for none.
_NAMED = np.array(
    [
        " and ".join(WORDS[name] for place, name in enumerate(_MECHANISMS) if chosen >> place & 1) or None
        for chosen in range(1 << len(WORDS))
    ],
    dtype=object,
)

_VERDICTS = ("met", "late", "missed", "failed", "partial", "pending", "unknown")
_NEVER = np.iinfo(np.int64).min


def backup_status(
    volumes: pd.DataFrame,
    volume_tags: pd.DataFrame,
    instances: pd.DataFrame,
    instance_tags: pd.DataFrame,
    attachments: pd.DataFrame,
    snapshots: pd.DataFrame,
    images: pd.DataFrame,
    recovery_points: pd.DataFrame,
    backup_promises: pd.DataFrame,
    backup_coverage: pd.DataFrame,
    backup_windows: pd.DataFrame,
    gaps: pd.DataFrame,
    as_of: datetime,
    backup: Backup,
) -> pd.DataFrame:
    """One row per volume and instance; see the frame ``backup_status`` for the columns."""
    held = resources_of(volumes, volume_tags, instances, instance_tags, attachments)
    resources = held.resources
    if not len(resources):
        return FRAMES["backup_status"].empty()
    ids = texts(resources["resource_id"])
    now = microseconds(as_of)
    columns: dict[str, Any] = {
        name: resources[name].array for name in ("account_id", "region", "resource_type", "resource_id")
    }
    promises, coverage = (frame[frame["ended_at"].isna()] for frame in (backup_promises, backup_coverage))
    columns |= _promised(ids, promises, coverage, backup)
    usable = _with_sets(deliveries.usable(snapshots, images, recovery_points, attachments), backup_windows)
    columns |= _delivered(ids, usable, moments(resources["since"]), now, now - backup.days * DAY)
    columns |= _counts(ids, backup_windows)
    columns["excluded_by"] = _excluded(held, backup.ephemeral)
    columns["unknown_because"] = _why(ids, backup_promises, backup_coverage, unread(gaps, PROMISING))
    columns["unseen_because"] = _text(np.full(len(resources), unread(gaps, DELIVERING), dtype=object))
    return pd.DataFrame(columns)[FRAMES["backup_status"].names]


def _with_sets(usable: Backups, windows: pd.DataFrame) -> Backups:
    """With the multi-volume sets of instances, which only their windows tell to be whole."""
    sets = windows[windows["resource_type"].eq("instance") & windows["verdict"].isin(["met", "late"])]
    if not len(sets):
        return usable
    return Backups(
        pa.concat_arrays([usable.resource, texts(sets["resource_id"])]),
        np.concatenate([usable.at, moments(sets["delivered_at"])]),
        pa.concat_arrays([usable.name, texts(sets["delivered_by"])]),
    )


def _promised(ids: pa.Array, promises: pd.DataFrame, coverage: pd.DataFrame, backup: Backup) -> dict[str, Any]:
    """How many promises cover each resource, by what mechanisms, and the greatest age that the strictest allows."""
    size = len(ids)
    count, through = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=bool)
    strictest = np.full(size, np.inf)
    covered: np.ndarray[Any, Any] = np.full(size, None, dtype=object)
    links = _links(promises, coverage) if len(promises) else promises
    if len(links):
        place = pc.fill_null(pc.index_in(texts(links["resource_id"]), value_set=ids), -1).to_numpy()
        links = links[place >= 0].assign(place=place[place >= 0])
        allowed = promises.assign(
            hours=promises["interval_hours"].astype("Float64")
            + (promises["start_window_minutes"].fillna(0) + _grace(promises, backup)) / 60
        ).drop_duplicates("promise_id")
        links = links.merge(allowed[["promise_id", "hours"]], on="promise_id", how="left")
        links = links.drop_duplicates(["place", "promise_id", "through"])
        alone = links.drop_duplicates(["place", "promise_id"])
        np.add.at(count, alone["place"].to_numpy(), 1)
        through[links.loc[links["through"], "place"].to_numpy()] = True
        hours = links["hours"].to_numpy(dtype=np.float64, na_value=np.inf)
        np.minimum.at(strictest, links["place"].to_numpy(), hours)
        which = np.zeros(size, dtype=np.int64)
        for number, mechanism in enumerate(_MECHANISMS):
            which[links.loc[links["mechanism"].eq(mechanism).fillna(False).to_numpy(bool), "place"]] |= 1 << number
        covered = _NAMED[which]
    return {
        "promises": pd.array(count, dtype="Int64"),
        "covered_by": _text(covered),
        "promised_hours": pd.array(np.where(np.isinf(strictest), np.nan, strictest), dtype="Float64"),
        "through_instance": pd.array(through, dtype="boolean"),
    }


def _grace(promises: pd.DataFrame, backup: Backup) -> Any:
    """Minutes of grace; promises of a greatest age have theirs in the start window already."""
    return np.where(promises["kind"] == "any", 0, backup.grace_minutes)


def _links(promises: pd.DataFrame, coverage: pd.DataFrame) -> pd.DataFrame:
    """Each promise with each resource it covers, and whether it does so through an instance."""
    wanted = ["resource_id", "promise_id", "mechanism"]
    whole = promises.loc[promises["resource_type"] == "instance", wanted].assign(through=False)
    covered = coverage.rename(columns={"volume_id": "resource_id"})
    covered = covered[wanted].assign(through=coverage["instance_id"].notna().to_numpy(dtype=bool))
    return pd.concat([part for part in (whole, covered) if len(part)] or [whole], ignore_index=True)


def _delivered(ids: pa.Array, usable: Backups, since: Instants, now: int, start: int) -> dict[str, Any]:
    """The newest usable backup of each resource, and the longest time without a newer one in the audit period."""
    size = len(ids)
    resource = pc.fill_null(pc.index_in(usable.resource, value_set=ids), -1).to_numpy()
    mine = np.flatnonzero((resource >= 0) & (usable.at <= now))
    order = mine[np.lexsort((usable.at[mine], resource[mine]))]
    owner, at = resource[order], usable.at[order]
    newest = np.full(size, _NEVER)
    source = np.full(size, -1)
    newest[owner], source[owner] = at, order  # the last of each is the newest
    inside = at >= start
    owner, at = owner[inside], at[inside]
    begin = np.maximum(since, start)
    previous = np.append(0, at[:-1])
    first = np.diff(owner, prepend=-1) != 0
    gap = at - np.where(first, np.minimum(begin[owner], at), previous)
    worst = np.zeros(size, dtype=np.int64)
    np.maximum.at(worst, owner, gap)
    final = np.minimum(begin, now)
    final[owner] = at
    worst = np.maximum(worst, now - final)
    age = (now - newest) / HOUR
    return {
        "newest_usable_at": pd.DatetimeIndex(newest.astype("datetime64[us]"), tz="UTC"),
        "newest_usable": PANDAS["text"].__from_arrow__(usable.name.take(pa.array(source, mask=source < 0))),
        "age_hours": pd.array(np.where(newest == _NEVER, np.nan, age), dtype="Float64"),
        "worst_gap_hours": pd.array(worst / HOUR, dtype="Float64"),
    }


def _counts(ids: pa.Array, windows: pd.DataFrame) -> dict[str, Any]:
    """How many windows of each verdict each resource has."""
    counts = np.zeros((len(_VERDICTS), len(ids)), dtype=np.int64)
    if len(windows):
        place = pc.fill_null(pc.index_in(texts(windows["resource_id"]), value_set=ids), -1).to_numpy()
        verdict = pc.index_in(texts(windows["verdict"]), value_set=pa.array(list(_VERDICTS))).to_numpy()
        known = place >= 0
        np.add.at(counts, (verdict[known], place[known]), 1)
    columns = {name: pd.array(counts[number], dtype="Int64") for number, name in enumerate(_VERDICTS)}
    return {"windows": pd.array(counts.sum(axis=0), dtype="Int64"), **columns}


def _excluded(held: Held, ephemeral: Iterable[Tagged]) -> Any:
    """The declaration that each resource falls under, the first that fits."""
    ids = held.resources["resource_id"]
    said: np.ndarray[Any, Any] = np.full(len(ids), None, dtype=object)
    for tagged in [*ephemeral][::-1]:
        word = tagged.tag if tagged.value is None else f"{tagged.tag}={tagged.value}"
        said[ids.isin(held.carrying(tagged.tag, tagged.value)).to_numpy(dtype=bool)] = word
    return _text(said)


def _why(ids: pa.Array, promises: pd.DataFrame, coverage: pd.DataFrame, unseen: str | None) -> Any:
    """Why more may be promised than is seen: what was not read, or a promise that cannot be told."""
    said: np.ndarray[Any, Any] = np.full(len(ids), unseen, dtype=object)
    untold = promises[promises["unknown_because"].notna()]
    if len(untold) and unseen is None:
        links = _links(untold, coverage[coverage["promise_id"].isin(untold["promise_id"])])
        because = untold.drop_duplicates("promise_id").set_index("promise_id")["unknown_because"]
        place = pc.fill_null(pc.index_in(texts(links["resource_id"]), value_set=ids), -1).to_numpy()
        told = because.reindex(links["promise_id"]).to_numpy(dtype=object)
        said[place[place >= 0]] = told[place >= 0]
    return _text(said)


def _text(values: np.ndarray[Any, Any]) -> Any:
    return PANDAS["text"].__from_arrow__(pa.array(values, pa.string()))
