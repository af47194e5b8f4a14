"""What other tools get wrong, by behaviour. Each test is one way to call something by the wrong name."""

import pytest

from auditor.rulebook import load_rules
from auditor.testing import try_example

RULES = {loaded.rule.id: loaded for loaded in load_rules()}
US, OTHER = "111122223333", "444455556666"


def verdict(rule, example=None, /, **more):
    said, _, crash = try_example(RULES[rule], {**(example or {}), **more})
    assert not crash
    return said


def finding(rule, example):
    said, found, crash = try_example(RULES[rule], example)
    assert (said, crash) == ("found", "")
    return found


OLD = {"snapshot_id": "snap-0a", "volume_id": "vol-0b", "state": "completed", "started_at": "60 days ago"}
AGED = {**OLD, "started_at": "400 days ago"}
OF_IMAGE = {**OLD, "description": "Created by CreateImage(i-0c) for ami-0d"}
MAPPED = [{"image_id": "ami-0d", "snapshot_id": "snap-0a"}]
VOLUME = {"volume_id": "vol-0a", "state": "in-use", "created_at": "90 days ago"}
IDLE = {"image_id": "ami-0a", "state": "available", "is_public": False, "created_at": "120 days ago"}


# images and the snapshots behind them


@pytest.mark.parametrize("state", ["available", "disabled", "pending", "failed", "invalid"])
@pytest.mark.parametrize("rule", ["snapshot_orphaned", "snapshot_over_retention"])
def test_an_image_in_any_state_keeps_its_snapshots_in_use(rule, state):
    given = {"images": [{"image_id": "ami-0d", "state": state}], "image_block_devices": MAPPED}
    assert verdict(rule, AGED, given=given) == "passed"


@pytest.mark.parametrize("rule", ["snapshot_orphaned", "snapshot_over_retention"])
def test_an_image_in_the_recycle_bin_keeps_its_snapshots(rule):
    example = {**AGED, "description": OF_IMAGE["description"]}
    assert verdict(rule, example, given={"recycle_bin_images": [{"image_id": "ami-0d"}]}) == "passed"


def test_a_snapshot_made_for_one_image_and_mapped_by_another_is_in_use():
    assert verdict("snapshot_orphaned", OF_IMAGE, given={"image_block_devices": MAPPED}) == "passed"


def test_an_account_without_any_image_has_orphans_of_images_all_the_same():
    assert finding("snapshot_orphaned", OF_IMAGE)["reason"] == "image_gone"


def test_a_snapshot_of_a_gone_image_is_an_orphan_though_its_volume_lives():
    assert verdict("snapshot_orphaned", OF_IMAGE, given={"volumes": [{"volume_id": "vol-0b"}]}) == "found"


def test_a_volume_that_is_gone_says_nothing_about_the_snapshot_of_a_living_image():
    assert verdict("snapshot_orphaned", OF_IMAGE, given={"images": [{"image_id": "ami-0d"}]}) == "passed"


@pytest.mark.parametrize("volume_id", ["vol-ffffffff", "vol-ffff", None])
def test_an_arbitrary_volume_id_is_never_a_volume_that_is_gone(volume_id):
    assert verdict("snapshot_orphaned", OLD, volume_id=volume_id) == "passed"


def test_a_volume_in_the_recycle_bin_is_not_gone():
    assert verdict("snapshot_orphaned", OLD, given={"recycle_bin_volumes": [{"volume_id": "vol-0b"}]}) == "passed"


@pytest.mark.parametrize(
    "tag",
    [
        {"key": "aws:backup:source-resource", "value": "vol-0b"},
        {"key": "velero.io/backup", "value": "nightly"},
        {"key": "CSIVolumeSnapshotName", "value": "snapshot-1"},
        {"key": "AWSElasticDisasterRecoveryManaged", "value": ""},
        {"key": "AWSApplicationMigrationServiceManaged", "value": ""},
        {"key": "KEEP", "value": "until 2030"},
        {"key": "dlm:managed", "value": "true"},
    ],
)
def test_what_others_look_after_is_no_orphan(tag):
    assert verdict("snapshot_orphaned", OLD, given={"snapshot_tags": [tag]}) == "passed"


