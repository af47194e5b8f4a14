"""What became of every scheduled time: exact windows, and what must hold whatever was delivered."""

from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.backup.estates import (
    DAILY,
    NOW,
    Estate,
    gap,
    job,
    machine,
    made,
    night,
    plan,
    point,
    policy,
    well_shaped,
)

NO_CAUSE = "cause not visible"

few = settings(max_examples=15, deadline=None)


# policies of volumes


def test_each_night_is_met_late_failed_or_missed():
    snapshots = made(
        ("snap-1", "vol-1", night(0, 3, 20)),
        ("snap-2", "vol-1", night(1, 14)),
        ("snap-3", "vol-1", night(2, 3, 5), "error"),
    )
    snapshots["snapshots"][2]["state_message"] = "Given key ID is not accessible"
    estate = Estate({**policy(), **snapshots})
    assert estate.windows("delivered_by", "cause") == [
        ("01-29 03:00", "missed", None, NO_CAUSE),
        ("01-30 03:00", "failed", None, "Given key ID is not accessible"),
        ("01-31 03:00", "late", "snap-2", None),
        ("02-01 03:00", "met", "snap-1", None),
    ]
    assert well_shaped(estate)


def test_a_failure_that_was_made_good_before_the_next_time_is_met():
    snapshots = made(("snap-1", "vol-1", night(0, 3, 5), "error"), ("snap-2", "vol-1", night(0, 3, 50)))
    assert Estate({**policy(retain_count=1), **snapshots}).windows("delivered_by") == [("02-01 03:00", "met", "snap-2")]


@pytest.mark.parametrize(
    ("minutes", "verdict"), [(-6, "missed"), (-5, "met"), (0, "met"), (120, "met"), (121, "late"), (539, "late")]
)
def test_an_hour_to_start_and_an_hour_of_grace(minutes, verdict):
    begun = pd.Timestamp(night(0)) + pd.Timedelta(minutes=minutes)
    estate = Estate({**policy(retain_count=1), **made(("snap-1", "vol-1", begun.isoformat()))})
    assert estate.verdicts() == [verdict]


def test_what_may_still_come_is_pending():
    soon = Estate(policy(start_time="11:00", retain_count=1))
    assert soon.windows("due_by") == [("02-01 11:00", "pending", pd.Timestamp("2026-02-01T13:00Z"))]
    assert Estate(policy(start_time="10:00", retain_count=1)).verdicts() == ["missed"]
    under_way = made(("snap-1", "vol-1", night(0, 3, 10), "pending"))
    assert Estate({**policy(retain_count=1), **under_way}).verdicts() == ["pending"]


def test_snapshots_of_other_policies_schedules_and_volumes_keep_no_promise_of_a_policy():
    others = [
        made(("snap-1", "vol-1", night(0, 3, 5)), policy_id="policy-2"),
        made(("snap-2", "vol-1", night(0, 3, 5)), schedule="Weekly"),
        made(("snap-3", "vol-9", night(0, 3, 5))),
        {"snapshots": [{"snapshot_id": "snap-4", "volume_id": "vol-1", "state": "completed", "started_at": night(0)}]},
    ]
    frames = {name: [row for other in others for row in other.get(name, ())] for name in ("snapshots", "snapshot_tags")}
    assert Estate({**policy(retain_count=1), **frames}).verdicts() == ["missed"]


@pytest.mark.parametrize(
    ("schedule", "first"),
    [
        ({"retain_count": 2}, "01-31 03:00"),
        ({"retain_count": None, "retain_interval": 3, "retain_interval_unit": "DAYS"}, "01-30 03:00"),
        ({"retain_count": None, "retain_interval": 1, "retain_interval_unit": "WEEKS"}, "01-26 03:00"),
        ({"retain_count": None, "retain_interval": 1, "retain_interval_unit": "MONTHS"}, "01-05 03:00"),
        ({"retain_count": None, "retain_interval": 7, "retain_interval_unit": "YEARS"}, "01-02 03:00"),
        ({"retain_count": 0, "archive_retain_interval": 1, "archive_retain_interval_unit": "YEARS"}, "01-02 03:00"),
        ({"retain_count": 2, "archive_retain_count": 3}, "01-28 03:00"),
        ({"retain_count": 1000}, "01-02 03:00"),
    ],
)
def test_what_the_promise_no_longer_keeps_is_not_asked_for(schedule, first):
    assert Estate(policy(**schedule)).windows()[0][0] == first


