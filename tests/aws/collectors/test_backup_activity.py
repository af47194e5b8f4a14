"""Policies of vaults, and jobs and reports of AWS Backup beside its backups."""

import json
from datetime import UTC, datetime

from botocore.exceptions import ClientError

from auditor.aws.collectors import backup_activity, vault_policies

MADE = datetime(2026, 1, 1, 5, tzinfo=UTC)
DONE = datetime(2026, 1, 1, 6, tzinfo=UTC)
VOLUME = "arn:aws:ec2:eu-west-1:111122223333:volume/vol-1"
SNAPSHOT = "arn:aws:ec2:eu-west-1::snapshot/snap-1"
HERE = "arn:aws:backup:eu-west-1:111122223333:backup-vault:here"
THERE = "arn:aws:backup:eu-central-1:444455556666:backup-vault:there"

KEEP = {"Effect": "Deny", "Principal": "*", "Action": "backup:*", "Resource": "*"}
LET = {
    "Sid": "let",
    "Effect": "Allow",
    "Principal": {"AWS": ["444455556666"]},
    "Action": ["backup:CopyIntoBackupVault"],
    "Resource": "*",
    "Condition": {"StringEquals": {"aws:PrincipalOrgID": ["o-1", "o-2"]}},
}
POLICIES = {
    "one": json.dumps({"Statement": KEEP}),
    "two": json.dumps({"Statement": [KEEP, LET]}),
    "odd": '{"Statement": "everybody"}',
}


def policy(BackupVaultName):  # noqa: N803 - the API's name
    if BackupVaultName not in POLICIES:
        raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "none"}}, "Get")
    return {"BackupVaultName": BackupVaultName, "Policy": POLICIES[BackupVaultName]}


def test_policies_statement_by_statement_and_none_where_a_vault_has_none(scripted, run):
    vaults = [{"vault_name": name} for name in ("bare", "one", "two", "odd")]
    reader = scripted({"backup:GetBackupVaultAccessPolicy": policy}, {"backup_vaults": vaults})
    brought = run(vault_policies.COLLECTOR, reader)
    assert {row["vault_name"]: row["understood"] for row in brought["vault_policies"]} == {
        "one": True,
        "two": True,
        "odd": False,
    }
    deny = {
        "statement": 0,
        "effect": "Deny",
        "principal_type": "AWS",
        "principal": "*",
        "not_principal": False,
        "action": "backup:*",
        "not_action": False,
        "every_resource": True,
        "conditions": 0,
    }
    assert brought["vault_statements"] == [
        {"vault_name": "one", **deny},
        {"vault_name": "two", **deny},
        {
            "vault_name": "two",
            "statement": 1,
            "sid": "let",
            "effect": "Allow",
            "principal_type": "AWS",
            "principal": "444455556666",
            "not_principal": False,
            "action": "backup:CopyIntoBackupVault",
            "not_action": False,
            "every_resource": True,
            "conditions": 1,
        },
    ]
    assert [(row["statement"], row["condition_key"], row["value"]) for row in brought["vault_conditions"]] == [
        (1, "aws:PrincipalOrgID", "o-1"),
        (1, "aws:PrincipalOrgID", "o-2"),
    ]


def test_copies_of_volumes_and_instances(scripted, run):
    job = {
        "CopyJobId": "C1",
        "State": "FAILED",
        "StatusMessage": "no access to the key",
        "ResourceArn": VOLUME,
        "ResourceType": "EBS",
        "SourceBackupVaultArn": HERE,
        "SourceRecoveryPointArn": SNAPSHOT,
        "DestinationBackupVaultArn": THERE,
        "CreatedBy": {"BackupPlanId": "p", "BackupRuleId": "r"},
        "CreationDate": MADE,
        "CompletionDate": DONE,
    }

    def listed(ByResourceType, **_):  # noqa: N803 - the API's name
        return {"CopyJobs": [job] if ByResourceType == "EBS" else [{"CopyJobId": "C2", "State": "RUNNING"}]}

    assert run(backup_activity.COPIES, scripted({"backup:ListCopyJobs": listed}))["copy_jobs"] == [
        {
            "job_id": "C1",
            "state": "FAILED",
            "status_message": "no access to the key",
            "resource_arn": VOLUME,
            "resource_id": "vol-1",
            "resource_type": "EBS",
            "source_vault_arn": HERE,
            "source_recovery_point_arn": SNAPSHOT,
            "destination_vault_arn": THERE,
            "plan_id": "p",
            "rule_id": "r",
            "created_at": MADE,
            "completed_at": DONE,
        },
        {"job_id": "C2", "state": "RUNNING"},
    ]


def test_restores_name_what_was_restored(scripted, run):
    job = {
        "RestoreJobId": "R1",
        "Status": "COMPLETED",
        "RecoveryPointArn": SNAPSHOT,
        "SourceResourceArn": VOLUME,
        "ResourceType": "EBS",
        "CreatedResourceArn": VOLUME,
        "ValidationStatus": "SUCCESSFUL",
        "CreatedBy": {"RestoreTestingPlanArn": "arn:aws:backup:eu-west-1:111122223333:restore-testing-plan:t"},
        "CreationDate": MADE,
        "CompletionDate": DONE,
    }

    def listed(ByResourceType, **_):  # noqa: N803 - the API's name
        return {"RestoreJobs": [job] if ByResourceType == "EBS" else []}

    assert run(backup_activity.RESTORES, scripted({"backup:ListRestoreJobs": listed}))["restore_jobs"] == [
        {
            "job_id": "R1",
            "status": "COMPLETED",
            "recovery_point_arn": SNAPSHOT,
            "resource_arn": VOLUME,
            "resource_id": "vol-1",
            "resource_type": "EBS",
            "created_resource_arn": VOLUME,
            "validation_status": "SUCCESSFUL",
            "testing_plan_arn": "arn:aws:backup:eu-west-1:111122223333:restore-testing-plan:t",
            "created_at": MADE,
            "completed_at": DONE,
        }
    ]


def test_reports_and_how_far_they_reach(scripted, run):
    plans = [
        {
            "ReportPlanArn": "arn:1",
            "ReportPlanName": "jobs",
            "ReportSetting": {
                "ReportTemplate": "BACKUP_JOB_REPORT",
                "Accounts": ["ROOT"],
                "OrganizationUnits": ["ou-1", "ou-2", "r-0"],
                "Regions": ["*", "x"],
            },
            "ReportDeliveryChannel": {"S3BucketName": "audit"},
            "DeploymentStatus": "COMPLETED",
            "CreationTime": MADE,
            "LastAttemptedExecutionTime": DONE,
            "LastSuccessfulExecutionTime": DONE,
        },
        {"ReportPlanArn": "arn:2"},
    ]
    found = run(backup_activity.REPORTS, scripted({"backup:ListReportPlans": {"ReportPlans": plans}}))
    assert found["report_plans"] == [
        {
            "report_plan_arn": "arn:1",
            "name": "jobs",
            "template": "BACKUP_JOB_REPORT",
            "deployment_status": "COMPLETED",
            "bucket": "audit",
            "accounts": 1,
            "units": 3,
            "regions": 2,
            "created_at": MADE,
            "attempted_at": DONE,
            "succeeded_at": DONE,
        },
        {"report_plan_arn": "arn:2"},
    ]
    assert found["report_plan_scopes"] == [
        {"report_plan_arn": "arn:1", "kind": kind, "value": value}
        for kind, value in [
            ("account", "ROOT"),
            ("unit", "ou-1"),
            ("unit", "ou-2"),
            ("unit", "r-0"),
            ("region", "*"),
            ("region", "x"),
        ]
    ]
