"""The sharing map: what parties outside the organisation can reach, summed by account and grantee."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from auditor.analysis.access import SEVERITIES
from auditor.analysis.places import frames_of
from auditor.analysis.standing import Standing
from auditor.frames import FRAMES, PANDAS
from auditor.report import text
from auditor.report.sharing import STANDINGS, Reach, Sharing

if TYPE_CHECKING:
    from auditor.config import Config
    from auditor.inventory import Inventory

_KINDS = ("image", "snapshot")
_SHARES = ("image_shares", "snapshot_shares", "snapshot_public_permissions")


def sharing_of(inventory: Inventory, config: Config) -> Sharing:
    """Who outside can reach what, from everything that was collected.

    Raises:
        InventoryError: A file of the inventory is damaged or missing.
    """
    held = {"directory": inventory.read("directory"), "gaps": inventory.gaps()}
    parts, standing = [], Standing(config.sharing.expect)
    for place in inventory.partitions:
        frame = frames_of(inventory, *place, held, config)
        for kind in _KINDS:
            selections, expectations = frame(f"{kind}_selections"), frame(f"{kind}_expectations")
            open_ = standing.add(kind, selections, expectations)
            parts += [_of_kind(frame(f"{kind}_access"), kind), *([open_] if len(open_) else [])]
    access = pd.concat(parts or [_of_kind(FRAMES["image_access"].empty(), "image")], ignore_index=True)
    unread = held["gaps"].loc[held["gaps"]["frame"].isin(_SHARES), ["account_id", "region"]].drop_duplicates()
    outside = access[access["grantee_class"].isin(list(STANDINGS))]
    return Sharing(
        outside=tuple(sorted(_reaches(outside), key=_order)),
        inside=int(access["grantee_class"].isin(["organisation", "unit"]).sum()),
        unread=len(unread),
        access=access,
        severities=SEVERITIES,
        expected=standing.lines(),
        notes=_notes(inventory.coverage()),
    )


def _notes(coverage: pd.DataFrame) -> tuple[str, ...]:
    """How shares were found where not everything was asked: what the collectors said of it, and in how many places."""
    said = coverage[coverage["collector"].isin(_SHARES) & coverage["message"].notna()]
    said = said[said["status"].eq("complete")].drop_duplicates(["message", "account_id", "region"])
    counted = said.groupby("message").size().sort_index()
    return tuple(f"{message} ({text.counted(int(places), 'account-region')})" for message, places in counted.items())


def _of_kind(access: pd.DataFrame, kind: str) -> pd.DataFrame:
    none = pd.array([pd.NA] * len(access), dtype=PANDAS["text"])
    return access.rename(columns={f"{kind}_id": "resource_id"}).assign(resource_type=kind, expectation=none)


def _reaches(outside: pd.DataFrame) -> list[Reach]:
    counted = outside.assign(
        images=outside["resource_type"].eq("image"),
        snapshots=outside["resource_type"].eq("snapshot"),
        dead=outside["effective"].eq(False).fillna(False),
        unclear=outside["effective"].isna(),
    )
    keys = ["account_id", "grantee", "grantee_class"]
    numbers = ["images", "snapshots", "dead", "unclear"]
    summed = counted.groupby(keys, sort=True, dropna=False).agg(
        **{name: (name, "sum") for name in numbers}, name=("grantee_name", "first")
    )
    return [
        Reach(account, grantee, standing, int(images), int(snapshots), int(dead), int(unclear), "", _text(name))
        for account, grantee, standing, images, snapshots, dead, unclear, name in summed.reset_index()
        .astype(object)
        .itertuples(index=False, name=None)
    ]


def _text(name: object) -> str:
    return name if isinstance(name, str) else ""


def _order(line: Reach) -> tuple[int, int, str, str]:
    return list(STANDINGS).index(line.standing), -line.things, line.grantee, line.account_id
