"""A backup vault whose access policy lets in somebody outside."""

import numpy as np
import pandas as pd

from auditor.rule import Verdict, flags, rule

_UNREAD = "Could not tell: the access policy of the vault was not understood."


@rule(
    title="Backup vault is open to others",
    severity="medium",
    subject="backup_vaults",
    headline=("1 backup vault is open to others", "{count} backup vaults are open to others"),
    message="{vault_name} in {region} lets in {who}: {actions}",
    remedy="aws backup get-backup-vault-access-policy --region {region} --backup-vault-name {vault_name}",
    breaks="Reading breaks nothing. Whoever is taken out of the policy can no longer copy backups into the vault.",
    controls={
        "NIST 800-53 r5": ["AC-3", "AC-4", "AC-6", "AC-21"],
        "PCI DSS v4.0": ["10.3.2", "A1.1.2"],
        "HIPAA": ["164.308(a)(3)(i)", "164.312(a)(1)"],
        "SOC 2": ["CC6.1", "CC6.6"],
    },
)
def vault_policy_open(backup_vaults: pd.DataFrame, vault_policies: pd.DataFrame, vault_access: pd.DataFrame) -> Verdict:
    """Strangers can fill the vault with what nobody here made: it costs, it is kept, and somebody may restore it.

    Found is each account that the policy allows something and that is neither a member of the organisation nor trusted
    by the configuration; ``*`` is everybody. A condition that keeps to our organisation, its units or known accounts
    makes it fine; another condition makes it unknown. Without an organisation, whoever is not in scope counts as
    outside. AWS Backup lets other accounts do no more than ``backup:CopyIntoBackupVault``: what allows other things
    alone is graded low, for it opens nothing today.

    Ask the owner who the other party is. Name the organisation in a condition on ``aws:PrincipalOrgID``, or the account
    in ``[sharing] trusted_accounts``.
    """
    names = backup_vaults["vault_name"]
    unread = vault_policies[~flags(vault_policies["understood"]).fillna(False)]
    if not len(vault_access) and not len(unread):
        return pd.Series(False, index=names.index)
    places = pd.Index(names).get_indexer(vault_access["vault_name"])
    let = vault_access[places >= 0]
    everybody = let["grantee"].eq("*").fillna(False)
    outside = pd.DataFrame(
        {
            "found": let["open"].to_numpy(),
            "grantee": let["grantee"].to_numpy(),
            "who": let["grantee"].mask(everybody, "everybody").to_numpy(),
            "actions": let["actions"].to_numpy(),
            "severity": np.where(let["copies"].fillna(True).to_numpy(bool), "medium", "low"),
            "discriminator": let["grantee"].to_numpy(),
            "unknown_because": let["unknown_because"].to_numpy(),
        },
        index=names.index[places[places >= 0]],
    )
    dark = names.index[names.isin(unread["vault_name"]).to_numpy(bool)]
    untold = pd.DataFrame({"found": pd.NA, "discriminator": "", "unknown_because": _UNREAD}, index=dark)
    verdicts = pd.concat([outside, untold]) if len(untold) and len(outside) else untold if len(untold) else outside
    return verdicts.assign(found=verdicts["found"].astype("boolean"))


_VAULT = {"vault_name": "nightly"}
_OURS = {"directory": [{"member_id": "444455556666", "organisation_id": "o-a1", "state": "ACTIVE"}]}
_COPY = "backup:CopyIntoBackupVault"


def _policy(principal: str, action: str = _COPY, test: tuple[str, str, str] | None = None, **more: object) -> dict:
    """A vault's policy with one Allow."""
    said = {"vault_name": "nightly", "statement": 0}
    allow = {
        **said,
        "effect": "Allow",
        "principal_type": "AWS",
        "principal": principal,
        "not_principal": False,
        "action": action,
        "not_action": False,
        "every_resource": True,
        "conditions": 1 if test else 0,
        **more,
    }
    tests = [{**said, "operator": test[0], "condition_key": test[1], "value": test[2]}] if test else []
    return {
        **_OURS,
        "vault_policies": [{"vault_name": "nightly", "document": "{}", "understood": True}],
        "vault_statements": [allow],
        "vault_conditions": tests,
    }


FAILS = [
    {
        **_VAULT,
        "given": _policy("arn:aws:iam::999988887777:root"),
        "expect": {
            "severity": "medium",
            "discriminator": "999988887777",
            "message": "nightly in eu-west-1 lets in 999988887777: backup:CopyIntoBackupVault",
        },
    },
    {**_VAULT, "given": _policy("*", "backup:*"), "expect": {"discriminator": "*", "who": "everybody"}},
    {**_VAULT, "given": _policy("999988887777", "backup:StartRestoreJob"), "expect": {"severity": "low"}},
    {**_VAULT, "given": _policy("444455556666", not_principal=True), "expect": {"discriminator": "*"}},
]
PASSES = [
    {**_VAULT, "given": _OURS},
    {**_VAULT, "given": _policy("*", effect="Deny")},
    {**_VAULT, "given": _policy("444455556666")},
    {**_VAULT, "given": _policy("arn:aws:iam::111122223333:role/backup")},
    {**_VAULT, "given": _policy("backup.amazonaws.com", principal_type="Service")},
    {**_VAULT, "given": _policy("*", test=("StringEquals", "aws:PrincipalOrgID", "o-a1"))},
    {**_VAULT, "given": _policy("*", test=("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-a1/r-ab/ou-1/*"))},
    {**_VAULT, "given": _policy("*", test=("StringEquals", "aws:PrincipalAccount", "444455556666"))},
]
UNKNOWN = [
    {**_VAULT, "given": _policy("*", test=("StringEquals", "aws:PrincipalOrgID", "o-zz"))},
    {**_VAULT, "given": _policy("*", test=("StringNotEquals", "aws:PrincipalOrgID", "o-a1"))},
    {**_VAULT, "given": _policy("*", test=("IpAddress", "aws:SourceIp", "192.0.2.0/24"))},
    {**_VAULT, "given": _policy("AROAEXAMPLEEXAMPLE")},
    {**_VAULT, "given": {"vault_policies": [{"vault_name": "nightly", "document": "[]", "understood": False}]}},
    {**_VAULT, "given": _policy("999988887777"), "gap": "directory"},
    {**_VAULT, "gap": "vault_policies"},
    {**_VAULT, "gap": "backup_vaults"},
]
