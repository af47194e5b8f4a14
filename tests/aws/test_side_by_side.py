"""Collectors of one account and region that are read side by side bring what they bring one after another."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from auditor.aws.collector import Collector, Page, Reader
from auditor.aws.collectors import volumes
from auditor.frames import INVENTORY
from auditor.inventory import Inventory
from auditor.sandbox.faults import Fault

HOME, OTHER = "111122223333", "444455556666"
NAMES = ("snapshot_shares", "image_shares", "ssm_parameters", "auto_scaling_groups", "recycle_bin_rules", "volumes")
ONE_BY_ONE, SIDE_BY_SIDE = 1, 64


def told(inventory: Inventory) -> dict[tuple[str, str, str], tuple[Any, ...]]:
    return {
        (row.account_id, row.region, row.collector): (row.status, str(row.error_code), row.calls, row.rows)
        for row in inventory.coverage().itertuples()
    }


def test_side_by_side_is_as_one_by_one(serve: Any, read: Any, tmp_path: Path) -> None:
    serve()
    one = read(*NAMES, workers=ONE_BY_ONE)
    coverage, frames = told(one), {name: one.read(name) for name in INVENTORY}
    shutil.rmtree(tmp_path / "run")
    two = read(*NAMES, workers=SIDE_BY_SIDE)
    assert told(two) == coverage
    for name, frame in frames.items():
        pd.testing.assert_frame_equal(two.read(name), frame)


def test_what_fails_costs_itself_and_what_needs_it(serve: Any, read: Any) -> None:
    serve(Fault("denied", account=OTHER, region="eu-west-1", action="DescribeSnapshots"))
    inventory = read(*NAMES, workers=SIDE_BY_SIDE)
    there = {
        name: row[:2]
        for (account, region, name), row in told(inventory).items()
        if (account, region) == (OTHER, "eu-west-1")
    }
    assert there.pop("snapshots") == ("denied", "UnauthorizedOperation")
    skipped = {name for name, (status, _) in there.items() if status == "skipped"}
    assert skipped == {"kms_keys", "snapshot_public_permissions", "snapshot_shares"}
    assert {status for name, (status, _) in there.items() if name not in skipped} == {"complete"}


def test_gaps_are_noted_with_the_collector_that_asked(serve: Any, read: Any) -> None:
    broken = f"snap-{7:017x}"
    serve(Fault("error", action="DescribeSnapshotAttribute", ids=(broken,), code="Odd", status=400))
    gaps = read(*NAMES, workers=SIDE_BY_SIDE).item_gaps()
    assert set(gaps["collector"]) == {"snapshot_shares"}
    assert set(gaps["resource_id"]) == {broken}


def test_a_collector_that_names_nobody_who_fills_a_frame_does_not_get_it(serve: Any, read: Any) -> None:
    def get(reader: Reader) -> Any:
        reader.frame("volumes")
        yield from ()

    def transform(_page: Page, _where: Any) -> dict[str, pd.DataFrame]:
        return {}

    serve()
    forgetful = Collector(name="attachments", frames=("attachments",), actions=(), get=get, transform=transform)
    inventory = read(catalogue=(volumes.COLLECTOR, forgetful), workers=SIDE_BY_SIDE)
    rows = inventory.coverage().groupby("collector")["status"].unique().to_dict()
    assert {name: list(statuses) for name, statuses in rows.items()} == {
        "volumes": ["complete"],
        "attachments": ["failed"],
    }
