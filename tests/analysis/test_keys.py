"""Rows looked up by what identifies them."""

import pyarrow as pa
import pytest

from auditor.analysis.keys import is_one_of, keys, numbered, pairs, places
from auditor.frames import FRAMES

ONE = {"account_id": "1", "region": "a"}
OTHER = {"account_id": "1", "region": "b"}


def volumes(*rows):
    return FRAMES["volumes"].rows([{**place, "volume_id": name} for place, name in rows])


@pytest.mark.parametrize("rest", [(), ("volume_id",)])
def test_keys_are_the_same_whether_one_place_is_asked_or_several(rest):
    rows = [(ONE, "v"), (ONE, "w"), (ONE, None), (OTHER, "v")]
    alone = keys(volumes(*rows[:3]), *rest).to_pylist()
    assert alone == keys(volumes(*rows), *rest).to_pylist()[:3]
    assert alone == (["1\x1fa\x1fv", "1\x1fa\x1fw", None] if rest else ["1\x1fa"] * 3)


def test_a_row_of_no_place_has_no_key():
    nowhere = volumes(({"account_id": "1", "region": None}, "v"))
    assert keys(nowhere, "volume_id").to_pylist() == [None]
    assert keys(nowhere).to_pylist() == [None]
    assert not is_one_of(keys(nowhere, "volume_id"), keys(nowhere, "volume_id")).any()


def test_no_rows_have_no_keys():
    assert keys(volumes(), "volume_id").to_pylist() == []
    assert places(keys(volumes(), "volume_id"), keys(volumes((ONE, "v")), "volume_id")).tolist() == []


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [(["b", "b"], [0, 0]), (["b", "a", "b"], [0, 1, 0]), ([None, None], [0, 0]), (["a", None], [0, 1]), ([], [])],
)
def test_distinct_texts_are_numbered_as_they_come(texts, numbers):
    assert numbered(pa.array(texts, pa.string())).tolist() == numbers


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        (["a", "b", None], ["b", "a", "b", None], [(0, 1), (1, 0), (1, 2)]),
        (["a", "a"], ["a", "a"], [(0, 0), (0, 1), (1, 0), (1, 1)]),
        (["a"], [], []),
        ([], ["a"], []),
    ],
)
def test_pairs_are_all_places_of_one_key(left, right, found):
    rows, others = pairs(pa.array(left, pa.string()), pa.array(right, pa.string()))
    assert list(zip(rows.tolist(), others.tolist(), strict=True)) == found
