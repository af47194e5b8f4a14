"""What the stories wrote down is what somebody would find who reads the tables and knows nothing of the stories."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from auditor.sandbox.model import Key, Organisation, Region
from tests.sandbox.naming import named_beside

Keys = set[Key]
DAY = timedelta(days=1)
MADE_FOR = re.compile(r"^(?:Created by CreateImage\(i-\w+\)|Copied) for (?:DestinationAmi )?(ami-\w+)")
UNUSABLE = {"Disabled", "PendingDeletion", "NotFound"}


def read(organisation: Organisation, judge: Callable[[Organisation, Region], Iterator[str]]) -> Keys:
    return {(here.account_id, here.name, found) for here in organisation for found in judge(organisation, here)}


def tags(row: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in row.get("Tags", [])}


def mapped(here: Region) -> set[str]:
    return {
        mapping["Ebs"]["SnapshotId"]
        for image in here.images.values()
        for mapping in image["BlockDeviceMappings"]
        if "SnapshotId" in mapping.get("Ebs", {})
    }


def held(here: Region) -> set[str]:
    return {arn.rpartition("/")[2] for vault in here.recovery_points.values() for arn in vault}


def locked(here: Region, snapshot_id: str) -> bool:
    return here.locks.get(snapshot_id, {"LockState": "expired"})["LockState"] != "expired"


def made_for(row: dict[str, Any]) -> str | None:
    match = MADE_FOR.match(row["Description"])
    return match[1] if match else None


def unencrypted(_: Organisation, here: Region) -> Iterator[str]:
    yield from (key for key, row in here.snapshots.items() if not row["Encrypted"])


def failed(organisation: Organisation, here: Region) -> Iterator[str]:
    for key, row in here.snapshots.items():
        if row["State"] == "error" or (row["State"] == "pending" and organisation.now - row["StartTime"] > DAY):
            yield key


def key_state(organisation: Organisation, here: Region, arn: str) -> str:
    """The state of a key as an account would be told it: a word for itself where it is refused."""
    owner = arn.split(":")[4]
    there = organisation.places.get((owner, here.name), Region(owner, here.name))
    if there is not here and here.account_id not in there.key_readers.get(arn, ()):
        return "refused"
    return str(there.kms_keys.get(arn, {"KeyState": "NotFound"})["KeyState"])


def key_unusable(organisation: Organisation, here: Region) -> Iterator[str]:
    for key, row in here.snapshots.items():
        if "KmsKeyId" in row and key_state(organisation, here, row["KmsKeyId"]) in UNUSABLE:
            yield key


def key_unseen(organisation: Organisation, here: Region) -> Iterator[str]:
    for key, row in here.snapshots.items():
        if "KmsKeyId" in row and key_state(organisation, here, row["KmsKeyId"]) == "refused":
            yield key


def over_retention(organisation: Organisation, here: Region) -> Iterator[str]:
    kept = mapped(here) | held(here)
    for key, row in here.snapshots.items():
        old = row["State"] == "completed" and organisation.now - row["StartTime"] > 365 * DAY
        if old and key not in kept and not locked(here, key) and made_for(row) not in here.binned_images:
            yield key


def named_in_templates(here: Region) -> set[str]:
    versions = [row["LaunchTemplateData"] for rows in here.launch_template_versions.values() for row in rows]
    return {
        mapping["Ebs"]["SnapshotId"]
        for data in (*versions, *here.launch_configurations.values())
        for mapping in data.get("BlockDeviceMappings", [])
    } | {
        mapping["ebs"]["snapshotId"]
        for recipe in here.image_recipes.values()
        for mapping in recipe["blockDeviceMappings"]
    }


def withdrawn(organisation: Organisation, here: Region, source: str, region: str, words: str) -> bool:
    """Whether a source was looked for everywhere in vain, and nobody has made such a copy of late."""
    there = [place for place in organisation if place.name == region]
    ends = f"from {region}] {words}"
    recent = [
        row
        for row in here.snapshots.values()
        if row["Description"].endswith(ends) and organisation.now - row["StartTime"] <= 30 * DAY
    ]
    return bool(there) and not recent and not any(source in {*p.snapshots, *p.binned_snapshots} for p in there)


def orphaned(organisation: Organisation, here: Region) -> Iterator[str]:
    sources = {row["SnapshotId"] for row in here.volumes.values()}
    needed = mapped(here) | held(here) | named_in_templates(here) | sources
    enabled = {key for key, row in here.lifecycle_policies.items() if row["State"] == "ENABLED"}
    managed = ("aws:backup:source-resource", "velero.io/backup", "AWSElasticDisasterRecoveryManaged")
    managed += ("AWSApplicationMigrationServiceManaged",)
    words = re.compile("^(This is Fast Launch|This snapshot is created by the AWS Backup|Created by AWS|.Copied snap-)")
    for key, row in here.snapshots.items():
        own = tags(row)
        policy = own.get("aws:dlm:lifecycle-policy-id")
        if (
            row["State"] != "completed"
            or organisation.now - row["StartTime"] <= 30 * DAY
            or key in needed
            or locked(here, key)
            or {name.lower() for name in own} & {"keep", "do-not-delete"}
            or any(name in own for name in managed)
            or own.get("CreatedBy") == "EC2 Fast Launch"
            or policy in enabled
        ):
            continue
        image = made_for(row)
        copied = re.match(
            r"\[Copied (snap-\w+) from ([\w-]+)\] (?!Created for policy)(.*)", row["Description"], re.DOTALL
        )
        if image:
            if image not in here.images and image not in here.binned_images:
                yield key
        elif copied:
            if withdrawn(organisation, here, *copied.groups()):
                yield key
        elif not words.match(row["Description"]) and row["VolumeId"] not in {*here.volumes, *here.binned_volumes}:
            yield key


def newest_backups(here: Region) -> dict[str, list[Any]]:
    newest = defaultdict(list)
    for row in here.snapshots.values():
        if row["State"] == "completed":
            newest[row["VolumeId"]].append(row["StartTime"])
    for vault in here.recovery_points.values():
        for row in vault.values():
            if row["Status"] == "COMPLETED":
                newest[row["ResourceArn"].rpartition("/")[2]].append(row["CreationDate"])
    return newest


def never_backed_up(organisation: Organisation, here: Region) -> Iterator[str]:
    newest = newest_backups(here)
    for key, row in here.volumes.items():
        judged = row["State"] in ("in-use", "available") and organisation.now - row["CreateTime"] > 2 * DAY
        if judged and key not in newest:
            yield key


def backup_stale(organisation: Organisation, here: Region) -> Iterator[str]:
    newest = newest_backups(here)
    for key, row in here.volumes.items():
        if row["State"] == "in-use" and key in newest and organisation.now - max(newest[key]) > 7 * DAY:
            yield key


def image_public(_: Organisation, here: Region) -> Iterator[str]:
    yield from (key for key, row in here.images.items() if row["Public"] and row["State"] == "available")


def missing_snapshot(_: Organisation, here: Region) -> Iterator[str]:
    for key, row in here.images.items():
        named = {m["Ebs"]["SnapshotId"] for m in row["BlockDeviceMappings"] if "SnapshotId" in m.get("Ebs", {})}
        if row["State"] in ("available", "disabled") and named - set(here.snapshots):
            yield key


def references(organisation: Organisation, region: str) -> tuple[set[str], set[str]]:
    """Images that anything in a region names, and those that something current names."""
    named: set[str] = set()
    current: set[str] = set()
    for here in organisation:
        if here.name != region:
            continue
        running = {row["ImageId"] for row in here.instances.values() if row["State"]["Name"] != "terminated"}
        holders = {row["Value"] for row in here.parameters.values() if row["DataType"] == "aws:ec2:image"}
        configurations = {row["ImageId"] for row in here.launch_configurations.values()}
        beside, old = named_beside(here)
        current |= running | holders | configurations | beside
        named |= old
        pinned = set()
        for row in here.auto_scaling_groups.values():
            mixed = row.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
            what = row.get("LaunchTemplate") or mixed.get("LaunchTemplateSpecification") or {}
            pinned.add((what.get("LaunchTemplateId"), what.get("Version")))
        for template_id, versions in here.launch_template_versions.items():
            for row in versions:
                number = row["VersionNumber"]
                named.add(row["LaunchTemplateData"]["ImageId"])
                if row["DefaultVersion"] or number == len(versions) or (template_id, str(number)) in pinned:
                    current.add(row["LaunchTemplateData"]["ImageId"])
    return named | current, current


def seen_everywhere(organisation: Organisation, here: Region, image_id: str) -> bool:
    for grant in here.image_permissions.get(image_id, []):
        arn = grant.get("OrganizationArn") or grant.get("OrganizationalUnitArn") or ""
        if "Group" in grant or (arn and organisation.organisation_id not in arn):
            return False
        if "UserId" in grant and grant["UserId"] not in organisation.accounts:
            return False
    return True


def images_unused(organisation: Organisation, here: Region, seen: bool) -> Iterator[str]:
    named, _ = references(organisation, here.name)
    limit = (organisation.now - 90 * DAY).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    for key, row in here.images.items():
        unused = row["State"] in ("available", "disabled") and row["CreationDate"] < limit and key not in named
        if unused and row.get("LastLaunchedTime", "") < limit and seen_everywhere(organisation, here, key) is seen:
            yield key


def images_deprecated(organisation: Organisation, here: Region) -> Iterator[tuple[str, bool]]:
    _, current = references(organisation, here.name)
    now = organisation.now.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    for key, row in here.images.items():
        if row.get("DeprecationTime", "9") <= now and (key in current or not seen_everywhere(organisation, here, key)):
            yield key, key in current


READERS: dict[str, Callable[[Organisation, Region], Iterator[str]]] = {
    "snapshot_unencrypted": unencrypted,
    "snapshot_failed": failed,
    "snapshot_key_unusable": key_unusable,
    "unknown:snapshot_key_unusable": key_unseen,
    "snapshot_over_retention": over_retention,
    "snapshot_orphaned": orphaned,
    "volume_never_backed_up": never_backed_up,
    "volume_backup_stale": backup_stale,
    "image_public": image_public,
    "image_missing_snapshot": missing_snapshot,
    "image_unused": lambda organisation, here: images_unused(organisation, here, seen=True),
    "unknown:image_unused": lambda organisation, here: images_unused(organisation, here, seen=False),
    "image_deprecated_in_use": lambda organisation, here: (
        key for key, used in images_deprecated(organisation, here) if used
    ),
    "unknown:image_deprecated_in_use": lambda organisation, here: (
        key for key, used in images_deprecated(organisation, here) if not used
    ),
    "region_snapshot_sharing_not_blocked": lambda _, here: iter(
        [here.name] if here.snapshot_block_public_access["State"] != "block-all-sharing" else []
    ),
    "region_image_sharing_not_blocked": lambda _, here: iter(
        [here.name] if here.image_block_public_access["ImageBlockPublicAccessState"] == "unblocked" else []
    ),
    "region_encryption_not_default": lambda _, here: iter([] if here.encryption_by_default else [here.name]),
}


@pytest.mark.parametrize("rule", READERS)
def test_truth_is_what_the_tables_say(planted: Organisation, rule: str) -> None:
    assert planted.truth.get(rule, set()) == read(planted, READERS[rule])


def test_public_snapshots_are_those_whose_permission_names_everybody(planted: Organisation) -> None:
    for rule, hidden in (("snapshot_public", False), ("snapshot_public_latent", True)):
        assert planted.truth.get(rule, set()) == {
            (here.account_id, here.name, snapshot_id, "all")
            for here in planted
            for snapshot_id, grants in here.snapshot_permissions.items()
            if {"Group": "all"} in grants
            and (here.snapshot_block_public_access["State"] == "block-all-sharing") is hidden
        }


def test_only_plain_snapshots_are_public(planted: Organisation) -> None:
    for here in planted:
        for snapshot_id, grants in here.snapshot_permissions.items():
            row = here.snapshots[snapshot_id]
            assert row["StorageTier"] == "standard"
            assert {"Group": "all"} not in grants or not row["Encrypted"]
            others = {"KeyManager": "CUSTOMER"}  # what AWS manages is no other account's to encrypt with
            assert row.get("KmsKeyId") is None or here.kms_keys.get(row["KmsKeyId"], others)["KeyManager"] == "CUSTOMER"


def test_public_images_have_plain_snapshots_and_disabled_ones_no_permissions(planted: Organisation) -> None:
    for here in planted:
        for image_id, row in here.images.items():
            assert row["State"] == "available" or image_id not in here.image_permissions
            assert row["Public"] is ({"Group": "all"} in here.image_permissions.get(image_id, []))
            for mapping in row["BlockDeviceMappings"] if row["Public"] else []:
                assert not here.snapshots[mapping["Ebs"]["SnapshotId"]]["Encrypted"]
