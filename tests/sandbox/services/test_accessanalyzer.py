from __future__ import annotations

import pytest

MANAGEMENT, MINE, OTHER, STRANGER = "111111111111", "222222222222", "333333333333", "999988887777"
ARN = "arn:aws:access-analyzer:eu-west-1:{}:analyzer/{}"
GRANTS = {
    "snap-00000001": [{"UserId": STRANGER}],
    "snap-00000002": [{"UserId": OTHER}],
    "snap-00000003": [{"Group": "all"}],
    "snap-00000004": [{"UserId": STRANGER}, {"UserId": OTHER}],
    "snap-00000005": [],
}
ASKED = {"resourceType": {"eq": ["AWS::EC2::Snapshot"]}, "status": {"neq": ["RESOLVED"]}}


def analyzer(account, name, kind, status="ACTIVE"):
    return {"arn": ARN.format(account, name), "name": name, "type": kind, "status": status}


@pytest.fixture(autouse=True)
def here(organisation):
    here = organisation.place(MINE, "eu-west-1")
    here.snapshots = {snapshot_id: {"SnapshotId": snapshot_id} for snapshot_id in (*GRANTS, "snap-00000009")}
    here.snapshot_permissions = dict(GRANTS)
    here.archived_findings = {"snap-00000004"}
    here.resolved_findings = {"snap-00000009"}
    for name, kind, status in (
        ("mine", "ACCOUNT", "ACTIVE"),
        ("new", "ACCOUNT", "CREATING"),
        ("unused", "ACCOUNT_UNUSED_ACCESS", "ACTIVE"),
    ):
        row = analyzer(MINE, name, kind, status)
        here.analyzers[row["arn"]] = row
    row = analyzer(MANAGEMENT, "all", "ORGANIZATION")
    organisation.place(MANAGEMENT, "eu-west-1").analyzers[row["arn"]] = row
    return here


@pytest.fixture
def found(pages):
    def made(account=MINE, name="mine", **params):
        rows = pages(
            "accessanalyzer",
            "ListFindingsV2",
            "findings",
            token="nextToken",
            account=account,
            analyzerArn=ARN.format(account, name),
            **params,
        )
        return {(row["resource"].rpartition("/")[2], row["status"]) for page in rows for row in page}

    return made


def test_analyzers_by_type(call):
    listed = call("accessanalyzer", "ListAnalyzers")["analyzers"]
    assert {row["name"] for row in listed} == {"mine", "new", "unused"}
    listed = call("accessanalyzer", "ListAnalyzers", type="ACCOUNT")["analyzers"]
    assert {row["name"] for row in listed} == {"mine", "new"}
    assert call("accessanalyzer", "ListAnalyzers", account=OTHER)["analyzers"] == []


def test_an_account_is_its_own_zone_of_trust(found):
    assert found() == {
        ("snap-00000001", "ACTIVE"),
        ("snap-00000002", "ACTIVE"),
        ("snap-00000003", "ACTIVE"),
        ("snap-00000004", "ARCHIVED"),
        ("snap-00000009", "RESOLVED"),
    }
    assert found(filter=ASKED) == found() - {("snap-00000009", "RESOLVED")}
    assert found(filter={"resourceType": {"eq": ["AWS::S3::Bucket"]}}) == set()
    assert found(filter={"resource": {"contains": ["00000003"]}, "error": {"exists": False}}) == {
        ("snap-00000003", "ACTIVE")
    }


def test_an_organisation_sees_nothing_that_stays_in_it(found):
    assert found(MANAGEMENT, "all", filter=ASKED) == {
        ("snap-00000001", "ACTIVE"),
        ("snap-00000003", "ACTIVE"),
        ("snap-00000004", "ACTIVE"),
    }


def test_what_was_shared_just_now_is_not_found_yet(found, here):
    here.unanalysed = {"snap-00000001"}
    assert {snapshot_id for snapshot_id, _ in found(filter=ASKED)} == {
        "snap-00000002",
        "snap-00000003",
        "snap-00000004",
    }


def test_only_analyzers_of_external_access_that_work_find_snapshots(found):
    assert found(name="new") == set()
    assert found(name="unused") == set()


def test_pages_and_refusals(found, call, refusal):
    arn = ARN.format(MINE, "mine")
    assert found(maxResults=2) == found()
    assert refusal("accessanalyzer", "ListFindingsV2", analyzerArn=arn, maxResults=101) == "ValidationException"
    assert refusal("accessanalyzer", "ListFindingsV2", analyzerArn=arn + "x") == "ResourceNotFoundException"
    assert refusal("accessanalyzer", "ListFindingsV2", account=OTHER, analyzerArn=arn) == "ResourceNotFoundException"
