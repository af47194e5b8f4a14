"""What lies at the other end: copies in one account and region, by what they are copies of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

import pandas as pd
import pyarrow.compute as pc

from auditor.analysis.elsewhere import Elsewhere
from auditor.frames.columns import PANDAS, as_arrow

_COPIED: Final = r"(?s)^\[Copied (?P<source>(?:snap|ami)-[0-9a-f]+) from (?P<region>[a-z0-9-]+)\] ?(?P<words>.*)$"

_SNAPSHOT: Final = ("account_id", "description", "state", "started_at")
_IMAGE: Final = (
    "account_id",
    "description",
    "state",
    "source_image_id",
    "source_image_region",
    "source_instance_id",
    "created_at",
)
_POINT: Final = ("account_id", "vault_name", "resource_id", "status", "source_vault_arn", "created_at")


def _none(rows: pd.DataFrame) -> pd.Series[Any]:
    none: pd.Series[Any] = pd.Series(pd.NaT, index=rows.index, dtype=PANDAS["moment"])
    return none


class There(Protocol):
    """The copies in one account and region; rows are of what should be there."""

    @property
    def unread(self) -> str | None:
        """Why there may be more copies than are seen; ``None`` where all were read."""

    def hold(self, rows: pd.DataFrame) -> pd.Series[bool]:
        """Whether a copy of each ``item`` is there; or, where copies do not name it, of what is no older."""

    def newest(self, rows: pd.DataFrame) -> pd.Series[Any]:
        """The moment of the newest backup of each resource that is there; missing where copies do not name it."""

    def loose(self, rows: pd.DataFrame) -> pd.Series[Any]:
        """When the newest copy was made that may be of each resource: what it was made from is gone."""


def there(
    kind: str, account: str, region: str, wanted: pd.DataFrame, own: pd.Series[Any], elsewhere: Elsewhere
) -> There:
    """The copies in one account and region.

    Args:
        kind: What is copied: snapshots, images or recovery-points.
        account: The account.
        region: The region.
        wanted: What should be there, all from one region.
        own: The snapshots and images that there are in that region and account.
        elsewhere: Looks there.
    """
    frame = kind.replace("-", "_")
    unread = elsewhere.unread((frame,), account, region, alone=True)
    if kind == "recovery-points":
        rows = elsewhere.rows(frame, region, _POINT)
        usable = rows["status"].isin(["COMPLETED", "AVAILABLE"]) & rows["source_vault_arn"].notna()
        rows = rows[usable & rows["account_id"].eq(account).fillna(False)].rename(columns={"vault_name": "vault"})
        moments: pd.Series[Any] = rows.groupby(["resource_id", "vault"])["created_at"].max().rename("newest")
        return _Points(moments.reset_index(), unread)
    here = str(wanted["region"].iat[0])
    look = _snapshots if kind == "snapshots" else _images
    copies = look(elsewhere, account, region)
    copies = copies[copies["region"].eq(here).fillna(False)]
    gone = pc.invert(pc.is_in(as_arrow(copies["source"]), value_set=as_arrow(own), skip_nulls=True))
    return _Named(copies, copies[gone.to_numpy(zero_copy_only=False)], unread)


def _snapshots(elsewhere: Elsewhere, account: str, region: str) -> pd.DataFrame:
    """Usable copies of snapshots: ``source``, its ``region``, the ``words`` it was described with, and ``at``."""
    rows = elsewhere.rows("snapshots", region, _SNAPSHOT)
    said = as_arrow(rows["description"])
    mine = pc.and_(pc.equal(as_arrow(rows["account_id"]), account), pc.equal(as_arrow(rows["state"]), "completed"))
    mine = pc.fill_null(pc.and_(mine, pc.starts_with(said, "[Copied snap-")), False)
    told = pc.extract_regex(said.filter(mine), _COPIED)
    names = ("source", "region", "words")
    copies = pd.DataFrame({name: PANDAS["text"].__from_arrow__(pc.struct_field(told, name)) for name in names})
    return copies.assign(at=rows.loc[mine.to_numpy(zero_copy_only=False), "started_at"].array)


def _images(elsewhere: Elsewhere, account: str, region: str) -> pd.DataFrame:
    """Usable copies of images, as :func:`_snapshots`; an image that was made of an instance is no copy."""
    rows = elsewhere.rows("images", region, _IMAGE)
    mine = rows["account_id"].eq(account) & rows["state"].eq("available") & rows["source_instance_id"].isna()
    rows = rows[mine.fillna(False)]
    said = rows["description"].str.extract(_COPIED)
    return pd.DataFrame(
        {
            "source": rows["source_image_id"].fillna(said["source"]),
            "region": rows["source_image_region"].fillna(said["region"]),
            "words": said["words"],
            "at": rows["created_at"],
        }
    )


@dataclass(frozen=True)
class _Named:
    """Copies that name what they are copies of, and not of what that is a backup."""

    copies: pd.DataFrame
    gone: pd.DataFrame
    unread: str | None

    def hold(self, rows: pd.DataFrame) -> pd.Series[bool]:
        held: pd.Series[bool] = rows["item"].isin(self.copies["source"].dropna())
        return held

    def newest(self, rows: pd.DataFrame) -> pd.Series[Any]:
        return _none(rows)

    def loose(self, rows: pd.DataFrame) -> pd.Series[Any]:
        found = self.newest(rows)
        if self.gone.empty:
            return found
        words = self.gone["words"].fillna("")
        of_images = self.gone["source"].str.startswith("ami-")
        for (policy, schedule), mine in rows.fillna({"schedule_name": ""}).groupby(["policy_id", "schedule_name"]):
            # what a copy of an image is described with, nobody promises
            fits = of_images | words.str.startswith(f"Created for policy: {policy} schedule: {schedule}")
            found[mine.index] = self.gone.loc[fits.fillna(False), "at"].max()
        return found


@dataclass(frozen=True)
class _Points:
    """Recovery points, which name the resource and keep the moment of what they are copies of."""

    moments: pd.DataFrame
    unread: str | None

    def hold(self, rows: pd.DataFrame) -> pd.Series[bool]:
        held: pd.Series[bool] = (rows["at"] <= self.newest(rows)).fillna(False)
        return held

    def newest(self, rows: pd.DataFrame) -> pd.Series[Any]:
        key = ["resource_id", "vault"]
        found: pd.Series[Any] = rows[key].merge(self.moments, on=key, how="left")["newest"]
        return found.set_axis(rows.index)

    def loose(self, rows: pd.DataFrame) -> pd.Series[Any]:
        return _none(rows)
