"""AWS's documented cron expressions, and any other against a slow twin that looks at one day after the other."""

import calendar
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.backup.cron import ScheduleError, days_of, read_cron

NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def named(expression, first, last):
    """The days that an expression names, and its minutes of the day."""
    cron = read_cron(expression)
    days = np.arange(first, np.datetime64(last) + 1, dtype="datetime64[D]")
    return [str(day) for day in days_of(cron, days)], list(cron.minutes_of_day)


@pytest.mark.parametrize(
    ("expression", "days", "minutes"),
    [
        # EventBridge User Guide and EventBridge Scheduler User Guide, examples of cron expressions
        ("cron(0 10 * * ? *)", ["2026-03-01", "2026-03-02", "2026-03-03"], [600]),
        ("cron(15 12 * * ? *)", ["2026-03-01", "2026-03-02", "2026-03-03"], [735]),
        ("cron(0 18 ? * MON-FRI *)", ["2026-03-02", "2026-03-03", "2026-03-04"], [1080]),
        ("cron(0 8 1 * ? *)", ["2026-03-01", "2026-04-01", "2026-05-01"], [480]),
        ("cron(0/30 8-9 ? * MON-FRI *)", ["2026-03-02", "2026-03-03", "2026-03-04"], [480, 510, 540, 570]),
        ("cron(15 10 ? * 6L 2026-2027)", ["2026-03-27", "2026-04-24", "2026-05-29"], [615]),
        ("cron(0 9 ? * 2#1 *)", ["2026-03-02", "2026-04-06", "2026-05-04"], [540]),
        ("cron(0 9 ? * 3#2 *)", ["2026-03-10", "2026-04-14", "2026-05-12"], [540]),
        # the same guides, wildcards: 3W is the weekday nearest to the third, L the last day
        ("cron(0 8 3W * ? *)", ["2026-03-03", "2026-04-03", "2026-05-04"], [480]),
        ("cron(0 8 LW * ? *)", ["2026-03-31", "2026-04-30", "2026-05-29"], [480]),
        ("cron(15 12 L * ? *)", ["2026-03-31", "2026-04-30", "2026-05-31"], [735]),
        ("cron(0 8 1W * ? *)", ["2026-03-02", "2026-04-01", "2026-05-01"], [480]),
        ("cron(0 8 31W * ? *)", ["2026-03-31", "2026-05-29", "2026-07-31"], [480]),
        # AWS Backup API reference, ScheduleExpression, its default, and other guides
        ("15 * ? * * *", ["2026-03-01", "2026-03-02", "2026-03-03"], [60 * hour + 15 for hour in range(24)]),
        ("0 12 * * ? *", ["2026-03-01", "2026-03-02", "2026-03-03"], [720]),
        ("cron(0 5 ? * * *)", ["2026-03-01", "2026-03-02", "2026-03-03"], [300]),
        ("cron(0 2 ? * SAT#3 *)", ["2026-03-21", "2026-04-18", "2026-05-16"], [120]),
        ("cron(0 2 1 1,7 ? *)", ["2026-07-01", "2027-01-01", "2027-07-01"], [120]),
        ("cron(0 2 1 JAN-MAR/2 ? 2028)", ["2028-01-01", "2028-03-01"], [120]),
        ("cron(0 1 ? * SUN *)", ["2026-03-01", "2026-03-08", "2026-03-15"], [60]),
        ("CRON(0 1 ? * l *)", ["2026-03-07", "2026-03-14", "2026-03-21"], [60]),
        ("cron(0 22-1 ? * FRI-MON *)", ["2026-03-01", "2026-03-02", "2026-03-06"], [0, 60, 1320, 1380]),
        ("cron(0 0 L-2 * ? *)", ["2026-03-29", "2026-04-28", "2026-05-29"], [0]),
    ],
)
def test_documented_expressions(expression, days, minutes):
    found, when = named(expression, "2026-03-01", "2028-12-31")
    assert (found[: len(days)], when) == (days, minutes)


