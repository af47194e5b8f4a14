import json
from importlib.resources import files

import jsonschema
import pytest

from auditor.errors import RenderError
from auditor.renderers.json_ import write_json


@pytest.fixture(scope="module")
def path(report, world, tmp_path_factory):
    path = tmp_path_factory.mktemp("json") / "findings.json"
    write_json(report, world.inventory, path)
    return path


@pytest.fixture(scope="module")
def document(path):
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def schema():
    return json.loads(files("auditor.report_templates").joinpath("findings.schema.json").read_text(encoding="utf-8"))


def test_it_keeps_its_schema(document, schema):
    checker = jsonschema.Draft202012Validator
    checker.check_schema(schema)
    assert [error.message for error in checker(schema).iter_errors(document)] == []


def test_the_schema_describes_every_member(document, schema):
    assert set(schema["required"]) == set(document)
    assert set(schema["properties"]["findings"]["items"]["required"]) == set(document["findings"][0])


def test_what_changed_keeps_the_schema_and_names_what_is_gone(world, since, schema, tmp_path):
    write_json(world.report(since), world.inventory, tmp_path / "findings.json")
    document = json.loads((tmp_path / "findings.json").read_text())
    assert [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(document)] == []
    told = document["changes"]
    assert (told["run_id"], told["new"], told["gone"]) == (since.run_id, since.new, since.gone)
    assert (told["cost_low_usd"], told["cost_high_usd"]) == (None, None)
    assert [(one["finding_id"], one["became"]) for one in told["no_longer_open"]] == [
        ("gone-1", "absent"),
        ("gone-2", "unjudged"),
    ]


def test_without_an_earlier_run_nothing_is_said_to_have_changed(document):
    assert document["changes"] is None


def test_counts_agree_with_the_report(document, report):
    assert document["counts"] == {
        line.severity: {"open": line.open, "waived": line.waived, "unknown": line.unknown} for line in report.severities
    }
    found = [one for one in document["findings"] if one["verdict"] == "found" and one["waiver"] is None]
    assert len(found) == sum(line["open"] for line in document["counts"].values())
    assert sum(row["found"] for row in document["tallies"]) == len(
        [one for one in document["findings"] if one["verdict"] == "found"]
    )


def test_findings_are_sorted_whole_and_exact(document, world):
    given = world.evaluation.findings.set_index("finding_id")
    assert [one["finding_id"] for one in document["findings"]] == sorted(given.index)
    for one in document["findings"]:
        name = given.loc[one["finding_id"], "resource_name"]
        assert one["resource_name"] == (None if name is given["resource_name"].dtype.na_value else name)
        assert one["evidence"] == json.loads(given.loc[one["finding_id"], "evidence"])
    assert document["findings"][0]["first_seen"] == "2026-03-31T06:00:00Z"


def test_it_is_plain_ascii_and_the_same_each_time(path, report, world, tmp_path):
    write_json(report, world.inventory, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()
    assert path.read_bytes().isascii()


def test_parameters_are_as_they_were_used(document):
    rules = {rule["rule_id"]: rule for rule in document["rules"]}
    assert rules["snapshot_orphaned"]["parameters"] == {"max_age_days": 365, "keep_tags": ["keep", "do-not-delete"]}


def test_no_findings_and_no_spend_keep_the_schema_too(worlds, schema, tmp_path):
    world = worlds(complete=True)
    world.spend = None
    world.evaluation.findings = world.evaluation.findings.iloc[:0]
    world.evaluation.tallies = world.evaluation.tallies.iloc[:0]
    write_json(world.report(), world.inventory, tmp_path / "findings.json")
    document = json.loads((tmp_path / "findings.json").read_text())
    jsonschema.validate(document, schema)
    assert (document["findings"], document["spend"]) == ([], None)


def test_a_path_that_cannot_be_written_is_said(report, world, tmp_path):
    with pytest.raises(RenderError, match="cannot be written"):
        write_json(report, world.inventory, tmp_path / "nowhere" / "findings.json")
