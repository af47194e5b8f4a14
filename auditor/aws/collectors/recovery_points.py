"""AWS Backup's recovery points of volumes and instances; those of databases, file systems and the like are left out.

One scan a vault proves what exists. The list of protected resources would only prove that a backup once was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Page, Reader, Where
from auditor.aws.collectors._backup import KINDS, inside, recovery_id, resource_id
from auditor.aws.shape import Field, shape

FIELDS: Mapping[str, Field] = {
    "vault_name": "BackupVaultName",
    "recovery_point_arn": "RecoveryPointArn",
    "recovery_id": recovery_id,
    "resource_arn": "ResourceArn",
    "resource_id": resource_id,
    "resource_type": "ResourceType",
    "status": "Status",
    "status_message": "StatusMessage",
    "plan_id": inside("CreatedBy", "BackupPlanId"),
    "rule_id": inside("CreatedBy", "BackupRuleId"),
    "source_vault_arn": "SourceBackupVaultArn",
    "vault_type": "VaultType",
    "encrypted": "IsEncrypted",
    "kms_key_arn": "EncryptionKeyArn",
    "provisioned_bytes": "BackupSizeInBytes",
    "delete_after_days": inside("Lifecycle", "DeleteAfterDays"),
    "created_at": "CreationDate",
    "completed_at": "CompletionDate",
    "delete_at": inside("CalculatedLifecycle", "DeleteAt"),
    "cold_at": inside("CalculatedLifecycle", "MoveToColdStorageAt"),
    "last_restored_at": "LastRestoreTime",
}


def get(reader: Reader) -> Iterator[Page]:
    """Items ``RecoveryPointByBackupVault``.

    A vault that may not be listed ends the collector: it may hold the backup of any volume.
    """
    for vault_name in reader.frame("backup_vaults")["vault_name"]:
        yield from reader.pages(
            "backup", "ListRecoveryPointsByBackupVault", "RecoveryPoints", BackupVaultName=vault_name, MaxResults=1000
        )


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row a recovery point of a volume or instance."""
    rows = [row for row in page if row.get("ResourceType") in KINDS]
    return {"recovery_points": shape("recovery_points", where, rows, FIELDS)}


COLLECTOR = Collector(
    name="recovery_points",
    frames=("recovery_points",),
    actions=("backup:ListRecoveryPointsByBackupVault",),
    get=get,
    transform=transform,
    after=("backup_vaults",),
)
