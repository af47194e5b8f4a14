"""Which promises cover which volumes: their own, and those of the instances they are attached to."""

from __future__ import annotations

import pandas as pd
import pyarrow.compute as pc

from auditor.analysis.backup.matching import texts
from auditor.frames import FRAMES

#: States of an attachment whose volume is part of its instance's backups.
ATTACHED = ("attached", "busy", "attaching")


def backup_coverage(
    backup_promises: pd.DataFrame,
    volumes: pd.DataFrame,
    volume_tags: pd.DataFrame,
    attachments: pd.DataFrame,
    instances: pd.DataFrame,
    lifecycle_policies: pd.DataFrame,
    lifecycle_targets: pd.DataFrame,
) -> pd.DataFrame:
    """One row per volume and promise that covers it; see the frame ``backup_coverage`` for the columns.

    A backup of an instance holds its attached volumes, but for those that a lifecycle policy of snapshots leaves out
    (Data Lifecycle Manager API reference, Parameters: ExcludeBootVolume, ExcludeDataVolumeTags).
    """
    if not len(backup_promises):
        return FRAMES["backup_coverage"].empty()
    wanted = ["account_id", "region", "resource_id", "promise_id", "mechanism", "ended_at"]
    own = backup_promises.loc[backup_promises["resource_type"] == "volume", wanted]
    own = own.rename(columns={"resource_id": "volume_id"})
    place = pc.index_in(texts(own["volume_id"]), value_set=texts(volumes["volume_id"]))
    since = volumes["created_at"].array.take(pc.fill_null(place, -1).to_numpy(), allow_fill=True)
    own = own.assign(covered_from=pd.Series(since, own.index))
    rows = [own.assign(instance_id=pd.Series(None, own.index, dtype=own["volume_id"].dtype))]
    whole = backup_promises.loc[backup_promises["resource_type"] == "instance", [*wanted, "policy_id", "kind"]]
    if len(whole):
        rows.append(
            _through(whole, volumes, volume_tags, attachments, instances, lifecycle_policies, lifecycle_targets)
        )
    covered = pd.concat([part for part in rows if len(part)] or rows[:1], ignore_index=True)
    return covered[FRAMES["backup_coverage"].names]


def _through(
    whole: pd.DataFrame,
    volumes: pd.DataFrame,
    volume_tags: pd.DataFrame,
    attachments: pd.DataFrame,
    instances: pd.DataFrame,
    policies: pd.DataFrame,
    targets: pd.DataFrame,
) -> pd.DataFrame:
    attached = attachments.loc[
        attachments["state"].isin(ATTACHED) & attachments["volume_id"].isin(volumes["volume_id"]),
        ["instance_id", "volume_id", "device", "attached_at"],
    ]
    rows = whole.rename(columns={"resource_id": "instance_id"}).merge(attached, on="instance_id")
    rows = rows.merge(instances[["instance_id", "root_device_name"]], on="instance_id", how="left")
    root = rows["device"].eq(rows["root_device_name"]).fillna(False)
    of_snapshots = rows["kind"] == "snapshots"
    no_boot = policies.loc[policies["exclude_boot_volume"].fillna(False), "policy_id"]
    left_out = of_snapshots & root & rows["policy_id"].isin(no_boot)
    excluding = targets[targets["kind"].eq("exclude_data_volume").fillna(False)]
    if len(excluding):
        tagged = volume_tags.assign(value=volume_tags["value"].fillna(""))
        carried = tagged.merge(
            excluding[["policy_id", "key", "value"]].fillna({"value": ""}), on=["key", "value"]
        )  # any of the tags is enough
        pairs = pd.MultiIndex.from_frame(carried[["policy_id", "volume_id"]])
        mine = pd.MultiIndex.from_frame(rows[["policy_id", "volume_id"]])
        left_out |= of_snapshots & ~root & mine.isin(pairs)
    return rows[~left_out].rename(columns={"attached_at": "covered_from"})
