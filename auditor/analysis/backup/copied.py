"""What lies at the other end: copies in one account and region, by what they are copies of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.backup.matching import texts
from auditor.analysis.backup.orders import Place
from auditor.analysis.backup.schedules import Instants, moments
from auditor.analysis.backup.selection import Mask
from auditor.analysis.elsewhere import Elsewhere

#: Before everything: no moment.
NEVER: Final = int(np.iinfo(np.int64).min)

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


class There(Protocol):
    """The copies in one account and region."""

    def hold(self, item: pa.Array) -> Mask:
        """Whether a copy of each snapshot or image is there; no where copies do not name it."""

    def newest(self, resource: pa.Array, vault: str | None) -> Instants:
        """The moment of the newest backup of each resource that is there; ``NEVER`` where copies do not name it."""

    def loose(self, policy: str, schedule: str) -> int:
        """When the newest copy was made that a policy may have made, though what it was made from is gone."""


def there(kind: str, place: Place, here: str, own: pa.Array, elsewhere: Elsewhere) -> There:
    """The copies in one account and region.

    Args:
        kind: What is copied: snapshots, images or recovery-points.
        place: Where copies go.
        here: The region that they come from.
        own: The snapshots and images that there are in that region, of the account that the promises are in.
        elsewhere: Looks there.
    """
    if kind == "recovery-points":
        rows = elsewhere.rows("recovery_points", place.region, _POINT)
        usable = rows["status"].isin(["COMPLETED", "AVAILABLE"]) & rows["source_vault_arn"].notna()
        return _Points(rows[usable & rows["account_id"].eq(place.account).fillna(False)])
    source, region, words, at = (_snapshots if kind == "snapshots" else _images)(elsewhere, place)
    mine = pc.fill_null(pc.equal(region, here), False)
    source, words = source.filter(mine), words.filter(mine)
    gone = pc.invert(pc.is_in(source, value_set=own, skip_nulls=True))
    return _Named(
        source, words.filter(gone), at[mine.to_numpy(zero_copy_only=False)][gone.to_numpy(zero_copy_only=False)]
    )


#: Sources, their regions, the words the copies are described with, and when they were made.
_Copies = tuple[pa.Array, pa.Array, pa.Array, Instants]


def _snapshots(elsewhere: Elsewhere, place: Place) -> _Copies:
    """Usable copies of snapshots."""
    rows = elsewhere.rows("snapshots", place.region, _SNAPSHOT)
    said = texts(rows["description"])
    mine = pc.and_(_is(rows, "account_id", place.account), _is(rows, "state", "completed"))
    mine = pc.and_(mine, pc.fill_null(pc.starts_with(said, "[Copied snap-"), False))
    told = pc.extract_regex(said.filter(mine), _COPIED)
    source, region, words = (pc.struct_field(told, name) for name in ("source", "region", "words"))
    return source, region, words, moments(rows["started_at"])[mine.to_numpy(zero_copy_only=False)]


def _images(elsewhere: Elsewhere, place: Place) -> _Copies:
    """Usable copies of images; an image that was made of an instance is no copy."""
    rows = elsewhere.rows("images", place.region, _IMAGE)
    mine = pc.and_(_is(rows, "account_id", place.account), _is(rows, "state", "available"))
    mine = pc.and_(mine, pc.is_null(texts(rows["source_instance_id"])))
    told = pc.extract_regex(texts(rows["description"]).filter(mine), _COPIED)
    source, region = (
        pc.coalesce(texts(rows[column]).filter(mine), pc.struct_field(told, name))
        for column, name in (("source_image_id", "source"), ("source_image_region", "region"))
    )
    at = moments(rows["created_at"])[mine.to_numpy(zero_copy_only=False)]
    return source, region, pa.nulls(len(source), pa.string()), at


def _is(rows: pd.DataFrame, column: str, value: str) -> pa.Array:
    return pc.fill_null(pc.equal(texts(rows[column]), value), False)


@dataclass(frozen=True)
class _Named:
    """Copies that name what they are copies of, and not of what that is a backup."""

    sources: pa.Array
    words: pa.Array
    at: Instants

    def hold(self, item: pa.Array) -> Mask:
        held: Mask = pc.is_in(item, value_set=self.sources, skip_nulls=True).to_numpy(zero_copy_only=False)
        return held

    def newest(self, resource: pa.Array, vault: str | None) -> Instants:  # noqa: ARG002 - copies name neither
        return np.full(len(resource), NEVER)

    def loose(self, policy: str, schedule: str) -> int:
        # copies of images are described with nothing that could be relied on
        fits = pc.fill_null(pc.starts_with(self.words, f"Created for policy: {policy} schedule: {schedule}"), True)
        mine = self.at[fits.to_numpy(zero_copy_only=False)]
        return int(mine.max()) if len(mine) else NEVER


class _Points:
    """Recovery points, which name the resource and keep the moment of what they are copies of."""

    def __init__(self, points: pd.DataFrame) -> None:
        self._key = pc.binary_join_element_wise(texts(points["vault_name"]), texts(points["resource_id"]), "\x1f")
        self._at = moments(points["created_at"])

    def hold(self, item: pa.Array) -> Mask:
        return np.zeros(len(item), dtype=bool)

    def newest(self, resource: pa.Array, vault: str | None) -> Instants:
        wanted = pc.binary_join_element_wise(pa.scalar(vault, pa.string()), resource, "\x1f")
        known = pc.unique(wanted)
        newest = np.full(len(known) + 1, NEVER)
        np.maximum.at(newest, pc.fill_null(pc.index_in(self._key, value_set=known), -1).to_numpy(), self._at)
        newest[-1] = NEVER
        found: Instants = newest[pc.fill_null(pc.index_in(wanted, value_set=known), -1).to_numpy()]
        return found

    def loose(self, policy: str, schedule: str) -> int:  # noqa: ARG002 - nothing is, as all name their resource
        return NEVER
