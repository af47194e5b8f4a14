"""Image Builder: what its recipes start from, and which of them its pipelines build.

Two listings answer for every recipe (API reference, ListImageRecipes and ListContainerRecipes: the parent image is in
the summaries), a third for the pipelines. Only what a pipeline builds is read in full, for the snapshots in its block
devices, and because it may be another account's.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where, in_pages
from auditor.aws.collectors._references import References
from auditor.aws.collectors._whole import whole
from auditor.aws.shape import Field, moment, shape

#: The tag that Image Builder puts on the images it makes, with the build they are (Image Builder user guide).
BUILD_TAG = "Ec2ImageBuilderArn"

#: What a parent image begins with where it is looked up when the pipeline runs (API reference, CreateImageRecipe).
_PARAMETER = "ssm:"

_PER_PAGE = 100
_NAMES_PER_CALL = 10


class _Kind(NamedTuple):
    """How one kind of recipe is listed and read."""

    name: str
    listing: str
    list_key: str
    reading: str
    arn_key: str
    read_key: str


_KINDS = (
    _Kind(
        "image-recipe",
        "ListImageRecipes",
        "imageRecipeSummaryList",
        "GetImageRecipe",
        "imageRecipeArn",
        "imageRecipe",
    ),
    _Kind(
        "container-recipe",
        "ListContainerRecipes",
        "containerRecipeSummaryList",
        "GetContainerRecipe",
        "containerRecipeArn",
        "containerRecipe",
    ),
)

#: Name and version of a recipe or of an image in an ARN; ``x`` stands for any number, the newest one.
_VERSIONED = re.compile(r":(?:image-recipe|container-recipe|image)/([^/]+)/(\d+|x)\.(\d+|x)\.(\d+|x)(?:/(\d+))?$")


def get(reader: Reader) -> Iterator[Page]:
    """Items ``{"Pipeline": ImagePipeline}``, then items ``{"Recipe": …, "Kind", "Pipelines", "Newest", "Images"}``.

    ``Pipelines`` are those that build the recipe; ``Newest`` says that no newer version of it was listed; ``Images``
    are the images it starts from, as far as their ids are known here.
    """
    pipelines: list[Item] = []
    for page in reader.pages("imagebuilder", "ListImagePipelines", "imagePipelineList", maxResults=_PER_PAGE):
        pipelines += page
        yield [{"Pipeline": pipeline} for pipeline in page]
    found: dict[str, tuple[str, Item]] = {}
    users: dict[str, list[Item]] = defaultdict(list)
    for kind in _KINDS:
        for page in reader.pages("imagebuilder", kind.listing, kind.list_key, maxResults=_PER_PAGE):
            found |= {recipe["arn"]: (kind.name, recipe) for recipe in page}
        for asked, recipe in _built(reader, kind, pipelines):
            found[recipe["arn"]] = (kind.name, recipe)
            users[recipe["arn"]] += [each for each in pipelines if each.get(kind.arn_key) == asked]
    newest = _newest(found)
    images = _images(reader, [parent_of(recipe) for _, recipe in found.values()])
    items: list[Item] = [
        {
            "Recipe": recipe,
            "Kind": name,
            "Pipelines": users[arn],
            "Newest": arn in newest,
            "Images": images.get(parent_of(recipe) or "", []),
        }
        for arn, (name, recipe) in found.items()
    ]
    yield items


def _built(reader: Reader, kind: _Kind, pipelines: Iterable[Item]) -> Iterator[tuple[str, Item]]:
    """The recipes that pipelines build, in full, by the ARN that the pipeline names."""
    arns = dict.fromkeys(pipeline[kind.arn_key] for pipeline in pipelines if pipeline.get(kind.arn_key))

    def read(arn: str) -> Item:
        recipe: Item = reader.call("imagebuilder", kind.reading, **{kind.arn_key: arn})[kind.read_key]
        return recipe

    return whole(reader, list(arns), read, drop=("ResourceNotFoundException",))


def parent_of(recipe: Item) -> str | None:
    """What a recipe starts from: an image id, an Image Builder ARN, a parameter, a Marketplace product.

    A container is built on an instance: of that the image, for what the container itself starts from is none of EC2's.
    """
    if ":container-recipe/" not in recipe["arn"]:
        parent: str | None = recipe.get("parentImage")
        return parent
    configured: str | None = (recipe.get("instanceConfiguration") or {}).get("image")
    return configured or recipe.get("instanceImage")


def _version(arn: str) -> tuple[str, tuple[int, ...]] | None:
    """Name and version in an ARN without wildcards."""
    match = _VERSIONED.search(arn)
    if match is None or "x" in match.groups():
        return None
    return match[1], tuple(int(part or 0) for part in match.groups()[1:])


def _newest(found: Mapping[str, tuple[str, Item]]) -> set[str]:
    """The ARNs of which no newer version was listed; those that cannot be read count as such."""
    best: dict[tuple[str, str], tuple[tuple[int, ...], str]] = {}
    newest = set()
    for arn, (kind, _) in found.items():
        told = _version(arn)
        if told is None:
            newest.add(arn)
        else:
            best[kind, told[0]] = max(best.get((kind, told[0]), ((), "")), (told[1], arn))
    return newest | {arn for _, arn in best.values()}


def _images(reader: Reader, parents: Iterable[str | None]) -> dict[str, list[str]]:
    """The ids behind what recipes start from; what Amazon or the Marketplace make is left out."""
    named = dict.fromkeys(parent for parent in parents if parent)
    images: dict[str, list[str]] = {parent: [parent] for parent in named if parent.startswith("ami-")}
    wanted = [parent for parent in named if parent.startswith(_PARAMETER)]
    if wanted:
        values = _parameters(reader, [parent.removeprefix(_PARAMETER) for parent in wanted])
        images |= {parent: values.get(parent.removeprefix(_PARAMETER), []) for parent in wanted}
    arns = [parent for parent in named if ":image/" in parent]
    if arns:
        tags = reader.frame("image_tags")
        tags = tags[tags["key"].eq(BUILD_TAG).fillna(False) & tags["value"].notna()]
        builds = list(zip(tags["image_id"], tags["value"], strict=True))
        images |= {arn: _built_as(arn, builds) for arn in arns}
    return images


def _parameters(reader: Reader, names: list[str]) -> dict[str, list[str]]:
    """The image ids that parameters hold; those of another collector are not asked for again."""
    known = reader.frame("ssm_parameters")
    values = dict(zip(known["name"], known["value"], strict=True))
    for batch in in_pages(name for name in names if name not in values):
        for place in range(0, len(batch), _NAMES_PER_CALL):
            asked = batch[place : place + _NAMES_PER_CALL]
            for row in reader.call("ssm", "GetParameters", Names=asked)["Parameters"]:
                values |= {name: row["Value"] for name in (row["Name"], row.get("ARN")) if name}
    return {name: [values[name]] for name in names if str(values.get(name)).startswith("ami-")}


def _built_as(parent: str, builds: Iterable[tuple[str, str]]) -> list[str]:
    """Of the images that Image Builder made here those that an ARN means: of the newest version that fits."""
    wanted = _VERSIONED.search(parent)
    if wanted is None:
        return []
    owner = parent.split(":")[4:5]
    fitting: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for image_id, arn in builds:
        made, told = _VERSIONED.search(arn), _version(arn)
        if made is None or told is None or arn.split(":")[4:5] != owner or made[1] != wanted[1]:
            continue
        if all(asked in (None, "x", part) for asked, part in zip(wanted.groups()[1:], made.groups()[1:], strict=True)):
            fitting[told[1]].append(image_id)
    return fitting[max(fitting)] if fitting else []


def _snapshots(recipe: Item) -> Iterator[tuple[str, str]]:
    """Device and snapshot of the block devices that a recipe read in full makes of a snapshot."""
    devices = recipe.get("blockDeviceMappings") or (recipe.get("instanceConfiguration") or {}).get(
        "blockDeviceMappings"
    )
    for device in devices or ():
        snapshot_id = (device.get("ebs") or {}).get("snapshotId")
        if snapshot_id:
            yield device.get("deviceName") or "", snapshot_id


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """Pipelines, recipes and what those name.

    A recipe that a pipeline builds, and the newest version of one that none does, is as good as a default version;
    an older version that nothing builds is a superseded one.
    """
    images = {kind.name: References("image", f"imagebuilder {kind.listing}") for kind in _KINDS}
    snapshots = {kind.name: References("snapshot", f"imagebuilder {kind.reading}") for kind in _KINDS}
    recipes = [item for item in page if "Recipe" in item]
    for item in recipes:
        arn, kind = item["Recipe"]["arn"], item["Kind"]
        strength = "named" if item["Pipelines"] or item["Newest"] else "old"
        by = ", ".join(
            f"pipeline {each['name']} ({each.get('status') or 'state not known'})" for each in item["Pipelines"]
        )
        for image_id in item["Images"]:
            images[kind].add(image_id, kind, arn, detail=by or None, strength=strength)
        for device, snapshot_id in _snapshots(item["Recipe"]):
            detail = ", ".join(each for each in (device, by) if each)
            snapshots[kind].add(snapshot_id, kind, arn, detail=detail or None, strength=strength)
    return {
        "image_pipelines": shape(
            "image_pipelines", where, [item["Pipeline"] for item in page if "Pipeline" in item], PIPELINE_FIELDS
        ),
        "image_recipes": shape("image_recipes", where, recipes, RECIPE_FIELDS),
        "image_references": pd.concat([each.table(where) for each in images.values()], ignore_index=True),
        "snapshot_references": pd.concat([each.table(where) for each in snapshots.values()], ignore_index=True),
    }


def _of_recipe(member: str) -> Field:
    def read(item: Item) -> Any:
        return item["Recipe"].get(member)

    return read


def _made(item: Item) -> Any:
    return moment("dateCreated")(item["Recipe"])


PIPELINE_FIELDS: Mapping[str, Field] = {
    "pipeline_arn": "arn",
    "name": "name",
    "status": "status",
    "recipe_arn": lambda pipeline: pipeline.get("imageRecipeArn") or pipeline.get("containerRecipeArn"),
    "schedule_expression": lambda pipeline: (pipeline.get("schedule") or {}).get("scheduleExpression"),
    "last_run_at": moment("dateLastRun"),
    "next_run_at": moment("dateNextRun"),
}
RECIPE_FIELDS: Mapping[str, Field] = {
    "recipe_arn": _of_recipe("arn"),
    "kind": "Kind",
    "name": _of_recipe("name"),
    "owner_id": _of_recipe("owner"),
    "parent_image": lambda item: parent_of(item["Recipe"]),
    "image_id": lambda item: next(iter(item["Images"]), None),
    "pipelines": lambda item: len(item["Pipelines"]),
    "created_at": _made,
}

COLLECTOR = Collector(
    name="image_recipes",
    frames=("image_pipelines", "image_recipes", "image_references", "snapshot_references"),
    actions=(
        "imagebuilder:ListImagePipelines",
        "imagebuilder:ListImageRecipes",
        "imagebuilder:ListContainerRecipes",
        "imagebuilder:GetImageRecipe",
        "imagebuilder:GetContainerRecipe",
        "ssm:GetParameters",
    ),
    get=get,
    transform=transform,
    heeds=("images", "ssm_parameters"),
)
