import pytest
from botocore.exceptions import ClientError

from auditor.aws.collectors.image_recipes import COLLECTOR

ROOT = "arn:aws:imagebuilder:eu-west-1:111122223333"
BASE = f"{ROOT}:image-recipe/base"
CONTAINER = f"{ROOT}:container-recipe/app/2.1.0"


def recipe(version, parent, **more):
    return {"arn": f"{BASE}/{version}", "name": "base", "owner": "111122223333", "parentImage": parent, **more}


def answers(recipes=(), containers=(), pipelines=(), full=None):
    def read(imageRecipeArn):  # noqa: N803 - the API's name
        if imageRecipeArn not in (full or {}):
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "GetImageRecipe")
        return {"imageRecipe": full[imageRecipeArn]}

    return {
        "imagebuilder:ListImageRecipes": {"imageRecipeSummaryList": list(recipes)},
        "imagebuilder:ListContainerRecipes": {"containerRecipeSummaryList": list(containers)},
        "imagebuilder:ListImagePipelines": {"imagePipelineList": list(pipelines)},
        "imagebuilder:GetImageRecipe": read,
    }


def named(brought):
    return {(row["image_id"], row["referrer_id"], row["strength"]) for row in brought["image_references"]}


def test_the_newest_version_is_named_and_an_older_one_is_old(scripted, run):
    reader = scripted(answers([recipe("1.10.0", "ami-0b"), recipe("1.9.0", "ami-0a")]))
    brought = run(COLLECTOR, reader)
    assert named(brought) == {("ami-0b", f"{BASE}/1.10.0", "named"), ("ami-0a", f"{BASE}/1.9.0", "old")}
    assert [name for name, _ in reader.calls] == [
        "imagebuilder:ListImagePipelines",
        "imagebuilder:ListImageRecipes",
        "imagebuilder:ListContainerRecipes",
    ]


def test_what_a_pipeline_builds_is_current_however_old_and_read_for_its_snapshots(scripted, run):
    old = recipe("1.0.0", "ami-0a")
    devices = [
        {"deviceName": "/dev/sdf", "ebs": {"snapshotId": "snap-0c", "encrypted": True}},
        {"deviceName": "/dev/sdg", "ebs": {"volumeSize": 8}},
        {"deviceName": "/dev/sdh", "virtualName": "ephemeral0"},
    ]
    pipeline = {
        "arn": f"{ROOT}:image-pipeline/weekly",
        "name": "weekly",
        "status": "DISABLED",
        "imageRecipeArn": old["arn"],
        "schedule": {"scheduleExpression": "cron(0 2 ? * sun *)"},
        "dateLastRun": "2026-01-04T02:00:00Z",
    }
    reader = scripted(
        answers([old, recipe("2.0.0", "ami-0b")], [], [pipeline], {old["arn"]: {**old, "blockDeviceMappings": devices}})
    )
    brought = run(COLLECTOR, reader)
    assert named(brought) == {("ami-0a", old["arn"], "named"), ("ami-0b", f"{BASE}/2.0.0", "named")}
    assert brought["snapshot_references"] == [
        {
            "snapshot_id": "snap-0c",
            "referrer_type": "image-recipe",
            "referrer_id": old["arn"],
            "detail": "/dev/sdf, pipeline weekly (DISABLED)",
            "strength": "named",
            "seen_by": "imagebuilder GetImageRecipe",
        }
    ]
    (told,) = brought["image_pipelines"]
    assert (told["status"], told["recipe_arn"], told["schedule_expression"]) == (
        "DISABLED",
        old["arn"],
        "cron(0 2 ? * sun *)",
    )
    assert {row["recipe_arn"]: row["pipelines"] for row in brought["image_recipes"]} == {
        old["arn"]: 1,
        f"{BASE}/2.0.0": 0,
    }


