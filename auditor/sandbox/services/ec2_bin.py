"""EC2: what lies in the Recycle Bin.

Sources: Amazon EC2 API Reference, ``ListSnapshotsInRecycleBin`` (5 to 1000 a page), ``ListImagesInRecycleBin`` (1 to
1000, at most 20 ids), ``ListVolumesInRecycleBin`` (5 to 500).
"""

from __future__ import annotations

from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services.ec2_common import listing
from auditor.sandbox.services.paging import Pager

_SNAPSHOTS = Pager(low=5)
_IMAGES = Pager()
_VOLUMES = Pager(low=5, high=500)
_MOST_IMAGES = 20


def list_snapshots_in_recycle_bin(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Deleted snapshots that can still be recovered; no size, tier or tags are told."""
    table, missing = request.here.binned_snapshots, "InvalidSnapshot.NotFound"
    return listing(request, params, "Snapshots", _SNAPSHOTS, table, ids="SnapshotIds", code=missing, what="snapshot")


def list_images_in_recycle_bin(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Deregistered images that can still be recovered; their mappings are not told."""
    if len(params.get("ImageIds") or ()) > _MOST_IMAGES:
        raise ServiceError("InvalidParameterValue", f"At most {_MOST_IMAGES} image ids can be specified.")
    table, missing = request.here.binned_images, "InvalidAMIID.NotFound"
    return listing(request, params, "Images", _IMAGES, table, ids="ImageIds", code=missing, what="image id")


def list_volumes_in_recycle_bin(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Deleted volumes that can still be recovered."""
    table, missing = request.here.binned_volumes, "InvalidVolume.NotFound"
    return listing(request, params, "Volumes", _VOLUMES, table, ids="VolumeIds", code=missing, what="volume")


HANDLERS: dict[str, Handler] = {
    "ListSnapshotsInRecycleBin": list_snapshots_in_recycle_bin,
    "ListImagesInRecycleBin": list_images_in_recycle_bin,
    "ListVolumesInRecycleBin": list_volumes_in_recycle_bin,
}
