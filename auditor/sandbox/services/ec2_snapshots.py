"""EC2: snapshots, who may restore them, and their tiers, locks and fast restores.

Sources: Amazon EC2 API Reference, ``DescribeSnapshots`` (visible are own, public and explicitly shared snapshots; an
id that exists but is not visible is left out, one that does not exist is an error; ``RestorableByUserIds`` takes
account ids for own snapshots, ``self`` for what one owns or was given, ``all`` for public ones; pages of 5 to 1000,
not together with ids), ``DescribeSnapshotAttribute``, ``DescribeSnapshotTierStatus``, ``DescribeLockedSnapshots``,
``DescribeFastSnapshotRestores``; Amazon EBS User Guide, "Block public access for Amazon EBS snapshots": under
``block-all-sharing`` public snapshots keep their permission but nobody else sees or uses them.
Not documented: whether the owner's ``RestorableByUserIds=all`` still lists them then;
:attr:`auditor.sandbox.model.Organisation.lists_blocked_public` chooses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Region, Row
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services.ec2_common import (
    check_ids,
    listing,
    named_rows,
    never_together,
    owned_places,
    places,
    stranger,
    table_page,
)
from auditor.sandbox.services.filters import Filters
from auditor.sandbox.services.paging import Pager, answer

_SNAPSHOTS = Pager(low=5)
_TIERS = Pager()
_LOCKS = Pager(low=5, default=1000)
_RESTORES = Pager(low=0, high=200, default=200)

_SNAPSHOT_FILTERS = Filters(
    {
        "description": "Description",
        "encrypted": "Encrypted",
        "owner-alias": "OwnerAlias",
        "owner-id": "OwnerId",
        "progress": "Progress",
        "snapshot-id": "SnapshotId",
        "start-time": "StartTime",
        "status": "State",
        "storage-tier": "StorageTier",
        "transfer-type": "TransferType",
        "volume-id": "VolumeId",
        "volume-size": "VolumeSize",
    }
)
_TIER_FILTERS = Filters(
    {"snapshot-id": "SnapshotId", "volume-id": "VolumeId", "last-tiering-operation": "LastTieringOperationStatus"},
    tags=False,
)
_LOCK_FILTERS = Filters({"lock-state": "LockState"}, tags=False)
_RESTORE_FILTERS = Filters(
    {
        "availability-zone": "AvailabilityZone",
        "availability-zone-id": "AvailabilityZoneId",
        "owner-id": "OwnerId",
        "snapshot-id": "SnapshotId",
        "state": "State",
    },
    tags=False,
)

_NOT_FOUND = "InvalidSnapshot.NotFound"


def _permitted(place: Region, snapshot_id: str, account_id: str) -> bool:
    """Whether an account was named in a snapshot's permissions."""
    return any(grant.get("UserId") == account_id for grant in place.snapshot_permissions.get(snapshot_id, ()))


def _public(place: Region, snapshot_id: str) -> bool:
    return any(grant.get("Group") == "all" for grant in place.snapshot_permissions.get(snapshot_id, ()))


def _blocked(place: Region) -> bool:
    return bool(place.snapshot_block_public_access.get("State") == "block-all-sharing")


def may_restore(request: Request, place: Region, snapshot_id: str) -> bool:
    """Whether the caller may see and restore a snapshot: its own, one shared with it, or a public one."""
    if place.account_id == request.account_id or _permitted(place, snapshot_id, request.account_id):
        return True
    return _public(place, snapshot_id) and not _blocked(place)


def _listed_as_public(request: Request, place: Region, snapshot_id: str) -> bool:
    if not _public(place, snapshot_id):
        return False
    own = place.account_id == request.account_id
    return not _blocked(place) or (own and request.organisation.lists_blocked_public)


def _restorable(request: Request, place: Region, snapshot_id: str, users: Iterable[str]) -> bool:
    """Whether one of the users of ``RestorableByUserIds`` is the reason to list a snapshot."""
    own = place.account_id == request.account_id
    for user in users:
        if user == "all":
            listed = _listed_as_public(request, place, snapshot_id)
        elif user in ("self", request.account_id):
            listed = own or _permitted(place, snapshot_id, request.account_id)
        else:
            listed = own and _permitted(place, snapshot_id, user)
        if listed:
            return True
    return False


def _owned_by(request: Request, row: Row, place: Region, owners: frozenset[str]) -> bool:
    if not owners or place.account_id in owners or row.get("OwnerAlias") in owners:
        return True
    return "self" in owners and place.account_id == request.account_id


def _seen(request: Request, params: Mapping[str, Any]) -> Iterator[tuple[Region, str]]:
    """Places and ids of the snapshots that owners and permissions let through."""
    owners, users = frozenset(params.get("OwnerIds") or ()), params.get("RestorableByUserIds") or ()
    owner_listed = not users or bool({"self", request.account_id} & set(users))
    for place in owned_places(request, owners):
        everything = owner_listed and place.account_id == request.account_id
        # Whoever is not the owner sees only what has permissions, which is little: no need to look at all the rest.
        for snapshot_id in list(place.snapshots if everything else place.snapshot_permissions):
            row = place.snapshots.get(snapshot_id)
            if row is None or not _owned_by(request, row, place, owners):
                continue
            if everything or (
                may_restore(request, place, snapshot_id)
                and (not users or _restorable(request, place, snapshot_id, users))
            ):
                yield place, snapshot_id


