from __future__ import annotations

import pytest

MINE = "222222222222"


@pytest.fixture(autouse=True)
def here(organisation):
    here = organisation.place(MINE, "eu-west-1")
    for number in range(7):
        volume_id, instance_id = f"vol-{number:08x}", f"i-{number:08x}"
        here.volumes[volume_id] = {
            "VolumeId": volume_id,
            "State": "in-use" if number else "available",
            "Size": 8 + number,
            "Encrypted": number % 2 == 0,
            "SnapshotId": "",
            "Attachments": [{"InstanceId": instance_id}] if number else [],
            "Tags": [{"Key": "tier", "Value": "gold"}],
        }
        here.instances[instance_id] = {
            "InstanceId": instance_id,
            "ImageId": "ami-00000001",
            "State": {"Code": 16, "Name": "terminated" if number == 6 else "running"},
        }
    organisation.place("333333333333", "eu-west-1").volumes["vol-000000ff"] = {"VolumeId": "vol-000000ff"}
    return here


def test_volumes_are_ones_own_alone(call):
    assert len(call("ec2", "DescribeVolumes")["Volumes"]) == 7


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("status", "available", {"vol-00000000"}),
        ("attachment.instance-id", "i-00000003", {"vol-00000003"}),
        ("size", "9", {"vol-00000001"}),
        ("encrypted", "false", {"vol-00000001", "vol-00000003", "vol-00000005"}),
        ("tag:tier", "silver", set()),
    ],
)
def test_volume_filters(call, name, value, expected):
    rows = call("ec2", "DescribeVolumes", Filters=[{"Name": name, "Values": [value]}])["Volumes"]
    assert {row["VolumeId"] for row in rows} == expected


def test_volume_pages_and_ids(pages, call, refusal):
    assert [len(page) for page in pages("ec2", "DescribeVolumes", "Volumes", MaxResults=5)] == [5, 2]
    for size in (4, 501):
        assert refusal("ec2", "DescribeVolumes", MaxResults=size) == "InvalidParameterValue"
    assert [row["Size"] for row in call("ec2", "DescribeVolumes", VolumeIds=["vol-00000002"])["Volumes"]] == [10]
    assert refusal("ec2", "DescribeVolumes", VolumeIds=["vol-000000ff"]) == "InvalidVolume.NotFound"
    assert refusal("ec2", "DescribeVolumes", VolumeIds=["x"]) == "InvalidVolumeID.Malformed"
    both = refusal("ec2", "DescribeVolumes", VolumeIds=["vol-00000002"], MaxResults=5)
    assert both == "InvalidParameterCombination"


def test_instances_come_in_reservations(call):
    rows = call("ec2", "DescribeInstances")["Reservations"]
    assert len(rows) == 7
    assert rows[0]["OwnerId"] == MINE
    assert rows[0]["ReservationId"] == "r-" + rows[0]["Instances"][0]["InstanceId"][2:]


def test_instance_pages_ids_and_filters(pages, call, refusal):
    assert [len(page) for page in pages("ec2", "DescribeInstances", "Reservations", MaxResults=5)] == [5, 2]
    assert refusal("ec2", "DescribeInstances", MaxResults=1001) == "InvalidParameterValue"
    terminated = [{"Name": "instance-state-name", "Values": ["terminated"]}]
    (found,) = call("ec2", "DescribeInstances", Filters=terminated)["Reservations"]
    assert found["Instances"][0]["InstanceId"] == "i-00000006"
    assert len(call("ec2", "DescribeInstances", InstanceIds=["i-00000001"])["Reservations"]) == 1
    assert refusal("ec2", "DescribeInstances", InstanceIds=["i-000000ff"]) == "InvalidInstanceID.NotFound"
    assert refusal("ec2", "DescribeInstances", InstanceIds=["i-0"]) == "InvalidInstanceID.Malformed"
    both = refusal("ec2", "DescribeInstances", InstanceIds=["i-00000001"], MaxResults=5)
    assert both == "InvalidParameterCombination"