def test_years_end():
    assert named("cron(15 10 ? * 6L 2022-2023)", "2023-11-01", "2026-01-01")[0] == ["2023-11-24", "2023-12-29"]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("cron(0 5 * * ?)", "has 5 fields"),
        ("", "has 0 fields"),
        ("cron(0 5 ? * ? *)", "names neither"),
        ("cron(0 5 1 * MON *)", "as well"),
        ("cron(60 5 * * ? *)", "'60' among its minutes"),
        ("cron(0 25 * * ? *)", "'25' among its hours"),
        ("cron(0 5 32 * ? *)", "'32' among its days of the month"),
        ("cron(0 5 0W * ? *)", "'0' among its days of the month"),
        ("cron(0 5 * 13 ? *)", "'13' among its months"),
        ("cron(0 5 ? * 8 *)", "'8' among its days of the week"),
        ("cron(0 5 ? * MON#6 *)", "among its days of the week"),
        ("cron(0 5 ? * * 1969)", "'1969' among its years"),
        ("cron(0/0 5 ? * * *)", "steps of nothing"),
        ("cron(0 5 ? * * \U0001f4a5)", "among its years"),
        ("cron(²0 5 ? * * *)", "among its minutes"),
        ("rate(1 day)", "has 2 fields"),
    ],
)
def test_what_is_no_cron_expression_says_why(expression, said):
    with pytest.raises(ScheduleError, match=r"^has|^names") as error:
        read_cron(expression)
    assert said in str(error.value)


def last_of(day):
    return calendar.monthrange(day.year, day.month)[1]


def weekday_near(day, wanted):
    """The weekday of the month of ``day`` nearest to its ``wanted``-th, tried outwards."""
    for distance in (0, -1, 1, -2, 2):
        near = wanted + distance
        if 1 <= near <= last_of(day) and date(day.year, day.month, near).weekday() < 5:
            return near
    return 0


def slow_month(term, day):
    if term == "LW":
        return day.day == weekday_near(day, last_of(day))
    if term.startswith("L"):
        return day.day == last_of(day) - int(term[2:] or 0)
    if term.endswith("W"):
        return int(term[:-1]) <= last_of(day) and day.day == weekday_near(day, int(term[:-1]))
    return day.day == int(term)


def slow_week(term, day):
    name = NAMES[(day.weekday() + 1) % 7]
    if "#" in term:
        wanted, number = term.split("#")
        return name == NAMES[int(wanted) - 1] and (day.day + 6) // 7 == int(number)
    if term.endswith("L"):
        return name == NAMES[int(term[:-1]) - 1] and (day + timedelta(days=7)).month != day.month
    if "-" in term:
        first, last = (NAMES.index(each) for each in term.split("-"))
        place = NAMES.index(name)
        return first <= place <= last if first <= last else place >= first or place <= last
    return name == term


MONTH_TERMS = st.one_of(
    st.integers(1, 31).map(str),
    st.integers(1, 31).map("{}W".format),
    st.sampled_from(["L", "LW"]),
    st.integers(1, 9).map("L-{}".format),
)
WEEK_TERMS = st.one_of(
    st.sampled_from(NAMES),
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).map("-".join),
    st.integers(1, 7).map("{}L".format),
    st.tuples(st.integers(1, 7), st.integers(1, 5)).map(lambda pair: f"{pair[0]}#{pair[1]}"),
)


@given(
    by_month=st.booleans(),
    terms=st.data(),
    months=st.lists(st.integers(1, 12), min_size=1, max_size=4),
    start=st.dates(date(1999, 1, 1), date(2040, 1, 1)),
)
def test_days_are_those_of_a_slow_twin(by_month, terms, months, start):
    chosen = terms.draw(st.lists(MONTH_TERMS if by_month else WEEK_TERMS, min_size=1, max_size=3))
    listed, of_months = ",".join(chosen), ",".join(map(str, months))
    expression = f"cron(0 3 {listed if by_month else '?'} {of_months} {'?' if by_month else listed} *)"
    slow = slow_month if by_month else slow_week
    days = [start + timedelta(days=number) for number in range(70)]
    wanted = [str(day) for day in days if day.month in months and any(slow(term, day) for term in chosen)]
    assert named(expression, days[0], days[-1])[0] == wanted
