"""AWS Backup's vaults and their locks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Page, Reader, Where
from auditor.aws.shape import Field, shape

FIELDS: Mapping[str, Field] = {
    "vault_name": "BackupVaultName",
    "vault_arn": "BackupVaultArn",
    "vault_type": "VaultType",
    "locked": "Locked",
    "lock_at": "LockDate",
    "min_retention_days": "MinRetentionDays",
    "max_retention_days": "MaxRetentionDays",
    "kms_key_arn": "EncryptionKeyArn",
    "recovery_points": "NumberOfRecoveryPoints",
    "created_at": "CreationDate",
}


def get(reader: Reader) -> Iterator[Page]:
    """Items ``BackupVaultListMember``."""
    return reader.pages("backup", "ListBackupVaults", "BackupVaultList", MaxResults=1000)


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row a vault."""
    return {"backup_vaults": shape("backup_vaults", where, page, FIELDS)}


COLLECTOR = Collector(
    name="backup_vaults",
    frames=("backup_vaults",),
    actions=("backup:ListBackupVaults",),
    get=get,
    transform=transform,
)
