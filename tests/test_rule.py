import pandas as pd
import pytest

from auditor.errors import RuleError
from auditor.frames import FRAMES, PANDAS
from auditor.rule import about, all_pass, alongside, among, beside, flags, lookup, older, one_of, rule, whole_days

WORDS = {
    "title": "T",
    "severity": "low",
    "subject": "snapshots",
    "headline": ("1 snapshot", "{count} snapshots"),
    "message": "{snapshot_id}",
    "remedy": "r",
    "breaks": "b",
    "controls": {},
}


def declare(function, **words):
    return rule(**(WORDS | words))(function)


def test_parameters_and_frames_come_from_the_signature():
    def old(snapshots, volumes, as_of, *, days=30):
        """Old ones cost money.

        Judged by age.
        """

    made = declare(old)
    assert (made.id, made.frames, made.parameters) == ("old", ("snapshots", "volumes"), {"days": 30})
    assert made.wants_as_of
    assert made.why == "Old ones cost money."
    assert made.how == "Judged by age."


def wordless(snapshots):
    return None


def stranger(snapshots, moon):
    """Doc."""


def subjectless(volumes):
    """Doc."""


def demanding(snapshots, *, days):
    """Doc."""


def positional(snapshots, days=3):
    """Doc."""


def fine(snapshots):
    """Doc."""


@pytest.mark.parametrize(
    ("function", "words", "said"),
    [
        (wordless, {}, "has no docstring"),
        (stranger, {}, "asks for 'moon', which is no frame"),
        (subjectless, {}, "does not ask for its subject"),
        (demanding, {}, "'days' has no default"),
        (positional, {}, "must be a plain frame name"),
        (fine, {"severity": "urgent"}, "has the severity 'urgent'"),
        (fine, {"subject": "snapshot"}, "judges the frame 'snapshot'"),
        (fine, {"subject": "snapshot_references"}, "has no key"),
    ],
)
def test_a_wrong_declaration_is_refused_with_a_sentence(function, words, said):
    with pytest.raises(RuleError) as error:
        declare(function, **words)
    assert said in str(error.value)


TEXTS = pd.Series(["a", None, "b", "c"], index=[5, 6, 7, 8], dtype=PANDAS["text"])


def told(series):
    return [None if each is pd.NA else each for each in series.tolist()]


def test_missing_text_is_among_nothing_and_one_of_nobody_knows():
    assert told(among(TEXTS, pd.Series(["b", None], dtype=PANDAS["text"]))) == [False, False, True, False]
    assert told(among(TEXTS, TEXTS.iloc[:0])) == [False] * 4
    assert told(one_of(TEXTS, "b", "z")) == [False, None, True, False]
    assert told(one_of(TEXTS)) == [False, None, False, False]
    assert one_of(TEXTS, "b").dtype == PANDAS["flag"]


@pytest.mark.parametrize("kind", ["bool", "boolean", "bool[pyarrow]", "object"])
def test_flags_are_nullable_whatever_they_came_as(kind):
    values = [True, False] if kind == "bool" else [True, None, False]
    made = flags(pd.Series(values, index=range(3, 3 + len(values)), dtype=kind))
    assert (told(made), made.dtype, made.index[0]) == (values, PANDAS["flag"], 3)


def test_ages_are_told_from_missing_ones():
    then = pd.to_datetime(pd.Series(["2026-02-27T00", None, "2026-02-26T23", "2026-03-02T00"]), utc=True).astype(
        PANDAS["moment"]
    )
    age = pd.Timestamp("2026-03-01", tz="UTC") - then
    assert told(whole_days(age)) == [2, None, 2, -1]
    assert told(older(age, pd.Timedelta(days=2))) == [False, None, True, False]
    assert whole_days(age).dtype == PANDAS["integer"]


@pytest.mark.parametrize(
    ("values", "passed"), [([False, False], True), ([], True), ([False, True], False), ([False, None], False)]
)
def test_verdicts_all_pass_only_when_every_one_is_told_and_passes(values, passed):
    assert all_pass(pd.Series(values, dtype="boolean")) is passed


@pytest.mark.parametrize("order", [["vol-1", "vol-2"], ["vol-2", "vol-1"], ["vol-2"], []])
def test_rows_alongside_are_those_with_the_same_keys_in_whatever_order(order):
    keys = ["account_id", "region", "volume_id"]
    rows = (
        FRAMES["volumes"]
        .rows({"account_id": "1", "region": "a", "volume_id": name} for name in ("vol-1", "vol-2"))
        .set_axis([3, 1])
    )
    table = rows.set_index("volume_id", drop=False).loc[order, keys].reset_index(drop=True)
    table["told"] = "of " + table["volume_id"]
    told = alongside(rows, table, keys)["told"]
    assert told.index.tolist() == [3, 1]
    assert told.fillna("none").tolist() == [f"of {name}" if name in order else "none" for name in ("vol-1", "vol-2")]


def test_rows_beside_keep_the_index_of_the_texts():
    table = pd.DataFrame({"key": ["b", "a", "b", None], "value": [1, 2, 3, 4]})
    table = table.astype({"key": PANDAS["text"], "value": PANDAS["integer"]})
    found = beside(TEXTS, table, "key")
    assert (list(found.index), told(found["value"])) == ([5, 6, 7, 8], [2, None, 1, None])
    values = lookup(TEXTS, table["key"], table["value"])
    assert (list(values.index), told(values), values.dtype) == ([5, 6, 7, 8], [2, None, 1, None], PANDAS["integer"])


def test_a_table_in_the_order_of_the_texts_is_beside_them_as_it_is():
    rows = FRAMES["volumes"].of({"volume_id": ["vol-1", "vol-2"], "state": ["in-use", None]})
    same = beside(pd.Series(["vol-1", "vol-2"], index=[3, 1], dtype=PANDAS["text"]), rows, "volume_id")
    assert (list(same.index), told(same["state"])) == ([3, 1], ["in-use", None])
    turned = beside(pd.Series(["vol-2", "vol-1"], dtype=PANDAS["text"]), rows, "volume_id")
    assert told(turned["state"]) == [None, "in-use"]


def test_rows_about_an_id_stand_on_its_index():
    ids = pd.Series(["vol-a", "vol-b", "vol-c"], index=[7, 5, 3], dtype="string")
    table = pd.DataFrame({"resource_id": ["vol-c", "vol-x", None, "vol-a", "vol-c"], "said": [1, 2, 3, 4, 5]})
    told = about(ids, table, "resource_id")
    assert list(zip(told.index, told["said"], strict=True)) == [(3, 1), (7, 4), (3, 5)]
    assert about(ids, table.iloc[:0], "resource_id").empty
