from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

MINE, BOSS = "222222222222", "111111111111"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
VOLUME = "arn:aws:ec2:eu-west-1:222222222222:volume/vol-1"


@pytest.fixture(autouse=True)
def here(organisation):
    here = organisation.place(MINE, "eu-west-1")
    for plan_id, deleted in (("plan-1", None), ("plan-2", NOW)):
        here.backup_plans[plan_id] = {
            "BackupPlanId": plan_id,
            "BackupPlanArn": f"arn:{plan_id}",
            "VersionId": "v1",
            "CreationDate": NOW,
            "BackupPlan": {"BackupPlanName": f"name of {plan_id}", "Rules": []},
        } | ({"DeletionDate": deleted} if deleted else {})
    for number in range(3):
        here.backup_selections["plan-1"][f"s{number}"] = {
            "SelectionId": f"s{number}",
            "BackupPlanId": "plan-1",
            "BackupSelection": {"SelectionName": f"n{number}", "IamRoleArn": "role", "Resources": ["*"]},
        }
    here.backup_vaults = {"Default": {"BackupVaultName": "Default", "VaultType": "BACKUP_VAULT"}}
    for number, status in enumerate(("COMPLETED", "EXPIRED", "PARTIAL")):
        arn = f"arn:aws:ec2:eu-west-1::snapshot/snap-{number}"
        here.recovery_points["Default"][arn] = {
            "RecoveryPointArn": arn,
            "BackupVaultArn": "arn:vault",
            "ResourceArn": VOLUME if number < 2 else "arn:gone",
            "ResourceType": "EBS",
            "Status": status,
            "CreationDate": NOW - timedelta(days=number),
            "CreatedBy": {"BackupPlanId": "plan-1"} if number else {},
        }
    for account, number, age, state in ((MINE, 1, 1, "COMPLETED"), (MINE, 2, 31, "COMPLETED"), (BOSS, 3, 2, "FAILED")):
        organisation.place(account, "eu-west-1").backup_jobs[f"job-{number}"] = {
            "BackupJobId": f"job-{number}",
            "CreationDate": NOW - timedelta(days=age),
            "CompletionDate": NOW - timedelta(days=age),
            "State": state,
            "ResourceArn": VOLUME,
        }
    return here


def test_plans(call, refusal):
    assert call("backup", "ListBackupPlans")["BackupPlansList"] == [
        {
            "BackupPlanArn": "arn:plan-1",
            "BackupPlanId": "plan-1",
            "CreationDate": NOW,
            "VersionId": "v1",
            "BackupPlanName": "name of plan-1",
        }
    ]
    assert len(call("backup", "ListBackupPlans", IncludeDeleted=True)["BackupPlansList"]) == 2
    assert call("backup", "GetBackupPlan", BackupPlanId="plan-1")["BackupPlan"]["Rules"] == []
    assert refusal("backup", "GetBackupPlan", BackupPlanId="plan-9") == "ResourceNotFoundException"
    assert refusal("backup", "GetBackupPlan", BackupPlanId="plan-1", VersionId="v9") == "ResourceNotFoundException"


def test_versions_of_a_plan(here, call, pages, refusal):
    for number in range(3):
        here.backup_plan_versions["plan-1"][f"v0{number}"] = {
            **here.backup_plans["plan-1"],
            "VersionId": f"v0{number}",
            "CreationDate": NOW - timedelta(days=9 - number),
            "BackupPlan": {"BackupPlanName": f"before {number}", "Rules": []},
        }
    found = pages("backup", "ListBackupPlanVersions", "BackupPlanVersionsList", BackupPlanId="plan-1", MaxResults=3)
    assert [[row["VersionId"] for row in page] for page in found] == [["v00", "v01", "v02"], ["v1"]]
    assert found[0][1] == {
        "BackupPlanArn": "arn:plan-1",
        "BackupPlanId": "plan-1",
        "CreationDate": NOW - timedelta(days=8),
        "VersionId": "v01",
        "BackupPlanName": "before 1",
    }
    for version, name in (("v02", "before 2"), ("v1", "name of plan-1"), (None, "name of plan-1")):
        which = {"VersionId": version} if version else {}
        assert call("backup", "GetBackupPlan", BackupPlanId="plan-1", **which)["BackupPlan"]["BackupPlanName"] == name
    assert refusal("backup", "ListBackupPlanVersions", BackupPlanId="plan-9") == "ResourceNotFoundException"


