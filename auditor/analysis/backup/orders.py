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
from auditor.analysis.backup.revisions import Row, known, rows_of
from auditor.analysis.backup.schedules import DAY

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
        *_asked(promises, policies, ("policy_id", "schedule_name"), lambda rule: _of_policy(rule, own)),
        *_asked(promises, rules, ("plan_id", "rule_id"), _of_rule),
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
    promises: pd.DataFrame, rules: pd.DataFrame, by: tuple[str, str], read: Callable[[Row], Place | None]
) -> list[tuple[Place, Places]]:
    """Each place that a schedule or rule names, with the promises that it is of."""
    if not len(rules) or not len(promises):
        return []
    said, promised = (_keys(frame, by) for frame in (rules, promises))
    found: list[tuple[Place, Places]] = []
    for key, rule in zip(said.to_pylist(), rows_of(rules), strict=True):
        place = read(rule)
        if place is None or key is None:
            continue
        rows = np.flatnonzero(pc.fill_null(pc.equal(promised, key), False))
        if len(rows):
            found.append((place, rows.astype(np.int64)))
    return found


def _keys(frame: pd.DataFrame, by: tuple[str, str]) -> pa.Array:
    first, second = (texts(frame[name]) for name in by)
    return pc.binary_join_element_wise(first, pc.fill_null(second, ""), _BETWEEN)


def _of_policy(rule: Row, own: str) -> Place | None:
    target, unit = rule["target"], rule["retain_interval_unit"]
    if not known(target) or target.startswith("arn:"):  # an Outpost is named by its ARN, and lies in no region
        return None
    days = int(rule["retain_interval"]) * UNIT_DAYS.get(unit, 0) if known(rule["retain_interval"]) else 0
    return Place(target, own, target, None, days * DAY)


def _of_rule(rule: Row) -> Place | None:
    arn = rule["destination_vault_arn"]
    named = _VAULT.fullmatch(arn) if known(arn) else None
    if named is None:
        return None
    days = int(rule["delete_after_days"]) if known(rule["delete_after_days"]) else 0
    return Place(arn, named[2], named[1], named[3], max(days, 0) * DAY)
