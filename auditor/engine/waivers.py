"""Exceptions that somebody signed: they mark findings and hide none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.config import Waiver
from auditor.frames import FRAMES


def waive(findings: pa.Table, waivers: Sequence[Waiver], as_of: datetime) -> tuple[pa.Table, pd.DataFrame]:
    """Mark the findings that waivers cover.

    A waiver covers found ones of its rule, its resources, accounts and regions, exactly as written, from its first
    day to its last, both included, in UTC. Where two cover a finding, the one that is written first is named.

    Returns:
        The findings with the ticket in ``waiver``, and the frame ``waivers``.
    """
    today = as_of.astimezone(UTC).date()
    tickets: pa.ChunkedArray = findings.column("waiver")
    rows: list[dict[str, Any]] = []
    for waiver in waivers:
        covered = _covered(findings, waiver)
        count = pc.sum(covered).as_py() or 0
        state = _state(waiver, today, count)
        if state == "active":
            free = pc.and_(covered, pc.is_null(tickets))
            tickets = pc.if_else(free, waiver.ticket, tickets)
        rows.append(_row(waiver, state, count))
    place = findings.schema.get_field_index("waiver")
    return findings.set_column(place, findings.schema.field(place), tickets), FRAMES["waivers"].rows(rows)


def _covered(findings: pa.Table, waiver: Waiver) -> pa.ChunkedArray:
    covered = pc.and_(pc.equal(findings.column("rule_id"), waiver.rule), pc.equal(findings.column("verdict"), "found"))
    for column, wanted in (
        ("resource_id", waiver.resources),
        ("account_id", waiver.accounts),
        ("region", waiver.regions),
    ):
        if wanted:
            held = pc.is_in(findings.column(column), value_set=pa.array(wanted, pa.string()))
            covered = pc.and_(covered, held)
    return covered


def _state(waiver: Waiver, today: date, count: int) -> str:
    if today > waiver.until:
        return "expired"
    if today < waiver.from_:
        return "not yet"
    return "active" if count else "unused"


def _row(waiver: Waiver, state: str, count: int) -> dict[str, Any]:
    return {
        "rule_id": waiver.rule,
        "ticket": waiver.ticket,
        "reason": waiver.reason,
        "owner": waiver.owner,
        "approver": waiver.approver,
        "resources": ", ".join(waiver.resources) or None,
        "accounts": ", ".join(waiver.accounts) or None,
        "regions": ", ".join(waiver.regions) or None,
        "starts_at": datetime.combine(waiver.from_, time(), UTC),
        "ends_at": datetime.combine(waiver.until, time(), UTC),
        "state": state,
        "findings": count,
    }
