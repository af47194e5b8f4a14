from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import InventoryError
from auditor.findings import RESULTS, Evaluation, fill, finding_id, read_results, write_results
from auditor.frames import FRAMES
from auditor.manifest import Manifest

AS_OF = datetime(2026, 2, 1, tzinfo=UTC)
HERE = {"account_id": "111122223333", "region": "eu-west-1"}


def evaluation(**rows):
    frames = {name: FRAMES[name].rows(rows.get(name, ())) for name in (*RESULTS, "gaps")}
    return Evaluation(**frames, rules={}, as_of=AS_OF, manifest=Manifest(as_of=AS_OF, started_at=AS_OF))


def test_an_identity_is_pinned_for_ever():
    made = finding_id("snapshot_public", "aws", "111122223333", "eu-west-1", "snap-1", "all")
    assert made == "0ae200e5f458b19ada94"


@given(
    st.lists(st.text(st.characters(exclude_characters="\x1f", codec="utf-8")), min_size=6, max_size=6),
    st.integers(0, 5),
)
def test_every_part_of_an_identity_counts(parts, place):
    other = [*parts]
    other[place] += "x"
    assert finding_id(*parts) != finding_id(*other)


def test_no_discriminator_is_an_empty_one():
    assert finding_id("r", "aws", "1", "eu", "snap", None) == finding_id("r", "aws", "1", "eu", "snap", "")


def test_a_template_tolerates_what_is_missing():
    assert fill("{a} {b} {c}", {"a": 1, "b": None}) == "1 unknown unknown"
    assert fill("{a} {{x}}", {"a": pd.NA}) == "unknown {x}"


@pytest.mark.parametrize(
    ("rows", "incomplete"),
    [
        ({}, False),
        ({"coverage": [{**HERE, "collector": "volumes", "status": "complete"}]}, False),
        ({"coverage": [{**HERE, "collector": "volumes", "status": "denied"}]}, True),
        ({"item_gaps": [{**HERE, "collector": "snapshot_shares", "resource_id": "snap-1"}]}, True),
        ({"tallies": [{"rule_id": "r", **HERE, "evaluated": 1, "unknown": 1}]}, True),
        ({"tallies": [{"rule_id": "r", **HERE, "evaluated": 1, "unknown": 0}]}, False),
        ({"rule_runs": [{"rule_id": "r", "crash": "ValueError"}]}, True),
        ({"rule_runs": [{"rule_id": "r"}]}, False),
    ],
)
def test_what_makes_a_run_incomplete(rows, incomplete):
    assert evaluation(**rows).incomplete is incomplete


@pytest.mark.parametrize(
    ("findings", "worst"),
    [
        ([], None),
        ([("high", "unknown", None)], None),
        ([("critical", "found", "T-1")], None),
        ([("low", "found", None), ("high", "found", None), ("critical", "found", "T-1")], "high"),
    ],
)
def test_the_worst_counts_what_is_found_and_open(findings, worst):
    rows = [{"severity": severity, "verdict": verdict, "waiver": waiver} for severity, verdict, waiver in findings]
    assert evaluation(findings=rows).worst == worst


def test_what_was_written_is_read_back(tmp_path):
    made = evaluation(
        findings=[{"finding_id": "f1", **HERE, "message": "a\x00\u202e<b>", "first_seen": AS_OF}],
        tallies=[{"rule_id": "r", **HERE, "evaluated": 2, "found": 1, "passed": 1, "unknown": 0, "waived": 0}],
    )
    sums = write_results(made, tmp_path)
    assert sorted(sums) == sorted(f"{name}.parquet" for name in RESULTS)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(sums)
    back = read_results(tmp_path)
    for name in RESULTS:
        pd.testing.assert_frame_equal(back[name], getattr(made, name))


def test_the_same_results_are_the_same_bytes(tmp_path):
    made = evaluation(findings=[{"finding_id": "f1", **HERE}])
    assert write_results(made, tmp_path) == write_results(made, tmp_path)


def test_a_folder_without_findings_is_refused(tmp_path):
    with pytest.raises(InventoryError, match="holds no findings"):
        read_results(tmp_path)


def test_a_damaged_file_is_named(tmp_path):
    write_results(evaluation(), tmp_path)
    (tmp_path / "tallies.parquet").write_bytes(b"nonsense")
    with pytest.raises(InventoryError, match=r"tallies\.parquet is not a readable"):
        read_results(tmp_path)


def test_what_an_older_version_did_not_keep_is_empty(tmp_path):
    write_results(evaluation(), tmp_path)
    (tmp_path / "waivers.parquet").unlink()
    assert read_results(tmp_path)["waivers"].empty


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(InventoryError, match=r"findings\.parquet cannot be written"):
        write_results(evaluation(), tmp_path / "nowhere")


def unclear(rule, number, message="Could not tell: refused.", **more):
    return {
        "finding_id": f"{rule}-{number}",
        "rule_id": rule,
        "verdict": "unknown",
        "partition": "aws",
        **HERE,
        "resource_id": f"snap-{number}",
        "resource_name": "db",
        "message": message,
        "evidence": "{}",
        **more,
    }


def tally(rule, **counts):
    return {"rule_id": rule, **HERE, "passed": 0, **counts}


def test_what_could_not_be_told_of_anything_is_one_row():
    rows = [
        *(unclear("dark", number) for number in range(3)),
        unclear("dark", 9, verdict="found", message="It is public."),
        *(unclear("waived", number, waiver="AUD-1") for number in range(2)),
        *(unclear("reasons", number, f"Could not tell: {number}.") for number in range(2)),
        *(unclear("partly", number) for number in range(2)),
        unclear("single", 1),
        *(unclear("elsewhere", number, region=f"eu-west-{number}") for number in range(1, 3)),
    ]
    tallies = [tally(rule) for rule in ("dark", "waived", "reasons", "single", "elsewhere")]
    tallies += [tally("partly", passed=1), {**tally("elsewhere"), "region": "eu-west-2"}]
    made = evaluation(findings=rows, tallies=tallies)
    listed = made.gathered
    assert list(listed.columns) == [*FRAMES["findings"].names, "resources"]
    assert listed["resources"].sum() == len(rows)
    (one,) = listed[listed["resources"] > 1].astype(object).to_dict("records")
    assert (one["rule_id"], one["resources"], one["message"]) == ("dark", 3, "Could not tell: refused.")
    assert one["finding_id"] == finding_id("dark", "aws", HERE["account_id"], HERE["region"], "")
    assert pd.isna(one["resource_id"])
    assert pd.isna(one["resource_name"])
    rest = listed[listed["resources"] == 1].drop(columns="resources")
    alone = made.findings[~(made.findings["rule_id"].eq("dark") & made.findings["verdict"].eq("unknown"))]
    pd.testing.assert_frame_equal(rest, alone)


def test_nothing_found_is_nothing_listed():
    assert evaluation().gathered.empty
