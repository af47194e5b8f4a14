"""The frames of one account and region, collected or derived, each read or made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from auditor.analysis import DERIVED, derive
from auditor.frames import FRAMES
from auditor.inventory import Inventory


def frames_of(
    inventory: Inventory,
    account_id: str,
    region: str,
    held: Mapping[str, pd.DataFrame],
    trusted_accounts: Mapping[str, str] | None = None,
) -> Callable[[str], pd.DataFrame]:
    """Gives the frames of one account and region by name.

    Args:
        inventory: What was collected.
        account_id: The account.
        region: The region.
        held: Frames that are there already, or are the same everywhere.
        trusted_accounts: Accounts that may be shared with, and what they are.
    """
    known = dict(held)

    def frame(name: str) -> pd.DataFrame:
        if name not in known:
            if name in DERIVED:
                known[name] = derive(name, frame, inventory.as_of, trusted_accounts=trusted_accounts or {})
            else:
                place = () if FRAMES[name].everywhere else (account_id, region)
                known[name] = inventory.read(name, *place)
        return known[name]

    return frame
