"""Plans that were changed in the audit period: each time is judged by the rule in force at it."""

import pandas as pd
import pytest

from tests.analysis.backup.estates import Estate, gap, job, machine, night, plan, point, well_shaped

PERIOD = {"days": 8}


def rule(rule_id="rule-1", name="daily", hour=5, **more):
    """A rule as a version of the plan has it."""
    return {
        "plan_id": "plan-1",
        "rule_id": rule_id,
        "rule_name": name,
        "schedule_expression": f"cron(0 {hour} ? * * *)",
        "start_window_minutes": 60,
        "completion_window_minutes": 60,
        "delete_after_days": 35,
        **more,
    }


def changed(*versions, now=None):
    """A plan whose present version began four days ago at midnight, and what it said before.

    Args:
        versions: Days ago that an earlier version began, and its rules, the oldest first.
        now: The present rules; the nightly one at five where nothing is said.
    """
    begun = [*(days for days, _ in versions), 4]
    frames = plan()
    frames["backup_plan_versions"] = [
        {
            "plan_id": "plan-1",
            "version_id": f"v{place}",
            "valid_from": night(days, 0),
            "superseded_at": night(begun[place], 0) if place < len(begun) else None,
        }
        for place, days in enumerate(begun, 1)
    ]
    frames["backup_rule_versions"] = [
        {**each, "version_id": f"v{place}"} for place, (_, rules) in enumerate(versions, 1) for each in rules
    ]
    return frames | ({"backup_rules": now} if now else {})


def judged(frames, **more):
    estate = Estate(frames, PERIOD, **more)
    assert well_shaped(estate)
    return estate


def times(estate):
    """Days and hours of the windows, by promise."""
    rows = estate.frame("backup_windows").sort_values(["promise_id", "scheduled_at"])
    found: dict[str, list[str]] = {}
    for promise, at in zip(rows["promise_id"], rows["scheduled_at"].dt.strftime("%d %H"), strict=True):
        found.setdefault(promise, []).append(at)
    return found


def test_a_schedule_that_was_changed_has_times_of_the_old_one_and_then_of_the_new():
    estate = judged(changed((60, [rule(hour=7)]), (6, [rule(hour=22)])))
    assert times(estate) == {
        "plan-1/rule-1": ["25 07", "26 22", "27 22", *(f"{day} 05" for day in (28, 29, 30, 31, "01"))]
    }
    assert estate.rows("backup_promises", "schedule", "ended_at", "earlier_unknown_because") == [
        ("cron(0 5 ? * * *)", None, None)
    ]


def test_each_time_is_judged_by_the_windows_in_force_at_it():
    """Complete after three hours: in time once two were allowed to start and one hour of grace, late before."""
    before = rule(start_window_minutes=60, completion_window_minutes=30)
    now = rule(start_window_minutes=60, completion_window_minutes=60)
    points = [point(days, night(days, 5, 30), completed_at=night(days, 7, 45)) for days in (5, 4)]
    estate = judged(changed((60, [before]), now=[now]) | {"recovery_points": points})
    assert estate.verdicts()[2:4] == ["late", "met"]


def test_what_was_made_after_the_change_and_before_the_next_time_is_of_the_last_time_before():
    """A delivery goes to the latest time of its rule, whichever version that was of."""
    estate = judged(changed((60, [rule(hour=22)])) | {"recovery_points": [point(1, night(4, 2))]})
    assert [row for row in estate.windows() if row[1] != "missed"] == [("01-27 22:00", "late")]


def test_a_rule_promises_nothing_before_it_was_added_and_until_it_was_removed():
    added, removed = rule("rule-2", "noon", 11), rule("rule-3", "evening", 20)
    estate = judged(changed((60, [rule(), removed]), now=[rule(), added]))
    days = ["25", "26", "27", "28", "29", "30", "31", "01"]
    assert times(estate) == {
        "plan-1/rule-1": [f"{day} 05" for day in days],
        "plan-1/rule-2": [f"{day} 11" for day in days[3:]],
        "plan-1/rule-3": ["24 20", "25 20", "26 20", "27 20"],
    }
    ended = estate.rows("backup_promises", "promise_id", "ended_at")
    assert {promise for promise, at in ended if at is not None} == {"plan-1/rule-3"}
    assert estate.rows("backup_status", "promises", "promised_hours", "missed") == [(2, 26.0, 16)]
    assert set(estate.rows("backup_coverage", "promise_id", "ended_at")) == set(ended)


def test_what_is_unmet_is_told_with_the_schedule_of_then_and_until_when_it_was_promised():
    evening = rule("rule-3", "evening", 20)
    frames = changed((60, [rule(hour=22), evening]), now=[rule()])
    points = [point(days, night(days, 5, 10)) for days in range(5)]
    estate = judged(frames | {"recovery_points": points})
    told = estate.rows("backup_unmet", "promise_name", "schedule", "ended_at", "unmet", "windows")
    assert sorted(told, key=str) == [
        ("gold: daily", "cron(0 22 ? * * *)", None, 4, 9),
        ("gold: evening", "cron(0 20 ? * * *)", pd.Timestamp(night(4, 0)), 4, 4),
    ]


def test_a_rule_that_was_taken_out_and_put_in_again_is_one_with_a_pause():
    estate = judged(changed((60, [rule()]), (6, [rule("rule-2", "noon", 11)])))
    days = ["25", "28", "29", "30", "31", "01"]
    assert times(estate) == {
        "plan-1/rule-1": [f"{day} 05" for day in days],
        "plan-1/rule-2": ["26 11", "27 11"],
    }


