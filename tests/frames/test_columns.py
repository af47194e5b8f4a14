import re
from decimal import Decimal

import pandas as pd
import pytest

from auditor.errors import InventoryError
from auditor.frames import FRAMES, INVENTORY, frame_named, frames_filled_by
from auditor.frames.columns import PANDAS, distinct

ALL = pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)


@ALL
def test_every_column_is_described_and_named_once(frame):
    assert frame.meaning.endswith(".")
    assert all(column.meaning for column in frame.columns)
    assert len(set(frame.names)) == len(frame.names)
    assert set(frame.key) <= set(frame.names)


ENDINGS = {
    "bytes": ("_bytes",),
    "GiB": ("_gib",),
    "USD": ("_usd", "_usd_per_gib_month"),
    "days": ("_days",),
    "minutes": ("_minutes",),
    "UTC": ("_at", "_by", "_from", "first_seen"),
}


@ALL
def test_units_stand_in_the_name(frame):
    for column in frame.columns:
        assert column.name.endswith(ENDINGS.get(column.unit, ("",))), column.name


@ALL
def test_an_empty_frame_is_typed_and_survives_parquet(frame):
    empty = frame.empty()
    assert [str(empty[column.name].dtype) for column in frame.columns] == [
        str(PANDAS[column.kind]) for column in frame.columns
    ]
    pd.testing.assert_frame_equal(frame.from_arrow(frame.to_arrow(empty)), empty)


def test_inventory_frames_say_who_fills_them_and_derived_ones_what_they_come_from():
    for frame in FRAMES.values():
        assert not (frame.filled_by and frame.derived_from)
        assert {*frame.derived_from, *frame.heeds} <= set(FRAMES)
        assert not set(frame.derived_from) & set(frame.heeds)
        assert frame.derived_from or not frame.heeds
    assert {"snapshots", "snapshot_tags"} <= set(frames_filled_by("snapshots"))
    assert all(re.fullmatch(r"[a-z_]+", name) for name in INVENTORY)


def test_left_out_columns_are_missing_and_never_empty_text():
    frame = FRAMES["snapshots"].of({"snapshot_id": ["snap-1"], "encrypted": [None], "full_size_bytes": [None]})
    assert frame.loc[0, "snapshot_id"] == "snap-1"
    assert frame.drop(columns="snapshot_id").isna().all(axis=None)


def test_account_ids_keep_their_zeros():
    frame = FRAMES["accounts"].rows([{"account_id": "000000000012"}])
    assert FRAMES["accounts"].from_arrow(FRAMES["accounts"].to_arrow(frame)).loc[0, "account_id"] == "000000000012"


def test_money_is_exact_and_adds_up():
    frame = FRAMES["snapshot_costs"].rows([{"monthly_low_usd": Decimal("0.1")}] * 10)
    assert frame["monthly_low_usd"].sum() == Decimal("1.0")


def test_times_are_utc_whatever_zone_they_came_in():
    frame = FRAMES["snapshots"].rows([{"started_at": "2026-03-01T01:00:00+01:00"}, {"started_at": None}])
    assert frame.loc[0, "started_at"] == pd.Timestamp("2026-03-01T00:00:00Z")
    assert pd.isna(frame.loc[1, "started_at"])


def test_an_unknown_column_is_refused_by_name():
    with pytest.raises(InventoryError, match="has no column 'snapshotid'"):
        FRAMES["snapshots"].rows([{"snapshotid": "snap-1"}])


def test_a_value_of_the_wrong_kind_is_refused():
    with pytest.raises(InventoryError, match="'encrypted' does not hold flag"):
        FRAMES["snapshots"].rows([{"encrypted": "perhaps"}])


def test_conform_orders_columns_and_names_the_one_that_lacks():
    frame = FRAMES["regions"]
    rows = pd.DataFrame({"region": ["eu-west-1"], "opt_in_status": [None], "account_id": ["111122223333"]})
    assert list(frame.conform(rows).columns) == frame.names
    with pytest.raises(InventoryError, match="lacks the column 'opt_in_status'"):
        frame.conform(rows.drop(columns="opt_in_status"))


def test_what_is_distinct_is_said_once_and_missing_is_a_value():
    places = [("1", "eu-west-1"), ("1", "us-east-1"), ("1", "eu-west-1"), ("2", None), ("2", None)]
    rows = FRAMES["snapshots"].rows([{"account_id": account, "region": region} for account, region in places])
    assert distinct(rows, "region", "account_id") == {("eu-west-1", "1"), ("us-east-1", "1"), (None, "2")}
    assert distinct(rows[:0], "account_id") == set()


def test_an_unknown_frame_gets_a_hint():
    with pytest.raises(InventoryError, match="auditor columns"):
        frame_named("snapshot")
