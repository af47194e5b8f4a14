"""The frames of one account and region, collected or derived, each read or made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from auditor.analysis import DEFAULTS, DERIVED, derive
from auditor.config import Config
from auditor.frames import FRAMES
from auditor.inventory import Inventory


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
