from __future__ import annotations

import pytest

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.request import Request
from auditor.sandbox.services.paging import Pager, answer, ordered


@pytest.fixture
def request_here(organisation):
    return Request(organisation, "222222222222", "eu-west-1", "ec2", "DescribeThings")


def test_pages_cover_everything_once(request_here):
    pager, rows, found, token = Pager(), list(range(25)), [], None
    sizes = []
    while True:
        page, token = pager.cut(request_here, {"MaxResults": 10, "NextToken": token}, rows)
        found += page
        sizes.append(len(page))
        if token is None:
            break
    assert (found, sizes) == (rows, [10, 10, 5])


def test_without_a_size_everything_or_the_default_comes(request_here):
    assert Pager().cut(request_here, {}, range(2000)) == (range(2000), None)
    page, token = Pager(default=50).cut(request_here, {}, range(60))
    assert len(page) == 50
    assert token is not None


@pytest.mark.parametrize("size", [4, 1001, -1])
def test_sizes_out_of_range_are_refused(request_here, size):
    with pytest.raises(ServiceError) as refused:
        Pager(low=5).cut(request_here, {"MaxResults": size}, range(9))
    assert refused.value.code == "InvalidParameterValue"


@pytest.mark.parametrize("size", [5, 1000])
def test_the_limits_themselves_are_allowed(request_here, size):
    Pager(low=5).cut(request_here, {"MaxResults": size}, range(9))


def test_tokens_fit_only_their_query(organisation, request_here):
    pager = Pager()
    _, token = pager.cut(request_here, {"MaxResults": 5, "Owner": "a"}, range(9))
    assert pager.cut(request_here, {"MaxResults": 2, "Owner": "a", "NextToken": token}, range(9))[0] == range(5, 7)
    elsewhere = Request(organisation, "222222222222", "eu-south-1", "ec2", "DescribeThings")
    another = Request(organisation, "222222222222", "eu-west-1", "ec2", "DescribeOthers")
    stranger = Request(organisation, "333333333333", "eu-west-1", "ec2", "DescribeThings")
    for whose, params in (
        (request_here, {"Owner": "b"}),
        (request_here, {}),
        (elsewhere, {"Owner": "a"}),
        (another, {"Owner": "a"}),
        (stranger, {"Owner": "a"}),
    ):
        with pytest.raises(ServiceError) as refused:
            pager.cut(whose, {**params, "NextToken": token}, range(9))
        assert refused.value.code == "InvalidPaginationToken"


@pytest.mark.parametrize("token", ["x", "not a token", "AAAA", "é", "A" * 24])
def test_made_up_tokens_are_refused(request_here, token):
    with pytest.raises(ServiceError) as refused:
        Pager(bad_token="InvalidNextToken").cut(request_here, {"NextToken": token}, range(9))
    assert refused.value.code == "InvalidNextToken"


def test_hollow_pagers_give_one_empty_page_with_a_token(request_here):
    pager, token, sizes = Pager(high=20, default=20, hollow=True), None, []
    while True:
        page, token = pager.cut(request_here, {"NextToken": token} if token else {}, range(50))
        sizes.append(len(page))
        if token is None:
            break
    assert sizes == [20, 0, 20, 10]
    assert pager.cut(request_here, {}, range(20)) == (range(20), None)


def test_the_order_follows_the_keys_however_they_change():
    table = {"b": 1, "a": 2}
    assert ordered(table) == ["a", "b"]
    table["0"] = 3
    assert ordered(table) == ["0", "a", "b"]
    del table["a"]
    table["c"] = 4  # as many as before, and not the same
    assert ordered(table) == ["0", "b", "c"]


def test_answers_have_a_token_only_when_there_is_more():
    assert answer("Rows", (1, 2), None) == {"Rows": [1, 2]}
    assert answer("Rows", [1], "t", token_key="NextMarker") == {"Rows": [1], "NextMarker": "t"}


class Counted(dict):
    """A table that counts how often one of its rows is looked at."""

    looks = 0

    def __getitem__(self, key):
        self.looks += 1
        return super().__getitem__(key)

    def values(self):
        return [self[key] for key in self]

    def items(self):
        return [(key, self[key]) for key in self]


def test_a_page_of_a_full_region_looks_at_its_own_rows_and_sorts_nothing(organisation, call, monkeypatch):
    here = organisation.place("222222222222", "eu-west-1")
    snapshot_ids = [f"snap-{number * 7919 % 12_500:017x}" for number in range(12_500)]
    rows = {name: {"SnapshotId": name, "OwnerId": "222222222222", "State": "completed"} for name in snapshot_ids}
    monkeypatch.setattr(here, "snapshots", Counted(rows))
    params = {"OwnerIds": ["self"], "MaxResults": 1000}
    params["NextToken"] = call("ec2", "DescribeSnapshots", **params)["NextToken"]
    here.snapshots.looks, order = 0, ordered(here.snapshots)
    assert len(call("ec2", "DescribeSnapshots", **params)["Snapshots"]) == 1000
    assert here.snapshots.looks == 1000
    assert ordered(here.snapshots) is order
