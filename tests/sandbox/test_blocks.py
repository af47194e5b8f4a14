"""Block histories agree with the sizes snapshots tell and with how snapshots are billed."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

from auditor.sandbox.blocks import BLOCK_BYTES, BLOCKS_PER_GIB, Held, History, billed_blocks, blocks_of, same_lineage
from auditor.sandbox.model import Organisation, Region
from auditor.sandbox.planting import TINY, plant


def test_a_history_counts_versions_along_its_path() -> None:
    history = History(1, 4096, 1024)
    first = history.add(-1, 600, 0)
    second = history.add(first, 700, 0)
    branch = history.add(first, 650, 0)
    assert history.path(branch) == [first, branch]
    assert history.versions(second).tolist() == [0] * 600 + [1] * 100
    assert history.versions(branch).tolist() == [0] * 600 + [2] * 50


def test_rewritten_blocks_are_at_most_the_churn() -> None:
    history, again = History(99, 100_000, 20_000), History(99, 100_000, 20_000)
    for each in (history, again):
        point = each.add(each.add(-1, 10_000, 0), 10_000, 500)
    rewritten = int((history.versions(point) == point).sum())
    assert 0 < rewritten <= 500 + 6
    assert history.versions(point).tolist() == again.versions(point).tolist()


def test_indexes_ascend_and_stay_within_the_volume() -> None:
    history = History(5, 8 * BLOCKS_PER_GIB, 5000)
    point = history.add(-1, 5000, 0)
    indexes = history.indexes(point).tolist()
    assert indexes == sorted(set(indexes))
    assert indexes[-1] < 8 * BLOCKS_PER_GIB
    assert indexes[256] > 256  # there are holes


def test_sizes_are_blocks_and_fit_the_volume() -> None:
    organisation = plant(21, 1, 2, TINY)
    for here in organisation:
        for snapshot_id, row in here.snapshots.items():
            if row["State"] != "completed":
                assert snapshot_id not in here.blocks
                continue
            blocks = blocks_of(organisation, here.account_id, here.name, snapshot_id)
            if "FullSnapshotSizeInBytes" in row:
                assert len(blocks) * BLOCK_BYTES == row["FullSnapshotSizeInBytes"]
            assert max(blocks) < row["VolumeSize"] * BLOCKS_PER_GIB
        assert set(here.binned_snapshots) <= set(here.blocks)


def brute(organisation: Organisation, here: Region) -> dict[str, int]:
    """Blocks billed, by sets of (index, version)."""
    lines: dict[tuple[int, str], set[tuple[int, int]]] = defaultdict(set)
    rows = {**{key: here.binned_rows[key] for key in here.binned_snapshots}, **here.snapshots}
    billed = {}
    for snapshot_id in sorted(here.blocks, key=lambda key: (rows[key]["StartTime"], key)):
        blocks = set(blocks_of(organisation, here.account_id, here.name, snapshot_id).items())
        if rows[snapshot_id]["StorageTier"] == "archive" or "RestoreExpiryTime" in rows[snapshot_id]:
            billed[snapshot_id] = len(blocks)
            continue
        held = here.blocks[snapshot_id]
        stored = lines[id(held.history), held.line]
        billed[snapshot_id] = len(blocks - stored)
        stored |= blocks
    return billed


def test_the_bill_is_what_no_earlier_snapshot_holds() -> None:
    organisation = plant(4, 1, 1, TINY)
    here = next(iter(organisation))
    assert billed_blocks(here) == brute(organisation, here)


def test_a_branch_shares_what_was_written_before_it() -> None:
    history = History(7, 50_000, 5000)
    start = datetime(2026, 3, 1, tzinfo=UTC)
    root = history.add(-1, 1000, 0)
    old, new = history.add(root, 1100, 0), history.add(root, 1030, 0)
    bare = Region("1", "eu-west-1")
    for number, point in enumerate((root, old, new)):
        bare.snapshots[f"snap-{number}"] = {"StartTime": start.replace(hour=number + 1), "StorageTier": "standard"}
        bare.blocks[f"snap-{number}"] = Held(history, point)
    bare.snapshots["snap-copy"] = {"StartTime": start.replace(hour=9), "StorageTier": "standard"}
    bare.blocks["snap-copy"] = Held(history, root, "another key")
    assert billed_blocks(bare) == {"snap-0": 1000, "snap-1": 100, "snap-2": 30, "snap-copy": 1000}
    assert same_lineage(bare, "snap-0", "snap-2")
    assert not same_lineage(bare, "snap-0", "snap-copy")


def test_increments_of_a_daily_chain_are_small() -> None:
    here = next(iter(plant(8, 1, 1, TINY)))
    chains: dict[str, list[str]] = defaultdict(list)
    for snapshot_id, row in here.snapshots.items():
        if row["Description"].startswith("Created for policy: ") and snapshot_id in here.blocks:
            chains[row["VolumeId"]].append(snapshot_id)
    billed = billed_blocks(here)
    chain = max(chains.values(), key=len)
    chain.sort(key=lambda key: here.snapshots[key]["StartTime"])
    full = here.snapshots[chain[0]]["FullSnapshotSizeInBytes"] // BLOCK_BYTES
    assert billed[chain[0]] == full
    assert all(0 < billed[key] < full * 0.06 for key in chain[1:])
