"""What is needed where few look, told of planted resources: recipes, fast launch, overrides, legal holds, copies."""

import pytest

from tests.explain.telling import first, links, seed, steps


def test_a_recipe_leads_on_to_the_pipeline_that_builds_it(place, told):
    pipeline = next(row for key, row in place.image_pipelines.items() if "imageRecipeArn" in row)
    recipe = (place.image_recipes | place.shared_recipes)[pipeline["imageRecipeArn"]]
    story = told(recipe["parentImage"])
    link = next(link for link in links(story, "names") if link.resource_id == recipe["arn"])
    (beneath,) = link.beneath
    assert (beneath.kind, beneath.resource_id, beneath.strength) == ("builds", pipeline["arn"], pipeline["status"])
    assert f"image pipeline “{pipeline['name']}”" in beneath.said
    assert any("Give it another image first: image recipe" in said for said in steps(story, "breaks"))


def test_a_recipe_on_an_own_build_needs_the_image_that_this_is_now(place, told):
    arn = next(key for key, row in place.image_recipes.items() if ":image/chained" in row["parentImage"])
    tagged = {
        tag["Value"].rsplit("/", 2)[1]: image_id
        for image_id, row in place.images.items()
        for tag in row["Tags"]
        if tag["Key"] == "Ec2ImageBuilderArn" and "/chained" in tag["Value"]
    }
    assert [link.resource_id for link in links(told(tagged["1.2.0"]), "names")] == [arn]
    assert links(told(tagged["1.0.0"]), "names") == []


def test_a_snapshot_that_a_recipe_makes_disks_of_would_be_missed(place, told):
    story = told(first(place.snapshots, lambda row: row["Description"] == "tools for builds"))
    (link,) = links(story, "names")
    assert link.resource_type == "image-recipe"
    assert "weekly (ENABLED)" in link.said
    assert [beneath.kind for beneath in link.beneath] == ["builds"]
    assert steps(story, "breaks")


def test_fast_launch_is_switched_off_before_its_image_goes(place, told):
    assert {row["State"] for row in place.fast_launches.values()} == {"enabled", "disabling"}
    for image_id, row in place.fast_launches.items():
        story = told(image_id)
        named = [link for link in links(story, "names") if link.resource_type == "fast-launch"]
        if row["State"] == "disabling":
            assert named == []
        else:
            assert [link.said for link in named] == ["fast launch keeps snapshots of it ready (enabled)"]
            assert any(said.startswith("Switch fast launch off first") for said in steps(story, "breaks"))


def test_an_override_of_a_group_counts_as_much_as_its_template(place, told):
    for name, row in place.auto_scaling_groups.items():
        for override in row.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {}).get("Overrides", []):
            if "ImageId" in override:
                (link,) = links(told(override["ImageId"]), "names")
                assert (link.resource_id, link.strength) == (name, "pinned")
                return
    pytest.fail(f"REPEAT_SEED={seed()} planted no override")


@pytest.mark.parametrize("status", ["ACTIVE", "CANCELED"])
def test_a_legal_hold_keeps_until_it_is_over(place, told, status):
    hold = next(row for row in place.legal_holds.values() if row["Status"] == status)
    (point,) = place.legal_hold_points[hold["LegalHoldId"]]
    story = told(point["RecoveryPointArn"].rpartition("/")[2])
    kept = [link.resource_id for link in links(story, "retains")]
    assert kept == ([hold["LegalHoldId"]] if status == "ACTIVE" else [])
    said = [step for step in steps(story, "blocks") if "before the hold is released" in step]
    assert len(said) == len(kept)
    assert any("delete it through AWS Backup" in step for step in steps(story, "blocks"))


def test_a_copy_whose_source_is_gone_says_so(place, told):
    story = told(first(place.snapshots, lambda row: row["Description"].endswith("] release data")))
    (link,) = story.ancestry
    assert link.kind == "copied-from"
    assert "which no account that was read owns" in link.said
    assert [finding.rule_id for finding in story.findings] == ["snapshot_orphaned"]
    assert "its source snap-" in story.findings[0].message


def test_what_a_policy_left_names_the_policy_that_deletes_nothing(place, told, organisation):
    orphans = {key[2] for key in organisation.truth["snapshot_orphaned"] if key[:2] == (place.account_id, place.name)}
    tag = "aws:dlm:lifecycle-policy-id"
    left = [
        row["SnapshotId"]
        for row in place.snapshots.values()
        if row["SnapshotId"] in orphans and tag in (each["Key"] for each in row["Tags"])
    ]
    assert left
    for snapshot_id in left:
        story = told(snapshot_id)
        (link,) = links(story, "manages")
        held = place.lifecycle_policies.get(link.resource_id)
        assert link.strength == (held["State"] if held else "gone") != "ENABLED"
        assert ("deletes nothing" if held else "will never delete it") in link.said
        assert f"that {link.resource_id} backed up is gone" in story.findings[0].message


def test_an_image_tells_who_made_it_and_whether_the_machine_went_on_running(place, told, organisation):
    found = {key[2] for key in organisation.truth["image_inconsistent"] if key[:2] == (place.account_id, place.name)}
    events = {each["Resources"][0]["ResourceName"]: each for each in place.trail_events.values()}
    image_id = next(key for key in events if key in found and place.images[key]["SourceInstanceId"])
    assert dict(told(image_id).facts)["Called"].endswith("without a reboot, as CloudTrail has it")
    old = first(place.images, lambda row: row["ImageId"] not in events and row["State"] == "available")
    assert "Called" not in dict(told(old).facts)
