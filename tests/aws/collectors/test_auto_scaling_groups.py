import pytest

from auditor.aws.collectors.auto_scaling_groups import COLLECTOR


def version(number, image_id, *, default=False, latest=False, template="lt-1"):
    return {
        "template_id": template,
        "template_name": f"{template}-name",
        "version": number,
        "is_default": default,
        "is_latest": latest,
        "image_id": image_id,
    }


FRAMES = {
    "launch_template_versions": [
        version(1, "ami-1"),
        version(2, "ami-2", default=True),
        version(3, "resolve:ssm:/golden", latest=True),
        version(1, "ami-other", default=True, latest=True, template="lt-2"),
        version(2, None, template="lt-2"),
        version(3, "resolve:ssm:/gone", template="lt-2"),
    ],
    "ssm_parameters": [{"name": "/golden", "value": "ami-golden"}],
}


def brought(scripted, run, *groups):
    groups = [
        {"AutoScalingGroupName": f"g{number}", "DesiredCapacity": 0, **group} for number, group in enumerate(groups)
    ]
    return run(COLLECTOR, scripted({"autoscaling:DescribeAutoScalingGroups": {"AutoScalingGroups": groups}}, FRAMES))


def template(version=None, id_="lt-1"):
    return {"LaunchTemplateId": id_, **({"Version": version} if version else {})}


@pytest.mark.parametrize(
    ("specification", "image_id", "strength", "detail"),
    [
        (template("1"), "ami-1", "pinned", "lt-1 version 1"),
        (template("$Default"), "ami-2", "default", "lt-1 version $Default"),
        (template(), "ami-2", "default", "lt-1 version $Default"),
        (template("$Latest"), "ami-golden", "latest", "lt-1 version $Latest"),
        (template("3"), "ami-golden", "pinned", "lt-1 version 3"),
        ({"LaunchTemplateName": "lt-1-name", "Version": "1"}, "ami-1", "pinned", "lt-1 version 1"),
    ],
)
def test_a_group_names_what_its_template_launches(scripted, run, specification, image_id, strength, detail):
    got = brought(scripted, run, {"LaunchTemplate": specification})
    assert got["image_references"] == [
        {
            "image_id": image_id,
            "referrer_type": "auto-scaling-group",
            "referrer_id": "g0",
            "detail": detail,
            "strength": strength,
            "seen_by": "autoscaling DescribeAutoScalingGroups",
        }
    ]
    expected = {"name": "g0", "template_id": "lt-1", "desired_capacity": 0}
    if "Version" in specification:
        expected["template_version"] = specification["Version"]
    assert got["auto_scaling_groups"] == [expected]


def test_a_mixed_policy_names_its_own_template_and_those_and_images_of_its_overrides(scripted, run):
    policy = {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": template("1"),
            "Overrides": [
                {"InstanceType": "m7g.large", "LaunchTemplateSpecification": template("$Latest", "lt-2")},
                {"InstanceType": "m7g.xlarge", "LaunchTemplateSpecification": template("$Latest", "lt-2")},
                {"InstanceType": "c7i.large", "ImageId": "ami-override"},
                {"InstanceType": "m7i.large"},
            ],
        }
    }
    got = brought(scripted, run, {"MixedInstancesPolicy": policy})
    assert [(row["image_id"], row["strength"], row["detail"]) for row in got["image_references"]] == [
        ("ami-1", "pinned", "lt-1 version 1"),
        ("ami-other", "latest", "lt-2 version $Latest"),
        ("ami-override", "pinned", "override c7i.large"),
    ]
    assert got["auto_scaling_groups"] == [
        {"name": "g0", "template_id": "lt-1", "template_version": "1", "desired_capacity": 0}
    ]


@pytest.mark.parametrize(
    "specification", [template("9"), template("2", "lt-2"), template("3", "lt-2"), template("1", "lt-9")]
)
def test_what_cannot_be_resolved_names_nothing(scripted, run, specification):
    got = brought(scripted, run, {"LaunchTemplate": specification})
    assert got["image_references"] == []
    assert got["auto_scaling_groups"][0]["template_id"] == specification["LaunchTemplateId"]


def test_a_launch_configuration_speaks_for_itself(scripted, run):
    got = brought(scripted, run, {"LaunchConfigurationName": "web-1", "DesiredCapacity": 4})
    assert got["image_references"] == []
    assert got["auto_scaling_groups"] == [{"name": "g0", "launch_configuration": "web-1", "desired_capacity": 4}]


def test_groups_are_read_without_templates_too(scripted, run):
    groups = {"AutoScalingGroups": [{"AutoScalingGroupName": "g", "LaunchTemplate": template("1")}]}
    got = run(COLLECTOR, scripted({"autoscaling:DescribeAutoScalingGroups": groups}))
    assert got == {
        "auto_scaling_groups": [{"name": "g", "template_id": "lt-1", "template_version": "1"}],
        "image_references": [],
    }
