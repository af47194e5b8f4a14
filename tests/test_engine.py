import inspect
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.analysis import DERIVED, SETTINGS
from auditor.config import Config
from auditor.engine import evaluate, finding_id, pool
from auditor.frames import FRAMES
from auditor.inventory import Inventory, Manifest, Writer
from auditor.rule import rule
from auditor.rulebook import LoadedRule, Rulebook, load_rules
from auditor.testing import ACCOUNT, AS_OF, REGION, frame

OTHER = "444455556666"
HERE = {"account_id": ACCOUNT, "region": REGION}
BUILT_IN = {loaded.rule.id: loaded for loaded in load_rules()}
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


def loaded(function, **words):
    return LoadedRule(rule(**(WORDS | words))(function), Path(__file__), "0" * 64, False)


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


def verdicts(evaluation):
    rows = evaluation.findings[["resource_id", "verdict"]]
    return dict(rows.itertuples(index=False, name=None))


def test_a_finding_says_everything():
    def old(snapshots, as_of, *, days=30):
        """Why."""
        age = (as_of - snapshots["started_at"]).dt.days.astype("Int64")
        return pd.DataFrame({"found": age > days, "age_days": age, "began": snapshots["started_at"]})

    rows = [{"snapshot_id": "snap-1", "name": "db", "started_at": "12345 days ago"}]
    tags = [{"snapshot_id": "snap-1", "key": "Owner", "value": "ann"}]
    seen = {finding_id("old", "aws", ACCOUNT, REGION, "snap-1"): datetime(2025, 1, 1, tzinfo=UTC)}
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


FIVE = {"snapshots": [{"snapshot_id": f"snap-{number}"} for number in range(5)]}


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

    assert tried(odd, FIVE).rule_runs["crash"].tolist() == [f"{said} (test_engine.py)"]


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
    assert made.rule_runs["crash"].tolist() == [f"{said} (test_engine.py)"]
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
    assert crash["broken"].startswith("ValueError: no luck (test_engine.py:")
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


def with_directory(snapshots, directory):
    """Why."""
    return pd.Series(len(directory) == 2, index=snapshots.index)


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


WAIVER = {
    "rule": "always",
    "reason": "r",
    "owner": "o",
    "approver": "a",
    "ticket": "T-1",
    "from": "2026-01-01",
    "until": "2026-12-31",
}


@pytest.mark.parametrize(
    ("waiver", "state", "matches"),
    [
        ({"resources": ["snap-1"]}, "active", 1),
        ({"accounts": [ACCOUNT]}, "active", 1),
        ({"accounts": [ACCOUNT], "regions": [REGION]}, "active", 1),
        ({"accounts": [ACCOUNT], "regions": ["eu-west-2"]}, "unused", 0),
        ({"resources": ["snap-"]}, "unused", 0),
        ({"resources": ["snap-1"], "accounts": [OTHER]}, "unused", 0),
        ({"resources": ["snap-1"], "from": "2026-02-01", "until": "2026-02-01"}, "active", 1),
        ({"resources": ["snap-1"], "until": "2026-01-31"}, "expired", 1),
        ({"resources": ["snap-1"], "from": "2026-02-02"}, "not yet", 1),
    ],
)
def test_a_waiver_marks_what_it_names_on_its_days(waiver, state, matches):
    made = tried(always, config={"waiver": [{**WAIVER, **waiver}]})
    marked = state == "active"
    assert made.findings["waiver"].fillna("-").tolist() == ["T-1" if marked else "-"]
    assert made.tallies[["found", "waived"]].to_numpy().tolist() == [[1, int(marked)]]
    assert made.waivers[["state", "findings"]].to_numpy().tolist() == [[state, matches]]
    assert made.worst == (None if marked else "low")


def test_a_waiver_covers_no_unknown_verdict():
    made = tried(always, coverage=[gap("snapshots")], config={"waiver": [{**WAIVER, "resources": ["snap-1"]}]})
    assert made.findings["waiver"].isna().all()
    assert made.waivers["state"].tolist() == ["unused"]
    assert made.incomplete


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


