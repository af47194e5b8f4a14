from datetime import UTC, datetime

from auditor.aws.collectors.fast_launches import COLLECTOR


def test_an_image_is_named_until_fast_launch_is_switched_off(scripted, run):
    since = datetime(2026, 1, 1, tzinfo=UTC)
    enabled = {
        "ImageId": "ami-0a",
        "State": "enabled",
        "StateTransitionReason": "Client.UserInitiated",
        "StateTransitionTime": since,
        "SnapshotConfiguration": {"TargetResourceCount": 5},
        "LaunchTemplate": {"LaunchTemplateId": "lt-0b", "Version": "3"},
        "OwnerId": "111122223333",
    }
    items = [enabled, {"ImageId": "ami-0c", "State": "disabling"}, {"ImageId": "ami-0d", "State": "enabled-failed"}]
    brought = run(COLLECTOR, scripted({"ec2:DescribeFastLaunchImages": {"FastLaunchImages": items}}))
    assert brought["fast_launches"][0] == {
        "image_id": "ami-0a",
        "state": "enabled",
        "state_reason": "Client.UserInitiated",
        "state_changed_at": since,
        "target_snapshots": 5,
        "template_id": "lt-0b",
        "template_version": "3",
        "owner_id": "111122223333",
    }
    assert len(brought["fast_launches"]) == 3
    assert [(row["image_id"], row["referrer_type"], row["detail"]) for row in brought["image_references"]] == [
        ("ami-0a", "fast-launch", "enabled"),
        ("ami-0d", "fast-launch", "enabled-failed"),
    ]
