from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from auditor.aws.collectors.lifecycle_policies import COLLECTOR

MADE = datetime(2024, 5, 1, tzinfo=UTC)

CUSTOM = {
    "PolicyId": "policy-1",
    "Description": "gold",
    "State": "ENABLED",
    "StatusMessage": "",
    "ExecutionRoleArn": "arn:aws:iam::111122223333:role/dlm",
    "DateCreated": MADE,
    "DateModified": MADE,
    "DefaultPolicy": False,
    "PolicyDetails": {
        "PolicyType": "EBS_SNAPSHOT_MANAGEMENT",
        "ResourceTypes": ["INSTANCE"],
        "TargetTags": [{"Key": "tier", "Value": "gold"}, {"Key": "tier", "Value": "silver"}],
        "Schedules": [
            {
                "Name": "nightly",
                "CopyTags": True,
                "CreateRule": {"Location": "CLOUD", "Interval": 24, "IntervalUnit": "HOURS", "Times": ["03:00"]},
                "RetainRule": {"Count": 7},
                "FastRestoreRule": {"Count": 1, "AvailabilityZones": ["eu-west-1a", "eu-west-1b"]},
                "CrossRegionCopyRules": [
                    {
                        "Target": "eu-central-1",
                        "Encrypted": True,
                        "CmkArn": "arn:aws:kms:eu-central-1:111122223333:key/k",
                        "RetainRule": {"Interval": 1, "IntervalUnit": "MONTHS"},
                    }
                ],
                "ShareRules": [
                    {
                        "TargetAccounts": ["444455556666", "777788889999"],
                        "UnshareInterval": 5,
                        "UnshareIntervalUnit": "DAYS",
                    }
                ],
            },
            {
                "Name": "monthly",
                "CreateRule": {"CronExpression": "cron(0 2 1 * ? *)"},
                "RetainRule": {"Interval": 0, "IntervalUnit": "DAYS"},
                "ArchiveRule": {"RetainRule": {"RetentionArchiveTier": {"Interval": 3, "IntervalUnit": "YEARS"}}},
            },
        ],
        "Parameters": {"ExcludeBootVolume": True, "ExcludeDataVolumeTags": [{"Key": "scratch", "Value": "1"}]},
    },
}
IMAGES = {
    "PolicyId": "policy-2",
    "State": "ERROR",
    "StatusMessage": "role is gone",
    "PolicyDetails": {
        "PolicyType": "IMAGE_MANAGEMENT",
        "ResourceTypes": ["INSTANCE"],
        "Schedules": [
            {
                "Name": "weekly",
                "RetainRule": {"Interval": 3, "IntervalUnit": "MONTHS"},
                "DeprecateRule": {"Interval": 1, "IntervalUnit": "MONTHS"},
                "CrossRegionCopyRules": [{"TargetRegion": "us-east-1", "Encrypted": False}],
            }
        ],
        "Parameters": {"NoReboot": True},
    },
}
DEFAULT = {
    "PolicyId": "policy-3",
    "State": "ENABLED",
    "DefaultPolicy": True,
    "PolicyDetails": {
        "PolicyType": "EBS_SNAPSHOT_MANAGEMENT",
        "PolicyLanguage": "SIMPLIFIED",
        "ResourceType": "VOLUME",
        "CreateInterval": 1,
        "RetainInterval": 7,
        "ExtendDeletion": False,
        "CrossRegionCopyTargets": [{"TargetRegion": "eu-north-1"}],
        "Exclusions": {
            "ExcludeBootVolumes": True,
            "ExcludeVolumeTypes": ["st1"],
            "ExcludeTags": [{"Key": "env", "Value": "dev"}],
        },
    },
}
EVENTS = {
    "PolicyId": "policy-4",
    "State": "DISABLED",
    "PolicyDetails": {
        "PolicyType": "EVENT_BASED_POLICY",
        "Actions": [
            {
                "Name": "take over",
                "CrossRegionCopy": [
                    {
                        "Target": "eu-central-1",
                        "EncryptionConfiguration": {"Encrypted": True},
                        "RetainRule": {"Interval": 2, "IntervalUnit": "WEEKS"},
                    }
                ],
            }
        ],
    },
}
POLICIES = {policy["PolicyId"]: policy for policy in (CUSTOM, IMAGES, DEFAULT, EVENTS)}


def reader_of(scripted, get=lambda PolicyId: {"Policy": POLICIES[PolicyId]}):  # noqa: N803 - the API's own name
    def listed(DefaultPolicyType=None):  # noqa: N803 - the API's own name
        default = DefaultPolicyType == "ALL"
        return {"Policies": [{"PolicyId": id_} for id_ in POLICIES if not default or id_ == "policy-3"]}

    return scripted({"dlm:GetLifecyclePolicies": listed, "dlm:GetLifecyclePolicy": get})


