"""What of an earlier run may be used again: what it read whole, and nothing that it was not told itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from auditor.aws.collector import Where
from auditor.aws.earlier import Earlier
from auditor.errors import ConfigError, InventoryError
from auditor.frames import FRAMES
from auditor.inventory import Inventory

HERE = {"account_id": "111122223333", "region": "eu-west-1"}
WHERE = Where("111122223333", "eu-west-1")
STATES = {
    "snap-1": ("completed", "standard"),
    "snap-2": ("completed", None),
    "snap-3": ("pending", "standard"),
    "snap-4": ("completed", "archive"),
    "snap-5": (None, None),
}
SHARES = [("snap-1", "account", "999988887777"), ("snap-1", "group", "all"), ("snap-2", "group", "aws-marketplace")]


def earlier(coverage=(), items=()):
    frames = {
        "snapshots": [
            {**HERE, "snapshot_id": each, "state": state, "storage_tier": tier}
            for each, (state, tier) in STATES.items()
        ],
        "snapshot_shares": [
            {**HERE, "snapshot_id": each, "grantee_type": kind, "grantee": who} for each, kind, who in SHARES
        ],
        "images": [{**HERE, "image_id": "ami-1", "state": "available"}, {**HERE, "image_id": "ami-2"}],
        "image_shares": [{**HERE, "image_id": "ami-1", "grantee_type": "unit", "grantee": "arn:ou/o-a1/ou-a1-b2"}],
    }
    rows = {name: {**HERE, "collector": name, "status": "complete"} for name in frames}
    rows |= {row["collector"]: {**HERE, **row} for row in coverage}
    held = {name: FRAMES[name].rows(each) for name, each in frames.items()}
    gaps = [{**HERE, "collector": "snapshot_shares", "error_code": "Throttled", **item} for item in items]
    return Earlier(Inventory.of(held, datetime(2026, 2, 1, tzinfo=UTC), list(rows.values()), gaps))


def test_what_could_be_asked_then_was_settled_then():
    settled = earlier().settled("snapshot", WHERE)
    assert settled.ids == {"snap-1", "snap-2"}
    assert settled.grants == [
        {"SnapshotId": "snap-1", "UserId": "999988887777"},
        {"SnapshotId": "snap-1", "Group": "all"},
        {"SnapshotId": "snap-2", "Group": "aws-marketplace"},
    ]
    settled = earlier().settled("image", WHERE)
    assert (settled.ids, settled.grants) == (
        {"ami-1"},
        [{"ImageId": "ami-1", "OrganizationalUnitArn": "arn:ou/o-a1/ou-a1-b2"}],
    )


@pytest.mark.parametrize(
    "row",
    [
        {"collector": "snapshot_shares", "status": "denied", "error_code": "UnauthorizedOperation"},
        {"collector": "snapshot_shares", "status": "truncated", "error_code": "BulkOnly"},
        {"collector": "snapshot_shares", "status": "complete", "error_code": "Reused"},
        {"collector": "snapshot_shares", "status": "complete", "error_code": "AnalyzerLag"},
        {"collector": "snapshots", "status": "truncated", "error_code": "RequestLimitExceeded"},
    ],
)
def test_what_was_not_read_whole_and_at_first_hand_is_read_again(row):
    run = earlier([row])
    assert run.settled("snapshot", WHERE) is None
    assert run.settled("image", WHERE) is not None


def test_other_places_and_single_failures_are_read_again():
    assert earlier().settled("snapshot", Where("111122223333", "us-east-1")) is None
    assert earlier(items=[{"resource_id": "snap-1"}]).settled("snapshot", WHERE).ids == {"snap-2"}


@pytest.mark.parametrize(("days", "age"), [(0, "today"), (1, "1 day ago"), (28, "28 days ago")])
def test_its_age_is_said(days, age):
    run = earlier()
    run.read_at = datetime.now(UTC) - timedelta(days=days)
    assert run.said().endswith(f"that was read on {run.read_at:%Y-%m-%d}, {age}.")


def test_the_run_itself_and_no_run_at_all_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="this run's own folder"):
        Earlier.of(tmp_path / "run" / ".." / "run", tmp_path / "run")
    with pytest.raises(InventoryError):
        Earlier.of(tmp_path / "nowhere", tmp_path / "run")