@pytest.mark.parametrize(("state", "expected"), [("ENABLED", "passed"), ("DISABLED", "found"), ("ERROR", "found")])
def test_only_an_enabled_lifecycle_policy_looks_after_its_snapshots(state, expected):
    given = {
        "snapshot_tags": [{"key": "aws:dlm:lifecycle-policy-id", "value": "policy-0a"}],
        "lifecycle_policies": [{"policy_id": "policy-0a", "state": state}],
    }
    assert verdict("snapshot_orphaned", OLD, given=given) == expected


@pytest.mark.parametrize("state", ["compliance", "governance", "compliance-cooloff", None])
@pytest.mark.parametrize("rule", ["snapshot_orphaned", "snapshot_over_retention"])
def test_a_lock_holds_until_it_has_expired(rule, state):
    assert verdict(rule, AGED, given={"snapshot_locks": [{"lock_state": state}]}) == "passed"
    assert verdict(rule, AGED, given={"snapshot_locks": [{"lock_state": "expired"}]}) == "found"


@pytest.mark.parametrize("rule", ["snapshot_orphaned", "snapshot_over_retention"])
def test_what_a_recovery_point_holds_is_for_aws_backup_to_judge(rule):
    assert verdict(rule, AGED, given={"recovery_points": [{"recovery_id": "snap-0a"}]}) == "passed"


def test_a_template_that_makes_a_volume_of_it_uses_a_snapshot():
    given = {"snapshot_references": [{"referrer_type": "launch-template", "referrer_id": "lt-0a", "strength": "old"}]}
    assert verdict("snapshot_orphaned", OLD, given=given) == "passed"


@pytest.mark.parametrize(
    "frame",
    ["images", "volumes", "recycle_bin_images", "recycle_bin_volumes", "recovery_points", "snapshot_locks"],
)
def test_a_refused_call_makes_nothing_an_orphan(frame):
    assert verdict("snapshot_orphaned", OLD, gap=frame) == "unknown"


@pytest.mark.parametrize("device", [{"virtual_name": "ephemeral0"}, {"no_device": ""}, {"volume_size_gib": 8}])
def test_devices_without_a_snapshot_miss_none(device):
    example = {**IDLE, "given": {"image_block_devices": [{"device_name": "/dev/sdb", **device}]}}
    assert verdict("image_missing_snapshot", example) == "passed"


def test_a_snapshot_listed_twice_is_missed_once():
    device = {"device_name": "/dev/sda1", "snapshot_id": "snap-0a"}
    found = finding("image_missing_snapshot", {**IDLE, "given": {"image_block_devices": [device, device]}})
    assert found["missing"] == "/dev/sda1 needs snap-0a, which is gone"


def test_one_snapshot_gone_and_one_in_the_recycle_bin_are_told_apart():
    given = {
        "image_block_devices": [
            {"device_name": "/dev/sda1", "snapshot_id": "snap-0a"},
            {"device_name": "/dev/sdb", "snapshot_id": "snap-0b"},
        ],
        "recycle_bin_snapshots": [{"snapshot_id": "snap-0b"}],
    }
    found = finding("image_missing_snapshot", {**IDLE, "given": given})
    assert (
        found["missing"]
        == "/dev/sda1 needs snap-0a, which is gone; /dev/sdb needs snap-0b, which lies in the Recycle Bin"
    )
    assert found["all_restorable"] is False


# public and shared


@pytest.mark.parametrize(
    ("state", "severity", "exposure"),
    [
        ("unblocked", "critical", "open"),
        ("block-new-sharing", "critical", "open"),
        ("block-all-sharing", "medium", "latent"),
    ],
)
def test_a_public_permission_is_graded_by_what_the_block_lets_through(state, severity, exposure):
    given = {"snapshot_public_permissions": [{}], "snapshot_block_public_access": [{"state": state}]}
    rule, other = ("snapshot_public", "snapshot_public_latent")[:: 1 if exposure == "open" else -1]
    found = finding(rule, {"given": given})
    assert (found["severity"], found["exposure"]) == (severity, exposure)
    assert verdict(other, {"given": given}) == "passed"


def test_blocking_new_sharing_is_not_enough_for_snapshots_and_all_there_is_for_images():
    snapshots = {"given": {"snapshot_block_public_access": [{"state": "block-new-sharing"}]}}
    images = {"given": {"image_block_public_access": [{"state": "block-new-sharing"}]}}
    assert finding("region_snapshot_sharing_not_blocked", snapshots)["severity"] == "medium"
    assert verdict("region_image_sharing_not_blocked", images) == "passed"


