from __future__ import annotations

from datetime import timedelta

import pytest


@pytest.fixture(autouse=True)
def here(organisation):
    here = organisation.place("222222222222", "eu-west-1")
    for number, (days, name) in enumerate(((1, "CreateImage"), (2, "CreateTags"), (89, "CreateImage"))):
        called = organisation.now - timedelta(days=days)
        here.trail_events[f"e{number}"] = {"EventId": f"e{number}", "EventName": name, "EventTime": called}
    too_old = organisation.now - timedelta(days=91)
    here.trail_events["old"] = {"EventId": "old", "EventName": "CreateImage", "EventTime": too_old}
    return here


def ids(answer):
    return [row["EventId"] for row in answer["Events"]]


def test_ninety_days_are_kept_the_newest_first(call):
    assert ids(call("cloudtrail", "LookupEvents")) == ["e0", "e1", "e2"]


def test_one_attribute_and_a_time_narrow_it(call, organisation, refusal):
    by_name = [{"AttributeKey": "EventName", "AttributeValue": "CreateImage"}]
    assert ids(call("cloudtrail", "LookupEvents", LookupAttributes=by_name)) == ["e0", "e2"]
    since = organisation.now - timedelta(days=3)
    assert ids(call("cloudtrail", "LookupEvents", LookupAttributes=by_name, StartTime=since)) == ["e0"]
    assert ids(call("cloudtrail", "LookupEvents", EndTime=since)) == ["e2"]
    code = refusal("cloudtrail", "LookupEvents", LookupAttributes=by_name * 2)
    assert code == "InvalidLookupAttributesException"
    code = refusal("cloudtrail", "LookupEvents", StartTime=since, EndTime=since - timedelta(days=1))
    assert code == "InvalidTimeRangeException"


def test_pages(pages, refusal):
    assert [len(page) for page in pages("cloudtrail", "LookupEvents", "Events", MaxResults=2)] == [2, 1]
    assert refusal("cloudtrail", "LookupEvents", MaxResults=51) == "InvalidMaxResultsException"
