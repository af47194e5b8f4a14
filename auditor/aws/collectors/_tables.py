"""The columns that tables of several collectors share."""

from __future__ import annotations

from typing import Any

import pandas as pd

from auditor.aws.collector import Where
from auditor.frames import FRAMES


def at(where: Where, rows: int) -> dict[str, list[Any]]:
    """The columns ``account_id`` and ``region`` for so many rows."""
    return {"account_id": [where.account_id] * rows, "region": [where.region] * rows}


def version_strength(is_default: bool | None, is_latest: bool | None) -> str:
    """How strongly a launch template version names what it names: default before latest before old."""
    if is_default:
        return "default"
    return "latest" if is_latest else "old"


class References:
    """Rows of ``image_references`` or ``snapshot_references`` in the making."""

    def __init__(self, frame: str, seen_by: str) -> None:
        self._frame = FRAMES[frame]
        self._seen_by = seen_by
        self._rows: list[tuple[str, str, str, str | None, str]] = []

    def add(
        self, resource_id: str, referrer_type: str, referrer_id: str, *, strength: str, detail: str | None = None
    ) -> None:
        """One place that names a resource."""
        self._rows.append((resource_id, referrer_type, referrer_id, detail, strength))

    def table(self, where: Where) -> pd.DataFrame:
        """All of them; a place that says the same twice counts once."""
        rows = list(dict.fromkeys(self._rows))
        named, types, referrers, details, strengths = zip(*rows, strict=True) if rows else ((),) * 5
        return self._frame.of(
            {
                **at(where, len(rows)),
                self._frame.names[2]: named,
                "referrer_type": types,
                "referrer_id": referrers,
                "detail": details,
                "strength": strengths,
                "seen_by": [self._seen_by] * len(rows),
            }
        )
