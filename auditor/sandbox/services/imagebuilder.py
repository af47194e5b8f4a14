"""EC2 Image Builder: recipes and the pipelines that build them.

Sources: EC2 Image Builder API Reference, ``ListImageRecipes`` and ``ListContainerRecipes`` (own ones unless an owner is
named; every version; summaries with the parent image and without block devices), ``GetImageRecipe`` and
``GetContainerRecipe`` (by ARN, shared ones too; ``x`` in a version stands for the highest number there is),
``ListImagePipelines``; 1 to 100 items a page. What does not exist is answered with ``ResourceNotFoundException``, which
the model does not name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Row, Table
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services.paging import Pager, answer

_PAGES = Pager(
    high=100,
    default=25,
    size="maxResults",
    token="nextToken",  # noqa: S106 - the name of a parameter
    bad_size="InvalidRequestException",
    bad_token="InvalidPaginationTokenException",  # noqa: S106 - an error code
)
_IMAGE_SUMMARY = ("arn", "name", "platform", "owner", "parentImage", "dateCreated", "tags")
_CONTAINER_SUMMARY = (*_IMAGE_SUMMARY, "containerType")


def _filtered(table: Table, params: Mapping[str, Any]) -> list[Row]:
    rows = [table[arn] for arn in sorted(table)]
    for asked in params.get("filters") or ():
        if asked["name"] not in ("name", "platform", "parentImage"):
            raise ServiceError("InvalidRequestException", f"The filter {asked['name']} is not valid.")
        rows = [row for row in rows if row.get(asked["name"]) in asked["values"]]
    return rows


def _page(request: Request, params: dict[str, Any], key: str, rows: list[Row]) -> dict[str, Any]:
    page, token = _PAGES.cut(request, params, rows)
    return answer(key, page, token, token_key="nextToken")  # noqa: S106 - the name of a member


def _recipes(request: Request, table: Table, params: Mapping[str, Any]) -> list[Row]:
    owner = params.get("owner", "Self")
    if owner == "Self":
        return _filtered(table, params)
    shared = {arn: row for arn, row in request.here.shared_recipes.items() if owner == "Shared"}
    kind = "containerType" if table is request.here.container_recipes else "components"
    return [row for row in _filtered(shared, params) if kind in row]


def list_image_recipes(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Summaries of image recipes."""
    rows = _recipes(request, request.here.image_recipes, params)
    summaries = [{key: row[key] for key in _IMAGE_SUMMARY if key in row} for row in rows]
    return _page(request, params, "imageRecipeSummaryList", summaries)


def list_container_recipes(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Summaries of container recipes, with the image of the instance that builds them."""
    summaries = []
    for row in _recipes(request, request.here.container_recipes, params):
        summary = {key: row[key] for key in _CONTAINER_SUMMARY if key in row}
        if "image" in row.get("instanceConfiguration", {}):
            summary["instanceImage"] = row["instanceConfiguration"]["image"]
        summaries.append(summary)
    return _page(request, params, "containerRecipeSummaryList", summaries)


def list_image_pipelines(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The caller's pipelines."""
    table = request.here.image_pipelines
    return _page(request, params, "imagePipelineList", [table[arn] for arn in sorted(table)])


def _numbers(arn: str) -> list[str]:
    return arn.rsplit("/", 1)[1].split(".")


def _find(request: Request, table: Table, arn: str) -> Row:
    """A recipe by its ARN; of several that a wildcard fits the one of the highest version."""
    held = {**table, **request.here.shared_recipes}
    fitting = [
        one
        for one in held
        if one.rsplit("/", 1)[0] == arn.rsplit("/", 1)[0]
        and all(asked in ("x", part) for asked, part in zip(_numbers(arn), _numbers(one), strict=True))
    ]
    if not fitting:
        raise ServiceError("ResourceNotFoundException", f"The resource with ARN '{arn}' does not exist.", 404)
    return held[max(fitting, key=lambda one: [int(part) for part in _numbers(one)])]


def get_image_recipe(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """One image recipe in full."""
    return {"imageRecipe": _find(request, request.here.image_recipes, params["imageRecipeArn"])}


def get_container_recipe(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """One container recipe in full."""
    return {"containerRecipe": _find(request, request.here.container_recipes, params["containerRecipeArn"])}


HANDLERS: dict[str, Handler] = {
    "ListImageRecipes": list_image_recipes,
    "ListContainerRecipes": list_container_recipes,
    "ListImagePipelines": list_image_pipelines,
    "GetImageRecipe": get_image_recipe,
    "GetContainerRecipe": get_container_recipe,
}
