from __future__ import annotations

import pytest

from auditor.sandbox.blocks import Held, History, blocks_of

MINE, THEIRS = "222222222222", "333333333333"
FIRST, SECOND, THIRD, ALIEN = "snap-00000001", "snap-00000002", "snap-00000003", "snap-00000004"


@pytest.fixture(autouse=True)
def here(organisation):
    """A chain of three snapshots of one volume, and one of another."""
    here = organisation.place(MINE, "eu-west-1")
    history, other = History(7, 40_960, 2_000), History(8, 40_960, 100)
    points = [history.add(-1, 1_000, 0)]
    points.append(history.add(points[0], 1_200, 300))
    points.append(history.add(points[1], 1_200, 0))
    for snapshot_id, held in (
        (FIRST, Held(history, points[0])),
        (SECOND, Held(history, points[1])),
        (THIRD, Held(history, points[2])),
        (ALIEN, Held(other, other.add(-1, 100, 0))),
    ):
        here.snapshots[snapshot_id] = {
            "SnapshotId": snapshot_id,
            "OwnerId": MINE,
            "State": "completed",
            "VolumeSize": 20,
            "StorageTier": "standard",
        }
        here.blocks[snapshot_id] = held
    return here


@pytest.fixture
def truth(organisation):
    return lambda snapshot_id: blocks_of(organisation, MINE, "eu-west-1", snapshot_id)


@pytest.fixture
def listed(pages):
    def made(operation, key, **params):
        return [block for page in pages("ebs", operation, key, **params) for block in page]

    return made


def test_all_blocks_of_a_snapshot(call, listed, truth):
    blocks = listed("ListSnapshotBlocks", "Blocks", SnapshotId=SECOND, MaxResults=100)
    assert [block["BlockIndex"] for block in blocks] == list(truth(SECOND))
    assert len({block["BlockToken"] for block in blocks}) == 1_200
    answer = call("ebs", "ListSnapshotBlocks", SnapshotId=SECOND)
    assert (answer["BlockSize"], answer["VolumeSize"], "NextToken" in answer) == (524_288, 20, False)
    assert answer["ExpiryTime"].tzinfo is not None


def test_pages_may_be_empty_with_a_token(pages):
    sizes = [len(page) for page in pages("ebs", "ListSnapshotBlocks", "Blocks", SnapshotId=FIRST, MaxResults=400)]
    assert sizes == [400, 0, 400, 200]


def test_a_listing_may_start_in_the_middle(call, truth):
    indexes = list(truth(FIRST))
    start = indexes[500] + (0 if indexes[500] + 1 == indexes[501] else 1)
    expected = [index for index in indexes if index >= start]
    answer = call("ebs", "ListSnapshotBlocks", SnapshotId=FIRST, StartingBlockIndex=start, MaxResults=100)
    found = [block["BlockIndex"] for block in answer["Blocks"]]
    while "NextToken" in answer:  # later pages leave the starting index out, or it is ignored
        answer = call("ebs", "ListSnapshotBlocks", SnapshotId=FIRST, NextToken=answer["NextToken"], MaxResults=100)
        found += [block["BlockIndex"] for block in answer["Blocks"]]
    assert found == expected


def test_changes_between_two_snapshots(listed, truth):
    before, after = truth(FIRST), truth(SECOND)
    expected = sorted(index for index in before.keys() | after.keys() if before.get(index) != after.get(index))
    asked = {"FirstSnapshotId": FIRST, "SecondSnapshotId": SECOND, "MaxResults": 100}
    blocks = listed("ListChangedBlocks", "ChangedBlocks", **asked)
    assert [block["BlockIndex"] for block in blocks] == expected
    assert 200 < len(expected) < 1_200
    for block in blocks:
        assert ("FirstBlockToken" in block) == (block["BlockIndex"] in before)
        assert ("SecondBlockToken" in block) == (block["BlockIndex"] in after)


def test_nothing_changed(call):
    answer = call("ebs", "ListChangedBlocks", FirstSnapshotId=SECOND, SecondSnapshotId=THIRD)
    assert (answer["ChangedBlocks"], "NextToken" in answer) == ([], False)


def test_without_a_first_snapshot_everything_changed(call, truth):
    blocks = call("ebs", "ListChangedBlocks", SecondSnapshotId=FIRST)["ChangedBlocks"]
    assert [block["BlockIndex"] for block in blocks] == list(truth(FIRST))
    assert not any("FirstBlockToken" in block for block in blocks)


def test_another_lineage_cannot_be_compared(here, refusal):
    asked = {"FirstSnapshotId": ALIEN, "SecondSnapshotId": SECOND}
    assert refusal("ebs", "ListChangedBlocks", **asked) == "ValidationException"
    here.blocks[ALIEN] = here.blocks[FIRST]._replace(line="copy under another key")
    assert refusal("ebs", "ListChangedBlocks", **asked) == "ValidationException"


@pytest.mark.parametrize("size", [99, 10_001])
def test_page_limits(refusal, size):
    assert refusal("ebs", "ListSnapshotBlocks", SnapshotId=FIRST, MaxResults=size) == "ValidationException"
    assert refusal("ebs", "ListChangedBlocks", SecondSnapshotId=FIRST, MaxResults=size) == "ValidationException"
    assert refusal("ebs", "ListSnapshotBlocks", SnapshotId=FIRST, NextToken="x") == "ValidationException"


def test_snapshots_that_cannot_be_read(here, call, refusal):
    assert refusal("ebs", "ListSnapshotBlocks", SnapshotId="snap-0000dead") == "ResourceNotFoundException"
    here.snapshots[FIRST]["State"] = "pending"
    assert refusal("ebs", "ListSnapshotBlocks", SnapshotId=FIRST) == "ValidationException"
    here.snapshots[SECOND]["StorageTier"] = "archive"
    assert refusal("ebs", "ListSnapshotBlocks", SnapshotId=SECOND) == "ValidationException"
    here.snapshots[SECOND]["RestoreExpiryTime"] = "soon"
    assert call("ebs", "ListSnapshotBlocks", SnapshotId=SECOND)["Blocks"]


def test_others_need_a_share(here, call, refusal):
    assert refusal("ebs", "ListSnapshotBlocks", account=THEIRS, SnapshotId=FIRST) == "ResourceNotFoundException"
    here.snapshot_permissions[FIRST] = [{"UserId": THEIRS}]
    assert len(call("ebs", "ListSnapshotBlocks", account=THEIRS, SnapshotId=FIRST)["Blocks"]) == 1_000


def test_a_snapshot_without_known_blocks_holds_none(here, call):
    del here.blocks[FIRST]
    assert call("ebs", "ListSnapshotBlocks", SnapshotId=FIRST)["Blocks"] == []
