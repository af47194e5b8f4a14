"""A planted organisation is the same again, sound in its rows, and knows its own faults."""

from __future__ import annotations

import re
import tracemalloc
from dataclasses import replace
from datetime import datetime
from typing import Any

import botocore.session
import pytest

from auditor.rulebook import load_rules
from auditor.sandbox.model import Key, Organisation, Region
from auditor.sandbox.planting import SMALL, TINY, large, plant
from auditor.sandbox.planting.names import HOSTILE

SEEDS = (1, 2, 3, 40, 500)
ILLEGAL_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@pytest.fixture(scope="module")
def organisation() -> Organisation:
    return plant(7)


def of_rules(organisation: Organisation) -> dict[str, set[Key]]:
    """The truth as far as rules judge it; what became of backups is known before all rules on it are there."""
    return {name: keys for name, keys in organisation.truth.items() if name.removeprefix("unknown:") in RULES}


def contents(here: Region) -> dict[str, Any]:
    rows = {name: table for name, table in vars(here).items() if name != "blocks"}
    return rows | {"blocks": {name: (held.point, held.line) for name, held in here.blocks.items()}}


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in texts(part)]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return []


def test_same_seed_same_organisation() -> None:
    one, other = plant(3, size=TINY), plant(3, size=TINY)
    assert one.accounts == other.accounts
    assert one.truth == other.truth
    assert {key: contents(here) for key, here in one.places.items()} == {
        key: contents(here) for key, here in other.places.items()
    }


def test_other_seed_other_organisation() -> None:
    assert plant(1, 1, 1, TINY).places.keys() != plant(2, 1, 1, TINY).places.keys()


def test_order_of_regions_does_not_matter() -> None:
    one = plant(3, 3, ("eu-west-1", "us-east-1"), TINY)
    other = plant(3, 3, ("us-east-1", "eu-west-1"), TINY)
    assert {key: contents(here) for key, here in one.places.items()} == {
        key: contents(here) for key, here in other.places.items()
    }
    assert one.truth == other.truth


def test_nothing_to_plant_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        plant(1, 0)
    with pytest.raises(ValueError, match="at least one"):
        plant(1, 1, ())


def test_every_text_is_legal_in_xml(organisation: Organisation) -> None:
    illegal = [text for here in organisation for text in texts(contents(here)) if ILLEGAL_IN_XML.search(text)]
    assert illegal == []


def hostile(here: Region) -> list[str]:
    return [text for text in texts(contents(here)) if any(bad in text for bad in HOSTILE if len(bad) > 4)]


def test_every_place_has_hostile_text_where_all_are_alike(organisation: Organisation) -> None:
    assert all(hostile(here) for here in plant(7, size=replace(TINY, chance=1.0)))
    assert 1 <= sum(bool(hostile(here)) for here in organisation) <= 3
    assert 2 <= sum(len(hostile(here)) for here in organisation) <= 40


def test_rare_stories_are_rare() -> None:
    """What a customer is shown looks like a company: some of everything, much of nothing."""
    for seed in SEEDS:
        organisation = plant(seed)
        truth = of_rules(organisation)
        assert set(truth) == RULES.keys() | UNKNOWN
        for rule, (low, high) in BELIEVABLE.items():
            assert low <= len(truth[rule]) <= high, (seed, rule, len(truth[rule]))
        states = [
            organisation.places[key[:2]].snapshot_block_public_access["State"] for key in truth["snapshot_public"]
        ]
        assert states == ["unblocked", "unblocked"]
        assert len({place[:2] for place in truth["unknown:snapshot_key_unusable"]}) <= 2
        assert len({account for account, *_ in truth["region_encryption_not_default"]}) < 5
        assert sum(bool(here.binned_rows) for here in organisation) <= 8


def test_one_place_has_everything_rare() -> None:
    # what is open and what is blocked cannot be in one place, nor reports and their lack, and copies go to another
    elsewhere = {"snapshot_public_latent", "backup_copy_missing", "instance_copy_missing", "backup_report_missing"}
    assert set(plant(3, 1, 1).truth) >= RULES.keys() - elsewhere


