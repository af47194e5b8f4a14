"""What each family of images comes to: how many, who uses them, which of them are spare, and what they cost."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.image_generations import parents
from auditor.analysis.keys import Flags, Integers, keys, numbered, places, whole
from auditor.analysis.money import dollars, micros
from auditor.frames import FRAMES
from auditor.frames.columns import as_arrow, as_text

__all__ = ["STANDINGS", "image_families", "standings"]

#: What an image is in its family; each is one of them.
STANDINGS: Final = ("used", "kept", "spare", "unclear", "disabled")

_FAMILY: Final = ["account_id", "region", "family"]
_COSTS: Final = ("stored_low_bytes", "stored_high_bytes", "monthly_low_usd", "monthly_high_usd")


def standings(images: pd.DataFrame, image_generations: pd.DataFrame, image_use: pd.DataFrame) -> pd.Series[Any]:
    """What each image is in its family, one of ``STANDINGS``; missing where it has none or cannot be launched again.

    The frames are in the same order, a row for each image.
    """
    used = image_use["current_references"].gt(0).to_numpy(bool)
    there = images["state"].eq("available").fillna(False).to_numpy(bool)
    disabled = images["state"].eq("disabled").fillna(False).to_numpy(bool)
    kept = image_generations["is_kept"].fillna(False).to_numpy(bool)
    blind = image_use["blind_spot"].notna().to_numpy() | image_generations["is_kept"].isna().to_numpy()
    standing = np.select([used, kept, disabled, blind], ["used", "kept", "disabled", "unclear"], "spare")
    judged = (there | disabled) & image_generations["family"].notna().to_numpy()
    return pd.Series(standing, dtype="string").where(judged)


def image_families(
    images: pd.DataFrame,
    image_generations: pd.DataFrame,
    image_use: pd.DataFrame,
    image_references: pd.DataFrame,
    image_shares: pd.DataFrame,
    image_block_devices: pd.DataFrame,
    snapshot_costs: pd.DataFrame,
) -> pd.DataFrame:
    """One row per family, in the order of account, region and name; see the frame ``image_families``.

    The frames hold everything that was collected, for images are used and copied across accounts and regions. A
    snapshot counts once: for the family whose oldest image maps it.
    """
    standing = standings(images, image_generations, image_use)
    judged = standing.notna().to_numpy()
    mine = images[judged].assign(family=image_generations["family"].array[judged], standing=standing.array[judged])
    mine = mine.assign(_made=mine["created_at"].to_numpy("datetime64[us]"), _row=judged.nonzero()[0])
    mine = mine.sort_values([*_FAMILY, "_made"], kind="stable", ignore_index=True)
    code = numbered(keys(mine, "family"))
    begins = np.flatnonzero(np.diff(code, prepend=-1))
    many = len(begins)
    count = _Counter(code, many)
    family_by = pd.Series(image_generations["family_by"].to_numpy()[mine["_row"].iloc[begins]], dtype="string")
    made = mine[_FAMILY].iloc[begins].reset_index(drop=True).assign(family_by=family_by, images=count.all())
    for name in STANDINGS:
        made[name] = count.where(mine["standing"].eq(name).to_numpy(bool))
    shared = image_shares[
        image_shares["grantee_type"].ne("group") & image_shares["grantee"].ne(image_shares["account_id"])
    ]
    made["public_images"] = count.where(mine["is_public"].fillna(False).to_numpy(bool))
    made["shared_images"] = count.where(places(keys(mine, "image_id"), keys(shared, "image_id")) >= 0)
    parts = (
        _ages(mine, code, many),
        _uses(mine, code, many, image_references),
        _copies(mine, code, many, images),
        _costs(mine, code, many, image_block_devices, snapshot_costs),
    )
    return FRAMES["image_families"].conform(pd.concat([made, *parts], axis=1))


class _Counter:
    """Counts rows by the family they are of."""

    def __init__(self, code: Integers, many: int) -> None:
        self._code, self._many = code, many

    def all(self) -> Integers:
        return np.bincount(self._code, minlength=self._many)

    def where(self, fits: Flags) -> Integers:
        return np.bincount(self._code[fits], minlength=self._many)


def _ages(mine: pd.DataFrame, code: Integers, many: int) -> pd.DataFrame:
    """The newest image of each family, available ones before others, and the age of the oldest."""
    ready = mine["state"].eq("available").to_numpy(bool)
    order = np.lexsort((mine["_made"].fillna(pd.Timestamp(0)).to_numpy(), ready, code))
    last = order[np.flatnonzero(np.diff(code[order], append=many))]
    newest = mine.iloc[last].reset_index(drop=True)
    oldest = mine["created_at"].groupby(code).min().reset_index(drop=True)
    return pd.DataFrame(
        {
            "newest_image_id": newest["image_id"],
            "newest_name": newest["name"],
            "newest_at": newest["created_at"],
            "oldest_at": oldest,
        }
    )


def _named(frame: pd.DataFrame) -> pa.Array:
    """Region and image: what an image is named by, whoever owns it."""
    return pc.binary_join_element_wise(as_arrow(frame["region"]), as_arrow(frame["image_id"]), "\x1f")


def _uses(mine: pd.DataFrame, code: Integers, many: int, references: pd.DataFrame) -> pd.DataFrame:
    """What names the images of each family currently, whatever names several of them once."""
    current = references[references["strength"].ne("old").fillna(True).to_numpy(bool)]
    image = places(_named(current), _named(mine))
    current, image = current[image >= 0], image[image >= 0]
    who = numbered(keys(current, "referrer_type", "referrer_id"))
    kind = current["referrer_type"]
    instance = kind.eq("instance").fillna(False).to_numpy(bool)
    template = kind.eq("launch-template").fillna(False).to_numpy(bool)
    account = numbered(as_arrow(current["account_id"]))
    return pd.DataFrame(
        {
            "instances": _distinct(code[image], who, many, instance),
            "templates": _distinct(code[image], who, many, template),
            "other_references": _distinct(code[image], who, many, ~instance & ~template),
            "using_accounts": _distinct(code[image], account, many, np.ones(len(image), dtype=bool)),
        }
    )


def _distinct(code: Integers, other: Integers, many: int, fits: Flags) -> Integers:
    """How many different others each family has."""
    pairs = np.unique(code[fits] * (other.max(initial=0) + 1) + other[fits])
    return np.bincount(pairs // (other.max(initial=0) + 1), minlength=many)


def _copies(mine: pd.DataFrame, code: Integers, many: int, images: pd.DataFrame) -> pd.DataFrame:
    """The other regions that copies of each family's images lie in."""
    of_row = np.full(len(images), -1)
    of_row[mine["_row"]] = np.arange(len(mine))
    parent = parents(images)
    source = np.where(parent >= 0, of_row[parent], -1)
    copies = (source >= 0).nonzero()[0]
    where = images["region"].iloc[copies].astype(object).to_numpy()
    beside = mine["region"].iloc[source[copies]].astype(object).to_numpy()
    regions: list[set[str]] = [set() for _ in range(many)]
    for family, region, home in zip(code[source[copies]], where, beside, strict=True):
        if region != home:
            regions[family].add(region)
    return pd.DataFrame(
        {"copied_to": as_text(pa.array([", ".join(sorted(each)) or None for each in regions], pa.string()))}
    )


