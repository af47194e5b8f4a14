from datetime import UTC, datetime

import pytest

from auditor.aws.collectors.accounts import COLLECTOR

CALLER = {"sts:GetCallerIdentity": {"Account": "111122223333", "Arn": "arn:aws:sts::111122223333:assumed-role/A/b"}}
JOINED = datetime(2020, 2, 3, tzinfo=UTC)
FACTS = {
    "Id": "111122223333",
    "Name": "payments",
    "State": "ACTIVE",
    "JoinedTimestamp": JOINED,
    "OrganizationId": "o-1",
    "ParentId": "ou-1",
    "Path": "o-1/r-1/ou-1",
}


def test_what_organizations_says_and_as_whom_it_was_read(scripted, run):
    reader = scripted(CALLER)
    reader.account = FACTS
    assert run(COLLECTOR, reader)["accounts"] == [
        {
            "name": "payments",
            "state": "ACTIVE",
            "partition": "aws",
            "organisation_id": "o-1",
            "ou_id": "ou-1",
            "ou_path": "o-1/r-1/ou-1",
            "caller_arn": "arn:aws:sts::111122223333:assumed-role/A/b",
            "joined_at": JOINED,
        }
    ]


def test_older_endpoints_say_status_instead_of_state(scripted, run):
    reader = scripted(CALLER)
    reader.account = {"Id": "111122223333", "Status": "SUSPENDED"}
    assert run(COLLECTOR, reader)["accounts"][0]["state"] == "SUSPENDED"


def test_a_refusal_of_organizations_is_a_gap_but_keeps_the_row(scripted, refusal):
    reader = scripted(CALLER)
    reader.organisation_error = refusal("AWSOrganizationsNotInUseException")
    pages = COLLECTOR.get(reader)
    accounts = COLLECTOR.transform(next(pages), reader.where)["accounts"]
    assert accounts["account_id"].tolist() == ["111122223333"]
    assert accounts["name"].isna().all()
    with pytest.raises(type(reader.organisation_error), match="NotInUse"):
        next(pages)
