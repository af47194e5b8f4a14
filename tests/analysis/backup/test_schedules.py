"""The instants of schedules: zones, changes of the clocks, rates and intervals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.backup.cron import ScheduleError
from auditor.analysis.backup.schedules import DAY, HOUR, every, instants, longest_distance, microseconds


def at(text):
    return microseconds(pd.Timestamp(text, tz="UTC"))


def said(schedule, zone, start, end, anchor=None):
    found = instants(schedule, zone, at(start), at(end), None if anchor is None else at(anchor))
    return [str(each)[:16] for each in found.view("datetime64[us]")]


def test_a_wall_clock_moves_with_its_zone():
    assert said("cron(30 5 ? * * *)", "Europe/Berlin", "2026-03-28", "2026-03-30") == [
        "2026-03-28T04:30",
        "2026-03-29T03:30",
    ]


def test_a_time_that_the_clocks_skip_is_skipped():
    assert said("cron(30 2 ? * * *)", "Europe/Berlin", "2026-03-28", "2026-03-31") == [
        "2026-03-28T01:30",
        "2026-03-30T00:30",
    ]


def test_a_time_that_the_clocks_repeat_counts_once_the_first_time():
    assert said("cron(30 2 ? * * *)", "Europe/Berlin", "2026-10-24T12:00", "2026-10-26T12:00") == [
        "2026-10-25T00:30",
        "2026-10-26T01:30",
    ]
    hourly = said("cron(0 * ? * * *)", "America/New_York", "2026-11-01T04:00", "2026-11-01T08:00")
    assert hourly == ["2026-11-01T04:00", "2026-11-01T05:00", "2026-11-01T07:00", "2026-11-01T08:00"]


def test_both_ends_are_included():
    assert said("cron(0 0 ? * * *)", "UTC", "2026-02-01", "2026-02-02") == ["2026-02-01T00:00", "2026-02-02T00:00"]


def test_a_zone_a_day_ahead_has_its_own_first_of_the_month():
    assert said("cron(0 1 1 * ? *)", "Pacific/Kiritimati", "2026-01-01", "2026-02-28") == ["2026-01-31T11:00"]


def test_intervals_start_at_a_time_of_day():
    assert every(8, "03:00") == "every 8 hours from 03:00"
    assert said("every 8 hours from 03:00", "UTC", "2026-02-01", "2026-02-02") == [
        "2026-02-01T03:00",
        "2026-02-01T11:00",
        "2026-02-01T19:00",
    ]


def test_rates_count_from_their_anchor_in_days_of_24_hours():
    assert said("rate(2 days)", "UTC", "2026-03-28", "2026-04-01", anchor="2026-01-01T07:15") == [
        "2026-03-28T07:15",
        "2026-03-30T07:15",
    ]
    assert said("rate(1 hour)", "UTC", "2026-03-28", "2026-03-28T02:00", anchor="2026-03-28T00:30") == [
        "2026-03-28T00:30",
        "2026-03-28T01:30",
    ]


@pytest.mark.parametrize(
    ("schedule", "zone", "why"),
    [
        ("cron(0/20 * ? * * *)", "UTC", "more often than once an hour"),
        ("rate(30 minutes)", "UTC", "more often than once an hour"),
        ("rate(0 days)", "UTC", "more often than once an hour"),
        ("rate(4 hours)", "UTC", "counts from a moment that is not known"),
        ("every 24 hours", "UTC", "says no time of day"),
        ("cron(0 5 ? * * *)", "Mars/Olympus", "no time zone"),
        ("cron(0 5 ? * * *)", "../../etc/passwd", "no time zone"),
        ("cron(0 5 ? * * *)", "", "no time zone"),
        ("nightly", "UTC", "has 1 fields"),
    ],
)
def test_what_cannot_be_read_says_why(schedule, zone, why):
    with pytest.raises(ScheduleError, match=why):
        said(schedule, zone, "2026-02-01", "2026-03-01")


@given(
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
    hour=st.integers(4, 22),
    minute=st.integers(0, 59),
    year=st.integers(2000, 2036),
    days=st.integers(1, 366),
)
def test_zones_move_times_and_never_their_number(zone, hour, minute, year, days):
    """Between midnights of the zone there is one time a day, whatever the clocks did."""
    start = pd.Timestamp(f"{year}-02-01").tz_localize(zone)
    end = (start.tz_localize(None) + pd.Timedelta(days=days)).tz_localize(zone) - pd.Timedelta(seconds=1)
    found = instants(f"cron({minute} {hour} ? * * *)", zone, microseconds(start), microseconds(end))
    assert len(found) == days
    local = pd.DatetimeIndex(found.view("datetime64[us]"), tz="UTC").tz_convert(zone)
    assert set(zip(local.hour, local.minute, strict=True)) == {(hour, minute)}
    assert local.normalize().is_unique


def test_the_longest_distance_is_that_of_neighbours():
    assert longest_distance(np.array([0, DAY, DAY + HOUR, 3 * DAY])) == 47.0
    assert longest_distance(np.array([5])) is None
