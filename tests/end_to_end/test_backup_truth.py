"""Every window of every promise in a planted organisation: what became of it is what was planted, and nothing else."""

import pytest

from auditor.analysis.backup.gaps import DELIVERING
from auditor.engine.supply import Reports, Supply
from auditor.frames import INVENTORY
from auditor.inventory import Inventory
from auditor.sandbox.planting import TINY, plant
from tests.end_to_end.conftest import CONFIG, read

FRAMES = [name for name, frame in INVENTORY.items() if "region" in frame.names]


@pytest.fixture(scope="module")
def organisation(seed):
    return plant(seed, accounts=3, regions=2, size=TINY)


@pytest.fixture(scope="module")
def inventory(organisation, tmp_path_factory):
    folder = tmp_path_factory.mktemp("backups") / "run"
    read(organisation, folder)
    return Inventory.load(folder)


@pytest.fixture(scope="module")
def collected(inventory):
    return {name: inventory.read(name) for name in FRAMES}


def supply(inventory):
    return Supply(inventory, Reports(inventory), CONFIG)


def windows(frames):
    rows = frames.frame("backup_windows")
    times = rows["scheduled_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    keys = zip(*(rows[name] for name in ("account_id", "region", "resource_id", "promise_id")), times, strict=True)
    return dict(zip(keys, rows["verdict"], strict=True))


@pytest.fixture(scope="module")
def truth(organisation):
    return {key[:-1]: key[-1] for key in organisation.truth["backup_windows"]}


def test_every_window_is_as_planted(inventory, truth, seed):
    seen = windows(supply(inventory))
    assert {key: verdict for key, verdict in seen.items() if truth.get(key) != verdict} == {}, f"seed {seed}"
    assert set(truth) - set(seen) == set(), f"seed {seed}"
    assert {"met", "missed", "failed", "partial"} <= set(seen.values())


def denied(inventory, collected, collector):
    """The inventory as it would be had one collector been refused everywhere."""
    frames = {name: rows for name, rows in collected.items() if collector not in INVENTORY[name].filled_by}
    coverage = [
        {"account_id": account, "region": region, "collector": collector, "status": "denied", "error_code": "Denied"}
        for account, region in inventory.partitions
    ]
    return supply(Inventory.of(frames, inventory.as_of, coverage))


@pytest.mark.parametrize("collector", ["snapshots", "images", "recovery_points", "backup_jobs"])
def test_what_was_not_read_is_never_missed(inventory, collected, truth, collector, seed):
    frames = denied(inventory, collected, collector)
    seen = windows(frames)
    assert set(seen) == set(truth), f"seed {seed}"
    promised = frames.frame("backup_promises").set_index(["account_id", "region", "resource_id", "promise_id"])["kind"]
    needed = {
        "snapshots": {"snapshots", "any"},
        "images": {"images", "any"},
        "recovery_points": {"recovery-points", "any"},
        "backup_jobs": {"recovery-points"},
    }[collector]
    for key, verdict in seen.items():
        assert verdict in (truth[key], "unknown", "pending"), (key, seed)  # what may still come can be told
        if truth[key] == "missed" and promised[key[:-1]] in needed:
            assert verdict == "unknown", (key, seed)
    status = frames.frame("backup_status")
    assert status["unseen_because"].notna().all() == (collector in DELIVERING)


def test_where_earlier_versions_were_not_read_it_cannot_be_told_what_was_before(inventory, collected, truth, seed):
    frames = denied(inventory, collected, "backup_plan_versions")
    seen = windows(frames)
    unseen = {key for key in truth if key not in seen}
    assert {key: verdict for key, verdict in seen.items() if truth.get(key) != verdict} == {}, f"seed {seed}"
    assert unseen, f"seed {seed}"
    unmet = frames.frame("backup_unmet")
    known = set(unmet["resource_id"])
    assert {key[2] for key in unseen} <= known, f"seed {seed}"
    promises = frames.frame("backup_promises")
    plans = promises.loc[promises["earlier_unknown_because"].notna(), "plan_id"]
    assert {key[3].split("/")[0] for key in unseen} <= set(plans), f"seed {seed}"


@pytest.mark.parametrize("collector", ["lifecycle_policies", "backup_plans", "backup_selections", "backup_opt_ins"])
def test_promises_that_were_not_read_leave_nothing_clean(inventory, collected, truth, collector, seed):
    frames = denied(inventory, collected, collector)
    seen = windows(frames)
    assert {key for key, verdict in seen.items() if truth.get(key) != verdict} == set(), f"seed {seed}"
    assert frames.frame("backup_status")["unknown_because"].notna().all()
