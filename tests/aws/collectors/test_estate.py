"""Pages by hand become frames, exactly; what AWS leaves out is missing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from auditor.aws.collector import Where
from auditor.aws.collectors import images, instances, regions, settings, snapshots, volumes
from auditor.frames import INVENTORY

HERE = Where("000022223333", "eu-west-1")
AT = {"account_id": "000022223333", "region": "eu-west-1"}
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows without what is missing."""
    return [
        {name: value for name, value in row.items() if not pd.isna(value)}
        for row in frame.astype(object).to_dict("records")
    ]


@pytest.mark.parametrize(
    "collector",
    [
        snapshots.COLLECTOR,
        images.COLLECTOR,
        volumes.COLLECTOR,
        instances.COLLECTOR,
        regions.COLLECTOR,
        *settings.SETTINGS,
    ],
    ids=lambda collector: collector.name,
)
def test_every_frame_keeps_its_contract_with_and_without_rows(collector: Any) -> None:
    bare = {
        "SnapshotId": "snap-1",
        "ImageId": "ami-1",
        "VolumeId": "vol-1",
        "InstanceId": "i-1",
        "RegionName": "eu-west-1",
    }
    for page in ([], [bare]):
        frames = collector.transform(page, HERE)
        assert set(frames) == set(collector.frames)
        for name, frame in frames.items():
            declared = INVENTORY[name]
            assert list(frame.columns) == declared.names
            assert (frame.dtypes == declared.empty().dtypes).all()


def test_a_snapshot_with_everything() -> None:
    page = [
        {
            "SnapshotId": "snap-1",
            "Tags": [{"Key": "Name", "Value": "nightly"}, {"Key": "empty", "Value": ""}],
            "OwnerId": "000022223333",
            "Description": "",
            "VolumeId": "vol-1",
            "VolumeSize": 100,
            "FullSnapshotSizeInBytes": 2**53 + 1,
            "StorageTier": "archive",
            "RestoreExpiryTime": NOON,
            "StartTime": NOON,
            "CompletionTime": NOON,
            "State": "completed",
            "StateMessage": "Given key ID is not accessible",
            "Progress": "80%",
            "Encrypted": True,
            "KmsKeyId": "arn:aws:kms:eu-west-1:000022223333:key/1",
            "DataEncryptionKeyId": "dek-1",
            "TransferType": "time-based",
            "CompletionDurationMinutes": 60,
            "OutpostArn": "arn:aws:outposts:eu-west-1:000022223333:outpost/op-1",
            "AvailabilityZone": "eu-west-1-ham-1a",
        }
    ]
    frames = snapshots.transform(page, HERE)
    assert rows(frames["snapshots"]) == [
        {
            **AT,
            "snapshot_id": "snap-1",
            "name": "nightly",
            "owner_id": "000022223333",
            "volume_id": "vol-1",
            "volume_size_gib": 100,
            "full_size_bytes": 2**53 + 1,
            "storage_tier": "archive",
            "restore_expires_at": NOON,
            "started_at": NOON,
            "completed_at": NOON,
            "state": "completed",
            "state_message": "Given key ID is not accessible",
            "progress_percent": 80,
            "encrypted": True,
            "kms_key_arn": "arn:aws:kms:eu-west-1:000022223333:key/1",
            "data_encryption_key_id": "dek-1",
            "transfer_type": "time-based",
            "completion_duration_minutes": 60,
            "outpost_arn": "arn:aws:outposts:eu-west-1:000022223333:outpost/op-1",
            "availability_zone": "eu-west-1-ham-1a",
        }
    ]
    assert rows(frames["snapshot_tags"]) == [
        {**AT, "snapshot_id": "snap-1", "key": "Name", "value": "nightly"},
        {**AT, "snapshot_id": "snap-1", "key": "empty"},
    ]


def test_a_snapshot_with_nothing_is_missing_and_not_zero() -> None:
    frames = snapshots.transform([{"SnapshotId": "snap-1"}], HERE)
    assert rows(frames["snapshots"]) == [{**AT, "snapshot_id": "snap-1"}]
    assert frames["snapshot_tags"].empty


