"""Which volumes and instances the selections of AWS Backup's plans select.

Resources and tags are alternatives, conditions must all hold, exclusions win, and whoever selects nothing in particular
selects everything (AWS Backup Developer Guide, "Assign resources with AWS CLI", and API reference, BackupSelection). A
condition on a tag that is not there holds only if it is a negation, as in IAM policies.

A resource type that a selection names by its ARN is backed up whatever the region's opt-in says; all others only where
the region is opted in. Patterns that name no type mean those types alone; a tag says that a resource is meant, and
without the opt-in nothing comes of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

Mask = np.ndarray[Any, np.dtype[np.bool_]]

#: AWS Backup's names of what volumes and instances are, and how ARNs name them.
TYPES = {"volume": "EBS", "instance": "EC2"}

_NEGATED = ("StringNotEquals", "StringNotLike")


def selected(
    resources: pd.DataFrame, tags: pd.DataFrame, terms: pd.DataFrame, opted_in: dict[str, bool]
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
    kinds: dict[Any, pd.DataFrame] = dict(iter(terms.groupby("kind", sort=False)))
    nothing = terms.iloc[:0]
    patterns = kinds.get("resource", nothing)["value"]
    wanted_tags, excluded = kinds.get("tag", nothing), kinds.get("not_resource", nothing)["value"]
    unnamed = resources["resource_type"].map({kind: opted_in.get(name, False) for kind, name in TYPES.items()})
    allowed = unnamed.to_numpy(dtype=bool)
    conditions = kinds.get("condition", nothing)
    backed_up, tagged = np.zeros((2, len(resources)), dtype=bool)
    for pattern in patterns.dropna():
        named = any(f":{kind}/" in pattern for kind in TYPES)
        backed_up |= _like(resources["arn"], pattern) & (allowed | named)
    for key, value in wanted_tags[["key", "value"]].itertuples(index=False):
        tagged |= _carries(resources, tags, _of_key(tags, key) & _is(tags["value"], value))
    if not (len(patterns) or len(wanted_tags)):
        tagged, backed_up = np.full(len(resources), len(conditions) > 0), allowed
    chosen = backed_up | tagged
    for operator, key, value in conditions[["operator", "key", "value"]].itertuples(index=False):
        chosen &= _holds(resources, tags, operator, key, value)
    for pattern in excluded.dropna():
        chosen &= ~_like(resources["arn"], pattern)
    return chosen, chosen & ~backed_up & ~allowed


def _holds(resources: pd.DataFrame, tags: pd.DataFrame, operator: str, key: str, value: str) -> Mask:
    matches = _like(tags["value"], value) if str(operator).endswith("Like") else _is(tags["value"], value)
    carries = _carries(resources, tags, _of_key(tags, key) & matches)
    return ~carries if operator in _NEGATED else carries


def _carries(resources: pd.DataFrame, tags: pd.DataFrame, rows: Mask) -> Mask:
    found: Mask = resources["resource_id"].isin(tags.loc[rows, "resource_id"].to_numpy()).to_numpy(dtype=bool)
    return found


def _of_key(tags: pd.DataFrame, key: str) -> Mask:
    """Rows of a tag key; a key may be written out as the condition key that it stands in."""
    return _is(tags["key"], str(key).removeprefix("aws:ResourceTag/"))


def _is(texts: pd.Series[Any], value: Any) -> Mask:
    """Which texts are a value; a missing one counts as empty."""
    mask: Mask = texts.fillna("").eq("" if pd.isna(value) else value).to_numpy(dtype=bool)
    return mask


def _like(texts: pd.Series[Any], pattern: Any) -> Mask:
    """Which texts match a pattern, whose only wildcard is ``*``."""
    first, *rest = ("" if pd.isna(pattern) else str(pattern)).split("*")
    if not rest:
        return _is(texts, pattern)
    distinct, places = np.unique(texts.fillna("").to_numpy(dtype=object), return_inverse=True)
    known: Mask = np.fromiter((_matches(text, first, rest) for text in distinct), bool, len(distinct))
    return known[places]


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
