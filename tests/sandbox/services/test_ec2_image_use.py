from __future__ import annotations

from datetime import UTC, datetime

import pytest

MINE, THEIRS = "222222222222", "333333333333"
IMAGE, OTHER, GONE, BINNED = "ami-00000001", "ami-00000002", "ami-00000003", "ami-00000004"
WHERE = f"eu-west-1:{MINE}"


@pytest.fixture(autouse=True)
def here(organisation):
    here = organisation.place(MINE, "eu-west-1")
    for instance_id, image_id, state in (
        ("i-00000001", IMAGE, "running"),
        ("i-00000002", IMAGE, "terminated"),
        ("i-00000003", GONE, "stopped"),
        ("i-00000004", BINNED, "running"),
    ):
        here.instances[instance_id] = {
            "InstanceId": instance_id,
            "ImageId": image_id,
            "InstanceType": "t3.micro",
            "LaunchTime": datetime(2026, 5, 1, tzinfo=UTC),
            "State": {"Code": 16, "Name": state},
            "Placement": {"AvailabilityZone": "eu-west-1a"},
            "Tags": [{"Key": "Name", "Value": "web"}],
        }
    here.launch_templates["lt-1"] = {"LaunchTemplateId": "lt-1", "LatestVersionNumber": 12, "DefaultVersionNumber": 1}
    here.launch_template_versions["lt-1"] = [
        {
            "LaunchTemplateId": "lt-1",
            "VersionNumber": number,
            "LaunchTemplateData": {"ImageId": {2: IMAGE, 12: "resolve:ssm:/golden"}.get(number, "ami-0000ffff")},
        }
        for number in range(1, 13)
    ]
    here.parameters["/golden"] = {"Name": "/golden", "Value": OTHER, "DataType": "aws:ec2:image", "Type": "String"}
    here.parameters["note"] = {"Name": "note", "Value": IMAGE, "DataType": "text", "Type": "String"}
    here.image_recipes["arn:aws:imagebuilder:recipe"] = {"parentImage": IMAGE}
    here.container_recipes["arn:aws:imagebuilder:container"] = {"instanceConfiguration": {"image": OTHER}}
    there = organisation.place(THEIRS, "eu-west-1")
    there.images[IMAGE] = {"ImageId": IMAGE, "Name": "golden", "OwnerId": THEIRS, "State": "disabled", "Public": False}
    there.instances["i-00000009"] = {"InstanceId": "i-00000009", "ImageId": IMAGE, "State": {"Name": "running"}}
    there.binned_images[BINNED] = {"ImageId": BINNED}
    there.binned_rows[BINNED] = {"ImageId": BINNED, "Name": "old", "OwnerId": THEIRS, "State": "available"}
    return here


@pytest.fixture
def references(call):
    def made(*ids, **params):
        rows = call("ec2", "DescribeImageReferences", ImageIds=list(ids), **params)["ImageReferences"]
        return {(row["ImageId"], row["ResourceType"], row["Arn"]) for row in rows}

    return made


def test_all_kinds_with_their_defaults(references):
    assert references(IMAGE, OTHER, IncludeAllResourceTypes=True) == {
        (IMAGE, "ec2:Instance", f"arn:aws:ec2:{WHERE}:instance/i-00000001"),
        (IMAGE, "ec2:Instance", f"arn:aws:ec2:{WHERE}:instance/i-00000002"),
        (IMAGE, "imagebuilder:ImageRecipe", "arn:aws:imagebuilder:recipe"),
        (OTHER, "ec2:LaunchTemplate", f"arn:aws:ec2:{WHERE}:launch-template/lt-1"),
        (OTHER, "ssm:Parameter", f"arn:aws:ssm:{WHERE}:parameter/golden"),
        (OTHER, "imagebuilder:ContainerRecipe", "arn:aws:imagebuilder:container"),
    }


def test_versions_deeper_than_ten_must_be_asked_for(references):
    def depth(value):
        option = {"OptionName": "version-depth", "OptionValues": [value]}
        return [{"ResourceType": "ec2:LaunchTemplate", "ResourceTypeOptions": [option]}]

    assert references(IMAGE, ResourceTypes=depth("10")) == set()
    assert references(IMAGE, ResourceTypes=depth("11")) == {
        (IMAGE, "ec2:LaunchTemplate", f"arn:aws:ec2:{WHERE}:launch-template/lt-1")
    }


def test_options_win_over_the_defaults(references):
    option = {"OptionName": "state-name", "OptionValues": ["running", "stopped"]}
    asked = [{"ResourceType": "ec2:Instance", "ResourceTypeOptions": [option]}]
    assert {arn[-10:] for _, _, arn in references(IMAGE, GONE, ResourceTypes=asked)} == {"i-00000001", "i-00000003"}
    both = references(IMAGE, ResourceTypes=asked, IncludeAllResourceTypes=True)
    assert {kind for _, kind, _ in both} == {"ec2:Instance", "imagebuilder:ImageRecipe"}
    assert len(both) == 2