def test_selections(call, pages, refusal):
    found = pages("backup", "ListBackupSelections", "BackupSelectionsList", BackupPlanId="plan-1", MaxResults=2)
    assert [row["SelectionName"] for page in found for row in page] == ["n0", "n1", "n2"]
    assert "Resources" not in found[0][0]
    whole = call("backup", "GetBackupSelection", BackupPlanId="plan-1", SelectionId="s1")
    assert whole["BackupSelection"]["Resources"] == ["*"]
    assert call("backup", "ListBackupSelections", BackupPlanId="plan-2")["BackupSelectionsList"] == []
    for operation, params in (
        ("ListBackupSelections", {"BackupPlanId": "plan-9"}),
        ("GetBackupSelection", {"BackupPlanId": "plan-9", "SelectionId": "s1"}),
        ("GetBackupSelection", {"BackupPlanId": "plan-1", "SelectionId": "s9"}),
    ):
        assert refusal("backup", operation, **params) == "ResourceNotFoundException"


def test_vaults(call):
    assert len(call("backup", "ListBackupVaults")["BackupVaultList"]) == 1
    other = "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"
    assert call("backup", "ListBackupVaults", ByVaultType=other)["BackupVaultList"] == []


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {0, 1, 2}),
        ({"ByResourceArn": VOLUME}, {0, 1}),
        ({"ByResourceType": "EC2"}, set()),
        ({"ByBackupPlanId": "plan-1"}, {1, 2}),
        ({"ByCreatedAfter": NOW - timedelta(hours=36)}, {0, 1}),
        ({"ByCreatedBefore": NOW - timedelta(hours=36)}, {2}),
    ],
)
def test_recovery_points_in_every_status(call, params, expected):
    rows = call("backup", "ListRecoveryPointsByBackupVault", BackupVaultName="Default", **params)["RecoveryPoints"]
    assert {int(row["RecoveryPointArn"][-1]) for row in rows} == expected


def test_an_unknown_vault(refusal):
    missing = refusal("backup", "ListRecoveryPointsByBackupVault", BackupVaultName="x")
    assert missing == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {"job-1"}),
        ({"account": BOSS}, {"job-3"}),
        ({"account": BOSS, "ByAccountId": "*"}, {"job-1", "job-3"}),
        ({"account": BOSS, "ByAccountId": MINE}, {"job-1"}),
        ({"ByState": "FAILED"}, set()),
        ({"ByCreatedAfter": NOW}, set()),
        ({"ByCompleteBefore": NOW}, {"job-1"}),
        ({"ByMessageCategory": "*"}, {"job-1"}),
        ({"ByMessageCategory": "AccessDenied"}, set()),
    ],
)
def test_jobs_of_thirty_days(call, params, expected):
    rows = call("backup", "ListBackupJobs", **params)["BackupJobs"]
    assert {row["BackupJobId"] for row in rows} == expected


def test_jobs_say_whose_they_are_and_others_are_nobodys_business(call, refusal):
    rows = call("backup", "ListBackupJobs", account=BOSS, ByAccountId="*")["BackupJobs"]
    assert {row["BackupJobId"]: row["AccountId"] for row in rows} == {"job-1": MINE, "job-3": BOSS}
    assert refusal("backup", "ListBackupJobs", ByAccountId="*") == "AccessDeniedException"


def test_protected_resources_are_those_that_ever_were(call):
    rows = {row["ResourceArn"]: row for row in call("backup", "ListProtectedResources")["Results"]}
    assert set(rows) == {VOLUME, "arn:gone"}
    assert rows[VOLUME]["LastBackupTime"] == NOW
    assert rows[VOLUME]["LastRecoveryPointArn"].endswith("snap-0")


def test_region_settings(organisation, call):
    organisation.place(MINE, "eu-west-1").backup_opt_ins["EBS"] = False
    told = call("backup", "DescribeRegionSettings")["ResourceTypeOptInPreference"]
    assert told == {"EBS": False, "EC2": True}


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("ListBackupPlans", {}),
        ("ListBackupSelections", {"BackupPlanId": "plan-1"}),
        ("ListBackupVaults", {}),
        ("ListRecoveryPointsByBackupVault", {"BackupVaultName": "Default"}),
        ("ListBackupJobs", {}),
        ("ListProtectedResources", {}),
        ("ListRestoreJobs", {}),
        ("ListCopyJobs", {}),
        ("ListReportPlans", {}),
    ],
)
def test_page_limits(call, refusal, operation, params):
    call("backup", operation, **params, MaxResults=1000)
    for size in (0, 1001):
        assert refusal("backup", operation, **params, MaxResults=size) == "InvalidParameterValueException"
    assert refusal("backup", operation, **params, NextToken="x") == "InvalidParameterValueException"
