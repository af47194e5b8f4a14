"""The tools that plant what Image Builder has: recipes and the pipelines that build them."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.sandbox.model import Row
from auditor.sandbox.planting.plot import Plot


def recipe(
    plot: Plot,
    name: str,
    parent: str,
    *,
    version: str = "1.0.0",
    snapshots: Sequence[str] = (),
    owner: str = "",
) -> str:
    """An image recipe.

    Args:
        plot: Where it is, or is shared.
        name: Its name: small letters, digits and hyphens.
        parent: What it starts from.
        version: Its version.
        snapshots: Snapshots that its block devices are made of.
        owner: The account that shares it, where that is another one.

    Returns:
        Its ARN.
    """
    account_id = owner or plot.here.account_id
    arn = f"{_root(plot, account_id)}:image-recipe/{name}/{version}"
    row: Row = {
        "arn": arn,
        "type": "AMI",
        "name": name,
        "platform": "Linux",
        "owner": account_id,
        "version": version,
        "components": [{"componentArn": f"{_root(plot, 'aws')}:component/update-linux/1.0.2/1"}],
        "parentImage": parent,
        "blockDeviceMappings": [
            {"deviceName": f"/dev/sd{letter}", "ebs": {"snapshotId": snapshot_id, "deleteOnTermination": True}}
            for letter, snapshot_id in zip("fghijk", snapshots, strict=False)
        ],
        "dateCreated": plot.ago(220).isoformat(),
        "tags": {},
    }
    (plot.here.shared_recipes if owner else plot.here.image_recipes)[arn] = row
    return arn


def container_recipe(plot: Plot, name: str, image_id: str) -> str:
    """A container recipe that is built on an instance of an image; returns its ARN."""
    arn = f"{_root(plot, plot.here.account_id)}:container-recipe/{name}/1.0.0"
    plot.here.container_recipes[arn] = {
        "arn": arn,
        "containerType": "DOCKER",
        "name": name,
        "platform": "Linux",
        "owner": plot.here.account_id,
        "version": "1.0.0",
        "instanceConfiguration": {"image": image_id},
        "parentImage": "amazonlinux:latest",
        "dateCreated": plot.ago(150).isoformat(),
    }
    return arn


def pipeline(plot: Plot, name: str, recipe_arn: str, *, status: str = "ENABLED") -> str:
    """A pipeline that builds a recipe; returns its ARN."""
    arn = f"{_root(plot, plot.here.account_id)}:image-pipeline/{name}"
    kind = "containerRecipeArn" if ":container-recipe/" in recipe_arn else "imageRecipeArn"
    plot.here.image_pipelines[arn] = {
        "arn": arn,
        "name": name,
        "platform": "Linux",
        kind: recipe_arn,
        "status": status,
        "schedule": {
            "scheduleExpression": "cron(0 2 ? * sun *)",
            "pipelineExecutionStartCondition": "EXPRESSION_MATCH_ONLY",
        },
        "dateCreated": plot.ago(220).isoformat(),
        "dateLastRun": plot.ago(6).isoformat(),
    }
    return arn


def build_arn(plot: Plot, name: str, version: str) -> str:
    """The ARN of a build that Image Builder made here; its images carry it as a tag."""
    return f"{_root(plot, plot.here.account_id)}:image/{name}/{version}/1"


def _root(plot: Plot, account_id: str) -> str:
    return f"arn:{plot.organisation.partition}:imagebuilder:{plot.here.name}:{account_id}"
