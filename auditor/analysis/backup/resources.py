"""The volumes and instances that can be backed up, as rows of one kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.frames.columns import as_arrow, as_text

#: States of volumes and of instances that hold something worth a backup.
VOLUME_STATES = ("in-use", "available")
INSTANCE_STATES = ("pending", "running", "stopping", "stopped")


@dataclass(frozen=True)
class Held:
    """Volumes and instances of one account and region.

    Attributes:
        resources: ``account_id``, ``region``, ``resource_type``, ``resource_id``, ``arn`` and ``since``, when it came
            to be as far as is known.
        tags: ``resource_type``, ``resource_id``, ``key`` and ``value``.
    """

    resources: pd.DataFrame
    tags: pd.DataFrame

    def carrying(self, tag: str, value: str | None) -> list[str]:
        """Ids of the resources that carry a tag; with any value where none is given."""
        rows = self.tags["key"].eq(tag)
        if value is not None:
            rows &= self.tags["value"].fillna("").eq(value)
        found: list[str] = self.tags.loc[rows.fillna(False), "resource_id"].tolist()
        return found


def resources_of(
    volumes: pd.DataFrame,
    volume_tags: pd.DataFrame,
    instances: pd.DataFrame,
    instance_tags: pd.DataFrame,
    attachments: pd.DataFrame,
) -> Held:
    """Volumes in use or lying idle and instances that are not terminated, with their tags.

    An instance's launch is the last time it was started; a volume that was attached before shows that it is older.
    """
    disks = volumes.loc[volumes["state"].isin(VOLUME_STATES), ["account_id", "region", "volume_id", "created_at"]]
    rows = _rows(disks, "volume", disks["created_at"])
    tags = _tags(volume_tags, "volume")
    if len(instances):
        machines = instances[instances["state"].isin(INSTANCE_STATES)]
        attached = attachments.groupby("instance_id")["attached_at"].min().reindex(machines["instance_id"])
        launched = machines["launched_at"]
        earliest = pd.Series(attached.array, index=machines.index)
        since = launched.mask(launched.isna() | (earliest < launched).fillna(False), earliest)
        rows = pd.concat([rows, _rows(machines, "instance", since)])
        tags = pd.concat([tags, _tags(instance_tags, "instance")])
    return Held(rows.reset_index(drop=True), tags.reset_index(drop=True))


def roots_of(attachments: pd.DataFrame, instances: pd.DataFrame) -> pd.DataFrame:
    """Instance and root volume: the one at the instance's root device."""
    devices = instances[["instance_id", "root_device_name"]].dropna()
    joined = attachments.merge(devices, on="instance_id")
    return joined.loc[joined["device"].eq(joined["root_device_name"]).fillna(False), ["instance_id", "volume_id"]]


def _rows(frame: pd.DataFrame, kind: str, since: pd.Series[Any]) -> pd.DataFrame:
    ids = frame[f"{kind}_id"]
    region, account = as_arrow(frame["region"]), as_arrow(frame["account_id"])
    elsewhere = pc.if_else(pc.starts_with(region, "us-gov-"), "aws-us-gov", "aws")
    partition = pc.if_else(pc.starts_with(region, "cn-"), "aws-cn", elsewhere)
    arn = pc.binary_join_element_wise(
        "arn:", partition, ":ec2:", region, ":", account, f":{kind}/", as_arrow(ids).cast(pa.string()), ""
    )
    return pd.DataFrame(
        {
            "account_id": frame["account_id"],
            "region": frame["region"],
            "resource_type": pd.Series(kind, index=frame.index, dtype=ids.dtype),
            "resource_id": ids,
            "arn": as_text(arn).set_axis(frame.index),
            "since": since,
        }
    )


def _tags(tags: pd.DataFrame, kind: str) -> pd.DataFrame:
    ids = tags[f"{kind}_id"]
    return pd.DataFrame(
        {
            "resource_type": pd.Series(kind, index=tags.index, dtype=ids.dtype),
            "resource_id": ids,
            "key": tags["key"],
            "value": tags["value"],
        }
    )
