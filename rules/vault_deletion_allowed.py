"""A backup vault whose recovery points can be deleted by whoever has the permission."""

import numpy as np
import pandas as pd

from auditor.rule import flags, lookup, one_of, rule


@rule(
    title="Backup vault lets its backups be deleted",
    severity="medium",
    subject="backup_vaults",
    headline=("1 backup vault lets its backups be deleted", "{count} backup vaults let their backups be deleted"),
    message="{vault_name} in {region} is not locked, and its policy denies nobody {allowed}",
    remedy="aws backup get-backup-vault-access-policy --region {region} --backup-vault-name {vault_name}",
    breaks="Reading breaks nothing. Once deletion is denied, clean-up by hand and by scripts fails; what a lifecycle "
    "deletes when its time is over goes on.",
    controls={"NIST 800-53 r5": ["CP-9"], "NIST CSF 2.0": ["PR.DS-11"], "PCI DSS v4.0": ["10.3.3"]},
)
def vault_deletion_allowed(backup_vaults: pd.DataFrame, vault_protection: pd.DataFrame) -> pd.DataFrame:
    """Who wants a ransom deletes the backups first; a vault that refuses is what is left to restore from.

    Found is a vault without Vault Lock whose access policy does not deny everybody to delete recovery points, the vault
    and its policy: ``backup:DeleteRecoveryPoint``, ``backup:DeleteBackupVault`` and
    ``backup:DeleteBackupVaultAccessPolicy``. Policies are read as IAM reads them: wildcards, ``NotAction`` and
    ``NotPrincipal``, one action or many, ``*`` or the vault's own account. A Deny that leaves out some people, for
    emergencies, counts. One under another condition, or for some recovery points alone, makes it unknown, and so does a
    policy that cannot be read. A vault that holds nothing is graded low.

    A policy holds against mistakes, and until somebody with ``backup:PutBackupVaultAccessPolicy`` replaces it; only a
    lock holds against administrators. Write a policy that denies the three, or better lock the vault.
    """
    vaults = backup_vaults["vault_name"]
    told = {
        name: lookup(vaults, vault_protection["vault_name"], vault_protection[name])
        for name in ("deletion_denied", "allowed", "exceptions", "unknown_because")
    }
    of_itself = one_of(
        backup_vaults["vault_type"], "LOGICALLY_AIR_GAPPED_BACKUP_VAULT", "RESTORE_ACCESS_BACKUP_VAULT"
    ).fillna(False)
    locked = flags(backup_vaults["locked"]).mask(of_itself.to_numpy(bool), True)
    found = ~locked & ~flags(told["deletion_denied"])
    empty = backup_vaults["recovery_points"].eq(0).fillna(False).to_numpy(bool)
    return pd.DataFrame(
        {
            "found": found,
            "allowed": told["allowed"],
            "exceptions": told["exceptions"],
            "recovery_points": backup_vaults["recovery_points"],
            "severity": np.where(empty, "low", "medium"),
            "unknown_because": told["unknown_because"],
        }
    )


_VAULT = {"vault_name": "nightly", "locked": False, "recovery_points": 12}
_ALL = "backup:DeleteRecoveryPoint, backup:DeleteBackupVault, backup:DeleteBackupVaultAccessPolicy"


def _policy(*actions: str, understood: bool = True, test: tuple[str, str, str] | None = None, **more: object) -> dict:
    """A vault's policy with one Deny."""
    said = {"vault_name": "nightly", "statement": 0}
    deny = {
        **said,
        "effect": "Deny",
        "principal_type": "AWS",
        "principal": "*",
        "not_principal": False,
        "not_action": False,
        "every_resource": True,
        "conditions": 1 if test else 0,
        **more,
    }
    tests = [{**said, "operator": test[0], "condition_key": test[1], "value": test[2]}] if test else []
    return {
        "vault_policies": [{"vault_name": "nightly", "document": "{}", "understood": understood}],
        "vault_statements": [{**deny, "action": action} for action in actions],
        "vault_conditions": tests,
    }


_PERSON = "arn:aws:iam::111122223333:role/break-glass"

FAILS = [
    {**_VAULT, "expect": {"allowed": _ALL, "severity": "medium"}},
    {**_VAULT, "recovery_points": 0, "expect": {"severity": "low"}},
    {
        **_VAULT,
        "given": _policy("backup:DeleteBackupVault"),
        "expect": {"allowed": "backup:DeleteRecoveryPoint, backup:DeleteBackupVaultAccessPolicy"},
    },
    {**_VAULT, "given": _policy("backup:*", principal=_PERSON)},
    {**_VAULT, "given": _policy("backup:*", effect="Allow")},
    {**_VAULT, "given": _policy("backup:Delete*", not_action=True), "expect": {"allowed": _ALL}},
    {**_VAULT, "given": _policy("backup:*", test=("StringNotEquals", "aws:PrincipalOrgID", "o-a1"))},
]
PASSES = [
    {**_VAULT, "locked": True},
    {**_VAULT, "vault_type": "LOGICALLY_AIR_GAPPED_BACKUP_VAULT", "locked": None},
    {**_VAULT, "given": _policy(*_ALL.split(", "))},
    {**_VAULT, "given": _policy("*")},
    {**_VAULT, "given": _policy("BACKUP:delete*", principal="arn:aws:iam::111122223333:root")},
    {**_VAULT, "given": _policy("backup:List*", "backup:Describe*", not_action=True)},
    {**_VAULT, "given": _policy("backup:*", test=("ArnNotLike", "aws:PrincipalArn", _PERSON))},
    {**_VAULT, "given": _policy("backup:*", principal=_PERSON, not_principal=True)},
]
UNKNOWN = [
    {"vault_name": "nightly"},
    {**_VAULT, "given": _policy(understood=False)},
    {**_VAULT, "given": _policy("backup:*", test=("StringEquals", "aws:PrincipalArn", _PERSON))},
    {**_VAULT, "given": _policy("backup:*", test=("ArnNotLike", "aws:PrincipalArn", "*"))},
    {**_VAULT, "given": _policy("backup:*", every_resource=False)},
    {**_VAULT, "gap": "vault_policies"},
    {**_VAULT, "item_gap": "vault_policies"},
]