def test_each_policy_is_read_once_though_default_ones_are_listed_twice(scripted, run):
    reader = reader_of(scripted)
    assert run(COLLECTOR, reader)["lifecycle_policies"] == [
        {
            "policy_id": "policy-1",
            "description": "gold",
            "state": "ENABLED",
            "policy_type": "EBS_SNAPSHOT_MANAGEMENT",
            "resource_type": "INSTANCE",
            "execution_role_arn": "arn:aws:iam::111122223333:role/dlm",
            "exclude_boot_volume": True,
            "created_at": MADE,
            "modified_at": MADE,
        },
        {
            "policy_id": "policy-2",
            "state": "ERROR",
            "status_message": "role is gone",
            "policy_type": "IMAGE_MANAGEMENT",
            "resource_type": "INSTANCE",
            "no_reboot": True,
        },
        {
            "policy_id": "policy-3",
            "state": "ENABLED",
            "policy_type": "EBS_SNAPSHOT_MANAGEMENT",
            "resource_type": "VOLUME",
            "default_policy": "VOLUME",
            "create_interval_days": 1,
            "retain_interval_days": 7,
            "extend_deletion": False,
        },
        {"policy_id": "policy-4", "state": "DISABLED", "policy_type": "EVENT_BASED_POLICY"},
    ]
    assert [name for name, _ in reader.calls].count("dlm:GetLifecyclePolicy") == 4


def test_targets_and_exclusions(scripted, run):
    assert run(COLLECTOR, reader_of(scripted))["lifecycle_targets"] == [
        {"policy_id": "policy-1", "kind": "target", "key": "tier", "value": "gold"},
        {"policy_id": "policy-1", "kind": "target", "key": "tier", "value": "silver"},
        {"policy_id": "policy-1", "kind": "exclude_data_volume", "key": "scratch", "value": "1"},
        {"policy_id": "policy-3", "kind": "exclude_tag", "key": "env", "value": "dev"},
        {"policy_id": "policy-3", "kind": "exclude_volume_type", "value": "st1"},
        {"policy_id": "policy-3", "kind": "exclude_boot_volumes"},
    ]


def test_schedules_keep_a_zero_that_is_said(scripted, run):
    assert run(COLLECTOR, reader_of(scripted))["lifecycle_schedules"] == [
        {
            "policy_id": "policy-1",
            "schedule_name": "nightly",
            "position": 0,
            "interval": 24,
            "interval_unit": "HOURS",
            "start_time": "03:00",
            "location": "CLOUD",
            "retain_count": 7,
            "fast_restore_count": 1,
            "fast_restore_zones": 2,
            "copy_tags": True,
        },
        {
            "policy_id": "policy-1",
            "schedule_name": "monthly",
            "position": 1,
            "cron_expression": "cron(0 2 1 * ? *)",
            "retain_interval": 0,
            "retain_interval_unit": "DAYS",
            "archive_retain_interval": 3,
            "archive_retain_interval_unit": "YEARS",
        },
        {
            "policy_id": "policy-2",
            "schedule_name": "weekly",
            "position": 0,
            "retain_interval": 3,
            "retain_interval_unit": "MONTHS",
            "deprecate_interval": 1,
            "deprecate_interval_unit": "MONTHS",
        },
    ]


def test_shares_and_copies_of_every_kind_of_policy(scripted, run):
    brought = run(COLLECTOR, reader_of(scripted))
    share = {
        "policy_id": "policy-1",
        "schedule_name": "nightly",
        "unshare_interval": 5,
        "unshare_interval_unit": "DAYS",
    }
    assert brought["lifecycle_shares"] == [
        {**share, "target_account_id": "444455556666"},
        {**share, "target_account_id": "777788889999"},
    ]
    assert brought["lifecycle_copies"] == [
        {
            "policy_id": "policy-1",
            "schedule_name": "nightly",
            "target": "eu-central-1",
            "encrypted": True,
            "kms_key_arn": "arn:aws:kms:eu-central-1:111122223333:key/k",
            "retain_interval": 1,
            "retain_interval_unit": "MONTHS",
        },
        {"policy_id": "policy-2", "schedule_name": "weekly", "target": "us-east-1", "encrypted": False},
        {"policy_id": "policy-3", "target": "eu-north-1"},
        {
            "policy_id": "policy-4",
            "schedule_name": "take over",
            "target": "eu-central-1",
            "encrypted": True,
            "retain_interval": 2,
            "retain_interval_unit": "WEEKS",
        },
    ]


def test_a_policy_that_may_not_be_read_leaves_the_collector_incomplete(scripted, run, refusal):
    def get(PolicyId):  # noqa: N803 - the API's own name
        if PolicyId == "policy-2":
            raise refusal("InternalServerException")
        return {"Policy": POLICIES[PolicyId]}

    with pytest.raises(ClientError, match="InternalServer"):
        run(COLLECTOR, reader_of(scripted, get))