def test_a_disabled_image_has_lost_its_permissions():
    assert verdict("image_public", {**IDLE, "is_public": True, "state": "disabled"}) == "passed"


def test_an_error_is_not_a_clean_bill():
    assert verdict("snapshot_public", gap="snapshot_public_permissions") == "unknown"
    assert verdict("region_encryption_not_default", gap="encryption_by_default") == "unknown"


def test_encryption_is_read_from_the_snapshot_and_not_from_a_mapping():
    given = {"image_block_devices": [{"image_id": "ami-0a", "encrypted": False}]}
    assert verdict("snapshot_unencrypted", encrypted=True, given=given) == "passed"


def test_a_key_that_may_not_be_described_is_neither_good_nor_bad():
    example = {"encrypted": True, "kms_key_arn": "arn:key", "given": {"kms_keys": [{"key_arn": "arn:key"}]}}
    assert verdict("snapshot_key_unusable", example) == "unknown"


KEY = f"arn:aws:kms:eu-west-1:{US}:key/k"
KEYED = {
    "snapshot_id": "snap-0a",
    "encrypted": True,
    "kms_key_arn": KEY,
    "state": "completed",
    "storage_tier": "standard",
}
SHARED = {
    "snapshot_shares": [{"grantee_type": "account", "grantee": "999988887777"}],
    "kms_keys": [{"key_arn": KEY, "manager": "CUSTOMER", "state": "Enabled"}],
    "key_policies": [{"key_arn": KEY, "understood": True, "grants_listed": True}],
    "directory": [{"member_id": US, "organisation_id": "o-a1", "state": "ACTIVE"}],
}


def allowing(*actions, **more):
    statement = {"key_arn": KEY, "statement": 0, "effect": "Allow", "principal_type": "AWS", "principal": "*", **more}
    return {**SHARED, "key_statements": [{**statement, "action": action} for action in actions]}


def test_a_share_is_worth_what_its_key_lets():
    assert verdict("snapshot_share_ineffective", KEYED, given=allowing("kms:*")) == "passed"
    found = finding("snapshot_share_ineffective", {**KEYED, "given": allowing("kms:Decrypt", "kms:DescribeKey")})
    assert found["because"].startswith("kms:CreateGrant, kms:GenerateDataKey*, kms:ReEncrypt* are not allowed to 99998")


@pytest.mark.parametrize(
    ("given", "severity"),
    [(allowing("kms:*"), "high"), (allowing("kms:Decrypt"), "low"), ({**SHARED, "key_policies": []}, "medium")],
)
def test_a_share_with_a_stranger_is_as_bad_as_its_key_is_open(given, severity):
    assert finding("snapshot_shared_outside_organisation", {**KEYED, "given": given})["severity"] == severity


def test_blocking_snapshots_does_not_close_a_public_image():
    given = {"snapshot_block_public_access": [{"state": "block-all-sharing"}], "image_block_devices": MAPPED}
    image = {"image_id": "ami-0d", "is_public": True, "state": "available"}
    assert finding("image_public", {**image, "given": given})["severity"] == "critical"
    given |= {"snapshot_public_permissions": [{"seen_by": "attribute"}], "images": [image]}
    latent = finding("snapshot_public_latent", {**KEYED, "encrypted": False, "given": given})
    assert (latent["severity"], latent["public_image"]) == ("critical", "ami-0d")


# use of images


def used(strength, account=US, region="eu-west-1"):
    reference = {"image_id": "ami-0a", "referrer_type": "instance", "referrer_id": "i-0a", "strength": strength}
    return {"image_references": [{"account_id": account, "region": region, **reference}]}


@pytest.mark.parametrize("strength", ["running", "stopped", "default", "latest", "pinned", "named", "old"])
@pytest.mark.parametrize("account", [US, OTHER])
def test_whatever_names_an_image_uses_it(strength, account):
    assert verdict("image_unused", IDLE, given=used(strength, account)) == "passed"


def test_an_id_in_another_region_is_another_image():
    assert verdict("image_unused", IDLE, given=used("running", region="us-east-1")) == "found"


