"""The calendar of backups: every promise of every account and region, and the days of those that were kept worst."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from heapq import nsmallest
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from auditor.analysis.backup.gaps import DELIVERING, PROMISING
from auditor.analysis.places import asked, frames_of
from auditor.inventory import GLOBAL
from auditor.report import text
from auditor.report.backups import BROKEN, STANDINGS, VERDICTS, Backups, Cover, Line

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.config import Config
    from auditor.inventory import Inventory

__all__ = ["Place", "backups_of", "details", "sum_up"]

#: Promises on the page.
_SHOWN: Final = 24

_PROMISE: Final = ["resource_id", "promise_id"]
_RANKS: Final = {verdict: rank for rank, verdict in enumerate(VERDICTS)}


@dataclass(frozen=True)
class Place:
    """How backups stand in one account and region.

    Attributes:
        lines: The promises that were kept worst, as many as could be shown.
        promises: How many promises there are, each once for each resource.
        broken: How many of them were not kept every time.
        windows: How many windows came to what.
        volumes: How many volumes stand how.
    """

    account_id: str
    lines: tuple[Line, ...]
    promises: int
    broken: int
    windows: Counter[str]
    volumes: Counter[str]


def sum_up(frame: Callable[[str], pd.DataFrame], account_id: str, region: str) -> Place:
    """Sum up one account and region.

    Args:
        frame: Gives its frames by name, derived ones too.
        account_id: The account.
        region: The region.
    """
    windows, promises, status = frame("backup_windows"), frame("backup_promises"), frame("backup_status")
    volumes = Counter(_standings(frame).to_list())
    if not len(windows):
        return Place(account_id, (), len(promises), 0, Counter(), volumes)
    windows = windows[[*_PROMISE, "scheduled_at", "verdict", "cause"]].assign(
        resource_id=windows["resource_id"].astype(object),
        promise_id=windows["promise_id"].astype(object),
        verdict=windows["verdict"].astype(object),
        cause=windows["cause"].astype(object),
    )
    counts = windows.groupby([*_PROMISE, "verdict"], observed=True).size().unstack(fill_value=0)
    counts = counts.reindex(columns=list(VERDICTS), fill_value=0)
    broken = counts[list(BROKEN)].sum(axis=1)
    order = counts.assign(broken=broken).sort_values(["broken", *VERDICTS], ascending=False, kind="stable").index
    names = _names(frame, status)
    called = dict(zip(promises["promise_id"].astype(object), promises["promise_name"].astype(object), strict=True))
    worst = pd.DataFrame(order[:_SHOWN].to_list(), columns=_PROMISE).merge(windows, on=_PROMISE)
    lines = [
        _line(
            rows, account_id, region, str(resource), names.get(str(resource), ""), called.get(promise) or str(promise)
        )
        for (resource, promise), rows in worst.groupby(_PROMISE, sort=False)
    ]
    return Place(
        account_id, tuple(lines), len(promises), int(broken.gt(0).sum()), Counter(windows["verdict"].to_list()), volumes
    )


def _line(rows: pd.DataFrame, account_id: str, region: str, resource: str, name: str, promise: str) -> Line:
    days: dict[date, str] = {}
    for at, verdict in zip(rows["scheduled_at"].dt.date, rows["verdict"], strict=True):
        days[at] = min(days.get(at, verdict), verdict, key=_RANKS.__getitem__)
    unmet = rows[rows["verdict"].isin(BROKEN)]
    causes = Counter(unmet["cause"].dropna().to_list())
    return Line(
        account_id=account_id,
        region=region,
        resource_id=resource,
        name=text.plain(name, 40),
        promise=text.plain(promise, 60),
        days=days,
        counts=dict(Counter(rows["verdict"].to_list())),
        cause=text.plain(causes.most_common(1)[0][0], 120) if causes else "",
    )


def _standings(frame: Callable[[str], pd.DataFrame]) -> pd.Series[Any]:
    """How each volume stands; a promise on its instance is a promise on it."""
    status = frame("backup_status")
    volumes = status[status["resource_type"].eq("volume").fillna(value=False)]
    if not len(volumes):
        return pd.Series([], dtype=object)
    windows = frame("backup_windows")
    verdicts = windows["verdict"]
    links = frame("backup_coverage")
    on = links["instance_id"].fillna(links["volume_id"]).astype(object)
    links = pd.DataFrame({"volume_id": links["volume_id"].astype(object), "on": on, "promise": links["promise_id"]})

    def reached(rows: pd.DataFrame) -> pd.Series[Any]:
        """Volumes that are under some promises."""
        mine = links.merge(
            rows[_PROMISE].drop_duplicates().rename(columns={"resource_id": "on", "promise_id": "promise"}),
            on=["on", "promise"],
        )
        return volumes["resource_id"].isin(mine["volume_id"].to_list())

    def touched(which: Sequence[str]) -> pd.Series[Any]:
        """Volumes with a promise one of whose windows came to one of these."""
        return reached(windows[verdicts.isin(which).fillna(value=False)])

    standing = pd.Series("kept", index=volumes.index, dtype=object)
    standing[volumes["promises"].eq(0).fillna(value=True)] = "unpromised"
    standing[(standing == "unpromised") & volumes["excluded_by"].notna()] = "exempt"
    promises = frame("backup_promises")
    unclear = touched(["unknown"]) | reached(promises[promises["earlier_unknown_because"].notna()])
    unclear |= standing.eq("unpromised") & volumes["unknown_because"].notna()
    standing[unclear.to_numpy(dtype=bool)] = "unclear"
    standing[touched(BROKEN).to_numpy(dtype=bool)] = "broken"
    return standing


def _names(frame: Callable[[str], pd.DataFrame], status: pd.DataFrame) -> dict[str, str]:
    """The names of volumes and instances that have one."""
    names: dict[str, str] = {}
    for name, column in (("volumes", "volume_id"), ("instances", "instance_id")):
        if status["resource_type"].eq(column.removesuffix("_id")).fillna(value=False).any():
            rows = frame(name)[[column, "name"]].dropna()
            names |= dict(zip(rows[column].astype(object), rows["name"].astype(object), strict=True))
    return names


def backups_of(
    places: Iterable[Place], inventory: Inventory, config: Config, kept: Path | None = None
) -> Backups | None:
    """The calendar of a run, or nothing where no rule asked what is promised.

    Args:
        places: What :func:`sum_up` made of each account and region.
        inventory: What was collected.
        config: Says how long the audit period is.
        kept: Where derived frames were kept, see :func:`~auditor.analysis.places.keep`.
    """
    if not asked(inventory, (*PROMISING, *DELIVERING)):
        return None
    windows: Counter[str] = Counter()
    accounts: dict[str, Counter[str]] = {}
    lines: list[Line] = []
    promises = broken = 0
    for place in places:
        windows += place.windows
        accounts.setdefault(place.account_id, Counter()).update(place.volumes)
        lines = nsmallest(_SHOWN, [*lines, *place.lines], key=lambda line: line.rank)
        promises, broken = promises + place.promises, broken + place.broken
    covers = [Cover(account, dict(volumes)) for account, volumes in accounts.items() if volumes]
    total = Cover("", {name: sum(cover.volumes.get(name, 0) for cover in covers) for name in STANDINGS})
    until: datetime = inventory.as_of
    return Backups(
        shown=tuple(lines),
        promises=promises,
        broken=broken,
        windows={name: windows.get(name, 0) for name in VERDICTS},
        accounts=tuple(sorted(covers, key=_open)),
        total=total,
        since=(until - timedelta(days=config.backup.days)).date(),
        until=until.date(),
        details=partial(details, inventory, config, inventory.gaps(), kept),
    )


def _open(cover: Cover) -> tuple[int, str]:
    return -sum(cover.volumes.get(name, 0) for name in ("broken", "unpromised", "unclear")), cover.account_id


def details(
    inventory: Inventory, config: Config, gaps: pd.DataFrame, kept: Path | None, account_id: str, region: str
) -> pd.DataFrame:
    """The ``backup_windows`` of one account and region with ``promise_name``, ``mechanism``, ``schedule`` and ``name``.

    Raises:
        InventoryError: A file of the inventory is damaged or missing.
    """
    gaps = gaps[gaps["account_id"].eq(account_id) & gaps["region"].isin([region, GLOBAL])]
    frame = frames_of(inventory, account_id, region, {"gaps": gaps}, config, kept)
    windows = frame("backup_windows")
    promises = frame("backup_promises")[[*_PROMISE, "promise_name", "mechanism", "schedule"]]
    names = _names(frame, frame("backup_status"))
    rows = windows.merge(promises, on=_PROMISE, how="left")
    return rows.assign(name=rows["resource_id"].map(names).astype(rows["resource_id"].dtype))
