"""What other tools get wrong about images and what needs them, by behaviour."""

import pytest

from auditor.rulebook import load_rules
from auditor.testing import try_example

RULES = {loaded.rule.id: loaded for loaded in load_rules()}
US, OTHER = "111122223333", "444455556666"
IMAGE = {"image_id": "ami-0a", "state": "available", "is_public": False, "created_at": "120 days ago"}
OLD = {"snapshot_id": "snap-0a", "volume_id": "vol-0b", "state": "completed", "started_at": "60 days ago"}
HERE = {"account_id": US, "region": "eu-west-1"}


def verdict(rule, example=None, /, **more):
    said, _, crash = try_example(RULES[rule], {**(example or {}), **more})
    assert not crash
    return said


def mapped(stored, **device):
    return {
        "image_block_devices": [{"image_id": "ami-0a", "device_name": "/dev/xvda", "snapshot_id": "snap-0a", **device}],
        "snapshots": [{"snapshot_id": "snap-0a", "state": "completed", **stored}],
    }


# what is there and what is gone


def test_an_id_that_nothing_resolves_is_not_called_gone():
    version = {"template_id": "lt-0a", "version": 1, "image_id": "ami-0b", "is_default": True, "is_latest": True}
    assert verdict("reference_to_missing_image", version) == "passed"
    ours = {"snapshots": [{"snapshot_id": "snap-0c", "description": "Created by CreateImage(i-0e) for ami-0b"}]}
    assert verdict("reference_to_missing_image", version, given=ours) == "found"


def test_an_image_whose_instance_is_refused_an_answer_is_not_called_gone():
    instance = {"instance_id": "i-0a", "image_id": "ami-0b", "state": "running"}
    assert verdict("image_deregistered_in_use", instance, gap="instance_images") == "unknown"


@pytest.mark.parametrize("state", ["deregistered", "failed", "invalid", "pending", "transient", "error"])
def test_images_that_are_going_or_never_came_to_be_are_not_judged(state):
    example = {**IMAGE, "state": state, "is_public": True}
    assert verdict("image_public", example) == "passed"
    assert verdict("image_unused", {**example, "is_public": False}) == "passed"
    assert verdict("image_unencrypted", example, given=mapped({"encrypted": False})) == "passed"


def test_an_image_younger_than_the_list_of_snapshots_misses_none_of_them():
    given = {"image_block_devices": [{"image_id": "ami-0a", "device_name": "/dev/xvda", "snapshot_id": "snap-0a"}]}
    assert verdict("image_missing_snapshot", {**IMAGE, "created_at": "20 minutes ago"}, given=given) == "unknown"
    assert verdict("image_missing_snapshot", {**IMAGE, "created_at": "2 hours ago"}, given=given) == "found"


def test_an_archived_snapshot_is_not_a_missing_one():
    given = mapped({"storage_tier": "archive"})
    assert verdict("image_missing_snapshot", {**IMAGE, "state": "disabled"}, given=given) == "passed"
    assert verdict("snapshot_orphaned", {**OLD, "storage_tier": "archive"}, given=mapped({})) == "passed"


# what it carries


def test_what_a_launch_would_encrypt_may_be_stored_in_the_clear_and_the_other_way_round():
    assert verdict("image_unencrypted", IMAGE, given=mapped({"encrypted": False}, encrypted=True)) == "found"
    assert verdict("image_unencrypted", IMAGE, given=mapped({"encrypted": True}, encrypted=False)) == "passed"


@pytest.mark.parametrize("device", [{"virtual_name": "ephemeral0"}, {"no_device": ""}, {"volume_size_gib": 8}])
def test_devices_without_a_snapshot_carry_nothing_unencrypted(device):
    devices = mapped({"encrypted": True}, encrypted=True)
    devices["image_block_devices"].append(
        {"image_id": "ami-0a", "device_name": "/dev/sdb", "encrypted": False, **device}
    )
    assert verdict("image_unencrypted", IMAGE, given=devices) == "passed"


def test_an_image_on_s3_has_no_snapshots_to_miss_or_to_leave_unencrypted():
    bundle = {**IMAGE, "root_device_type": "instance-store"}
    for rule in ("image_missing_snapshot", "image_unencrypted"):
        assert verdict(rule, bundle) == "passed"
    assert verdict("image_instance_store", bundle) == "found"


# who needs it


