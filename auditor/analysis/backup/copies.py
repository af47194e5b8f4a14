"""Whether what is backed up is copied to where its promise says: another region, another account, another vault.

CopySnapshot writes the source on the copy's description, and CopyImage names it (Amazon EBS User Guide, "Copy an Amazon
EBS snapshot"; API reference, Image, ``SourceImageId``); Data Lifecycle Manager copies each snapshot, or the image. AWS
Backup's copies name their vault of origin, and keep the creation date of what they are copies of (API reference,
RecoveryPointByBackupVault, ``SourceBackupVaultArn``; Developer Guide, "Copy a backup").
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import pandas as pd

from auditor.analysis.backup.copied import There, there
from auditor.analysis.backup.doubt import in_doubt
from auditor.analysis.backup.originals import originals
from auditor.analysis.backup.promising import UNIT_DAYS
from auditor.analysis.elsewhere import Elsewhere
from auditor.frames import FRAMES, PANDAS

_PROMISED: Final = [
    "account_id",
    "region",
    "resource_type",
    "resource_id",
    "promise_id",
    "promise_name",
    "policy_id",
    "schedule_name",
    "kind",
    "interval_hours",
    "promised_from",
]
_WHERE: Final = ["copied_as", "destination", "to_account", "to_region", "vault", "held_days"]
_KEY: Final = ["resource_id", "promise_id", "destination"]

#: Parts of a backup that are named.
_NAMED: Final = 5

_GONE: Final = "Could not tell: what the copies that are there were made from is gone, and they do not name it."


def backup_copies(
    backup_promises: pd.DataFrame,
    backup_windows: pd.DataFrame,
    backup_coverage: pd.DataFrame,
    backup_status: pd.DataFrame,
    lifecycle_copies: pd.DataFrame,
    backup_rule_copies: pd.DataFrame,
    volumes: pd.DataFrame,
    instances: pd.DataFrame,
    snapshots: pd.DataFrame,
    snapshot_tags: pd.DataFrame,
    images: pd.DataFrame,
    image_tags: pd.DataFrame,
    as_of: datetime,
    elsewhere: Elsewhere,
) -> pd.DataFrame:
    """One row per resource, promise and destination that its backups are to be copied to; see the frame."""
    declared = FRAMES["backup_copies"]
    parts = [in_doubt(volumes, instances, backup_status)]
    wanted = _wanted(backup_promises, lifecycle_copies, backup_rule_copies)
    if len(wanted):
        made = originals(wanted, backup_windows, backup_coverage, snapshots, snapshot_tags, images, image_tags)
        own = pd.concat([snapshots["snapshot_id"], images["image_id"]])
        told = pd.concat(
            [
                _told(rows, made, there(str(kind), str(account), str(region), rows, own, elsewhere), as_of)
                for (kind, account, region), rows in wanted.groupby(["copied_as", "to_account", "to_region"], sort=True)
            ],
            ignore_index=True,
        )
        parts.append(_judged(told, backup_windows, as_of))
    parts = [part for part in parts if len(part)]
    if not parts:
        return declared.empty()
    return declared.conform(pd.concat(parts, ignore_index=True).reindex(columns=declared.names))


def _wanted(promises: pd.DataFrame, policies: pd.DataFrame, rules: pd.DataFrame) -> pd.DataFrame:
    """Every resource and promise with where it is to be copied to, and for how many days copies are kept at least."""
    if promises.empty or (policies.empty and rules.empty):
        return pd.DataFrame()
    named = ["policy_id", "schedule_name"]
    of_policy = promises[_PROMISED].merge(
        policies[[*named, "target", "retain_interval", "retain_interval_unit"]].drop_duplicates([*named, "target"]),
        on=named,
    )
    # a copy to an Outpost names its ARN, and lies in no region
    of_policy = of_policy[~of_policy["target"].str.startswith("arn:").fillna(True).astype(bool)]
    days = of_policy["retain_interval_unit"].map(UNIT_DAYS).astype("Float64")
    # default policies copy snapshots of volumes, and images of instances
    kind = of_policy["resource_type"].map({"volume": "snapshots", "instance": "images"}).astype(PANDAS["text"])
    of_policy = of_policy.assign(
        copied_as=of_policy["kind"].mask(of_policy["kind"].eq("any"), kind),
        destination=of_policy["target"],
        to_account=of_policy["account_id"],
        to_region=of_policy["target"],
        vault=None,
        held_days=of_policy["retain_interval"] * days,
    )
    actions = rules[["plan_id", "rule_id", "destination_vault_arn", "delete_after_days"]]
    of_rule = promises[[*_PROMISED, "plan_id", "rule_id"]].merge(
        actions.drop_duplicates(["plan_id", "rule_id", "destination_vault_arn"]), on=["plan_id", "rule_id"]
    )
    parts = of_rule["destination_vault_arn"].str.extract(r"^arn:[^:]*:backup:([^:]+):(\d{12}):backup-vault:(.+)$")
    days = of_rule["delete_after_days"].astype("Float64")
    of_rule = of_rule.assign(
        copied_as="recovery-points",
        destination=of_rule["destination_vault_arn"],
        to_region=parts[0],
        to_account=parts[1],
        vault=parts[2],
        held_days=days.where(days > 0),
    )
    both = [rows[[*_PROMISED, *_WHERE]] for rows in (of_policy, of_rule) if len(rows)]
    return pd.concat(both, ignore_index=True).dropna(subset=["to_account", "to_region"]) if both else pd.DataFrame()


def _told(wanted: pd.DataFrame, made: pd.DataFrame, copies: There, as_of: datetime) -> pd.DataFrame:
    """How far the copies to one account and region have come."""
    rows = wanted[[*_KEY, "vault", "held_days", "promised_from"]].merge(made, on=["resource_id", "promise_id"])
    # before its last change the promise may have said nothing of copies; what their own age has ended is not there
    gone = as_of - rows["at"] > pd.to_timedelta(rows.pop("held_days").astype("float64"), unit="D")
    rows = rows[~(gone | (rows["at"] < rows.pop("promised_from")))]
    rows["copied"] = copies.hold(rows)
    whole = rows.groupby([*_KEY, "at"])["copied"].transform("all")
    rows["last"] = rows["at"].where(whole).groupby([rows[name] for name in _KEY]).transform("max")
    rows["last"] = rows["last"].fillna(copies.newest(rows))
    behind = rows["last"].isna() | (rows["at"] > rows["last"])
    rows["waiting"] = rows["at"].where(behind)
    told = rows.groupby(_KEY, as_index=False).agg(newest_backup_at=("at", "max"), waiting_from=("waiting", "min"))
    lacking = rows.merge(told, on=_KEY)
    lacking = lacking[~lacking["copied"] & (lacking["at"] == lacking["waiting_from"]).fillna(False)]
    parts = lacking.groupby(_KEY, as_index=False).agg(waiting=("item", _names))
    last = rows.drop_duplicates(_KEY)[[*_KEY, "last"]]
    told = wanted.merge(told, on=_KEY, how="left").merge(parts, on=_KEY, how="left").merge(last, on=_KEY, how="left")
    told["newest_copy_at"] = told["last"].fillna(copies.newest(told))
    loose = copies.loose(told)
    doubtful = told["newest_copy_at"].isna() & told["newest_backup_at"].notna() & loose.notna()
    told["newest_copy_at"] = told["newest_copy_at"].mask(doubtful, loose)
    told["unknown_because"] = pd.Series(_GONE, index=told.index, dtype=PANDAS["text"]).where(doubtful)
    told["unread"] = pd.Series(copies.unread, index=told.index, dtype=PANDAS["text"])
    return told


def _names(items: pd.Series[Any]) -> str:
    """The first few, and how many more there are."""
    named = ", ".join(sorted(items)[:_NAMED])
    return f"{named} and {len(items) - _NAMED} more" if len(items) > _NAMED else named


def _judged(told: pd.DataFrame, windows: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """For how long what is there has not been what was promised, and why that cannot be told."""
    age, waits, promised = (
        (as_of - told[name]).dt.total_seconds() / 3600 for name in ("newest_copy_at", "waiting_from", "promised_from")
    )
    nothing = told["newest_copy_at"].isna() & told["newest_backup_at"].notna()
    apart = told["interval_hours"].astype("float64")
    behind = pd.concat([waits, age - apart, (promised - apart).where(nothing)], axis=1).max(axis=1).clip(lower=0)
    unseen = told["unread"].notna() & (behind > 0)
    untold = windows.loc[windows["verdict"].eq("unknown").fillna(False), ["resource_id", "promise_id", "cause"]]
    untold = untold.drop_duplicates(["resource_id", "promise_id"])
    cause = told[["resource_id", "promise_id"]].merge(untold, on=["resource_id", "promise_id"], how="left")["cause"]
    why = ("Could not tell: " + told["unread"] + ".").where(unseen).fillna(cause)
    standing = pd.Series("no copy is there", index=told.index, dtype=PANDAS["text"])
    hours = age.round().astype("Int64").astype(PANDAS["text"])
    standing = standing.mask(age.notna(), "the newest copy is " + hours + " hours old")
    return told.assign(
        copy_age_hours=age,
        behind_hours=behind.mask(why.notna()),
        standing=standing.where(behind > 0),
        unknown_because=why.fillna(told["unknown_because"]),
    )
