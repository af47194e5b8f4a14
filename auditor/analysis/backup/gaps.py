"""What could not be read, in words."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

#: Frames that say what promises a volume or instance its backups.
PROMISING = (
    "lifecycle_policies",
    "lifecycle_targets",
    "lifecycle_schedules",
    "backup_plans",
    "backup_rules",
    "backup_selections",
    "backup_selection_terms",
    "backup_opt_ins",
    "instances",
    "instance_tags",
    "volume_tags",
    "attachments",
)

#: Frames that say what backups there are.
DELIVERING = ("snapshots", "images", "recovery_points")


def unread(gaps: pd.DataFrame, frames: Iterable[str]) -> str | None:
    """Why something that rests on frames cannot be told, as a sentence, or nothing."""
    if not len(gaps):
        return None
    rows = gaps[gaps["frame"].isin(list(frames))]
    if not len(rows):
        return None
    collectors = sorted({str(name).replace("_", " ") for name in rows["collector"].dropna()})
    return f"Could not tell: {' and '.join(collectors)} could not be read ({rows['status'].iloc[0]})."
