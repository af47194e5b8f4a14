"""Waivers mark what they name on their days, and nothing that could not be told."""

import pytest

from auditor.testing import ACCOUNT, REGION
from tests.engine.judging import (
    OTHER,
    WAIVER,
    always,
    gap,
    tried,
)


@pytest.mark.parametrize(
    ("waiver", "state", "matches"),
    [
        ({"resources": ["snap-1"]}, "active", 1),
        ({"accounts": [ACCOUNT]}, "active", 1),
        ({"accounts": [ACCOUNT], "regions": [REGION]}, "active", 1),
        ({"accounts": [ACCOUNT], "regions": ["eu-west-2"]}, "unused", 0),
        ({"resources": ["snap-"]}, "unused", 0),
        ({"resources": ["snap-1"], "accounts": [OTHER]}, "unused", 0),
        ({"resources": ["snap-1"], "from": "2026-02-01", "until": "2026-02-01"}, "active", 1),
        ({"resources": ["snap-1"], "until": "2026-01-31"}, "expired", 1),
        ({"resources": ["snap-1"], "from": "2026-02-02"}, "not yet", 1),
    ],
)
def test_a_waiver_marks_what_it_names_on_its_days(waiver, state, matches):
    made = tried(always, config={"waiver": [{**WAIVER, **waiver}]})
    marked = state == "active"
    assert made.findings["waiver"].fillna("-").tolist() == ["T-1" if marked else "-"]
    assert made.tallies[["found", "waived"]].to_numpy().tolist() == [[1, int(marked)]]
    assert made.waivers[["state", "findings"]].to_numpy().tolist() == [[state, matches]]
    assert made.worst == (None if marked else "low")


def test_a_waiver_covers_no_unknown_verdict():
    made = tried(always, coverage=[gap("snapshots")], config={"waiver": [{**WAIVER, "resources": ["snap-1"]}]})
    assert made.findings["waiver"].isna().all()
    assert made.waivers["state"].tolist() == ["unused"]
    assert made.incomplete
