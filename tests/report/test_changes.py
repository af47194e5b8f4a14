"""What changed is said in one sentence, and counted by rule."""

from datetime import UTC, datetime

import pytest

from auditor.report.changes import CAME, WENT, Changes
from auditor.report.text import day

AT = datetime(2026, 2, 1, 6, tzinfo=UTC)


def changes(new, gone, by_rule=None):
    return Changes("0123456789ab", AT, {}, new, gone, by_rule or {})


@pytest.mark.parametrize(
    ("new", "gone", "said"),
    [
        ({}, {"absent": 0}, " nothing changed."),
        ({"absent": 1}, {}, ", 1 finding is new."),
        ({"absent": 9, "untold": 3}, {}, ", 12 findings are new (3 could not be told then)."),
        ({}, {"absent": 1}, ", 1 finding is gone (1 resolved)."),
        (
            {"absent": 1, "waived": 1},
            {"absent": 1200, "waived": 2, "untold": 1},
            ", 2 findings are new (1 waived then) and 1\u202f203 findings are gone "
            "(1\u202f200 resolved, 2 waived since, 1 cannot be told now).",
        ),
    ],
)
def test_it_is_one_sentence(new, gone, said):
    assert changes(new, gone).sentence == f"Since the run of {day(AT)}{said}"


def test_rules_are_counted_together_and_what_is_left_is_of_others():
    told = changes({"absent": 3}, {"absent": 9}, {"one": (1, 2), "two": (2, 4), "left": (0, 3)})
    assert told.of(["one", "two", "three"]) == (3, 6)
    assert told.of([]) == (0, 0)
    assert told.elsewhere(["one", "two"]) == 3


def test_both_ways_know_the_same_reasons():
    assert list(CAME) == list(WENT)
