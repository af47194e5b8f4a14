"""Which volumes and instances the selections of AWS Backup's plans select.

Resources and tags are alternatives, conditions must all hold, exclusions win, and whoever selects nothing in particular
selects everything (AWS Backup Developer Guide, "Assign resources with AWS CLI", and API reference, BackupSelection). A
condition on a tag that is not there holds only if it is a negation, as in IAM policies.

A resource type that a selection names by its ARN is backed up whatever the region's opt-in says; all others only where
the region is opted in. Patterns that name no type mean those types alone; a tag says that a resource is meant, and
without the opt-in nothing comes of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.backup.revisions import Row
from auditor.analysis.keys import is_one_of
from auditor.frames.columns import as_arrow

Mask = np.ndarray[Any, np.dtype[np.bool_]]

#: AWS Backup's names of what volumes and instances are, and how ARNs name them.
TYPES = {"volume": "EBS", "instance": "EC2"}

_NEGATED = ("StringNotEquals", "StringNotLike")


def selected(
    resources: pd.DataFrame, tags: pd.DataFrame, terms: Sequence[Row], opted_in: Mapping[str, bool]
) -> tuple[Mask, Mask]:
    """Which resources of one account and region one selection selects.

    Args:
        resources: ``resource_type``, ``resource_id`` and ``arn``.
        tags: ``resource_id``, ``key`` and ``value``.
        terms: The selection's rows of ``backup_selection_terms``.
        opted_in: AWS Backup's resource types and whether the region is opted in to them.

    Returns:
        Which are selected, and which of those are not backed up because the region is not opted in.
    """
    patterns, wanted_tags, conditions, excluded = (
        [term for term in terms if term["kind"] == kind] for kind in ("resource", "tag", "condition", "not_resource")
    )
    unnamed = pa.array([kind for kind, name in TYPES.items() if opted_in.get(name)], pa.string())
    allowed = is_one_of(as_arrow(resources["resource_type"]), unnamed)
    backed_up, tagged = np.zeros((2, len(resources)), dtype=bool)
    for pattern in _values(patterns):
        named = any(f":{kind}/" in pattern for kind in TYPES)
        backed_up |= _like(resources["arn"], pattern) & (allowed | named)
    for term in wanted_tags:
        tagged |= _carries(resources, tags, _of_key(tags, term["key"]) & _is(tags["value"], term["value"]))
    if not (len(patterns) or len(wanted_tags)):
        tagged, backed_up = np.full(len(resources), len(conditions) > 0), allowed
    chosen = backed_up | tagged
    for term in conditions:
        chosen &= _holds(resources, tags, term["operator"], term["key"], term["value"])
    for pattern in _values(excluded):
        chosen &= ~_like(resources["arn"], pattern)
    return chosen, chosen & ~backed_up & ~allowed


def _values(terms: Sequence[Row]) -> list[str]:
    return [term["value"] for term in terms if not pd.isna(term["value"])]


def _holds(resources: pd.DataFrame, tags: pd.DataFrame, operator: str, key: str, value: str) -> Mask:
    matches = _like(tags["value"], value) if str(operator).endswith("Like") else _is(tags["value"], value)
    carries = _carries(resources, tags, _of_key(tags, key) & matches)
    return ~carries if operator in _NEGATED else carries


def _carries(resources: pd.DataFrame, tags: pd.DataFrame, rows: Mask) -> Mask:
    return is_one_of(as_arrow(resources["resource_id"]), as_arrow(tags["resource_id"]).filter(pa.array(rows)))


def _of_key(tags: pd.DataFrame, key: str) -> Mask:
    """Rows of a tag key; a key may be written out as the condition key that it stands in."""
    return _is(tags["key"], str(key).removeprefix("aws:ResourceTag/"))


def _is(texts: pd.Series[Any], value: Any) -> Mask:
    """Which texts are a value; a missing one counts as empty."""
    wanted = "" if pd.isna(value) else str(value)
    mask = pc.fill_null(pc.equal(as_arrow(texts), wanted), wanted == "")
    return np.asarray(mask.to_numpy(zero_copy_only=False), dtype=bool)


def _like(texts: pd.Series[Any], pattern: Any) -> Mask:
    """Which texts match a pattern, whose only wildcard is ``*``."""
    first, *rest = ("" if pd.isna(pattern) else str(pattern)).split("*")
    if not rest:
        return _is(texts, pattern)
    encoded = pc.fill_null(as_arrow(texts), "").dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    known: Mask = np.fromiter((_matches(text, first, rest) for text in distinct), bool, len(distinct))
    found: Mask = known[encoded.indices.to_numpy()]
    return found


def _matches(text: str, first: str, rest: list[str]) -> bool:
    """Whether a text is ``first``, anything, and the rest with anything between, without trying in vain for long."""
    *inner, last = rest
    if not text.startswith(first) or len(text) < len(first) + len(last) or not text.endswith(last):
        return False
    place, end = len(first), len(text) - len(last)
    for part in inner:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True
