from __future__ import annotations

import pytest

MINE = "222222222222"
WEEK = {"RetentionPeriodValue": 7, "RetentionPeriodUnit": "DAYS"}


@pytest.fixture(autouse=True)
def here(organisation):
    here = organisation.place(MINE, "eu-west-1")
    for identifier, kind, lock, tags in (
        ("tagged", "EBS_SNAPSHOT", "unlocked", [{"ResourceTagKey": "team", "ResourceTagValue": "web"}]),
        ("locked", "EBS_SNAPSHOT", "locked", []),
        ("images", "EC2_IMAGE", "unlocked", []),
    ):
        here.bin_rules[identifier] = {
            "Identifier": identifier,
            "ResourceType": kind,
            "RetentionPeriod": WEEK,
            "LockState": lock,
            "ResourceTags": tags,
            "Status": "available",
        }
    return here


@pytest.fixture
def listed(call):
    def made(kind="EBS_SNAPSHOT", **params):
        return {row["Identifier"] for row in call("rbin", "ListRules", ResourceType=kind, **params)["Rules"]}

    return made


def test_one_type_a_call(listed, refusal):
    assert listed() == {"tagged", "locked"}
    assert listed("EC2_IMAGE") == {"images"}
    assert listed("EBS_VOLUME") == set()
    assert refusal("rbin", "ListRules") == "ValidationException"


def test_lock_and_tags(listed):
    assert listed(LockState="locked") == {"locked"}
    assert listed(ResourceTags=[{"ResourceTagKey": "team"}]) == {"tagged"}
    assert listed(ResourceTags=[{"ResourceTagKey": "team", "ResourceTagValue": "db"}]) == set()
    assert listed(ExcludeResourceTags=[{"ResourceTagKey": "team"}]) == set()


def test_summaries_have_no_tags_and_rules_have(call, refusal):
    rows = call("rbin", "ListRules", ResourceType="EC2_IMAGE")["Rules"]
    assert rows == [{"Identifier": "images", "RetentionPeriod": WEEK, "LockState": "unlocked"}]
    assert call("rbin", "GetRule", Identifier="tagged")["ResourceTags"][0]["ResourceTagKey"] == "team"
    assert refusal("rbin", "GetRule", Identifier="nobody") == "ResourceNotFoundException"


def test_pages(pages, refusal):
    found = pages("rbin", "ListRules", "Rules", ResourceType="EBS_SNAPSHOT", MaxResults=1)
    assert [len(page) for page in found] == [1, 1]
    assert refusal("rbin", "ListRules", ResourceType="EC2_IMAGE", MaxResults=1001) == "ValidationException"
