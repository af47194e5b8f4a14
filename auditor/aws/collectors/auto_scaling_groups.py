"""Auto Scaling groups and the images they would launch; a group of size zero is use all the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where
from auditor.aws.collectors._references import References
from auditor.aws.collectors.ssm_parameters import RESOLVE
from auditor.aws.shape import Field, shape

#: What a group launches where it names no version (Auto Scaling API reference, LaunchTemplateSpecification).
_UNSAID = "$Default"


def get(reader: Reader) -> Iterator[Page]:
    """Items ``{"Group": AutoScalingGroup, "Images": …, "TemplateIds": …}``.

    ``Images`` says what a template, by id or by name, launches in a version: a number, ``$Default`` or
    ``$Latest``. ``TemplateIds`` says which id a template's name stands for. Both are shared by all items.
    """
    versions, parameters = reader.frame("launch_template_versions"), reader.frame("ssm_parameters")
    images = _images(versions, dict(zip(parameters["name"], parameters["value"], strict=True)))
    ids = dict(zip(versions["template_name"], versions["template_id"], strict=True))
    for page in reader.pages(
        "autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroups", MaxRecords=100, IncludeInstances=False
    ):
        yield [{"Group": group, "Images": images, "TemplateIds": ids} for group in page]


def _images(versions: pd.DataFrame, parameters: Mapping[str, str]) -> dict[tuple[str, str], str]:
    images: dict[tuple[str, str], str] = {}
    columns = ["template_id", "template_name", "version", "is_default", "is_latest", "image_id"]
    known = versions[versions["image_id"].notna()]
    for id_, name, number, is_default, is_latest, image_id in known[columns].astype(object).itertuples(index=False):
        image = parameters.get(image_id.removeprefix(RESOLVE)) if image_id.startswith(RESOLVE) else image_id
        if image is None:
            continue
        for template in (id_, name):
            images[template, str(number)] = image
            if is_default is True:
                images[template, "$Default"] = image
            if is_latest is True:
                images[template, "$Latest"] = image
    return images


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """Groups, and the images they name: through a template's version, or in an override of a mixed policy."""
    references = References("image", "autoscaling DescribeAutoScalingGroups")
    for item in page:
        name = item["Group"]["AutoScalingGroupName"]
        for template in _templates(item["Group"]):
            id_or_name = template.get("LaunchTemplateId") or template["LaunchTemplateName"]
            version = template.get("Version") or _UNSAID
            image_id = item["Images"].get((id_or_name, version))
            if image_id is not None:
                strength = {"$Default": "default", "$Latest": "latest"}.get(version, "pinned")
                detail = f"{_template_id(template, item)} version {version}"
                references.add(image_id, "auto-scaling-group", name, detail=detail, strength=strength)
        for override in _overrides(item["Group"]):
            if override.get("ImageId"):
                detail = f"override {override.get('InstanceType') or ''}".rstrip()
                references.add(override["ImageId"], "auto-scaling-group", name, detail=detail, strength="pinned")
    return {
        "auto_scaling_groups": shape("auto_scaling_groups", where, page, FIELDS),
        "image_references": references.table(where),
    }


def _templates(group: Item) -> Iterator[Item]:
    """Every template specification of a group, its own or the policy's before those of overrides."""
    if group.get("LaunchTemplate"):
        yield group["LaunchTemplate"]
    mixed = (group.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    if mixed.get("LaunchTemplateSpecification"):
        yield mixed["LaunchTemplateSpecification"]
    for override in _overrides(group):
        if override.get("LaunchTemplateSpecification"):
            yield override["LaunchTemplateSpecification"]


def _overrides(group: Item) -> list[Item]:
    mixed = (group.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    return mixed.get("Overrides") or []


def _first(item: Item) -> Item:
    return next(_templates(item["Group"]), {})


def _group(member: str) -> Field:
    def read(item: Item) -> Any:
        return item["Group"].get(member)

    return read


def _template_id(template: Item, item: Item) -> Any:
    return template.get("LaunchTemplateId") or item["TemplateIds"].get(template.get("LaunchTemplateName"))


FIELDS: Mapping[str, Field] = {
    "name": _group("AutoScalingGroupName"),
    "launch_configuration": _group("LaunchConfigurationName"),
    "template_id": lambda item: _template_id(_first(item), item),
    "template_version": lambda item: _first(item).get("Version"),
    "desired_capacity": _group("DesiredCapacity"),
}

COLLECTOR = Collector(
    name="auto_scaling_groups",
    frames=("auto_scaling_groups", "image_references"),
    actions=("autoscaling:DescribeAutoScalingGroups",),
    get=get,
    transform=transform,
    heeds=("launch_templates", "ssm_parameters"),
)
