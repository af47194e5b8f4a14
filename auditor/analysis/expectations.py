"""What the configuration expects of sharing: which resources it selects, and whether whoever must have them has them.

A share reaches an account when it names the account, a unit that the account lies in, however deep, or its
organisation (EC2 User Guide, "Share an AMI with organizations or OUs"). Snapshots are shared with accounts alone (EBS
User Guide, "Share a snapshot").
"""

from __future__ import annotations

import fnmatch
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.image_use import CLOSED
from auditor.config import Expectation, Selector
from auditor.frames import FRAMES
from auditor.frames.columns import as_arrow

__all__ = [
    "Allowances",
    "image_expectations",
    "image_selections",
    "party",
    "snapshot_expectations",
    "snapshot_selections",
]

OWNER, EVERYBODY, MEMBERS = "owner", "all", "members"

#: Type and id of a grantee.
Grant = tuple[str, str]
#: What covers an expectation, whether nothing does (missing where that cannot be told), and the accounts it lacks.
Cover = tuple[str | None, bool | None, tuple[str, ...]]

_NOBODY: frozenset[Grant] = frozenset()
_UNCOVERED: Cover = (None, True, ())
_UNTOLD: Cover = (None, None, ())


def party(grantee: str) -> str:
    """The id of an organisation or unit that is given by id or ARN; other grantees as they are."""
    return grantee.rpartition("/")[2]


def image_selections(
    images: pd.DataFrame, image_tags: pd.DataFrame, sharing_expect: Sequence[Expectation]
) -> pd.DataFrame:
    """One row per own image and ``[[sharing.expect]]`` that selects it; a name is the image's name."""
    return _selections("image", images, image_tags, [entry.images for entry in sharing_expect])


def snapshot_selections(
    snapshots: pd.DataFrame, snapshot_tags: pd.DataFrame, sharing_expect: Sequence[Expectation]
) -> pd.DataFrame:
    """One row per own snapshot and ``[[sharing.expect]]`` that selects it; a name is its Name tag."""
    return _selections("snapshot", snapshots, snapshot_tags, [entry.snapshots for entry in sharing_expect])


def image_expectations(
    images: pd.DataFrame,
    image_selections: pd.DataFrame,
    image_shares: pd.DataFrame,
    directory: pd.DataFrame,
    sharing_expect: Sequence[Expectation],
) -> pd.DataFrame:
    """One row per selected, available image and party that must have it; see the frame ``image_expectations``.

    An account is covered by a share with the account, its unit, a parent of that or its organisation; a unit or an
    organisation also by shares with each of its open accounts. What is public is covered, whatever else is wrong.
    """
    if not len(image_selections):
        return FRAMES["image_expectations"].empty()
    members = _Members(directory)
    shares = _shares(image_shares, "image_id")
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for *where, image_id, number in _selected(image_selections, images, "image_id", "available"):
        entry = sharing_expect[number - 1]
        for kind, expected in members.named(entry.shared_with):
            covered_by, missing, lacking = members.cover(kind, expected, shares.get(image_id, _NOBODY), where[0])
            row = rows.setdefault(
                (*where, image_id, expected),
                {
                    "account_id": where[0],
                    "region": where[1],
                    "image_id": image_id,
                    "entry": number,
                    "expected_type": kind,
                    "expected": expected,
                    "copyable": False,
                    "covered_by": covered_by,
                    "missing": missing,
                    "missing_accounts": ", ".join(lacking) or None,
                },
            )
            row["copyable"] |= entry.copyable
    return FRAMES["image_expectations"].rows(rows.values())


def snapshot_expectations(
    snapshots: pd.DataFrame,
    snapshot_selections: pd.DataFrame,
    snapshot_shares: pd.DataFrame,
    images: pd.DataFrame,
    image_selections: pd.DataFrame,
    image_block_devices: pd.DataFrame,
    directory: pd.DataFrame,
    sharing_expect: Sequence[Expectation],
) -> pd.DataFrame:
    """One row per snapshot and account that must have it; see the frame ``snapshot_expectations``.

    Snapshots that the configuration selects, and those behind images that must be copyable.
    """
    if not len(snapshot_selections) and not any(entry.copyable for entry in sharing_expect):
        return FRAMES["snapshot_expectations"].empty()
    wanted = [
        (*where, snapshot_id, number, None)
        for *where, snapshot_id, number in _selected(snapshot_selections, snapshots, "snapshot_id", "completed")
    ]
    behind = _behind(image_block_devices, snapshots)
    for *where, image_id, number in _selected(image_selections, images, "image_id", "available"):
        if sharing_expect[number - 1].copyable:
            wanted += [(*where, snapshot_id, number, image_id) for snapshot_id in behind.get(image_id, ())]
    members = _Members(directory)
    shares = _shares(snapshot_shares, "snapshot_id")
    parties = [members.accounts(entry.shared_with) for entry in sharing_expect]
    rows: dict[tuple[str, ...], tuple[Any, ...]] = {}
    for account_id, region, snapshot_id, number, image_id in wanted:
        grants = shares.get(snapshot_id, _NOBODY)
        for expected in parties[number - 1]:
            key = (account_id, region, snapshot_id, expected)
            if key not in rows:
                covered_by, missing, _ = members.cover("account", expected, grants, account_id)
                rows[key] = (*key[:3], number, expected, image_id, covered_by, missing)
    columns = zip(*rows.values(), strict=True) if rows else ()
    return FRAMES["snapshot_expectations"].of(
        dict(zip(FRAMES["snapshot_expectations"].names, map(list, columns), strict=bool(rows)))
    )