def test_windows_begin_with_the_resource_and_with_the_last_change_of_the_promise():
    assert Estate(policy({"modified_at": night(1)}, retain_count=30)).windows()[0][0] == "01-31 03:00"
    young = policy(retain_count=30) | {"volumes": [{"volume_id": "vol-1", "state": "in-use", "created_at": night(2)}]}
    assert Estate(young).windows()[0][0] == "01-30 03:00"
    assert Estate(policy(retain_count=30), {"days": 3}).windows()[0][0] == "01-30 03:00"


def test_new_volumes_and_stopped_instances_have_promises():
    frames = machine()
    frames["instances"][0]["state"] = "stopped"
    assert Estate(frames).verdicts() == ["missed"] * 4
    frames["instances"][0]["state"] = "terminated"
    assert Estate(frames).windows() == []


# machines


def pair(days, *volumes, state="completed"):
    """A set of snapshots of one night."""
    return [(f"snap-{days}-{volume}", f"vol-{volume}", night(days, 3, 5), state) for volume in volumes]


def test_a_set_that_lacks_a_volume_is_partial():
    snapshots = made(*pair(0, 1, 2), *pair(1, 1), *pair(2, 1), ("snap-x", "vol-2", night(2, 3, 5), "pending"))
    estate = Estate({**machine(), **snapshots})
    assert estate.windows("delivered_by", "cause") == [
        ("01-29 03:00", "missed", None, NO_CAUSE),
        ("01-30 03:00", "pending", None, None),
        ("01-31 03:00", "partial", "snap-1-1", "it lacks vol-2"),
        ("02-01 03:00", "met", "snap-0-1", None),
    ]
    assert well_shaped(estate)


def test_a_volume_that_was_attached_later_is_not_asked_for():
    frames = machine()
    frames["attachments"][1]["attached_at"] = night(1)
    snapshots = made(*pair(0, 1, 2), *pair(1, 1), *pair(2, 1), *pair(3, 1))
    assert Estate({**frames, **snapshots}).verdicts() == ["met", "met", "partial", "met"]


def test_volumes_that_the_policy_leaves_out_are_not_asked_for():
    frames = machine(exclude_boot_volume=True) | made(*pair(0, 2), *pair(1, 1, 2))
    assert Estate(frames).verdicts() == ["missed", "missed", "met", "met"]
    tagged = machine()
    tagged["lifecycle_targets"] = [
        *tagged["lifecycle_targets"],
        {"policy_id": "policy-1", "kind": "exclude_data_volume", "key": "scratch", "value": "true"},
    ]
    tagged["volume_tags"] = [{"volume_id": f"vol-{n}", "key": "scratch", "value": "true"} for n in (1, 2)]
    assert Estate({**tagged, **made(*pair(0, 1))}).verdicts() == ["missed"] * 3 + ["met"], "a root is no data volume"


def image(number, created, *volumes, state="available"):
    """An image that the policy made of the machine."""
    snapshots = [f"snap-{number}-{volume}" for volume in volumes]
    tags = [("aws:dlm:lifecycle-policy-id", "policy-1"), ("aws:dlm:lifecycle-schedule-name", "Daily")]
    ami = f"ami-{number}"
    return {
        "images": [{"image_id": ami, "state": state, "created_at": created, "source_instance_id": "i-1"}],
        "image_tags": [{"image_id": ami, "key": key, "value": value} for key, value in tags],
        "image_block_devices": [{"image_id": ami, "snapshot_id": snapshot} for snapshot in snapshots],
        "snapshots": [
            {"snapshot_id": snapshot, "volume_id": f"vol-{volume}", "state": "completed", "started_at": created}
            for snapshot, volume in zip(snapshots, volumes, strict=True)
        ],
    }


