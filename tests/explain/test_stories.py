"""Planted resources whose stories are known, told by ``auditor explain`` from a run folder."""

import json

import pytest
from click.testing import CliRunner

from auditor.cli import main
from auditor.config import Config
from auditor.explain import as_json, as_text, explain
from auditor.inventory import Inventory
from auditor.sandbox.faults import Fault
from auditor.sandbox.planting import TINY, plant
from tests.explain.telling import collected, first, links, mapped, named_by, seed, steps


def test_a_disabled_image_still_blocks_its_snapshot(place, told):
    image_id = first(place.images, lambda row: row["State"] == "disabled")
    story = told(mapped(place.images[image_id])[0])
    assert [(link.resource_id, link.strength) for link in links(story, "maps")] == [(image_id, "disabled")]
    (step,) = steps(story, "blocks")
    assert step.startswith(f"Deregister image {image_id}")
    assert "it is disabled and maps this snapshot" in step
    assert not steps(story, "blocks", act=1)
    assert story.origin.origin == "create-image"


def test_a_snapshot_behind_two_images_is_held_by_both(place, told):
    first_id = first(place.images, lambda row: row["Name"].endswith("-pv"))
    (snapshot_id,) = mapped(place.images[first_id])
    both = {image_id for image_id, row in place.images.items() if snapshot_id in mapped(row)}
    story = told(snapshot_id)
    assert {link.resource_id for link in links(story, "maps")} == both
    assert len(steps(story, "blocks")) == len(steps(story, "blocks", act=1)) == len(both) == 2
    image = told(first_id)
    assert {link.resource_id for link in image.parts[0].beneath} == both - {first_id}
    assert image.cost.low_usd in (0, None)
    assert any("may not come back as a bootable image" in said for said in steps(image, "breaks"))


def test_what_a_deregistered_image_left_needs_nobody(place, told, organisation):
    orphans = {key[2] for key in organisation.truth["snapshot_orphaned"] if key[:2] == (place.account_id, place.name)}
    snapshot_id = first(
        place.snapshots,
        lambda row: row["SnapshotId"] in orphans and row["Description"].startswith("Created by CreateImage("),
    )
    story = told(snapshot_id)
    assert story.needed_by == ()
    assert not steps(story, "blocks") + steps(story, "breaks")
    assert [finding.rule_id for finding in story.findings] == ["snapshot_orphaned"]
    assert {link.kind for link in story.ancestry} == {"taken-of", "made-for"}


def test_a_lifecycle_policy_is_named_with_its_state(place, told):
    enabled = {key for key, row in place.lifecycle_policies.items() if row["State"] == "ENABLED"}
    tag = "aws:dlm:lifecycle-policy-id"
    snapshot_id = first(
        place.snapshots, lambda row: any(each["Key"] == tag and each["Value"] in enabled for each in row["Tags"])
    )
    story = told(snapshot_id)
    assert (story.origin.origin, story.origin.confidence) == ("dlm", "proven")
    (link,) = links(story, "manages")
    assert link.resource_id in enabled
    assert link.strength == "ENABLED"


def test_a_recovery_point_sends_you_to_aws_backup(place, told):
    points = [point for held in place.recovery_points.values() for point in held.values()]
    snapshot_id = next(
        name for point in points if (name := point["RecoveryPointArn"].rpartition("/")[2]) in place.snapshots
    )
    story = told(snapshot_id)
    assert (story.origin.origin, story.origin.confidence) == ("aws-backup", "proven")
    (step,) = steps(story, "blocks")
    assert "delete it through AWS Backup" in step
    assert "only the lifecycle of its plan can archive it" in steps(story, "blocks", act=1)[0]


def test_a_machine_in_aws_backup_holds_its_image_and_through_it_the_snapshots(organisation, told):
    row = next(
        each.images[name]
        for each in organisation
        for held in each.recovery_points.values()
        for point in held.values()
        if (name := point["RecoveryPointArn"].rpartition("/")[2]) in each.images
    )
    image_id = row["ImageId"]
    assert "delete it through AWS Backup" in steps(told(image_id), "blocks")[0]
    (step,) = steps(told(mapped(row)[0]), "blocks")
    assert f"image {image_id}" in step
    assert "through AWS Backup first" in step


def test_a_copy_leads_to_its_source_in_another_region_and_back(organisation, told):
    copies = [
        (each, row)
        for each in organisation
        for row in each.snapshots.values()
        if row["Description"].startswith("[Copied ") and "Created for policy" in row["Description"]
    ]
    target, row = copies[0]
    _, source_id, _, region = row["Description"].split("]")[0].split(" ")
    story = told(row["SnapshotId"])
    (link,) = story.ancestry
    assert (link.kind, link.resource_id, link.region) == ("copied-from", source_id, region)
    assert link.account_id == target.account_id
    assert [above.kind for above in link.beneath] == ["taken-of"]
    assert row["SnapshotId"] in {link.resource_id for link in links(told(source_id), "copied-from")}