@pytest.mark.parametrize(
    ("kind", "strength"),
    [
        ("auto-scaling-group", "pinned"),
        ("launch-configuration", "named"),
        ("launch-template", "default"),
        ("launch-template", "latest"),
        ("launch-template", "old"),
        ("ssm-parameter", "named"),
        ("image-recipe", "named"),
        ("fast-launch", "named"),
    ],
)
def test_an_image_is_in_use_without_a_single_instance(kind, strength):
    reference = {**HERE, "image_id": "ami-0a", "referrer_type": kind, "referrer_id": "x", "strength": strength}
    assert verdict("image_unused", IMAGE, given={"image_references": [reference]}) == "passed"


def family(*days, **more):
    return [
        {**HERE, "image_id": f"ami-1{age}", "name": f"app-v1.{age}.0", "state": "available", **more}
        | {"created_at": f"{age} days ago"}
        for age in days
    ]


def test_a_version_that_nothing_launches_any_more_keeps_no_image_from_being_superseded():
    example = {**IMAGE, "name": "app-v1.0.0"}
    for strength, expected in (("old", "found"), ("latest", "passed"), ("pinned", "passed"), ("stopped", "passed")):
        reference = {**HERE, "image_id": "ami-0a", "referrer_id": "x", "strength": strength}
        given = {"images": family(1, 2, 3), "image_references": [reference]}
        assert verdict("image_superseded", example, given=given) == expected


def test_what_aws_backup_holds_is_for_its_plan_to_prune():
    example = {**IMAGE, "name": "AwsBackup_i-0123456789abcdef0_e4a139ba-8881-4adb-bbdc-5fcf18b7dcd2"}
    later = [{**row, "name": example["name"].replace("e4a1", f"e4a{n}")} for n, row in enumerate(family(1, 2, 3))]
    assert verdict("image_superseded", example, given={"images": later}) == "found"
    held = {"images": later, "recovery_points": [{**HERE, "recovery_id": "ami-0a"}]}
    assert verdict("image_superseded", example, given=held) == "passed"


def test_use_in_an_account_that_was_not_read_cannot_be_ruled_out():
    example = {**IMAGE, "name": "app-v1.0.0"}
    shares = {"image_shares": [{**HERE, "image_id": "ami-0a", "grantee_type": "account", "grantee": OTHER}]}
    assert verdict("image_superseded", example, given={"images": family(1, 2, 3), **shares}) == "unknown"
    assert verdict("image_unused", IMAGE, given=shares) == "unknown"


# what is left of it


def test_what_copy_image_left_behind_is_known_by_its_words():
    copied = (
        "Copied for DestinationAmi ami-0d from SourceAmi ami-0e for SourceSnapshot snap-0f. "
        "Task created on 1,566,308,778,174."
    )
    example = {**OLD, "volume_id": "vol-ffffffff", "description": copied}
    assert verdict("snapshot_orphaned", example) == "found"
    assert verdict("snapshot_orphaned", example, given={"images": [{"image_id": "ami-0d"}]}) == "passed"
    assert verdict("snapshot_orphaned", example, description=f"see: {copied}") == "passed"


def test_lists_that_come_empty_where_they_cannot_be_make_nothing_an_orphan():
    runs = {"instances": [{"instance_id": "i-0a", "state": "running", "root_device_type": "ebs"}]}
    assert verdict("snapshot_orphaned", OLD) == "found"
    assert verdict("snapshot_orphaned", OLD, given=runs) == "unknown"
    assert verdict("snapshot_orphaned", OLD, given={**runs, "volumes": [{"volume_id": "vol-0c"}]}) == "found"


@pytest.mark.parametrize(
    "tag",
    [
        {"key": "CreatedBy", "value": "EC2 Fast Launch"},
        {"key": "ebs.csi.aws.com/cluster", "value": "true"},
        {"key": "aws:dlm:managed", "value": "true"},
    ],
)
def test_what_services_keep_ready_or_prune_themselves_is_no_orphan(tag):
    assert verdict("snapshot_orphaned", OLD, given={"snapshot_tags": [tag]}) == "passed"


def test_one_snapshot_behind_two_images_goes_with_neither_of_them():
    unused = {**IMAGE, "root_device_type": "ebs"}
    snapshot = {"snapshot_id": "snap-0a", "volume_id": "vol-0a", "state": "completed", "storage_tier": "standard"}
    snapshot |= {"full_size_bytes": 2**30, "started_at": "120 days ago"}
    devices = [
        {"image_id": image, "device_name": "/dev/xvda", "snapshot_id": "snap-0a"} for image in ("ami-0a", "ami-0b")
    ]
    saved = []
    for mapping in (devices[:1], devices):
        given = {"image_block_devices": mapping, "snapshots": [snapshot]}
        said, finding, _ = try_example(RULES["image_unused"], {**unused, "given": given})
        assert said == "found"
        saved.append(finding["saving_high_usd"])
    assert saved[0] > saved[1] == 0
