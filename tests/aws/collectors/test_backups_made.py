"""Vaults, recovery points and jobs of AWS Backup."""

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from auditor.aws.collectors import backup_jobs, backup_vaults, recovery_points

MADE = datetime(2026, 1, 1, 5, tzinfo=UTC)
DONE = datetime(2026, 1, 1, 6, tzinfo=UTC)
ENDS = datetime(2026, 2, 1, 5, tzinfo=UTC)
VOLUME = "arn:aws:ec2:eu-west-1:111122223333:volume/vol-1"
INSTANCE = "arn:aws:ec2:eu-west-1:111122223333:instance/i-1"
SNAPSHOT = "arn:aws:ec2:eu-west-1::snapshot/snap-1"
IMAGE = "arn:aws:ec2:eu-west-1::image/ami-1"
SEALED = "arn:aws:backup:eu-west-1:111122223333:recovery-point:1eb3b5e7-9eb0-435a-a80b-108b488b0d45"


def test_vaults(scripted, run):
    rows = [
        {
            "BackupVaultName": "Default",
            "BackupVaultArn": "arn:aws:backup:eu-west-1:111122223333:backup-vault:Default",
            "VaultType": "BACKUP_VAULT",
            "CreationDate": MADE,
            "EncryptionKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/k",
            "NumberOfRecoveryPoints": 0,
            "Locked": True,
            "MinRetentionDays": 7,
            "MaxRetentionDays": 400,
            "LockDate": ENDS,
        },
        {"BackupVaultName": "bare"},
    ]
    assert run(backup_vaults.COLLECTOR, scripted({"backup:ListBackupVaults": {"BackupVaultList": rows}})) == {
        "backup_vaults": [
            {
                "vault_name": "Default",
                "vault_arn": "arn:aws:backup:eu-west-1:111122223333:backup-vault:Default",
                "vault_type": "BACKUP_VAULT",
                "locked": True,
                "lock_at": ENDS,
                "min_retention_days": 7,
                "max_retention_days": 400,
                "kms_key_arn": "arn:aws:kms:eu-west-1:111122223333:key/k",
                "recovery_points": 0,
                "created_at": MADE,
            },
            {"vault_name": "bare"},
        ]
    }


def point(arn, resource, kind, vault="Default", **members):
    return {
        "RecoveryPointArn": arn,
        "BackupVaultName": vault,
        "ResourceArn": resource,
        "ResourceType": kind,
        "Status": "COMPLETED",
        "CreationDate": MADE,
        **members,
    }


def points_reader(scripted, listed):
    return scripted(
        {"backup:ListRecoveryPointsByBackupVault": listed},
        {"backup_vaults": [{"vault_name": "Default", "recovery_points": 0}, {"vault_name": "sealed"}]},
    )


