"""Whether what is backed up is copied to where its promise says: another region, another account, another vault.

CopySnapshot writes the source on the copy's description, and CopyImage names it (Amazon EBS User Guide, "Copy an Amazon
EBS snapshot"; API reference, Image, ``SourceImageId``); Data Lifecycle Manager copies each snapshot, or the image. AWS
Backup's copies name their vault of origin, and keep the creation date of what they are copies of (API reference,
RecoveryPointByBackupVault, ``SourceBackupVaultArn``; Developer Guide, "Copy a backup").
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.backup.copied import NEVER, There, there
from auditor.analysis.backup.doubt import in_doubt
from auditor.analysis.backup.matching import Places, places_of, spread, texts
from auditor.analysis.backup.orders import Orders, orders
from auditor.analysis.backup.originals import Originals, originals
from auditor.analysis.backup.schedules import HOUR, Instants, microseconds, moments
from auditor.analysis.backup.selection import Mask
from auditor.analysis.elsewhere import Elsewhere
from auditor.frames import FRAMES

_FRAME: Final = FRAMES["backup_copies"]

#: After everything.
_FOREVER: Final = int(np.iinfo(np.int64).max)

#: Parts of a backup that are named.
_NAMED: Final = 5

_GONE: Final = "Could not tell: what the copies that are there were made from is gone, and they do not name it."


def backup_copies(
    backup_promises: pd.DataFrame,
    backup_windows: pd.DataFrame,
    backup_coverage: pd.DataFrame,
    backup_status: pd.DataFrame,
    lifecycle_copies: pd.DataFrame,
    backup_rule_copies: pd.DataFrame,
    volumes: pd.DataFrame,
    instances: pd.DataFrame,
    snapshots: pd.DataFrame,
    snapshot_tags: pd.DataFrame,
    images: pd.DataFrame,
    image_tags: pd.DataFrame,
    as_of: datetime,
    elsewhere: Elsewhere,
) -> pd.DataFrame:
    """One row per resource, promise and destination that its backups are to be copied to; see the frame."""
    doubtful = in_doubt(volumes, instances, backup_status)
    asked = orders(backup_promises, lifecycle_copies, backup_rule_copies)
    parts = [_FRAME.conform(doubtful.reindex(columns=_FRAME.names))] if len(doubtful) else []
    if len(asked.row):
        made = originals(
            backup_promises,
            np.unique(asked.row),
            backup_windows,
            backup_coverage,
            snapshots,
            snapshot_tags,
            images,
            image_tags,
        )
        own = pa.concat_arrays([texts(snapshots["snapshot_id"]), texts(images["image_id"])])
        now = microseconds(as_of)
        told = _looked_up(backup_promises, asked, made, own, elsewhere, now)
        parts.append(_judged(backup_promises, asked, told, backup_windows, now))
    return pd.concat(parts, ignore_index=True) if parts else _FRAME.empty()


@dataclass(frozen=True)
class _Told:
    """How far the copies of each order have come: columns of one length.

    Attributes:
        backup: Moment of the newest backup that should be there; ``NEVER`` where there is none.
        copy: Moment of the newest one that is.
        waits: Moment of the first backup after that; ``_FOREVER`` where there is none.
        waiting: The parts of it that are not there.
        loose: Whether the moment of the copy is only when a copy was made, of this resource or another.
        unread: Why more may be there than is seen.
    """

    backup: Instants
    copy: Instants
    waits: Instants
    waiting: list[str | None]
    loose: Mask
    unread: list[str | None]


def _looked_up(
    promises: pd.DataFrame, asked: Orders, made: Originals, own: pa.Array, elsewhere: Elsewhere, now: int
) -> _Told:
    """What became of every order, each asked for where it should be."""
    count = len(asked.row)
    newest = np.full(count, NEVER)
    order, each = _due(promises, asked, made, now)
    at, copied = made.at[each], np.zeros(len(each), dtype=bool)
    unread: list[str | None] = [None] * count
    ends: list[tuple[Places, There]] = []
    for (kind, number), rows in _groups(promises, asked).items():
        place = asked.places[number]
        copies = there(kind, place, str(promises["region"].iat[0]), own, elsewhere)
        why = elsewhere.unread((kind.replace("-", "_"),), place.account, place.region, alone=True)
        for row in rows if why else ():
            unread[row] = why
        newest[rows] = copies.newest(texts(promises["resource_id"]).take(pa.array(asked.row[rows])), place.vault)
        mine = np.flatnonzero(np.isin(order, rows))
        copied[mine] = copies.hold(made.item.take(pa.array(each[mine]))) | (at[mine] <= newest[order[mine]])
        ends.append((rows, copies))
    whole = _whole(order, at, copied)
    np.maximum.at(newest, order[whole], at[whole])
    backup, waits = np.full(count, NEVER), np.full(count, _FOREVER)
    np.maximum.at(backup, order, at)
    behind = at > newest[order]
    np.minimum.at(waits, order[behind], at[behind])
    named: dict[int, list[str]] = defaultdict(list)
    lacking = np.flatnonzero(~copied & (at == waits[order]))
    for row, item in zip(order[lacking].tolist(), made.item.take(pa.array(each[lacking])).to_pylist(), strict=True):
        named[row].append(item)
    loose = _loose(promises, asked, ends, np.flatnonzero((newest == NEVER) & (backup > NEVER)))
    doubtful = loose > NEVER
    waiting = [_names(named[row]) if row in named else None for row in range(count)]
    return _Told(backup, np.where(doubtful, loose, newest), waits, waiting, doubtful, unread)


def _groups(promises: pd.DataFrame, asked: Orders) -> dict[tuple[str, int], Places]:
    """The orders by what is copied and where it goes."""
    kinds = promises["kind"].to_numpy(dtype=object)[asked.row]
    # default policies copy snapshots of volumes, and images of instances
    volumes = promises["resource_type"].eq("volume").to_numpy(dtype=bool)[asked.row]
    kinds = np.where(kinds == "any", np.where(volumes, "snapshots", "images"), kinds)
    found: dict[tuple[str, int], Places] = {}
    for kind in dict.fromkeys(kinds.tolist()):
        for number in range(len(asked.places)):
            rows = np.flatnonzero((kinds == kind) & (asked.target == number))
            if len(rows):
                found[kind, number] = rows
    return found


def _due(promises: pd.DataFrame, asked: Orders, made: Originals, now: int) -> tuple[Places, Places]:
    """Every order with each backup that should be there: places of both."""
    sorting = np.argsort(made.row, kind="stable")
    first, end = (np.searchsorted(made.row[sorting], asked.row, side=side) for side in ("left", "right"))
    order, each = spread(end - first, first, sorting)
    held = np.array([place.held for place in asked.places])[asked.target[order]]
    # before its last change the promise may have said nothing of copies; what their own age has ended is not there
    since = moments(promises["promised_from"])[asked.row[order]]
    kept = (made.at[each] >= since) & ((held == 0) | (made.at[each] >= now - held))
    return order[kept], each[kept]


def _whole(order: Places, at: Instants, copied: Mask) -> Mask:
    """Backups that are there with all of their parts."""
    if copied.all():
        return copied
    sorting = np.lexsort((at, order))
    starts = np.diff(order[sorting], prepend=-1) != 0
    starts |= np.diff(at[sorting], prepend=NEVER) != 0
    group = np.cumsum(starts) - 1
    lacking = np.zeros(len(group), dtype=bool)
    lacking[group[~copied[sorting]]] = True
    whole = np.empty(len(order), dtype=bool)
    whole[sorting] = ~lacking[group]
    return whole


def _loose(promises: pd.DataFrame, asked: Orders, ends: list[tuple[Places, There]], rows: Places) -> Instants:
    """For orders of which nothing is there by name: when the newest copy was made that may be of them."""
    found = np.full(len(asked.row), NEVER)
    named = [texts(promises[name]) for name in ("policy_id", "schedule_name")]
    for mine, copies in ends if len(rows) else ():
        for row in np.intersect1d(mine, rows).tolist():
            policy, schedule = (column[asked.row[row]].as_py() for column in named)
            if policy is not None:
                found[row] = copies.loose(policy, schedule or "")
    return found


def _names(items: list[str]) -> str:
    """The first few, and how many more there are."""
    named = ", ".join(sorted(items)[:_NAMED])
    return f"{named} and {len(items) - _NAMED} more" if len(items) > _NAMED else named


def _judged(promises: pd.DataFrame, asked: Orders, told: _Told, windows: pd.DataFrame, now: int) -> pd.DataFrame:
    """For how long what is there has not been what was promised, and why that cannot be told."""
    apart = promises["interval_hours"].to_numpy(dtype=float, na_value=np.inf)[asked.row] * HOUR
    promised = moments(promises["promised_from"])[asked.row]
    copied, backed, waits = told.copy > NEVER, told.backup > NEVER, told.waits < _FOREVER
    age = np.where(copied, now - told.copy.astype(float), np.nan)
    never = ~copied & backed & (promised > NEVER)
    since = (
        np.where(waits, now - told.waits.astype(float), np.nan),
        age - apart,
        np.where(never, now - promised.astype(float) - apart, np.nan),
    )
    known = copied | backed
    behind = np.where(known, np.maximum(np.fmax.reduce(since), 0) / HOUR, np.nan)
    untold = [
        f"Could not tell: {why}." if why and late else cause
        for why, late, cause in zip(told.unread, behind > 0, _unknown(promises, asked, windows), strict=True)
    ]
    standing = [
        None if not late else "no copy is there" if np.isnan(hours) else f"the newest copy is {hours:.0f} hours old"
        for late, hours in zip(behind > 0, age / HOUR, strict=True)
    ]
    rows = pa.array(asked.row)
    names = ("account_id", "region", "resource_type", "resource_id", "promise_id", "promise_name")
    columns: dict[str, Any] = {name: texts(promises[name]).take(rows) for name in names}
    columns["destination"] = pa.array([place.destination for place in asked.places]).take(pa.array(asked.target))
    columns["newest_backup_at"] = _moments(told.backup, ~backed)
    columns["newest_copy_at"] = _moments(told.copy, ~copied)
    columns["waiting_from"] = _moments(told.waits, ~waits)
    columns["waiting"] = pa.array(told.waiting, pa.string())
    columns["copy_age_hours"] = pa.array(age / HOUR, mask=~copied)
    dark = np.array([why is not None for why in untold])
    columns["behind_hours"] = pa.array(behind, mask=~known | dark)
    columns["standing"] = pa.array(standing, pa.string())
    because = [why or (_GONE if loose else None) for why, loose in zip(untold, told.loose, strict=True)]
    columns["unknown_because"] = pa.array(because, pa.string())
    return _FRAME.from_arrow(pa.table(columns))


def _unknown(promises: pd.DataFrame, asked: Orders, windows: pd.DataFrame) -> list[str | None]:
    """Why it cannot be told what was backed up, of each order."""
    dark = pc.fill_null(pc.equal(texts(windows["verdict"]), "unknown"), False)
    if not pc.any(dark).as_py():
        return [None] * len(asked.row)
    resource, promise, cause = (texts(windows[name]).filter(dark) for name in ("resource_id", "promise_id", "cause"))
    distinct = places_of(resource, promise, *(texts(promises[name]) for name in ("resource_id", "promise_id")))
    causes: dict[int, str | None] = dict(zip(distinct.tolist()[::-1], cause.to_pylist()[::-1], strict=True))
    return [causes.get(row) for row in asked.row.tolist()]


def _moments(at: Instants, missing: Mask) -> pa.Array:
    return pa.array(at, mask=missing).cast(pa.timestamp("us", tz="UTC"))
