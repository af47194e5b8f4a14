"""Promises of a greatest age: default policies and the configuration's."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.backup.estates import NOW, POLICY, VOLUME, Estate, gap, machine, point, well_shaped

GOLD = [{"volume_id": "vol-1", "key": "tier", "value": "gold"}]
DAY_OLD = {"rpo": [{"name": "scripts", "volumes": {"tag": "tier", "value": "gold"}, "hours": 24, "look_back_days": 4}]}


def ago(hours):
    return (NOW - timedelta(hours=hours)).isoformat()


def taken(*hours, state="completed"):
    return {
        "snapshots": [
            {"snapshot_id": f"snap-{hour}", "volume_id": "vol-1", "state": state, "started_at": ago(hour)}
            for hour in hours
        ]
    }


def judged(*hours, backup=DAY_OLD, **frames):
    return Estate({"volumes": [VOLUME], "volume_tags": GOLD, **taken(*hours), **frames}, backup)


def test_a_stretch_is_missed_if_the_newest_backup_was_too_old_at_any_moment_of_it():
    estate = judged(2, 20, 60, 100)
    assert estate.windows("delivered_by", "cause") == [
        ("01-28 12:00", "missed", "snap-100", "its newest backup was 28 hours old"),
        ("01-29 12:00", "missed", "snap-60", "its newest backup was 40 hours old"),
        ("01-30 12:00", "missed", "snap-60", "its newest backup was 36 hours old"),
        ("01-31 12:00", "missed", "snap-2", "its newest backup was 40 hours old"),
    ]
    assert well_shaped(estate)
    assert judged(2, 20, 44, 68, 92, 116).verdicts() == ["met"] * 4


@pytest.mark.parametrize(("hours", "verdict"), [(25, "met"), (26, "missed")])
def test_there_is_an_hour_of_grace(hours, verdict):
    assert judged(hours).verdicts()[-1] == verdict


def test_young_volumes_grow_as_old_as_their_backup_may():
    for age, verdicts in ((23, []), (25, ["met"]), (26, ["missed"]), (50, ["missed", "missed"])):
        frames = {"volumes": [{**VOLUME, "created_at": ago(age)}], "volume_tags": GOLD}
        assert Estate(frames, DAY_OLD).verdicts() == verdicts


def test_whoever_made_it_counts_if_it_can_be_used():
    assert judged(5, 28).verdicts()[-1] == "met"
    points = {"recovery_points": [point(1, ago(5), "EXPIRED"), point(2, ago(6), "PARTIAL")]}
    assert judged(**points).verdicts()[-1] == "missed"
    points["recovery_points"].append(point(3, ago(7)))
    assert judged(**points).windows("delivered_by")[-1] == ("01-31 12:00", "missed", "snap-3")
    unfinished = Estate({"volumes": [VOLUME], "volume_tags": GOLD, **taken(5, state="pending")}, DAY_OLD)
    assert unfinished.verdicts() == ["missed"] * 4


def test_a_recovery_point_of_the_machine_holds_the_volumes_attached_by_then():
    frames = machine() | {"lifecycle_policies": [], "volume_tags": GOLD}
    points = [point(n, ago(20 + 24 * n), resource="i-1") for n in range(5)]
    assert Estate({**frames, "recovery_points": points}, DAY_OLD).verdicts() == ["met"] * 4
    frames["attachments"][0]["attached_at"] = ago(30)
    later = Estate({**frames, "recovery_points": points}, DAY_OLD)
    assert later.verdicts() == ["missed"] * 4
    assert later.windows("delivered_by")[-1][2] == "ami-0"


def test_by_account_binds_all_but_what_is_declared_ephemeral():
    by_account = {"rpo": [{"accounts": ["111122223333"], "hours": 24}], "ephemeral": [{"tag": "scratch"}]}
    frames = {
        "volumes": [VOLUME, {**VOLUME, "volume_id": "vol-2"}],
        "volume_tags": [{"volume_id": "vol-2", "key": "scratch", "value": "yes"}],
    }
    estate = Estate(frames, by_account)
    assert estate.rows("backup_promises", "resource_id", "promise_id") == [("vol-1", "rpo/1")]
    assert estate.rows("backup_status", "resource_id", "excluded_by") == [("vol-1", None), ("vol-2", "scratch")]
    other = {"rpo": [{"accounts": ["999988887777"], "hours": 24}]}
    assert Estate(frames, other).windows() == []


def test_an_objective_longer_than_it_looks_back_is_judged_once():
    weekly = {"rpo": [{"volumes": {"tag": "tier"}, "hours": 240, "look_back_days": 7}]}
    assert judged(200, 400, backup=weekly).windows() == [("01-22 12:00", "met")]


def default_policy(kind="VOLUME", **changes):
    row = {
        **POLICY,
        "default_policy": kind,
        "resource_type": kind,
        "create_interval_days": 2,
        "retain_interval_days": 7,
        **changes,
    }
    return {"lifecycle_policies": [row]}


def test_a_default_policy_promises_an_age_and_does_not_repeat_what_others_did():
    """Backups of every 40 hours, by whomever: the policy had nothing to do."""
    estate = judged(10, 50, 90, 130, 170, backup={}, **default_policy())
    assert estate.rows("backup_promises", "promise_id", "kind", "rpo_hours") == [("policy-1/default", "any", 48.0)]
    assert estate.windows() == [("01-28 12:00", "met"), ("01-30 12:00", "met")]
    assert judged(73, 120, backup={}, **default_policy()).verdicts() == ["met", "missed"], "it has a day to find out"
    assert judged(71, 118, backup={}, **default_policy()).verdicts() == ["met", "met"]


def test_a_default_policy_leaves_out_what_it_says():
    volumes = [VOLUME, {**VOLUME, "volume_id": "vol-2", "volume_type": "st1"}, {**VOLUME, "volume_id": "vol-3"}]
    frames = {
        **machine(),
        **default_policy(),
        "volumes": volumes,
        "volume_tags": [{"volume_id": "vol-3", "key": "scratch", "value": ""}],
    }

    def promised(*targets):
        rows = [{"policy_id": "policy-1", "key": None, "value": None, **target} for target in targets]
        return [row[0] for row in Estate({**frames, "lifecycle_targets": rows}).rows("backup_promises", "resource_id")]

    assert promised() == ["vol-1", "vol-2", "vol-3"]
    assert promised({"kind": "exclude_boot_volumes"}) == ["vol-2", "vol-3"]
    assert promised({"kind": "exclude_volume_type", "value": "st1"}) == ["vol-1", "vol-3"]
    assert promised({"kind": "exclude_tag", "key": "scratch"}) == ["vol-1", "vol-2"]


def test_whatever_is_attached_may_be_a_boot_volume_where_machines_could_not_be_read():
    frames = {**machine(), **default_policy(), "instances": []}
    frames["volumes"] = [VOLUME, {**VOLUME, "volume_id": "vol-3"}]
    frames["lifecycle_targets"] = [
        {"policy_id": "policy-1", "kind": "exclude_boot_volumes", "key": None, "value": None}
    ]
    estate = Estate(frames, coverage=gap("instances"))
    assert estate.rows("backup_promises", "resource_id") == [("vol-3",)]
    (unknown,) = {row[1] for row in estate.rows("backup_status", "resource_id", "unknown_because") if row[0] == "vol-1"}
    assert unknown == "Could not tell: instances could not be read (denied)."


def test_a_default_policy_of_machines_wants_images_of_them():
    frames = {**machine(), **default_policy("INSTANCE", policy_type="IMAGE_MANAGEMENT"), "lifecycle_targets": []}
    assert Estate(frames).windows("promise_id") == [
        ("01-28 12:00", "missed", "policy-1/default"),
        ("01-30 12:00", "missed", "policy-1/default"),
    ]
    images = [
        {"image_id": f"ami-{n}", "state": "available", "created_at": ago(hours), "source_instance_id": "i-1"}
        for n, hours in enumerate((30, 75, 130))
    ]
    assert Estate({**frames, "images": images}).verdicts() == ["met", "met"]


@pytest.mark.parametrize("collector", ["snapshots", "images", "recovery_points"])
def test_what_was_not_read_may_have_been_newer(collector):
    frames = {"volumes": [VOLUME], "volume_tags": GOLD, **taken(2, 30)}
    estate = Estate(frames, DAY_OLD, gap(collector))
    assert estate.verdicts() == ["unknown", "unknown", "unknown", "unknown"]
    assert estate.windows("cause")[0][2].startswith("Could not tell: ")


HOURS = st.lists(st.integers(0, 140), max_size=8)


@settings(max_examples=20, deadline=None)
@given(hours=HOURS, more=st.integers(0, 140), limit=st.integers(6, 60))
def test_one_more_backup_never_adds_a_miss_and_ages_are_those_of_a_slow_twin(hours, more, limit):
    backup = {"rpo": [{"volumes": {"tag": "tier"}, "hours": limit, "look_back_days": 4}]}
    before = judged(*dict.fromkeys(hours), backup=backup).verdicts()
    after = judged(*dict.fromkeys([*hours, more]), backup=backup).verdicts()
    assert all(new == old or new == "met" for old, new in zip(before, after, strict=True))
    assert before == slowly(sorted(set(hours)), limit)


def slowly(hours, limit):
    """Looks, at every hour, at the age of the newest backup of before."""
    verdicts = []
    for number in range(max(1, 4 * 24 // limit) - 1, -1, -1):
        looks = range(number * limit, (number + 1) * limit)
        oldest = max(min((hour for hour in hours if hour > look), default=87 * 24) - look for look in looks)
        verdicts.append("missed" if oldest > limit + 1 else "met")
    return verdicts
