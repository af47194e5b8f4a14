"""Block histories: which blocks a snapshot holds and in which version, kept compactly and spelt out on demand.

A snapshot of an EBS volume names every block written so far; a block is stored once per version. A history is a tree
of points in time of one lineage: a volume's chain is a path, and a volume restored from a snapshot branches off it.
A point stores three integers; the blocks themselves are derived from the history's seed when somebody asks.
Blocks are 512 KiB, as in the EBS direct APIs ("EBS direct APIs: ListSnapshotBlocks", ``BlockSize`` 524288).
"""

from __future__ import annotations

import random
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from auditor.sandbox.model import Organisation, Region

#: Bytes of one block.
BLOCK_BYTES = 524_288
#: Blocks of one GiB.
BLOCKS_PER_GIB = 2048

_RUN = 256  # data lies in runs of this many blocks, so that maps have holes as real ones have
_EXTENTS = 6  # rewritten data lies in about this many places

Versions = npt.NDArray[np.int32]


class History:
    """The points in time of one lineage, each with the blocks written since its parent.

    Args:
        seed: What the places of rewritten blocks are drawn from.
        capacity_blocks: Blocks of the volume; data is spread over it.
        expected_blocks: Blocks that are ever to be written; never more than the capacity.
    """

    __slots__ = ("_churn", "_parents", "_present", "_seed", "_stretch", "limit")

    def __init__(self, seed: int, capacity_blocks: int, expected_blocks: int) -> None:
        self.limit = expected_blocks
        self._seed = seed
        self._stretch = max(1, capacity_blocks // (-(-max(1, expected_blocks) // _RUN) * _RUN))
        self._parents = array("l")
        self._present = array("l")
        self._churn = array("l")

    def add(self, parent: int, present: int, churn: int) -> int:
        """A new point.

        Args:
            parent: The point it follows; -1 for the first.
            present: Blocks written by then, rewritten ones counted once; never fewer than the parent's.
            churn: Blocks of the parent that were rewritten, before overlaps.

        Returns:
            The point, which is also the version of every block written between the parent and it.
        """
        self._parents.append(parent)
        self._present.append(present)
        self._churn.append(churn)
        return len(self._parents) - 1

    def present(self, point: int) -> int:
        """Blocks held at a point."""
        return self._present[point]

    def path(self, point: int) -> list[int]:
        """The points from the first to this one."""
        path = []
        while point >= 0:
            path.append(point)
            point = self._parents[point]
        return path[::-1]

    def versions(self, point: int, known: Mapping[int, Versions] | None = None) -> Versions:
        """The version of each block held at a point, in order of block index.

        Args:
            point: The point.
            known: Answers for other points; the nearest one before this point saves going back to the first.
        """
        known = known or {}
        path = self.path(point)
        done = next((number for number in range(len(path), 0, -1) if path[number - 1] in known), 0)
        versions: Versions = np.zeros(self._present[point], dtype=np.int32)
        before = 0
        if done:
            before = self._present[path[done - 1]]
            versions[:before] = known[path[done - 1]]
        for step in path[done:]:
            versions[before : self._present[step]] = step
            for start, length in self._rewritten(step, before):
                versions[start : start + length] = step
            before = self._present[step]
        return versions

    def indexes(self, point: int) -> npt.NDArray[np.int64]:
        """The block indexes held at a point, ascending."""
        position = np.arange(self._present[point], dtype=np.int64)
        return position // _RUN * (_RUN * self._stretch) + position % _RUN

    def _rewritten(self, step: int, before: int) -> Iterable[tuple[int, int]]:
        churn = min(self._churn[step], before)
        if not churn:
            return
        rng = random.Random(f"{self._seed}/{step}")
        length = -(-churn // _EXTENTS)
        for _ in range(-(-churn // length)):
            yield rng.randrange(max(1, before - length + 1)), min(length, before)


class Held(NamedTuple):
    """What a snapshot holds: a point of a history, and the line it is stored in.

    Copies under another key share the blocks' contents and none of their storage: they are a line of their own.
    """

    history: History
    point: int
    line: str = ""


def blocks_of(organisation: Organisation, account_id: str, region: str, snapshot_id: str) -> dict[int, int]:
    """Every block a snapshot holds.

    Returns:
        Block index to version, ascending. Equal versions of an index mean equal data within one lineage.

    Raises:
        KeyError: The snapshot holds no known blocks: it is still pending, failed, or does not exist.
    """
    held = organisation.places[account_id, region].blocks[snapshot_id]
    indexes = held.history.indexes(held.point)
    return dict(zip(indexes.tolist(), held.history.versions(held.point).tolist(), strict=True))


def same_lineage(here: Region, one: str, other: str) -> bool:
    """Whether two snapshots of a place share a lineage, so that their blocks can be compared."""
    first, second = here.blocks[one], here.blocks[other]
    return first.history is second.history and first.line == second.line


def billed_blocks(here: Region) -> dict[str, int]:
    """Blocks each snapshot of a place is billed for.

    Standard-tier snapshots of a lineage, those in the Recycle Bin included, are billed in the order of their start
    for the block versions that no earlier one of them holds. An archived snapshot is a full copy ("Archive Amazon EBS
    snapshots": all blocks are billed), and one restored for a while is billed for both; the copy is counted here.

    Returns:
        Snapshot id to blocks, for all snapshots whose blocks are known.
    """
    lines: dict[tuple[int, str], list[tuple[datetime, str, Held]]] = defaultdict(list)
    billed: dict[str, int] = {}
    for snapshot_id, held in here.blocks.items():
        row = _row(here, snapshot_id)
        if row is None:
            continue
        if row.get("StorageTier") == "archive" or "RestoreExpiryTime" in row:
            billed[snapshot_id] = held.history.present(held.point)
        else:
            lines[id(held.history), held.line].append((row["StartTime"], snapshot_id, held))
    for members in lines.values():
        billed.update(_bill_of_line(sorted(members, key=lambda member: member[:2])))
    return billed


def _row(here: Region, snapshot_id: str) -> dict[str, Any] | None:
    row = here.snapshots.get(snapshot_id)
    if row is not None:
        return row
    return here.binned_rows.get(snapshot_id) if snapshot_id in here.binned_snapshots else None


def _bill_of_line(members: list[tuple[datetime, str, Held]]) -> dict[str, int]:
    """Blocks billed per snapshot of one line, in order of their start."""
    billed: dict[str, int] = {}
    earlier: dict[int, Versions] = {}
    for _, snapshot_id, held in members:
        versions = held.history.versions(held.point, earlier)
        path = held.history.path(held.point)
        ancestors = set(path) & set(earlier)
        # the nearest ancestor holds whatever older ones share with this snapshot; other branches are compared singly
        nearest = next((point for point in reversed(path) if point in ancestors), None)
        stored = np.zeros(len(versions), dtype=bool)
        for point, others in earlier.items():
            if point in ancestors and point != nearest:
                continue
            shared = min(len(others), len(versions))
            stored[:shared] |= others[:shared] == versions[:shared]
        billed[snapshot_id] = int(len(versions) - stored.sum())
        earlier[held.point] = versions
    return billed
