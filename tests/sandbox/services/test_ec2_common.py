from __future__ import annotations

import pytest

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.request import Request
from auditor.sandbox.services.ec2_common import check_ids, named_rows, never_together, owned_places, places, stranger


@pytest.fixture
def request_here(organisation):
    for account in ("111111111111", "222222222222", "333333333333"):
        organisation.place(account, "eu-west-1")
        organisation.place(account, "eu-south-1")
    return Request(organisation, "222222222222", "eu-west-1", "ec2", "DescribeSnapshots")


def owners(found):
    return [place.account_id for place in found]


def test_places_are_those_of_the_region_with_the_callers_first(request_here):
    found = places(request_here)
    assert owners(found) == ["222222222222", "111111111111", "333333333333"]
    assert {place.name for place in found} == {"eu-west-1"}


def test_owners_narrow_the_places(request_here):
    assert owners(owned_places(request_here, ["self"])) == ["222222222222"]
    assert owners(owned_places(request_here, ["333333333333"])) == ["333333333333"]
    assert owners(owned_places(request_here, ["self", "333333333333"])) == ["222222222222", "333333333333"]
    assert len(owned_places(request_here, ["amazon"])) == len(owned_places(request_here, [])) == 3


def test_strangers_are_not_told_tags():
    row = {"SnapshotId": "snap-1", "Tags": [{"Key": "a", "Value": "b"}], "LastLaunchedTime": "2026-01-01"}
    assert stranger(row) == {"SnapshotId": "snap-1"}


@pytest.mark.parametrize("good", ["snap-01234567", "snap-0123456789abcdef0"])
def test_ids_have_8_or_17_digits(good):
    check_ids([good], "snap", "Bad")


@pytest.mark.parametrize("bad", ["snap-1", "vol-01234567", "snap-0123456Z", "", "snap-0123456789abcdef01"])
def test_other_ids_are_refused(bad):
    with pytest.raises(ServiceError) as refused:
        check_ids([bad], "snap", "Bad")
    assert refused.value.code == "Bad"


def test_parameters_that_exclude_each_other():
    never_together({"Ids": ["a"]}, "Ids", "MaxResults")
    with pytest.raises(ServiceError) as refused:
        never_together({"Ids": ["a"], "MaxResults": 5}, "Ids", "MaxResults")
    assert refused.value.code == "InvalidParameterCombination"


def test_named_rows_come_once_and_must_exist():
    table = {"a": {"Id": "a"}, "b": {"Id": "b"}}
    assert named_rows(table, ["b", "a", "b"], "Missing", "thing") == [{"Id": "b"}, {"Id": "a"}]
    assert named_rows(table, ["b", "a"], "Missing", "thing", lambda row: row["Id"] == "a") == [{"Id": "a"}]
    with pytest.raises(ServiceError) as refused:
        named_rows(table, ["a", "c"], "Missing", "thing")
    assert refused.value.code == "Missing"
