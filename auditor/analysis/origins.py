"""What made each snapshot, read from its tags and its description.

Tags that begin with ``aws:`` are set by AWS and cannot be forged: they prove. Descriptions and other tags can be
written by anyone, so AWS's own wording only makes an origin likely. Copies lose their ``aws:`` tags, for
CopySnapshot does not copy them.

The wording is AWS's: Amazon EBS User Guide ("Copy an Amazon EBS snapshot"), Amazon EC2 User Guide ("Deregister an
AMI"), the AWS EBS CSI driver's source, and snapshots as AWS services leave them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.keys import is_one_of, keys, places
from auditor.frames import PANDAS
from auditor.frames.columns import as_arrow, as_text

__all__ = ["PLACEHOLDER_VOLUME", "snapshot_origins"]

#: Volume ids that AWS puts on copies and imports; they say nothing of where the data came from.
PLACEHOLDER_VOLUME: Final = r"^vol-f+$"


class _Wording(NamedTuple):
    """A description that AWS or a tool writes; the group ``made_for`` is what it names."""

    origin: str
    starts: str
    pattern: str


_WORDINGS: Final = (
    _Wording(
        "create-image",
        "Created by CreateImage(",
        r"^Created by CreateImage\(i-[0-9a-f]+\) for (?P<made_for>ami-[0-9a-f]+)(?: from vol-[0-9a-f]+)?$",
    ),
    _Wording(
        "copy-image",
        "Copied for DestinationAmi ",
        r"^Copied for DestinationAmi (?P<made_for>ami-[0-9a-f]+) from SourceAmi ami-[0-9a-f]+"
        r" for SourceSnapshot snap-[0-9a-f]+\. Task created on [\d,]+\.$",
    ),
    _Wording(
        "aws-backup",
        "This snapshot is created by the AWS Backup service",
        r"^This snapshot is created by the AWS Backup service(?P<made_for>)\.?$",
    ),
    _Wording("dlm", "Created for policy: ", r"^Created for policy: (?P<made_for>policy-[0-9a-f]+) schedule: .+$"),
    _Wording("copy", "[Copied ", r"^\[Copied (?P<made_for>snap-[0-9a-f]+) from [a-z0-9-]+\]"),
    _Wording(
        "vm-import",
        "Created by AWS-VMImport service for ",
        r"^Created by AWS-VMImport service for (?P<made_for>import-(?:ami|snap)-\w+)",
    ),
    _Wording(
        "csi",
        "Created by AWS EBS CSI driver for volume ",
        r"^Created by AWS EBS CSI driver for volume (?P<made_for>vol-[0-9a-f]+)",
    ),
    _Wording("packer", "Packer: ", r"^Packer: \d{4}-\d\d-\d\d (?P<made_for>)"),
)

#: Tag keys, whole or as beginnings, to origin and confidence. The first that fits wins.
_PROOFS: Final = (
    ("aws-backup", r"^aws:backup:source-resource(?:-arn)?$"),
    ("dlm", r"^aws:dlm:lifecycle-policy-id$"),
    ("dlm", r"^aws:dlm:"),
)
_HINTS: Final = (
    ("dlm", r"^dlm:managed$"),
    ("velero", r"^velero\.io/"),
    ("drs", r"^AWS(?:ElasticDisasterRecovery|ApplicationMigrationService)Managed$"),
    ("csi", r"^(?:ebs\.csi\.aws\.com/|CSIVolumeSnapshotName$)"),
)

_KEYS: Final = ["account_id", "region", "snapshot_id"]
_NOTHING: Final = pa.scalar(None, pa.string())

#: Columns of what is told, an array each.
_Told = dict[str, pa.Array]


def snapshot_origins(snapshots: pd.DataFrame, snapshot_tags: pd.DataFrame) -> pd.DataFrame:
    """One row per snapshot, in the order of ``snapshots``; see the frame ``snapshot_origins`` for the columns.

    An ``aws:`` tag outranks AWS's wording, and that outranks tags that anyone can set. A snapshot without any of
    them is a copy where its volume id is a placeholder, and else taken by hand; both are assumed.
    """
    marks = _marks(snapshot_tags)
    told = _assumed(as_arrow(snapshots["volume_id"]))
    for better in (
        _tagged(snapshots, marks, _HINTS, "likely"),
        _described(as_arrow(snapshots["description"])),
        _tagged(snapshots, marks, _PROOFS, "proven"),
    ):
        if better is not None:
            known = pc.is_valid(better["origin"])
            told = {name: pc.if_else(known, better[name], column) for name, column in told.items()}
    columns = {name: as_text(column) for name, column in told.items()}
    return snapshots[_KEYS].reset_index(drop=True).assign(**columns)


def _assumed(volume_ids: pa.Array) -> _Told:
    """What is assumed where nothing tells the origin."""
    placeholder = pc.fill_null(pc.match_substring_regex(volume_ids, PLACEHOLDER_VOLUME), False)
    named = pc.binary_join_element_wise("volume id ", volume_ids, "")
    return {
        "origin": pc.if_else(placeholder, "copy", "manual"),
        "confidence": pa.repeat("assumed", len(volume_ids)),
        "evidence": pc.if_else(placeholder, named, _NOTHING),
        "made_for": pa.nulls(len(volume_ids), pa.string()),
    }


def _described(words: pa.Array) -> _Told | None:
    """What the descriptions say, one row each; missing where the wording is nobody's."""
    origin, made_for = (pa.nulls(len(words), pa.string()) for _ in range(2))
    for wording in _WORDINGS:
        begins = pc.fill_null(pc.starts_with(words, wording.starts), False)
        if not pc.any(begins).as_py():
            continue
        fields = pc.extract_regex(pc.filter(words, begins), wording.pattern)
        fits = pc.replace_with_mask(begins, begins, pc.is_valid(fields))
        named = pc.struct_field(pc.filter(fields, pc.is_valid(fields)), "made_for")
        named = pc.if_else(pc.equal(named, ""), _NOTHING, named)
        origin = pc.if_else(fits, wording.origin, origin)
        made_for = pc.replace_with_mask(made_for, fits, named)
    if origin.null_count == len(origin):
        return None
    known = pc.is_valid(origin)
    return {
        "origin": origin,
        "confidence": pc.if_else(known, "likely", _NOTHING),
        "evidence": pc.if_else(known, words, _NOTHING),
        "made_for": made_for,
    }