def test_no_known_launch_is_not_proof_of_use_nor_of_none():
    assert verdict("image_unused", IDLE, last_launched_at=None) == "found"
    assert verdict("image_unused", IDLE, last_launched_at=None, given=used("stopped")) == "passed"


def test_superseded_template_versions_keep_no_deprecated_image_in_use():
    example = {**IDLE, "deprecated_at": "1 days ago"}
    assert verdict("image_deprecated_in_use", example, given=used("old")) == "passed"
    assert verdict("image_deprecated_in_use", example, given=used("pinned")) == "found"


def test_a_deprecation_date_ahead_deprecates_nothing():
    assert verdict("image_deprecated_in_use", {**IDLE, "deprecated_at": "in 1 days"}, given=used("running")) == "passed"


def test_an_unknown_use_says_where_nobody_looked():
    said, found, _ = try_example(RULES["image_unused"], {**IDLE, "is_public": True})
    assert said == "unknown"
    assert found["message"] == "Could not tell: it is public, so any account may use it."


# backups


def backups(*snapshots):
    return {"given": {"snapshots": [{"snapshot_id": f"snap-{n}", **row} for n, row in enumerate(snapshots)]}}


def test_where_a_volume_came_from_is_no_backup_of_it():
    example = {**VOLUME, "source_snapshot_id": "snap-0"} | backups({"volume_id": "vol-0z", "state": "completed"})
    assert verdict("volume_never_backed_up", example) == "found"


@pytest.mark.parametrize("state", ["pending", "error", "recoverable"])
def test_an_unfinished_or_failed_snapshot_is_no_backup(state):
    assert verdict("volume_never_backed_up", VOLUME | backups({"state": state, "started_at": "1 days ago"})) == "found"


@pytest.mark.parametrize("status", ["PARTIAL", "EXPIRED", "DELETING", "STOPPED", "CREATING"])
def test_a_recovery_point_that_cannot_be_used_is_no_backup(status):
    given = {"recovery_points": [{"resource_id": "vol-0a", "status": status, "created_at": "1 days ago"}]}
    assert verdict("volume_never_backed_up", VOLUME, given=given) == "found"


def test_no_snapshots_at_all_is_no_pass():
    assert verdict("volume_never_backed_up", VOLUME) == "found"


def test_snapshots_that_could_not_be_listed_are_not_missing_backups():
    assert verdict("volume_never_backed_up", VOLUME, gap="snapshots") == "unknown"


def test_a_volume_is_judged_by_its_newest_backup_in_whatever_order_they_come():
    daily = [{"state": "completed", "started_at": f"{days} days ago"} for days in (30, 1, 20, 8)]
    assert verdict("volume_backup_stale", VOLUME | backups(*daily)) == "passed"


def test_age_counts_from_the_start_and_not_from_completion():
    slow = {"state": "completed", "started_at": "8 days ago", "completed_at": "6 days ago"}
    assert verdict("volume_backup_stale", VOLUME | backups(slow)) == "found"


def test_an_idle_volume_wants_a_first_backup_and_no_fresh_one():
    idle = {**VOLUME, "state": "available"}
    assert verdict("volume_never_backed_up", idle) == "found"
    assert (
        verdict("volume_backup_stale", idle | backups({"state": "completed", "started_at": "90 days ago"})) == "passed"
    )


def test_new_volumes_have_a_grace():
    assert verdict("volume_never_backed_up", {**VOLUME, "created_at": "47 hours ago"}) == "passed"
    assert verdict("volume_never_backed_up", {**VOLUME, "created_at": "49 hours ago"}) == "found"


@pytest.mark.parametrize("rule", ["volume_never_backed_up", "volume_backup_stale"])
@pytest.mark.parametrize(
    ("excluded", "expected"),
    [(["tier"], "passed"), (["tier=scratch"], "passed"), (["tier=gold"], "found"), (["Tier"], "found"), ([], "found")],
)
def test_only_declared_volumes_are_left_out(rule, excluded, expected):
    given = {"volume_tags": [{"key": "tier", "value": "scratch"}]}
    if rule == "volume_backup_stale":
        given |= backups({"state": "completed", "started_at": "90 days ago"})["given"]
    assert verdict(rule, VOLUME, given=given, params={"exclude_tags": excluded}) == expected
