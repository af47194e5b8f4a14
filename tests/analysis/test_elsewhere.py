"""What other accounts and regions tell of one place's snapshots."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from auditor.analysis import derive
from auditor.analysis.elsewhere import NOWHERE
from auditor.engine.elsewhere import Elsewhere
from auditor.frames import FRAMES
from auditor.inventory import Inventory

NOW = datetime(2026, 2, 1, tzinfo=UTC)
ME, OTHER = "111122223333", "222233334444"
HERE, THERE = "eu-west-1", "us-east-1"
COLUMNS = ["snapshot_id", "used_by", "source_snapshot_id", "source_region", "source_state", "source_account_id"]


def table(name, *rows):
    return FRAMES[name].rows([{"account_id": ME, "region": HERE, **row} for row in rows])


def copy(snapshot_id, words, days=60):
    started = NOW - pd.Timedelta(days=days)
    return {"snapshot_id": snapshot_id, "volume_id": "vol-ffffffff", "description": words, "started_at": started}


def elsewhere(inventory):
    return Elsewhere(inventory, inventory.gaps)


def told(mine, look, **frames):
    """The frame of the place as rows, missing cells as ``None``."""
    given = {"snapshots": mine, **frames}

    def frame(name):
        if name == "snapshot_origins":
            return derive(name, frame, NOW)
        return given.get(name, FRAMES[name].empty())

    made = derive("snapshots_elsewhere", frame, NOW, elsewhere=look)
    return made.astype(object).where(made.notna(), None).to_dict("records")


def brief(rows):
    return {tuple(row[name] for name in COLUMNS) for row in rows}


def test_a_source_is_here_in_the_bin_gone_or_in_a_place_that_was_not_read():
    mine = table(
        "snapshots",
        copy("snap-1", f"[Copied snap-a from {THERE}] one"),
        copy("snap-2", f"[Copied snap-b from {THERE}] two"),
        copy("snap-3", f"[Copied snap-c from {THERE}]"),
        copy("snap-4", "[Copied snap-d from ap-east-1] four"),
        copy("snap-5", f"[Copied snap-e from {HERE}]\nfive"),
        copy("snap-6", "a copy that does not say of what"),
    )
    inventory = Inventory.of(
        {
            "snapshots": pd.concat(
                [
                    mine,
                    table("snapshots", {"account_id": OTHER, "region": THERE, "snapshot_id": "snap-a"}),
                    table("snapshots", {"region": THERE, "snapshot_id": "snap-z"}),
                ]
            ),
            "recycle_bin_snapshots": table("recycle_bin_snapshots", {"region": THERE, "snapshot_id": "snap-b"}),
        },
        NOW,
    )
    rows = told(mine, elsewhere(inventory))
    assert brief(rows) == {
        ("snap-1", None, "snap-a", THERE, "here", OTHER),
        ("snap-2", None, "snap-b", THERE, "recycle-bin", ME),
        ("snap-3", None, "snap-c", THERE, "gone", None),
        ("snap-4", None, "snap-d", "ap-east-1", "outside", None),
        ("snap-5", None, "snap-e", HERE, "gone", None),
    }
    because = {row["snapshot_id"]: row["unread_because"] for row in rows}
    assert because == {
        **dict.fromkeys(("snap-1", "snap-2", "snap-3", "snap-5")),
        "snap-4": f"ap-east-1 of account {ME} was not part of the run",
    }


@pytest.mark.parametrize("collector", ["snapshots", "recycle_bin_snapshots", "regions"])
@pytest.mark.parametrize("where", [THERE, "global"])
def test_a_gap_of_any_account_in_the_region_leaves_open_what_is_not_seen(collector, where):
    mine = table(
        "snapshots",
        copy("snap-1", f"[Copied snap-a from {THERE}]"),
        copy("snap-2", f"[Copied snap-b from {THERE}]"),
    )
    gap = {"account_id": OTHER, "region": where, "collector": collector, "status": "denied"}
    everything = pd.concat([mine, table("snapshots", {"region": THERE, "snapshot_id": "snap-b"})])
    rows = told(mine, elsewhere(Inventory.of({"snapshots": everything}, NOW, [gap])))
    assert {row["snapshot_id"]: row["source_state"] for row in rows} == {"snap-1": "unread", "snap-2": "here"}
    assert rows[0]["unread_because"] == f"{THERE} of account {OTHER} could not be read as a whole"


def test_what_a_policy_copies_is_looked_after_by_the_policy():
    mine = table("snapshots", copy("snap-1", f"[Copied snap-a from {HERE}] Created for policy: policy-1 schedule: x"))
    assert told(mine, elsewhere(Inventory.of({"snapshots": mine}, NOW))) == []


def test_a_series_is_as_young_as_its_newest_copy():
    mine = table(
        "snapshots",
        copy("snap-1", f"[Copied snap-a from {HERE}] nightly", 60),
        copy("snap-2", f"[Copied snap-b from {HERE}] nightly", 2),
        copy("snap-3", f"[Copied snap-c from {HERE}] by hand", 50),
    )
    rows = told(mine, elsewhere(Inventory.of({"snapshots": mine}, NOW)))
    days = {row["snapshot_id"]: (NOW - row["series_newest_at"]).days for row in rows}
    assert days == {"snap-1": 2, "snap-2": 2, "snap-3": 50}


def test_images_and_templates_of_other_accounts_in_the_region_use_a_snapshot():
    mine = table("snapshots", {"snapshot_id": "snap-1"}, {"snapshot_id": "snap-2"}, {"snapshot_id": "snap-3"})
    theirs = {"account_id": OTHER}
    devices = table(
        "image_block_devices",
        {**theirs, "image_id": "ami-b", "snapshot_id": "snap-1"},
        {**theirs, "image_id": "ami-a", "snapshot_id": "snap-1"},
        {"image_id": "ami-own", "snapshot_id": "snap-3"},
        {**theirs, "image_id": "ami-c", "snapshot_id": "snap-3", "region": THERE},
        {**theirs, "image_id": "ami-d", "snapshot_id": None},
    )
    names = {"referrer_type": "launch-template", "referrer_id": "lt-1"}
    references = table("snapshot_references", {**theirs, **names, "snapshot_id": "snap-2"})
    everything = {"snapshots": mine, "image_block_devices": devices, "snapshot_references": references}
    rows = told(mine, elsewhere(Inventory.of(everything, NOW)))
    assert {row["snapshot_id"]: row["used_by"] for row in rows} == {
        "snap-1": f"image ami-a in account {OTHER}",
        "snap-2": f"launch-template lt-1 in account {OTHER}",
    }


def test_where_there_is_nowhere_else_nothing_is_gone():
    mine = table("snapshots", copy("snap-1", f"[Copied snap-a from {HERE}]"))
    (row,) = told(mine, NOWHERE)
    assert (row["source_state"], row["unread_because"]) == ("outside", f"{HERE} was not looked at")
    assert told(mine.iloc[:0], NOWHERE) == []


def test_a_region_is_read_once(monkeypatch):
    mine = table("snapshots", copy("snap-1", f"[Copied snap-a from {HERE}]"))
    inventory = Inventory.of({"snapshots": mine}, NOW)
    asked = []
    read = inventory.read
    monkeypatch.setattr(inventory, "read", lambda *args: asked.append(args) or read(*args))
    look = elsewhere(inventory)
    for _ in range(2):
        told(mine, look)
    assert sorted(args[0] for args in asked) == [
        "image_block_devices",
        "recycle_bin_snapshots",
        "snapshot_references",
        "snapshots",
    ]
