from __future__ import annotations

from datetime import timedelta

import pytest

MINE, BOSS = "222222222222", "111111111111"
VAULT = "arn:aws:backup:eu-west-1:222222222222:backup-vault:Default"
ELSEWHERE = "arn:aws:backup:us-east-1:222222222222:backup-vault:Default"


@pytest.fixture(autouse=True)
def here(organisation):
    here, now = organisation.place(MINE, "eu-west-1"), organisation.now
    here.backup_vaults = {name: {"BackupVaultName": name, "BackupVaultArn": VAULT} for name in ("Default", "bare")}
    here.backup_vault_policies["Default"] = '{"Statement": []}'
    for number, (age, state) in enumerate(((1, "COMPLETED"), (2, "FAILED"), (31, "COMPLETED"))):
        times = {"CreationDate": now - timedelta(days=age), "CompletionDate": now - timedelta(days=age, hours=-1)}
        kind = "EBS" if number else "EC2"
        here.restore_jobs[f"r{number}"] = {
            "RestoreJobId": f"r{number}",
            "Status": state,
            "ResourceType": kind,
            "CreatedBy": {"RestoreTestingPlanArn": "arn:plan"} if number else {},
            **times,
        }
        here.copy_jobs[f"c{number}"] = {
            "CopyJobId": f"c{number}",
            "State": state,
            "ResourceType": kind,
            "ResourceArn": f"arn:{number}",
            "SourceRecoveryPointArn": f"arn:point-{number}",
            "DestinationBackupVaultArn": ELSEWHERE,
            "MessageCategory": "SUCCESS" if state == "COMPLETED" else "AccessDenied",
            **times,
        }
    here.report_plans = {name: {"ReportPlanName": name} for name in ("weekly", "daily", "jobs")}
    return here


def test_the_policy_of_a_vault(call, refusal):
    told = call("backup", "GetBackupVaultAccessPolicy", BackupVaultName="Default")
    assert told == {"BackupVaultName": "Default", "BackupVaultArn": VAULT, "Policy": '{"Statement": []}'}
    for vault in ("bare", "none"):
        missing = refusal("backup", "GetBackupVaultAccessPolicy", BackupVaultName=vault)
        assert missing == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {"r0", "r1"}),
        ({"ByStatus": "FAILED"}, {"r1"}),
        ({"ByResourceType": "EC2"}, {"r0"}),
        ({"ByRestoreTestingPlanArn": "arn:plan"}, {"r1"}),
        ({"account": BOSS}, set()),
        ({"account": BOSS, "ByAccountId": "*"}, {"r0", "r1"}),
    ],
)
def test_restore_jobs(call, params, expected):
    assert {row["RestoreJobId"] for row in call("backup", "ListRestoreJobs", **params)["RestoreJobs"]} == expected


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {"c0", "c1"}),
        ({"ByState": "COMPLETED"}, {"c0"}),
        ({"ByResourceArn": "arn:1"}, {"c1"}),
        ({"ByResourceType": "EBS"}, {"c1"}),
        ({"BySourceRecoveryPointArn": "arn:point-0"}, {"c0"}),
        ({"ByDestinationVaultArn": ELSEWHERE}, {"c0", "c1"}),
        ({"ByDestinationVaultArn": VAULT}, set()),
        ({"ByMessageCategory": "AccessDenied"}, {"c1"}),
        ({"ByMessageCategory": "*"}, {"c0", "c1"}),
    ],
)
def test_copy_jobs(call, params, expected):
    assert {row["CopyJobId"] for row in call("backup", "ListCopyJobs", **params)["CopyJobs"]} == expected


def test_times(call, organisation):
    asked = {"ByCreatedAfter": organisation.now - timedelta(hours=30)}
    assert [row["CopyJobId"] for row in call("backup", "ListCopyJobs", **asked)["CopyJobs"]] == ["c0"]
    asked = {"ByCompleteBefore": organisation.now - timedelta(hours=30)}
    assert [row["RestoreJobId"] for row in call("backup", "ListRestoreJobs", **asked)["RestoreJobs"]] == ["r1"]


def test_jobs_of_others_are_nobodys_business(refusal):
    for operation in ("ListRestoreJobs", "ListCopyJobs"):
        assert refusal("backup", operation, ByAccountId=BOSS) == "AccessDeniedException"


def test_report_plans(pages):
    found = pages("backup", "ListReportPlans", "ReportPlans", MaxResults=2)
    assert [[row["ReportPlanName"] for row in page] for page in found] == [["daily", "jobs"], ["weekly"]]
