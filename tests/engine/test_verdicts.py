"""What a rule answers becomes findings, and what is no answer becomes a crash that is contained."""

import json
from datetime import UTC, datetime

import pandas as pd
import pytest

from auditor.config import Config
from auditor.engine import evaluate, finding_id
from auditor.frames import FRAMES
from auditor.inventory import Inventory
from auditor.testing import ACCOUNT, AS_OF, REGION, frame
from tests.engine.judging import (
    HERE,
    OTHER,
    always,
    gap,
    loaded,
    tried,
    verdicts,
)


def test_a_finding_says_everything():
    def old(snapshots, as_of, *, days=30):
        """Why."""
        age = (as_of - snapshots["started_at"]).dt.days.astype("Int64")
        return pd.DataFrame({"found": age > days, "age_days": age, "began": snapshots["started_at"]})

    rows = [{"snapshot_id": "snap-1", "name": "db", "started_at": "12345 days ago"}]
    tags = [{"snapshot_id": "snap-1", "key": "Owner", "value": "ann"}]
    known = finding_id("old", "aws", ACCOUNT, REGION, "snap-1")
    seen = FRAMES["findings"].rows([{"finding_id": known, "first_seen": datetime(2025, 1, 1, tzinfo=UTC)}])
    made = tried(
        old, {"snapshots": rows, "snapshot_tags": tags}, first_seen=seen,
        message="{snapshot_id} ({name}) is {age_days} days old, since {began}; {nothing}",
    )  # fmt: skip
    row = made.findings.iloc[0].to_dict()
    assert row["finding_id"] == finding_id("old", "aws", ACCOUNT, REGION, "snap-1")
    assert row["message"] == "snap-1 (db) is 12,345 days old, since 1992-04-15; unknown"
    assert json.loads(row["evidence"]) == {"age_days": 12345, "began": "1992-04-15T00:00:00Z"}
    assert (row["owner"], row["resource_name"], row["resource_type"]) == ("ann", "db", "snapshot")
    assert row["first_seen"] == pd.Timestamp("2025-01-01", tz="UTC")
    assert (row["severity"], row["verdict"], row["rule_sha256"]) == ("low", "found", "0" * 64)
    assert made.tallies.iloc[0].to_dict() == {
        "rule_id": "old", **HERE, "evaluated": 1, "found": 1, "passed": 0, "unknown": 0, "waived": 0,
    }  # fmt: skip
    assert made.worst == "low"
    assert not made.incomplete


def test_the_policy_sets_parameters_and_severity():
    def old(snapshots, *, days=30):
        """Why."""
        return pd.Series(days == 7, index=snapshots.index)

    made = tried(old, config={"rules": {"old": {"days": 7, "severity": "critical"}}})
    assert made.worst == "critical"
    assert made.rule_runs.loc[0, ["severity", "parameters"]].tolist() == ["critical", '{"days": 7}']
    assert made.rules["old"].severity == "critical"


def test_a_rule_that_is_switched_off_does_not_run():
    made = tried(always, config={"rules": {"always": {"enabled": False}}})
    assert made.rule_runs.empty
    assert made.findings.empty


def test_a_rule_may_grade_rows_and_tell_them_apart():
    def graded(snapshots):
        """Why."""
        return pd.DataFrame({"found": True, "severity": ["critical", None], "discriminator": ["all", None]})

    made = tried(graded, {"snapshots": [{"snapshot_id": "snap-1"}, {"snapshot_id": "snap-2"}]}).findings
    assert made["severity"].tolist() == ["critical", "low"]
    assert made["finding_id"].tolist() == [
        finding_id("graded", "aws", ACCOUNT, REGION, "snap-1", "all"),
        finding_id("graded", "aws", ACCOUNT, REGION, "snap-2"),
    ]
    assert made["evidence"].tolist() == ["{}", "{}"]


FIVE = {"snapshots": [{"snapshot_id": f"snap-{number}"} for number in range(5)]}


def grantees(snapshots):
    """Why."""
    said = [(1, True, "b"), (1, True, "a"), (1, None, "c"), (2, None, "a"), (2, False, "b"), (3, False, "a")]
    return pd.DataFrame(
        {
            "found": pd.Series([found for _, found, _ in said], dtype="boolean").to_numpy(object),
            "discriminator": [grantee for _, _, grantee in said],
            "unknown_because": [f"Nobody knows {grantee}." for _, _, grantee in said],
        },
        index=[snapshots.index[place] for place, _, _ in said],
    ).astype({"found": "boolean"})


@pytest.mark.parametrize("reach", ["partition", "organisation"])
def test_a_rule_may_find_several_things_on_one_row(reach):
    rows = [*FIVE["snapshots"], *({**row, "account_id": OTHER} for row in FIVE["snapshots"])]
    waiver = {
        "rule": "grantees", "resources": ["snap-1"], "reason": "r", "owner": "o", "approver": "a", "ticket": "T-1",
        "from": "2026-01-01", "until": "2026-12-31",
    }  # fmt: skip
    made = tried(grantees, {"snapshots": rows}, reach=reach, config={"waiver": [waiver]})
    assert made.rule_runs["crash"].isna().all()
    here = made.findings[made.findings["account_id"] == ACCOUNT]
    columns = ["resource_id", "verdict", "discriminator", "message"]
    told = here[columns].astype(object).where(here[columns].notna(), None).itertuples(index=False, name=None)
    assert list(told) == [
        ("snap-1", "found", "a", "snap-1 is old"),
        ("snap-1", "found", "b", "snap-1 is old"),
        ("snap-2", "unknown", None, "Nobody knows a."),
    ]
    assert here["finding_id"].tolist()[:2] == [
        finding_id("grantees", "aws", ACCOUNT, REGION, "snap-1", each) for each in "ab"
    ]
    counts = made.tallies[["evaluated", "found", "passed", "unknown", "waived"]].to_numpy().tolist()
    assert counts[0] == [5, 1, 3, 1, 1]


