"""What backup plans of AWS Backup promise: whatever one of their selections selects, by each of their rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from auditor.analysis.backup.promising import Estate, Period, Promised, moment
from auditor.analysis.backup.revisions import Row, known, of_rule, rows_of
from auditor.analysis.backup.schedules import Instants
from auditor.analysis.backup.selection import TYPES, Mask, selected

#: After everything.
FOREVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Versions:
    """What is known of what plans said before they were changed.

    Attributes:
        read: Plans whose versions were read.
        readings: ``backup_promise_versions``.
        unread: Why some were not read, or nothing.
    """

    read: frozenset[str]
    readings: pd.DataFrame
    unread: str | None

    def untold(self, plan: Row, period: Period) -> str | None:
        """Why it cannot be told what a plan promised in the period before it was changed, or nothing."""
        if moment(plan["created_at"]) <= period.start:
            return None
        if plan["plan_id"] not in self.read:
            return self.unread or "Could not tell: earlier versions of the backup plan were not read."
        return self.unread


def of_plans(
    estate: Estate,
    plans: pd.DataFrame,
    rules: pd.DataFrame,
    versions: Versions,
    selections: pd.DataFrame,
    terms: pd.DataFrame,
    opted_in: Mapping[str, bool] | None,
    period: Period,
) -> Iterator[Promised]:
    """Promises of AWS Backup: what any selection of a plan selects, by each rule of the plan.

    Args:
        estate: The resources.
        plans: ``backup_plans``.
        rules: ``backup_rules``.
        versions: What plans said before.
        selections: ``backup_selections``.
        terms: ``backup_selection_terms``.
        opted_in: AWS Backup's resource types and whether the region is opted in to them; nothing where that is not
            known.
        period: The audit period.
    """
    of_selection, of_each, said = rows_of(selections), rows_of(rules), rows_of(versions.readings)
    of_terms = rows_of(terms)
    for plan in rows_of(plans):
        mine = [selection for selection in of_selection if selection["plan_id"] == plan["plan_id"]]
        chosen_at, hindered = _chosen(estate, mine, of_terms, opted_in or {})
        places = np.flatnonzero(chosen_at < FOREVER)
        if not len(places):
            continue
        asked = np.maximum(estate.since[places], chosen_at[places])
        untold = versions.untold(plan, period)
        for columns, all_readings in _stated(plan, of_each, said):
            begins, ends = _span(plan, all_readings)
            readings = tuple(reading for reading in all_readings if ended(reading) > period.start)
            if ends <= period.start:
                continue
            for kind, name in TYPES.items():
                those = estate.of(kind)[places] & (asked < ends)
                if not those.any():
                    continue
                why = f"the region is not opted in to AWS Backup for {name}"
                earlier = asked[those] < begins
                yield Promised(
                    columns | {"ended_at": ends if ends < FOREVER else None},
                    places[those],
                    np.maximum(asked[those], begins),
                    (why, hindered[places][those]) if opted_in is not None else None,
                    readings,
                    asked[those] if readings else None,
                    (untold, earlier) if untold and earlier.any() else None,
                )


def _chosen(
    estate: Estate, selections: Sequence[Row], terms: Sequence[Row], opted_in: Mapping[str, bool]
) -> tuple[Instants, Mask]:
    """Since when each resource is selected, and whether all that selects it goes unheard in the region."""
    chosen_at = np.full(len(estate.ids), FOREVER)
    hindered = np.ones(len(estate.ids), dtype=bool)
    for selection in selections:
        mine = [term for term in terms if all(term[name] == selection[name] for name in ("plan_id", "selection_id"))]
        chosen, unheard = selected(estate.held.resources, estate.held.tags, mine, opted_in)
        chosen_at = np.minimum(chosen_at, np.where(chosen, moment(selection["created_at"]), FOREVER))
        hindered &= unheard | ~chosen
    return chosen_at, hindered


def _stated(
    plan: Row, rules: Sequence[Row], readings: Sequence[Row]
) -> Iterator[tuple[dict[str, Any], tuple[Row, ...]]]:
    """Each promise of a plan as it reads now, or read last, and how it read from when until when if that changed."""
    histories: dict[str, list[Row]] = {}
    for reading in readings:
        if reading["plan_id"] == plan["plan_id"]:
            histories.setdefault(reading["promise_id"], []).append(reading)
    if not histories:
        for rule in rules:
            if rule["plan_id"] == plan["plan_id"]:
                yield _columns(of_rule(plan, rule)), ()
    for history in histories.values():
        each = tuple(sorted(history, key=lambda reading: moment(reading["valid_from"])))
        yield _columns(dict(each[-1]) | {"mechanism": "aws-backup", "kind": "recovery-points"}), each


def _columns(said: Mapping[str, Any]) -> dict[str, Any]:
    cells = {name: cell if known(cell) else None for name, cell in said.items()}
    anchored = cells["anchored_at"]
    return cells | {"anchored_at": None if anchored is None else moment(anchored)}


def _span(plan: Row, readings: tuple[Row, ...]) -> tuple[int, int]:
    """When a promise was changed last, and when it ended."""
    if not readings:
        return moment(plan["created_at"]), FOREVER
    return moment(readings[-1]["valid_from"]), ended(readings[-1])


def ended(reading: Row) -> int:
    """When a promise no longer read so."""
    return moment(reading["superseded_at"]) if known(reading["superseded_at"]) else FOREVER
