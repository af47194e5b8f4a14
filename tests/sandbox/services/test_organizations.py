from __future__ import annotations

from datetime import UTC, datetime

import pytest

from auditor.sandbox.model import Account

BOSS = {"account": "111111111111"}
ORGANISATION = "arn:aws:organizations::111111111111"


def ids(answer, key):
    return {row["Id"] for row in answer[key]}


def test_every_member_may_ask_for_the_organisation(call):
    told = call("organizations", "DescribeOrganization")["Organization"]
    assert (told["Id"], told["MasterAccountId"]) == ("o-abcde12345", "111111111111")
    assert told["Arn"] == f"{ORGANISATION}:organization/o-abcde12345"


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("ListAccounts", {}),
        ("ListRoots", {}),
        ("ListOrganizationalUnitsForParent", {"ParentId": "r-ab12"}),
        ("ListAccountsForParent", {"ParentId": "r-ab12"}),
        ("ListParents", {"ChildId": "222222222222"}),
        ("ListTagsForResource", {"ResourceId": "222222222222"}),
    ],
)
def test_only_the_management_account_may_list(call, refusal, operation, params):
    assert refusal("organizations", operation, **params) == "AccessDeniedException"
    call("organizations", operation, **BOSS, **params)


def test_no_organisation_no_answer(organisation, refusal):
    organisation.organisation_id = ""
    for operation in ("DescribeOrganization", "ListAccounts"):
        assert refusal("organizations", operation, **BOSS) == "AWSOrganizationsNotInUseException"


def test_strangers_are_in_no_organisation(refusal):
    assert refusal("organizations", "DescribeOrganization", account="999999999999") == (
        "AWSOrganizationsNotInUseException"
    )


def test_accounts_tell_state_and_path(organisation, call):
    organisation.accounts["222222222222"].state = "CLOSED"
    rows = {row["Id"]: row for row in call("organizations", "ListAccounts", **BOSS)["Accounts"]}
    assert set(rows) == {"111111111111", "222222222222", "333333333333"}
    member = rows["222222222222"]
    assert (member["State"], member["Name"]) == ("CLOSED", "member")
    assert member["Arn"] == f"{ORGANISATION}:account/o-abcde12345/222222222222"
    assert member["Paths"] == ["o-abcde12345/r-ab12/ou-ab12-prod1234/ou-ab12-deep1234/222222222222/"]
    assert rows["111111111111"]["Paths"] == ["o-abcde12345/r-ab12/111111111111/"]
    assert "JoinedTimestamp" in rows["111111111111"]
    assert "JoinedTimestamp" not in member


def test_status_is_retired_in_september_2026(organisation, call):
    assert all("Status" not in row for row in call("organizations", "ListAccounts", **BOSS)["Accounts"])
    organisation.now = datetime(2026, 9, 8, tzinfo=UTC)
    organisation.accounts["222222222222"].state = "CLOSED"
    rows = call("organizations", "ListAccounts", **BOSS)["Accounts"]
    assert [row["Status"] for row in rows] == ["ACTIVE", "SUSPENDED", "ACTIVE"]


def test_pages_have_at_most_twenty_and_may_be_empty(organisation, pages, refusal):
    for number in range(42):
        organisation.accounts[f"4{number:011d}"] = Account(f"4{number:011d}", f"more {number}")
    found = pages("organizations", "ListAccounts", "Accounts", **BOSS)
    assert [len(page) for page in found] == [20, 0, 20, 5]
    assert {row["Id"] for page in found for row in page} == set(organisation.accounts)
    assert refusal("organizations", "ListAccounts", **BOSS, MaxResults=21) == "InvalidInputException"
    assert refusal("organizations", "ListAccounts", **BOSS, NextToken="x") == "InvalidInputException"


def test_the_tree_can_be_walked_down(call):
    (root,) = call("organizations", "ListRoots", **BOSS)["Roots"]
    assert (root["Id"], root["Arn"]) == ("r-ab12", f"{ORGANISATION}:root/o-abcde12345/r-ab12")
    below = call("organizations", "ListOrganizationalUnitsForParent", **BOSS, ParentId="r-ab12")
    assert ids(below, "OrganizationalUnits") == {"ou-ab12-prod1234"}
    (unit,) = call("organizations", "ListOrganizationalUnitsForParent", **BOSS, ParentId="ou-ab12-prod1234")[
        "OrganizationalUnits"
    ]
    assert unit["Arn"] == f"{ORGANISATION}:ou/o-abcde12345/ou-ab12-deep1234"
    assert unit["Path"] == "o-abcde12345/r-ab12/ou-ab12-prod1234/ou-ab12-deep1234/"
    for parent, expected in (
        ("r-ab12", {"111111111111"}),
        ("ou-ab12-prod1234", {"333333333333"}),
        ("ou-ab12-deep1234", {"222222222222"}),
    ):
        assert ids(call("organizations", "ListAccountsForParent", **BOSS, ParentId=parent), "Accounts") == expected


@pytest.mark.parametrize(
    ("child", "parent", "kind"),
    [
        ("111111111111", "r-ab12", "ROOT"),
        ("222222222222", "ou-ab12-deep1234", "ORGANIZATIONAL_UNIT"),
        ("ou-ab12-deep1234", "ou-ab12-prod1234", "ORGANIZATIONAL_UNIT"),
        ("ou-ab12-prod1234", "r-ab12", "ROOT"),
    ],
)
def test_the_tree_can_be_walked_up(call, child, parent, kind):
    assert call("organizations", "ListParents", **BOSS, ChildId=child)["Parents"] == [{"Id": parent, "Type": kind}]


def test_what_is_not_in_the_tree_is_said(refusal):
    missing = "ou-ab12-none1234"
    assert refusal("organizations", "ListParents", **BOSS, ChildId=missing) == "ChildNotFoundException"
    assert refusal("organizations", "ListParents", **BOSS, ChildId="r-ab12") == "ChildNotFoundException"
    for operation in ("ListAccountsForParent", "ListOrganizationalUnitsForParent"):
        assert refusal("organizations", operation, **BOSS, ParentId=missing) == "ParentNotFoundException"
    assert refusal("organizations", "ListTagsForResource", **BOSS, ResourceId=missing) == "TargetNotFoundException"


def test_accounts_have_tags(call):
    tags = call("organizations", "ListTagsForResource", **BOSS, ResourceId="222222222222")["Tags"]
    assert tags == [{"Key": "owner", "Value": "web"}]
    assert call("organizations", "ListTagsForResource", **BOSS, ResourceId="r-ab12")["Tags"] == []


def test_an_organisation_without_units_has_a_root_all_the_same(organisation, call):
    organisation.units.clear()
    for account in organisation.accounts.values():
        account.ou_id = ""
    root = call("organizations", "ListRoots", **BOSS)["Roots"][0]["Id"]
    assert len(call("organizations", "ListAccountsForParent", **BOSS, ParentId=root)["Accounts"]) == 3
