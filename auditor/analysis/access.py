"""Who can get at each own snapshot and image, who they are to us, and whether it does them any good.

AWS names grantees by account, by organisation or unit (images only), or as everybody; who is who comes from the
directory of the organisation, from the accounts that the configuration trusts, and from what it allows for a resource.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.expectations import Allowances
from auditor.analysis.image_use import CLOSED
from auditor.analysis.keys import Integers, keys, places
from auditor.config import Expectation
from auditor.frames import FRAMES, PANDAS
from auditor.frames.columns import as_arrow

__all__ = ["SEVERITIES", "image_access", "parties", "snapshot_access"]

#: How bad access is by whose it is: where it works; where it is not known whether its key lets them; where it does not.
SEVERITIES: Final[Mapping[str, tuple[str, str, str]]] = {
    "public": ("critical", "critical", "medium"),
    "unknown": ("high", "medium", "low"),
    "foreign": ("high", "medium", "low"),
    "unexpected": ("high", "medium", "low"),
    "closed": ("medium", "low", "low"),
}

#: Why a grantee is outside and should not have what is shared with it, by class.
OUTSIDE: Final[Mapping[str, str]] = {
    "unknown": "an account nobody here knows",
    "foreign": "another organisation",
    "unexpected": "who is trusted, but not with this",
}

#: The grantee by which AWS Marketplace takes in products (EC2 User Guide, "Share an AMI").
MARKETPLACE: Final = "aws-marketplace"

#: What is judged of a grant.
_JUDGED: Final = (
    "grantee_class",
    "grantee_name",
    "outside_because",
    "encrypted",
    "effective",
    "effective_because",
    "severity",
)

_NO_KEY: Final = "it is encrypted, and its key is not known"

#: Account, region, resource, grantee's type and grantee.
Grant = tuple[Any, ...]
#: What decides, besides the grantee, whether a grant works.
Fact = tuple[Any, ...]
#: Encrypted, whether it works (missing where unknown), and why not.
Working = tuple[bool | None, bool | None, str | None]


def parties(directory: pd.DataFrame, trusted_accounts: Mapping[str, str]) -> pd.DataFrame:
    """One row per account that is no stranger: members of the organisation, and those that the configuration trusts."""
    closed = directory["state"].isin(CLOSED)
    trusted = pd.DataFrame(
        {
            "party_id": pd.Series(list(trusted_accounts), dtype=PANDAS["text"]),
            "standing": "trusted",
            "party_name": pd.Series(list(trusted_accounts.values()), dtype=PANDAS["text"]),
        }
    )
    members = pd.DataFrame(
        {
            "party_id": directory["member_id"],
            "standing": pd.Series("organisation", index=directory.index).mask(closed, "closed"),
            "party_name": directory["name"],
        }
    )
    known = pd.concat([members, trusted], ignore_index=True).drop_duplicates("party_id")
    return FRAMES["parties"].conform(known)


def snapshot_access(
    snapshots: pd.DataFrame,
    snapshot_shares: pd.DataFrame,
    snapshot_public_permissions: pd.DataFrame,
    snapshot_block_public_access: pd.DataFrame,
    parties: pd.DataFrame,
    directory: pd.DataFrame,
    key_access: pd.DataFrame,
    images: pd.DataFrame,
    image_block_devices: pd.DataFrame,
    snapshot_selections: pd.DataFrame,
    sharing_expect: Sequence[Expectation],
) -> pd.DataFrame:
    """One row per own snapshot and grantee; see the frame ``snapshot_access`` for the columns.

    Whoever may use an image may create volumes from its snapshots: those of a public image are open to everybody
    although block public access hides their own permission ("Block public access for Amazon EBS snapshots", EBS User
    Guide).
    """
    if not len(snapshot_shares) and not len(snapshot_public_permissions):
        return FRAMES["snapshot_access"].empty()
    where = ["account_id", "region", "snapshot_id"]
    everybody = [(*key, "group", "all") for key in _rows(snapshot_public_permissions, where)]
    shares = _rows(snapshot_shares, [*where, "grantee_type", "grantee"])
    grants = list({(*grant[:3], grant[4]): grant for grant in (*everybody, *shares)}.values())
    facts = _facts(snapshots, where, ["encrypted", "state", "storage_tier", "kms_key_arn"], grants)
    blocks = {
        (account, region): state
        for account, region, state in _rows(snapshot_block_public_access, ["account_id", "region", "state"])
    }
    exposed = _of_public_images(images, image_block_devices) if everybody else set()
    let = _Keys(key_access).let

    def working(grant: Grant, fact: Fact) -> Working:
        encrypted, state, tier, key, open_ = fact
        if tier == "archive" or state not in ("completed", None):
            return encrypted, False, "it is archived or not completed"
        if grant[4] == "all" and not open_:
            block = blocks.get(grant[:2])
            if block == "block-all-sharing":
                return encrypted, False, "block public access hides it"
            if block is None:
                return encrypted, None, "whether block public access hides it is not known"
        return (encrypted, True, None) if encrypted is False else (encrypted, *let([key], grant))

    known = [grant for grant in grants if grant[:3] in facts]
    who = _Who(parties, directory, Allowances(snapshot_selections, "snapshot_id", sharing_expect))
    return _access("snapshot", known, [(*facts[grant[:3]], grant[:3] in exposed) for grant in known], working, who)


def image_access(
    images: pd.DataFrame,
    image_shares: pd.DataFrame,
    image_block_devices: pd.DataFrame,
    parties: pd.DataFrame,
    directory: pd.DataFrame,
    snapshots: pd.DataFrame,
    key_access: pd.DataFrame,
    image_selections: pd.DataFrame,
    sharing_expect: Sequence[Expectation],
) -> pd.DataFrame:
    """One row per own image and grantee; see the frame ``image_access`` for the columns.

    To launch an image its grantee needs no permission on its snapshots, but its key must let it use each that is
    encrypted ("Share an AMI with specific AWS accounts", EC2 User Guide).
    """
    if not len(image_shares):
        return FRAMES["image_access"].empty()
    place = places(keys(image_shares, "image_id"), keys(images, "image_id"))
    grants = _rows(image_shares, ["account_id", "region", "image_id", "grantee_type", "grantee"], pa.array(place >= 0))
    state = as_arrow(images["state"])
    available = pc.fill_null(pc.equal(state, "available"), True).to_pylist()
    sealed = _keys_behind(place, images, image_block_devices, snapshots)
    let = _Keys(key_access).let

    def working(grant: Grant, fact: Fact) -> Working:
        usable, behind = fact
        if not usable:
            return bool(behind), False, "it is not available"
        return (True, *let(behind, grant)) if behind else (False, True, None)

    who = _Who(parties, directory, Allowances(image_selections, "image_id", sharing_expect))
    facts = [(available[each], sealed.get(each, frozenset())) for each in place[place >= 0].tolist()]
    return _access("image", grants, facts, working, who)


def _keys_behind(
    shared: Integers, images: pd.DataFrame, devices: pd.DataFrame, snapshots: pd.DataFrame
) -> dict[int, frozenset[str | None]]:
    """The keys of the encrypted snapshots behind shared images, by the image's place; missing for those not known."""
    image = places(keys(devices, "image_id"), keys(images, "image_id"))
    snapshot = places(keys(devices, "snapshot_id"), keys(snapshots, "snapshot_id"))
    there = pa.array(snapshot, mask=snapshot < 0)
    encrypted = pc.coalesce(as_arrow(snapshots["encrypted"]).take(there), as_arrow(devices["encrypted"]))
    counted = np.isin(image, shared[shared >= 0]) & devices["snapshot_id"].notna().to_numpy(bool)
    counted &= pc.fill_null(encrypted, False).to_numpy(zero_copy_only=False)
    arns = as_arrow(snapshots["kms_key_arn"]).take(there).filter(pa.array(counted))
    held: dict[int, set[str | None]] = defaultdict(set)
    for each, arn in zip(image[counted].tolist(), arns.to_pylist(), strict=True):
        held[each].add(arn)
    return {each: frozenset(arns) for each, arns in held.items()}


