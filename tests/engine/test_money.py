"""What a finding costs and would save: bounds, exact where they meet, missing where they are not known."""

from decimal import Decimal

import pandas as pd

from tests.engine.judging import (
    PRICED,
    always,
    gap,
    tried,
)


def test_money_is_bounds_and_exact_only_where_they_meet():
    rows = {"snapshots": [PRICED, {"snapshot_id": "snap-2"}]}
    made = tried(always, rows, saves=True).findings.set_index("resource_id")
    known = made.loc["snap-1"]
    assert isinstance(known["cost_high_usd"], Decimal)
    assert known["cost_low_usd"] <= known["cost_high_usd"]
    assert known["saving_low_usd"] <= known["saving_high_usd"]
    assert known["saving_method"] == "bounded"
    assert pd.isna(known["monthly_cost_usd"]) == (known["cost_low_usd"] != known["cost_high_usd"])


def test_only_what_takes_the_resource_away_saves_anything():
    made = tried(always, {"snapshots": [PRICED]}).findings.iloc[0]
    assert made["cost_high_usd"] > 0
    assert made[["saving_low_usd", "saving_high_usd", "saving_method"]].isna().all()


def test_money_is_missing_where_its_frames_have_a_gap():
    made = tried(always, {"snapshots": [PRICED]}, coverage=[gap("fast_restores")], saves=True).findings.iloc[0]
    assert made["verdict"] == "found"
    assert made[["monthly_cost_usd", "cost_low_usd", "saving_high_usd", "saving_method"]].isna().all()


def test_a_snapshot_of_two_images_counts_for_neither_alone():
    def every(images):
        """Why."""
        return pd.Series(True, index=images.index)

    image = {"root_device_type": "ebs"}
    bounds = {"monthly_low_usd": "3", "monthly_high_usd": "5", "fast_restore_usd": "1"}
    cost = {**bounds, "saving_low_usd": "2", "saving_high_usd": "4"}
    cost = {name: Decimal(amount) for name, amount in cost.items()}
    rows = {
        "snapshot_costs": [{"snapshot_id": name, **cost} for name in ("snap-1", "snap-2")],
        "images": [
            {"image_id": "ami-1", **image},
            {"image_id": "ami-2", **image},
            {"image_id": "ami-3", **image},
            {"image_id": "ami-4", "root_device_type": "instance-store"},
        ],
        "image_block_devices": [
            {"image_id": "ami-1", "snapshot_id": "snap-1", "device_name": "a"},
            {"image_id": "ami-1", "snapshot_id": "snap-2", "device_name": "b"},
            {"image_id": "ami-1", "snapshot_id": "snap-2", "device_name": "c"},
            {"image_id": "ami-2", "snapshot_id": "snap-1", "device_name": "a"},
            {"image_id": "ami-2", "snapshot_id": "snap-of-somebody-else", "device_name": "b"},
        ],
    }
    made = tried(every, rows, subject="images", message="m", saves=True).findings
    money = ["cost_low_usd", "cost_high_usd", "saving_low_usd", "saving_high_usd"]
    assert made[money].iloc[:3].to_numpy().tolist() == [[4, 12, 2, 4], [0, 6, 0, 0], [0, 0, 0, 0]]
    assert made.loc[3, money].isna().all()
    assert made["monthly_cost_usd"].isna().tolist() == [True, True, False, True]