class Allowances:
    """What the configuration allows parties outside the organisation, resource by resource.

    Args:
        selections: ``image_selections`` or ``snapshot_selections``.
        column: Its id column.
        sharing_expect: What the configuration expects.
    """

    def __init__(self, selections: pd.DataFrame, column: str, sharing_expect: Sequence[Expectation]) -> None:
        self._entries: defaultdict[str, list[int]] = defaultdict(list)
        for resource_id, number in _rows(selections, [column, "entry"]):
            self._entries[resource_id].append(number)
        self._named = [frozenset(map(party, (*e.shared_with, *(e.may_share_with or ())))) for e in sharing_expect]
        self._whole = [entry.may_share_with is not None for entry in sharing_expect]

    def concern(self, resource_id: str) -> bool:
        """Whether the configuration says anything of a resource."""
        return resource_id in self._entries

    def settle(
        self, resource_id: str | None, grantee: str, class_: str | None, name: str | None
    ) -> tuple[str | None, str | None]:
        """Class and name of a grantee, which had others, for one resource.

        A party that an entry for the resource names is trusted with it; one that is trusted otherwise no longer is,
        where ``may_share_with`` is said and leaves it out.
        """
        entries = self._entries.get(resource_id) if resource_id else None
        if not entries or class_ not in (None, "unknown", "foreign", "trusted"):
            return class_, name
        ids = {party(grantee), _organisation(grantee)}
        if any(ids & self._named[number - 1] for number in entries):
            return "trusted", name
        limited = class_ == "trusted" and any(self._whole[number - 1] for number in entries)
        return ("unexpected" if limited else class_), name


class _Members:
    """Who belongs to the organisation, and where in it."""

    def __init__(self, directory: pd.DataFrame) -> None:
        self._ours = set(directory["organisation_id"].dropna())
        self._paths: dict[str, tuple[str, ...]] = {}
        self._open: list[str] = []
        for member, state, path in _rows(directory, ["member_id", "state", "ou_path"]):
            self._paths[member] = tuple(path.split("/")) if path else ()
            if state not in CLOSED:
                self._open.append(member)
        self._told: dict[tuple[Any, ...], Cover] = {}

    def named(self, parties: Iterable[str]) -> list[Grant]:
        """Type and id of the parties of a configuration; ``organisation`` is the caller's own, where that is known."""
        found = []
        for each in parties:
            id_ = party(each)
            if each == "organisation":
                found.append(("organisation", next(iter(self._ours), each)))
            elif id_.startswith("ou-"):
                found.append(("unit", id_))
            else:
                found.append(("organisation" if id_.startswith("o-") else "account", id_))
        return found

    def accounts(self, parties: Iterable[str]) -> list[str]:
        """The parties with the open accounts in place of units and organisations, where those are known."""
        found: dict[str, None] = {}
        for kind, id_ in self.named(parties):
            found |= dict.fromkeys([id_] if kind == "account" else self._within(id_) or [id_])
        return list(found)

    def cover(self, kind: str, expected: str, grants: frozenset[Grant], owner: str) -> Cover:
        """What gives one party what an owner shares."""
        key = (kind, expected, grants, owner)
        if key not in self._told:
            self._told[key] = self._cover(kind, expected, grants, owner)
        return self._told[key]

    def _cover(self, kind: str, expected: str, grants: frozenset[Grant], owner: str) -> Cover:
        if kind == "account":
            return self._account(expected, grants, owner)
        if not expected.startswith(("o-", "ou-")):  # which organisation is the caller's own nobody told
            return _UNTOLD
        given = {party(grantee): grantee for _, grantee in grants}
        path = next((path[: path.index(expected)] for path in self._paths.values() if expected in path), ())
        by = next((given[each] for each in (EVERYBODY, expected, *path) if each in given), None)
        if by is not None:
            return by, False, ()
        within = self._within(expected)
        each = {account: self._account(account, grants, owner)[1] for account in within}
        if within and not any(missing is not False for missing in each.values()):
            return MEMBERS, False, ()
        if kind == "unit" and not path and any(each in ("organisation", "unit") for each, _ in grants):
            return _UNTOLD  # nobody told where the unit lies; it may lie in what has it
        return None, True, tuple(account for account, missing in each.items() if missing is not False)

    def _account(self, account: str, grants: frozenset[Grant], owner: str) -> Cover:
        if account == owner:
            return OWNER, False, ()
        given = {party(grantee): grantee for _, grantee in grants}
        path = self._paths.get(account, ())
        by = next((given[each] for each in (EVERYBODY, account, *path) if each in given), None)
        if by is not None:
            return by, False, ()
        if not account.isdigit():
            return _UNTOLD
        others = {_organisation(grantee) for kind, grantee in grants if kind in ("organisation", "unit")}
        if account not in self._paths:
            others -= self._ours  # strangers may lie in a unit that is not ours, and in none of ours
        return _UNTOLD if others and not path else _UNCOVERED

    def _within(self, place: str) -> list[str]:
        """The open accounts of an organisation or unit."""
        return [account for account in self._open if place in self._paths[account]]


