"""The frames of one account and region, collected or derived, each read or made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import pandas as pd

from auditor.analysis import DEFAULTS, DERIVED, derive
from auditor.config import Config
from auditor.frames import FRAMES
from auditor.inventory import Inventory

Made = TypeVar("Made")


def each_place(
    inventory: Inventory,
    config: Config,
    make: Callable[[Callable[[str], pd.DataFrame], str, str], Made],
    held: Mapping[str, pd.DataFrame],
) -> list[Made]:
    """What is made of each account and region.

    Args:
        inventory: What was collected.
        config: What the policy says.
        make: Gets what gives a frame by its name, the account and the region.
        held: Frames that are there already, or are the same everywhere.
    """
    return [make(frames_of(inventory, *place, held, config), *place) for place in inventory.partitions]


def frames_of(
    inventory: Inventory,
    account_id: str,
    region: str,
    held: Mapping[str, pd.DataFrame],
    config: Config = DEFAULTS,
) -> Callable[[str], pd.DataFrame]:
    """Gives the frames of one account and region by name.

    Args:
        inventory: What was collected.
        account_id: The account.
        region: The region.
        held: Frames that are there already, or are the same everywhere.
        config: What the policy says.
    """
    known = dict(held)

    def frame(name: str) -> pd.DataFrame:
        if name not in known:
            if name in DERIVED:
                known[name] = derive(name, frame, inventory.as_of, config)
            else:
                place = () if FRAMES[name].everywhere else (account_id, region)
                known[name] = inventory.read(name, *place)
        return known[name]

    return frame
