"""What still needs a snapshot or an image where few tools look, and what only looks like need. A behaviour a test."""

import pytest

from tests.rules.test_traps import IDLE, OF_IMAGE, OLD, OTHER, finding, verdict

COPY = {**OLD, "volume_id": "vol-ffffffff", "description": "[Copied snap-0f from eu-west-1] data"}
BOOTED = {"instance_id": "i-0e", "root_device_type": "ebs"}
RUNS = [{**BOOTED, "state": "running"}]


def made_for(count):
    """Snapshots that say they were made for so many other images."""
    words = "Created by CreateImage(i-0c) for ami-1{}"
    return [{"snapshot_id": f"snap-1{n}", "description": words.format(n)} for n in range(count)]


# lists that cannot be believed


@pytest.mark.parametrize("state", ["pending", "running", "stopping", "stopped"])
def test_no_volume_at_all_beside_machines_that_boot_from_one_is_no_list_of_volumes(state):
    assert verdict("snapshot_orphaned", OLD, given={"instances": [{**BOOTED, "state": state}]}) == "unknown"


@pytest.mark.parametrize(
    "machine",
    [
        {**BOOTED, "state": "terminated"},
        {"instance_id": "i-0e", "state": "running", "root_device_type": "instance-store"},
    ],
)
def test_a_place_may_have_no_volumes_where_nothing_boots_from_one(machine):
    assert verdict("snapshot_orphaned", OLD, given={"instances": [machine]}) == "found"


def test_one_volume_is_a_list_that_can_be_believed():
    given = {"instances": RUNS, "volumes": [{"volume_id": "vol-0c"}]}
    assert verdict("snapshot_orphaned", OLD, given=given) == "found"


@pytest.mark.parametrize(("others", "said"), [(4, "unknown"), (3, "found")])
def test_no_image_at_all_is_doubted_where_many_were_made_and_machines_run(others, said):
    given = {"instances": RUNS, "volumes": [{"volume_id": "vol-0c"}], "snapshots": made_for(others)}
    assert verdict("snapshot_orphaned", OF_IMAGE, given=given) == said


@pytest.mark.parametrize("frame", ["images", "recycle_bin_images"])
def test_one_image_is_a_list_that_can_be_believed(frame):
    given = {"instances": RUNS, "volumes": [{"volume_id": "vol-0c"}], "snapshots": made_for(9)}
    assert verdict("snapshot_orphaned", OF_IMAGE, given={**given, frame: [{"image_id": "ami-99"}]}) == "found"


def test_doubt_can_be_switched_off_and_condemns_nothing_that_is_needed():
    given = {"instances": RUNS, "snapshots": made_for(9)}
    assert verdict("snapshot_orphaned", OF_IMAGE, given=given, params={"suspicious_images": 0}) == "found"
    assert verdict("snapshot_orphaned", {**OLD, "started_at": "3 days ago"}, given=given) == "passed"


# needs of other accounts


@pytest.mark.parametrize(
    ("frame", "row"),
    [
        ("image_block_devices", {"image_id": "ami-0e"}),
        ("snapshot_references", {"referrer_type": "launch-template", "referrer_id": "lt-0a"}),
        ("snapshot_references", {"referrer_type": "image-recipe", "referrer_id": "arn:aws:imagebuilder:x"}),
    ],
)
@pytest.mark.parametrize("account", [None, OTHER])
def test_what_maps_or_names_a_snapshot_needs_it_in_whichever_account(frame, row, account):
    whose = {"account_id": account} if account else {}
    assert verdict("snapshot_orphaned", OF_IMAGE, given={frame: [{**row, **whose}]}) == "passed"


def test_the_same_id_in_another_region_is_another_snapshot():
    row = {"account_id": OTHER, "region": "us-east-1", "image_id": "ami-0e"}
    assert verdict("snapshot_orphaned", OF_IMAGE, given={"image_block_devices": [row]}) == "found"