def test_a_kind_alone(references):
    assert references(IMAGE, OTHER, ResourceTypes=[{"ResourceType": "ssm:Parameter"}]) == {
        (OTHER, "ssm:Parameter", f"arn:aws:ssm:{WHERE}:parameter/golden")
    }


def test_what_is_refused(refusal):
    def code(ids, **params):
        return refusal("ec2", "DescribeImageReferences", ImageIds=ids, **params)

    everything = {"IncludeAllResourceTypes": True}
    assert code([f"ami-{n:08x}" for n in range(11)], **everything) == "InvalidParameterValue"
    assert code([], **everything) == "InvalidParameterValue"
    assert code(["ami-x"], **everything) == "InvalidAMIID.Malformed"
    assert code([IMAGE]) == "MissingParameter"
    assert code([IMAGE], MaxResults=4, **everything) == "InvalidParameterValue"
    assert code([IMAGE], ResourceTypes=[{"ResourceType": "ec2:Fleet"}]) == "InvalidParameterValue"
    wrong = {"OptionName": "version-depth", "OptionValues": ["1"]}
    asked = [{"ResourceType": "ec2:Instance", "ResourceTypeOptions": [wrong]}]
    assert code([IMAGE], ResourceTypes=asked) == "InvalidParameterValue"
    deep = {"OptionName": "version-depth", "OptionValues": ["10001"]}
    asked = [{"ResourceType": "ec2:LaunchTemplate", "ResourceTypeOptions": [deep]}]
    assert code([IMAGE], ResourceTypes=asked) == "InvalidParameterValue"


def test_references_come_in_pages(here, pages):
    for number in range(7):
        here.instances[f"i-1{number:07x}"] = {**here.instances["i-00000001"], "InstanceId": f"i-1{number:07x}"}
    asked = {"ImageIds": [IMAGE], "ResourceTypes": [{"ResourceType": "ec2:Instance"}], "MaxResults": 5}
    assert [len(page) for page in pages("ec2", "DescribeImageReferences", "ImageReferences", **asked)] == [5, 4]


def test_instances_tell_of_their_image_whatever_became_of_it(call):
    rows = call("ec2", "DescribeInstanceImageMetadata")["InstanceImageMetadata"]
    found = {row["InstanceId"]: row["ImageMetadata"] for row in rows}
    assert set(found) == {"i-00000001", "i-00000002", "i-00000003", "i-00000004"}
    assert found["i-00000001"] == {
        "ImageId": IMAGE,
        "Name": "golden",
        "OwnerId": THEIRS,
        "State": "disabled",
        "IsPublic": False,
    }
    assert found["i-00000003"] == {"ImageId": GONE, "State": "deregistered"}
    assert (found["i-00000004"]["Name"], found["i-00000004"]["State"]) == ("old", "deregistered")
    assert rows[0]["AvailabilityZone"] == "eu-west-1a"


def test_allowed_images_are_told_of_instances_too(here, call):
    here.allowed_images = {"State": "enabled", "ImageCriteria": [{"ImageProviders": ["amazon"]}]}
    not_allowed = [{"Name": "image-allowed", "Values": ["false"]}]
    rows = call("ec2", "DescribeInstanceImageMetadata", Filters=not_allowed)["InstanceImageMetadata"]
    assert {row["InstanceId"] for row in rows} == {"i-00000001", "i-00000002", "i-00000004"}


def test_instance_metadata_by_id_page_and_filter(call, pages, refusal):
    stopped = [{"Name": "instance-state-name", "Values": ["stopped"]}]
    rows = call("ec2", "DescribeInstanceImageMetadata", Filters=stopped)["InstanceImageMetadata"]
    assert [row["InstanceId"] for row in rows] == ["i-00000003"]
    assert [len(p) for p in pages("ec2", "DescribeInstanceImageMetadata", "InstanceImageMetadata", MaxResults=3)] == [
        3,
        1,
    ]
    missing = refusal("ec2", "DescribeInstanceImageMetadata", InstanceIds=["i-00000009"])
    assert missing == "InvalidInstanceID.NotFound"
    assert refusal("ec2", "DescribeInstanceImageMetadata", MaxResults=1001) == "InvalidParameterValue"


def test_fast_launch_is_told_by_image_state_and_page(here, call, pages, refusal):
    for number, state in enumerate(("enabled", "enabled", "disabling")):
        image_id = f"ami-0000000{number}"
        here.fast_launches[image_id] = {"ImageId": image_id, "State": state, "ResourceType": "snapshot"}
    found = pages("ec2", "DescribeFastLaunchImages", "FastLaunchImages", MaxResults=2)
    assert [len(page) for page in found] == [2, 1]
    ending = [{"Name": "state", "Values": ["disabling"]}]
    assert [row["ImageId"] for row in call("ec2", "DescribeFastLaunchImages", Filters=ending)["FastLaunchImages"]] == [
        "ami-00000002"
    ]
    assert refusal("ec2", "DescribeFastLaunchImages", MaxResults=201) == "InvalidParameterValue"
