"""EC2: launch templates and their versions.

Sources: Amazon EC2 API Reference, ``DescribeLaunchTemplates`` (1 to 200 a page), ``DescribeLaunchTemplateVersions``
(one template: numbers, ``$Latest``, ``$Default``; no template: only ``$Latest`` and ``$Default``, of all templates;
1 to 200 a page); Amazon EC2 User Guide, "Use a Systems Manager parameter instead of an AMI ID in a launch template"
(``resolve:ssm:name``, ``…:version``; shown as written unless ``ResolveAlias`` is set).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Region, Row
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services.ec2_common import listing
from auditor.sandbox.services.filters import Filters
from auditor.sandbox.services.paging import Pager, answer

_TEMPLATES = Pager(high=200, default=200)
_VERSIONS = Pager(high=200, default=200)
_LATEST, _DEFAULT = "$Latest", "$Default"
_RESOLVE = "resolve:ssm:"

_TEMPLATE_FILTERS = Filters({"create-time": "CreateTime", "launch-template-name": "LaunchTemplateName"})
_VERSION_FILTERS = Filters(
    {
        "create-time": "CreateTime",
        "ebs-optimized": "LaunchTemplateData.EbsOptimized",
        "http-endpoint": "LaunchTemplateData.MetadataOptions.HttpEndpoint",
        "http-tokens": "LaunchTemplateData.MetadataOptions.HttpTokens",
        "iam-instance-profile": "LaunchTemplateData.IamInstanceProfile.Arn",
        "image-id": "LaunchTemplateData.ImageId",
        "instance-type": "LaunchTemplateData.InstanceType",
        "is-default-version": "DefaultVersion",
        "kernel-id": "LaunchTemplateData.KernelId",
        "ram-disk-id": "LaunchTemplateData.RamDiskId",
    },
    tags=False,
)


def newest_first(place: Region, template_id: str) -> list[Row]:
    """The versions of a template, newest first."""
    versions = place.launch_template_versions.get(template_id, [])
    return sorted(versions, key=lambda version: -int(version["VersionNumber"]))


def resolved_image(place: Region, version: Row) -> str:
    """The image that a version launches, a Systems Manager parameter followed; empty where there is none.

    A parameter that is not there leaves the text as it was written.
    """
    image = str(version.get("LaunchTemplateData", {}).get("ImageId") or "")
    if not image.startswith(_RESOLVE):
        return image
    name = image.removeprefix(_RESOLVE)
    parameter = place.parameters.get(name) or place.parameters.get(name.rpartition(":")[0])
    return image if parameter is None else str(parameter["Value"])


def _by_name(place: Region, names: list[str]) -> list[str]:
    ids = {row["LaunchTemplateName"]: template_id for template_id, row in place.launch_templates.items()}
    for name in names:
        if name not in ids:
            raise ServiceError(
                "InvalidLaunchTemplateName.NotFoundException",
                f"At least one of the launch templates specified in the request does not exist: {name}",
            )
    return [ids[name] for name in names]


def describe_launch_templates(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The caller's launch templates."""
    test = _TEMPLATE_FILTERS.test(params)
    if params.get("LaunchTemplateNames"):
        params = {**params, "LaunchTemplateIds": _by_name(request.here, params["LaunchTemplateNames"])}
    return listing(
        request,
        params,
        "LaunchTemplates",
        _TEMPLATES,
        request.here.launch_templates,
        test=test,
        ids="LaunchTemplateIds",
        code="InvalidLaunchTemplateId.NotFound",
        what="launch template",
    )


def _number(row: Row, version: str) -> int:
    """The number that ``$Latest``, ``$Default`` or a number in writing means for a template."""
    if version == _LATEST:
        return int(row["LatestVersionNumber"])
    if version == _DEFAULT:
        return int(row["DefaultVersionNumber"])
    if not version.isdigit():
        raise ServiceError("InvalidLaunchTemplateId.VersionNotFound", f"The version {version} is not valid.")
    return int(version)


def _of_one(place: Region, template_id: str, params: Mapping[str, Any]) -> list[Row]:
    """The versions of one template that were asked for."""
    row = place.launch_templates.get(template_id)
    if row is None:
        raise ServiceError(
            "InvalidLaunchTemplateId.NotFound",
            f"The specified launch template, with template ID {template_id}, does not exist.",
        )
    versions = newest_first(place, template_id)
    if params.get("Versions"):
        wanted = {_number(row, version) for version in params["Versions"]}
        missing = wanted - {version["VersionNumber"] for version in versions}
        if missing:
            raise ServiceError(
                "InvalidLaunchTemplateId.VersionNotFound",
                f"Could not find the specified version {min(missing)} for the launch template with ID {template_id}.",
            )
        versions = [version for version in versions if version["VersionNumber"] in wanted]
    low, high = params.get("MinVersion"), params.get("MaxVersion")
    return [
        version
        for version in versions
        if (not low or version["VersionNumber"] >= _number(row, low))
        and (not high or version["VersionNumber"] <= _number(row, high))
    ]


def _of_all(place: Region, params: Mapping[str, Any]) -> list[Row]:
    """The latest and default versions of all templates."""
    versions = params.get("Versions") or ()
    if not versions:
        raise ServiceError("MissingParameter", "Either a launch template or $Latest or $Default must be specified.")
    if set(versions) - {_LATEST, _DEFAULT}:
        raise ServiceError(
            "InvalidParameterCombination", "Without a launch template, only $Latest and $Default can be specified."
        )
    found = []
    for template_id in sorted(place.launch_templates):
        wanted = {_number(place.launch_templates[template_id], version) for version in versions}
        found += [row for row in newest_first(place, template_id) if row["VersionNumber"] in wanted]
    return found


def describe_launch_template_versions(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Versions of one launch template, or the latest and default ones of all."""
    if params.get("LaunchTemplateId") and params.get("LaunchTemplateName"):
        raise ServiceError("InvalidParameterCombination", "Specify either the launch template's id or its name.")
    test, place = _VERSION_FILTERS.test(params), request.here
    template_id = params.get("LaunchTemplateId")
    if params.get("LaunchTemplateName"):
        template_id = _by_name(place, [params["LaunchTemplateName"]])[0]
    rows = _of_one(place, template_id, params) if template_id else _of_all(place, params)
    if params.get("ResolveAlias"):
        rows = [_resolve(place, row) for row in rows]
    rows = [row for row in rows if test is None or test(row)]
    return answer("LaunchTemplateVersions", *_VERSIONS.cut(request, params, rows))


def _resolve(place: Region, row: Row) -> Row:
    if "ImageId" not in row.get("LaunchTemplateData", {}):
        return row
    return {**row, "LaunchTemplateData": {**row["LaunchTemplateData"], "ImageId": resolved_image(place, row)}}


HANDLERS: dict[str, Handler] = {
    "DescribeLaunchTemplates": describe_launch_templates,
    "DescribeLaunchTemplateVersions": describe_launch_template_versions,
}
