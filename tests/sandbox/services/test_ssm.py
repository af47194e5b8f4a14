from __future__ import annotations

import pytest

MINE = "222222222222"
ARN = "arn:aws:ssm:eu-west-1:222222222222:parameter"


@pytest.fixture(autouse=True)
def here(organisation):
    here = organisation.place(MINE, "eu-west-1")
    for name, kind in (
        ("/golden/al2023", "aws:ec2:image"),
        ("/golden/old/al2", "aws:ec2:image"),
        ("/app/url", "text"),
        ("flat", "text"),
    ):
        here.parameters[name] = {
            "Name": name,
            "Type": "String",
            "Value": f"value of {name}",
            "Version": 3,
            "DataType": kind,
            "Tags": [{"Key": "team", "Value": "web"}],
        }
    return here


@pytest.fixture
def described(call):
    def made(*filters):
        asked = [{"Key": key, "Option": option, "Values": values} for key, option, values in filters]
        return {row["Name"] for row in call("ssm", "DescribeParameters", ParameterFilters=asked)["Parameters"]}

    return made


@pytest.mark.parametrize(
    ("key", "option", "values", "expected"),
    [
        ("DataType", "Equals", ["aws:ec2:image"], {"/golden/al2023", "/golden/old/al2"}),
        ("Name", "BeginsWith", ["/golden"], {"/golden/al2023", "/golden/old/al2"}),
        ("Name", "Contains", ["url"], {"/app/url"}),
        ("Name", "Equals", ["flat", "/app/url"], {"flat", "/app/url"}),
        ("Path", "OneLevel", ["/golden"], {"/golden/al2023"}),
        ("Path", "Recursive", ["/golden"], {"/golden/al2023", "/golden/old/al2"}),
        ("Path", "OneLevel", ["/"], {"flat"}),
        ("tag:team", "Equals", ["web"], {"/golden/al2023", "/golden/old/al2", "/app/url", "flat"}),
        ("Type", "Equals", ["SecureString"], set()),
    ],
)
def test_filters(described, key, option, values, expected):
    assert described((key, option, values)) == expected


def test_metadata_has_no_values(call):
    for row in call("ssm", "DescribeParameters")["Parameters"]:
        assert "Value" not in row
        assert row["ARN"].startswith(ARN)


def test_pages(pages, refusal):
    assert [len(page) for page in pages("ssm", "DescribeParameters", "Parameters", MaxResults=3)] == [3, 1]
    assert refusal("ssm", "DescribeParameters", MaxResults=51) == "ValidationException"
    assert refusal("ssm", "DescribeParameters", NextToken="x") == "InvalidNextToken"
    wrong = [{"Key": "Label", "Values": ["x"]}]
    assert refusal("ssm", "DescribeParameters", ParameterFilters=wrong) == "InvalidFilterKey"
    wrong = [{"Key": "Type", "Option": "Contains", "Values": ["x"]}]
    assert refusal("ssm", "DescribeParameters", ParameterFilters=wrong) == "InvalidFilterOption"


def test_by_name_by_version_and_by_arn(call, refusal):
    asked = ["flat", "/app/url:3", "/app/url:2", f"{ARN}/golden/al2023", f"{ARN}/flat", "nobody"]
    answer = call("ssm", "GetParameters", Names=[*asked, "arn:aws:ssm:eu-west-1:333333333333:parameter/flat"])
    assert [row["Value"] for row in answer["Parameters"]] == [
        "value of flat",
        "value of /app/url",
        "value of /golden/al2023",
        "value of flat",
    ]
    assert answer["Parameters"][1]["Selector"] == ":3"
    assert answer["InvalidParameters"] == [
        "/app/url:2",
        "nobody",
        "arn:aws:ssm:eu-west-1:333333333333:parameter/flat",
    ]
    assert refusal("ssm", "GetParameters", Names=[str(n) for n in range(11)]) == "ValidationException"


def test_by_path(call, pages, refusal):
    answer = call("ssm", "GetParametersByPath", Path="/golden")
    assert [row["Value"] for row in answer["Parameters"]] == ["value of /golden/al2023"]
    found = pages("ssm", "GetParametersByPath", "Parameters", Path="/golden", Recursive=True, MaxResults=1)
    assert [len(page) for page in found] == [1, 1]
    assert refusal("ssm", "GetParametersByPath", Path="/", MaxResults=11) == "ValidationException"
