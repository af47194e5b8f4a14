"""Launch templates with every version: what they launch, and which snapshots they make volumes from.

A group, a fleet or a person may launch any version, so all of them are read, not only the newest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where
from auditor.aws.collectors._references import References, version_strength
from auditor.aws.collectors._whole import whole
from auditor.aws.shape import Field, shape


def _version(member: str) -> Field:
    def read(item: Item) -> Any:
        return item["Version"].get(member)

    return read


def _launch(item: Item) -> Item:
    return item["Version"].get("LaunchTemplateData") or {}


def _is_latest(item: Item) -> bool:
    """Whether the version is the highest; a template or version younger than the listing is taken to be."""
    template = item["Template"]
    return template is None or bool(item["Version"]["VersionNumber"] >= template["LatestVersionNumber"])


FIELDS: Mapping[str, Field] = {
    "template_id": _version("LaunchTemplateId"),
    "template_name": _version("LaunchTemplateName"),
    "version": _version("VersionNumber"),
    "is_default": _version("DefaultVersion"),
    "is_latest": _is_latest,
    "image_id": lambda item: _launch(item).get("ImageId"),
    "created_at": _version("CreateTime"),
}

#: Templates that an AWS service manages are hidden unless asked for; they launch images like any other.
_EVERYTHING: dict[str, Any] = {"MaxResults": 200, "IncludeManagedResources": True}


def get(reader: Reader) -> Iterator[Page]:
    """Items ``{"Version": LaunchTemplateVersion, "Template": LaunchTemplate or None}``.

    One scan answers for the default and the latest version of all templates (EC2 API reference,
    DescribeLaunchTemplateVersions); only templates that can have others cost a request of their own.
    """
    templates: dict[str, Item] = {}
    for page in reader.pages("ec2", "DescribeLaunchTemplates", "LaunchTemplates", **_EVERYTHING):
        templates |= {template["LaunchTemplateId"]: template for template in page}
    if not templates:
        return
    seen: set[tuple[str, int]] = set()

    def new(versions: Iterable[Item]) -> Page:
        fresh = {(version["LaunchTemplateId"], version["VersionNumber"]): version for version in versions}
        page: Page = [
            {"Version": version, "Template": templates.get(key[0])} for key, version in fresh.items() if key not in seen
        ]
        seen.update(fresh)
        return page

    for versions in _versions(reader, Versions=["$Latest", "$Default"]):
        yield new(versions)

    def read(template_id: str) -> Item:
        pages = _versions(reader, LaunchTemplateId=template_id)
        return {"Versions": [version for page in pages for version in page]}

    longer = [id_ for id_, template in templates.items() if _may_have_others(template)]
    for _, answer in whole(reader, longer, read, drop=("InvalidLaunchTemplateId.NotFound",)):
        yield new(answer["Versions"])


def _versions(reader: Reader, **parameters: Any) -> Iterator[Page]:
    return reader.pages("ec2", "DescribeLaunchTemplateVersions", "LaunchTemplateVersions", **parameters, **_EVERYTHING)


def _may_have_others(template: Item) -> bool:
    latest = template["LatestVersionNumber"]
    return bool(latest > len({latest, template["DefaultVersionNumber"]}))


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """Versions and what they name; a ``resolve:ssm:`` image is left to the collector of parameters."""
    images = References("image", "ec2 DescribeLaunchTemplateVersions")
    snapshots = References("snapshot", "ec2 DescribeLaunchTemplateVersions")
    for item in page:
        version, launch = item["Version"], _launch(item)
        strength = version_strength(version.get("DefaultVersion"), _is_latest(item))
        template_id, number = version["LaunchTemplateId"], f"version {version['VersionNumber']}"
        image_id = launch.get("ImageId")
        if image_id and image_id.startswith("ami-"):
            images.add(image_id, "launch-template", template_id, detail=number, strength=strength)
        for device in launch.get("BlockDeviceMappings") or ():
            snapshot_id = (device.get("Ebs") or {}).get("SnapshotId")
            if snapshot_id:
                detail = f"{number} {device.get('DeviceName') or ''}".rstrip()
                snapshots.add(snapshot_id, "launch-template", template_id, detail=detail, strength=strength)
    return {
        "launch_template_versions": shape("launch_template_versions", where, page, FIELDS),
        "image_references": images.table(where),
        "snapshot_references": snapshots.table(where),
    }


COLLECTOR = Collector(
    name="launch_templates",
    frames=("launch_template_versions", "image_references", "snapshot_references"),
    actions=("ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions"),
    get=get,
    transform=transform,
)
