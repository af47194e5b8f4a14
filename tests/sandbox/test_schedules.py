"""The times that are planted are those that the words given to AWS mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from auditor.sandbox.planting import schedules


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_daily_times_move_with_the_clocks() -> None:
    times = schedules.daily(at(2026, 3, 31, 6), 4, 30, "Europe/Berlin")
    assert (times.text, times.zone) == ("cron(30 4 ? * * *)", "Europe/Berlin")
    assert times.moments[-4:] == (at(2026, 3, 28, 3, 30), *(at(2026, 3, day, 2, 30) for day in (29, 30, 31)))


def test_a_time_still_to_come_is_left_out() -> None:
    assert schedules.daily(at(2026, 3, 1, 6), 6).moments[-1] == at(2026, 3, 1, 6)
    assert schedules.daily(at(2026, 3, 1, 6), 6, 30).moments[-1] == at(2026, 2, 28, 6, 30)


def test_weekly_times_are_of_one_day_there() -> None:
    times = schedules.weekly(at(2026, 11, 9, 6), 6, 22, 0, "America/New_York")
    assert times.text == "cron(0 22 ? * SUN *)"
    # Sunday evening there is Monday in UTC
    assert times.moments[-3:] == (at(2026, 10, 26, 2), at(2026, 11, 2, 3), at(2026, 11, 9, 3))


def test_monthly_times() -> None:
    times = schedules.monthly(at(2026, 3, 1, 6), 1, 3, zone="Europe/Berlin")
    assert times.text == "cron(0 3 1 * ? *)"
    assert times.moments == (at(2026, 1, 1, 2), at(2026, 2, 1, 2), at(2026, 3, 1, 2))


def test_ramadan_in_morocco() -> None:
    times = schedules.daily(at(2026, 2, 16), 4, 30, "Africa/Casablanca")
    assert times.moments[-2:] == (at(2026, 2, 14, 3, 30), at(2026, 2, 15, 4, 30))


def test_every_so_many_hours_of_the_day() -> None:
    times = schedules.every(at(2026, 3, 1, 6), 12, 20)
    assert times.text == "20:00"
    assert times.moments[-3:] == (at(2026, 2, 27, 20), at(2026, 2, 28, 8), at(2026, 2, 28, 20))


def test_a_rate_counts_from_the_beginning() -> None:
    times = schedules.rate(at(2026, 3, 1, 6), 12, at(2026, 2, 27, 1, 15))
    assert times.text == "rate(12 hours)"
    assert times.moments == tuple(at(2026, 2, 27, 1, 15) + step * timedelta(hours=12) for step in range(5))
    old = schedules.rate(at(2026, 3, 1, 6), 12, at(2020, 1, 1, 6))
    assert len(old.moments) == 2 * schedules.SPAN + 1
    assert old.moments[-1] == at(2026, 3, 1, 6)