@pytest.mark.parametrize("seed", SEEDS)
def test_every_story_is_told_where_everything_is_asked_for(seed: int) -> None:
    planted = plant(seed, 2, 1, replace(TINY, chance=1.0))
    # these hang on the settings of a place, which are drawn, or want a second region
    drawn = {"snapshot_public_latent", "region_encryption_not_default", "backup_copy_missing", "backup_report_missing"}
    assert set(planted.truth) >= RULES.keys() - drawn
    assert any(here.backup_plan_versions for here in planted), "a plan that was changed inside the audit period"


def test_most_things_have_an_owner_of_the_account(organisation: Organisation) -> None:
    rows = [row for here in organisation for kind in OWNED for row in getattr(here, kind).values()]
    owners = [next((tag["Value"] for tag in row["Tags"] if tag["Key"] == "owner"), "") for row in rows]
    assert 0.75 < sum(owner.endswith("@example.com") for owner in owners) / len(rows) < 0.95
    assert 1 <= sum(owner in HOSTILE for owner in owners) <= 6


def test_keys_of_members_may_be_described_by_members(organisation: Organisation) -> None:
    members = set(organisation.accounts)
    foreign = [
        (here, row["KmsKeyId"])
        for here in organisation
        for row in here.snapshots.values()
        if here.account_id not in row.get("KmsKeyId", here.account_id)
    ]
    assert len(foreign) == 2 * 3 + 2
    for here, arn in foreign:
        owner = arn.split(":")[4]
        readers = organisation.place(owner, here.name).key_readers.get(arn, set()) if owner in members else set()
        assert (here.account_id in readers) is (owner in members)


def test_accounts(organisation: Organisation) -> None:
    states = [account.state for account in organisation.accounts.values()]
    assert states == ["ACTIVE"] * 5 + ["SUSPENDED"]
    assert all(re.fullmatch(r"\d{12}", account_id) for account_id in organisation.accounts)
    assert any(account_id.startswith("0") for account_id in organisation.accounts)
    assert {account.ou_id for account in organisation.accounts.values()} <= set(organisation.units)
    suspended = next(key for key, account in organisation.accounts.items() if account.state == "SUSPENDED")
    assert not any(account_id == suspended for account_id, _ in organisation.places)


@pytest.mark.parametrize(("size", "low", "high"), [(TINY, 60, 260), (SMALL, 230, 450)])
def test_sizes(size: Any, low: int, high: int) -> None:
    for here in plant(11, 6, 2, size):
        assert low <= len(here.snapshots) <= high


def test_times_lie_in_the_past_and_carry_a_zone(organisation: Organisation) -> None:
    for here in organisation:
        for row in here.snapshots.values():
            assert isinstance(row["StartTime"], datetime)
            assert row["StartTime"].tzinfo is not None
            assert row["StartTime"] < organisation.now


def test_truth_names_only_what_exists(organisation: Organisation) -> None:
    for rule, keys in of_rules(organisation).items():
        subject = RULES[rule.removeprefix("unknown:")]
        for account_id, region, resource_id, *_ in keys:
            here = organisation.places[account_id, region]
            if subject == "regions":
                assert resource_id == region
            elif subject == "fast_restores":
                assert resource_id in {row["SnapshotId"] for row in here.fast_restores}
            elif subject == "source_snapshots":
                assert resource_id in {row["SnapshotId"] for row in here.volumes.values()} - here.snapshots.keys()
            else:
                assert resource_id in getattr(here, subject.replace("recycle_bin", "binned"))


