"""Analyzers of the account, and the findings of those that report whom snapshots are shared with."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from auditor.aws.collectors.access_analyzers import COLLECTOR

ARN = "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/{}"


def analyzer(name, kind="ACCOUNT", status="ACTIVE"):
    return {"arn": ARN.format(name), "name": name, "type": kind, "status": status}


def finding(number, **more):
    return {
        "id": f"f-{number}",
        "resource": f"arn:aws:ec2:eu-west-1::snapshot/snap-{number}",
        "resourceOwnerAccount": "111122223333",
        "status": "ACTIVE",
        **more,
    }


def test_findings_of_every_page_of_analyzers_that_work(scripted, run):
    found = {"": {"findings": [finding(1)], "nextToken": "more"}, "more": {"findings": [finding(2, status="ARCHIVED")]}}
    listed = [
        analyzer("mine"),
        analyzer("dead", status="FAILED"),
        analyzer("unused", "ACCOUNT_UNUSED_ACCESS"),
    ]
    reader = scripted(
        {
            "accessanalyzer:ListAnalyzers": {"analyzers": listed},
            "accessanalyzer:ListFindingsV2": lambda **asked: found[asked.get("nextToken", "")],
        }
    )
    brought = run(COLLECTOR, reader)
    assert [row["name"] for row in brought["access_analyzers"]] == ["mine", "dead", "unused"]
    assert [(row["snapshot_id"], row["status"]) for row in brought["analyzer_findings"]] == [
        ("snap-1", "ACTIVE"),
        ("snap-2", "ARCHIVED"),
    ]
    asked = [parameters for operation, parameters in reader.calls if operation.endswith("ListFindingsV2")]
    assert {each["analyzerArn"] for each in asked} == {ARN.format("mine")}
    assert asked[0]["filter"]["resourceType"] == {"eq": ["AWS::EC2::Snapshot"]}


def test_no_analyzer_is_no_gap(scripted, run):
    reader = scripted({"accessanalyzer:ListAnalyzers": {"analyzers": []}})
    assert run(COLLECTOR, reader) == {"access_analyzers": [], "analyzer_findings": []}


def test_an_analyzer_whose_findings_are_refused_does_not_count_as_read(scripted, refusal):
    def refused(**_):
        raise refusal()

    reader = scripted(
        {
            "accessanalyzer:ListAnalyzers": {"analyzers": [analyzer("dead", status="FAILED"), analyzer("mine")]},
            "accessanalyzer:ListFindingsV2": refused,
        }
    )
    read = []
    with pytest.raises(ClientError):
        read.extend(page for page in COLLECTOR.get(reader))
    assert [item["name"] for page in read for item in page] == ["dead"]
