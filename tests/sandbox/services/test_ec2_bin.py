from __future__ import annotations

import pytest

MINE = "222222222222"


@pytest.fixture(autouse=True)
def here(organisation):
    here = organisation.place(MINE, "eu-west-1")
    for number in range(6):
        here.binned_snapshots[f"snap-{number:08x}"] = {"SnapshotId": f"snap-{number:08x}"}
        here.binned_images[f"ami-{number:08x}"] = {"ImageId": f"ami-{number:08x}"}
        here.binned_volumes[f"vol-{number:08x}"] = {"VolumeId": f"vol-{number:08x}"}
    return here


@pytest.mark.parametrize(
    ("operation", "key", "ids", "member", "prefix", "missing", "bounds"),
    [
        (
            "ListSnapshotsInRecycleBin",
            "Snapshots",
            "SnapshotIds",
            "SnapshotId",
            "snap",
            "InvalidSnapshot.NotFound",
            (5, 1000),
        ),
        ("ListImagesInRecycleBin", "Images", "ImageIds", "ImageId", "ami", "InvalidAMIID.NotFound", (1, 1000)),
        ("ListVolumesInRecycleBin", "Volumes", "VolumeIds", "VolumeId", "vol", "InvalidVolume.NotFound", (5, 500)),
    ],
)
def test_the_bin(call, pages, refusal, operation, key, ids, member, prefix, missing, bounds):
    assert [len(page) for page in pages("ec2", operation, key, MaxResults=5)] == [5, 1]
    one = f"{prefix}-00000002"
    assert [row[member] for row in call("ec2", operation, **{ids: [one]})[key]] == [one]
    assert refusal("ec2", operation, **{ids: [one, f"{prefix}-000000ff"]}) == missing
    low, high = bounds
    for size in (low - 1, high + 1):
        assert refusal("ec2", operation, MaxResults=size) == "InvalidParameterValue"
    call("ec2", operation, MaxResults=high)


def test_at_most_twenty_images_by_id(refusal):
    ids = [f"ami-{number:08x}" for number in range(21)]
    assert refusal("ec2", "ListImagesInRecycleBin", ImageIds=ids) == "InvalidParameterValue"
