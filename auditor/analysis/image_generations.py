"""Families of images: which images are one thing over time, and how many have come after each."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.keys import Flags, Integers, is_one_of, keys, numbered, places
from auditor.config import Images
from auditor.frames import FRAMES, PANDAS
from auditor.frames.columns import as_arrow, as_text

__all__ = ["image_generations", "parents"]

_KEYS: Final = ["account_id", "region", "image_id"]

#: What pipelines put after an image's name: version, date, time, build number, hash, UUID; as many as there are. A
#: short number stays, for it tells kinds of images apart (ubuntu-22.04, debian-12), and so does a word of letters.
_USUAL: Final = (
    r"(?:[-_. /@](?:v\d+(?:\.\d+)*|\d+(?:\.\d+){2,}|\d{4}-\d{2}-\d{2}(?:[tT ]\d{2}[-:.]\d{2}[-:.]\d{2}(?:\.\d+)?[zZ]?)?"
    r"|\d{8}[tT_-]\d{4,6}[zZ]?|[0-9][0-9a-f]{4,}|[0-9a-f]{4,}[0-9]|[0-9a-f]+[0-9][0-9a-f]{3,}"
    r"|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-f]{2,}[0-9][0-9a-f]{2,}|[0-9a-f]{3,}[0-9][0-9a-f]+))+$"
)

#: Names that AWS Backup and Data Lifecycle Manager give: the instance, which is no mark of a pipeline, and the job.
_BACKUP: Final = r"^((?:AwsBackup|policy-[0-9a-f]+)_i-[0-9a-f]+)_[0-9A-Za-z.:-]+$"

#: The tag by which Data Lifecycle Manager says which policy made an image (Amazon EBS User Guide).
_POLICY: Final = "aws:dlm:lifecycle-policy-id"

#: Copies of copies are followed so far.
_MOST_COPIES: Final = 16


def image_generations(
    images: pd.DataFrame,
    image_tags: pd.DataFrame,
    recovery_points: pd.DataFrame,
    lifecycle_policies: pd.DataFrame,
    families: Images,
) -> pd.DataFrame:
    """One row per own image, in the order of ``images``; see the frame ``image_generations`` for the columns.

    The frames hold everything that was collected: a copy has the family of the image that it is a copy of, which may
    lie in another account or region.
    """
    family, by = _own(images, image_tags, families)
    source = _root(parents(images))
    told = family.take(pa.array(source, mask=source < 0))
    of_source = (source >= 0) & (by != "tag") & told.is_valid().to_numpy(zero_copy_only=False)
    of_source &= ~pc.fill_null(pc.equal(told, family), False).to_numpy(zero_copy_only=False)
    family = pc.if_else(pa.array(of_source), told, family)
    by[of_source] = "copy"
    newer, newest = _followed(images, family)
    managed = _managed(images, image_tags, recovery_points, lifecycle_policies)
    kept = pd.Series((newer < families.keep) | managed, dtype="boolean").mask((newer < 0) & ~managed)
    columns: dict[str, Any] = {
        "family": as_text(family),
        "family_by": pd.Series(by, dtype=PANDAS["text"]),
        "newer_images": pd.Series(newer, dtype="Int64").mask(newer < 0),
        "newest_image_id": as_text(as_arrow(images["image_id"]).take(pa.array(newest, mask=newest < 0))),
        "is_managed": pd.Series(managed, dtype="boolean"),
        "is_kept": kept,
    }
    return FRAMES["image_generations"].conform(images[_KEYS].reset_index(drop=True).assign(**columns))


def parents(images: pd.DataFrame) -> Integers:
    """The row of the image that each is a copy of; -1 where it is no copy or its source is not among them.

    CreateImage names the image that its instance ran on as the source too; that is another thing.
    """
    copied = images["source_image_id"].where(images["source_instance_id"].isna())
    region = images["source_image_region"].fillna(images["region"])
    return places(_named(region, copied), _named(images["region"], images["image_id"]))


def _named(region: pd.Series[Any], image_id: pd.Series[Any]) -> pa.Array:
    return pc.binary_join_element_wise(as_arrow(region), as_arrow(image_id), "\x1f")


def _root(parent: Integers) -> Integers:
    """The image at the beginning of each chain of copies; -1 for images that are none."""
    root = parent.copy()
    for _ in range(_MOST_COPIES):
        above = np.where(root >= 0, parent[root], -1)
        if not (above >= 0).any():
            break
        root = np.where(above >= 0, above, root)
    return root


def _own(images: pd.DataFrame, image_tags: pd.DataFrame, families: Images) -> tuple[pa.Array, np.ndarray[Any, Any]]:
    """What each image says of its family itself, and what would tell it: its tag, or its name."""
    if families.family_tag:
        return _tag(images, image_tags, families.family_tag), np.full(len(images), "tag", dtype=object)
    name = as_arrow(images["name"])
    cut = pc.replace_substring_regex(name, families.family_pattern or _USUAL, "")
    cut = pc.if_else(pc.equal(cut, ""), name, cut)
    if not families.family_pattern:
        cut = pc.if_else(pc.match_substring_regex(name, _BACKUP), pc.replace_substring_regex(name, _BACKUP, r"\1"), cut)
    return cut, np.full(len(images), "name", dtype=object)


def _tag(images: pd.DataFrame, image_tags: pd.DataFrame, key: str) -> pa.Array:
    """The value of a tag of each image."""
    tagged = image_tags[image_tags["key"].eq(key).fillna(False).to_numpy(bool)]
    place = places(keys(images, "image_id"), keys(tagged, "image_id"))
    return as_arrow(tagged["value"]).take(pa.array(place, mask=place < 0))


def _managed(
    images: pd.DataFrame, image_tags: pd.DataFrame, recovery_points: pd.DataFrame, policies: pd.DataFrame
) -> Flags:
    """Whether a recovery point of AWS Backup holds each image, or an enabled lifecycle policy looks after it."""
    held = is_one_of(keys(images, "image_id"), keys(recovery_points, "recovery_id"))
    enabled = policies[policies["state"].eq("ENABLED").fillna(False).to_numpy(bool)]
    tagged = image_tags[image_tags["key"].eq(_POLICY).fillna(False).to_numpy(bool)]
    if not len(tagged) or not len(enabled):
        return held
    looked_after = tagged[is_one_of(keys(tagged, "value"), keys(enabled, "policy_id"))]
    return held | is_one_of(keys(images, "image_id"), keys(looked_after, "image_id"))


def _followed(images: pd.DataFrame, family: pa.Array) -> tuple[Integers, Integers]:
    """How many available images of its family were made after each, and the row of the newest; -1 where none is."""
    ready: Flags = images["state"].eq("available").fillna(False).to_numpy(bool)
    ready &= images["created_at"].notna().to_numpy() & family.is_valid().to_numpy(zero_copy_only=False)
    newer, newest = np.full(len(images), -1), np.full(len(images), -1)
    rows = ready.nonzero()[0]
    if not len(rows):
        return newer, newest
    here = pc.binary_join_element_wise(as_arrow(images["account_id"]), as_arrow(images["region"]), family, "\x1f")
    group = numbered(here.take(pa.array(rows)))
    made = images["created_at"].to_numpy("datetime64[us]")[rows].astype(np.int64)
    order = np.lexsort((rows, -made, group))
    group, made, rows = group[order], made[order], rows[order]
    begins = np.diff(group, prepend=-1) != 0
    changes = begins | (np.diff(made, prepend=0) != 0)
    place = np.arange(len(rows))
    start = np.maximum.accumulate(np.where(begins, place, 0))
    newer[rows] = np.maximum.accumulate(np.where(changes, place, 0)) - start
    newest[rows] = rows[start]
    return newer, newest
