"""Copies are told by what stands where they should be."""

import pandas as pd
import pytest

from auditor.analysis.backup import backup_copies
from auditor.frames import FRAMES

HERE = {"account_id": "111122223333", "region": "us-east-1"}
VAULT = "arn:aws:backup:eu-west-1:444455556666:backup-vault:dr"


def frame(name, *rows):
    declared = FRAMES[name]
    if not rows:
        return declared.empty()
    return declared.conform(pd.DataFrame([dict.fromkeys(declared.names) | HERE | row for row in rows]))


class There:
    """The other region, of two accounts."""

    def __init__(self, snapshots=(), points=(), why=None):
        self.tables = {
            "snapshots": frame("snapshots", *snapshots),
            "recovery_points": frame("recovery_points", *points),
        }
        self.why = why
        self.asked = set()

    def rows(self, name, region, columns):
        assert region == "eu-west-1"
        return self.tables[name][list(columns)]

    def unread(self, frames, account_id, region):
        self.asked.add((*frames, account_id, region))
        return self.why


def told(there, mechanism="dlm"):
    policy = mechanism == "dlm"
    by = {"policy_id": "policy-1", "schedule_name": "Daily"} if policy else {"plan_id": "p", "rule_id": "r"}
    promise = {"resource_type": "volume", "resource_id": "vol-1", "promise_id": "x/y", "mechanism": mechanism, **by}
    windows = [
        {
            "resource_id": "vol-1",
            "promise_id": "x/y",
            "verdict": verdict,
            "delivered_by": f"snap-{day}",
            "delivered_at": pd.Timestamp(2026, 1, day, 3, tz="UTC"),
        }
        for day, verdict in ((1, "met"), (2, "late"), (3, "met"), (4, "missed"))
    ]
    rows = backup_copies(
        frame("backup_promises", promise),
        frame("backup_windows", *windows),
        frame(
            "lifecycle_copies", *([{"policy_id": "policy-1", "schedule_name": "Daily", "target": "eu-west-1"}] * policy)
        ),
        frame(
            "backup_rule_copies", *([{"plan_id": "p", "rule_id": "r", "destination_vault_arn": VAULT}] * (not policy))
        ),
        there,
    )
    (row,) = rows.to_dict("records")
    days = [
        row[name].day if pd.notna(row[name]) else None
        for name in ("newest_backup_at", "newest_copy_at", "waiting_from")
    ]
    return (row["destination"], *days, row["unknown_because"] if pd.notna(row["unknown_because"]) else None)


def copied(day, **more):
    own = {"account_id": HERE["account_id"], "state": "completed"}
    return {**own, "description": f"[Copied snap-{day} from us-east-1] Created for policy: policy-1", **more}


@pytest.mark.parametrize(
    ("snapshots", "expected"),
    [
        ([], (3, None, 1)),
        ([copied(1), copied(2), copied(3)], (3, 3, None)),
        ([copied(2)], (3, 2, 3)),
        ([copied(2), copied(3, state="error")], (3, 2, 3)),
        ([copied(2), copied(3, account_id="999999999999")], (3, 2, 3)),
    ],
)
def test_copies_of_snapshots(snapshots, expected):
    assert told(There(snapshots)) == ("eu-west-1", *expected, None)


def point(day, **more):
    row = {"account_id": "444455556666", "vault_name": "dr", "resource_id": "vol-1", "status": "COMPLETED"}
    created = {"created_at": pd.Timestamp(2026, 1, day, 4, tz="UTC"), "source_vault_arn": "arn:vault"}
    return {**row, **created, **more}


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([], (3, None, 1)),
        ([point(2)], (3, 2, 3)),
        ([point(2), point(3)], (3, 3, None)),
        ([point(2), point(3, status="EXPIRED")], (3, 2, 3)),
        ([point(2), point(3, source_vault_arn=None)], (3, 2, 3)),
        ([point(2), point(3, vault_name="other")], (3, 2, 3)),
        ([point(2), point(3, resource_id="vol-2")], (3, 2, 3)),
    ],
)
def test_copies_of_recovery_points(points, expected):
    assert told(There(points=points), "aws-backup") == (VAULT, *expected, None)


def test_what_was_not_read_is_not_told():
    there = There([copied(2)], why="eu-west-1 was not looked at")
    assert told(there)[-1] == "Could not tell: eu-west-1 was not looked at."
    assert there.asked == {("snapshots", HERE["account_id"], "eu-west-1")}
    assert told(There([copied(3)], why="eu-west-1 was not looked at"))[-1] is None