def test_what_copy_image_left_says_what_it_was_made_for(place, told, organisation):
    orphans = {key[2] for key in organisation.truth["snapshot_orphaned"]}
    snapshot_id = first(
        place.snapshots,
        lambda row: row["Description"].startswith("Copied for DestinationAmi") and row["SnapshotId"] in orphans,
    )
    story = told(snapshot_id)
    words = place.snapshots[snapshot_id]["Description"].split()
    assert story.origin.origin == "copy-image"
    assert {(link.kind, link.resource_id) for link in story.ancestry} == {
        ("made-for", words[3]),
        ("copied-from", words[9].rstrip(".")),
    }
    assert not steps(story, "blocks")


def test_a_lock_holds_until_its_day_and_an_expired_one_does_not(place, told):
    states = {lock["LockState"]: snapshot_id for snapshot_id, lock in place.locks.items()}
    for state in ("governance", "compliance", "compliance-cooloff"):
        (step,) = steps(told(states[state]), "blocks")
        assert step.startswith("Locked until ")
        assert f"{state} mode" in step
    expired = told(states["expired"])
    assert not steps(expired, "blocks")
    assert [link.strength for link in links(expired, "locks")] == ["expired"]


def test_an_archived_snapshot_is_in_the_archive_and_costs_in_full(place, told):
    snapshot_id = first(
        place.snapshots, lambda row: row["StorageTier"] == "archive" and row["Description"] == "quarter end"
    )
    story = told(snapshot_id)
    assert story.acts[1].answer == "It is in the archive already."
    assert story.cost.basis == "archive"
    assert not steps(story, "costs")


def test_a_temporary_restore_says_when_it_ends(place, told):
    story = told(first(place.snapshots, lambda row: "RestoreExpiryTime" in row))
    assert "restored from the archive until 6\u202fMar\u202f2026" in dict(story.facts)["State"]
    assert story.acts[1].answer.startswith("It is in the archive already, and taken out until")


def test_an_image_in_the_recycle_bin_still_wants_its_snapshot(place, told):
    image_id = next(
        image_id
        for image_id in place.binned_images
        if any(image_id in row["Description"] for row in place.snapshots.values())
    )
    snapshot_id = first(place.snapshots, lambda row: image_id in row["Description"])
    story = told(snapshot_id)
    (link,) = links(story, "made-for")
    assert (link.resource_id, link.strength) == (image_id, "recycle-bin")
    assert any(image_id in said for said in steps(story, "breaks"))
    image = told(image_id)
    assert image.presence == "recycle-bin"
    assert snapshot_id in {link.resource_id for link in image.needed_by}


def test_a_snapshot_in_the_recycle_bin_is_deleted_already(place, told):
    story = told(next(iter(place.binned_snapshots)))
    assert story.presence == "recycle-bin"
    assert story.summary.startswith("It is deleted already")


def test_fast_restore_ends_with_the_snapshot_and_blocks_the_archive(place, told):
    enabled = [row["SnapshotId"] for row in place.fast_restores if row["State"] == "enabled"]
    snapshot_id = next(each for each in enabled if enabled.count(each) == 2)
    story = told(snapshot_id)
    assert {(link.kind, link.strength) for link in story.needed_by} == {("restores", "enabled")}
    assert not steps(story, "blocks")
    assert len(steps(story, "blocks", act=1)) == 2


@pytest.mark.parametrize("hidden", [False, True])
def test_public_is_open_or_waits_behind_the_block(organisation, told, hidden):
    public = {key[:3] for key in organisation.truth["snapshot_public"] | organisation.truth["snapshot_public_latent"]}
    blocked = {
        key
        for key in public
        if organisation.places[key[:2]].snapshot_block_public_access["State"] == "block-all-sharing"
    }
    chosen = min(blocked if hidden else public - blocked)
    first_line = told(chosen[2]).access[0]
    assert first_line.startswith("Public, but hidden" if hidden else "Public: anybody")


def test_a_third_party_is_called_one(place, told):
    vendor = {"UserId": "999988887777"}
    snapshot_id = next(key for key, grants in place.snapshot_permissions.items() if grants == [vendor])
    story = told(snapshot_id)
    assert any("999988887777" in said and "a third party" in said for said in story.access)
    assert any("they would lose it" in said for said in steps(story, "breaks"))
    assert any("999988887777" in said for said in story.unseen)


def test_a_volume_tells_its_snapshot_and_the_image_behind_it(place, told):
    volume_id = first(
        place.volumes,
        lambda row: (
            row.get("SnapshotId") in place.snapshots
            and place.snapshots[row["SnapshotId"]]["Description"].startswith("Created by CreateImage(")
        ),
    )
    story = told(volume_id)
    (link,) = story.ancestry
    assert (link.kind, link.resource_id) == ("created-from", place.volumes[volume_id]["SnapshotId"])
    assert "made-for" in {above.kind for above in link.beneath}
    assert steps(story, "blocks")[0].startswith("Detach it first")
    assert volume_id in {each.resource_id for each in links(told(link.resource_id), "created-from")}


