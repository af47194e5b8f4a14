"""Pure functions on frames: no AWS, no clock, no files.

A derived frame is one function. Its parameters name the frames it is made from, collected or derived; ``as_of`` is the
moment that is judged, and ``SETTINGS`` are what the configuration says. It returns the columns declared in
``auditor.frames`` under the same name. The engine calls it for one account and region at a time, only where a rule or
a finding asks for it, and once; those in ``ACROSS`` for everything that was collected at once.

The declaration's ``derived_from`` must name the collected and derived frames that the function takes, for their
gaps become the derived frame's gaps; ``heeds`` names those whose gaps it tells of itself, cell by cell.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import pandas as pd

from auditor.analysis.access import image_access, parties, snapshot_access
from auditor.analysis.backup import (
    backup_copies,
    backup_coverage,
    backup_promise_versions,
    backup_promises,
    backup_status,
    backup_unmet,
    backup_windows,
    lifecycle_retention,
)
from auditor.analysis.costs import fast_restore_costs, snapshot_costs
from auditor.analysis.elsewhere import NOWHERE, Elsewhere, snapshots_elsewhere
from auditor.analysis.expectations import (
    image_expectations,
    image_selections,
    snapshot_expectations,
    snapshot_selections,
)
from auditor.analysis.graph import references_graph
from auditor.analysis.image_costs import image_costs
from auditor.analysis.image_families import image_families
from auditor.analysis.image_generations import image_generations
from auditor.analysis.image_origins import image_origins
from auditor.analysis.image_use import image_use
from auditor.analysis.key_access import key_access
from auditor.analysis.origins import snapshot_origins
from auditor.analysis.prices import prices
from auditor.analysis.reports import report_coverage
from auditor.analysis.vaults import vault_access, vault_protection
from auditor.config import Config
from auditor.frames import FRAMES

__all__ = ["ACROSS", "DEFAULTS", "DERIVED", "SETTINGS", "Derivation", "derive", "settings_of", "sources"]

Derivation = Callable[..., pd.DataFrame]

#: Every derived frame: its name and the function that makes it.
DERIVED: dict[str, Derivation] = {
    "backup_copies": backup_copies,
    "backup_coverage": backup_coverage,
    "backup_promise_versions": backup_promise_versions,
    "backup_promises": backup_promises,
    "backup_status": backup_status,
    "backup_unmet": backup_unmet,
    "backup_windows": backup_windows,
    "fast_restore_costs": fast_restore_costs,
    "image_access": image_access,
    "image_costs": image_costs,
    "image_expectations": image_expectations,
    "image_selections": image_selections,
    "image_families": image_families,
    "image_generations": image_generations,
    "image_origins": image_origins,
    "image_use": image_use,
    "key_access": key_access,
    "lifecycle_retention": lifecycle_retention,
    "parties": parties,
    "prices": prices,
    "snapshot_access": snapshot_access,
    "references_graph": references_graph,
    "report_coverage": report_coverage,
    "snapshot_costs": snapshot_costs,
    "snapshot_expectations": snapshot_expectations,
    "snapshot_origins": snapshot_origins,
    "snapshot_selections": snapshot_selections,
    "snapshots_elsewhere": snapshots_elsewhere,
    "vault_access": vault_access,
    "vault_protection": vault_protection,
}

#: Derived frames that look across accounts; only rules whose reach is the organisation can use them.
ACROSS = frozenset({"image_families", "image_generations", "image_use"})


#: What a derivation may take besides frames and ``as_of``: its parameter, and where the configuration says it.
SETTINGS: Mapping[str, Callable[[Config], Any]] = {
    "backup": lambda config: config.backup,
    "discount": lambda config: config.cost.discount,
    "families": lambda config: config.images,
    "sharing_expect": lambda config: config.sharing.expect,
    "trusted_accounts": lambda config: config.sharing.trusted_accounts,
}

#: Derived frames that are empty where a setting is, so that nothing need be read for them.
IDLE_WITHOUT: Mapping[str, str] = dict.fromkeys(
    ("image_expectations", "image_selections", "snapshot_expectations", "snapshot_selections"), "sharing_expect"
)

#: What is said where nothing is configured.
DEFAULTS = Config()


def derive(
    name: str,
    frame: Callable[[str], pd.DataFrame],
    as_of: datetime,
    config: Config = DEFAULTS,
    elsewhere: Elsewhere = NOWHERE,
) -> pd.DataFrame:
    """Make one derived frame of one account and region.

    Args:
        name: A key of ``DERIVED``.
        frame: Gives the frame of a name, collected or derived, of that account and region.
        as_of: The moment that is judged.
        config: Gives the settings that it takes.
        elsewhere: Looks at the other places of the run.
    """
    function = DERIVED[name]
    if name in IDLE_WITHOUT and not SETTINGS[IDLE_WITHOUT[name]](config):
        return FRAMES[name].empty()
    given: dict[str, Any] = {}
    for wanted in _parameters(function):
        if wanted == "as_of":
            given[wanted] = as_of
        elif wanted == "elsewhere":
            given[wanted] = elsewhere
        else:
            given[wanted] = SETTINGS[wanted](config) if wanted in SETTINGS else frame(wanted)
    return FRAMES[name].conform(function(**given))


def sources(name: str) -> frozenset[str]:
    """The frames that a frame rests on, itself included, down to the collected ones."""
    found = {name}
    for source in FRAMES[name].derived_from:
        found |= sources(source)
    return frozenset(found)


def settings_of(frames: Iterable[str]) -> frozenset[str]:
    """What of the configuration some frames hang on, by the names in ``SETTINGS``."""
    made = {source for name in frames for source in sources(name)}.intersection(DERIVED)
    return frozenset(wanted for name in made for wanted in _parameters(DERIVED[name])).intersection(SETTINGS)


@cache
def _parameters(function: Derivation) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)