def test_a_gap_makes_a_row_with_several_findings_unknown_once():
    item = {**HERE, "collector": "snapshots", "resource_id": "snap-1", "error_code": "X"}
    made = tried(grantees, FIVE, coverage=[gap("snapshots", "complete")], items=[item])
    assert verdicts(made) == {"snap-1": "unknown", "snap-2": "unknown"}
    assert len(made.findings) == 2


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ([0, 0], "The rule gave two answers of one discriminator about one row."),
        ([0, 9], "The rule judged rows of another frame than its subject."),
    ],
)
def test_answers_about_one_row_must_be_told_apart(places, said):
    def odd(snapshots):
        """Why."""
        return pd.DataFrame({"found": True, "discriminator": "all"}, index=places)

    assert tried(odd, FIVE).rule_runs["crash"].tolist() == [f"{said} (test_verdicts.py)"]


def test_rows_of_one_resource_are_told_apart_by_the_rest_of_their_key():
    def idle(fast_restores):
        """Why."""
        return pd.Series([True, None, False], index=fast_restores.index, dtype="boolean")

    rows = [{"snapshot_id": "snap-1", "availability_zone": f"eu-west-1{letter}"} for letter in "abc"]
    found = tried(idle, {"fast_restores": rows}, subject="fast_restores").findings
    assert found["resource_id"].tolist() == ["snap-1", "snap-1"]
    assert found["discriminator"].tolist() == ["eu-west-1a", "eu-west-1b"]
    assert found["finding_id"].is_unique
    assert set(found["resource_type"]) == {"fast restore"}


def test_what_a_rule_edits_stays_its_own():
    def vandal(snapshots):
        """Why."""
        snapshots["encrypted"] = True
        del snapshots["name"]
        return snapshots["encrypted"]

    def witness(snapshots):
        """Why."""
        return snapshots["encrypted"].isna() & snapshots["name"].isna()

    rules = [loaded(vandal), loaded(witness)]
    inventory = Inventory.of({"snapshots": frame("snapshots", [{"snapshot_id": "snap-1"}])}, AS_OF)
    made = evaluate(inventory, rules, Config())
    assert made.rule_runs["crash"].isna().all()
    assert made.tallies["found"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda _: None, "The rule returned NoneType, not a column of verdicts or a frame."),
        (
            lambda rows: rows["encrypted"].head(1),
            "The rule judged 1 rows of its subject's 2, or rows of another frame.",
        ),
        (
            lambda _: pd.Series([True, True], index=[0, 7]),
            "The rule judged 2 rows of its subject's 2, or rows of another frame.",
        ),
        (lambda rows: rows["name"], "The rule's verdicts are string, not yes, no or missing (boolean)."),
        (lambda rows: rows[["name"]], "The rule returned a frame without the column found."),
        (
            lambda _: pd.DataFrame({"found": [True, True], "severity": ["bad", "low"]}),
            "The rule graded a row 'bad', which is no severity.",
        ),
    ],
)
def test_an_answer_that_is_no_verdict_is_a_crash(answer, said):
    def odd(snapshots):
        """Why."""
        return answer(snapshots)

    made = tried(odd, {"snapshots": [{"snapshot_id": "snap-1"}, {"snapshot_id": "snap-2"}]})
    assert made.rule_runs["crash"].tolist() == [f"{said} (test_verdicts.py)"]
    assert verdicts(made) == {"snap-1": "unknown", "snap-2": "unknown"}
    assert made.incomplete


def test_a_verdict_in_another_order_is_put_right():
    def upside_down(snapshots):
        """Why."""
        return (snapshots["snapshot_id"] == "snap-1").iloc[::-1]

    made = tried(upside_down, {"snapshots": [{"snapshot_id": "snap-1"}, {"snapshot_id": "snap-2"}]})
    assert verdicts(made) == {"snap-1": "found"}


def test_a_crash_is_contained_and_shown():
    def broken(snapshots):
        """Why."""
        raise ValueError("no\nluck")

    inventory = Inventory.of({"snapshots": frame("snapshots", [{"snapshot_id": "snap-1"}])}, AS_OF)
    made = evaluate(inventory, [loaded(broken), loaded(always)], Config())
    crash = made.rule_runs.set_index("rule_id")["crash"]
    assert crash["broken"].startswith("ValueError: no luck (test_verdicts.py:")
    assert pd.isna(crash["always"])
    findings = made.findings.set_index("rule_id")
    assert findings.loc["broken", "message"] == f"Could not tell: the rule crashed with {crash['broken']}."
    assert findings["verdict"].to_dict() == {"broken": "unknown", "always": "found"}


def test_a_rule_says_why_it_cannot_tell():
    def unsure(snapshots):
        """Why."""
        why = ["Could not tell: it rains.", None]
        return pd.DataFrame({"found": pd.array([None, None], dtype="boolean"), "unknown_because": why})

    made = tried(unsure, {"snapshots": [{"snapshot_id": "snap-1"}, {"snapshot_id": "snap-2"}]})
    assert made.findings["message"].tolist() == [
        "Could not tell: it rains.",
        "Could not tell: something that the rule must know of this snapshot is missing.",
    ]


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-east-1", "aws-us-gov")],
)
def test_the_partition_follows_the_region(region, partition):
    made = tried(always, {"snapshots": [{"snapshot_id": "snap-1", "region": region}]})
    assert made.findings["partition"].tolist() == [partition]
