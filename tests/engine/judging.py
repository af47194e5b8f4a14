"""What tests of the engine share: small rules, a way to try them, and a run folder to judge."""

import inspect
from pathlib import Path

import pandas as pd

from auditor.config import Config
from auditor.engine import evaluate
from auditor.inventory import Inventory
from auditor.rule import rule
from auditor.rulebook import LoadedRule, load_rules
from auditor.testing import ACCOUNT, AS_OF, REGION, frame

OTHER = "444455556666"
HERE = {"account_id": ACCOUNT, "region": REGION}
BUILT_IN = {loaded.rule.id: loaded for loaded in load_rules()}
SNAPSHOT_RULES = [each for each in BUILT_IN.values() if each.rule.subject == "snapshots"]
WORDS = {
    "title": "T",
    "severity": "low",
    "subject": "snapshots",
    "headline": ("1 snapshot", "{count} snapshots"),
    "message": "{snapshot_id} is old",
    "remedy": "r",
    "breaks": "b",
    "controls": {},
}
GIB = 1024**3
PRICED = {
    "snapshot_id": "snap-1",
    "volume_id": "vol-1",
    "volume_size_gib": 100,
    "full_size_bytes": 100 * GIB,
    "storage_tier": "standard",
    "state": "completed",
    "started_at": "10 days ago",
}
WAIVER = {
    "rule": "always",
    "reason": "r",
    "owner": "o",
    "approver": "a",
    "ticket": "T-1",
    "from": "2026-01-01",
    "until": "2026-12-31",
}


def loaded(function, **words):
    return LoadedRule(rule(**(WORDS | words))(function), Path(inspect.getfile(function)), "0" * 64, False)


def tried(function, frames=None, *, coverage=(), items=(), config=None, first_seen=None, **words):
    frames = {"snapshots": [{"snapshot_id": "snap-1"}]} if frames is None else frames
    made = {name: frame(name, rows) for name, rows in frames.items()}
    inventory = Inventory.of(made, AS_OF, coverage, items)
    return evaluate(inventory, [loaded(function, **words)], Config.of(config or {}), first_seen=first_seen)


def gap(collector, status="denied", **place):
    return {**HERE, "collector": collector, "status": status, "error_code": "UnauthorizedOperation", **place}


def always(snapshots):
    """Why."""
    return pd.Series(True, index=snapshots.index, dtype="boolean")


def with_locks(snapshots, snapshot_locks):
    """Why."""
    return pd.Series(True, index=snapshots.index, dtype="boolean")


def with_origins(snapshots, snapshot_origins):
    """Why."""
    return pd.Series(True, index=snapshots.index, dtype="boolean")


def with_accounts(snapshots, accounts):
    """Why."""
    return pd.Series(True, index=snapshots.index, dtype="boolean")


def with_keys(snapshots, kms_keys):
    """Why."""
    return pd.Series(True, index=snapshots.index, dtype="boolean")


def with_vaults(snapshots, recovery_points):
    """Why."""
    return pd.Series(True, index=snapshots.index, dtype="boolean")


def with_gaps(snapshots, snapshot_locks, gaps):
    """Why."""
    return pd.Series(True, index=snapshots.index, dtype="boolean")


def with_directory(snapshots, directory):
    """Why."""
    return pd.Series(len(directory) == 2, index=snapshots.index)


def verdicts(evaluation):
    rows = evaluation.findings[["resource_id", "verdict"]]
    return dict(rows.itertuples(index=False, name=None))


def numbered(rows):
    return [{"snapshot_id": f"snap-{place}", **row} for place, row in enumerate(rows)]


def same(one, two):
    for name in ("findings", "tallies", "waivers", "coverage", "gaps", "item_gaps"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))
    pd.testing.assert_frame_equal(one.rule_runs.drop(columns="seconds"), two.rule_runs.drop(columns="seconds"))