def test_an_image_with_all_kinds_of_devices() -> None:
    page = [
        {
            "ImageId": "ami-1",
            "Name": "base",
            "State": "disabled",
            "StateReason": {"Message": "because"},
            "Public": False,
            "CreationDate": "2026-03-04T12:00:00.000Z",
            "DeprecationTime": "2028-03-04T12:00:00.000Z",
            "LastLaunchedTime": "2026-03-04T12:00:00Z",
            "ImageAllowed": True,
            "Tags": [{"Key": "Name", "Value": "Base image"}],
            "ProductCodes": [{"ProductCodeId": "abc", "ProductCodeType": "marketplace"}],
            "BlockDeviceMappings": [
                {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-1", "VolumeSize": 8, "Encrypted": False}},
                {"DeviceName": "/dev/xvdb", "Ebs": {"VolumeSize": 9, "VolumeType": "gp3", "DeleteOnTermination": True}},
                {"DeviceName": "/dev/xvdc", "VirtualName": "ephemeral0"},
                {"DeviceName": "/dev/xvdd", "NoDevice": ""},
            ],
        }
    ]
    frames = images.transform(page, HERE)
    assert rows(frames["images"]) == [
        {
            **AT,
            "image_id": "ami-1",
            "name": "base",
            "name_tag": "Base image",
            "state": "disabled",
            "state_reason": "because",
            "is_public": False,
            "created_at": NOON,
            "deprecated_at": datetime(2028, 3, 4, 12, tzinfo=UTC),
            "last_launched_at": NOON,
            "allowed": True,
        }
    ]
    image = {**AT, "image_id": "ami-1"}
    assert rows(frames["image_block_devices"]) == [
        {**image, "device_name": "/dev/xvda", "snapshot_id": "snap-1", "volume_size_gib": 8, "encrypted": False},
        {
            **image,
            "device_name": "/dev/xvdb",
            "volume_size_gib": 9,
            "volume_type": "gp3",
            "delete_on_termination": True,
        },
        {**image, "device_name": "/dev/xvdc", "virtual_name": "ephemeral0"},
        {**image, "device_name": "/dev/xvdd"},
    ]
    assert rows(frames["product_codes"]) == [{**image, "product_code": "abc", "product_code_type": "marketplace"}]


def test_images_just_deregistered_are_not_there_any_more() -> None:
    frames = images.transform([{"ImageId": "ami-1", "State": "deregistered"}], HERE)
    assert {name: len(frame) for name, frame in frames.items()} == dict.fromkeys(images.COLLECTOR.frames, 0)


def test_a_time_that_is_none_is_missing() -> None:
    frames = images.transform([{"ImageId": "ami-1", "CreationDate": "some day"}], HERE)
    assert frames["images"]["created_at"].isna().all()


def test_a_volume_and_its_attachments() -> None:
    page = [
        {
            "VolumeId": "vol-1",
            "Size": 8,
            "SnapshotId": "",
            "State": "in-use",
            "CreateTime": NOON,
            "MultiAttachEnabled": False,
            "Attachments": [
                {
                    "InstanceId": "i-1",
                    "Device": "/dev/xvda",
                    "State": "attached",
                    "AttachTime": NOON,
                    "DeleteOnTermination": True,
                }
            ],
        }
    ]
    frames = volumes.transform(page, HERE)
    assert rows(frames["volumes"]) == [
        {
            **AT,
            "volume_id": "vol-1",
            "size_gib": 8,
            "state": "in-use",
            "created_at": NOON,
            "multi_attach": False,
        }
    ]
    assert rows(frames["attachments"]) == [
        {
            **AT,
            "volume_id": "vol-1",
            "instance_id": "i-1",
            "device": "/dev/xvda",
            "state": "attached",
            "attached_at": NOON,
            "delete_on_termination": True,
        }
    ]


def test_stopped_instances_use_their_image_and_terminated_ones_do_not() -> None:
    states = ("pending", "running", "stopping", "stopped", "shutting-down", "terminated")
    page = [{"InstanceId": f"i-{state}", "ImageId": "ami-1", "State": {"Name": state}} for state in states]
    frames = instances.transform(page, HERE)
    assert list(frames["instances"]["state"]) == list(states)
    references = frames["image_references"]
    assert list(references[["referrer_id", "strength"]].itertuples(index=False, name=None)) == [
        ("i-pending", "running"),
        ("i-running", "running"),
        ("i-stopping", "stopped"),
        ("i-stopped", "stopped"),
    ]
    assert set(references["seen_by"]) == {"ec2 DescribeInstances"}


def test_settings() -> None:
    answers = {
        "snapshot_block_public_access": {"State": "block-all-sharing", "ManagedBy": "account"},
        "image_block_public_access": {"ImageBlockPublicAccessState": "unblocked", "ManagedBy": "declarative-policy"},
        "encryption_by_default": {"EbsEncryptionByDefault": False},
        "default_keys": {"KmsKeyId": "alias/aws/ebs"},
        "allowed_images": {"State": "audit-mode", "ManagedBy": "account"},
    }
    found = {
        collector.name: rows(collector.transform([answers[collector.name]], HERE)[collector.name])
        for collector in settings.SETTINGS
    }
    assert found == {
        "snapshot_block_public_access": [{**AT, "state": "block-all-sharing", "managed_by": "account"}],
        "image_block_public_access": [{**AT, "state": "unblocked", "managed_by": "declarative-policy"}],
        "encryption_by_default": [{**AT, "enabled": False}],
        "default_keys": [{**AT, "key_arn": "alias/aws/ebs"}],
        "allowed_images": [{**AT, "state": "audit-mode", "managed_by": "account"}],
    }
