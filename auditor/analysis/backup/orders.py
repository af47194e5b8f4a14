"""What is to be copied where: each promise whose schedule or rule says so, with every place that it names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.backup.matching import Places, texts
from auditor.analysis.backup.promising import UNIT_DAYS
from auditor.analysis.backup.schedules import DAY
from auditor.frames.columns import as_arrow

_VAULT: Final = re.compile(r"arn:[^:]*:backup:([^:]+):(\d{12}):backup-vault:(.+)")

_BETWEEN: Final = "\x1f"


@dataclass(frozen=True)
class Place:
    """Somewhere that copies go.

    Attributes:
        destination: It as declared: a region, or the ARN of a vault.
        account: The account.
        region: The region.
        vault: The vault; nothing for copies that lifecycle policies make.
        held: For how long copies are kept at least, in microseconds; 0 where nothing deletes them.
    """

    destination: str
    account: str
    region: str
    vault: str | None
    held: int


@dataclass(frozen=True)
class Orders:
    """Promises to copy, a row each.

    Attributes:
        row: The place of the promise in ``backup_promises``.
        target: Where copies go, by its number among ``places``.
        places: Each place that some promise names.
    """

    row: Places
    target: Places
    places: tuple[Place, ...]


def orders(promises: pd.DataFrame, policies: pd.DataFrame, rules: pd.DataFrame) -> Orders:
    """Everything that is to be copied.

    Args:
        promises: ``backup_promises``.
        policies: ``lifecycle_copies``.
        rules: ``backup_rule_copies``.
    """
    own = str(promises["account_id"].iat[0]) if len(promises) else ""
    asked = [
        *_asked(promises, policies, ("policy_id", "schedule_name"), lambda copies: _regions(copies, own)),
        *_asked(promises, rules, ("plan_id", "rule_id"), _vaults),
    ]
    places = tuple(dict.fromkeys(place for place, _ in asked))
    if not places:
        return Orders(np.array([], dtype=np.int64), np.array([], dtype=np.int64), ())
    counts = [len(rows) for _, rows in asked]
    target = np.repeat([places.index(place) for place, _ in asked], counts).astype(np.int64)
    row = np.concatenate([rows for _, rows in asked]).astype(np.int64)
    distinct = np.unique(row * len(places) + target)
    return Orders(distinct // len(places), distinct % len(places), places)


def _asked(
    promises: pd.DataFrame,
    rules: pd.DataFrame,
    by: tuple[str, str],
    places: Callable[[pd.DataFrame], list[Place | None]],
) -> list[tuple[Place, Places]]:
    """Each place that a schedule or rule names, with the promises that it is of."""
    if not len(rules) or not len(promises):
        return []
    said, promised = (_keys(frame, by) for frame in (rules, promises))
    found: list[tuple[Place, Places]] = []
    for key, place in zip(said.to_pylist(), places(rules), strict=True):
        if place is None or key is None:
            continue
        rows = np.flatnonzero(pc.fill_null(pc.equal(promised, key), False))
        if len(rows):
            found.append((place, rows.astype(np.int64)))
    return found


def _keys(frame: pd.DataFrame, by: tuple[str, str]) -> pa.Array:
    first, second = (texts(frame[name]) for name in by)
    return pc.binary_join_element_wise(first, pc.fill_null(second, ""), _BETWEEN)


def _regions(copies: pd.DataFrame, own: str) -> list[Place | None]:
    """Where schedules copy to; an Outpost is named by its ARN, and lies in no region."""
    names = ("target", "retain_interval", "retain_interval_unit")
    rows = zip(*(as_arrow(copies[name]).to_pylist() for name in names), strict=True)
    return [
        None
        if not target or target.startswith("arn:")
        else _place(target, own, target, None, number, UNIT_DAYS.get(unit))
        for target, number, unit in rows
    ]


def _vaults(copies: pd.DataFrame) -> list[Place | None]:
    """Where rules of plans copy to."""
    rows = zip(
        *(as_arrow(copies[name]).to_pylist() for name in ("destination_vault_arn", "delete_after_days")), strict=True
    )
    found: list[Place | None] = []
    for arn, days in rows:
        named = _VAULT.fullmatch(arn or "")
        found.append(_place(arn, named[2], named[1], named[3], days, 1) if named else None)
    return found


def _place(
    destination: str, account: str, region: str, vault: str | None, number: int | None, days: int | None
) -> Place:
    return Place(destination, account, region, vault, max(number or 0, 0) * (days or 0) * DAY)
