from __future__ import annotations

import pytest

ROOT = "arn:aws:imagebuilder:eu-west-1:222222222222"
THEIRS = "arn:aws:imagebuilder:eu-west-1:999988887777:image-recipe/vendor/1.0.0"


def recipe(version):
    return {
        "arn": f"{ROOT}:image-recipe/base/{version}",
        "name": "base",
        "components": [],
        "parentImage": "ami-0000000a",
        "blockDeviceMappings": [{"deviceName": "/dev/sdf"}],
    }


@pytest.fixture(autouse=True)
def here(organisation):
    here = organisation.place("222222222222", "eu-west-1")
    rows = [recipe(version) for version in ("1.0.0", "1.9.0", "1.10.0")]
    here.image_recipes = {row["arn"]: row for row in rows}
    here.shared_recipes = {THEIRS: {**recipe("1.0.0"), "arn": THEIRS}}
    here.container_recipes["c"] = {
        "arn": f"{ROOT}:container-recipe/app/1.0.0",
        "containerType": "DOCKER",
        "instanceConfiguration": {"image": "ami-0000000b"},
    }
    here.image_pipelines["p"] = {"arn": "p", "name": "weekly", "status": "ENABLED"}
    return here


def test_lists_are_summaries_of_own_recipes_of_every_version(call, pages):
    rows = call("imagebuilder", "ListImageRecipes")["imageRecipeSummaryList"]
    assert [row["arn"].rpartition("/")[2] for row in rows] == ["1.0.0", "1.10.0", "1.9.0"]
    assert all(row["parentImage"] == "ami-0000000a" and "blockDeviceMappings" not in row for row in rows)
    (container,) = call("imagebuilder", "ListContainerRecipes")["containerRecipeSummaryList"]
    assert container["instanceImage"] == "ami-0000000b"
    assert call("imagebuilder", "ListImagePipelines")["imagePipelineList"] == [
        {"arn": "p", "name": "weekly", "status": "ENABLED"}
    ]
    found = pages("imagebuilder", "ListImageRecipes", "imageRecipeSummaryList", token="nextToken", maxResults=2)
    assert [len(page) for page in found] == [2, 1]


def test_shared_recipes_are_listed_when_asked_for_and_read_by_their_arn(call):
    (row,) = call("imagebuilder", "ListImageRecipes", owner="Shared")["imageRecipeSummaryList"]
    assert row["arn"] == THEIRS
    assert call("imagebuilder", "ListContainerRecipes", owner="Shared")["containerRecipeSummaryList"] == []
    assert call("imagebuilder", "GetImageRecipe", imageRecipeArn=THEIRS)["imageRecipe"]["blockDeviceMappings"]


def test_a_wildcard_means_the_highest_version(call, refusal):
    arn = f"{ROOT}:image-recipe/base/1.x.x"
    found = call("imagebuilder", "GetImageRecipe", imageRecipeArn=arn)["imageRecipe"]
    assert found["arn"].endswith("1.10.0")
    gone = f"{ROOT}:image-recipe/base/2.x.x"
    assert refusal("imagebuilder", "GetImageRecipe", imageRecipeArn=gone) == "ResourceNotFoundException"
    gone = f"{ROOT}:container-recipe/app/2.0.0"
    assert refusal("imagebuilder", "GetContainerRecipe", containerRecipeArn=gone) == "ResourceNotFoundException"


def test_filters_and_sizes(call, refusal):
    wanted = [{"name": "parentImage", "values": ["ami-0000000f"]}]
    assert call("imagebuilder", "ListImageRecipes", filters=wanted)["imageRecipeSummaryList"] == []
    wrong = [{"name": "colour", "values": ["x"]}]
    assert refusal("imagebuilder", "ListImageRecipes", filters=wrong) == "InvalidRequestException"
    assert refusal("imagebuilder", "ListImageRecipes", maxResults=101) == "InvalidRequestException"
