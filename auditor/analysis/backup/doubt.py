"""Volumes and instances of which it cannot be told what is promised them, and why."""

from __future__ import annotations

from typing import Final

import pandas as pd

RESOURCE: Final = ["account_id", "region", "resource_type", "resource_id"]


def in_doubt(volumes: pd.DataFrame, instances: pd.DataFrame, status: pd.DataFrame) -> pd.DataFrame:
    """A row with ``unknown_because`` for each reason: a state that is not known, a promise that may not be seen.

    Args:
        volumes: ``volumes``.
        instances: ``instances``.
        status: ``backup_status``.
    """
    parts = [_stateless(*each) for each in ((volumes, "volume"), (instances, "instance")) if each[0]["state"].hasnans]
    if not status["unknown_because"].isna().all():
        parts.append(status.loc[status["unknown_because"].notna(), [*RESOURCE, "unknown_because"]])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*RESOURCE, "unknown_because"])


def _stateless(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    stateless = frame["state"].isna()
    if not stateless.any():  # as a rule
        return pd.DataFrame()
    rows = frame.loc[stateless, ["account_id", "region", f"{kind}_id"]]
    return rows.rename(columns={f"{kind}_id": "resource_id"}).assign(
        resource_type=kind, unknown_because=f"Could not tell: the state of the {kind} is not known."
    )
