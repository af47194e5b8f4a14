"""Places that name an image or a snapshot, as several collectors find them."""

from __future__ import annotations

import pandas as pd

from auditor.aws.collector import Where
from auditor.aws.shape import table


def version_strength(is_default: bool | None, is_latest: bool | None) -> str:
    """How strongly a launch template version names what it names: default before latest before old."""
    if is_default:
        return "default"
    return "latest" if is_latest else "old"


class References:
    """Rows of ``image_references`` or ``snapshot_references`` in the making.

    Args:
        thing: ``image`` or ``snapshot``.
        seen_by: The call that shows them.
    """

    def __init__(self, thing: str, seen_by: str) -> None:
        self._thing = thing
        self._seen_by = seen_by
        self._rows: dict[tuple[str, str, str, str | None, str], None] = {}

    def add(
        self, resource_id: str, referrer_type: str, referrer_id: str, *, strength: str, detail: str | None = None
    ) -> None:
        """One place that names a resource; one that says the same twice counts once."""
        self._rows[resource_id, referrer_type, referrer_id, detail, strength] = None

    def table(self, where: Where) -> pd.DataFrame:
        """All of them."""
        rows = list(self._rows)
        return table(
            f"{self._thing}_references",
            where,
            len(rows),
            {
                f"{self._thing}_id": [row[0] for row in rows],
                "referrer_type": [row[1] for row in rows],
                "referrer_id": [row[2] for row in rows],
                "detail": [row[3] for row in rows],
                "strength": [row[4] for row in rows],
                "seen_by": [self._seen_by] * len(rows),
            },
        )
