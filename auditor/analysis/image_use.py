"""Who uses each own image, in every account that was read, and where it could be used unseen.

An image is launched by id in its own region, from any account it is shared with. What other accounts do with it
is only known where they were read: in accounts out of scope, and where a call was refused, use stays in the dark.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.keys import Flags, Integers, places
from auditor.frames import FRAMES, PANDAS
from auditor.frames.columns import as_arrow, distinct

__all__ = ["STRENGTHS", "image_use"]

#: How firmly an image is named, strongest first; ``old`` is a superseded version that nothing launches by default.
STRENGTHS: Final = ("running", "stopped", "default", "latest", "pinned", "named", "old")

#: States of a member that AWS has closed or is closing (Organizations API reference, Account).
CLOSED: Final = ("SUSPENDED", "PENDING_CLOSURE", "CLOSED")

#: Without these frames of an account it cannot be said whether it uses an image.
_NEEDED: Final = ("image_references", "regions")

_KEYS: Final = ["account_id", "region", "image_id"]


def image_use(
    images: pd.DataFrame,
    image_references: pd.DataFrame,
    image_shares: pd.DataFrame,
    accounts: pd.DataFrame,
    directory: pd.DataFrame,
    gaps: pd.DataFrame,
) -> pd.DataFrame:
    """One row per own image, in the order of ``images``; see the frame ``image_use`` for the columns.

    The frames hold everything that was collected, not one account and region: an image is used across accounts. A share
    with a whole organisation or unit reaches its accounts that are out of scope too.
    """
    used = images[_KEYS].reset_index(drop=True).join(_references(images, image_references))
    shared = images[_KEYS].merge(_blind_shares(image_shares, _Scope(accounts, directory, gaps)), on=_KEYS, how="left")[
        "blind_spot"
    ]
    public = images["is_public"].fillna(True).astype(bool).to_numpy()
    used["blind_spot"] = shared.astype(PANDAS["text"]).mask(public, "it is public, so any account may use it")
    return FRAMES["image_use"].conform(used)


def _references(images: pd.DataFrame, references: pd.DataFrame) -> pd.DataFrame:
    """What names each image, a row each and in order: counted, and the strongest first of all."""
    image = places(_named(references), _named(images))
    references, image = references[image >= 0], image[image >= 0]
    rank = np.maximum(places(as_arrow(references["strength"]), pa.array(STRENGTHS)), 0)
    user = _alphabetical(references["account_id"])
    pairs = np.unique(image * (user.max(initial=0) + 1) + user, return_index=True)[1]
    strongest = np.arange(len(image))
    for order in (rank, user, _alphabetical(references["referrer_type"]), _alphabetical(references["referrer_id"])):
        strongest = strongest[_least(image[strongest], order[strongest], len(images))]
    first = np.full(len(images), -1)
    first[image[strongest[::-1]]] = strongest[::-1]
    told = {
        name: pd.Series(pd.api.extensions.take(references[name].array, first, allow_fill=True))
        for name in ("strength", "referrer_type", "referrer_id", "account_id")
    }
    current = image[rank != STRENGTHS.index("old")]
    return pd.DataFrame(
        {
            "references": np.bincount(image, minlength=len(images)),
            "current_references": np.bincount(current, minlength=len(images)),
            "using_accounts": np.bincount(image[pairs], minlength=len(images)),
            "strongest": told["strength"],
            "strongest_by": told["referrer_type"] + " " + told["referrer_id"] + " in " + told["account_id"],
        }
    )


def _named(frame: pd.DataFrame) -> pa.Array:
    """Region and image: what an image is named by, whoever owns it."""
    return pc.binary_join_element_wise(as_arrow(frame["region"]), as_arrow(frame["image_id"]), "\x1f")


def _alphabetical(texts: pd.Series[Any]) -> Integers:
    """Each text's place in alphabetical order, missing ones last; one place for all of one text."""
    return np.asarray(pc.rank(as_arrow(texts), tiebreaker="dense").to_numpy(), dtype=np.int64)


def _least(image: Integers, order: Integers, images: int) -> Flags:
    """Whether each row is the least of its image, or one of them."""
    least = np.full(images, np.iinfo(np.int64).max)
    np.minimum.at(least, image, order)
    return np.asarray(order == least[image])


def _blind_shares(shares: pd.DataFrame, scope: _Scope) -> pd.DataFrame:
    """Per image the first grantee that may use it where nobody looked, in words."""
    kinds = ["region", "grantee_type", "grantee"]
    grants = shares[kinds].drop_duplicates().reset_index(drop=True)
    reasons = [scope.blind(*kind) for kind in grants.astype(object).itertuples(index=False, name=None)]
    grants["blind_spot"] = pd.Series(reasons, dtype=PANDAS["text"])
    blind = shares.merge(grants.dropna(subset="blind_spot"), on=kinds).sort_values([*_KEYS, "grantee"])
    return blind.drop_duplicates(_KEYS)[[*_KEYS, "blind_spot"]]


class _Scope:
    """The accounts there are, which of them were read, and where their use of images could not be.

    A closed account launches nothing, so nobody need look there.
    """

    def __init__(self, accounts: pd.DataFrame, directory: pd.DataFrame, gaps: pd.DataFrame) -> None:
        names = ["organisation_id", "ou_path"]
        others = directory.loc[~directory["member_id"].isin(accounts["account_id"].to_list())]
        closed = others["state"].isin(CLOSED)
        held = pd.concat(
            [
                accounts[["account_id", *names]],
                others.loc[~closed, ["member_id", *names]].set_axis(["account_id", *names], axis=1),
            ]
        ).astype(object)
        held = held.where(held.notna(), None)
        self._members: list[tuple[str, str | None, str | None]] = list(held.itertuples(index=False, name=None))
        self._read = {*accounts["account_id"], *others.loc[others["in_scope"].fillna(False), "member_id"]}
        self._closed = set(others.loc[closed, "member_id"])
        self._unread = distinct(gaps[gaps["frame"].isin(_NEEDED)], "account_id", "region")

    def blind(self, region: str, kind: Any, grantee: str) -> str | None:
        """Why a grantee's use of an image in a region cannot be known, or ``None`` where it is."""
        if kind == "account":
            return None if grantee in self._closed else self._unread_one([grantee], region)
        if kind == "organisation":
            organisation = grantee.rpartition("/")[2]
            members = [account for account, theirs, _ in self._members if theirs == organisation]
            return self._whole(f"organisation {organisation}", members, region)
        if kind == "unit":
            _, organisation, unit = ("", "", *grantee.split("/"))[-3:]
            members = [
                account
                for account, theirs, path in self._members
                if (theirs == organisation if path is None else unit in path.split("/"))
            ]
            return self._whole(f"unit {unit}", members, region)
        return "it is shared with everyone"

    def _whole(self, name: str, members: list[str], region: str) -> str | None:
        if not members:
            return f"it is shared with {name}, of which no account is in scope"
        return self._unread_one(members, region)

    def _unread_one(self, accounts: Iterable[str], region: str) -> str | None:
        for account in sorted(accounts):
            if account not in self._read:
                return f"it is shared with account {account}, which is out of scope"
            if {(account, region), (account, "global")} & self._unread:
                return f"it is shared with account {account}, whose use of images could not be read"
        return None