def test_a_pipeline_may_build_anothers_recipe_or_one_that_is_gone(scripted, run):
    theirs = "arn:aws:imagebuilder:eu-west-1:999988887777:image-recipe/vendor/3.0.0"
    wildcard = theirs.replace("3.0.0", "x.x.x")
    pipelines = [
        {"arn": f"{ROOT}:image-pipeline/{number}", "name": str(number), "status": "ENABLED", "imageRecipeArn": arn}
        for number, arn in enumerate((wildcard, f"{BASE}/9.9.9"))
    ]
    full = {wildcard: {"arn": theirs, "name": "vendor", "owner": "999988887777", "parentImage": "ami-0a"}}
    brought = run(COLLECTOR, scripted(answers((), (), pipelines, full)))
    assert named(brought) == {("ami-0a", theirs, "named")}
    assert brought["image_references"][0]["detail"] == "pipeline 0 (ENABLED)"


def test_a_container_is_built_on_an_instance_of_an_image(scripted, run):
    summary = {"arn": CONTAINER, "name": "app", "parentImage": "ami-0f", "instanceImage": "ami-0a"}
    brought = run(COLLECTOR, scripted(answers((), [summary])))
    (row,) = brought["image_references"]
    assert (row["image_id"], row["referrer_type"], row["seen_by"]) == (
        "ami-0a",
        "container-recipe",
        "imagebuilder ListContainerRecipes",
    )


def test_parameters_are_looked_up_unless_they_are_known(scripted, run):
    parents = ["ssm:/known", "ssm:/asked", "ssm:/gone", "ssm:/text"]
    recipes = [
        {"arn": f"{ROOT}:image-recipe/r{n}/1.0.0", "name": f"r{n}", "parentImage": p} for n, p in enumerate(parents)
    ]
    held = [{"Name": "/asked", "Value": "ami-0b"}, {"Name": "/text", "Value": "hello"}]
    script = answers(recipes) | {"ssm:GetParameters": {"Parameters": held, "InvalidParameters": ["/gone"]}}
    reader = scripted(script, {"ssm_parameters": [{"name": "/known", "value": "ami-0a"}]})
    brought = run(COLLECTOR, reader)
    assert {(image, arn[-9:-6]) for image, arn, _ in named(brought)} == {("ami-0a", "/r0"), ("ami-0b", "/r1")}
    assert reader.calls[-1] == ("ssm:GetParameters", {"Names": ["/asked", "/gone", "/text"]})


@pytest.mark.parametrize(
    ("parent", "images"),
    [
        ("x.x.x", {"ami-04", "ami-05"}),
        ("1.x.x", {"ami-03"}),
        ("1.2.x", {"ami-02"}),
        ("1.2.3", {"ami-02"}),
        ("1.2.3/1", {"ami-01"}),
        ("3.x.x", set()),
    ],
)
def test_the_arn_of_an_own_build_means_its_newest_version_that_fits(scripted, run, parent, images):
    builds = {
        "ami-01": "1.2.3/1",
        "ami-02": "1.2.3/12",
        "ami-03": "1.10.0/1",
        "ami-04": "2.0.0/2",
        "ami-05": "2.0.0/2",
    }
    tags = [
        {"image_id": image_id, "key": "Ec2ImageBuilderArn", "value": f"{ROOT}:image/golden/{version}"}
        for image_id, version in builds.items()
    ]
    tags += [
        {"image_id": "ami-06", "key": "Ec2ImageBuilderArn", "value": f"{ROOT}:image/other/9.9.9/1"},
        {"image_id": "ami-07", "key": "Ec2ImageBuilderArn", "value": "nonsense"},
        {
            "image_id": "ami-08",
            "key": "Ec2ImageBuilderArn",
            "value": f"{ROOT}:image/golden/9.9.9/1".replace("1111", "9"),
        },
    ]
    reader = scripted(answers([recipe("1.0.0", f"{ROOT}:image/golden/{parent}")]), {"image_tags": tags})
    assert {image for image, *_ in named(run(COLLECTOR, reader))} == images


def test_what_amazon_or_the_marketplace_make_names_no_image(scripted, run):
    amazons = "arn:aws:imagebuilder:eu-west-1:aws:image/amazon-linux-2023-x86/x.x.x"
    odd = {"arn": f"{ROOT}:image-recipe/odd", "name": "odd", "parentImage": "prod-abc123"}
    brought = run(COLLECTOR, scripted(answers([recipe("1.0.0", amazons), odd])))
    assert brought["image_references"] == []
    assert {row["parent_image"] for row in brought["image_recipes"]} == {amazons, "prod-abc123"}
    assert not any("image_id" in row for row in brought["image_recipes"])
