from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from auditor.aws.collectors.launch_templates import COLLECTOR

MADE = datetime(2025, 3, 1, tzinfo=UTC)


def template(id_, default, latest):
    return {
        "LaunchTemplateId": id_,
        "LaunchTemplateName": f"{id_}-name",
        "DefaultVersionNumber": default,
        "LatestVersionNumber": latest,
    }


def version(id_, number, *, default=False, image=None, devices=None):
    data = {}
    if image:
        data["ImageId"] = image
    if devices:
        data["BlockDeviceMappings"] = devices
    return {
        "LaunchTemplateId": id_,
        "LaunchTemplateName": f"{id_}-name",
        "VersionNumber": number,
        "DefaultVersion": default,
        "CreateTime": MADE,
        "LaunchTemplateData": data,
    }


def reader_of(scripted, templates, versions):
    def describe(LaunchTemplateId=None, Versions=None, **_):  # noqa: N803 - the API's own names
        if LaunchTemplateId is not None:
            found = [row for row in versions if row["LaunchTemplateId"] == LaunchTemplateId]
            return {"LaunchTemplateVersions": found}
        assert Versions == ["$Latest", "$Default"]
        ends = {row["LaunchTemplateId"]: (row["DefaultVersionNumber"], row["LatestVersionNumber"]) for row in templates}
        return {
            "LaunchTemplateVersions": [
                row for row in versions if row["VersionNumber"] in ends.get(row["LaunchTemplateId"], ())
            ]
        }

    return scripted(
        {"ec2:DescribeLaunchTemplates": {"LaunchTemplates": templates}, "ec2:DescribeLaunchTemplateVersions": describe}
    )


def test_every_version_is_read_and_says_how_strongly_it_names_its_image(scripted, run):
    reader = reader_of(
        scripted,
        [template("lt-1", 2, 3)],
        [
            version("lt-1", 1, image="ami-old"),
            version("lt-1", 2, default=True, image="ami-default"),
            version("lt-1", 3, image="ami-latest"),
        ],
    )
    brought = run(COLLECTOR, reader)
    assert {(row["image_id"], row["strength"], row["detail"]) for row in brought["image_references"]} == {
        ("ami-old", "old", "version 1"),
        ("ami-default", "default", "version 2"),
        ("ami-latest", "latest", "version 3"),
    }
    assert {(row["version"], row["is_default"], row["is_latest"]) for row in brought["launch_template_versions"]} == {
        (1, False, False),
        (2, True, False),
        (3, False, True),
    }
    assert len(brought["launch_template_versions"]) == 3
    assert brought["launch_template_versions"][0]["template_name"] == "lt-1-name"
    assert brought["launch_template_versions"][0]["created_at"] == MADE


def test_only_templates_that_can_have_more_versions_cost_a_request_of_their_own(scripted, run):
    templates = [template("lt-1", 1, 1), template("lt-2", 1, 2), template("lt-3", 3, 3)]
    versions = [
        version("lt-1", 1, default=True),
        version("lt-2", 1, default=True),
        version("lt-2", 2),
        version("lt-3", 3, default=True),
    ]
    reader = reader_of(scripted, templates, versions)
    run(COLLECTOR, reader)
    assert [parameters.get("LaunchTemplateId") for _, parameters in reader.calls] == [None, None, "lt-3"]


def test_no_template_means_no_scan_of_versions(scripted, run):
    reader = reader_of(scripted, [], [])
    assert run(COLLECTOR, reader)["launch_template_versions"] == []
    assert len(reader.calls) == 1


def test_snapshots_behind_devices_are_references_and_other_devices_are_not(scripted, run):
    devices = [
        {"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": "snap-1", "VolumeSize": 8}},
        {"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 8}},
        {"DeviceName": "/dev/sdc", "VirtualName": "ephemeral0"},
        {"DeviceName": "/dev/sdd", "NoDevice": ""},
    ]
    reader = reader_of(scripted, [template("lt-1", 1, 1)], [version("lt-1", 1, default=True, devices=devices)])
    assert run(COLLECTOR, reader)["snapshot_references"] == [
        {
            "snapshot_id": "snap-1",
            "referrer_type": "launch-template",
            "referrer_id": "lt-1",
            "detail": "version 1 /dev/sda1",
            "strength": "default",
            "seen_by": "ec2 DescribeLaunchTemplateVersions",
        }
    ]


def test_a_parameter_is_kept_as_it_is_and_names_no_image_here(scripted, run):
    reader = reader_of(
        scripted, [template("lt-1", 1, 1)], [version("lt-1", 1, default=True, image="resolve:ssm:/golden")]
    )
    brought = run(COLLECTOR, reader)
    assert brought["image_references"] == []
    assert [row["image_id"] for row in brought["launch_template_versions"]] == ["resolve:ssm:/golden"]


def test_a_version_without_data_stays(scripted, run):
    bare = {"LaunchTemplateId": "lt-1", "VersionNumber": 1, "DefaultVersion": True}
    reader = reader_of(scripted, [template("lt-1", 1, 1)], [bare])
    assert run(COLLECTOR, reader)["launch_template_versions"] == [
        {"template_id": "lt-1", "version": 1, "is_default": True, "is_latest": True}
    ]


def test_versions_younger_than_the_listing_are_the_latest(scripted, run):
    reader = reader_of(scripted, [template("lt-1", 1, 2)], [version("lt-1", 1, default=True), version("lt-1", 2)])
    items = [item for page in COLLECTOR.get(reader) for item in page]
    later = [{**item, "Version": {**item["Version"], "VersionNumber": 7}} for item in items[-1:]]
    unknown = [{"Version": version("lt-9", 4, image="ami-9"), "Template": None}]
    brought = COLLECTOR.transform([*later, *unknown], reader.where)
    assert brought["launch_template_versions"]["is_latest"].tolist() == [True, True]
    assert brought["image_references"]["strength"].tolist() == ["latest"]


def test_a_template_that_is_gone_meanwhile_is_left_out_and_one_that_is_refused_leaves_a_gap(scripted, run, refusal):
    templates = [template("lt-1", 3, 3), template("lt-2", 3, 3), template("lt-3", 3, 3)]

    def describe(LaunchTemplateId=None, **_):  # noqa: N803 - the API's own names
        if LaunchTemplateId == "lt-1":
            raise refusal("InvalidLaunchTemplateId.NotFound")
        if LaunchTemplateId == "lt-2":
            raise refusal("UnauthorizedOperation")
        return {"LaunchTemplateVersions": [version("lt-3", 1, image="ami-3")] if LaunchTemplateId else []}

    answers = {
        "ec2:DescribeLaunchTemplates": {"LaunchTemplates": templates},
        "ec2:DescribeLaunchTemplateVersions": describe,
    }
    reader = scripted(answers)
    read = []
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        read += [item for page in COLLECTOR.get(reader) for item in page]
    reader = scripted(answers)
    pages = COLLECTOR.get(reader)
    assert [next(pages), next(pages)[0]["Version"]["LaunchTemplateId"]] == [[], "lt-3"]
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        next(pages)
    assert reader.gaps == [("lt-2", "UnauthorizedOperation")]
