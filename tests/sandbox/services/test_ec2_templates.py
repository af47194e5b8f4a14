from __future__ import annotations

import pytest

from auditor.sandbox.services.ec2_templates import resolved_image

MINE = "222222222222"


@pytest.fixture(autouse=True)
def here(organisation):
    here = organisation.place(MINE, "eu-west-1")
    here.parameters = {"/golden": {"Name": "/golden", "Value": "ami-0000beef", "DataType": "aws:ec2:image"}}
    for template_id, name, count, default in (("lt-a", "web", 3, 1), ("lt-b", "db", 1, 1)):
        here.launch_templates[template_id] = {
            "LaunchTemplateId": template_id,
            "LaunchTemplateName": name,
            "LatestVersionNumber": count,
            "DefaultVersionNumber": default,
            "Tags": [{"Key": "team", "Value": name}],
        }
        here.launch_template_versions[template_id] = [
            {
                "LaunchTemplateId": template_id,
                "LaunchTemplateName": name,
                "VersionNumber": number,
                "DefaultVersion": number == default,
                "LaunchTemplateData": {"ImageId": "resolve:ssm:/golden" if number == 3 else f"ami-0000000{number}"},
            }
            for number in range(1, count + 1)
        ]
    return here


@pytest.fixture
def versions(call):
    def made(**params):
        rows = call("ec2", "DescribeLaunchTemplateVersions", **params)["LaunchTemplateVersions"]
        return [(row["LaunchTemplateId"], row["VersionNumber"]) for row in rows]

    return made


def test_templates(call, pages, refusal):
    assert len(call("ec2", "DescribeLaunchTemplates")["LaunchTemplates"]) == 2
    found = pages("ec2", "DescribeLaunchTemplates", "LaunchTemplates", MaxResults=1)
    assert [row["LaunchTemplateId"] for page in found for row in page] == ["lt-a", "lt-b"]
    (row,) = call("ec2", "DescribeLaunchTemplates", LaunchTemplateNames=["db"])["LaunchTemplates"]
    assert row["LaunchTemplateId"] == "lt-b"
    tagged = [{"Name": "tag:team", "Values": ["web"]}]
    assert len(call("ec2", "DescribeLaunchTemplates", Filters=tagged)["LaunchTemplates"]) == 1
    assert refusal("ec2", "DescribeLaunchTemplates", MaxResults=201) == "InvalidParameterValue"
    missing = refusal("ec2", "DescribeLaunchTemplates", LaunchTemplateIds=["lt-x"])
    assert missing == "InvalidLaunchTemplateId.NotFound"
    missing = refusal("ec2", "DescribeLaunchTemplates", LaunchTemplateNames=["x"])
    assert missing == "InvalidLaunchTemplateName.NotFoundException"


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"LaunchTemplateId": "lt-a"}, [3, 2, 1]),
        ({"LaunchTemplateName": "web"}, [3, 2, 1]),
        ({"LaunchTemplateId": "lt-a", "Versions": ["$Latest"]}, [3]),
        ({"LaunchTemplateId": "lt-a", "Versions": ["$Default", "2"]}, [2, 1]),
        ({"LaunchTemplateId": "lt-a", "MinVersion": "2"}, [3, 2]),
        ({"LaunchTemplateId": "lt-a", "MaxVersion": "2"}, [2, 1]),
    ],
)
def test_versions_of_one_template(versions, params, expected):
    assert versions(**params) == [("lt-a", number) for number in expected]


def test_latest_and_default_of_all_templates_in_one_scan(versions):
    assert versions(Versions=["$Latest", "$Default"]) == [("lt-a", 3), ("lt-a", 1), ("lt-b", 1)]
    assert versions(Versions=["$Latest"]) == [("lt-a", 3), ("lt-b", 1)]


def test_parameters_are_followed_only_when_asked(call):
    def image(**params):
        asked = {"LaunchTemplateId": "lt-a", "Versions": ["3"], **params}
        return call("ec2", "DescribeLaunchTemplateVersions", **asked)["LaunchTemplateVersions"][0][
            "LaunchTemplateData"
        ]["ImageId"]

    assert image() == "resolve:ssm:/golden"
    assert image(ResolveAlias=True) == "ami-0000beef"
    assert image() == "resolve:ssm:/golden"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("resolve:ssm:/golden", "ami-0000beef"),
        ("resolve:ssm:/golden:3", "ami-0000beef"),
        ("resolve:ssm:/gone", "resolve:ssm:/gone"),
        ("ami-00000001", "ami-00000001"),
        (None, ""),
    ],
)
def test_what_a_version_launches(here, written, expected):
    assert resolved_image(here, {"LaunchTemplateData": {"ImageId": written}}) == expected


def test_a_version_may_leave_the_image_open(here, call):
    here.launch_template_versions["lt-b"][0]["LaunchTemplateData"] = {"InstanceType": "t3.micro"}
    asked = {"LaunchTemplateId": "lt-b", "ResolveAlias": True}
    (row,) = call("ec2", "DescribeLaunchTemplateVersions", **asked)["LaunchTemplateVersions"]
    assert row["LaunchTemplateData"] == {"InstanceType": "t3.micro"}


def test_pages_and_filters(pages, call, refusal):
    found = pages(
        "ec2", "DescribeLaunchTemplateVersions", "LaunchTemplateVersions", LaunchTemplateId="lt-a", MaxResults=2
    )
    assert [len(page) for page in found] == [2, 1]
    default = [{"Name": "is-default-version", "Values": ["true"]}]
    rows = call("ec2", "DescribeLaunchTemplateVersions", LaunchTemplateId="lt-a", Filters=default)
    assert [row["VersionNumber"] for row in rows["LaunchTemplateVersions"]] == [1]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, "MissingParameter"),
        ({"Versions": ["1"]}, "InvalidParameterCombination"),
        ({"LaunchTemplateId": "lt-x"}, "InvalidLaunchTemplateId.NotFound"),
        ({"LaunchTemplateName": "x"}, "InvalidLaunchTemplateName.NotFoundException"),
        ({"LaunchTemplateId": "lt-a", "LaunchTemplateName": "web"}, "InvalidParameterCombination"),
        ({"LaunchTemplateId": "lt-a", "Versions": ["9"]}, "InvalidLaunchTemplateId.VersionNotFound"),
        ({"LaunchTemplateId": "lt-a", "Versions": ["newest"]}, "InvalidLaunchTemplateId.VersionNotFound"),
        ({"LaunchTemplateId": "lt-a", "MaxResults": 201}, "InvalidParameterValue"),
    ],
)
def test_what_is_refused(refusal, params, code):
    assert refusal("ec2", "DescribeLaunchTemplateVersions", **params) == code