def test_money_is_bounds_and_exact_only_where_they_meet():
    made = tried(always, {"snapshots": [PRICED, {"snapshot_id": "snap-2"}]}).findings.set_index("resource_id")
    known = made.loc["snap-1"]
    assert isinstance(known["cost_high_usd"], Decimal)
    assert known["cost_low_usd"] <= known["cost_high_usd"]
    assert known["saving_low_usd"] <= known["saving_high_usd"]
    assert known["saving_method"] == "bounded"
    assert pd.isna(known["monthly_cost_usd"]) == (known["cost_low_usd"] != known["cost_high_usd"])


def test_money_is_missing_where_its_frames_have_a_gap():
    made = tried(always, {"snapshots": [PRICED]}, coverage=[gap("fast_restores")]).findings.iloc[0]
    assert made["verdict"] == "found"
    assert made[["monthly_cost_usd", "cost_low_usd", "saving_high_usd", "saving_method"]].isna().all()


def test_a_snapshot_of_two_images_counts_for_neither_alone():
    def every(images):
        """Why."""
        return pd.Series(True, index=images.index)

    image = {"root_device_type": "ebs"}
    bounds = {"monthly_low_usd": "3", "monthly_high_usd": "5", "fast_restore_usd": "1"}
    cost = {**bounds, "saving_low_usd": "2", "saving_high_usd": "4"}
    cost = {name: Decimal(amount) for name, amount in cost.items()}
    rows = {
        "snapshot_costs": [{"snapshot_id": name, **cost} for name in ("snap-1", "snap-2")],
        "images": [
            {"image_id": "ami-1", **image},
            {"image_id": "ami-2", **image},
            {"image_id": "ami-3", **image},
            {"image_id": "ami-4", "root_device_type": "instance-store"},
        ],
        "image_block_devices": [
            {"image_id": "ami-1", "snapshot_id": "snap-1", "device_name": "a"},
            {"image_id": "ami-1", "snapshot_id": "snap-2", "device_name": "b"},
            {"image_id": "ami-1", "snapshot_id": "snap-2", "device_name": "c"},
            {"image_id": "ami-2", "snapshot_id": "snap-1", "device_name": "a"},
            {"image_id": "ami-2", "snapshot_id": "snap-of-somebody-else", "device_name": "b"},
        ],
    }
    made = tried(every, rows, subject="images", message="m").findings
    money = ["cost_low_usd", "cost_high_usd", "saving_low_usd", "saving_high_usd"]
    assert made[money].iloc[:3].to_numpy().tolist() == [[4, 12, 2, 4], [0, 6, 0, 0], [0, 0, 0, 0]]
    assert made.loc[3, money].isna().all()
    assert made["monthly_cost_usd"].isna().tolist() == [True, True, False, True]


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-east-1", "aws-us-gov")],
)
def test_the_partition_follows_the_region(region, partition):
    made = tried(always, {"snapshots": [{"snapshot_id": "snap-1", "region": region}]})
    assert made.findings["partition"].tolist() == [partition]


def estate(folder, places=6, rows=40):
    """A run folder with a few accounts and a gap in one of them."""
    writer, _ = Writer.start(folder, Manifest(as_of=AS_OF, started_at=AS_OF))
    for place in range(places):
        here = {"account_id": f"{place:012}", "region": REGION}
        snapshots = [
            {**PRICED, **here, "snapshot_id": f"snap-{place}-{row}", "encrypted": bool(row % 3)} for row in range(rows)
        ]
        images = [
            {**here, "image_id": f"ami-{place}-{row}", "state": "available", "created_at": "400 days ago"}
            for row in range(5)
        ]
        done = {**here, "status": "complete", "rows": rows}
        writer.write({**done, "collector": "snapshots"}, {"snapshots": frame("snapshots", snapshots)})
        writer.write({**done, "collector": "images"}, {"images": frame("images", images)})
        status = "denied" if place == 2 else "complete"
        writer.write({**done, "collector": "instances", "status": status}, {})
    return writer.finish()