def together(*parts):
    frames = {}
    for part in parts:
        for name, rows in part.items():
            frames[name] = [*frames.get(name, ()), *rows]
    return frames


def test_an_image_must_hold_every_volume():
    images = together(
        image(1, night(0, 3, 10), 1, 2),
        image(2, night(1, 3, 10), 1),
        image(3, night(2, 3, 10), 1, 2, state="failed"),
        image(4, night(3, 3, 10), 1, 2, state="disabled"),
    )
    assert Estate({**machine("IMAGE_MANAGEMENT"), **images}).windows("delivered_by", "cause") == [
        ("01-29 03:00", "missed", None, "the image is disabled"),
        ("01-30 03:00", "failed", None, "the image is failed"),
        ("01-31 03:00", "partial", "ami-2", "it lacks vol-2"),
        ("02-01 03:00", "met", "ami-1", None),
    ]


# plans


def test_each_morning_of_a_plan():
    estate = Estate(
        plan()
        | {
            "recovery_points": [
                point(1, night(0, 5, 30), "PARTIAL", status_message="one of two"),
                point(2, night(2, 5, 30), completed_at=night(2, 7)),
            ],
            "backup_jobs": [
                job("COMPLETED", night(2, 5, 1), recovery_point_arn="arn:aws:ec2:eu-west-1::snapshot/snap-2"),
                job("FAILED", night(1, 5, 1), status_message="Quota exceeded"),
                job("COMPLETED", night(3, 5, 1), recovery_point_arn="arn:aws:ec2:eu-west-1::snapshot/snap-9"),
            ],
        }
    )
    assert estate.windows("delivered_by", "cause") == [
        ("01-28 05:00", "missed", None, NO_CAUSE),
        ("01-29 05:00", "missed", None, "made and deleted before its time"),
        ("01-30 05:00", "met", "arn:aws:ec2:eu-west-1::snapshot/snap-2", None),
        ("01-31 05:00", "failed", None, "Quota exceeded"),
        ("02-01 05:00", "partial", "arn:aws:ec2:eu-west-1::snapshot/snap-1", "one of two"),
    ]
    assert well_shaped(estate)


@pytest.mark.parametrize("status", ["EXPIRED", "DELETING", "STOPPED"])
def test_a_recovery_point_that_cannot_be_used_keeps_nothing(status):
    estate = Estate(plan(delete_after_days=1) | {"recovery_points": [point(1, night(0, 5, 10), status)]})
    assert estate.windows("cause") == [("02-01 05:00", "missed", f"its recovery point is {status.lower()}")]


@pytest.mark.parametrize("state", ["FAILED", "ABORTED", "EXPIRED"])
def test_a_job_that_came_to_nothing_says_why(state):
    frames = plan(delete_after_days=1)
    assert Estate(frames | {"backup_jobs": [job(state, night(0, 5, 1))]}).windows("cause") == [
        ("02-01 05:00", "failed", f"its job is {state.lower()}")
    ]
    made_good = {"backup_jobs": [job(state, night(0, 5, 1))], "recovery_points": [point(1, night(0, 6))]}
    assert Estate(frames | made_good).verdicts() == ["met"]


@pytest.mark.parametrize(
    ("start_window", "state", "verdict"),
    [(360, None, "pending"), (359, None, "missed"), (60, "RUNNING", "pending"), (60, "CREATED", "pending")],
)
def test_a_plan_is_pending_while_it_may_start_or_runs(start_window, state, verdict):
    """At noon, seven hours after the time, an hour of grace included."""
    jobs = [job(state, night(0, 5, 1))] if state else []
    frames = plan(delete_after_days=1, start_window_minutes=start_window + 1) | {"backup_jobs": jobs}
    assert Estate(frames).verdicts() == [verdict]


def test_a_job_that_runs_too_long_is_no_backup_any_more():
    frames = plan(delete_after_days=1, start_window_minutes=60, completion_window_minutes=120)
    assert Estate(frames | {"backup_jobs": [job("RUNNING", night(0, 5, 1))]}).windows("cause") == [
        ("02-01 05:00", "missed", "its job is running")
    ]


