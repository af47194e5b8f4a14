"""Whom things were shared with when an earlier run looked: used again for what was there then, if that is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auditor.aws.collector import Page, Where
from auditor.inventory import Inventory
from auditor.manifest import must_differ

#: Kind of grantee to the member of a permission that names it.
_MEMBERS = {
    "account": "UserId",
    "group": "Group",
    "organisation": "OrganizationArn",
    "unit": "OrganizationalUnitArn",
}
_ID_MEMBERS = {"snapshot": "SnapshotId", "image": "ImageId"}


@dataclass(frozen=True)
class Settled:
    """What an earlier run read of one account and region.

    Attributes:
        ids: The snapshots or images whose permissions it read.
        grants: Those permissions, an item each as AWS names its members, with the id of the resource.
    """

    ids: frozenset[str]
    grants: Page


class Earlier:
    """An earlier run.

    Args:
        inventory: What it collected.

    Attributes:
        read_at: When it began to read.
    """

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self.read_at = inventory.manifest.started_at
        coverage = inventory.coverage()
        # what that run took from one before it, or found by asking less, is not handed on once more
        whole = coverage[coverage["status"].eq("complete") & coverage["error_code"].isna()]
        places = whole[["account_id", "region", "collector"]]
        self._whole = set(places.itertuples(index=False, name=None))
        items = inventory.item_gaps()
        self._missed = set(items[["collector", "resource_id"]].itertuples(index=False, name=None))

    @classmethod
    def of(cls, folder: Path, out: Path) -> Earlier:
        """The run in a folder.

        Raises:
            ConfigError: It is the run that is being made.
            InventoryError: There is no run in it, or it cannot be read.
        """
        must_differ(folder, out, "[sharing] reuse")
        return cls(Inventory.load(folder))

    def said(self) -> str:
        """Which run it is, in words that go into coverage."""
        days = (datetime.now(UTC) - self.read_at).days
        age = "today" if not days else f"{days} day{'' if days == 1 else 's'} ago"
        return (
            f"Whom what was there already is shared with was not asked again, as [sharing] reuse allows: that was read "
            f"on {self.read_at:%Y-%m-%d}, {age}."
        )

    def settled(self, thing: str, where: Where) -> Settled | None:
        """The permissions of snapshots or images of one place; ``None`` where that run did not read them all.

        Snapshots that could not be shared at that time were not asked, and so are not among them.

        Raises:
            InventoryError: A file of the run is damaged or missing.
        """
        place = (where.account_id, where.region)
        shares = f"{thing}_shares"
        if not {(*place, f"{thing}s"), (*place, shares)} <= self._whole:
            return None
        column = f"{thing}_id"
        wanted = [column, "state"] + (["storage_tier"] if thing == "snapshot" else [])
        held = self._inventory.read(f"{thing}s", *place, columns=wanted)
        asked = held["state"].eq("completed" if thing == "snapshot" else "available")
        if thing == "snapshot":
            asked &= held["storage_tier"].ne("archive").fillna(value=True)
        ids = set(held.loc[asked.fillna(value=False), column])
        ids -= {resource for collector, resource in self._missed if collector == shares}
        rows = self._inventory.read(shares, *place)[[column, "grantee_type", "grantee"]]
        return Settled(frozenset(ids), [_grant(thing, *row) for row in rows.itertuples(index=False, name=None)])


def _grant(thing: str, resource_id: str, kind: str, grantee: str) -> Mapping[str, str]:
    return {_ID_MEMBERS[thing]: resource_id, _MEMBERS[kind]: grantee}