def same(one, two):
    for name in ("findings", "tallies", "waivers", "coverage", "gaps", "item_gaps"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))
    pd.testing.assert_frame_equal(one.rule_runs.drop(columns="seconds"), two.rule_runs.drop(columns="seconds"))


def test_an_executor_changes_nothing(tmp_path):
    inventory = estate(tmp_path / "run")
    rules, said = load_rules(), []
    alone = evaluate(inventory, rules, Config())
    assert alone.findings["rule_id"].nunique() >= 2
    assert (alone.tallies["unknown"] > 0).any()
    with ThreadPoolExecutor(3) as executor:
        together = evaluate(inventory, rules, Config(), executor=executor, progress=lambda *done: said.append(done))
    same(alone, together)
    assert said[-1] == (6, 6)


def test_many_rows_are_judged_by_processes(tmp_path, monkeypatch):
    inventory = estate(tmp_path / "run")
    rules = load_rules(select=["snapshot_*", "image_unused"])
    alone = evaluate(inventory, rules, Config())
    monkeypatch.setattr(pool, "WORTH_A_POOL", 1)
    same(alone, evaluate(inventory, rules, Config()))


def billed(frame, account_id, region):
    """A summary: where, how many snapshots, and what they cost at most."""
    return account_id, region, len(frame("snapshots")), sum(frame("snapshot_costs")["monthly_high_usd"])


def trusted(frame, account_id, region):
    """A summary of what the configuration says."""
    return list(frame("parties")["party_id"])


def test_places_are_summed_up_from_the_frames_they_are_judged_by(tmp_path, monkeypatch):
    inventory = estate(tmp_path / "run", places=3)
    rules = load_rules(select=["snapshot_unencrypted"])
    here = evaluate(inventory, rules, Config(), summaries={"billed": billed}).summaries
    assert [place[:3] for place in here["billed"]] == [(f"{place:012}", REGION, 40) for place in range(3)]
    assert all(place[3] > 0 for place in here["billed"])
    monkeypatch.setattr(pool, "WORTH_A_POOL", 1)
    assert evaluate(inventory, rules, Config(), summaries={"billed": billed}).summaries == here
    assert evaluate(inventory, rules, Config()).summaries == {}


def test_an_executor_that_is_used_again_goes_by_the_configuration_of_the_day(tmp_path):
    inventory = estate(tmp_path / "run", places=2)
    rules = load_rules(select=["snapshot_unencrypted"])
    partner = Config.of({"sharing": {"trusted_accounts": {OTHER: "partner"}}})
    with ThreadPoolExecutor(1) as executor:
        told = [
            evaluate(inventory, rules, config, executor=executor, summaries={"trusted": trusted}).summaries["trusted"]
            for config in (Config(), partner)
        ]
    assert told == [[[], []], [[OTHER], [OTHER]]]


def test_in_memory_and_on_disk_are_judged_alike(tmp_path):
    disk = estate(tmp_path / "run", places=3)
    names = ("snapshots", "images")
    gaps = disk.coverage().to_dict("records")
    memory = Inventory.of({name: disk.read(name) for name in names}, AS_OF, gaps)
    one, two = evaluate(disk, load_rules(), Config()), evaluate(memory, load_rules(), Config())
    pd.testing.assert_frame_equal(one.findings, two.findings)
    pd.testing.assert_frame_equal(one.tallies, two.tallies)


