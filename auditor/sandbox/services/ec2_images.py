"""EC2: images and who may launch them.

Sources: Amazon EC2 API Reference, ``DescribeImages`` (owners, executable users, disabled and deprecated images),
``DescribeImageAttribute`` (``blockDeviceMapping`` answers ``AuthFailure``); Amazon EC2 User Guide, "Disable an Amazon
EC2 AMI" (a disabled image is hidden unless asked for, and nobody else may use it), "Deprecate an Amazon EC2 AMI" (only
strangers lose sight of it), "Control the discovery and use of AMIs with Allowed AMIs" (never restricts one's own; in
one criterion all conditions hold, one criterion suffices), "Share an AMI with organizations or organizational units"
(a unit's share reaches the units below it).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Organisation, Region, Row
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services.ec2_common import check_ids, never_together, owned_places, places, stranger, table_page
from auditor.sandbox.services.filters import Filters, matcher
from auditor.sandbox.services.organizations import ou_path
from auditor.sandbox.services.paging import Pager, answer

_IMAGES = Pager()
_ALIASES = ("amazon", "aws-backup-vault", "aws-marketplace")
_NOT_FOUND = "InvalidAMIID.NotFound"

_IMAGE_FILTERS = Filters(
    {
        "architecture": "Architecture",
        "block-device-mapping.delete-on-termination": "BlockDeviceMappings.Ebs.DeleteOnTermination",
        "block-device-mapping.device-name": "BlockDeviceMappings.DeviceName",
        "block-device-mapping.encrypted": "BlockDeviceMappings.Ebs.Encrypted",
        "block-device-mapping.snapshot-id": "BlockDeviceMappings.Ebs.SnapshotId",
        "block-device-mapping.volume-size": "BlockDeviceMappings.Ebs.VolumeSize",
        "block-device-mapping.volume-type": "BlockDeviceMappings.Ebs.VolumeType",
        "boot-mode": "BootMode",
        "creation-date": "CreationDate",
        "description": "Description",
        "ena-support": "EnaSupport",
        "free-tier-eligible": "FreeTierEligible",
        "hypervisor": "Hypervisor",
        "image-allowed": "ImageAllowed",
        "image-id": "ImageId",
        "image-type": "ImageType",
        "is-public": "Public",
        "kernel-id": "KernelId",
        "manifest-location": "ImageLocation",
        "name": "Name",
        "owner-alias": "ImageOwnerAlias",
        "owner-id": "OwnerId",
        "platform": "Platform",
        "product-code": "ProductCodes.ProductCodeId",
        "product-code.type": "ProductCodes.ProductCodeType",
        "public-ssm-parameter-name": "PublicSsmParameterName",
        "ramdisk-id": "RamdiskId",
        "root-device-name": "RootDeviceName",
        "root-device-type": "RootDeviceType",
        "source-image-id": "SourceImageId",
        "source-image-region": "SourceImageRegion",
        "source-instance-id": "SourceInstanceId",
        "sriov-net-support": "SriovNetSupport",
        "state": "State",
        "state-reason-code": "StateReason.Code",
        "state-reason-message": "StateReason.Message",
        "virtualization-type": "VirtualizationType",
    }
)

#: Attribute to the member of the image it is told from and the member of the answer.
_ATTRIBUTES = {
    "description": ("Description", "Description"),
    "kernel": ("KernelId", "KernelId"),
    "ramdisk": ("RamdiskId", "RamdiskId"),
    "sriovNetSupport": ("SriovNetSupport", "SriovNetSupport"),
    "bootMode": ("BootMode", "BootMode"),
    "tpmSupport": ("TpmSupport", "TpmSupport"),
    "imdsSupport": ("ImdsSupport", "ImdsSupport"),
    "lastLaunchedTime": ("LastLaunchedTime", "LastLaunchedTime"),
    "deregistrationProtection": ("DeregistrationProtection", "DeregistrationProtection"),
    "uefiData": ("UefiData", "UefiData"),
}


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def deprecated(organisation: Organisation, row: Row) -> bool:
    """Whether an image's deprecation time has come."""
    moment = _moment(row.get("DeprecationTime"))
    return moment is not None and moment <= organisation.now


