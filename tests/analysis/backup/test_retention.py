"""How long lifecycle policies keep: every kind of rule, and counts of any schedule against a slow twin."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.analysis.backup.cron import ScheduleError
from auditor.analysis.backup.retention import lifecycle_retention, shortest_run
from auditor.analysis.backup.schedules import DAY, instants, microseconds
from auditor.frames import FRAMES

HERE = {"account_id": "000000000042", "region": "eu-west-1"}
NIGHTLY = {"interval": 24, "interval_unit": "HOURS"}
MONTHLY = {"cron_expression": "cron(0 2 1 * ? *)"}


def kept(schedules=(), copies=(), **policy):
    """Label to words, days and what is untold, of one policy."""
    schedules = [HERE | {"policy_id": "policy-0a", "schedule_name": "S", "position": 0} | each for each in schedules]
    copies = [HERE | {"policy_id": "policy-0a", "schedule_name": "S", "target": "us-east-1"} | each for each in copies]
    told = lifecycle_retention(
        FRAMES["lifecycle_policies"].rows([HERE | {"policy_id": "policy-0a"} | policy]),
        FRAMES["lifecycle_schedules"].rows(schedules),
        FRAMES["lifecycle_copies"].rows(copies),
    )
    assert set(told["policy_id"]) <= {"policy-0a"}
    wanted = told[["label", "kept", "kept_days", "unknown_because"]].astype(object)
    return {label: tuple(rest) for label, *rest in wanted.where(wanted.notna(), None).itertuples(index=False)}


@pytest.mark.parametrize(
    ("schedule", "words", "days"),
    [
        (NIGHTLY | {"retain_count": 7}, "the last 7", 7),
        ({"interval": 4, "interval_unit": "HOURS", "retain_count": 5}, "the last 5", 0.83),
        (MONTHLY | {"retain_count": 1}, "the last 1", 28),
        ({"cron_expression": "cron(0 1 ? * MON-FRI *)", "retain_count": 5}, "the last 5", 7),
        ({"cron_expression": "cron(0 1 ? * MON-FRI *)", "retain_count": 1}, "the last 1", 1),
        (NIGHTLY | {"retain_interval": 1, "retain_interval_unit": "DAYS"}, "1 day", 1),
        (NIGHTLY | {"retain_interval": 3, "retain_interval_unit": "WEEKS"}, "3 weeks", 21),
        (NIGHTLY | {"retain_interval": 12, "retain_interval_unit": "MONTHS"}, "12 months", 365),
        (MONTHLY | {"retain_interval": 2, "retain_interval_unit": "YEARS"}, "2 years", 730),
        (MONTHLY | {"retain_count": 0, "archive_retain_count": 4}, "the last 0, then the last 4 in the archive", 120),
        (
            MONTHLY
            | {"retain_interval": 30, "retain_interval_unit": "DAYS"}
            | {"archive_retain_interval": 1, "archive_retain_interval_unit": "YEARS"},
            "30 days, then 1 year in the archive",
            395,
        ),
        (
            MONTHLY | {"retain_count": 1, "archive_retain_interval": 90, "archive_retain_interval_unit": "DAYS"},
            "the last 1, then 90 days in the archive",
            118,
        ),
    ],
)
def test_a_schedule_keeps_by_count_or_by_age_here_and_in_the_archive(schedule, words, days):
    assert kept([schedule]) == {"S": (words, days, None)}


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        (NIGHTLY, "does not say how long backups are kept"),
        ({"retain_count": 7}, "does not say how often it runs"),
        ({"interval": 1, "interval_unit": "DAYS", "retain_count": 7}, "does not say how often it runs"),
        ({"cron_expression": "every night", "retain_count": 7}, "has 2 fields where AWS's cron has six"),
        (
            NIGHTLY | {"retain_interval": 3, "retain_interval_unit": "MOONS"},
            "keeps them for 3 of 'MOONS', which is no unit of time that is known",
        ),
    ],
)
def test_what_is_not_said_cannot_be_told(schedule, why):
    assert kept([schedule]) == {"S": (None, None, f"Could not tell: schedule S {why}.")}


def test_an_age_needs_no_schedule_that_can_be_read():
    schedule = {"cron_expression": "every night", "retain_interval": 2, "retain_interval_unit": "WEEKS"}
    assert kept([schedule]) == {"S": ("2 weeks", 14, None)}


def test_default_policies_keep_a_week_where_they_do_not_say():
    assert kept(default_policy="VOLUME", retain_interval_days=2) == {"default": ("2 days", 2, None)}
    assert kept(default_policy="INSTANCE") == {"default": ("7 days", 7, None)}


def test_copies_are_kept_by_age_and_those_of_default_policies_as_the_rest():
    year = {"retain_interval": 1, "retain_interval_unit": "YEARS"}
    endless = {"target": "eu-central-1"}
    assert kept(copies=[year, endless]) == {
        "S/us-east-1": ("1 year", 365, None),
        "S/eu-central-1": (None, None, "Could not tell: schedule S does not say how long copies are kept."),
    }
    assert kept(copies=[{"schedule_name": None}], default_policy="VOLUME") == {"default": ("7 days", 7, None)}


def test_the_longest_is_said_once_of_what_is_kept_here_and_once_of_copies():
    rows = [HERE | {"policy_id": "policy-0a", "position": number} for number in range(5)]
    counts = (None, 3, 9, 9, None)
    schedules = [row | NIGHTLY | {"retain_count": count} for row, count in zip(rows, counts, strict=True)]
    schedules.append(HERE | NIGHTLY | {"policy_id": "policy-0b", "position": 0})
    copies = [
        HERE | {"policy_id": "policy-0a", "schedule_name": "0", "target": target, "retain_interval": years}
        for target, years in (("us-east-1", None), ("us-west-2", 1), ("eu-west-1", 2))
    ]
    made = lifecycle_retention(
        FRAMES["lifecycle_policies"].rows([HERE | {"policy_id": f"policy-0{letter}"} for letter in "ab"]),
        FRAMES["lifecycle_schedules"].rows(schedules),
        FRAMES["lifecycle_copies"].rows([each | {"retain_interval_unit": "YEARS"} for each in copies]),
    )
    longest = made[made["longest"]]
    assert list(zip(longest["policy_id"], longest["label"], strict=True)) == [
        ("policy-0a", "2"),
        ("policy-0b", "0"),
        ("policy-0a", "0/eu-west-1"),
    ]


def test_no_two_of_a_policy_have_one_name():
    nameless = {"schedule_name": None, "position": 1, "retain_count": 1} | NIGHTLY
    twice = NIGHTLY | {"retain_count": 2}
    assert list(kept([twice, twice, nameless])) == ["S", "S (2)", "1"]


@pytest.mark.parametrize(
    ("cron", "why"),
    [
        ("cron(0 2 1 1 ? 2030)", "runs in some years only"),
        ("cron(* * * * ? *)", "runs more often than once an hour"),
        ("cron(0 2 31 2 ? *)", "names a day that never comes"),
    ],
)
def test_a_schedule_that_stops_never_comes_or_never_rests_has_no_span(cron, why):
    with pytest.raises(ScheduleError, match=why):
        shortest_run(cron, 3)


START = microseconds(pd.Timestamp("2001-01-01", tz="UTC"))
END = microseconds(pd.Timestamp("2085-01-01", tz="UTC")) - 1  # three times round
FIELDS = st.tuples(
    st.sampled_from(["0", "0,30", "15"]),
    st.sampled_from(["3", "*/8", "9-17/4"]),
    st.sampled_from(["1 * ?", "1,15 * ?", "L * ?", "29 2 ?", "1 1 ?", "? * MON-FRI", "? */3 SUN#1", "* * ?", "? * 6L"]),
)


@settings(max_examples=25, deadline=None)
@given(FIELDS, st.integers(1, 400))
def test_the_shortest_run_is_that_of_a_twin_that_looks_at_every_time(fields, count):
    minute, hour, days = fields
    cron = f"cron({minute} {hour} {days} *)"
    times = instants(cron, "UTC", START, END)
    if len(times) > 3 * count:
        assert shortest_run(cron, count) == float((times[count:] - times[:-count]).min() / DAY)


def test_a_count_may_outlast_the_calendar():
    assert shortest_run("cron(0 2 1 1 ? *)", 1000) == 365250
