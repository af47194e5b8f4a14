from __future__ import annotations

from datetime import UTC, datetime

import pytest

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.services.filters import Filters, matcher, path, text

KNOWN = Filters({"state": "State", "device": "Mappings.Ebs.SnapshotId", "size": "Size", "encrypted": "Encrypted"})
ROW = {
    "State": "available",
    "Size": 8,
    "Encrypted": False,
    "Mappings": [{"Ebs": {"SnapshotId": "snap-1"}}, {"NoDevice": ""}, {"Ebs": {"SnapshotId": "snap-2"}}],
    "Tags": [{"Key": "Name", "Value": "web*"}, {"Key": "empty", "Value": ""}],
}


def passes(*filters: tuple[str, list[str]]) -> bool:
    test = KNOWN.test({"Filters": [{"Name": name, "Values": values} for name, values in filters]})
    assert test is not None
    return test(ROW)


def test_no_filter_is_no_test():
    assert KNOWN.test({}) is None
    assert KNOWN.test({"Filters": []}) is None


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("state", ["available"], True),
        ("state", ["Available"], False),
        ("state", ["pending", "available"], True),
        ("state", ["avail*"], True),
        ("state", ["avail"], False),
        ("state", ["availabl?"], True),
        ("state", ["available?"], True),  # none or one
        ("state", ["?vailabl"], False),
        ("state", ["a.*"], False),
        ("size", ["8"], True),
        ("size", ["80"], False),
        ("encrypted", ["false"], True),
        ("encrypted", ["False"], False),
        ("device", ["snap-2"], True),
        ("device", ["snap-3"], False),
        ("tag-key", ["Name"], True),
        ("tag-key", ["name"], False),
        ("tag:Name", [r"web\*"], True),
        ("tag:Name", [r"we\*"], False),
        ("tag:empty", [""], True),
        ("tag:missing", ["*"], False),
    ],
)
def test_one_filter(name, values, expected):
    assert passes((name, values)) is expected


def test_values_are_alternatives_and_filters_add_up():
    assert passes(("state", ["pending", "available"]), ("size", ["8", "9"]))
    assert not passes(("state", ["available"]), ("size", ["9"]))


@pytest.mark.parametrize("name", ["nonsense", "Tag:Name", ""])
def test_unknown_filters_are_refused(name):
    with pytest.raises(ServiceError) as refused:
        passes((name, ["x"]))
    assert refused.value.code == "InvalidParameterValue"


def test_filters_without_values_are_refused():
    with pytest.raises(ServiceError) as refused:
        passes(("state", []))
    assert refused.value.code == "InvalidParameterValue"


def test_tags_are_unknown_where_the_operation_has_none():
    with pytest.raises(ServiceError):
        Filters({"state": "State"}, tags=False).test({"Filters": [{"Name": "tag:Name", "Values": ["x"]}]})


def test_two_hundred_values_are_the_most():
    assert passes(("state", ["available", *map(str, range(199))]))
    with pytest.raises(ServiceError) as refused:
        passes(("state", [str(n) for n in range(150)]), ("size", [str(n) for n in range(51)]))
    assert refused.value.code == "FilterLimitExceeded"


def test_times_and_booleans_are_written_as_the_api_writes_them():
    assert text(datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)) == "2026-01-02T03:04:05.678Z"
    assert (text(True), text(8)) == ("true", "8")
    assert matcher(["2026-01-02T*"])("2026-01-02T03:04:05.678Z")


def test_paths_run_through_lists_and_leave_out_what_is_missing():
    assert list(path("Mappings.Ebs.SnapshotId")(ROW)) == ["snap-1", "snap-2"]
    assert list(path("Nothing.There")(ROW)) == []