def test_an_image_that_only_another_account_runs(organisation, told):
    shared = (
        (each, image_id) for each in organisation for image_id in each.images if image_id in each.image_permissions
    )
    launched = {row["ImageId"]: each.account_id for each in organisation for row in each.instances.values()}
    stories = (
        told(image_id) for each, image_id in shared if launched.get(image_id, each.account_id) != each.account_id
    )
    story = next(story for story in stories if all(link.account_id != story.account_id for link in story.needed_by))
    assert {link.resource_type for link in story.needed_by} == {"instance"}
    assert len(steps(story, "breaks")) == len(story.needed_by)
    snapshot = told(story.parts[0].resource_id)
    assert "But it is in use: instance" in steps(snapshot, "blocks")[0]


@pytest.mark.parametrize("referrer", ["ssm-parameter", "image-recipe", "launch-configuration"])
def test_an_image_that_one_kind_of_thing_names(place, told, referrer):
    story = named_by(place, referrer, told)
    assert {link.strength for link in story.needed_by} == {"named"}
    assert len(steps(story, "breaks")) == len(story.needed_by)
    assert all(said.startswith("Give it another image first") for said in steps(story, "breaks"))


def test_an_old_template_version_alone_breaks_nothing(place, told):
    story = next(
        story
        for image_id, row in place.images.items()
        if row["State"] == "available"
        and (story := told(image_id)).needed_by
        and {link.strength for link in story.needed_by} == {"old"}
    )
    assert not steps(story, "breaks")
    assert "a superseded version" in story.needed_by[0].said


def test_a_snapshot_that_a_template_names_would_be_missed(place, told):
    story = told(first(place.snapshots, lambda row: row["Description"] == "seed data"))
    assert len(links(story, "names")) == 1
    assert "launches from it would fail" in steps(story, "breaks")[0]


def test_a_foreign_image_is_told_by_those_who_use_it(place, told):
    image_id = next(row["ImageId"] for row in place.instances.values() if row["ImageId"] not in place.images)
    story = told(image_id)
    assert story.presence in ("mentioned", "here")
    assert "instance" in {link.resource_type for link in story.needed_by}
    assert as_text(story)


def test_an_account_that_could_not_be_read_is_named(tmp_path):
    organisation = plant(seed(), accounts=2, regions=1, size=TINY)
    owner, image_id = next(
        (each, image_id)
        for each in organisation
        for image_id, grants in each.image_permissions.items()
        if any("OrganizationArn" in grant for grant in grants) and each.images[image_id]["State"] == "available"
    )
    denied = next(key for key in sorted({each.account_id for each in organisation}) if key != owner.account_id)
    folder = collected(
        organisation, tmp_path / "run", Fault("denied", account=denied, service="ec2", action="DescribeInstances")
    )
    story = explain(Inventory.load(folder), image_id)
    assert any(denied in said and "reading instances was denied" in said for said in story.unseen)
    assert steps(story, "blocks") or story.summary.endswith("see below.")
    assert story.findings is None


def test_every_resource_has_a_story_that_fits_the_width_and_json(run, place, told):
    for resource_id in [*list(place.snapshots)[:15], *list(place.images)[:10], *list(place.volumes)[:5]]:
        story = told(resource_id)
        body = json.loads(as_json(story))
        assert body["resource_id"] == resource_id
        assert all(step["seen_by"] for act in body["acts"] for step in act["steps"])
        long = [line for line in as_text(story, 80).splitlines() if len(line) > 80 and " " in line.strip()]
        assert all(len(max(line.split(), key=len)) > 30 for line in long)


def test_the_command_tells_and_refuses(run, place):
    snapshot_id = next(iter(place.snapshots))
    shown = CliRunner().invoke(main, ["explain", str(run), snapshot_id])
    assert (shown.exit_code, shown.output.splitlines()[0].split()[0]) == (0, snapshot_id)
    data = CliRunner().invoke(main, ["explain", str(run), snapshot_id, "--json"])
    assert json.loads(data.output)["resource_id"] == snapshot_id
    wrong = CliRunner().invoke(main, ["explain", str(run), "snap-00000000000000000"])
    assert wrong.exit_code == 2
    assert "is not in this run" in wrong.output


def test_what_a_run_was_not_asked_to_read_is_no_clean_answer(organisation, place, tmp_path):
    wanted = {
        "accounts": [place.account_id],
        "regions": [place.name],
        "role": "AuditorReadOnly",
        "external_id": "sandbox",
    }
    collected(organisation, tmp_path / "run", config=Config.of({"scope": wanted}), collectors=["snapshots"])
    story = explain(Inventory.load(tmp_path / "run"), next(iter(place.snapshots)))
    assert any(said.startswith("Images that map it: images of ") for said in story.unseen)
    assert story.summary.endswith("see below.")
