from datetime import UTC, datetime

from auditor.aws.collectors.launch_configurations import COLLECTOR

PAGE = [
    {
        "LaunchConfigurationName": "web-1",
        "LaunchConfigurationARN": "arn:aws:autoscaling:eu-west-1:111122223333:launchConfiguration:1:x/web-1",
        "ImageId": "ami-1",
        "KeyName": "",
        "KernelId": "",
        "RamdiskId": "",
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-1", "VolumeSize": 8}},
            {"DeviceName": "/dev/xvdb", "Ebs": {"VolumeSize": 8}},
            {"DeviceName": "/dev/xvdc", "NoDevice": True},
        ],
        "CreatedTime": datetime(2020, 1, 1, tzinfo=UTC),
    },
    {"LaunchConfigurationName": "old", "ImageId": "ami-2", "KernelId": "aki-1", "BlockDeviceMappings": []},
]


def test_configurations_name_images_and_snapshots_whether_a_group_uses_them_or_not(scripted, run):
    brought = run(COLLECTOR, scripted({"autoscaling:DescribeLaunchConfigurations": {"LaunchConfigurations": PAGE}}))
    assert brought["launch_configurations"] == [
        {"name": "web-1", "image_id": "ami-1", "created_at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"name": "old", "image_id": "ami-2", "kernel_id": "aki-1"},
    ]
    seen = {"referrer_type": "launch-configuration", "strength": "named"}
    seen["seen_by"] = "autoscaling DescribeLaunchConfigurations"
    assert brought["image_references"] == [
        {"image_id": "ami-1", "referrer_id": "web-1", **seen},
        {"image_id": "ami-2", "referrer_id": "old", **seen},
    ]
    assert brought["snapshot_references"] == [
        {"snapshot_id": "snap-1", "referrer_id": "web-1", "detail": "/dev/xvda", **seen}
    ]
