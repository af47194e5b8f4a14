from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import pandas as pd
import pytest

from auditor.analysis.spend import AGE_BANDS, breakdown, spend_of, spend_part
from auditor.config import Config
from auditor.engine import evaluate
from auditor.frames import FRAMES
from auditor.inventory import Inventory

NOW = datetime(2026, 2, 1, tzinfo=UTC)
GIB = 2**30


def snapshot(number, days=10, account="111122223333", region="us-east-1", gib=10, **more):
    return {
        "account_id": account,
        "region": region,
        "snapshot_id": f"snap-{number}",
        "volume_id": f"vol-{number}",
        "state": "completed",
        "storage_tier": "standard",
        "full_size_bytes": None if gib is None else gib * GIB + number,
        "encrypted": True,
        "data_encryption_key_id": f"dek-{number}",
        "started_at": NOW - timedelta(days=days),
        **more,
    }


ESTATE = [
    snapshot(1),
    snapshot(2, 45, description="Created by CreateImage(i-0a) for ami-0b"),
    snapshot(3, 400, account="444455556666", storage_tier="archive"),
    snapshot(4, 800, region="me-central-1"),
    snapshot(5, 200, region="eu-west-1", gib=None),
    snapshot(6, 31, region="eu-west-1", encrypted=False, data_encryption_key_id=None),
    snapshot(7, 30, region="eu-west-1", encrypted=False, data_encryption_key_id=None),
]
ZONES = [
    {"snapshot_id": "snap-1", "availability_zone": "us-east-1a"},
    {"snapshot_id": "snap-of-others", "availability_zone": "us-east-1a"},
    {"snapshot_id": "snap-6", "region": "eu-west-1", "availability_zone": "eu-west-1a"},
]


def estate(snapshots=ESTATE, zones=ZONES):
    here = {"account_id": "111122223333", "region": "us-east-1", "owner_id": "111122223333", "state": "enabled"}
    return Inventory.of(
        {
            "snapshots": FRAMES["snapshots"].rows(snapshots),
            "fast_restores": FRAMES["fast_restores"].rows([{**here, **zone} for zone in zones]),
        },
        NOW,
    )


def test_what_was_summed_up_while_judging_says_the_same():
    config = Config.of({"cost": {"discount": 0.07}})
    make = partial(spend_part, as_of=NOW, discount=0.07)
    parts = evaluate(estate(), [], config, summaries={"spend": make}).summaries["spend"]
    told, same = spend_of(estate(), config, parts), spend_of(estate(), config)
    rest = {"behind_images": None, "details": None}
    assert replace(told, **rest) == replace(same, **rest)
    pd.testing.assert_frame_equal(told.behind_images, same.behind_images)
    assert told.total.snapshots == len(ESTATE)


def test_every_breakdown_adds_up_to_the_total():
    spend = spend_of(estate(), Config())
    measures = ["snapshots", "stored_low_bytes", "stored_high_bytes", "low_usd", "high_usd", "unpriced", "size_unknown"]
    for lines in (spend.by_account, spend.by_region, spend.by_origin, spend.by_age):
        for name in measures:
            assert sum(getattr(line, name) for line in lines) == getattr(spend.total, name), name


def test_the_total_is_the_sum_of_what_each_snapshot_costs_rounded_once():
    total = spend_of(estate(), Config()).total
    sizes = {number: 10 * GIB + number for number in range(1, 8)}
    each = [(1, "0.05"), (2, "0.05"), (3, "0.0125"), (6, "0.05"), (7, "0.05")]
    high = sum((Decimal(sizes[number]) * Decimal(price) / GIB).quantize(Decimal("0.000001")) for number, price in each)
    assert total.high_usd == high
    assert total.low_usd < high
    assert (total.snapshots, total.unpriced, total.size_unknown) == (7, 1, 1)
    assert total.stored_high_bytes == sum(sizes[number] for number in (1, 2, 3, 4, 6, 7))


def test_ages_fall_into_bands_youngest_first():
    lines = spend_of(estate(), Config()).by_age
    assert [(line.key, line.snapshots) for line in lines] == list(zip(AGE_BANDS, (2, 2, 1, 1, 1), strict=True))


@pytest.mark.parametrize(("days", "band"), [(30, 0), (31, 1), (90, 1), (91, 2), (365, 2), (366, 3), (730, 3), (731, 4)])
def test_a_band_ends_with_its_last_day(days, band):
    (line,) = spend_of(estate([snapshot(1, days)], []), Config()).by_age
    assert line.key == list(AGE_BANDS)[band]


def test_other_breakdowns_begin_with_the_dearest():
    spend = spend_of(estate(), Config())
    assert [line.key for line in spend.by_region] == ["us-east-1", "eu-west-1", "me-central-1"]
    assert [line.key for line in spend.by_account] == ["111122223333", "444455556666"]
    assert {line.key for line in spend.by_origin} == {"manual", "create-image"}


def test_fast_restore_stands_beside_the_storage_with_that_of_shared_snapshots():
    spend = spend_of(estate(), Config())
    assert spend.fast_restore_usd == 2 * 540
    assert spend.fast_restore_unpriced == 1
    assert spend.total.high_usd < 540


def test_a_discount_changes_no_list_price_and_is_told_apart():
    full, less = spend_of(estate(), Config()), spend_of(estate(), Config.of({"cost": {"discount": 0.07}}))
    assert (less.total, less.by_account, less.discount) == (full.total, full.by_account, 0.07)
    assert (full.net_low_usd, full.net_high_usd) == (full.total.low_usd, full.total.high_usd)
    assert abs(less.net_high_usd - full.total.high_usd * Decimal("0.93")) < Decimal("0.00001")


def test_only_prices_that_were_used_are_cited():
    spend = spend_of(estate([snapshot(1, region="af-south-1")], []), Config())
    assert spend.price_date == "2024-09-30"
    assert spend.sources == ("AWS bill of September 2024 in the FinOps Foundation's FOCUS sample data",)
    assert spend_of(estate(), Config()).price_date == "2025-11-03"


@pytest.mark.parametrize("inventory", [Inventory.of({}, NOW), estate([], [])])
def test_an_estate_without_snapshots_costs_nothing(inventory):
    spend = spend_of(inventory, Config())
    assert (spend.total.snapshots, spend.total.high_usd, spend.by_account, spend.sources) == (0, 0, (), ())


def test_a_breakdown_can_be_made_by_any_key():
    from auditor.analysis import derive
    from auditor.analysis.spend import spend_rows

    inventory = estate()
    frames = {"snapshots": inventory.read("snapshots"), "fast_restores": inventory.read("fast_restores")}
    give = lambda name: frames[name] if name in frames else FRAMES[name].empty()  # noqa: E731
    for name in ("prices", "snapshot_origins", "snapshot_costs"):
        frames[name] = derive(name, give, NOW)
    order = ("snapshots", "snapshot_origins", "snapshot_costs", "fast_restores", "prices")
    rows = spend_rows(*(frames[name] for name in order), NOW, 0.5)
    assert rows.set_index(["account_id", "region", "origin", "age_band"]).index.is_unique
    whole = pd.concat([rows, rows], ignore_index=True)
    assert breakdown(whole, "region")["snapshots"].tolist() == [6, 6, 2]
