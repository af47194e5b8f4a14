"""EC2: what uses an image in the caller's account, and what image an instance was launched from.

Sources: Amazon EC2 User Guide, "Identify your resources referencing specified AMIs" (own account only, images of any
owner; instances in all states unless ``state-name`` is given; the 10 newest versions of each launch template unless
``version-depth`` is given); Amazon EC2 API Reference, ``DescribeImageReferences`` (1 to 10 images, at least 5 a page)
``DescribeInstanceImageMetadata`` (tells of images that are disabled, deregistered or no longer shared) and
``DescribeFastLaunchImages`` (0 to 200 a page).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Row
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services.ec2_common import check_ids, listing, never_together, places
from auditor.sandbox.services.ec2_images import allowed
from auditor.sandbox.services.ec2_templates import newest_first, resolved_image
from auditor.sandbox.services.filters import Filters
from auditor.sandbox.services.paging import Pager, answer

_REFERENCES = Pager(low=5, default=1000)
_METADATA = Pager(default=1000)
_FAST_LAUNCHES = Pager(low=0, high=200, default=200)
_MOST_IMAGES = 10
_DEPTH = 10
_DEEPEST = 10_000

_METADATA_FILTERS = Filters(
    {
        "availability-zone": "AvailabilityZone",
        "image-allowed": "ImageMetadata.ImageAllowed",
        "instance-id": "InstanceId",
        "instance-state-name": "State.Name",
        "instance-type": "InstanceType",
        "launch-time": "LaunchTime",
        "owner-alias": "ImageMetadata.ImageOwnerAlias",
        "owner-id": "OwnerId",
        "zone-id": "ZoneId",
    }
)

_FAST_LAUNCH_FILTERS = Filters({"resource-type": "ResourceType", "owner-id": "OwnerId", "state": "State"}, tags=False)

#: One kind of referrer: the image and the ARN of everything that names one, given the option's values.
_Referrers = Callable[[Request, list[str] | None], Iterable[tuple[str, str]]]


def _arn(request: Request, service: str, resource: str) -> str:
    return f"arn:{request.organisation.partition}:{service}:{request.region}:{request.account_id}:{resource}"


def _instances(request: Request, states: list[str] | None) -> Iterator[tuple[str, str]]:
    for instance_id, row in request.here.instances.items():
        if states is None or row["State"]["Name"] in states:
            yield row.get("ImageId", ""), _arn(request, "ec2", f"instance/{instance_id}")


def _templates(request: Request, values: list[str] | None) -> Iterator[tuple[str, str]]:
    depth = int(values[0]) if values else _DEPTH
    if not 1 <= depth <= _DEEPEST:
        raise ServiceError("InvalidParameterValue", f"version-depth must lie between 1 and {_DEEPEST}.")
    for template_id in request.here.launch_templates:
        arn = _arn(request, "ec2", f"launch-template/{template_id}")
        versions = newest_first(request.here, template_id)[:depth]
        yield from ((resolved_image(request.here, version), arn) for version in versions)


def _parameters(request: Request, _: list[str] | None) -> Iterator[tuple[str, str]]:
    for name, row in request.here.parameters.items():
        if row.get("DataType") == "aws:ec2:image":
            yield row["Value"], _arn(request, "ssm", f"parameter/{name.removeprefix('/')}")


def _recipes(kind: str) -> _Referrers:
    def found(request: Request, _: list[str] | None) -> Iterator[tuple[str, str]]:
        if kind == "imagebuilder:ImageRecipe":
            yield from ((str(row["parentImage"]), arn) for arn, row in request.here.image_recipes.items())
        else:
            for arn, row in request.here.container_recipes.items():
                yield str(row.get("instanceConfiguration", {}).get("image", "")), arn

    return found


_KINDS: dict[str, tuple[str, _Referrers]] = {
    "ec2:Instance": ("state-name", _instances),
    "ec2:LaunchTemplate": ("version-depth", _templates),
    "ssm:Parameter": ("", _parameters),
    "imagebuilder:ImageRecipe": ("", _recipes("imagebuilder:ImageRecipe")),
    "imagebuilder:ContainerRecipe": ("", _recipes("imagebuilder:ContainerRecipe")),
}


def _asked_kinds(params: Mapping[str, Any]) -> dict[str, list[str] | None]:
    """The kinds of referrer to look through, with the values of their option."""
    asked: dict[str, list[str] | None] = dict.fromkeys(_KINDS) if params.get("IncludeAllResourceTypes") else {}
    for item in params.get("ResourceTypes") or ():
        kind = item.get("ResourceType")
        if kind not in _KINDS:
            raise ServiceError("InvalidParameterValue", f"The resource type '{kind}' is invalid")
        options = item.get("ResourceTypeOptions") or ()
        if any(option.get("OptionName") != _KINDS[kind][0] for option in options):
            raise ServiceError("InvalidParameterValue", f"An option is not valid for the resource type {kind}")
        asked[kind] = next((list(option["OptionValues"]) for option in options), None)
    if not asked:
        raise ServiceError("MissingParameter", "Either IncludeAllResourceTypes or ResourceTypes must be specified.")
    return asked


def describe_image_references(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Own resources that name the images, whoever owns those."""
    ids = params["ImageIds"]
    if not 1 <= len(ids) <= _MOST_IMAGES:
        raise ServiceError("InvalidParameterValue", f"Between 1 and {_MOST_IMAGES} image ids can be specified.")
    check_ids(ids, "ami", "InvalidAMIID.Malformed")
    found = dict.fromkeys(
        (image_id, kind, arn)
        for kind, values in _asked_kinds(params).items()
        for image_id, arn in _KINDS[kind][1](request, values)
        if image_id in ids
    )
    page, token = _REFERENCES.cut(request, params, sorted(found))
    rows = [{"ImageId": image_id, "ResourceType": kind, "Arn": arn} for image_id, kind, arn in page]
    return answer("ImageReferences", rows, token)


