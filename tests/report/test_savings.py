"""Every resource is counted once, whatever found it, and only what is open and priced."""

from decimal import Decimal
from types import SimpleNamespace

import pandas as pd

from auditor.frames import FRAMES
from auditor.report.savings import saving_lines, savings, unknown_savings

PLACE = {"account_id": "111122223333", "region": "eu-west-1", "resource_type": "snapshot", "verdict": "found"}


def finding(resource, rule, high, **more):
    amounts = {"saving_low_usd": Decimal(0), "saving_high_usd": Decimal(high)} if high is not None else {}
    return {**PLACE, "finding_id": f"{resource}{rule}", "resource_id": resource, "rule_id": rule, **amounts, **more}


def test_every_resource_stands_once_with_all_that_found_it_the_dearest_first():
    rows = FRAMES["findings"].rows(
        [
            finding("snap-1", "orphaned", 3),
            finding("snap-2", "orphaned", 10),
            finding("snap-1", "leftover", 3),
            finding("snap-1", "leftover", 3, finding_id="again", discriminator="again"),
            finding("snap-1", "orphaned", 3, finding_id="elsewhere", region="us-east-1"),
            finding("snap-3", "unencrypted", None),
            finding("snap-4", "orphaned", 7, waiver="T-1"),
            finding("snap-5", "orphaned", None, verdict="unknown"),
        ]
    )
    told = savings(rows)
    assert told[["resource_id", "region", "rules"]].to_numpy().tolist() == [
        ["snap-2", "eu-west-1", "orphaned"],
        ["snap-1", "eu-west-1", "leftover, orphaned"],
        ["snap-1", "us-east-1", "orphaned"],
    ]
    assert sum(told["saving_high_usd"].astype(object)) == 16


def test_fast_restore_counts_by_zone_and_not_beside_its_snapshot():
    zone = {"resource_type": "fast restore"}
    rows = [
        finding("snap-1", "idle", 540, finding_id="1a", discriminator="eu-west-1a", **zone),
        finding("snap-1", "idle", 540, finding_id="1b", discriminator="eu-west-1b", **zone),
        finding("snap-2", "idle", 540, finding_id="2a", discriminator="eu-west-1a", **zone),
        finding("snap-2", "orphaned", 550),
        finding("snap-2", "leftover", 550, discriminator="not a part"),
    ]
    told = savings(FRAMES["findings"].rows(rows))
    assert told[["resource_id", "part", "rules"]].astype(object).fillna("").to_numpy().tolist() == [
        ["snap-2", "", "leftover, orphaned"],
        ["snap-1", "eu-west-1a", "idle"],
        ["snap-1", "eu-west-1b", "idle"],
    ]


def test_lines_by_what_found_it_add_up():
    rows = [
        finding("snap-1", "orphaned", 3),
        finding("snap-2", "orphaned", 4),
        finding("snap-3", "leftover", 9),
        finding("snap-3", "orphaned", 9),
    ]
    lines = saving_lines(savings(FRAMES["findings"].rows(rows)), {})
    assert [(line.rules, line.title, line.resources, line.high_usd) for line in lines] == [
        (("leftover", "orphaned"), "leftover; orphaned", 1, 9),
        (("orphaned",), "orphaned", 2, 7),
    ]


def test_what_has_no_price_is_counted_apart_where_it_is_to_do_without():
    zone = {"resource_type": "fast restore"}
    rules = {"idle": SimpleNamespace(saves=True), "unencrypted": SimpleNamespace(saves=False)}
    rows = [
        finding("snap-1", "idle", None, finding_id="1a", discriminator="eu-west-1a", **zone),
        finding("snap-1", "idle", None, finding_id="1b", discriminator="eu-west-1b", **zone),
        finding("snap-2", "idle", 540, finding_id="2a", discriminator="eu-west-1a", **zone),
        finding("snap-3", "idle", None, waiver="T-1"),
        finding("snap-4", "unencrypted", None),
    ]
    assert unknown_savings(FRAMES["findings"].rows(rows), rules) == 2


def test_nothing_saves_nothing():
    assert savings(FRAMES["findings"].empty()).empty
    assert isinstance(savings(FRAMES["findings"].rows([finding("snap-1", "tag", None)])), pd.DataFrame)
