"""What holds for any rows: their order, gaps behind them, hostile text in them."""

import json

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.config import Config
from auditor.engine import evaluate
from auditor.frames import FRAMES
from auditor.inventory import Inventory
from auditor.testing import ACCOUNT, AS_OF, frame
from tests.engine.judging import (
    BUILT_IN,
    OTHER,
    SNAPSHOT_RULES,
    gap,
    numbered,
    tried,
)

TEXT = st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=20))
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "account_id": st.sampled_from([ACCOUNT, OTHER]),
            "name": TEXT,
            "description": TEXT,
            "state": st.sampled_from(["completed", "pending", "error", None]),
            "storage_tier": st.sampled_from(["standard", "archive", None]),
            "encrypted": st.sampled_from([True, False, None]),
            "started_at": st.sampled_from(["1 day ago", "40 days ago", "4000 days ago", None]),
            "volume_id": st.sampled_from(["vol-1", "vol-ffffffff", None]),
            "volume_size_gib": st.sampled_from([0, 1, 16384, None]),
        }
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=5, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows, random):
    snapshots = numbered(rows)
    shuffled = random.sample(snapshots, len(snapshots))
    one, two = (
        evaluate(Inventory.of({"snapshots": frame("snapshots", each)}, AS_OF), SNAPSHOT_RULES, Config())
        for each in (snapshots, shuffled)
    )
    pd.testing.assert_frame_equal(one.findings, two.findings)
    pd.testing.assert_frame_equal(one.tallies, two.tallies)
    assert one.findings["finding_id"].is_unique


def _rests_on(names):
    found = set(names)
    for name in names:
        found |= _rests_on(FRAMES[name].derived_from)
    return found


@settings(max_examples=8, deadline=None)
@given(ROWS, st.sampled_from(["snapshots", "volumes", "images", "kms_keys", "recovery_points", "fast_restores"]))
def test_a_frame_behind_a_gap_darkens_its_place_and_nothing_else(rows, collector):
    inventory = {"snapshots": frame("snapshots", numbered(rows))}
    whole = evaluate(Inventory.of(inventory, AS_OF), SNAPSHOT_RULES, Config())
    holed = evaluate(Inventory.of(inventory, AS_OF, [gap(collector)]), SNAPSHOT_RULES, Config())
    keys = ["rule_id", "account_id", "region"]
    for row in holed.tallies.to_dict("records"):
        names = _rests_on(BUILT_IN[row["rule_id"]].rule.frames)
        if row["account_id"] == ACCOUNT and any(collector in FRAMES[name].filled_by for name in names):
            assert row["unknown"] == row["evaluated"]
        else:
            before = whole.tallies.set_index(keys).loc[tuple(row[key] for key in keys)]
            assert row == {**row, **before.to_dict()}


@settings(max_examples=15, deadline=None)
@given(TEXT, TEXT, TEXT)
def test_hostile_text_breaks_nothing_and_is_kept_as_it_is(name, value, owner):
    def hostile(snapshots):
        """Why."""
        return pd.DataFrame({"found": [True], "value": pd.array([value], dtype="string"), "discriminator": [owner]})

    rows = {
        "snapshots": [{"snapshot_id": "snap-1", "name": name}],
        "snapshot_tags": [{"snapshot_id": "snap-1", "key": "owner", "value": owner}],
    }
    row = tried(hostile, rows, message="{name}|{value}|{{name}}").findings.iloc[0]
    shown = ["unknown" if text is None else text for text in (name, value)]
    assert row["message"] == f"{shown[0]}|{shown[1]}|{{name}}"
    assert json.loads(row["evidence"]) == {"value": value}
    assert row["owner"] is pd.NA if owner is None else row["owner"] == owner
