"""EBS direct APIs: which blocks a snapshot holds and which changed between two.

Sources: Amazon EBS direct APIs Reference, ``ListSnapshotBlocks`` and ``ListChangedBlocks`` (100 to 10,000 blocks a
page, blocks of 512 KiB, fewer blocks than asked or none at all with a token, and a starting index that later pages
ignore; both snapshots of one lineage; without a first snapshot everything changed; a token is missing on the side that
does not hold the block); Amazon EBS User Guide, "Archive Amazon EBS snapshots" (an archived snapshot must be restored
before it can be read).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from auditor.sandbox.blocks import BLOCK_BYTES, Held, blocks_of, same_lineage
from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Region, Row
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services.ec2_common import places
from auditor.sandbox.services.ec2_snapshots import may_restore
from auditor.sandbox.services.paging import Pager, answer

_INVALID = "ValidationException"
_PAGES = Pager(
    low=100,
    high=10_000,
    default=10_000,
    bad_size=_INVALID,
    bad_token=_INVALID,
    hollow=True,
    loose=("StartingBlockIndex",),
)
_TOKEN_LIFE = timedelta(days=7)
_KEPT = 8

_spelt: OrderedDict[tuple[int, int], tuple[Held, dict[int, int]]] = OrderedDict()


def _blocks(request: Request, place: Region, snapshot_id: str) -> Mapping[int, int]:
    """The blocks of a snapshot; the last few are kept, as the pages of a listing come one after another."""
    held = place.blocks.get(snapshot_id)
    if held is None:
        return {}
    key = (id(held.history), held.point)
    kept = _spelt.get(key)
    if kept is None:
        kept = held, blocks_of(request.organisation, place.account_id, place.name, snapshot_id)
        _spelt[key] = kept
        while len(_spelt) > _KEPT:
            _spelt.popitem(last=False)
    return kept[1]


def _readable(request: Request, snapshot_id: str) -> tuple[Region, Row]:
    """A snapshot whose blocks may be listed, and where it lies.

    Raises:
        ServiceError: It does not exist for the caller, is not complete, or is archived.
    """
    for place in places(request):
        row = place.snapshots.get(snapshot_id)
        if row is None or not may_restore(request, place, snapshot_id):
            continue
        if row.get("State") != "completed":
            raise ServiceError(_INVALID, f"The snapshot '{snapshot_id}' is not in the completed state.")
        if row.get("StorageTier") == "archive" and "RestoreExpiryTime" not in row:
            raise ServiceError(_INVALID, f"The snapshot '{snapshot_id}' is archived.")
        return place, row
    raise ServiceError("ResourceNotFoundException", f"The snapshot '{snapshot_id}' does not exist.", 404)


def _tokens(snapshot_id: str) -> Callable[[int], str]:
    """What the blocks of a snapshot would be read with."""
    stem = blake2b(snapshot_id.encode(), digest_size=20).hexdigest()
    return lambda index: f"{stem}{index:08x}"


def _listing(
    request: Request, params: dict[str, Any], key: str, row: Row, indexes: list[int]
) -> tuple[list[int], dict[str, Any]]:
    """The indexes on the page and the answer without its blocks."""
    first = bisect_left(indexes, params.get("StartingBlockIndex") or 0)
    page, token = _PAGES.cut(request, params, indexes, first)
    told = answer(key, [], token)
    told |= {"VolumeSize": row["VolumeSize"], "BlockSize": BLOCK_BYTES, "ExpiryTime": datetime.now(UTC) + _TOKEN_LIFE}
    return list(page), told


def list_snapshot_blocks(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Every block that a snapshot holds, by ascending index."""
    snapshot_id = params["SnapshotId"]
    place, row = _readable(request, snapshot_id)
    indexes = list(_blocks(request, place, snapshot_id))
    page, told = _listing(request, params, "Blocks", row, indexes)
    token = _tokens(snapshot_id)
    told["Blocks"] = [{"BlockIndex": index, "BlockToken": token(index)} for index in page]
    return told


def list_changed_blocks(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The blocks that differ between two snapshots of one lineage."""
    second_id, first_id = params["SecondSnapshotId"], params.get("FirstSnapshotId")
    place, row = _readable(request, second_id)
    second, first = _blocks(request, place, second_id), _first(request, place, first_id, second_id)
    changed = sorted(index for index in first.keys() | second.keys() if first.get(index) != second.get(index))
    page, told = _listing(request, params, "ChangedBlocks", row, changed)
    blocks: list[Row] = []
    first_token, second_token = _tokens(first_id or ""), _tokens(second_id)
    for index in page:
        block: Row = {"BlockIndex": index}
        if index in first:
            block["FirstBlockToken"] = first_token(index)
        if index in second:
            block["SecondBlockToken"] = second_token(index)
        blocks.append(block)
    told["ChangedBlocks"] = blocks
    return told


def _first(request: Request, place: Region, first_id: str | None, second_id: str) -> Mapping[int, int]:
    """The blocks that the comparison starts from."""
    if not first_id:
        return {}
    home, _ = _readable(request, first_id)
    known = first_id in place.blocks and second_id in place.blocks
    if home is not place or not known or not same_lineage(place, first_id, second_id):
        raise ServiceError(_INVALID, "The snapshots are not of the same volume or lineage.")
    return _blocks(request, place, first_id)


HANDLERS: dict[str, Handler] = {"ListSnapshotBlocks": list_snapshot_blocks, "ListChangedBlocks": list_changed_blocks}
