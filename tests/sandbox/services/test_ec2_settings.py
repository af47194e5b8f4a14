from __future__ import annotations

import pytest

MINE = "222222222222"


@pytest.fixture
def names(call):
    def made(**params):
        return {row["RegionName"] for row in call("ec2", "DescribeRegions", **params)["Regions"]}

    return made


def test_only_enabled_regions_unless_asked(names, call):
    assert names() == {"eu-west-1", "eu-south-1"}
    assert names(AllRegions=True) == {"eu-west-1", "eu-south-1", "af-south-1"}
    assert names(RegionNames=["af-south-1"]) == {"af-south-1"}
    (row,) = call("ec2", "DescribeRegions", RegionNames=["eu-south-1"])["Regions"]
    assert row == {"RegionName": "eu-south-1", "Endpoint": "ec2.eu-south-1.amazonaws.com", "OptInStatus": "opted-in"}


def test_regions_can_be_filtered_and_must_exist(names, refusal):
    off = [{"Name": "opt-in-status", "Values": ["not-opted-in"]}]
    assert names(AllRegions=True, Filters=off) == {"af-south-1"}
    assert names(Filters=off) == set()
    assert refusal("ec2", "DescribeRegions", RegionNames=["mars-1"]) == "InvalidParameterValue"


def test_china_has_its_own_names(organisation, call):
    organisation.partition = "aws-cn"
    assert call("ec2", "DescribeRegions")["Regions"][0]["Endpoint"] == "ec2.eu-west-1.amazonaws.com.cn"


def test_settings_are_of_the_account_and_region(organisation, call):
    here = organisation.place(MINE, "eu-west-1")
    here.snapshot_block_public_access = {"State": "block-all-sharing", "ManagedBy": "declarative-policy"}
    here.image_block_public_access = {"ImageBlockPublicAccessState": "block-new-sharing", "ManagedBy": "account"}
    here.allowed_images = {"State": "audit-mode", "ManagedBy": "account", "ImageCriteria": []}
    here.encryption_by_default = True
    here.default_key = "arn:aws:kms:eu-west-1:222222222222:key/1"
    expected = {
        "GetSnapshotBlockPublicAccessState": (here.snapshot_block_public_access, "unblocked"),
        "GetImageBlockPublicAccessState": (here.image_block_public_access, "unblocked"),
        "GetAllowedImagesSettings": (here.allowed_images, "disabled"),
        "GetEbsEncryptionByDefault": ({"EbsEncryptionByDefault": True}, False),
        "GetEbsDefaultKmsKeyId": ({"KmsKeyId": here.default_key}, "alias/aws/ebs"),
    }
    for operation, (told, usual) in expected.items():
        assert call("ec2", operation) == told
        assert next(iter(call("ec2", operation, region="eu-south-1").values())) == usual
