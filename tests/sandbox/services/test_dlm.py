from __future__ import annotations

import pytest

MINE = "222222222222"


@pytest.fixture(autouse=True)
def here(organisation):
    here = organisation.place(MINE, "eu-west-1")
    here.lifecycle_policies = {
        "policy-1": {
            "PolicyId": "policy-1",
            "Description": "daily",
            "State": "ENABLED",
            "Tags": {"a": "b"},
            "ExecutionRoleArn": "arn",
            "PolicyDetails": {
                "PolicyType": "EBS_SNAPSHOT_MANAGEMENT",
                "ResourceTypes": ["VOLUME"],
                "TargetTags": [{"Key": "backup", "Value": "yes"}],
                "Schedules": [{"TagsToAdd": [{"Key": "made", "Value": "dlm"}]}],
            },
        },
        "policy-2": {
            "PolicyId": "policy-2",
            "Description": "images",
            "State": "ERROR",
            "PolicyDetails": {"PolicyType": "IMAGE_MANAGEMENT", "ResourceTypes": ["INSTANCE"]},
        },
        "policy-3": {
            "PolicyId": "policy-3",
            "Description": "default",
            "State": "ENABLED",
            "DefaultPolicy": True,
            "PolicyDetails": {"PolicyType": "EBS_SNAPSHOT_MANAGEMENT", "ResourceType": "VOLUME"},
        },
    }
    return here


@pytest.fixture
def listed(call):
    def made(**params):
        return {row["PolicyId"] for row in call("dlm", "GetLifecyclePolicies", **params)["Policies"]}

    return made


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {"policy-1", "policy-2"}),
        ({"DefaultPolicyType": "ALL"}, {"policy-3"}),
        ({"DefaultPolicyType": "VOLUME"}, {"policy-3"}),
        ({"DefaultPolicyType": "INSTANCE"}, set()),
        ({"State": "ERROR"}, {"policy-2"}),
        ({"ResourceTypes": ["VOLUME"]}, {"policy-1"}),
        ({"TargetTags": ["backup=yes"]}, {"policy-1"}),
        ({"TargetTags": ["backup=no"]}, set()),
        ({"TagsToAdd": ["made=dlm"]}, {"policy-1"}),
        ({"PolicyIds": ["policy-2"]}, {"policy-2"}),
    ],
)
def test_which_policies(listed, params, expected):
    assert listed(**params) == expected


def test_the_other_reading_lists_default_policies_too(organisation, listed):
    organisation.lists_default_policies = True
    assert listed() == {"policy-1", "policy-2", "policy-3"}


def test_summaries_have_no_details(call):
    rows = {row["PolicyId"]: row for row in call("dlm", "GetLifecyclePolicies")["Policies"]}
    assert rows["policy-1"] == {
        "PolicyId": "policy-1",
        "Description": "daily",
        "State": "ENABLED",
        "Tags": {"a": "b"},
        "PolicyType": "EBS_SNAPSHOT_MANAGEMENT",
    }
    assert rows["policy-2"]["PolicyType"] == "IMAGE_MANAGEMENT"


def test_one_policy_in_full(here, call, refusal):
    assert call("dlm", "GetLifecyclePolicy", PolicyId="policy-3")["Policy"] == here.lifecycle_policies["policy-3"]
    assert refusal("dlm", "GetLifecyclePolicy", PolicyId="policy-9") == "ResourceNotFoundException"
    assert refusal("dlm", "GetLifecyclePolicies", PolicyIds=["policy-9"]) == "ResourceNotFoundException"
    assert refusal("dlm", "GetLifecyclePolicies", DefaultPolicyType="SOME") == "InvalidRequestException"
