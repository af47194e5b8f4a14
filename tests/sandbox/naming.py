"""What names images where tests count uses again, without the product: Image Builder, fast launch, overrides."""

from __future__ import annotations

from auditor.sandbox.model import Region, Row


def named_beside(here: Region) -> tuple[set[str], set[str]]:
    """Images that recipes, fast launch and overrides of groups name: those that count, and those of old versions."""
    built = {row.get("imageRecipeArn") or row.get("containerRecipeArn") for row in here.image_pipelines.values()}
    newest: dict[str, str] = {}
    for arn, row in here.image_recipes.items():
        newest[row["name"]] = max(newest.get(row["name"], arn), arn)
    counts, old = set(), set()
    for arn, row in [*here.image_recipes.items(), *here.shared_recipes.items()]:
        (counts if arn in built or arn in newest.values() else old).update(_parents(here, row["parentImage"]))
    counts |= {row["instanceConfiguration"]["image"] for row in here.container_recipes.values()}
    counts |= {key for key, row in here.fast_launches.items() if row["State"].startswith("enabl")}
    for group in here.auto_scaling_groups.values():
        mixed = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
        counts |= {each["ImageId"] for each in mixed.get("Overrides", []) if "ImageId" in each}
    return counts, old


def _parents(here: Region, parent: str) -> set[str]:
    if parent.startswith("ami-"):
        return {parent}
    if parent.startswith("ssm:"):
        return {here.parameters[parent.removeprefix("ssm:")]["Value"]}
    builds: dict[str, str] = {}
    for image_id, row in here.images.items():
        tags: Row = {tag["Key"]: tag["Value"] for tag in row["Tags"]}
        if parent.rpartition("/")[0] + "/" in tags.get("Ec2ImageBuilderArn", ""):
            builds[tags["Ec2ImageBuilderArn"]] = image_id
    return {builds[max(builds)]} if builds else set()
