"""Image Builder recipes that name an own image, as EC2 reports them.

DescribeImageReferences answers for ten images a call, in the own account alone. Instances, templates and
parameters are read whole by their own collectors, so only images that none of those names as current are asked about,
and only recipes are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where, in_pages
from auditor.aws.collectors._references import References
from auditor.aws.collectors._whole import whole

_IMAGES_PER_CALL = 10
_RECIPES = {"imagebuilder:ImageRecipe": "image-recipe", "imagebuilder:ContainerRecipe": "container-recipe"}


def get(reader: Reader) -> Iterator[Page]:
    """Items ``ImageReference``."""
    references = reader.frame("image_references")
    named = set(references.loc[references["strength"] != "old", "image_id"])
    images = [image_id for image_id in reader.frame("images")["image_id"] if image_id not in named]
    batches = {batch[0]: batch for batch in in_pages(images, _IMAGES_PER_CALL)}
    types = [{"ResourceType": type_} for type_ in _RECIPES]

    def read(first: str) -> Item:
        pages = reader.pages(
            "ec2",
            "DescribeImageReferences",
            "ImageReferences",
            ImageIds=batches[first],
            ResourceTypes=types,
            MaxResults=100,
        )
        return {"ImageReferences": [reference for page in pages for reference in page]}

    for _, answer in whole(reader, list(batches), read):
        yield answer["ImageReferences"]


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """Recipes as references; a recipe makes an image whenever its pipeline runs, so it counts as current."""
    references = References("image", "ec2 DescribeImageReferences")
    for row in page:
        if row["ResourceType"] in _RECIPES:
            references.add(row["ImageId"], _RECIPES[row["ResourceType"]], row["Arn"], strength="named")
    return {"image_references": references.table(where)}


COLLECTOR = Collector(
    name="reported_image_references",
    frames=("image_references",),
    # EC2 asks the owning services with the caller's permissions (EC2 User Guide, "Identify the resources
    # that reference your AMIs")
    actions=(
        "ec2:DescribeImageReferences",
        "ec2:DescribeInstances",
        "ec2:DescribeLaunchTemplates",
        "ec2:DescribeLaunchTemplateVersions",
        "ssm:DescribeParameters",
        "ssm:GetParameters",
        "imagebuilder:ListImageRecipes",
        "imagebuilder:ListContainerRecipes",
        "imagebuilder:GetContainerRecipe",
    ),
    get=get,
    transform=transform,
    after=("images",),
    heeds=("instances", "launch_templates", "launch_configurations", "auto_scaling_groups", "ssm_parameters"),
)