def _memberships(request: Request) -> frozenset[str]:
    """Tails of the ARNs that reach the caller through its organisation and the units above it."""
    organisation = request.organisation
    account = organisation.accounts.get(request.account_id)
    if account is None or not organisation.organisation_id:
        return frozenset()
    own = organisation.organisation_id
    units = (f":ou/{own}/{unit}" for unit in ou_path(organisation, account.ou_id))
    return frozenset((f":organization/{own}", *units))


def _shared(place: Region, image_id: str, account_id: str, memberships: frozenset[str] = frozenset()) -> bool:
    """Whether an account may launch an image by name, or through its organisation."""
    for grant in place.image_permissions.get(image_id, ()):
        if grant.get("UserId") == account_id:
            return True
        arn = grant.get("OrganizationArn") or grant.get("OrganizationalUnitArn") or ""
        if any(arn.endswith(tail) for tail in memberships):
            return True
    return False


def _public(place: Region, image_id: str) -> bool:
    return any(grant.get("Group") == "all" for grant in place.image_permissions.get(image_id, ())) or bool(
        place.images[image_id].get("Public")
    )


def _provided(row: Row, own: bool, providers: list[str]) -> bool:
    return own or row.get("OwnerId") in providers or row.get("ImageOwnerAlias") in providers


def _meets(request: Request, row: Row, criterion: Mapping[str, Any]) -> bool:
    """Whether an image meets all conditions of one criterion of Allowed AMIs."""
    now = request.organisation.now
    own = row.get("OwnerId") == request.account_id
    if criterion.get("ImageProviders") and not _provided(row, own, criterion["ImageProviders"]):
        return False
    if criterion.get("ImageNames") and not matcher(criterion["ImageNames"])(row.get("Name", "")):
        return False
    codes = {code["ProductCodeId"] for code in row.get("ProductCodes") or ()}
    if criterion.get("MarketplaceProductCodes") and not codes & set(criterion["MarketplaceProductCodes"]):
        return False
    for condition, days, member in (
        ("CreationDateCondition", "MaximumDaysSinceCreated", "CreationDate"),
        ("DeprecationTimeCondition", "MaximumDaysSinceDeprecated", "DeprecationTime"),
    ):
        limit = (criterion.get(condition) or {}).get(days)
        moment = _moment(row.get(member))
        if limit is not None and moment is not None and moment < now - timedelta(days=limit):
            return False
    return True


def allowed(request: Request, row: Row) -> bool | None:
    """Whether Allowed AMIs lets the caller use an image; None where the setting is off."""
    settings = request.here.allowed_images
    if settings.get("State", "disabled") == "disabled":
        return None
    if row.get("OwnerId") == request.account_id:
        return True
    criteria = settings.get("ImageCriteria") or []
    return any(_meets(request, row, criterion) for criterion in criteria)


def view(request: Request, row: Row) -> Row:
    """An image as the caller sees it, with the verdict of Allowed AMIs where that is on."""
    seen = row if row.get("OwnerId") == request.account_id else stranger(row)
    verdict = allowed(request, row)
    return seen if verdict is None else {**seen, "ImageAllowed": verdict}


def _executable(request: Request, place: Region, image_id: str, users: list[str], memberships: frozenset[str]) -> bool:
    """Whether one of ``ExecutableUsers`` is the reason to list an image."""
    own = place.account_id == request.account_id
    for user in users:
        if user == "all":
            listed = _public(place, image_id)
        elif user in ("self", request.account_id):
            listed = _shared(place, image_id, request.account_id, memberships)
        else:
            listed = own and _shared(place, image_id, user)
        if listed:
            return True
    return False


def _visible(request: Request, place: Region, row: Row, memberships: frozenset[str]) -> bool:
    if place.account_id == request.account_id:
        return True
    if row.get("State") == "disabled":
        return False
    image_id = row["ImageId"]
    if not _public(place, image_id) and not _shared(place, image_id, request.account_id, memberships):
        return False
    hidden = request.here.allowed_images.get("State") == "enabled" and not allowed(request, row)
    return not hidden