SHAPES = {
    "snapshots": ("ec2", "Snapshot"),
    "images": ("ec2", "Image"),
    "volumes": ("ec2", "Volume"),
    "instances": ("ec2", "Instance"),
    "launch_templates": ("ec2", "LaunchTemplate"),
    "locks": ("ec2", "LockedSnapshotsInfo"),
    "tier_statuses": ("ec2", "SnapshotTierStatus"),
    "binned_snapshots": ("ec2", "SnapshotRecycleBinInfo"),
    "binned_images": ("ec2", "ImageRecycleBinInfo"),
    "binned_volumes": ("ec2", "VolumeRecycleBinInfo"),
    "kms_keys": ("kms", "KeyMetadata"),
    "launch_configurations": ("autoscaling", "LaunchConfiguration"),
    "auto_scaling_groups": ("autoscaling", "AutoScalingGroup"),
    "parameters": ("ssm", "Parameter"),
    "lifecycle_policies": ("dlm", "LifecyclePolicy"),
    "backup_plans": ("backup", "GetBackupPlanOutput"),
    "backup_vaults": ("backup", "BackupVaultListMember"),
    "backup_jobs": ("backup", "BackupJob"),
    "restore_jobs": ("backup", "RestoreJobsListMember"),
    "copy_jobs": ("backup", "CopyJob"),
    "report_plans": ("backup", "ReportPlan"),
    "bin_rules": ("rbin", "GetRuleResponse"),
    "fast_launches": ("ec2", "DescribeFastLaunchImagesSuccessItem"),
    "image_recipes": ("imagebuilder", "ImageRecipe"),
    "shared_recipes": ("imagebuilder", "ImageRecipe"),
    "container_recipes": ("imagebuilder", "ContainerRecipe"),
    "image_pipelines": ("imagebuilder", "ImagePipeline"),
    "trail_events": ("cloudtrail", "Event"),
    "legal_holds": ("backup", "LegalHold"),
}
NESTED_SHAPES = {
    "snapshot_permissions": ("ec2", "CreateVolumePermission"),
    "image_permissions": ("ec2", "LaunchPermission"),
    "key_grants": ("kms", "GrantListEntry"),
    "launch_template_versions": ("ec2", "LaunchTemplateVersion"),
    "backup_plan_versions": ("backup", "GetBackupPlanOutput"),
    "backup_selections": ("backup", "GetBackupSelectionOutput"),
    "recovery_points": ("backup", "RecoveryPointByBackupVault"),
    "legal_hold_points": ("backup", "RecoveryPointMember"),
}
LIST_SHAPES = {
    "fast_restores": ("ec2", "DescribeFastSnapshotRestoreSuccessItem"),
}


def rows_of(here: Region, table: str) -> list[Any]:
    value = getattr(here, table)
    if table in LIST_SHAPES:
        return list(value)
    if table in NESTED_SHAPES:
        return [row for inner in value.values() for row in (inner.values() if isinstance(inner, dict) else inner)]
    return list(value.values())


def stray(shape: Any, value: Any, path: str) -> list[str]:
    """Where a value departs from a botocore shape."""
    kinds = {
        "string": str,
        "boolean": bool,
        "integer": int,
        "long": int,
        "timestamp": datetime,
        "structure": dict,
        "list": list,
        "map": dict,
    }
    if not isinstance(value, kinds[shape.type_name]):
        return [f"{path}: {value!r} is no {shape.type_name}"]
    if shape.type_name == "structure":
        unknown = [f"{path}.{name}" for name in value if name not in shape.members]
        return unknown + [
            fault
            for name, item in value.items()
            if name in shape.members
            for fault in stray(shape.members[name], item, f"{path}.{name}")
        ]
    if shape.type_name == "list":
        return [fault for item in value for fault in stray(shape.member, item, f"{path}[]")]
    return []


@pytest.mark.parametrize("table", [*SHAPES, *NESTED_SHAPES, *LIST_SHAPES])
def test_rows_have_the_shape_of_the_api(organisation: Organisation, table: str) -> None:
    service, name = (SHAPES | NESTED_SHAPES | LIST_SHAPES)[table]
    shape = botocore.session.get_session().get_service_model(service).shape_for(name)
    rows = [row for here in organisation for row in rows_of(here, table)]
    assert rows
    assert {fault for row in rows for fault in stray(shape, row, table)} == set()


def test_large_adds_what_it_says() -> None:
    plain = next(iter(plant(1, 1, 1, SMALL)))
    here = next(iter(plant(1, 1, 1, large(500, 40))))
    assert len(here.snapshots) == len(plain.snapshots) + 500
    assert len(here.images) == len(plain.images) + 40


def test_a_plain_snapshot_costs_less_than_two_kilobytes() -> None:
    tracemalloc.start()
    try:
        few = plant(1, 1, 1, large(0, 0))
        before = tracemalloc.get_traced_memory()[0]
        many = plant(1, 1, 1, large(3000, 0))
        grown = tracemalloc.get_traced_memory()[0] - 2 * before
    finally:
        tracemalloc.stop()
    assert sum(len(here.snapshots) for here in many) - sum(len(here.snapshots) for here in few) == 3000
    assert grown / 3000 < 2048


def test_too_many_usual_regions_are_refused() -> None:
    with pytest.raises(ValueError, match="usual regions"):
        plant(1, 1, 99)


OWNED = ("snapshots", "images", "volumes")

