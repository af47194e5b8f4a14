import pytest

from auditor.aws.collectors.directory import COLLECTOR


def test_every_member_with_its_place_state_and_scope(scripted, run):
    reader = scripted({})
    reader.members = (
        {
            "Id": "000022223333",
            "Name": "payments",
            "State": "ACTIVE",
            "Status": "SUSPENDED",
            "OrganizationId": "o-1",
            "ParentId": "ou-1",
            "Path": "o-1/r-1/ou-1",
            "InScope": True,
        },
        {"Id": "444455556666", "Status": "SUSPENDED", "OrganizationId": "o-1", "InScope": False},
    )
    assert run(COLLECTOR, reader)["directory"] == [
        {
            "member_id": "000022223333",
            "name": "payments",
            "state": "ACTIVE",
            "organisation_id": "o-1",
            "ou_id": "ou-1",
            "ou_path": "o-1/r-1/ou-1",
            "in_scope": True,
        },
        {"member_id": "444455556666", "state": "SUSPENDED", "organisation_id": "o-1", "in_scope": False},
    ]


def test_a_refusal_of_organizations_is_a_gap_but_keeps_what_is_known(scripted, refusal):
    reader = scripted({})
    reader.members = ({"Id": "111122223333", "InScope": True},)
    reader.organisation_error = refusal("AWSOrganizationsNotInUseException")
    pages = COLLECTOR.get(reader)
    assert COLLECTOR.transform(next(pages), reader.where)["directory"]["member_id"].tolist() == ["111122223333"]
    with pytest.raises(type(reader.organisation_error), match="NotInUse"):
        next(pages)