def _costs(
    mine: pd.DataFrame, code: Integers, many: int, devices: pd.DataFrame, snapshot_costs: pd.DataFrame
) -> pd.DataFrame:
    """What the snapshots behind each family store and cost, each snapshot once."""
    image = places(keys(devices, "image_id"), keys(mine, "image_id"))
    snapshot = places(keys(devices, "snapshot_id"), keys(snapshot_costs, "snapshot_id"))
    both = (image >= 0) & (snapshot >= 0)
    image, snapshot = image[both], snapshot[both]
    spare = np.ones(len(snapshot_costs), dtype=bool)
    spare[snapshot[mine["standing"].iloc[image].ne("spare").to_numpy(bool)]] = False
    age = mine["_made"].rank(method="first", na_option="bottom").to_numpy(np.int64)
    first = snapshot[np.lexsort((age[image], snapshot))]
    owner = image[np.lexsort((age[image], snapshot))]
    begins = np.flatnonzero(np.diff(first, prepend=-1))
    first, family = first[begins], code[owner[begins]]
    held = snapshot_costs.iloc[first]
    made: dict[str, Any] = {"snapshots": np.bincount(family, minlength=many)}
    for name in _COSTS[:2]:
        made[name] = _summed(held[name], family, many)
    for name in _COSTS[2:]:
        amount = micros(held[name])
        made[name] = dollars(_summed(amount, family, many))
        made[name.replace("monthly", "spare")] = dollars(_summed(amount[spare[first]], family[spare[first]], many))
    unpriced: Flags = held["monthly_high_usd"].isna().to_numpy(bool)
    made["unpriced"] = np.bincount(family[unpriced], minlength=many)
    return pd.DataFrame(made)


def _summed(amounts: pd.Series[Any], code: Integers, many: int) -> pd.Series[Any]:
    """Whole amounts summed by family; missing ones add nothing."""
    amount, _ = whole(amounts)
    sums = np.zeros(many, dtype=np.int64)
    np.add.at(sums, code, amount)
    return pd.Series(sums, dtype="Int64")
