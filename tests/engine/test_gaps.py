"""What was not read leaves rules in the dark: where, which of them, and in what words."""

import pandas as pd
import pytest

from auditor.testing import ACCOUNT, REGION
from tests.engine.judging import (
    HERE,
    OTHER,
    always,
    gap,
    tried,
    verdicts,
    with_accounts,
    with_directory,
    with_gaps,
    with_keys,
    with_locks,
    with_origins,
    with_vaults,
)


@pytest.mark.parametrize(
    ("judge", "row", "dark"),
    [
        (always, gap("snapshots"), True),
        (always, gap("snapshots", "truncated"), True),
        (always, gap("snapshots", "complete"), False),
        (always, gap("snapshot_locks"), False),
        (with_locks, gap("snapshot_locks"), True),
        (with_locks, gap("snapshot_locks", region="eu-west-2"), False),
        (with_locks, gap("snapshot_locks", account_id=OTHER), False),
        (with_origins, gap("volumes"), False),
        (with_accounts, gap("accounts", region="global"), True),
        (with_accounts, gap("accounts", region="global", account_id=OTHER), False),
    ],
)
def test_a_gap_darkens_its_place_for_rules_that_name_the_frame(judge, row, dark):
    made = tried(judge, coverage=[row])
    assert verdicts(made) == {"snap-1": "unknown" if dark else "found"}
    assert made.incomplete is (row["status"] != "complete")


def test_a_gap_is_named_in_the_sentence():
    made = tried(with_locks, coverage=[gap("snapshot_locks"), gap("snapshots", "throttled")])
    assert made.findings["message"].tolist() == [
        f"Could not tell: reading snapshot locks was denied in account {ACCOUNT} {REGION} (UnauthorizedOperation), "
        "and 1 more like it."
    ]


def item(collector, resource, **place):
    row = {**HERE, "collector": collector, **place}
    return {"coverage": [{**row, "status": "complete"}], "items": [{**row, "resource_id": resource, "error_code": "E"}]}


SUBJECTS = {"snapshots": [{"snapshot_id": "snap-1", "kms_key_arn": "key-1"}, {"snapshot_id": "snap-2"}]}


@pytest.mark.parametrize(
    ("judge", "missing", "unknown"),
    [
        (always, item("snapshots", "snap-1"), {"snap-1"}),
        (always, item("snapshot_locks", "snap-1"), set()),
        (with_locks, item("snapshot_locks", "snap-1"), {"snap-1"}),
        (with_locks, item("snapshot_locks", "snap-1", account_id=OTHER), set()),
        (with_keys, item("kms_keys", "key-1"), {"snap-1"}),
        (with_keys, item("kms_keys", "key-2"), set()),
        (with_vaults, item("recovery_points", "a-vault"), {"snap-1", "snap-2"}),
    ],
)
def test_a_single_resource_that_could_not_be_read(judge, missing, unknown):
    made = tried(judge, SUBJECTS, **missing)
    assert {name for name, verdict in verdicts(made).items() if verdict == "unknown"} == unknown
    assert made.incomplete


def test_a_rule_across_accounts_is_dark_everywhere_unless_it_judges_gaps():
    rows = {"snapshots": [{"snapshot_id": "snap-1"}, {"snapshot_id": "snap-2", "account_id": OTHER}]}
    missing = [gap("snapshot_locks", account_id=OTHER)]
    dark = {"snap-1": "unknown", "snap-2": "unknown"}
    assert verdicts(tried(with_locks, rows, coverage=missing, reach="organisation")) == dark
    assert verdicts(tried(with_locks, rows, coverage=missing)) == {**dark, "snap-1": "found"}
    assert verdicts(tried(with_gaps, rows, coverage=missing, reach="organisation")) == {**dark, "snap-1": "found"}
    subject = [gap("snapshots", account_id=OTHER)]
    assert verdicts(tried(with_locks, rows, coverage=subject, reach="organisation")) == {**dark, "snap-1": "found"}


def test_a_partition_rule_sees_its_own_partition_only():
    def crowded(snapshots, volumes, coverage, gaps):
        """Why."""
        seen = set(volumes["account_id"]) | set(coverage["account_id"]) | set(gaps["account_id"])
        return pd.Series(seen != {ACCOUNT}, index=snapshots.index)

    rows = {
        "snapshots": [{"snapshot_id": "snap-1"}],
        "volumes": [{"volume_id": "vol-1"}, {"volume_id": "vol-2", "account_id": OTHER}],
    }
    made = tried(crowded, rows, coverage=[gap("fast_restores"), gap("fast_restores", account_id=OTHER)])
    assert made.tallies["passed"].tolist() == [1]


def test_what_is_the_organisations_is_handed_whole_to_every_place():
    frames = {
        "snapshots": [{"snapshot_id": "snap-1"}, {"snapshot_id": "snap-2", "account_id": OTHER}],
        "directory": [{"member_id": ACCOUNT}, {"member_id": OTHER}],
    }
    assert verdicts(tried(with_directory, frames)) == {"snap-1": "found", "snap-2": "found"}


def test_a_gap_in_what_is_the_organisations_counts_everywhere():
    frames = {"snapshots": [{"snapshot_id": "snap-1"}, {"snapshot_id": "snap-2", "account_id": OTHER}]}
    missing = [gap("directory", account_id="999900001111", region="global")]
    assert verdicts(tried(with_directory, frames, coverage=missing)) == {"snap-1": "unknown", "snap-2": "unknown"}


def test_accounts_are_judged_once():
    def suspended(accounts, snapshots):
        """Why."""
        return pd.Series(len(snapshots) == 2, index=accounts.index)

    rows = {
        "accounts": [{}],
        "snapshots": [{"snapshot_id": "snap-1"}, {"snapshot_id": "snap-2", "region": "eu-west-2"}],
    }
    made = tried(suspended, rows, subject="accounts", message="{account_id}")
    assert made.tallies[["region", "evaluated", "found"]].to_numpy().tolist() == [["global", 1, 1]]
    assert made.findings["resource_id"].tolist() == [ACCOUNT]
