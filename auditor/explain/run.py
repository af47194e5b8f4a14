"""A run as far as one story asks: frames read once, rows looked up by id, edges walked, things called by name."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import pandas as pd

from auditor.analysis import DERIVED, derive
from auditor.config import Config
from auditor.engine.gaps import Gaps
from auditor.engine.supply import Reports, Supply
from auditor.inventory import GLOBAL, Inventory, Partition
from auditor.report import text

Row = dict[str, Any]

#: Frame of what is there and of what lies in the Recycle Bin, by kind of resource.
HOMES: Final = {
    "snapshot": ("snapshots", "recycle_bin_snapshots"),
    "image": ("images", "recycle_bin_images"),
    "volume": ("volumes", "recycle_bin_volumes"),
    "instance": ("instances", ""),
}


class Node(NamedTuple):
    """A resource in a region; its account where that is known."""

    kind: str
    id: str
    region: str | None
    account_id: str | None = None


class Run:
    """Lookups in an inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.as_of = inventory.as_of
        self.gaps = Gaps.of(inventory)
        self._reports = Reports(inventory)
        self._kept: dict[str, pd.DataFrame] = {}
        accounts = self.rows("accounts")
        self.accounts: dict[str, str | None] = {row["account_id"]: row["name"] for row in accounts}
        self._asked: set[tuple[str, ...]] | None = None
        self._places: dict[Partition, Supply] = {}
        self._config = Config.of(inventory.manifest.config, "The manifest")

    def frame(self, name: str) -> pd.DataFrame:
        """A frame of everything that was collected."""
        if name not in self._kept:
            made = name in DERIVED and not self.inventory.holds(name)
            self._kept[name] = derive(name, self._source, self.as_of, self._config) if made else self._source(name)
        return self._kept[name]

    def _source(self, name: str) -> pd.DataFrame:
        if name in DERIVED and not self.inventory.holds(name):
            return self.frame(name)
        if name in ("gaps", "coverage", "item_gaps"):
            return self._reports.frame(name)
        return self.inventory.read(name)

    def here(self, name: str, account_id: str, region: str) -> pd.DataFrame:
        """A frame of one account and region, for what can only be derived there."""
        place = (account_id, region)
        if place not in self._places:
            self._places[place] = Supply(self.inventory, self._reports, self._config, account_id, region)
        return self._places[place].frame(name)

    def asked(self, collector: str, account_id: str, region: str | None) -> bool:
        """Whether a run on disk was to read something in an account and region; one in memory says only gaps."""
        if self.inventory.folder is None or region is None:
            return True
        if self._asked is None:
            columns = ["account_id", "region", "collector"]
            self._asked = set(self._reports.frame("coverage")[columns].itertuples(index=False, name=None))
        return any((account_id, each, collector) in self._asked for each in (region, GLOBAL))

    def rows(self, name: str, **where: Any) -> list[Row]:
        """Rows of a frame that have these values, missing cells as ``None``; values that are ``None`` do not count."""
        return rows_of(self.frame(name), **where)

    def into(self, node: Node) -> list[Row]:
        """Edges that end at a resource: those that say another region are left out."""
        found = self.rows("references_graph", to_type=node.kind, to_id=node.id)
        return [edge for edge in found if node.region is None or edge["to_region"] in (None, node.region)]

    def out_of(self, node: Node) -> list[Row]:
        """Edges that begin at a resource."""
        return self.rows(
            "references_graph", from_type=node.kind, from_id=node.id, region=node.region, account_id=node.account_id
        )

    def home(self, node: Node) -> tuple[Row | None, str]:
        """A resource's row and where it lies: ``here``, ``recycle-bin`` or ``absent``."""
        for frame, where in zip(HOMES.get(node.kind, ()), ("here", "recycle-bin"), strict=False):
            if frame:
                key = {f"{node.kind}_id": node.id}
                found = self.rows(frame, **key, region=node.region, account_id=node.account_id)
                if found:
                    return found[0], where
        return None, "absent"

    def account(self, account_id: str | None) -> str:
        """An account in words."""
        if account_id is None:
            return "an account that is not known"
        name = self.accounts.get(account_id)
        return f"{text.plain(name, 40)} ({account_id})" if name else f"account {account_id}"

    def called(self, node: Node, beside: Node) -> str:
        """A resource in words: what it is, its id and name, its state, and its place where that is another."""
        row, where = self.home(node)
        named = quoted((row or {}).get("name"))
        if row is None:
            return f"{words(node.kind)} {text.plain(node.id)}{self._absent(node, beside)}"
        if where == "recycle-bin":
            state = f"in the Recycle Bin until {text.day(row['exits_at'])}"
        else:
            state = ", ".join(each for each in (row.get("state"), archived(row)) if each)
        place = self.place(row["account_id"], row["region"], beside)
        return f"{node.kind} {node.id}{named} ({state}){place}"

    def place(self, account_id: str | None, region: str | None, beside: Node) -> str:
        """Where something lies, unless it lies beside."""
        said = ""
        if region and beside.region and region != beside.region:
            said += f" in {region}"
        if account_id and account_id != beside.account_id:
            said += f" in {self.account(account_id)}"
        return said

    def _absent(self, node: Node, beside: Node) -> str:
        place = f" in {node.region}" if node.region and node.region != beside.region else ""
        if node.kind == "image":
            seen = self.rows("instance_images", image_id=node.id, region=node.region)
            if seen:
                state = f" ({seen[0]['image_state'] or 'state not known'})"
                return f"{quoted(seen[0]['image_name'])}{state}{place}, {self._owner(seen[0])}"
        if node.kind not in HOMES:
            return place
        if node.region and node.region not in {region for _, region in self.inventory.partitions}:
            return f" in {node.region}, a region that was not read"
        if node.kind in ("volume", "instance"):
            return f"{place}, which is gone"
        return f"{place}, which no account that was read owns"

    def _owner(self, seen: Row) -> str:
        account_id, alias = seen["image_owner_id"], seen["image_owner_alias"]
        if account_id in self.accounts:
            return f"which {self.account(account_id)} had"
        return f"of {text.plain(alias)}" if alias else f"of {self.account(account_id)}"


def rows_of(frame: pd.DataFrame, **where: Any) -> list[Row]:
    """Rows of a frame that have these values, as mappings with ``None`` for what is missing."""
    for column, value in where.items():
        if value is not None and len(frame):
            frame = frame[(frame[column] == value).fillna(False).to_numpy(bool)]
    cells = [[None if pd.isna(cell) else cell for cell in frame[column]] for column in frame.columns]
    return [dict(zip(frame.columns, row, strict=True)) for row in zip(*cells, strict=True)]


def words(kind: str) -> str:
    """A kind of resource in words."""
    return {"auto-scaling-group": "Auto Scaling group", "ssm-parameter": "SSM parameter"}.get(
        kind, kind.replace("-", " ")
    )


def quoted(name: Any) -> str:
    """A name that somebody chose, harmless and in quotes, or nothing."""
    shown = text.plain(name, 60)
    return f" “{shown}”" if shown else ""


def archived(row: Row) -> str:
    """Whether a snapshot lies in the archive, in words."""
    if row.get("restore_expires_at") is not None:
        return f"restored from the archive until {text.day(row['restore_expires_at'])}"
    return "archived" if row.get("storage_tier") == "archive" else ""
