"""The sharing map: what parties outside the organisation can reach, summed by account and grantee."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from auditor.analysis.access import SEVERITIES
from auditor.analysis.places import each_place
from auditor.analysis.standing import Standing
from auditor.frames import FRAMES, PANDAS
from auditor.frames.columns import distinct
from auditor.report import text
from auditor.report.sharing import STANDINGS, Reach, Sharing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.config import Config
    from auditor.inventory import Inventory

_KINDS = ("image", "snapshot")
_SHARES = ("image_shares", "snapshot_shares", "snapshot_public_permissions")


class Part(NamedTuple):
    """Who can reach the images, or the snapshots, of one account and region, and who must be able to."""

    kind: str
    access: pd.DataFrame
    selections: pd.DataFrame
    expectations: pd.DataFrame


def sharing_part(frame: Callable[[str], pd.DataFrame], account_id: str, region: str) -> list[Part]:  # noqa: ARG001 - see Summary of the engine
    """The access to one account and region, by kind of what is shared; ``frame`` gives its frames by name."""
    return [
        Part(kind, *(frame(f"{kind}_{what}") for what in ("access", "selections", "expectations"))) for kind in _KINDS
    ]


def sharing_of(inventory: Inventory, config: Config, parts: Sequence[Sequence[Part]] | None = None) -> Sharing:
    """Who outside can reach what, from everything that was collected.

    Args:
        inventory: What was collected.
        config: Says what is expected.
        parts: The access to every account and region; made here when left out.

    Raises:
        InventoryError: A file of the inventory is damaged or missing.
    """
    gaps = inventory.gaps()
    if parts is None:
        held = {"directory": inventory.read("directory"), "gaps": gaps}
        parts = each_place(inventory, config, sharing_part, held)
    rows, standing = [], Standing(config.sharing.expect)
    for part in (part for place in parts for part in place):
        open_ = standing.add(part.kind, part.selections, part.expectations)
        rows += [_of_kind(part.access, part.kind), *([open_] if len(open_) else [])]
    access = pd.concat(rows or [_of_kind(FRAMES["image_access"].empty(), "image")], ignore_index=True)
    outside = access[access["grantee_class"].isin(list(STANDINGS))]
    return Sharing(
        outside=tuple(sorted(_reaches(outside), key=_order)),
        inside=int(access["grantee_class"].isin(["organisation", "unit"]).sum()),
        unread=len(distinct(gaps[gaps["frame"].isin(_SHARES)], "account_id", "region")),
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