def _owned_by(request: Request, place: Region, row: Row, owners: frozenset[str]) -> bool:
    if not owners or place.account_id in owners or row.get("ImageOwnerAlias") in owners:
        return True
    return "self" in owners and place.account_id == request.account_id


def _stated(request: Request, row: Row, params: Mapping[str, Any]) -> bool:
    """Whether an image's state lets it be listed."""
    if row.get("State") == "disabled" and not params.get("IncludeDisabled"):
        return False
    own = row.get("OwnerId") == request.account_id
    return own or bool(params.get("IncludeDeprecated")) or not deprecated(request.organisation, row)


def _seen(request: Request, params: Mapping[str, Any]) -> Iterator[tuple[Region, str]]:
    owners, users = frozenset(params.get("Owners") or ()), list(params.get("ExecutableUsers") or ())
    memberships = _memberships(request)
    for place in owned_places(request, owners):
        for image_id, row in list(place.images.items()):
            if (
                _owned_by(request, place, row, owners)
                and _visible(request, place, row, memberships)
                and _stated(request, row, params)
                and (not users or _executable(request, place, image_id, users, memberships))
            ):
                yield place, image_id


def _check_ids_exist(request: Request, ids: list[str]) -> None:
    """Refuse ids of images that do not exist or that the caller may not see in any state."""
    check_ids(ids, "ami", "InvalidAMIID.Malformed")
    memberships = _memberships(request)
    for one in ids:
        homes = [place for place in places(request) if one in place.images]
        if not any(_visible(request, place, place.images[one], memberships) for place in homes):
            raise ServiceError(_NOT_FOUND, f"The image id '[{one}]' does not exist")


def describe_images(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Images that the caller owns or may launch."""
    never_together(params, "ImageIds", "MaxResults")
    for owner in params.get("Owners") or ():
        if owner not in ("self", *_ALIASES) and not (owner.isdigit() and len(owner) == 12):
            raise ServiceError("InvalidUserID.Malformed", f'Invalid user id: "{owner}"')
    test = _IMAGE_FILTERS.test(params)
    ids = list(params.get("ImageIds") or ())
    if ids:
        _check_ids_exist(request, ids)
    found = {
        image_id: view(request, place.images[image_id])
        for place, image_id in _seen(request, params)
        if not ids or image_id in ids
    }
    return answer("Images", *table_page(request, params, _IMAGES, found, test))


def own_image(request: Request, image_id: str) -> Row:
    """An image of the caller's own.

    Raises:
        ServiceError: It does not exist, or another account owns it.
    """
    check_ids([image_id], "ami", "InvalidAMIID.Malformed")
    row = request.here.images.get(image_id)
    if row is not None:
        return row
    _check_ids_exist(request, [image_id])
    raise ServiceError("AuthFailure", f"Not authorized for image:{image_id}", 403)


def describe_image_attribute(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """One attribute of an own image; a disabled one has no launch permissions left."""
    image_id, attribute = params["ImageId"], params["Attribute"]
    row = own_image(request, image_id)
    if attribute == "launchPermission":
        grants = [] if row.get("State") == "disabled" else request.here.image_permissions.get(image_id, [])
        return {"ImageId": image_id, "LaunchPermissions": grants}
    if attribute == "productCodes":
        return {"ImageId": image_id, "ProductCodes": row.get("ProductCodes", [])}
    if attribute == "blockDeviceMapping":
        raise ServiceError("AuthFailure", "Unauthorized attempt to access restricted resource", 403)
    if attribute not in _ATTRIBUTES:
        raise ServiceError("InvalidParameterValue", f"Value ({attribute}) for parameter attribute is invalid.")
    source, target = _ATTRIBUTES[attribute]
    value = row.get(source)
    return {"ImageId": image_id, target: {} if value is None else {"Value": value}}


HANDLERS: dict[str, Handler] = {
    "DescribeImages": describe_images,
    "DescribeImageAttribute": describe_image_attribute,
}
