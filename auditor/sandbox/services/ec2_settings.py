"""EC2: regions, and what an account has decided for one of them.

Sources: Amazon EC2 API Reference, ``DescribeRegions`` (only enabled regions unless ``AllRegions`` or names are given),
``GetSnapshotBlockPublicAccessState``, ``GetImageBlockPublicAccessState``, ``GetAllowedImagesSettings``,
``GetEbsEncryptionByDefault``, ``GetEbsDefaultKmsKeyId``.
"""

from __future__ import annotations

from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services.filters import Filters

_SUFFIX = {"aws-cn": "amazonaws.com.cn"}
_REGION_FILTERS = Filters(
    {"endpoint": "Endpoint", "opt-in-status": "OptInStatus", "region-name": "RegionName"}, tags=False
)


def describe_regions(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The regions of the partition with the caller's opt-in status."""
    regions, names = request.organisation.regions, params.get("RegionNames")
    unknown = [name for name in names or () if name not in regions]
    if unknown:
        raise ServiceError("InvalidParameterValue", f"Invalid region names: [{', '.join(unknown)}]")
    test = _REGION_FILTERS.test(params)
    suffix = _SUFFIX.get(request.organisation.partition, "amazonaws.com")
    rows = [
        {"RegionName": name, "Endpoint": f"ec2.{name}.{suffix}", "OptInStatus": status}
        for name, status in regions.items()
        if (name in names if names else params.get("AllRegions") or status != "not-opted-in")
    ]
    return {"Regions": [row for row in rows if test is None or test(row)]}


def get_snapshot_block_public_access_state(request: Request, params: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Whether snapshots of this account may be public in this region."""
    return dict(request.here.snapshot_block_public_access)


def get_image_block_public_access_state(request: Request, params: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Whether images of this account may become public in this region."""
    return dict(request.here.image_block_public_access)


def get_allowed_images_settings(request: Request, params: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Whose images may be used in this account and region."""
    return dict(request.here.allowed_images)


def get_ebs_encryption_by_default(request: Request, params: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Whether new volumes are encrypted without being asked to be."""
    return {"EbsEncryptionByDefault": request.here.encryption_by_default}


def get_ebs_default_kms_key_id(request: Request, params: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """The key that encrypts when none is named."""
    return {"KmsKeyId": request.here.default_key}


HANDLERS: dict[str, Handler] = {
    "DescribeRegions": describe_regions,
    "GetSnapshotBlockPublicAccessState": get_snapshot_block_public_access_state,
    "GetImageBlockPublicAccessState": get_image_block_public_access_state,
    "GetAllowedImagesSettings": get_allowed_images_settings,
    "GetEbsEncryptionByDefault": get_ebs_encryption_by_default,
    "GetEbsDefaultKmsKeyId": get_ebs_default_kms_key_id,
}
