"""A backup vault without Vault Lock."""

import numpy as np
import pandas as pd

from auditor.rule import flags, one_of, rule


@rule(
    title="Backup vault is not locked",
    severity="low",
    subject="backup_vaults",
    headline=("1 backup vault is not locked", "{count} backup vaults are not locked"),
    message="{vault_name} in {region} has no Vault Lock: its {recovery_points} recovery points go as soon as somebody "
    "with the permission deletes them",
    remedy="aws backup describe-backup-vault --region {region} --backup-vault-name {vault_name}",
    breaks="Reading breaks nothing. A lock refuses to delete recovery points before their time, also what was kept "
    "longer than meant; in compliance mode nobody can take it back after its grace time.",
    controls={"NIST 800-53 r5": ["CP-9"], "NIST CSF 2.0": ["PR.DS-11"], "PCI DSS v4.0": ["10.3.3"]},
)
def vault_unlocked(backup_vaults: pd.DataFrame) -> pd.DataFrame:
    """Without a lock, whoever takes over an administrator can delete the backups before the disks.

    Found is each vault that AWS Backup calls not locked; one that holds nothing is graded info. Logically air-gapped
    vaults, and vaults that give access to one to restore from it, are locked by what they are. Whether a policy denies
    deletion meanwhile is judged by vault_deletion_allowed: a policy holds until an administrator changes it.

    Choose how short and how long recovery points may be kept and lock the vault, in governance mode first.
    """
    of_itself = one_of(
        backup_vaults["vault_type"], "LOGICALLY_AIR_GAPPED_BACKUP_VAULT", "RESTORE_ACCESS_BACKUP_VAULT"
    ).fillna(False)
    empty = backup_vaults["recovery_points"].eq(0).fillna(False).to_numpy(bool)
    return pd.DataFrame(
        {
            "found": flags(~backup_vaults["locked"]).mask(of_itself.to_numpy(bool), False),
            "vault_type": backup_vaults["vault_type"],
            "recovery_points": backup_vaults["recovery_points"],
            "created_at": backup_vaults["created_at"],
            "severity": np.where(empty, "info", "low"),
        }
    )


_VAULT = {"vault_name": "nightly", "vault_type": "BACKUP_VAULT", "recovery_points": 12}

FAILS = [
    {**_VAULT, "locked": False, "expect": {"severity": "low", "recovery_points": 12}},
    {**_VAULT, "locked": False, "recovery_points": 0, "expect": {"severity": "info"}},
    {"locked": False},
]
PASSES = [
    {**_VAULT, "locked": True},
    {**_VAULT, "locked": True, "lock_at": "2 days ago"},
    {"vault_type": "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"},
]
UNKNOWN = [_VAULT, {**_VAULT, "locked": False, "gap": "backup_vaults"}]
