from decimal import Decimal

import pandas as pd
import pytest

from auditor.analysis.costs import fast_restore_costs, snapshot_costs
from auditor.analysis.prices import prices
from auditor.frames import FRAMES

GIB = 2**30
ACCOUNT = "111122223333"


def cost(*, zones=(), volumes=None, **row):
    here = {"account_id": ACCOUNT, "region": row.pop("region", "us-east-1")}
    snapshot = {
        "snapshot_id": "snap-0a",
        "volume_id": "vol-0a",
        "state": "completed",
        "storage_tier": "standard",
        "full_size_bytes": 10 * GIB,
        "encrypted": False,
        "started_at": "2026-01-02T00:00:00Z",
        **row,
    }
    made = [{"volume_id": "vol-0a", "created_at": "2026-01-01T00:00:00Z"}] if volumes is None else volumes
    frames = (
        FRAMES["snapshots"].rows([{**here, **snapshot}]),
        FRAMES["volumes"].rows([{**here, **volume} for volume in made]),
        FRAMES["recycle_bin_snapshots"].empty(),
        FRAMES["fast_restores"].rows(
            [{**here, "snapshot_id": "snap-0a", "owner_id": ACCOUNT, **zone} for zone in zones]
        ),
        prices(),
        FRAMES["gaps"].empty(),
    )
    costs = snapshot_costs(*frames)
    assert [(name, costs[name].dtype) for name in costs] == [
        (name, FRAMES["snapshot_costs"].empty()[name].dtype) for name in FRAMES["snapshot_costs"].names
    ]
    return {name: None if pd.isna(value) else value for name, value in costs.iloc[0].to_dict().items()}


def test_storage_is_bytes_times_price():
    row = cost()
    assert (row["monthly_low_usd"], row["monthly_high_usd"]) == (Decimal("0.5"), Decimal("0.5"))
    assert (row["price_usd_per_gib_month"], row["price_date"]) == (Decimal("0.05"), "2025-11-03")
    assert (row["saving_low_usd"], row["saving_high_usd"], row["basis"]) == (Decimal("0.5"), Decimal("0.5"), "full")
    assert row["fast_restore_usd"] == 0


def test_an_archived_snapshot_costs_its_full_size_at_the_archive_price():
    row = cost(storage_tier="archive")
    assert (row["monthly_low_usd"], row["monthly_high_usd"], row["basis"]) == (
        Decimal("0.125"),
        Decimal("0.125"),
        "archive",
    )


def test_a_snapshot_restored_from_the_archive_for_a_while_is_billed_in_both_tiers():
    row = cost(storage_tier="archive", restore_expires_at="2026-02-02T00:00:00Z")
    assert (row["monthly_low_usd"], row["saving_high_usd"]) == (Decimal("0.625"), Decimal("0.625"))
    assert row["basis"] == "archive and standard"


@pytest.mark.parametrize(
    "row",
    [
        {"region": "me-central-1"},
        {"region": "cn-north-1"},
        {"region": "us-gov-west-1"},
        {"region": "af-south-1", "storage_tier": "archive"},
        {"outpost_arn": "arn:aws:outposts:us-east-1:111122223333:outpost/op-0a"},
        {"availability_zone": "us-east-1-bos-1a"},
    ],
)
def test_what_has_no_known_price_has_none_and_no_default(row):
    made = cost(**row)
    names = ["price_usd_per_gib_month", "price_date", "monthly_low_usd", "monthly_high_usd", "saving_low_usd"]
    assert [made[name] for name in names] == [None] * 5
    assert made["stored_high_bytes"] == 10 * GIB


def test_fast_restore_is_paid_by_zone_for_720_hours():
    zones = [
        {"availability_zone": f"us-east-1{zone}", "state": state}
        for zone, state in zip("abc", ("enabled", "optimizing", "disabled"), strict=True)
    ]
    row = cost(zones=zones)
    assert row["fast_restore_usd"] == 2 * 720 * Decimal("0.75")
    assert row["monthly_high_usd"] == Decimal("0.5")
    assert row["saving_low_usd"] == Decimal("1080.5")


def test_fast_restore_that_another_account_enabled_costs_this_one_nothing():
    assert (
        cost(zones=[{"availability_zone": "us-east-1a", "state": "enabled", "owner_id": "999988887777"}])[
            "fast_restore_usd"
        ]
        == 0
    )


def test_fast_restore_without_a_price_is_missing_and_leaves_the_storage_to_save():
    row = cost(region="eu-west-1", zones=[{"availability_zone": "eu-west-1a", "state": "enabled"}])
    assert row["fast_restore_usd"] is None
    assert (row["saving_low_usd"], row["saving_high_usd"]) == (Decimal("0.5"), None)


def test_a_missing_size_is_not_free():
    row = cost(full_size_bytes=None, volume_size_gib=100)
    assert (row["monthly_low_usd"], row["monthly_high_usd"], row["basis"]) == (None, None, "size unknown")


def test_a_lineage_that_is_unknown_is_told_as_a_range():
    other = {"volume_id": "vol-0b", "created_at": "2026-01-01T00:00:00Z", "source_snapshot_id": "snap-gone"}
    assert cost(volumes=[other])["basis"] == "full"  # nothing older is there that could hold its blocks


def test_fast_restore_costs_the_same_in_every_zone_that_is_paid_for():
    here = {"account_id": ACCOUNT, "owner_id": ACCOUNT, "state": "enabled"}
    zones = [
        {**here, "region": "us-east-1", "snapshot_id": "snap-0a", "availability_zone": "us-east-1a"},
        {**here, "region": "us-east-1", "snapshot_id": "snap-0a", "availability_zone": "us-east-1b"},
        {**here, "region": "us-east-1", "snapshot_id": "snap-0b", "state": "disabled"},
        {**here, "region": "us-east-1", "snapshot_id": "snap-0c", "owner_id": "999988887777"},
        {**here, "region": "nowhere-1", "snapshot_id": "snap-0d"},
    ]
    told = fast_restore_costs(FRAMES["fast_restores"].rows(zones), prices()).set_index("snapshot_id")
    assert told.index.tolist() == ["snap-0a", "snap-0d"]
    money = ["monthly_low_usd", "monthly_high_usd", "saving_low_usd", "saving_high_usd"]
    assert told.loc["snap-0a", money].tolist() == [Decimal(540)] * 4
    assert told.loc["snap-0d", money].isna().all()