def _marks(tags: pd.DataFrame) -> pd.DataFrame:
    """The tags whose keys any pattern fits; patterns are held against every distinct key once."""
    keys = as_arrow(tags["key"])
    distinct = keys.unique()
    fits = pc.match_substring_regex(distinct, "|".join(pattern for _, pattern in (*_PROOFS, *_HINTS)))
    telling = distinct.filter(pc.fill_null(fits, False))
    return tags[is_one_of(keys, telling)] if len(telling) else tags.iloc[:0]


def _tagged(
    snapshots: pd.DataFrame, marks: pd.DataFrame, patterns: tuple[tuple[str, str], ...], confidence: str
) -> _Told | None:
    """What the tags say, one row per snapshot; of several tags the one whose pattern stands first counts."""
    if not len(marks):
        return None
    parts = []
    for place, (origin, pattern) in enumerate(patterns):
        fitting = marks[marks["key"].str.match(pattern).fillna(False).astype(bool)]
        names_maker = origin == "aws-backup" or "lifecycle-policy-id" in pattern
        nothing = pd.Series(pd.NA, index=fitting.index, dtype=PANDAS["text"])
        parts.append(
            fitting[_KEYS].assign(
                place=place,
                origin=origin,
                confidence=confidence,
                evidence="tag " + fitting["key"],
                made_for=fitting["value"] if names_maker else nothing,
            )
        )
    found = pd.concat(parts, ignore_index=True).sort_values(["place", "evidence"], kind="stable")
    place = pa.array(places(keys(snapshots, "snapshot_id"), keys(found, "snapshot_id")))
    place = pc.if_else(pc.less(place, 0), None, place)
    return {name: as_arrow(found[name]).take(place) for name in ("origin", "confidence", "evidence", "made_for")}
