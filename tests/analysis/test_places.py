"""Derived frames that are kept while an account and region is judged, and read where reports show them row by row."""

from functools import partial

import pandas as pd
import pytest

from auditor.analysis.calendar import backups_of, sum_up
from auditor.analysis.families import families_of
from auditor.analysis.places import KEPT, keep
from auditor.analysis.spend import cost_of, spend_of
from auditor.config import Config
from auditor.engine import evaluate
from auditor.errors import InventoryError
from auditor.inventory import Inventory
from auditor.testing import frame
from tests.analysis.backup.estates import NOW, made, night, policy


@pytest.fixture(scope="module")
def inventory():
    rows = {
        **policy(),
        **made(("snap-1", "vol-1", night(3)), ("snap-2", "vol-1", night(1))),
        "images": [{"image_id": "ami-1", "name": "web-1", "created_at": night(9)}],
    }
    return Inventory.of({name: frame(name, each, NOW) for name, each in rows.items()}, NOW, [])


def test_what_was_kept_is_what_would_be_made_again(inventory, tmp_path):
    summaries = {"kept": partial(keep, folder=tmp_path), "backups": sum_up}
    places = evaluate(inventory, [], Config(), summaries=summaries).summaries["backups"]
    assert {path.name for path in tmp_path.iterdir()} == set(KEPT)
    place = inventory.partitions[0]

    def told(kept):
        spend = spend_of(inventory, Config(), kept=kept)
        return (
            spend.details(*place),
            families_of(inventory, Config(), spend, kept).details(*place),
            backups_of(places, inventory, Config(), kept).details(*place),
        )

    for read, again in zip(told(tmp_path), told(None), strict=True):
        assert len(read)
        pd.testing.assert_frame_equal(read, again)


def test_what_a_run_cost_can_be_told_from_what_it_kept(tmp_path):
    sizes = {"snap-1": 10, "snap-2": 12, "snap-3": None}
    rows = [
        {"snapshot_id": name, "volume_id": "vol-1", "started_at": night(9 - at), "state": "completed"}
        | {"storage_tier": "standard", "volume_size_gib": 20, "full_size_bytes": size and size * 2**30}
        for at, (name, size) in enumerate(sizes.items())
    ]
    inventory = Inventory.of({"snapshots": frame("snapshots", rows, NOW)}, NOW, [])
    assert cost_of(tmp_path) is None
    evaluate(inventory, [], Config(), summaries={"kept": partial(keep, folder=tmp_path)})
    total = spend_of(inventory, Config()).total
    assert 0 < total.low_usd < total.high_usd
    assert cost_of(tmp_path) == (total.low_usd, total.high_usd)
    next((tmp_path / "snapshot_costs").rglob("*.parquet")).write_bytes(b"PAR1")
    with pytest.raises(InventoryError, match="not a readable Parquet file"):
        cost_of(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(inventory, tmp_path):
    blocked = tmp_path / "derived"
    blocked.write_text("a file, not a folder")
    with pytest.raises(InventoryError, match="derived"):
        evaluate(inventory, [], Config(), summaries={"kept": partial(keep, folder=blocked)})