def test_a_rule_that_has_a_new_id_is_known_by_its_name_and_by_its_old_id():
    before = [rule("rule-old", hour=6), rule("rule-1", "renamed", 8)]
    now = [rule("rule-new"), rule("rule-1", "other", 9)]
    made = [point(5, night(5, 6, 10), rule_id="rule-old"), point(4, night(4, 5, 10), rule_id="rule-new")]
    failed = [job("FAILED", night(6, 6, 1), rule_id="rule-old", status_message="No role")]
    estate = judged(changed((60, before), now=now) | {"recovery_points": made, "backup_jobs": failed})
    assert {promise: len(found) for promise, found in times(estate).items()} == {
        "plan-1/rule-new": 8,
        "plan-1/rule-1": 8,
    }
    told = [row for row in estate.windows("cause") if row[1] != "missed"]
    assert told == [("01-26 06:00", "failed", "No role"), ("01-27 06:00", "met", None), ("01-28 05:00", "met", None)]


def test_one_rule_that_was_two_is_one_of_them():
    two = [rule("rule-a"), rule("rule-b", "second", 6)]
    one = [rule("rule-a", "second", 7)]
    both = changed((60, two), (6, one), now=[rule("rule-c", "second", 8)])
    assert {promise: len(found) for promise, found in times(judged(both)).items()} == {
        "plan-1/rule-c": 8,
        "plan-1/rule-b": 1,
    }


def test_what_an_earlier_rule_no_longer_keeps_is_not_asked_for():
    estate = judged(changed((60, [rule(hour=6, delete_after_days=6)])))
    assert times(estate)["plan-1/rule-1"] == ["27 06", *(f"{day} 05" for day in (28, 29, 30, 31, "01"))]


def test_rates_count_from_each_version():
    hourly = {"schedule_expression": "rate(12 hours)"}
    estate = judged(changed((60, [rule()]), (5, [rule(**hourly)])))
    assert times(estate)["plan-1/rule-1"][:5] == ["25 05", "26 05", "27 00", "27 12", "28 05"]


def test_a_volume_that_came_after_a_rule_was_removed_was_never_under_it():
    frames = changed((60, [rule(), rule("rule-3", "evening", 20)]), now=[rule()])
    frames["volumes"] = [{**frames["volumes"][0], "created_at": night(2, 0)}]
    estate = judged(frames)
    assert times(estate) == {"plan-1/rule-1": ["30 05", "31 05", "01 05"]}
    assert estate.rows("backup_promises", "promise_id") == [("plan-1/rule-1",)]


def test_a_rule_that_was_removed_before_the_period_is_no_promise():
    frames = changed((60, [rule("rule-3", "evening", 20)]), (30, [rule(hour=6)]))
    estate = judged(frames)
    assert set(times(estate)) == {"plan-1/rule-1"}
    assert estate.rows("backup_promises", "promise_id") == [("plan-1/rule-1",)]


def test_an_earlier_schedule_that_cannot_be_read_leaves_the_promise_in_doubt():
    estate = judged(changed((60, [rule(schedule_expression="cron(nonsense)")])))
    assert times(estate) == {}
    [(why,)] = estate.rows("backup_promises", "unknown_because")
    assert why.startswith("Could not tell: the schedule 'cron(nonsense)' ")


def test_machines_were_under_rules_too():
    by_type = {"kind": "resource", "value": "arn:aws:ec2:*:*:instance/*"}
    frames = changed((60, [rule("rule-3", "evening", 20)]), now=[rule()])
    terms = plan(by_type)["backup_selection_terms"]
    estate = judged({**machine(state="DISABLED"), **frames, "backup_selection_terms": terms, "volume_tags": []})
    assert {promise: len(found) for promise, found in times(estate).items()} == {
        "plan-1/rule-1": 5,
        "plan-1/rule-3": 4,
    }
    status = estate.rows("backup_status", "resource_id", "promises", "missed")
    assert ("i-1", 1, 9) in status


# what was not read


@pytest.mark.parametrize(
    ("frames", "coverage", "why"),
    [
        (plan(), gap("backup_plan_versions"), "Could not tell: backup plan versions could not be read (denied)."),
        (plan(), (), "Could not tell: earlier versions of the backup plan were not read."),
        (
            changed((60, [rule(hour=22)])),
            gap("backup_plan_versions"),
            "Could not tell: backup plan versions could not be read (denied).",
        ),
        (changed(), (), None),
    ],
)
def test_where_earlier_versions_were_not_read_it_cannot_be_told_what_was_before(frames, coverage, why):
    made = [point(days, night(days, 5, 10)) for days in range(5)]
    made += [point(days, night(days, 22, 10)) for days in range(5, 9)]
    estate = judged(frames | {"recovery_points": made}, coverage=coverage)
    assert {verdict for at, verdict in estate.windows() if at.endswith("05:00")} == {"met"}, "what is known stays"
    assert estate.rows("backup_promises", "earlier_unknown_because") == [(why,)]
    told = estate.rows("backup_unmet", "resource_id", "promise_id", "unknown_because")
    assert ("vol-1", None, why) in told or why is None
    assert len(told) == (why is not None)


@pytest.mark.parametrize(("period", "born"), [(3, 90), (8, 3)])
def test_nothing_before_is_missed_where_the_period_or_the_volume_is_younger_than_the_plan(period, born):
    frames = plan()
    frames["volumes"] = [{**frames["volumes"][0], "created_at": night(born)}]
    estate = Estate(frames, {"days": period}, coverage=gap("backup_plan_versions"))
    assert estate.rows("backup_promises", "earlier_unknown_because") == [(None,)]