def _view(request: Request, place: Region, snapshot_id: str) -> Row:
    row = place.snapshots[snapshot_id]
    return row if place.account_id == request.account_id else stranger(row)


def _check_users(params: Mapping[str, Any]) -> None:
    for name, words in (("OwnerIds", ("self", "amazon")), ("RestorableByUserIds", ("self", "all"))):
        for value in params.get(name) or ():
            if value not in words and not (value.isdigit() and len(value) == 12):
                raise ServiceError("InvalidUserID.Malformed", f'Invalid user id: "{value}"')


def describe_snapshots(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Snapshots that the caller owns or may restore."""
    never_together(params, "SnapshotIds", "MaxResults")
    _check_users(params)
    test = _SNAPSHOT_FILTERS.test(params)
    ids = params.get("SnapshotIds") or ()
    if params.get("OwnerIds") in (["self"], [request.account_id]) and not params.get("RestorableByUserIds") and not ids:
        return answer("Snapshots", *table_page(request, params, _SNAPSHOTS, request.here.snapshots, test))
    seen = _seen(request, params)
    if ids:
        check_ids(ids, "snap", "InvalidSnapshotID.Malformed")
        existing = {one for place in places(request) for one in ids if one in place.snapshots}
        for one in ids:
            if one not in existing:
                raise ServiceError(_NOT_FOUND, f"The snapshot '{one}' does not exist.")
        seen = ((place, one) for place, one in seen if one in existing)
    found = {one: place for place, one in seen}
    if test is not None:
        found = {one: place for one, place in found.items() if test(_view(request, place, one))}
    page, token = _SNAPSHOTS.cut(request, params, sorted(found))
    return answer("Snapshots", [_view(request, found[one], one) for one in page], token)


def own_snapshot(request: Request, snapshot_id: str) -> Row:
    """A snapshot of the caller's own.

    Raises:
        ServiceError: It does not exist, or another account owns it.
    """
    check_ids([snapshot_id], "snap", "InvalidSnapshotID.Malformed")
    row = request.here.snapshots.get(snapshot_id)
    if row is not None:
        return row
    for place in places(request):
        if snapshot_id in place.snapshots and may_restore(request, place, snapshot_id):
            raise ServiceError("AuthFailure", f"Not authorized for the snapshot '{snapshot_id}'", 403)
    raise ServiceError(_NOT_FOUND, f"The snapshot '{snapshot_id}' does not exist.")


def describe_snapshot_attribute(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """One attribute of an own snapshot; permissions are told even where block public access defeats them."""
    snapshot_id, attribute = params["SnapshotId"], params["Attribute"]
    row = own_snapshot(request, snapshot_id)
    if attribute == "createVolumePermission":
        grants = request.here.snapshot_permissions.get(snapshot_id, [])
        return {"SnapshotId": snapshot_id, "CreateVolumePermissions": grants}
    if attribute == "productCodes":
        return {"SnapshotId": snapshot_id, "ProductCodes": row.get("ProductCodes", [])}
    raise ServiceError("InvalidParameterValue", f"Value ({attribute}) for parameter attribute is invalid.")


def describe_snapshot_tier_status(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The tiers of own snapshots that were archived or restored at least once."""
    test = _TIER_FILTERS.test(params)
    return listing(request, params, "SnapshotTierStatuses", _TIERS, request.here.tier_statuses, test=test)


def describe_locked_snapshots(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Locks of own snapshots, expired ones included."""
    test, locks = _LOCK_FILTERS.test(params), request.here.locks
    ids = params.get("SnapshotIds")
    if ids:
        named_rows(request.here.snapshots, ids, _NOT_FOUND, "snapshot")
        rows = [locks[one] for one in dict.fromkeys(ids) if one in locks]
        return answer("Snapshots", [row for row in rows if test is None or test(row)], None)
    return answer("Snapshots", *table_page(request, params, _LOCKS, locks, test))


def describe_fast_snapshot_restores(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Fast restores that the caller enabled, on whoever's snapshots."""
    test = _RESTORE_FILTERS.test(params)
    rows = [row for row in request.here.fast_restores if test is None or test(row)]
    return answer("FastSnapshotRestores", *_RESTORES.cut(request, params, rows))


HANDLERS: dict[str, Handler] = {
    "DescribeSnapshots": describe_snapshots,
    "DescribeSnapshotAttribute": describe_snapshot_attribute,
    "DescribeSnapshotTierStatus": describe_snapshot_tier_status,
    "DescribeLockedSnapshots": describe_locked_snapshots,
    "DescribeFastSnapshotRestores": describe_fast_snapshot_restores,
}