def _image_metadata(request: Request, image_id: str) -> Row:
    """What is still known of an image, wherever it is and whether or not the caller may use it."""
    row, gone = _known_image(request, image_id)
    if row is None:
        return {"ImageId": image_id, "State": "deregistered"}
    members = ("ImageId", "Name", "OwnerId", "ImageOwnerAlias", "CreationDate", "DeprecationTime")
    told = {key: row[key] for key in members if key in row}
    told["State"] = "deregistered" if gone else row["State"]
    told["IsPublic"] = bool(row.get("Public")) and not gone
    verdict = allowed(request, row)
    return told if verdict is None else {**told, "ImageAllowed": verdict}


def _known_image(request: Request, image_id: str) -> tuple[Row | None, bool]:
    """An image of whichever owner, and whether it lies in its owner's Recycle Bin."""
    for place in places(request):
        if image_id in place.images:
            return place.images[image_id], False
        if image_id in place.binned_images:
            return place.binned_rows.get(image_id), True
    return request.organisation.other_images[request.region].get(image_id), False


def _instance_metadata(request: Request, row: Row, image: Row) -> Row:
    told: Row = {key: row[key] for key in ("InstanceId", "InstanceType", "LaunchTime", "State", "Tags") if key in row}
    told["OwnerId"] = request.account_id
    if "AvailabilityZone" in row.get("Placement", {}):
        told["AvailabilityZone"] = row["Placement"]["AvailabilityZone"]
    told["ImageMetadata"] = image
    return told


def describe_instance_image_metadata(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The image of each own instance, even one that is gone, disabled or no longer shared."""
    never_together(params, "InstanceIds", "MaxResults")
    test = _METADATA_FILTERS.test(params)
    images: dict[str, Row] = {}
    rows = {}
    for instance_id, row in request.here.instances.items():
        image_id = row.get("ImageId", "")
        if image_id not in images:
            images[image_id] = _image_metadata(request, image_id)
        rows[instance_id] = _instance_metadata(request, row, images[image_id])
    return listing(
        request,
        params,
        "InstanceImageMetadata",
        _METADATA,
        rows,
        test=test,
        ids="InstanceIds",
        code="InvalidInstanceID.NotFound",
        what="instance ID",
    )


def describe_fast_launch_images(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The images that fast launch is enabled for in the caller's account, or was until a moment ago."""
    return listing(
        request,
        params,
        "FastLaunchImages",
        _FAST_LAUNCHES,
        request.here.fast_launches,
        test=_FAST_LAUNCH_FILTERS.test(params),
        ids="ImageIds",
        code="InvalidAMIID.NotFound",
        what="image id",
    )


HANDLERS: dict[str, Handler] = {
    "DescribeFastLaunchImages": describe_fast_launch_images,
    "DescribeImageReferences": describe_image_references,
    "DescribeInstanceImageMetadata": describe_instance_image_metadata,
}
