"""Pure functions on frames: no AWS, no clock, no files.

A derived frame is one function. Its parameters name the frames it is made from, collected or derived, or are
``SETTINGS``: ``as_of`` (the moment that is judged), ``discount`` (the share taken off list prices) and
``trusted_accounts`` (account id to what the configuration says of it). It returns the columns declared in
``auditor.frames`` under the same name. The engine calls it for one account and region at a time, only where a rule or
a finding asks for it, and once; those in ``ACROSS`` for everything that was collected at once.

The declaration's ``derived_from`` must name the collected and derived frames that the function takes, for their
gaps become the derived frame's gaps.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

import pandas as pd

from auditor.analysis.access import image_access, parties, snapshot_access
from auditor.analysis.costs import snapshot_costs
from auditor.analysis.graph import references_graph
from auditor.analysis.image_costs import image_costs
from auditor.analysis.image_use import image_use
from auditor.analysis.origins import snapshot_origins
from auditor.analysis.prices import prices
from auditor.frames import FRAMES

__all__ = ["ACROSS", "DERIVED", "SETTINGS", "Derivation", "derive", "sources"]

Derivation = Callable[..., pd.DataFrame]

#: Every derived frame: its name and the function that makes it.
DERIVED: dict[str, Derivation] = {
    "image_access": image_access,
    "image_costs": image_costs,
    "image_use": image_use,
    "parties": parties,
    "prices": prices,
    "snapshot_access": snapshot_access,
    "references_graph": references_graph,
    "snapshot_costs": snapshot_costs,
    "snapshot_origins": snapshot_origins,
}

#: Derived frames that look across accounts; only rules whose reach is the organisation can use them.
ACROSS = frozenset({"image_use"})


#: What a derivation may take besides frames.
SETTINGS = ("as_of", "discount", "trusted_accounts")


def derive(
    name: str,
    frame: Callable[[str], pd.DataFrame],
    as_of: datetime,
    discount: float = 0.0,
    trusted_accounts: Mapping[str, str] = MappingProxyType({}),
) -> pd.DataFrame:
    """Make one derived frame of one account and region.

    Args:
        name: A key of ``DERIVED``.
        frame: Gives the frame of a name, collected or derived, of that account and region.
        as_of: The moment that is judged.
        discount: Share taken off list prices, 0 to 1.
        trusted_accounts: Accounts that may be shared with, and what they are.
    """
    function = DERIVED[name]
    settings = {"as_of": as_of, "discount": discount, "trusted_accounts": trusted_accounts}
    given = {wanted: settings[wanted] if wanted in settings else frame(wanted) for wanted in _parameters(function)}
    return FRAMES[name].conform(function(**given))


def sources(name: str) -> frozenset[str]:
    """The frames that a frame rests on, itself included, down to the collected ones."""
    found = {name}
    for source in FRAMES[name].derived_from:
        found |= sources(source)
    return frozenset(found)


def _parameters(function: Derivation) -> list[str]:
    return list(inspect.signature(function).parameters)
