"""The frames of one account and region, collected or derived, each read or made once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.analysis import DEFAULTS, DERIVED, derive
from auditor.config import Config
from auditor.errors import InventoryError
from auditor.frames import FRAMES
from auditor.inventory import Inventory

#: Derived frames that the workbook shows row by row: to read them again takes a tenth of making them again.
KEPT = ("backup_promises", "backup_status", "backup_windows", "image_origins", "snapshot_costs", "snapshot_origins")

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
    kept: Path | None = None,
) -> Callable[[str], pd.DataFrame]:
    """Gives the frames of one account and region by name.

    Args:
        inventory: What was collected.
        account_id: The account.
        region: The region.
        held: Frames that are there already, or are the same everywhere.
        config: What the policy says.
        kept: Where :func:`keep` kept derived frames of the same inventory, judged by the same policy.
    """
    known = dict(held)

    def frame(name: str) -> pd.DataFrame:
        if name not in known:
            if kept is not None and name in KEPT:
                table = pq.ParquetFile(_path(kept, name, account_id, region)).read()
                known[name] = FRAMES[name].from_arrow(table)
            elif name in DERIVED:
                known[name] = derive(name, frame, inventory.as_of, config)
            else:
                place = () if FRAMES[name].everywhere else (account_id, region)
                known[name] = inventory.read(name, *place)
        return known[name]

    return frame


def asked(inventory: Inventory, frames: Iterable[str]) -> bool:
    """Whether all that fills some frames was to be read anywhere; an inventory in memory notes gaps only."""
    return inventory.folder is None or collectors_of(frames) <= set(inventory.coverage()["collector"])


def collectors_of(frames: Iterable[str]) -> set[str]:
    """The collectors that fill some frames; derived ones none does."""
    return {collector for name in frames for collector in FRAMES[name].filled_by}


def keep(frame: Callable[[str], pd.DataFrame], account_id: str, region: str, *, folder: Path) -> None:
    """Write the derived frames of one account and region that are worth keeping, a Parquet file each.

    Args:
        frame: Gives its frames by name.
        account_id: The account.
        region: The region.
        folder: Where to; made if need be.

    Raises:
        InventoryError: A file cannot be written.
    """
    for name in KEPT:
        path = _path(folder, name, account_id, region)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(FRAMES[name].to_arrow(frame(name)), path, compression="zstd")
        except OSError as error:
            raise InventoryError(f"{path} cannot be written: {error.strerror}.") from error


def summed(folder: Path, name: str, *columns: str) -> tuple[Decimal, ...] | None:
    """The sums of some columns over all that :func:`keep` kept of one frame; nothing where it kept nothing.

    Args:
        folder: Where it was kept.
        name: The frame.
        columns: Columns of money; what is missing in them adds nothing.

    Raises:
        InventoryError: A file is damaged.
    """
    sums = dict.fromkeys(columns, Decimal(0))
    paths = sorted((folder / name).rglob("*.parquet"))
    for path in paths:
        try:
            table = pq.ParquetFile(path).read(list(columns))
        except (OSError, pa.ArrowException) as error:
            raise InventoryError(f"{path} is not a readable Parquet file.", "Judge that run again.") from error
        for column in columns:
            sums[column] += pc.sum(table.column(column)).as_py() or 0
    return tuple(sums.values()) if paths else None


def _path(folder: Path, name: str, account_id: str, region: str) -> Path:
    return folder / name / account_id / f"{region}.parquet"
