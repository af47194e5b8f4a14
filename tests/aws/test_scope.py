"""Who is read: named accounts, the organisation, its units and tags, and which regions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from auditor.aws import scope
from auditor.aws.reader import PartitionReader
from auditor.config import Scope
from auditor.errors import ConfigError

OWN = "111111111111"
PLATFORM, LEGACY, SUSPENDED = "222222222222", "333333333333", "444444444444"


class Organisation:
    """Answers Organizations calls as AWS does, old style for one account: no State, no Paths."""

    accounts: tuple[dict[str, Any], ...] = (
        {"Id": OWN, "Name": "own", "State": "ACTIVE", "Status": "SUSPENDED", "Paths": [f"o-1/r-1/{OWN}/"]},
        {"Id": PLATFORM, "Name": "platform", "State": "ACTIVE", "Paths": [f"o-1/r-1/ou-1-a/ou-1-b/{PLATFORM}/"]},
        {"Id": LEGACY, "Name": "legacy", "Status": "ACTIVE"},
        {"Id": SUSPENDED, "Name": "gone", "State": "SUSPENDED", "Paths": [f"o-1/r-1/{SUSPENDED}/"]},
    )
    parents: Mapping[str, str] = {LEGACY: "ou-1-b", "ou-1-b": "ou-1-a", "ou-1-a": "r-1"}
    tags: Mapping[str, dict[str, str]] = {PLATFORM: {"tier": "core", "x": "y"}, LEGACY: {"tier": "edge"}}

    def __init__(self, refuse: str = "") -> None:
        self.refuse = refuse
        self.calls: list[str] = []

    def call(self, _service: str, operation: str, /, **parameters: Any) -> Mapping[str, Any]:
        self.calls.append(operation)
        if operation == self.refuse:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)
        if operation == "DescribeOrganization":
            return {"Organization": {"Id": "o-1"}}
        assert operation == "ListParents"
        return {"Parents": [{"Id": self.parents[parameters["ChildId"]], "Type": "ORGANIZATIONAL_UNIT"}]}

    def pages(
        self, _service: str, operation: str, _key: str, /, **parameters: Any
    ) -> Iterator[list[Mapping[str, Any]]]:
        self.calls.append(operation)
        if operation == "ListAccounts":
            yield list(self.accounts[:1])
            yield []
            yield list(self.accounts[1:])
        else:
            assert operation == "ListTagsForResource"
            yield [{"Key": key, "Value": value} for key, value in self.tags.get(parameters["ResourceId"], {}).items()]


def found(world: Organisation | None = None, /, **settings: Any) -> list[str]:
    reader = cast("PartitionReader", world or Organisation())
    return [target.account_id for target in scope.targets(Scope(**settings), OWN, reader)]


def test_without_anything_the_callers_account() -> None:
    organisation = Organisation()
    assert found(organisation) == [OWN]
    assert not organisation.calls


def test_named_accounts() -> None:
    assert found(accounts=(PLATFORM, OWN, LEGACY), exclude_accounts=(LEGACY,)) == [OWN, PLATFORM]


def test_the_organisation_has_active_accounts_only_and_state_outranks_status() -> None:
    assert found(organisation=True) == [OWN, PLATFORM, LEGACY]
    assert found(organisation=True, exclude_accounts=(OWN,)) == [PLATFORM, LEGACY]


def test_units_hold_what_lies_below_them() -> None:
    assert found(organisation=True, units=("ou-1-a",)) == [PLATFORM, LEGACY]
    assert found(organisation=True, units=("ou-1-b",)) == [PLATFORM, LEGACY]
    assert found(organisation=True, units=("ou-9-z",)) == []


def test_account_tags_must_all_fit() -> None:
    assert found(organisation=True, account_tags={"tier": "core"}) == [PLATFORM]
    assert found(organisation=True, account_tags={"tier": "core", "x": "z"}) == []


def test_paths_are_read_or_walked_up() -> None:
    organisation = Organisation()
    targets = scope.targets(Scope(organisation=True), OWN, cast("PartitionReader", organisation))
    assert {target.account_id: (target.facts["Path"], target.facts["ParentId"]) for target in targets} == {
        OWN: ("o-1/r-1", "r-1"),
        PLATFORM: ("o-1/r-1/ou-1-a/ou-1-b", "ou-1-b"),
        LEGACY: ("o-1/r-1/ou-1-a/ou-1-b", "ou-1-b"),
    }
    assert organisation.calls.count("ListParents") == 3


@pytest.mark.parametrize("operation", ["DescribeOrganization", "ListParents"])
def test_an_organisation_that_will_not_tell_leaves_the_caller_with_the_reason(operation: str) -> None:
    reader = cast("PartitionReader", Organisation(refuse=operation))
    (target,) = scope.targets(Scope(organisation=True), OWN, reader)
    assert target.account_id == OWN
    assert isinstance(target.error, ClientError)


DESCRIBED = (
    {"RegionName": "eu-west-1", "OptInStatus": "opt-in-not-required"},
    {"RegionName": "af-south-1", "OptInStatus": "opted-in"},
    {"RegionName": "me-south-1", "OptInStatus": "not-opted-in"},
    {"RegionName": "zz-new-1"},
)
KNOWN = ["af-south-1", "eu-west-1", "me-south-1", "us-east-1"]


def test_enabled_regions() -> None:
    assert scope.regions(Scope(), DESCRIBED, KNOWN) == ["af-south-1", "eu-west-1", "zz-new-1"]
    assert scope.regions(Scope(exclude_regions=("eu-west-1",)), DESCRIBED, KNOWN) == ["af-south-1", "zz-new-1"]
    assert scope.regions(Scope(), None, KNOWN) == KNOWN


def test_named_regions() -> None:
    assert scope.regions(Scope(regions=("us-east-1",)), DESCRIBED, KNOWN) == ["us-east-1"]
    assert scope.regions(Scope(regions=("zz-new-1",)), DESCRIBED, KNOWN) == ["zz-new-1"]
    with pytest.raises(ConfigError, match="'us-eest-1'") as caught:
        scope.regions(Scope(regions=("us-eest-1",)), None, KNOWN)
    assert caught.value.hint == "Did you mean 'us-east-1'?"


def test_members_are_all_accounts_and_say_who_is_in_scope() -> None:
    reader = cast("PartitionReader", Organisation())
    members = scope.members(Scope(organisation=True, exclude_accounts=(LEGACY,)), OWN, reader)
    assert {member.account_id: member.in_scope for member in members} == {
        OWN: True,
        PLATFORM: True,
        LEGACY: False,
        SUSPENDED: False,
    }
    assert {member.account_id: member.facts["Path"] for member in members}[SUSPENDED] == "o-1/r-1"