def test_a_volume_of_another_account_lives_on_without_the_snapshot_it_was_made_from():
    row = {"account_id": OTHER, "volume_id": "vol-0e", "source_snapshot_id": "snap-0a"}
    assert verdict("snapshot_orphaned", OF_IMAGE, given={"volumes": [row]}) == "found"


# copies


def test_a_copy_is_left_over_only_where_its_source_was_looked_for_everywhere():
    assert finding("snapshot_orphaned", COPY)["reason"] == "source_withdrawn"
    elsewhere = {**COPY, "description": "[Copied snap-0f from us-east-1] data"}
    assert verdict("snapshot_orphaned", elsewhere) == "passed"
    read = {"snapshots": [{"snapshot_id": "snap-1", "region": "us-east-1"}]}
    assert verdict("snapshot_orphaned", elsewhere, given=read) == "found"
    refused = {"snapshots": {"account_id": OTHER, "region": "us-east-1"}}
    assert verdict("snapshot_orphaned", elsewhere, given=read, gap=refused) == "unknown"


def test_a_copy_that_does_not_say_of_what_is_no_orphan():
    assert verdict("snapshot_orphaned", {**COPY, "description": "monthly"}) == "passed"


def test_a_copy_that_is_mapped_or_locked_is_needed_whatever_became_of_its_source():
    assert verdict("snapshot_orphaned", COPY, given={"image_block_devices": [{"image_id": "ami-0d"}]}) == "passed"
    assert verdict("snapshot_orphaned", COPY, given={"snapshot_locks": [{"lock_state": "governance"}]}) == "passed"


def test_a_disk_that_another_account_made_from_a_shared_snapshot_does_not_break_without_it():
    disk = {"volume_id": "vol-9", "source_snapshot_id": "snap-0a"}
    assert finding("snapshot_orphaned", {**OLD, "given": {"volumes": [{**disk, "account_id": OTHER}]}})["reason"]
    assert verdict("snapshot_orphaned", OLD, given={"volumes": [disk]}) == "passed"


# policies


def test_what_a_policy_left_is_told_from_what_a_person_left():
    tag = [{"key": "aws:dlm:lifecycle-policy-id", "value": "policy-0a"}]
    left = finding("snapshot_orphaned", {**OLD, "given": {"snapshot_tags": tag}})
    assert (left["reason"], left["policy_state"]) == ("policy_leftover", "gone")
    off = [{"policy_id": "policy-0a", "state": "DISABLED"}]
    left = finding("snapshot_orphaned", {**OLD, "given": {"snapshot_tags": tag, "lifecycle_policies": off}})
    assert left["policy_state"] == "DISABLED"
    assert finding("snapshot_orphaned", OLD)["reason"] == "volume_gone"


def test_every_orphan_says_what_was_not_looked_at():
    for example in (OLD, OF_IMAGE, COPY):
        assert "CloudFormation" in finding("snapshot_orphaned", example)["not_checked"]


# uses of images


@pytest.mark.parametrize("referrer", ["image-recipe", "container-recipe", "fast-launch", "auto-scaling-group"])
@pytest.mark.parametrize("account", [None, OTHER])
def test_pipelines_fast_launch_and_overrides_use_images(referrer, account):
    whose = {"account_id": account} if account else {}
    row = {"referrer_type": referrer, "referrer_id": "x", "strength": "named", **whose}
    assert verdict("image_unused", IDLE) == "found"
    assert verdict("image_unused", IDLE, given={"image_references": [row]}) == "passed"


# images made of machines that run


def test_a_made_image_is_not_consistent_because_nothing_is_known():
    young = {**IDLE, "created_at": "20 days ago", "source_instance_id": "i-0b"}
    disk = {
        "image_block_devices": [{"snapshot_id": "snap-0a"}],
        "snapshots": [{"snapshot_id": "snap-0a", "started_at": "20 days ago"}],
    }
    assert verdict("image_inconsistent", young, given=disk) == "unknown"
    event = {"event_id": "e1", "no_reboot": False}
    assert verdict("image_inconsistent", young, given={**disk, "image_creations": [event]}) == "passed"
    assert verdict("image_inconsistent", young, given=disk, params={"days": 10}) == "passed"