def _of_public_images(images: pd.DataFrame, devices: pd.DataFrame) -> set[Grant]:
    """Account, region and id of the snapshots of images that everybody may launch."""
    where = ["account_id", "region", "image_id"]
    public = images["is_public"].fillna(value=False) & images["state"].eq("available").fillna(value=False)
    open_ = set(_rows(images[public.to_numpy(dtype=bool)], where))
    mapped = _rows(devices, [*where, "snapshot_id"], _among(devices, "image_id", open_))
    return {(*each[:2], each[3]) for each in mapped if each[:3] in open_}


class _Keys:
    """Whether the keys of something let a grantee use it."""

    def __init__(self, key_access: pd.DataFrame) -> None:
        columns = ["account_id", "region", "key_arn", "grantee", "usable", "because"]
        self._told = {row[:4]: row[4:] for row in _rows(key_access, columns)}

    def let(self, keys: Iterable[str | None], grant: Grant) -> tuple[bool | None, str | None]:
        """Whether all of the keys let the grantee use it, and why not: what refuses goes before what is not known."""
        told = [self._told.get((*grant[:2], key, grant[4]), (None, _NO_KEY)) for key in sorted(keys, key=str)]
        for wanted in (False, None):
            for usable, because in told:
                if usable is wanted:
                    return usable, because
        return True, None