UNKNOWN = {
    "unknown:backup_report_missing",
    "unknown:backup_copy_missing",
    "unknown:instance_copy_missing",
    "unknown:image_unused",
    "unknown:image_deprecated_in_use",
    "unknown:image_unencrypted",
    "unknown:image_inconsistent",
    "unknown:image_stale_in_use",
    "unknown:image_superseded",
    "unknown:image_share_incomplete",
    "unknown:instance_image_untrusted_owner",
    "unknown:lifecycle_retention_long",
    "unknown:lifecycle_retention_short",
    "unknown:snapshot_key_unusable",
    "unknown:snapshot_share_ineffective",
    "unknown:snapshot_wrong_key",
}

#: Findings of each rule in five accounts and three regions that an honest company might have.
BELIEVABLE = {
    "image_public": (1, 3),
    "snapshot_key_unusable": (5, 12),
    "unknown:snapshot_key_unusable": (2, 2),
    "image_share_incomplete": (5, 6),
    "unknown:image_share_incomplete": (2, 2),
    "snapshot_share_ineffective": (5, 15),
    "snapshot_failed": (2, 20),
    "volume_never_backed_up": (10, 60),
    "volume_backup_stale": (10, 35),
    "volume_not_in_any_plan": (60, 180),
    "volume_backup_missed": (10, 45),
    "backup_copy_missing": (1, 16),
    "unknown:backup_copy_missing": (2, 5),
    "instance_copy_missing": (1, 6),
    "unknown:instance_copy_missing": (3, 3),
    "instance_backup_missed": (4, 20),
    "instance_backup_inconsistent": (2, 10),
    "instance_root_not_bootable": (1, 4),
    "snapshot_orphaned": (30, 80),
    "snapshot_over_retention": (20, 60),
    "snapshot_unencrypted": (100, 1000),
    "image_licence_at_risk": (3, 25),
    "image_stale_in_use": (20, 100),
    "unknown:image_stale_in_use": (1, 12),
    "image_superseded": (8, 45),
    "unknown:image_superseded": (1, 3),
    "reference_to_missing_image": (2, 4),
    "image_unused": (20, 90),
    "image_deprecated_in_use": (1, 10),
    "image_missing_snapshot": (1, 4),
    "image_deregistered_in_use": (2, 12),
    "image_disabled_costing": (1, 6),
    "image_inconsistent": (3, 60),
    "unknown:image_inconsistent": (3, 5),
    "image_instance_store": (1, 4),
    "image_paravirtual": (2, 6),
    "image_unencrypted": (10, 80),
    "unknown:image_unencrypted": (1, 4),
    "image_unprotected": (10, 80),
    "image_shared_outside_organisation": (2, 10),
    "image_shared_with_closed_account": (2, 4),
    "instance_image_untrusted_owner": (2, 8),
    "unknown:instance_image_untrusted_owner": (1, 8),
    "lifecycle_policy_shares_outside": (2, 4),
    "snapshot_shared_outside_organisation": (3, 10),
    "archive_chain_broken": (1, 6),
    "fast_restore_idle": (2, 12),
    "lock_missing_or_expiring": (1, 4),
    "recycle_bin_cost": (1, 6),
    "recycle_bin_unprotected": (1, 4),
    "snapshot_restored_forgotten": (2, 8),
    "resource_untagged": (150, 700),
    "snapshot_duplicate_copy": (1, 2),
    "snapshot_wrong_key": (3, 30),
    "unknown:snapshot_wrong_key": (1, 2),
    "lifecycle_retention_long": (3, 9),
    "unknown:lifecycle_retention_long": (2, 2),
    "lifecycle_retention_short": (30, 60),
    "unknown:lifecycle_retention_short": (1, 1),
    "region_snapshot_sharing_not_blocked": (1, 7),
    "region_image_sharing_not_blocked": (1, 7),
    "region_encryption_not_default": (1, 5),
}

#: Every rule and the frame it judges.
RULES = {loaded.rule.id: loaded.rule.subject for loaded in load_rules()}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_rule_has_something_to_find(seed: int) -> None:
    truth = of_rules(plant(seed, 5, 3, TINY))
    assert {rule for rule in truth if not rule.startswith("unknown:")} == RULES.keys()
    assert all(truth[rule] for rule in RULES)
    assert {rule for rule in truth if rule.startswith("unknown:")} == UNKNOWN
