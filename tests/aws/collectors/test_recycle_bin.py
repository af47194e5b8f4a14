from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from auditor.aws.collectors import recycle_bin

ENTERED = datetime(2026, 1, 1, tzinfo=UTC)
EXITS = datetime(2026, 1, 8, tzinfo=UTC)
TIMES = {"RecycleBinEnterTime": ENTERED, "RecycleBinExitTime": EXITS}
BINNED = {"entered_at": ENTERED, "exits_at": EXITS}


def test_snapshots(scripted, run):
    rows = [
        {"SnapshotId": "snap-1", "Description": "nightly", "VolumeId": "vol-1", **TIMES},
        {"SnapshotId": "snap-2", "Description": "", **TIMES},
    ]
    reader = scripted({"ec2:ListSnapshotsInRecycleBin": {"Snapshots": rows}})
    assert run(recycle_bin.SNAPSHOTS, reader)["recycle_bin_snapshots"] == [
        {"snapshot_id": "snap-1", "description": "nightly", "volume_id": "vol-1", **BINNED},
        {"snapshot_id": "snap-2", **BINNED},
    ]


def test_images(scripted, run):
    reader = scripted({"ec2:ListImagesInRecycleBin": {"Images": [{"ImageId": "ami-1", "Name": "base", **TIMES}]}})
    assert run(recycle_bin.IMAGES, reader)["recycle_bin_images"] == [{"image_id": "ami-1", "name": "base", **BINNED}]


def test_volumes_to_the_last_page(scripted, run):
    def listed(NextToken=None, **_):  # noqa: N803 - the API's own name
        number = 2 if NextToken else 1
        return {"Volumes": [{"VolumeId": f"vol-{number}", "Size": 8, **TIMES}], "NextToken": None if NextToken else "x"}

    reader = scripted({"ec2:ListVolumesInRecycleBin": listed})
    assert run(recycle_bin.VOLUMES, reader)["recycle_bin_volumes"] == [
        {"volume_id": "vol-1", "size_gib": 8, **BINNED},
        {"volume_id": "vol-2", "size_gib": 8, **BINNED},
    ]
    assert [parameters["MaxResults"] for _, parameters in reader.calls] == [500, 500]


RULES = {
    "whole-region": {
        "Identifier": "whole-region",
        "ResourceType": "EBS_SNAPSHOT",
        "RetentionPeriod": {"RetentionPeriodValue": 14, "RetentionPeriodUnit": "DAYS"},
        "Status": "available",
        "LockState": "locked",
        "ExcludeResourceTags": [{"ResourceTagKey": "scratch", "ResourceTagValue": "yes"}],
    },
    "tagged": {
        "Identifier": "tagged",
        "Description": "gold images",
        "ResourceType": "EC2_IMAGE",
        "RetentionPeriod": {"RetentionPeriodValue": 7, "RetentionPeriodUnit": "DAYS"},
        "Status": "pending",
        "ResourceTags": [{"ResourceTagKey": "tier", "ResourceTagValue": "gold"}, {"ResourceTagKey": "keep"}],
    },
}


def rules_reader(scripted, get):
    def listed(ResourceType, **_):  # noqa: N803 - the API's own name
        return {"Rules": [{"Identifier": name} for name, rule in RULES.items() if rule["ResourceType"] == ResourceType]}

    return scripted({"rbin:ListRules": listed, "rbin:GetRule": get})


def test_rules_of_all_three_kinds_with_their_tags(scripted, run):
    reader = rules_reader(scripted, lambda Identifier: RULES[Identifier])  # noqa: N803 - the API's own name
    brought = run(recycle_bin.RULES, reader)
    assert brought["recycle_bin_rules"] == [
        {
            "rule_id": "whole-region",
            "resource_type": "EBS_SNAPSHOT",
            "retention_days": 14,
            "status": "available",
            "lock_state": "locked",
        },
        {
            "rule_id": "tagged",
            "resource_type": "EC2_IMAGE",
            "description": "gold images",
            "retention_days": 7,
            "status": "pending",
        },
    ]
    assert brought["recycle_bin_rule_tags"] == [
        {"rule_id": "whole-region", "key": "scratch", "value": "yes", "excludes": True},
        {"rule_id": "tagged", "key": "tier", "value": "gold", "excludes": False},
        {"rule_id": "tagged", "key": "keep", "excludes": False},
    ]
    asked = [parameters["ResourceType"] for name, parameters in reader.calls if name == "rbin:ListRules"]
    assert asked == ["EBS_SNAPSHOT", "EC2_IMAGE", "EBS_VOLUME"]


def test_a_rule_that_is_gone_is_left_out_and_a_refused_one_is_a_gap(scripted, run, refusal):
    def get(Identifier):  # noqa: N803 - the API's own name
        if Identifier == "tagged":
            raise refusal(code)
        return RULES[Identifier]

    code = "ResourceNotFoundException"
    assert [row["rule_id"] for row in run(recycle_bin.RULES, rules_reader(scripted, get))["recycle_bin_rules"]] == [
        "whole-region"
    ]
    code = "AccessDeniedException"
    with pytest.raises(ClientError, match="AccessDenied"):
        run(recycle_bin.RULES, rules_reader(scripted, get))
