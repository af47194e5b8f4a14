"""How what must be shared stands, in one sentence."""

import pytest

from auditor.report.expected import Expected, sentence


def line(number=1, selected=1, **counts):
    return Expected(
        number, "images tagged golden", ("organisation",), None, copyable=False, selected=selected, **counts
    )


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "Nothing that was read must be shared with anybody."),
        ([line(kept=1)], "The one share that must be there is there."),
        ([line(kept=3), line(2, kept=2)], "All 5 shares that must be there are there."),
        ([line(kept=3, missing=1)], "Of 4 shares that must be there, 1 is missing."),
        (
            [line(kept=3, missing=2, unclear=1)],
            "Of 6 shares that must be there, 2 are missing and of 1 it could not be told.",
        ),
        (
            [line(selected=0), line(2, kept=1), line(3, selected=0)],
            "The one share that must be there is there; entries 1 and 3 of the configuration select nothing.",
        ),
    ],
)
def test_it_is_said_what_is_missing_and_what_selects_nothing(lines, said):
    assert sentence(lines) == said
