"""Who uses each own image, in every account that was read, and where it could be used unseen.

An image is launched by id in its own region, from any account it is shared with. What other accounts do with it
is only known where they were read: in accounts out of scope, and where a call was refused, use stays in the dark.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import pandas as pd

from auditor.frames import FRAMES, PANDAS

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
    used = images[_KEYS].merge(_references(images, image_references), on=_KEYS, how="left")
    for name in ("references", "current_references", "using_accounts"):
        used[name] = used[name].astype("Int64").fillna(0)
    shared = images[_KEYS].merge(_blind_shares(image_shares, _Scope(accounts, directory, gaps)), on=_KEYS, how="left")[
        "blind_spot"
    ]
    public = images["is_public"].fillna(True).astype(bool).to_numpy()
    used["blind_spot"] = shared.astype(PANDAS["text"]).mask(public, "it is public, so any account may use it")
    return FRAMES["image_use"].conform(used)


def _references(images: pd.DataFrame, references: pd.DataFrame) -> pd.DataFrame:
    """What names each own image, counted; the strongest first of all."""
    named = references.rename(columns={"account_id": "user"}).merge(images[_KEYS], on=["region", "image_id"])
    rank = {strength: place for place, strength in enumerate(STRENGTHS)}
    named["rank"] = named["strength"].map(rank).fillna(0)
    named["current"] = named["strength"].ne("old").fillna(True).astype(bool)
    named = named.sort_values(["rank", "user", "referrer_type", "referrer_id"])
    named["strongest_by"] = named["referrer_type"] + " " + named["referrer_id"] + " in " + named["user"]
    counted = named.groupby(_KEYS, sort=False).agg(
        references=("rank", "size"), current_references=("current", "sum"), using_accounts=("user", "nunique")
    )
    strongest = named.drop_duplicates(_KEYS).set_index(_KEYS)[["strength", "strongest_by"]]
    return counted.join(strongest.rename(columns={"strength": "strongest"})).reset_index()


def _blind_shares(shares: pd.DataFrame, scope: _Scope) -> pd.DataFrame:
    """Per image the first grantee that may use it where nobody looked, in words."""
    kinds = ["region", "grantee_type", "grantee"]
    distinct = shares[kinds].drop_duplicates().reset_index(drop=True)
    reasons = [scope.blind(*kind) for kind in distinct.astype(object).itertuples(index=False, name=None)]
    distinct["blind_spot"] = pd.Series(reasons, dtype=PANDAS["text"])
    blind = shares.merge(distinct.dropna(subset="blind_spot"), on=kinds).sort_values([*_KEYS, "grantee"])
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
        unread = gaps.loc[gaps["frame"].isin(_NEEDED), ["account_id", "region"]].drop_duplicates()
        self._unread = set(unread.itertuples(index=False, name=None))

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
