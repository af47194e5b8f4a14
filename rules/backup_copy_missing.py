"""A volume whose backups are not copied to where their schedule says."""

from datetime import datetime

import pandas as pd

from auditor.rule import Verdict, flags, lookup, rule


@rule(
    title="Backups are not copied as promised",
    severity="high",
    subject="volumes",
    headline=("1 volume's backups are not copied as promised", "{count} volumes' backups are not copied as promised"),
    message="Backups of {volume_id} wait to be copied to {destinations} since {waiting_from}",
    remedy="aws ec2 describe-snapshots --region {region} --filters Name=volume-id,Values={volume_id}",
    breaks="Nothing: the command only looks.",
    controls={
        "NIST 800-53 r5": ["CP-6", "CP-9"],
        "ISO 27001:2022": ["A.8.13"],
        "SOC 2": ["A1.2"],
    },
)
def backup_copy_missing(
    volumes: pd.DataFrame,
    backup_copies: pd.DataFrame,
    backup_status: pd.DataFrame,
    as_of: datetime,
    *,
    max_lag_hours: int = 24,
) -> Verdict:
    """A copy in another region or account is what is left when the first is lost; without it everything may go at once.

    Judged are schedules of lifecycle policies that copy to a region, and rules of backup plans that copy to a vault,
    on volumes of their own. Found is each promise with a backup older than the lag allowed that is not there as a
    copy, nor is a newer one: copies never came, or have stopped coming. Copies are looked for where they should be:
    snapshots that name their source, recovery points that name their vault of origin. Where the other region or
    account was not read, the verdict stays open.

    Look at the key and the role of the copy, and at the failed copy jobs.
    """
    ids = volumes["volume_id"]
    mine = backup_copies[backup_copies["resource_type"].eq("volume").fillna(False)]
    untold = mine[mine["unknown_because"].notna()]
    late = as_of - mine["waiting_from"] > pd.Timedelta(hours=max_lag_hours)
    behind = mine[late.fillna(False).astype(bool) & mine["unknown_because"].isna()]
    doubt = lookup(ids, backup_status["resource_id"], backup_status["unknown_because"])
    if len(untold):
        doubt = doubt.fillna(lookup(ids, untold["resource_id"], untold["unknown_because"]))
    if not len(behind):
        found = flags(pd.Series(False, index=ids.index)).mask(doubt.notna())
        return pd.DataFrame({"found": found, "unknown_because": doubt})
    told = behind.groupby(["resource_id", "promise_id"], as_index=False, sort=True).agg(
        destinations=("destination", ", ".join),
        waiting_from=("waiting_from", "min"),
        newest_backup_at=("newest_backup_at", "max"),
        newest_copy_at=("newest_copy_at", "min"),
    )
    told = told.rename(columns={"promise_id": "discriminator"})
    places = pd.Index(ids).get_indexer(told["resource_id"])
    told = told[places >= 0].drop(columns="resource_id").set_axis(ids.index[places[places >= 0]])
    rest = doubt[doubt.notna() & ~ids.index.isin(told.index)]
    if not len(rest):
        return told.assign(found=flags(pd.Series(True, index=told.index)))
    unknown = pd.DataFrame({"unknown_because": rest, "discriminator": "", "found": pd.NA}, index=rest.index)
    verdicts = pd.concat([told.assign(found=True), unknown])
    return verdicts.assign(found=verdicts["found"].astype("boolean"))


_USED = {"volume_id": "vol-0a", "state": "in-use"}


def _with(since: str | None, **more: object) -> dict[str, list[dict[str, object]]]:
    copies = {
        "resource_type": "volume",
        "resource_id": "vol-0a",
        "promise_id": "policy-0b/Daily",
        "destination": "eu-west-1",
        "newest_backup_at": "3 hours ago",
        "waiting_from": since,
        **more,
    }
    return {"backup_copies": [copies], "backup_status": [{"resource_id": "vol-0a", "promises": 1}]}


FAILS = [
    {
        **_USED,
        "given": _with("2 days ago"),
        "expect": {"discriminator": "policy-0b/Daily", "destinations": "eu-west-1"},
    },
    {**_USED, "given": _with("3 hours ago"), "params": {"max_lag_hours": 2}},
]
PASSES = [
    _USED,
    {**_USED, "given": _with(None)},
    {**_USED, "given": _with("3 hours ago")},
    {**_USED, "volume_id": "vol-0c", "given": _with("2 days ago")},
    {**_USED, "given": _with("2 days ago", resource_type="instance")},
]
UNKNOWN = [
    {**_USED, "given": _with("2 days ago", unknown_because="Could not tell: eu-west-1 was not looked at.")},
    {**_USED, "gap": "lifecycle_policies"},
]
