from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from auditor.aws.collectors.ssm_parameters import COLLECTOR

CHANGED = datetime(2026, 1, 5, tzinfo=UTC)
SHARED = "arn:aws:ssm:eu-west-1:444455556666:parameter/base"


def parameter(name, value, version=3):
    return {"Name": name, "Type": "String", "Value": value, "Version": version, "LastModifiedDate": CHANGED}


VALUES = {
    "/golden": parameter("/golden", "ami-golden"),
    "/golden:2": parameter("/golden", "ami-golden-2", 2),
    "/words": parameter("/words", "hello"),
    "/text": parameter("/text", "ami-text"),
    SHARED: parameter(SHARED, "ami-shared"),
}


def template(image_id, number=1, *, default=True):
    return {
        "template_id": "lt-1",
        "version": number,
        "is_default": default,
        "is_latest": True,
        "image_id": image_id,
    }


def reader_of(scripted, own, templates=(), values=VALUES):
    def get(Names):  # noqa: N803 - the API's own name
        assert 1 <= len(Names) <= 10
        return {
            "Parameters": [values[name] for name in Names if name in values],
            "InvalidParameters": [name for name in Names if name not in values],
        }

    described = [{"Name": name, "Type": "String", "DataType": "aws:ec2:image"} for name in own]
    return scripted(
        {"ssm:DescribeParameters": {"Parameters": described}, "ssm:GetParameters": get},
        {"launch_template_versions": list(templates)},
    )


def references(brought):
    return {
        (row["image_id"], row["referrer_type"], row["referrer_id"], row["detail"], row["strength"])
        for row in brought["image_references"]
    }


def test_own_image_parameters_name_their_image(scripted, run):
    reader = reader_of(scripted, ["/golden"])
    brought = run(COLLECTOR, reader)
    assert brought["ssm_parameters"] == [
        {"name": "/golden", "value": "ami-golden", "version": 3, "modified_at": CHANGED}
    ]
    assert references(brought) == {("ami-golden", "ssm-parameter", "/golden", "version 3", "named")}
    filters = [{"Key": "DataType", "Values": ["aws:ec2:image"]}]
    assert reader.calls[0] == ("ssm:DescribeParameters", {"ParameterFilters": filters, "MaxResults": 50})


def test_values_are_asked_ten_at_a_time(scripted, run):
    values = {f"/p{number}": parameter(f"/p{number}", f"ami-{number}") for number in range(23)}
    reader = reader_of(scripted, list(values), values=values)
    assert len(run(COLLECTOR, reader)["ssm_parameters"]) == 23
    assert [len(parameters["Names"]) for name, parameters in reader.calls[1:]] == [10, 10, 3]


def test_templates_name_images_through_parameters_of_every_kind(scripted, run):
    templates = [
        template("resolve:ssm:/golden", 1),
        template("resolve:ssm:/golden:2", 2, default=False),
        template("resolve:ssm:/text", 3),
        template(f"resolve:ssm:{SHARED}", 4),
        template("resolve:ssm:/words", 5),
        template("resolve:ssm:/gone", 6),
        template("ami-plain", 7),
        {**template(None, 8)},
    ]
    brought = run(COLLECTOR, reader_of(scripted, ["/golden"], templates))
    assert references(brought) == {
        ("ami-golden", "ssm-parameter", "/golden", "version 3", "named"),
        ("ami-golden", "launch-template", "lt-1", "version 1 resolve:ssm:/golden", "default"),
        ("ami-golden-2", "launch-template", "lt-1", "version 2 resolve:ssm:/golden:2", "latest"),
        ("ami-text", "launch-template", "lt-1", "version 3 resolve:ssm:/text", "default"),
        ("ami-shared", "launch-template", "lt-1", f"version 4 resolve:ssm:{SHARED}", "default"),
    }
    assert {row["name"] for row in brought["ssm_parameters"]} == {"/golden", "/golden:2", "/text", SHARED, "/words"}


def test_one_refused_name_costs_no_other_but_leaves_the_collector_incomplete(scripted, run, refusal):
    def get(Names):  # noqa: N803 - the API's own name
        if Names == [SHARED]:
            raise refusal
        return {"Parameters": [VALUES[name] for name in Names]}

    refusal = refusal("AccessDeniedException")
    templates = [template(f"resolve:ssm:{SHARED}"), template("resolve:ssm:/text", 2)]
    reader = scripted(
        {"ssm:DescribeParameters": {"Parameters": []}, "ssm:GetParameters": get},
        {"launch_template_versions": templates},
    )
    pages = COLLECTOR.get(reader)
    assert [item["Name"] for item in next(pages)] == ["/text"]
    with pytest.raises(ClientError):
        next(pages)
    assert reader.gaps == [(SHARED, "AccessDeniedException")]
