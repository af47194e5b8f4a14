import json
from datetime import UTC, datetime

import pytest

from auditor.aws.collectors.image_creations import COLLECTOR

CALLED = datetime(2026, 1, 20, 3, tzinfo=UTC)
IMAGE, INSTANCE = "ami-0123456789abcdef0", "i-0123456789abcdef0"


def event(words, number=1, resources=()):
    return {
        "EventId": f"e{number}",
        "EventTime": CALLED,
        "Username": "anna",
        "CloudTrailEvent": words if isinstance(words, str) or words is None else json.dumps(words),
        "Resources": [{"ResourceType": "AWS::EC2::Ami", "ResourceName": name} for name in resources],
    }


def call(no_reboot=None, **more):
    request = {"instanceId": INSTANCE, "name": "x"} | ({} if no_reboot is None else {"noReboot": no_reboot})
    return {"requestParameters": request, "responseElements": {"imageId": IMAGE}, **more}


def rows(scripted, run, *events):
    reader = scripted({"cloudtrail:LookupEvents": {"Events": list(events)}})
    brought = run(COLLECTOR, reader)["image_creations"]
    assert reader.calls == [
        (
            "cloudtrail:LookupEvents",
            {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "CreateImage"}], "MaxResults": 50},
        )
    ]
    return brought


def test_an_event_tells_image_instance_caller_and_reboot(scripted, run):
    who = {"arn": "arn:aws:sts::111122223333:assumed-role/dlm/x", "invokedBy": "dlm.amazonaws.com"}
    assert rows(scripted, run, event(call(True, userIdentity=who))) == [
        {
            "event_id": "e1",
            "image_id": IMAGE,
            "instance_id": INSTANCE,
            "no_reboot": True,
            "called_at": CALLED,
            "caller": who["arn"],
            "invoked_by": "dlm.amazonaws.com",
        }
    ]


@pytest.mark.parametrize(
    ("said", "meant"),
    [(None, False), (False, False), (True, True), ("true", True), ("False", False), ("maybe", None), (1, None)],
)
def test_a_request_that_does_not_say_reboots_and_one_that_says_nonsense_tells_nothing(scripted, run, said, meant):
    (row,) = rows(scripted, run, event(call(said)))
    assert row.get("no_reboot") is meant


def test_a_call_that_failed_made_nothing(scripted, run):
    failed = call(True) | {"errorCode": "Client.DryRunOperation", "responseElements": None}
    assert rows(scripted, run, event(failed)) == []


@pytest.mark.parametrize(
    "words",
    [None, "", "{", "[]", "null", '"x"', "[" * 100_000, '{"requestParameters": null}', '{"responseElements": [1]}'],
)
def test_what_cannot_be_read_keeps_the_image_that_is_listed_and_tells_nothing_of_the_reboot(scripted, run, words):
    (row,) = rows(scripted, run, event(words, resources=[INSTANCE, IMAGE]))
    assert row == {"event_id": "e1", "image_id": IMAGE, "called_at": CALLED, "caller": "anna"}


def test_hostile_ids_are_none(scripted, run):
    odd = {
        "requestParameters": {"instanceId": "i-0'; drop", "noReboot": True},
        "responseElements": {"imageId": "<script>"},
        "userIdentity": {"arn": 7},
    }
    (row,) = rows(scripted, run, event(odd, resources=["ami-", "=cmd"]))
    assert row == {"event_id": "e1", "called_at": CALLED, "caller": "anna"}
