"""Parameter Store parameters that hold an image id: the account's own, and those its launch templates resolve."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where, in_pages
from auditor.aws.collectors._references import References, version_strength
from auditor.aws.collectors._whole import whole
from auditor.aws.shape import Field, shape

#: What a launch template's image begins with where it is looked up at launch; the parameter's name follows,
#: with ``:version`` or ``:label`` behind it, or the ARN of a parameter that another account shares
#: (EC2 User Guide, "Use a Systems Manager parameter instead of an AMI ID").
RESOLVE = "resolve:ssm:"

_NAMES_PER_CALL = 10

FIELDS: Mapping[str, Field] = {
    "name": "Name",
    "value": lambda item: item["Parameter"]["Value"],
    "version": lambda item: item["Parameter"].get("Version"),
    "modified_at": lambda item: item["Parameter"].get("LastModifiedDate"),
}


def get(reader: Reader) -> Iterator[Page]:
    """Items ``{"Name": as asked, "Parameter": Parameter, "Own": bool, "Templates": versions that resolve it}``."""
    templates = _resolving(reader.frame("launch_template_versions"))
    image_type = [{"Key": "DataType", "Values": ["aws:ec2:image"]}]
    pages = reader.pages("ssm", "DescribeParameters", "Parameters", ParameterFilters=image_type, MaxResults=50)
    own = [parameter["Name"] for page in pages for parameter in page]
    for names in in_pages(own, _NAMES_PER_CALL):
        yield [
            {"Name": row["Name"], "Parameter": row, "Own": True, "Templates": templates.pop(row["Name"], [])}
            for row in reader.call("ssm", "GetParameters", Names=names)["Parameters"]
        ]

    def read(name: str) -> Item:  # alone, so that one refused name costs no other; a wrong name is no error
        return {"Parameters": reader.call("ssm", "GetParameters", Names=[name])["Parameters"]}

    for name, answer in whole(reader, list(templates), read):
        yield [
            {"Name": name, "Parameter": row, "Own": False, "Templates": templates[name]} for row in answer["Parameters"]
        ]


def _resolving(versions: pd.DataFrame) -> dict[str, list[Item]]:
    names: dict[str, list[Item]] = defaultdict(list)
    resolving = versions[versions["image_id"].str.startswith(RESOLVE).fillna(False)]
    columns = ["image_id", "template_id", "version", "is_default", "is_latest"]
    for image_id, *version in resolving[columns].astype(object).itertuples(index=False):
        names[image_id.removeprefix(RESOLVE)].append(dict(zip(columns[1:], version, strict=True)))
    return dict(names)


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """Parameters, the images they name, and the images that launch templates name through them."""
    images = References("image", "ssm GetParameters")
    for item in page:
        name, image_id = item["Name"], item["Parameter"]["Value"]
        if not image_id.startswith("ami-"):
            continue
        if item["Own"]:
            detail = f"version {item['Parameter']['Version']}"
            images.add(image_id, "ssm-parameter", name, detail=detail, strength="named")
        for version in item["Templates"]:
            images.add(
                image_id,
                "launch-template",
                version["template_id"],
                detail=f"version {version['version']} {RESOLVE}{name}",
                strength=version_strength(version["is_default"], version["is_latest"]),
            )
    return {
        "ssm_parameters": shape("ssm_parameters", where, page, FIELDS),
        "image_references": images.table(where),
    }


COLLECTOR = Collector(
    name="ssm_parameters",
    frames=("ssm_parameters", "image_references"),
    actions=("ssm:DescribeParameters", "ssm:GetParameters"),
    get=get,
    transform=transform,
    heeds=("launch_templates",),
)