class _Who:
    """Who a grantee is to the account that shares, and what it is called."""

    def __init__(self, parties: pd.DataFrame, directory: pd.DataFrame, allowances: Allowances) -> None:
        self._allowances = allowances
        named = _rows(parties, ["party_id", "standing", "party_name"])
        self._parties: dict[str, tuple[str, str | None]] = {each: (standing, name) for each, standing, name in named}
        self._ours = set(directory["organisation_id"].dropna())

    def alike(self, grant: Grant) -> Grant:
        """The grant, without its resource where nothing is said of that."""
        return grant if self._allowances.concern(grant[2]) else (*grant[:2], None, *grant[3:])

    def is_it(self, grant: Grant) -> tuple[str | None, str | None]:
        """Class and name, of this grantee for this resource."""
        account, _, resource, kind, grantee = grant
        name = self._parties[grantee][1] if grantee in self._parties else None
        return self._allowances.settle(resource, grantee, self._class(account, kind, grantee), name)

    def _class(self, account: str, kind: str, grantee: str) -> str | None:
        if kind in ("organisation", "unit"):
            if not self._ours:  # which organisation is ours nobody told
                return None
            return kind if [*grantee.split("/"), ""][1] in self._ours else "foreign"
        if grantee in ("all", MARKETPLACE):
            return "public" if grantee == "all" else "marketplace"
        if grantee == account:
            return "own"
        return self._parties[grantee][0] if grantee in self._parties else "unknown"


def _access(
    thing: str,
    grants: Sequence[Grant],
    facts: Sequence[Fact],
    working: Callable[[Grant, Fact], Working],
    who: _Who,
) -> pd.DataFrame:
    """The frame of access: the grants, with who each grantee is, whether it works and how bad that is.

    Grants to one grantee of resources with the same facts are alike, and judged once.
    """
    alike = [(who.alike(grant), fact) for grant, fact in zip(grants, facts, strict=True)]
    judged = {each: _judged(*each, working, who) for each in set(alike)}
    given = ("account_id", "region", f"{thing}_id", "grantee_type", "grantee")
    values = {name: [grant[place] for grant in grants] for place, name in enumerate(given)}
    told = [judged[each] for each in alike]
    values |= {name: [row[place] for row in told] for place, name in enumerate(_JUDGED)}
    return FRAMES[f"{thing}_access"].of(values)


def _judged(grant: Grant, fact: Fact, working: Callable[[Grant, Fact], Working], who: _Who) -> tuple[Any, ...]:
    """The columns ``_JUDGED`` of one grant."""
    class_, name = who.is_it(grant)
    encrypted, effective, because = working(grant, fact)
    worse = SEVERITIES.get(class_ or "")
    severity = worse[{True: 0, None: 1, False: 2}[effective]] if worse else None
    return class_, name, OUTSIDE.get(class_ or ""), encrypted, effective, because, severity


def _facts(
    frame: pd.DataFrame, where: Sequence[str], columns: Sequence[str], grants: Iterable[Grant]
) -> dict[Grant, tuple[Any, ...]]:
    """Facts of the resources that are granted, by account, region and id."""
    rows = _rows(frame, [*where, *columns], _among(frame, where[-1], grants))
    return {row[:3]: row[3:] for row in rows}


def _among(frame: pd.DataFrame, column: str, grants: Iterable[Grant]) -> pa.Array:
    """Which rows are about resources that are granted; most are not."""
    ids = pa.array({grant[2] for grant in grants}, pa.string())
    return pc.is_in(as_arrow(frame[column]).cast(pa.string()), value_set=ids)


def _rows(frame: pd.DataFrame, columns: Sequence[str], mask: pa.Array | None = None) -> list[tuple[Any, ...]]:
    """Rows as tuples, ``None`` where a cell is missing."""
    arrays = [as_arrow(frame[name]) for name in columns]
    lists = [(array if mask is None else array.filter(mask)).to_pylist() for array in arrays]
    return list(zip(*lists, strict=True))
