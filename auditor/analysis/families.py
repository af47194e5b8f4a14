"""The page of image families: every family, and the images of those that are shown."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from auditor.analysis import derive
from auditor.analysis.image_families import standings
from auditor.analysis.places import asked, collectors_of, frames_of
from auditor.frames.columns import distinct
from auditor.inventory import GLOBAL
from auditor.report import text
from auditor.report.families import STANDINGS, Families, Family, Made

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from auditor.config import Config
    from auditor.inventory import Inventory, Partition
    from auditor.report.model import Spend

__all__ = ["families_of"]

#: Families on the page.
_SHOWN: Final = 8

#: What must have been read of a place to say that nothing there uses an image or looks after it.
_NEEDED: Final = ("image_references", "image_shares", "recovery_points", "lifecycle_policies")

_KEYS: Final = ["account_id", "region", "image_id"]
_FAMILY: Final = ["account_id", "region", "family"]
_MONEY: Final = ("monthly_low_usd", "monthly_high_usd", "spare_low_usd", "spare_high_usd")


def families_of(inventory: Inventory, config: Config, spend: Spend, kept: Path | None = None) -> Families:
    """Every family of images, from everything that was collected.

    Args:
        inventory: What was collected.
        config: Says what a family is, and how many images of it are kept.
        spend: Holds what the snapshots behind images cost.
        kept: Where derived frames were kept, see :func:`~auditor.analysis.places.keep`.

    Raises:
        InventoryError: A file of the inventory is damaged or missing.
    """
    held: dict[str, pd.DataFrame] = {"gaps": inventory.gaps(), "snapshot_costs": spend.behind_images}
    frame = _frames(inventory, config, held)
    unread = _unread(inventory)
    use = frame("image_use")
    dark = pd.Series(list(zip(use["account_id"], use["region"], strict=True)), dtype=object).isin(list(unread))
    held["image_use"] = use.assign(
        blind_spot=use["blind_spot"].mask(dark & use["blind_spot"].isna(), "what uses it could not be read")
    )
    table = frame("image_families")
    images = frame("image_generations")[[*_KEYS, "family", "is_managed"]].assign(
        standing=standings(frame("images"), frame("image_generations"), frame("image_use")),
        created_at=frame("images")["created_at"],
    )
    ranked = table.assign(dear=table["spare_high_usd"].astype(object), cost=table["monthly_high_usd"].astype(object))
    order = ranked.sort_values(
        ["spare", "dear", "images", "cost", *_FAMILY], ascending=[False] * 4 + [True] * 3, kind="stable"
    ).index
    shown: list[dict[str, Any]] = table.loc[order[:_SHOWN]].astype(object).to_dict("records")  # type: ignore[assignment]
    named = images[images["family"].isin([row["family"] for row in shown]) & images["standing"].notna()]
    return Families(
        shown=tuple(_family(row, named) for row in shown),
        families=len(table),
        spared=int(table["spare"].gt(0).sum()),
        total=_total(table),
        unpriced=int(table["unpriced"].sum()),
        keep=config.images.keep,
        unread=len(unread),
        asked=asked(inventory, _NEEDED) or not len(table),
        table=table.loc[order].reset_index(drop=True),
        details=partial(details, inventory, images, kept),
    )


def details(
    inventory: Inventory, images: pd.DataFrame, kept: Path | None, account_id: str, region: str
) -> pd.DataFrame:
    """The ``image_origins`` of one account and region with the family of each image and what it is in it beside them.

    Raises:
        InventoryError: A file of the inventory is damaged or missing.
    """
    here = images[(images["account_id"] == account_id) & (images["region"] == region)]
    origins = frames_of(inventory, account_id, region, {}, kept=kept)("image_origins")
    return origins.merge(here[[*_KEYS, "family", "standing"]], on=_KEYS, how="left")


def _frames(inventory: Inventory, config: Config, held: dict[str, pd.DataFrame]) -> Callable[[str], pd.DataFrame]:
    """Gives the frames of everything that was collected, each read or made once."""
    made = ("image_families", "image_generations", "image_use")

    def frame(name: str) -> pd.DataFrame:
        if name not in held:
            held[name] = derive(name, frame, inventory.as_of, config) if name in made else inventory.read(name)
        return held[name]

    return frame


def _unread(inventory: Inventory) -> set[Partition]:
    """The places in which something that is needed was not read completely, or not asked for at all."""
    collectors = collectors_of(_NEEDED)
    coverage = inventory.coverage()
    mine = coverage[coverage["collector"].isin(list(collectors))]
    broken = mine[mine["status"].ne("complete")]
    gaps = distinct(broken, "account_id", "region")
    read: dict[Partition, set[str]] = {}
    for account, region, collector in mine[["account_id", "region", "collector"]].itertuples(index=False, name=None):
        read.setdefault((account, region), set()).add(collector)

    def seen(place: Partition) -> bool:
        places = (place, (place[0], GLOBAL))
        if gaps.intersection(places):
            return False
        # an inventory in memory notes gaps only
        return inventory.folder is None or collectors <= set().union(*(read.get(each, set()) for each in places))

    return {place for place in inventory.partitions if not seen(place)}


def _family(row: dict[str, Any], images: pd.DataFrame) -> Family:
    here = [images[name].eq(row[name]).to_numpy(bool) for name in _FAMILY]
    mine = images[np.logical_and.reduce(here)]
    dated = mine.dropna(subset="created_at").sort_values("created_at", kind="stable")
    made = tuple(
        Made(at.to_pydatetime(), standing) for at, standing in zip(dated["created_at"], dated["standing"], strict=True)
    )
    numbers: dict[str, Any] = {name: int(row[name]) for name in ("images", *STANDINGS)}
    return Family(
        account_id=row["account_id"],
        region=row["region"],
        name=row["family"],
        newest_image=row["newest_image_id"],
        newest_at=None if pd.isna(row["newest_at"]) else row["newest_at"].to_pydatetime(),
        made=made,
        where=_where(row),
        stored_high_bytes=int(row["stored_high_bytes"]),
        **numbers,
        **{name.replace("monthly_", ""): row[name] for name in _MONEY},
    )


def _where(row: dict[str, Any]) -> str:
    """Who uses a family, and who else could."""
    uses = [
        text.counted(int(row[name]), noun)
        for name, noun in (("instances", "instance"), ("templates", "template"))
        if row[name]
    ]
    uses += [f"{text.count(row['other_references'])} {'other' if uses else 'place'}"] if row["other_references"] else []
    said = ", ".join(use.replace(" ", "\u00a0") for use in uses)
    if row["using_accounts"] > 1:
        said += f" in {text.count(row['using_accounts'])} accounts"
    parts = [said] if said else []
    parts += [f"copied to {text.plain(row['copied_to'], 80)}"] if isinstance(row["copied_to"], str) else []
    parts += [f"{text.count(row['public_images'])} public"] if row["public_images"] else []
    parts += [f"{text.count(row['shared_images'])} shared"] if row["shared_images"] else []
    return "; ".join(parts)


def _total(table: pd.DataFrame) -> Family:
    sums: dict[str, Any] = {name: int(table[name].sum()) for name in ("images", *STANDINGS, "stored_high_bytes")}
    sums |= {name.replace("monthly_", ""): sum(table[name], Decimal(0)) for name in _MONEY}
    return Family("", "", "", newest_image="", newest_at=None, made=(), where="", **sums)
