"""Whether what is backed up is copied to where its promise says: another region, another account, another vault.

Lifecycle policies write the source on the copy (Amazon EBS User Guide, "Automate cross-Region snapshot copies"); AWS
Backup's copies name their vault of origin (API reference, RecoveryPointByBackupVault, ``SourceBackupVaultArn``).
"""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from auditor.analysis.elsewhere import Elsewhere
from auditor.frames import FRAMES, PANDAS

_SOURCE: Final = r"^\[Copied (snap-[0-9a-f]+) from "
_WANTED: Final = [
    "resource_type",
    "resource_id",
    "promise_id",
    "mechanism",
    "destination",
    "account",
    "region",
    "vault",
]
_POINTS: Final = ("account_id", "vault_name", "resource_id", "status", "source_vault_arn", "created_at")


def backup_copies(
    backup_promises: pd.DataFrame,
    backup_windows: pd.DataFrame,
    lifecycle_copies: pd.DataFrame,
    backup_rule_copies: pd.DataFrame,
    elsewhere: Elsewhere,
) -> pd.DataFrame:
    """One row per resource, promise and destination that its backups are to be copied to; see the frame."""
    declared = FRAMES["backup_copies"]
    if backup_promises.empty or (lifecycle_copies.empty and backup_rule_copies.empty):
        return declared.empty()
    own, here = str(backup_promises["account_id"].iat[0]), str(backup_promises["region"].iat[0])
    wanted = _wanted(backup_promises, lifecycle_copies, backup_rule_copies, own)
    if wanted.empty:
        return declared.empty()
    delivered = backup_windows["verdict"].isin(["met", "late"]).fillna(False).astype(bool)
    made = backup_windows.loc[delivered, ["resource_id", "promise_id", "delivered_by", "delivered_at"]]
    parts = [
        _told(rows, made, str(mechanism), str(account), str(region), elsewhere)
        for (mechanism, account, region), rows in wanted.groupby(["mechanism", "account", "region"], sort=True)
    ]
    told = pd.concat(parts, ignore_index=True).drop(columns="region")
    unknown = backup_windows.loc[
        backup_windows["verdict"].eq("unknown").fillna(False), ["resource_id", "promise_id", "cause"]
    ]
    unknown = unknown.drop_duplicates(["resource_id", "promise_id"])
    told = told.merge(unknown, on=["resource_id", "promise_id"], how="left")
    told["unknown_because"] = told["unknown_because"].fillna(told["cause"])
    return declared.conform(told.assign(account_id=own, region=here))


def _wanted(promises: pd.DataFrame, policies: pd.DataFrame, rules: pd.DataFrame, own: str) -> pd.DataFrame:
    """Every resource and promise with where it is to be copied to."""
    of_policy = promises.merge(
        policies[["policy_id", "schedule_name", "target"]].drop_duplicates(), on=["policy_id", "schedule_name"]
    )
    # a copy to an Outpost names its ARN, and lies in no region
    of_policy = of_policy[~of_policy["target"].str.startswith("arn:").fillna(True).astype(bool)]
    of_policy = of_policy.assign(destination=of_policy["target"], account=own, region=of_policy["target"], vault=None)
    of_rule = promises.merge(
        rules[["plan_id", "rule_id", "destination_vault_arn"]].drop_duplicates(), on=["plan_id", "rule_id"]
    )
    parts = of_rule["destination_vault_arn"].str.extract(r"^arn:[^:]*:backup:([^:]+):(\d{12}):backup-vault:(.+)$")
    of_rule = of_rule.assign(
        destination=of_rule["destination_vault_arn"], region=parts[0], account=parts[1], vault=parts[2]
    )
    return pd.concat([of_policy[_WANTED], of_rule[_WANTED]], ignore_index=True).dropna(subset=["account", "region"])


def _told(
    wanted: pd.DataFrame, made: pd.DataFrame, mechanism: str, account: str, region: str, elsewhere: Elsewhere
) -> pd.DataFrame:
    """How far the copies to one account and region have come."""
    rows = wanted.merge(made, on=["resource_id", "promise_id"], how="left")
    frame = "snapshots" if mechanism == "dlm" else "recovery_points"
    if mechanism == "dlm":
        copies = elsewhere.rows(frame, region, ("account_id", "description", "state"))
        theirs = copies["account_id"].eq(account) & copies["state"].eq("completed").fillna(False)
        sources = copies.loc[theirs, "description"].str.extract(_SOURCE)[0]
        rows["copied"] = rows["delivered_by"].isin(sources.dropna())
    else:
        copies = elsewhere.rows(frame, region, _POINTS)
        usable = copies["status"].isin(["COMPLETED", "AVAILABLE"]) & copies["source_vault_arn"].notna()
        copies = copies[usable & copies["account_id"].eq(account)].rename(columns={"vault_name": "vault"})
        newest: pd.Series[Any] = copies.groupby(["resource_id", "vault"])["created_at"].max().rename("newest")
        rows = rows.merge(newest.reset_index(), on=["resource_id", "vault"], how="left")
        rows["copied"] = (rows["delivered_at"] <= rows["newest"]).fillna(False)
    key = ["resource_id", "promise_id", "destination"]
    rows["done"] = rows["delivered_at"].where(rows["copied"])
    rows["last"] = rows.groupby(key)["done"].transform("max")
    behind = rows["last"].isna() | (rows["delivered_at"] > rows["last"])
    rows["waiting"] = rows["delivered_at"].where(behind)
    told = rows.groupby(key, as_index=False).agg(
        newest_backup_at=("delivered_at", "max"), newest_copy_at=("last", "max"), waiting_from=("waiting", "min")
    )
    why = elsewhere.unread((frame,), account, region)
    because = pd.Series(f"Could not tell: {why}." if why else None, index=told.index, dtype=PANDAS["text"])
    told["unknown_because"] = because.where(told["waiting_from"].notna())
    return wanted.drop_duplicates(key).merge(told, on=key)