TEXT = st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=20))
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "account_id": st.sampled_from([ACCOUNT, OTHER]),
            "name": TEXT,
            "description": TEXT,
            "state": st.sampled_from(["completed", "pending", "error", None]),
            "storage_tier": st.sampled_from(["standard", "archive", None]),
            "encrypted": st.sampled_from([True, False, None]),
            "started_at": st.sampled_from(["1 day ago", "40 days ago", "4000 days ago", None]),
            "volume_id": st.sampled_from(["vol-1", "vol-ffffffff", None]),
            "volume_size_gib": st.sampled_from([0, 1, 16384, None]),
        }
    ),
    min_size=1,
    max_size=8,
)
SNAPSHOT_RULES = [each for each in BUILT_IN.values() if each.rule.subject == "snapshots"]


def numbered(rows):
    return [{"snapshot_id": f"snap-{place}", **row} for place, row in enumerate(rows)]


@settings(max_examples=5, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows, random):
    snapshots = numbered(rows)
    shuffled = random.sample(snapshots, len(snapshots))
    one, two = (
        evaluate(Inventory.of({"snapshots": frame("snapshots", each)}, AS_OF), SNAPSHOT_RULES, Config())
        for each in (snapshots, shuffled)
    )
    pd.testing.assert_frame_equal(one.findings, two.findings)
    pd.testing.assert_frame_equal(one.tallies, two.tallies)
    assert one.findings["finding_id"].is_unique


@settings(max_examples=8, deadline=None)
@given(ROWS, st.sampled_from(["snapshots", "volumes", "images", "kms_keys", "recovery_points", "fast_restores"]))
def test_a_frame_behind_a_gap_darkens_its_place_and_nothing_else(rows, collector):
    inventory = {"snapshots": frame("snapshots", numbered(rows))}
    whole = evaluate(Inventory.of(inventory, AS_OF), SNAPSHOT_RULES, Config())
    holed = evaluate(Inventory.of(inventory, AS_OF, [gap(collector)]), SNAPSHOT_RULES, Config())
    keys = ["rule_id", "account_id", "region"]
    for row in holed.tallies.to_dict("records"):
        names = _rests_on(BUILT_IN[row["rule_id"]].rule.frames)
        if row["account_id"] == ACCOUNT and any(collector in FRAMES[name].filled_by for name in names):
            assert row["unknown"] == row["evaluated"]
        else:
            before = whole.tallies.set_index(keys).loc[tuple(row[key] for key in keys)]
            assert row == {**row, **before.to_dict()}


def _rests_on(names):
    found = set(names)
    for name in names:
        found |= _rests_on(FRAMES[name].derived_from)
    return found


@settings(max_examples=15, deadline=None)
@given(TEXT, TEXT, TEXT)
def test_hostile_text_breaks_nothing_and_is_kept_as_it_is(name, value, owner):
    def hostile(snapshots):
        """Why."""
        return pd.DataFrame({"found": [True], "value": pd.array([value], dtype="string"), "discriminator": [owner]})

    rows = {
        "snapshots": [{"snapshot_id": "snap-1", "name": name}],
        "snapshot_tags": [{"snapshot_id": "snap-1", "key": "owner", "value": owner}],
    }
    row = tried(hostile, rows, message="{name}|{value}|{{name}}").findings.iloc[0]
    shown = ["unknown" if text is None else text for text in (name, value)]
    assert row["message"] == f"{shown[0]}|{shown[1]}|{{name}}"
    assert json.loads(row["evidence"]) == {"value": value}
    assert row["owner"] is pd.NA if owner is None else row["owner"] == owner


def test_evaluating_twice_is_the_same():
    inventory = Inventory.of({"snapshots": frame("snapshots", numbered([PRICED] * 3))}, AS_OF)
    rules = Rulebook(replace(each) for each in SNAPSHOT_RULES)
    same(evaluate(inventory, rules, Config()), evaluate(inventory, rules, Config()))


@pytest.mark.parametrize("name", DERIVED)
def test_a_derived_frame_declares_what_it_takes(name):
    takes = set(inspect.signature(DERIVED[name]).parameters) - {"as_of", "elsewhere", *SETTINGS}
    assert takes == {*FRAMES[name].derived_from, *FRAMES[name].heeds}


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