def test_a_backup_that_is_complete_after_its_windows_is_late():
    frames = plan(delete_after_days=1, start_window_minutes=60, completion_window_minutes=120)
    for hour, verdict in ((9, "met"), (10, "late")):
        points = [point(1, night(0, 5, 30), completed_at=night(0, hour))]
        assert Estate(frames | {"recovery_points": points}).verdicts() == [verdict]


def test_a_job_tells_which_time_its_recovery_point_was_for():
    """It began after midnight, an hour after the job that was due before: calendar days would count it twice."""
    frames = plan(schedule_expression="cron(30 22 ? * * *)", delete_after_days=2, start_window_minutes=480)
    arn = "arn:aws:ec2:eu-west-1::snapshot/snap-1"
    frames |= {"recovery_points": [point(1, night(0, 0, 20))], "backup_jobs": []}
    assert Estate(frames).verdicts() == ["missed", "met"]
    late_start = [point(1, night(0, 22, 40))]
    late_start[0]["created_at"] = night(0, 0, 20)
    frames |= {"backup_jobs": [job("COMPLETED", night(2, 22, 30), recovery_point_arn=arn)]}
    assert Estate(frames).verdicts() == ["met", "missed"]


def test_a_copy_in_another_vault_is_not_the_backup():
    copied = point(1, night(0, 5, 10), source_vault_arn="arn:aws:backup:eu-west-1:111122223333:backup-vault:Default")
    assert Estate(plan(delete_after_days=1) | {"recovery_points": [copied]}).verdicts() == ["missed"]


def test_a_region_that_is_not_opted_in_is_the_cause():
    frames = plan(opted_in=False, delete_after_days=1)
    why = "the region is not opted in to AWS Backup for EBS"
    assert Estate(frames).windows("cause") == [("02-01 05:00", "missed", why)]
    assert Estate(frames | {"recovery_points": [point(1, night(0, 5, 10))]}).verdicts() == ["met"]


def test_a_backup_of_a_machine_must_hold_its_volumes_where_that_can_be_seen():
    by_type = {"kind": "resource", "value": "arn:aws:ec2:*:*:instance/*"}
    frames = {
        **machine(state="DISABLED"),
        **{name: rows for name, rows in plan(by_type, delete_after_days=1).items() if name.startswith("backup")},
    }
    points = {"recovery_points": [point(1, night(0, 5, 10), resource="i-1")]}
    assert Estate({**frames, **points}).verdicts() == ["met"], "no image of ours: AWS's word"
    for volumes, verdict in (((1, 2), "met"), ((2,), "partial")):
        held = image(1, night(0, 5, 10), *volumes)
        assert Estate({**frames, **points, **held}).verdicts() == [verdict]
        assert Estate({**frames, **points, **held}, coverage=gap("snapshots")).verdicts() == ["unknown"]


# what was not read


@pytest.mark.parametrize(
    ("collector", "mechanism", "verdicts"),
    [
        ("snapshots", "dlm", ["unknown", "unknown", "unknown", "met"]),
        ("images", "dlm", ["missed", "missed", "missed", "met"]),
        ("recovery_points", "dlm", ["missed", "missed", "missed", "met"]),
        ("recovery_points", "aws-backup", ["unknown", "unknown", "met"]),
        ("backup_jobs", "aws-backup", ["unknown", "unknown", "met"]),
        ("snapshots", "aws-backup", ["missed", "missed", "met"]),
    ],
)
def test_what_was_not_read_leaves_unmet_times_unknown(collector, mechanism, verdicts):
    if mechanism == "dlm":
        frames = {**policy(), **made(("snap-1", "vol-1", night(0, 3, 10)))}
    else:
        frames = plan(delete_after_days=3) | {"recovery_points": [point(1, night(0, 5, 10))]}
    estate = Estate(frames, coverage=gap(collector))
    assert estate.verdicts() == verdicts
    said = f"Could not tell: {collector.replace('_', ' ')} could not be read (denied)."
    assert {row[2] for row in estate.windows("cause") if row[1] == "unknown"} <= {said}