def _organisation(arn: str) -> str:
    return [*arn.split("/"), ""][1]


def _selections(
    thing: str, resources: pd.DataFrame, tags: pd.DataFrame, selectors: Sequence[Selector | None]
) -> pd.DataFrame:
    names = ["account_id", "region", f"{thing}_id"]
    parts = [
        resources.loc[_chosen(thing, resources, tags, selector), names].assign(entry=number)
        for number, selector in enumerate(selectors, 1)
        if selector is not None
    ]
    return pd.concat(parts, ignore_index=True) if parts else FRAMES[f"{thing}_selections"].empty()


def _chosen(thing: str, resources: pd.DataFrame, tags: pd.DataFrame, selector: Selector) -> pd.Series[bool]:
    chosen = pd.Series(True, index=resources.index)
    if selector.accounts:
        chosen &= resources["account_id"].isin(selector.accounts)
    if selector.tag is not None:
        fits = pc.equal(as_arrow(tags["key"]), selector.tag)
        if selector.value is not None:
            fits = pc.and_(fits, pc.equal(as_arrow(tags["value"]), selector.value))
        carriers = as_arrow(tags[f"{thing}_id"]).filter(fits).cast(pa.string())
        ids = as_arrow(resources[f"{thing}_id"]).cast(pa.string())
        chosen &= pc.is_in(ids, value_set=carriers).to_numpy(zero_copy_only=False)
    if selector.name is not None:
        fit = re.compile(fnmatch.translate(selector.name)).match
        texts = resources["name"].to_list()
        chosen &= np.array([isinstance(text, str) and fit(text) is not None for text in texts], dtype=bool)
    return chosen


def _selected(selections: pd.DataFrame, resources: pd.DataFrame, column: str, state: str) -> list[tuple[Any, ...]]:
    """Account, region, id and entry of what is selected and in the state in which AWS lets it be shared."""
    ids, states = as_arrow(resources[column]), as_arrow(resources["state"])
    fit = set(ids.filter(pc.equal(states.cast(pa.string()), state)).to_pylist())
    rows = _rows(selections, ["account_id", "region", column, "entry"])
    return [row for row in rows if row[2] in fit]


def _behind(devices: pd.DataFrame, snapshots: pd.DataFrame) -> Mapping[str, list[str]]:
    """The account's own snapshots behind each image."""
    own = set(as_arrow(snapshots["snapshot_id"]).to_pylist()) if len(devices) else set()
    found: defaultdict[str, list[str]] = defaultdict(list)
    for image_id, snapshot_id in _rows(devices, ["image_id", "snapshot_id"]):
        if snapshot_id in own:
            found[image_id].append(snapshot_id)
    return found


def _shares(shares: pd.DataFrame, column: str) -> Mapping[str, frozenset[Grant]]:
    """Whom each resource is shared with."""
    found: defaultdict[str, set[Grant]] = defaultdict(set)
    for id_, kind, grantee in _rows(shares, [column, "grantee_type", "grantee"]):
        found[id_].add((kind, grantee))
    return {id_: frozenset(grants) for id_, grants in found.items()}


def _rows(frame: pd.DataFrame, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """Rows as tuples, ``None`` where a cell is missing."""
    return list(zip(*(as_arrow(frame[name]).to_pylist() for name in columns), strict=True))
