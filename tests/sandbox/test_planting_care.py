"""What the stories of care wrote down is what somebody would find who reads the tables and knows nothing of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from auditor.sandbox.model import Organisation, Region

DAY = timedelta(days=1)

Found = Iterator[tuple[str, ...]]


def restored_forgotten(now, here: Region) -> Found:
    for key, row in here.snapshots.items():
        last = here.tier_statuses.get(key, {})
        ends = row.get("RestoreExpiryTime")
        stayed = last.get("LastTieringOperationStatus") == "permanent-restore-completed"
        if (ends and now <= ends <= now + 3 * DAY) or (
            stayed and row["StorageTier"] == "standard" and now - last["LastTieringStartTime"] > 30 * DAY
        ):
            yield (key,)


def fast_restore_idle(now, here: Region) -> Found:
    limit = now - 7 * DAY
    current = {row["ImageId"] for row in here.instances.values() if row["State"]["Name"] != "terminated"}
    current |= {row["Value"] for row in here.parameters.values()}
    for versions in here.launch_template_versions.values():
        current |= {row["LaunchTemplateData"]["ImageId"] for row in versions if row["DefaultVersion"]}
        current.add(versions[-1]["LaunchTemplateData"]["ImageId"])
    needed = {row["SnapshotId"] for row in here.volumes.values() if row["CreateTime"] > limit}
    for key in current & here.images.keys():
        needed |= {mapping.get("Ebs", {}).get("SnapshotId") for mapping in here.images[key]["BlockDeviceMappings"]}
    for row in here.fast_restores:
        if row["State"] == "enabled" and row["EnabledTime"] < limit and row["SnapshotId"] not in needed:
            yield row["SnapshotId"], row["AvailabilityZone"]


def recycle_bin_unprotected(_, here: Region) -> Found:
    kept = {
        rule["ResourceType"]
        for rule in here.bin_rules.values()
        if rule["Status"] == "available"
        and rule["RetentionPeriod"]["RetentionPeriodValue"] >= 7
        and not rule["ResourceTags"] + rule["ExcludeResourceTags"]
    }
    if not {"EBS_SNAPSHOT", "EC2_IMAGE"} <= kept:
        yield (here.name,)


def recycle_bin_cost(now, here: Region) -> Found:
    for key, row in here.binned_snapshots.items():
        if row["RecycleBinExitTime"] > now + 30 * DAY:
            yield (key,)


def lock_expiring(now, here: Region) -> Found:
    for key, row in here.locks.items():
        if row["LockState"] != "expired" and now < row["LockExpiresOn"] <= now + 14 * DAY:
            yield (key,)


def wrong_key(_, here: Region) -> Found:
    for key, row in here.snapshots.items():
        manager = here.kms_keys.get(row.get("KmsKeyId"), {}).get("KeyManager")
        if manager == "AWS" and here.default_key != "alias/aws/ebs":
            yield (key,)


def duplicate_copy(_, here: Region) -> Found:
    copies = defaultdict(list)
    for key, row in here.snapshots.items():
        match = re.match(r"\[Copied (snap-\w+) from ([\w-]+)\]", row["Description"])
        if match and row["State"] == "completed":
            copies[match.groups()].append((row["StartTime"], key))
    for same in copies.values():
        yield from ((key,) for _, key in sorted(same)[:-1])


def chain_broken(_, here: Region) -> Found:
    for key, row in here.snapshots.items():
        if row["StorageTier"] != "archive" or row["VolumeId"].startswith("vol-fff"):
            continue
        chain = [
            (each["StartTime"], each["StorageTier"])
            for each in here.snapshots.values()
            if each["VolumeId"] == row["VolumeId"] and each["State"] == "completed"
        ]
        sides = {started > row["StartTime"] for started, tier in chain if tier == "standard"}
        if len(sides) == 2 or (row["StartTime"] == max(chain)[0] and row["VolumeId"] in here.volumes):
            yield (key,)


def untagged(_, here: Region) -> Found:
    for key, row in here.snapshots.items():
        if "owner" not in {tag["Key"].lower() for tag in row["Tags"]}:
            yield (key,)


READERS: dict[str, Callable[..., Found]] = {
    "archive_chain_broken": chain_broken,
    "resource_untagged": untagged,
    "snapshot_duplicate_copy": duplicate_copy,
    "snapshot_wrong_key": wrong_key,
    "fast_restore_idle": fast_restore_idle,
    "lock_missing_or_expiring": lock_expiring,
    "recycle_bin_cost": recycle_bin_cost,
    "recycle_bin_unprotected": recycle_bin_unprotected,
    "snapshot_restored_forgotten": restored_forgotten,
}


@pytest.mark.parametrize("rule", READERS)
def test_truth_is_what_the_tables_say(planted: Organisation, rule: str) -> None:
    read = {(here.account_id, here.name, *found) for here in planted for found in READERS[rule](planted.now, here)}
    assert read, "nothing of it was planted"
    assert planted.truth[rule] == read
