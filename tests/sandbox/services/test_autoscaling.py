from __future__ import annotations

import pytest

MINE = "222222222222"


@pytest.fixture(autouse=True)
def here(organisation):
    here = organisation.place(MINE, "eu-west-1")
    for number in range(120):
        name = f"name-{number:03d}"
        here.launch_configurations[name] = {"LaunchConfigurationName": name, "ImageId": "ami-1"}
        here.auto_scaling_groups[name] = {
            "AutoScalingGroupName": name,
            "Instances": [{"InstanceId": "i-1"}],
            "Tags": [{"Key": "team", "Value": "web" if number == 7 else "db"}],
        }
    return here


@pytest.mark.parametrize(
    ("operation", "key", "names"),
    [
        ("DescribeLaunchConfigurations", "LaunchConfigurations", "LaunchConfigurationNames"),
        ("DescribeAutoScalingGroups", "AutoScalingGroups", "AutoScalingGroupNames"),
    ],
)
def test_pages_and_names(call, pages, refusal, operation, key, names):
    assert [len(page) for page in pages("autoscaling", operation, key)] == [50, 50, 20]
    assert [len(page) for page in pages("autoscaling", operation, key, MaxRecords=100)] == [100, 20]
    assert refusal("autoscaling", operation, MaxRecords=101) == "ValidationError"
    assert refusal("autoscaling", operation, NextToken="x") == "InvalidNextToken"
    found = call("autoscaling", operation, **{names: ["name-001", "nobody"]})[key]
    assert [row[names.removesuffix("s")] for row in found] == ["name-001"]
    many = [f"name-{number:03d}" for number in range(51)]
    assert refusal("autoscaling", operation, **{names: many}) == "ValidationError"


def test_groups_can_be_filtered_by_tag_and_told_without_instances(call, refusal):
    web = [{"Name": "tag:team", "Values": ["web"]}]
    (group,) = call("autoscaling", "DescribeAutoScalingGroups", Filters=web)["AutoScalingGroups"]
    assert (group["AutoScalingGroupName"], len(group["Instances"])) == ("name-007", 1)
    assert (
        len(
            call("autoscaling", "DescribeAutoScalingGroups", Filters=[{"Name": "tag-value", "Values": ["web"]}])[
                "AutoScalingGroups"
            ]
        )
        == 1
    )
    answer = call("autoscaling", "DescribeAutoScalingGroups", Filters=web, IncludeInstances=False)
    assert "Instances" not in answer["AutoScalingGroups"][0]
    unknown = [{"Name": "status", "Values": ["x"]}]
    assert refusal("autoscaling", "DescribeAutoScalingGroups", Filters=unknown) == "ValidationError"
