"""Who may do what with AWS Backup's vaults, statement by statement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where, in_pages
from auditor.aws.documents import CONDITION_FIELDS, STATEMENT_FIELDS, tell
from auditor.aws.shape import shape, table

#: The vault has no policy (API reference, GetBackupVaultAccessPolicy), or is gone.
_NONE = ("ResourceNotFoundException",)


def get(reader: Reader) -> Iterator[Page]:
    """Items as GetBackupVaultAccessPolicy answers; vaults without a policy have none."""

    def read(name: str) -> Item:
        return {"BackupVaultName": name, **reader.call("backup", "GetBackupVaultAccessPolicy", BackupVaultName=name)}

    vaults = reader.frame("backup_vaults")["vault_name"].tolist()
    yield from in_pages(answer for _, answer in reader.each(vaults, read, drop=_NONE))


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """The documents, and one row for each principal's action and for each value of a condition."""
    written = [item for item in page if item.get("Policy")]
    told = tell((item["BackupVaultName"], item["Policy"]) for item in written)
    documents = {
        "vault_name": [item["BackupVaultName"] for item in written],
        "document": [item["Policy"] for item in written],
        "understood": told.understood,
    }
    return {
        "vault_policies": table("vault_policies", where, len(written), documents),
        "vault_statements": shape("vault_statements", where, told.statements, {"vault_name": "of", **STATEMENT_FIELDS}),
        "vault_conditions": shape("vault_conditions", where, told.conditions, {"vault_name": "of", **CONDITION_FIELDS}),
    }


COLLECTOR = Collector(
    name="vault_policies",
    frames=("vault_policies", "vault_statements", "vault_conditions"),
    actions=("backup:GetBackupVaultAccessPolicy",),
    get=get,
    transform=transform,
    after=("backup_vaults",),
)
