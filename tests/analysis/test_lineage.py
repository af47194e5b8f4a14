"""The bounds hold the truth: volumes are written, snapshotted, copied, restored and deleted, block by block."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.analysis.lineage import bounds
from auditor.frames import FRAMES

BLOCK = 524_288
ACCOUNT = "111122223333"
HERE = {"account_id": ACCOUNT, "region": "eu-west-1"}
START = datetime(2026, 1, 1, tzinfo=UTC)
NO_GAPS = FRAMES["gaps"].empty()

Blocks = dict[int, int]


@dataclass
class Volume:
    id: str
    blocks: Blocks
    key: str | None
    source: str | None
    made: datetime
    there: bool = True


@dataclass
class Snapshot:
    id: str
    volume_id: str
    blocks: Blocks
    line: Any
    key: str | None
    started: datetime
    tier: str = "standard"
    state: str = "completed"
    fate: str = "there"


@dataclass
class Region:
    """A slow twin of EBS in one region: every block version is known."""

    volumes: list[Volume] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    now: datetime = START
    version: int = 0
    name: str = "eu-west-1"

    def tick(self) -> datetime:
        self.now += timedelta(hours=1)
        return self.now

    def pick(self, things: list[Any], number: int) -> Any:
        return things[number % len(things)] if things else None

    @property
    def alive(self) -> list[Snapshot]:
        return [snapshot for snapshot in self.snapshots if snapshot.fate == "there" and snapshot.state == "completed"]

    @property
    def mounted(self) -> list[Volume]:
        return [volume for volume in self.volumes if volume.there]

    def do(self, action: str, number: int, extent: int) -> None:
        getattr(self, f"_{action}")(number, extent)

    def _blank(self, number: int, extent: int) -> None:
        key = f"dek-{len(self.volumes)}" if number % 3 == 0 else None
        self._volume({}, key, None)
        self._write(len(self.mounted) - 1, extent)

    def _foreign(self, number: int, extent: int) -> None:
        self._blank(number, extent)
        self.volumes[-1].source = "snap-of-others"

    def _volume(self, blocks: Blocks, key: str | None, source: str | None) -> None:
        self.volumes.append(Volume(f"vol-0{len(self.volumes):x}", dict(blocks), key, source, self.tick()))

    def _write(self, number: int, extent: int) -> None:
        volume = self.pick(self.mounted, number)
        if volume:
            self.version += 1
            first = number % 7
            volume.blocks |= dict.fromkeys(range(first, first + extent), self.version)

    def _trim(self, number: int, extent: int) -> None:
        volume = self.pick(self.mounted, number)
        if volume:
            volume.blocks = {index: version for index, version in volume.blocks.items() if index >= extent}

    def _snapshot(self, number: int, extent: int) -> None:
        volume = self.pick(self.mounted, number)
        if volume:
            state = "pending" if extent == 9 else "completed"
            self._keep(volume.id, volume.blocks, volume.key or "plain", volume.key, state)

    def _keep(self, volume_id: str, blocks: Blocks, line: Any, key: str | None, state: str = "completed") -> None:
        name = f"snap-0{len(self.snapshots):x}"
        self.snapshots.append(Snapshot(name, volume_id, dict(blocks), line, key, self.tick(), state=state))

    def _restore(self, number: int, extent: int) -> None:
        snapshot = self.pick(self.alive, number)
        if snapshot:
            self._volume(snapshot.blocks, snapshot.key, snapshot.id)
            self._write(len(self.mounted) - 1, extent)

    def _copy(self, number: int, extent: int) -> None:
        snapshot = self.pick(self.alive, number)
        if snapshot and extent % 2:
            self._keep("vol-ffffffff", snapshot.blocks, snapshot.line, snapshot.key)
        elif snapshot:
            key = f"dek-copy-{len(self.snapshots)}"
            self._keep("vol-ffffffff", snapshot.blocks, key, key)

    def _delete(self, number: int, _: int) -> None:
        snapshot = self.pick(self.alive, number)
        if snapshot:
            snapshot.fate = "gone"

    def _bin(self, number: int, _: int) -> None:
        snapshot = self.pick(self.alive, number)
        if snapshot:
            snapshot.fate = "binned"

    def _drop(self, number: int, _: int) -> None:
        volume = self.pick(self.mounted, number)
        if volume:
            volume.there = False

    def _archive(self, number: int, _: int) -> None:
        snapshot = self.pick(self.alive, number)
        if snapshot:
            snapshot.tier = "archive"

    @property
    def holders(self) -> list[Snapshot]:
        return [s for s in self.snapshots if s.fate == "there" and s.tier == "standard" and s.state != "error"]

    def stored(self, snapshot: Snapshot) -> int:
        earlier = [s for s in self.holders if s.line == snapshot.line and s.started < snapshot.started]
        return self._only(snapshot, earlier)

    def freed(self, snapshot: Snapshot) -> int:
        return self._only(snapshot, [s for s in self.holders if s.line == snapshot.line and s is not snapshot])

    def _only(self, snapshot: Snapshot, others: list[Snapshot]) -> int:
        if snapshot.tier == "archive":
            others = []
        held = set().union(*(other.blocks.items() for other in others)) if others else set()
        return len(snapshot.blocks.items() - held) * BLOCK

    @property
    def here(self) -> dict[str, str]:
        return {"account_id": ACCOUNT, "region": self.name}

    def frames(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        snapshots = [
            {
                **self.here,
                "snapshot_id": s.id,
                "volume_id": s.volume_id,
                "full_size_bytes": len(s.blocks) * BLOCK if s.state == "completed" else None,
                "state": s.state,
                "storage_tier": s.tier,
                "started_at": s.started,
                "encrypted": s.key is not None,
                "data_encryption_key_id": s.key,
            }
            for s in self.snapshots
            if s.fate == "there"
        ]
        volumes = [
            {**self.here, "volume_id": v.id, "source_snapshot_id": v.source, "created_at": v.made} for v in self.mounted
        ]
        binned = [
            {**self.here, "snapshot_id": s.id, "volume_id": s.volume_id} for s in self.snapshots if s.fate == "binned"
        ]
        return (
            FRAMES["snapshots"].rows(snapshots[::-1]),
            FRAMES["volumes"].rows(volumes),
            FRAMES["recycle_bin_snapshots"].rows(binned),
        )

    def told(self) -> dict[str, dict[str, Any]]:
        snapshots, volumes, binned = self.frames()
        made = bounds(snapshots, volumes, binned, NO_GAPS)
        made = made.assign(snapshot_id=snapshots["snapshot_id"]).set_index("snapshot_id")
        return {str(name): row for name, row in made.astype(object).to_dict("index").items()}


COMMON = ("snapshot", "snapshot", "snapshot", "write", "write", "delete", "restore")
RARE = ("blank", "foreign", "trim", "copy", "bin", "drop", "archive")
actions = st.lists(
    st.tuples(st.sampled_from(COMMON + RARE), st.integers(0, 40), st.integers(1, 9)), min_size=3, max_size=30
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(actions)
def test_the_bounds_always_hold_what_the_blocks_say(steps: list[tuple[str, int, int]]) -> None:
    region = Region()
    region.do("blank", 1, 5)
    for step in steps:
        region.do(*step)
    told = region.told()
    for snapshot in region.alive:
        row = told[snapshot.id]
        assert row["stored_low_bytes"] <= region.stored(snapshot) <= row["stored_high_bytes"], (snapshot.id, row)
        assert row["freed_low_bytes"] <= region.freed(snapshot) <= row["freed_high_bytes"], (snapshot.id, row)


@pytest.mark.parametrize("seed", range(2))
def test_the_bounds_hold_in_many_regions_judged_at_once(seed: int) -> None:
    draw = random.Random(seed)
    regions = [Region(name=f"region-{number}") for number in range(120)]
    for region in regions:
        region.do("blank", draw.randrange(3), 5)
        for _ in range(draw.randrange(5, 40)):
            action = draw.choice(COMMON + (RARE if draw.random() < 0.4 else COMMON))
            region.do(action, draw.randrange(40), draw.randrange(1, 10))
    frames = [
        pd.concat(parts, ignore_index=True) for parts in zip(*(region.frames() for region in regions), strict=True)
    ]
    made = bounds(*frames, NO_GAPS)
    keys = zip(frames[0]["region"], frames[0]["snapshot_id"], strict=True)
    told = dict(zip(keys, made.astype(object).to_dict("records"), strict=True))
    certain = 0
    for region in regions:
        for snapshot in region.alive:
            row = told[region.name, snapshot.id]
            stored, freed = region.stored(snapshot), region.freed(snapshot)
            assert row["stored_low_bytes"] <= stored <= row["stored_high_bytes"], (region, snapshot, row)
            assert row["freed_low_bytes"] <= freed <= row["freed_high_bytes"], (region, snapshot, row)
            certain += row["stored_low_bytes"] > 0
    assert certain > 100  # bounds that say nothing would hold as well


def _region(*steps: tuple[str, int, int]) -> Region:
    region = Region()
    for step in steps:
        region.do(*step)
    return region


def _mib(value: Any) -> float:
    return float(value) / BLOCK


def test_the_first_snapshot_of_a_blank_volume_stores_its_full_size() -> None:
    told = _region(("blank", 1, 8), ("snapshot", 0, 1)).told()["snap-00"]
    assert (_mib(told["stored_low_bytes"]), _mib(told["stored_high_bytes"]), told["basis"]) == (8, 8, "full")
    assert (_mib(told["freed_low_bytes"]), _mib(told["freed_high_bytes"])) == (8, 8)


def test_a_later_snapshot_stores_at_least_its_growth() -> None:
    region = _region(("blank", 1, 4), ("snapshot", 0, 1), ("write", 6, 5), ("snapshot", 0, 1))
    told = region.told()["snap-01"]
    assert told["basis"] == "growth"
    assert _mib(told["stored_low_bytes"]) == len(region.snapshots[1].blocks) - 4
    assert _mib(told["stored_high_bytes"]) == len(region.snapshots[1].blocks)


def test_a_volume_made_from_an_own_snapshot_begins_with_its_growth_over_that() -> None:
    region = _region(("blank", 1, 4), ("snapshot", 0, 1), ("restore", 0, 1), ("write", 6, 5), ("snapshot", 1, 1))
    told = region.told()["snap-01"]
    grown = len(region.snapshots[1].blocks)
    assert (told["basis"], _mib(told["stored_low_bytes"]), _mib(told["stored_high_bytes"])) == (
        "growth",
        grown - 4,
        grown,
    )


def test_what_a_volume_was_made_from_frees_nothing_for_sure() -> None:
    told = _region(("blank", 1, 4), ("snapshot", 0, 1), ("restore", 0, 1), ("snapshot", 1, 1)).told()["snap-00"]
    assert told["freed_low_bytes"] == 0


def test_a_snapshot_that_another_volume_may_descend_from_through_a_deleted_one_is_not_sure_to_be_full() -> None:
    region = _region(
        ("blank", 1, 6), ("snapshot", 0, 1), ("restore", 0, 1), ("delete", 0, 1), ("snapshot", 1, 1), ("snapshot", 0, 1)
    )
    told = region.told()["snap-02"]
    assert region.stored(region.snapshots[2]) < told["stored_high_bytes"]
    assert told["basis"] == "lineage unknown"


def test_a_data_key_of_its_own_makes_a_lineage_known_though_the_volume_is_gone() -> None:
    region = _region(("blank", 3, 6), ("snapshot", 0, 1), ("blank", 1, 6), ("snapshot", 1, 1), ("drop", 0, 1))
    assert region.told()["snap-00"]["basis"] == "full"
    assert region.told()["snap-01"]["basis"] == "full"


def test_without_a_volume_and_a_data_key_the_lineage_is_unknown() -> None:
    region = _region(("blank", 1, 6), ("snapshot", 0, 1), ("blank", 1, 6), ("snapshot", 1, 1), ("drop", 1, 1))
    told = region.told()["snap-01"]
    assert (told["basis"], told["stored_low_bytes"]) == ("lineage unknown", 0)


def test_beside_a_snapshot_of_the_same_volume_in_the_recycle_bin_only_the_full_size_is_certain() -> None:
    region = _region(("blank", 1, 6), ("snapshot", 0, 1), ("snapshot", 0, 1), ("bin", 0, 1))
    told = region.told()["snap-01"]
    assert [_mib(told[f"{name}_bytes"]) for name in ("stored_low", "stored_high", "freed_low")] == [0, 6, 0]


def test_beside_a_copy_in_the_recycle_bin_no_copy_is_certain() -> None:
    region = _region(("blank", 3, 6), ("snapshot", 0, 1), ("copy", 0, 2), ("copy", 0, 2), ("bin", 1, 1))
    assert region.told()["snap-02"]["stored_low_bytes"] == 0
    assert region.told()["snap-00"]["basis"] == "full"


@pytest.mark.parametrize("frame", ["snapshots", "recycle_bin_snapshots"])
def test_where_relatives_could_not_be_read_nothing_is_certain_but_the_full_size(frame: str) -> None:
    gaps = FRAMES["gaps"].rows([{**HERE, "frame": frame, "status": "denied"}])
    told = bounds(*_region(("blank", 1, 6), ("snapshot", 0, 1)).frames(), gaps)
    assert told[["stored_low_bytes", "stored_high_bytes"]].to_numpy().tolist() == [[0, 6 * BLOCK]]


def test_what_an_archived_snapshot_handed_on_before_is_not_counted_twice() -> None:
    region = _region(
        ("blank", 1, 4),
        ("snapshot", 0, 1),
        ("write", 6, 5),
        ("snapshot", 0, 1),
        ("restore", 1, 1),
        ("snapshot", 1, 1),
        ("archive", 1, 1),
        ("snapshot", 0, 1),
    )
    told = region.told()["snap-03"]
    assert region.stored(region.snapshots[3]) < len(region.snapshots[3].blocks) * BLOCK - 4 * BLOCK
    assert told["stored_low_bytes"] == 0


def test_an_archived_snapshot_stores_and_frees_exactly_its_full_size() -> None:
    region = _region(("blank", 1, 6), ("snapshot", 0, 1), ("snapshot", 0, 1), ("archive", 1, 1))
    told = region.told()["snap-01"]
    assert told["basis"] == "archive"
    assert {_mib(told[name]) for name in told if name != "basis"} == {6}


def test_an_archived_snapshot_is_no_part_of_the_chain() -> None:
    region = _region(("blank", 1, 6), ("snapshot", 0, 1), ("snapshot", 0, 1), ("archive", 0, 1))
    assert region.told()["snap-01"]["basis"] == "full"


def test_copies_are_told_as_copies() -> None:
    region = _region(("blank", 1, 6), ("snapshot", 0, 1), ("copy", 0, 1))
    told = region.told()["snap-01"]
    assert (told["basis"], told["stored_low_bytes"], _mib(told["stored_high_bytes"])) == ("copy", 0, 6)


@pytest.mark.parametrize("state", ["pending", "error"])
def test_unfinished_and_failed_snapshots_have_no_known_size(state: str) -> None:
    row = {
        **HERE,
        "snapshot_id": "snap-0a",
        "volume_id": "vol-0a",
        "state": state,
        "full_size_bytes": 7,
        "encrypted": False,
    }
    nothing = FRAMES["volumes"].empty(), FRAMES["recycle_bin_snapshots"].empty(), NO_GAPS
    told = bounds(FRAMES["snapshots"].rows([row]), *nothing).iloc[0]
    assert told["basis"] == "size unknown"
    assert told.drop("basis").isna().all()


def test_the_size_of_the_volume_is_never_taken_for_what_is_stored() -> None:
    row = {**HERE, "snapshot_id": "snap-0a", "volume_id": "vol-0a", "state": "completed", "volume_size_gib": 500}
    nothing = FRAMES["volumes"].empty(), FRAMES["recycle_bin_snapshots"].empty(), NO_GAPS
    told = bounds(FRAMES["snapshots"].rows([row]), *nothing).iloc[0]
    assert told["basis"] == "size unknown"
    assert told.drop("basis").isna().all()


def test_nothing_in_nothing_out() -> None:
    empty = (FRAMES[name].empty() for name in ("snapshots", "volumes", "recycle_bin_snapshots"))
    assert bounds(*empty, NO_GAPS).empty
