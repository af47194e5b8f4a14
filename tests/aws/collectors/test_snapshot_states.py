"""Fast restores, locks and the archive: one plain scan each."""

from datetime import UTC, datetime

from auditor.aws.collectors import fast_restores, instance_images, snapshot_locks, snapshot_tiering

THEN = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 2, 1, tzinfo=UTC)


def test_only_what_this_account_enabled_is_its_fast_restore(scripted, run):
    rows = [
        {"SnapshotId": "snap-1", "AvailabilityZone": "eu-west-1a", "State": "enabled", "EnabledTime": THEN},
        {"SnapshotId": "snap-2", "AvailabilityZone": "eu-west-1b", "State": "optimizing"},
        {"SnapshotId": "snap-3", "AvailabilityZone": "eu-west-1b", "State": "enabled"},
    ]
    for row, owner in zip(rows, ("111122223333", "111122223333", "444455556666"), strict=True):
        row["OwnerId"] = owner
    reader = scripted({"ec2:DescribeFastSnapshotRestores": {"FastSnapshotRestores": rows}})
    assert run(fast_restores.COLLECTOR, reader)["fast_restores"] == [
        {
            "snapshot_id": "snap-1",
            "availability_zone": "eu-west-1a",
            "state": "enabled",
            "owner_id": "111122223333",
            "enabled_at": THEN,
        },
        {
            "snapshot_id": "snap-2",
            "availability_zone": "eu-west-1b",
            "state": "optimizing",
            "owner_id": "111122223333",
        },
    ]


def test_locks_on_every_page_expired_ones_too(scripted, run):
    pages = {
        None: {
            "Snapshots": [
                {
                    "SnapshotId": "snap-1",
                    "OwnerId": "111122223333",
                    "LockState": "compliance-cooloff",
                    "LockDuration": 31,
                    "CoolOffPeriod": 24,
                    "CoolOffPeriodExpiresOn": THEN,
                    "LockCreatedOn": THEN,
                    "LockExpiresOn": LATER,
                }
            ],
            "NextToken": "more",
        },
        "more": {"Snapshots": [{"SnapshotId": "snap-2", "LockState": "expired"}]},
    }
    reader = scripted({"ec2:DescribeLockedSnapshots": lambda NextToken=None, **_: pages[NextToken]})  # noqa: N803
    assert run(snapshot_locks.COLLECTOR, reader)["snapshot_locks"] == [
        {
            "snapshot_id": "snap-1",
            "lock_state": "compliance-cooloff",
            "lock_duration_days": 31,
            "locked_at": THEN,
            "cooloff_expires_at": THEN,
            "lock_expires_at": LATER,
        },
        {"snapshot_id": "snap-2", "lock_state": "expired"},
    ]


def test_archive_history(scripted, run):
    rows = [
        {
            "SnapshotId": "snap-1",
            "StorageTier": "archive",
            "LastTieringOperationStatus": "temporary-restore-completed",
            "LastTieringProgress": 100,
            "LastTieringStartTime": THEN,
            "ArchivalCompleteTime": THEN,
            "RestoreExpiryTime": LATER,
            "Tags": [{"Key": "a", "Value": "b"}],
        },
        {"SnapshotId": "snap-2", "StorageTier": "standard"},
    ]
    reader = scripted({"ec2:DescribeSnapshotTierStatus": {"SnapshotTierStatuses": rows}})
    assert run(snapshot_tiering.COLLECTOR, reader)["snapshot_tiering"] == [
        {
            "snapshot_id": "snap-1",
            "storage_tier": "archive",
            "last_operation_status": "temporary-restore-completed",
            "last_operation_progress_percent": 100,
            "last_operation_started_at": THEN,
            "archived_at": THEN,
            "restore_expires_at": LATER,
        },
        {"snapshot_id": "snap-2", "storage_tier": "standard"},
    ]


def test_what_is_known_of_the_image_of_an_instance(scripted, run):
    rows = [
        {
            "InstanceId": "i-1",
            "State": {"Name": "running"},
            "ImageMetadata": {
                "ImageId": "ami-1",
                "Name": "base",
                "OwnerId": "137112412989",
                "ImageOwnerAlias": "amazon",
                "State": "deregistered",
                "CreationDate": "2025-01-25T23:32:43.000Z",
                "DeprecationTime": "2027-01-25T23:32:43Z",
                "ImageAllowed": True,
                "IsPublic": False,
            },
        },
        {"InstanceId": "i-2"},
    ]
    reader = scripted({"ec2:DescribeInstanceImageMetadata": {"InstanceImageMetadata": rows}})
    assert run(instance_images.COLLECTOR, reader)["instance_images"] == [
        {
            "instance_id": "i-1",
            "image_id": "ami-1",
            "image_name": "base",
            "image_owner_id": "137112412989",
            "image_owner_alias": "amazon",
            "image_state": "deregistered",
            "image_is_public": False,
            "image_allowed": True,
            "image_created_at": datetime(2025, 1, 25, 23, 32, 43, tzinfo=UTC),
            "image_deprecated_at": datetime(2027, 1, 25, 23, 32, 43, tzinfo=UTC),
        },
        {"instance_id": "i-2"},
    ]