# whatever was delivered


HOURS = st.integers(0, 24 * 8)
STATES = st.sampled_from(["completed", "completed", "error", "pending", "recoverable"])
RANK = {verdict: rank for rank, verdict in enumerate(["met", "late", "partial", "failed", "pending", "missed"])}


def estate_with(drawn, **options):
    snapshots = [
        (f"snap-{number}", "vol-1", (NOW - timedelta(hours=hours)).isoformat(), state)
        for number, (hours, state) in enumerate(drawn)
    ]
    return Estate({**policy(retain_count=7, **options), **made(*snapshots)})


@few
@given(drawn=st.lists(st.tuples(HOURS, STATES), max_size=12), more=st.tuples(HOURS, STATES))
def test_one_more_delivery_never_adds_a_miss(drawn, more):
    before, after = estate_with(drawn).windows(), estate_with([*drawn, more]).windows()
    assert [row[0] for row in before] == [row[0] for row in after]
    changed = [(old[1], new[1]) for old, new in zip(before, after, strict=True) if old[1] != new[1]]
    assert len(changed) <= 1
    usable = more[1] == "completed"
    for old, new in changed:
        assert new != "missed"
        assert RANK[new] < RANK[old] or (not usable and old == "pending")


@few
@given(state=st.sampled_from(["DISABLED", "ERROR", None]), drawn=st.lists(st.tuples(HOURS, STATES), max_size=5))
def test_a_policy_that_is_not_enabled_promises_nothing(state, drawn):
    snapshots = [(f"snap-{n}", "vol-1", (NOW - timedelta(hours=h)).isoformat(), s) for n, (h, s) in enumerate(drawn)]
    estate = Estate({**policy({"state": state}), **made(*snapshots)})
    assert (len(estate.frame("backup_promises")), estate.windows()) == (0, [])
    assert estate.rows("backup_status", "promises", "windows") == [(0, 0)]


@few
@given(hour=st.integers(4, 21), zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"]))
def test_a_zone_moves_windows_and_not_their_number(hour, zone):
    """The week in which Europe's clocks change, up to a midnight of the zone."""
    now = pd.Timestamp("2026-04-03", tz=zone).tz_convert("UTC")
    frames = plan(
        {"kind": "resource", "value": "*"},
        schedule_expression=f"cron(0 {hour} ? * * *)",
        schedule_timezone=zone,
        delete_after_days=7,
    )
    times = [pd.Timestamp(f"2026-{day} {hour:02d}:05", tz=zone).isoformat() for day in DAYS]
    points = [point(number, time) for number, time in enumerate(times)]
    estate = Estate(frames | {"recovery_points": points}, as_of=now.to_pydatetime())
    assert estate.verdicts() == ["met"] * 7
    assert Estate(frames, as_of=now.to_pydatetime()).verdicts().count("met") == 0


DAYS = ["03-27", "03-28", "03-29", "03-30", "03-31", "04-01", "04-02"]


def test_every_schedule_of_a_policy_is_a_promise_of_its_own():
    frames = policy()
    frames["lifecycle_schedules"] = [
        {**DAILY, "retain_count": 1},
        {**DAILY, "schedule_name": "Weekly", "position": 1, "cron_expression": "cron(0 1 ? * SUN *)", "interval": None},
    ]
    snapshots = made(("snap-1", "vol-1", night(0, 1, 5)), ("snap-2", "vol-1", night(7, 1, 5)), schedule="Weekly")
    estate = Estate({**frames, **snapshots})
    assert estate.windows("promise_id") == [
        ("02-01 03:00", "missed", "policy-1/Daily"),
        ("01-11 01:00", "missed", "policy-1/Weekly"),
        ("01-18 01:00", "missed", "policy-1/Weekly"),
        ("01-25 01:00", "met", "policy-1/Weekly"),
        ("02-01 01:00", "met", "policy-1/Weekly"),
    ]