def test_recovery_points_of_volumes_and_instances_in_every_vault(scripted, run):
    held = {
        "Default": [
            point(
                SNAPSHOT,
                VOLUME,
                "EBS",
                CreatedBy={"BackupPlanId": "plan-1", "BackupRuleId": "rule-1"},
                CompletionDate=DONE,
                BackupSizeInBytes=8 * 1024**3,
                IsEncrypted=False,
                CalculatedLifecycle={"DeleteAt": ENDS},
                Lifecycle={"DeleteAfterDays": 31},
                VaultType="BACKUP_VAULT",
                LastRestoreTime=DONE,
            ),
            point("arn:aws:rds:eu-west-1:111122223333:snapshot:x", "arn:aws:rds:…:db:x", "RDS"),
            point(IMAGE, INSTANCE, "EC2", StatusMessage="", Status="PARTIAL"),
        ],
        "sealed": [
            point(
                SEALED,
                VOLUME,
                "EBS",
                "sealed",
                SourceBackupVaultArn="arn:aws:backup:eu-west-1:111122223333:backup-vault:Default",
                EncryptionKeyArn="arn:aws:kms:eu-west-1:111122223333:key/k",
                IsEncrypted=True,
            )
        ],
    }
    reader = points_reader(scripted, lambda BackupVaultName, **_: {"RecoveryPoints": held[BackupVaultName]})  # noqa: N803
    assert run(recovery_points.COLLECTOR, reader)["recovery_points"] == [
        {
            "vault_name": "Default",
            "recovery_point_arn": SNAPSHOT,
            "recovery_id": "snap-1",
            "resource_arn": VOLUME,
            "resource_id": "vol-1",
            "resource_type": "EBS",
            "status": "COMPLETED",
            "plan_id": "plan-1",
            "rule_id": "rule-1",
            "vault_type": "BACKUP_VAULT",
            "encrypted": False,
            "provisioned_bytes": 8 * 1024**3,
            "delete_after_days": 31,
            "created_at": MADE,
            "completed_at": DONE,
            "delete_at": ENDS,
            "last_restored_at": DONE,
        },
        {
            "vault_name": "Default",
            "recovery_point_arn": IMAGE,
            "recovery_id": "ami-1",
            "resource_arn": INSTANCE,
            "resource_id": "i-1",
            "resource_type": "EC2",
            "status": "PARTIAL",
            "created_at": MADE,
        },
        {
            "vault_name": "sealed",
            "recovery_point_arn": SEALED,
            "resource_arn": VOLUME,
            "resource_id": "vol-1",
            "resource_type": "EBS",
            "status": "COMPLETED",
            "source_vault_arn": "arn:aws:backup:eu-west-1:111122223333:backup-vault:Default",
            "encrypted": True,
            "kms_key_arn": "arn:aws:kms:eu-west-1:111122223333:key/k",
            "created_at": MADE,
        },
    ]


def test_a_vault_that_may_not_be_listed_is_a_gap_for_every_volume(scripted, run, refusal):
    def listed(BackupVaultName, **_):  # noqa: N803 - the API's own name
        if BackupVaultName == "sealed":
            raise refusal("AccessDeniedException")
        return {"RecoveryPoints": [point(SNAPSHOT, VOLUME, "EBS")]}

    reader = points_reader(scripted, listed)
    pages = recovery_points.COLLECTOR.get(reader)
    assert [row["RecoveryPointArn"] for row in next(pages)] == [SNAPSHOT]
    with pytest.raises(ClientError, match="AccessDenied"):
        next(pages)


def test_jobs_of_volumes_and_instances(scripted, run):
    jobs = {
        "EBS": {
            "BackupJobId": "job-1",
            "State": "FAILED",
            "StatusMessage": "Access denied",
            "MessageCategory": "AccessDenied",
            "ResourceArn": VOLUME,
            "ResourceType": "EBS",
            "BackupVaultName": "Default",
            "CreatedBy": {"BackupPlanId": "plan-1", "BackupRuleId": "rule-1"},
            "CreationDate": MADE,
            "StartBy": DONE,
        },
        "EC2": {
            "BackupJobId": "job-2",
            "State": "COMPLETED",
            "ResourceArn": INSTANCE,
            "ResourceType": "EC2",
            "RecoveryPointArn": IMAGE,
            "CreationDate": MADE,
            "CompletionDate": DONE,
        },
    }
    reader = scripted({"backup:ListBackupJobs": lambda ByResourceType, **_: {"BackupJobs": [jobs[ByResourceType]]}})  # noqa: N803
    assert run(backup_jobs.COLLECTOR, reader)["backup_jobs"] == [
        {
            "job_id": "job-1",
            "state": "FAILED",
            "status_message": "Access denied",
            "message_category": "AccessDenied",
            "resource_arn": VOLUME,
            "resource_id": "vol-1",
            "resource_type": "EBS",
            "vault_name": "Default",
            "plan_id": "plan-1",
            "rule_id": "rule-1",
            "created_at": MADE,
            "start_by": DONE,
        },
        {
            "job_id": "job-2",
            "state": "COMPLETED",
            "resource_arn": INSTANCE,
            "resource_id": "i-1",
            "resource_type": "EC2",
            "recovery_point_arn": IMAGE,
            "created_at": MADE,
            "completed_at": DONE,
        },
    ]
