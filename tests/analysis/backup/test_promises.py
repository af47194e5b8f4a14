"""Who promises what to whom: selections, tags, exclusions and what is not promised."""

import numpy as np
import pytest

from tests.analysis.backup.estates import DAILY, POLICY, TARGET, VOLUME, Estate, gap, machine, night, plan, policy

ARN = "arn:aws:ec2:eu-west-1:111122223333"


def term(kind, value, key=None, operator=None):
    return {"kind": kind, "value": value, "key": key, "operator": operator}


def estate(*terms, opted_in=True, **more):
    """Three volumes and a machine, and a plan with the terms given."""
    frames = plan(*terms, opted_in=opted_in)
    frames["volumes"] = [{**VOLUME, "volume_id": f"vol-{n}"} for n in (1, 2, 3)]
    frames["volume_tags"] = [
        {"volume_id": "vol-1", "key": "tier", "value": "gold"},
        {"volume_id": "vol-1", "key": "env", "value": "production"},
        {"volume_id": "vol-2", "key": "tier", "value": "silver"},
        {"volume_id": "vol-2", "key": "Env", "value": "production"},
    ]
    frames["instances"] = [{"instance_id": "i-1", "state": "running", "launched_at": night(50)}]
    frames["instance_tags"] = [{"instance_id": "i-1", "key": "tier", "value": "gold"}]
    return Estate({**frames, **more})


def selected(*terms, opted_in=True):
    rows = estate(*terms, opted_in=opted_in).rows("backup_promises", "resource_id", "hindered_by")
    return {name: why for name, why in rows}  # noqa: C416 - tuples of two, said as what they are


ALL = {"vol-1", "vol-2", "vol-3", "i-1"}
LIKE, EQUALS, NOT_EQUALS, NOT_LIKE = "StringLike", "StringEquals", "StringNotEquals", "StringNotLike"


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        # the examples of "Assign resources with AWS CLI" in the AWS Backup Developer Guide
        ([term("resource", "arn:aws:ec2:*:*:instance/*")], {"i-1"}),
        ([term("resource", "*")], ALL),
        ([term("resource", "*"), term("not_resource", "arn:aws:ec2:*:*:volume/*")], {"i-1"}),
        (
            [
                term("resource", "*"),
                term("not_resource", "arn:aws:ec2:*:*:volume/*"),
                term("condition", "gold", "tier", EQUALS),
            ],
            {"i-1"},
        ),
        (
            [
                term("resource", "arn:aws:ec2:*:*:volume/*"),
                term("resource", "arn:aws:rds:*:*:db:*"),
                term("condition", "gold", "tier", EQUALS),
                term("condition", "production", "env", EQUALS),
            ],
            {"vol-1"},
        ),
        # one ARN; ARNs and tags are alternatives, and so are tags among themselves
        ([term("resource", f"{ARN}:volume/vol-3")], {"vol-3"}),
        ([term("resource", f"{ARN}:volume/vol-3"), term("tag", "silver", "tier", EQUALS)], {"vol-2", "vol-3"}),
        ([term("tag", "gold", "tier", EQUALS), term("tag", "silver", "tier", EQUALS)], {"vol-1", "vol-2", "i-1"}),
        ([term("tag", "Gold", "tier", EQUALS)], set()),
        ([term("tag", "gold", "aws:ResourceTag/tier", EQUALS)], {"vol-1", "i-1"}),
        # conditions must all hold; what is not tagged holds only negations
        ([term("condition", "*old", "tier", LIKE)], {"vol-1", "i-1"}),
        ([term("condition", "g*d", "tier", LIKE), term("condition", "prod*", "env", LIKE)], {"vol-1"}),
        ([term("condition", "gold", "tier", NOT_EQUALS)], {"vol-2", "vol-3"}),
        ([term("condition", "*", "tier", NOT_LIKE)], {"vol-3"}),
        ([term("condition", "g?ld", "tier", LIKE)], set()),
        ([term("condition", "production", "env", EQUALS)], {"vol-1"}),
        # exclusions win
        ([term("tag", "gold", "tier", EQUALS), term("not_resource", f"{ARN}:volume/vol-1")], {"i-1"}),
        ([term("not_resource", f"{ARN}:*")], set()),
        # another region's and another account's
        ([term("resource", "arn:aws:ec2:us-east-1:*:volume/*")], set()),
        ([term("resource", "arn:aws:ec2:*:999988887777:volume/*")], set()),
    ],
)
def test_a_selection_is_alternatives_and_conditions_less_exclusions(terms, found):
    assert set(selected(*terms)) == found


def test_a_selection_of_nothing_in_particular_is_of_all_that_is_opted_in():
    frames = {"backup_selection_terms": []}
    assert {row[0] for row in estate(**frames).rows("backup_promises", "resource_id")} == ALL
    assert estate(opted_in=False, **frames).rows("backup_promises", "resource_id") == []


def test_only_a_type_that_is_named_or_a_tag_outlives_a_region_that_is_not_opted_in():
    why = "the region is not opted in to AWS Backup for EBS"
    assert selected(term("resource", "*"), opted_in=False) == {}
    assert selected(term("resource", "arn:aws:ec2:*"), opted_in=False) == {}
    assert selected(term("resource", "arn:aws:ec2:*:*:volume/*"), opted_in=False) == {
        "vol-1": None,
        "vol-2": None,
        "vol-3": None,
    }
    assert selected(term("tag", "silver", "tier", EQUALS), opted_in=False) == {"vol-2": why}
    assert selected(term("condition", "silver", "tier", EQUALS), opted_in=False) == {"vol-2": why}


def test_patterns_of_many_stars_take_no_time():
    """A pattern that a backtracking match would never come to the end of."""
    value = "a" * 250
    frames = plan(term("condition", "*a" * 60 + "b", "tier", LIKE))
    frames["volume_tags"] = [{"volume_id": "vol-1", "key": "tier", "value": value}]
    assert Estate(frames).rows("backup_promises", "resource_id") == []
    frames["volume_tags"][0]["value"] = value + "b"
    assert Estate(frames).rows("backup_promises", "resource_id") == [("vol-1",)]


def test_a_second_selection_of_a_plan_repeats_no_promise_and_counts_from_the_first():
    frames = plan()
    frames["backup_selections"] = [
        {"plan_id": "plan-1", "selection_id": f"selection-{n}", "created_at": night(days, 0)}
        for n, days in ((1, 1), (2, 2))
    ]
    frames["backup_selection_terms"] = [
        {"plan_id": "plan-1", "selection_id": f"selection-{n}", **term("tag", "daily", "backup", EQUALS)}
        for n in (1, 2)
    ]
    found = Estate(frames)
    assert len(found.frame("backup_promises")) == 1
    assert found.windows()[0][0] == "01-30 05:00"


def test_target_tags_are_alternatives_with_case():
    frames = policy()
    frames["lifecycle_targets"] = [TARGET, {**TARGET, "key": "tier", "value": "gold"}]
    frames["volumes"] = [{**VOLUME, "volume_id": f"vol-{n}"} for n in (1, 2, 3)]
    frames["volume_tags"] = [
        {"volume_id": f"vol-{n}", "key": key, "value": value}
        for n, key, value in ((1, "tier", "gold"), (1, "backup", "daily"), (2, "Tier", "gold"), (3, "tier", "Gold"))
    ]
    assert Estate(frames).rows("backup_promises", "resource_id", "promise_id") == [("vol-1", "policy-1/Daily")]


@pytest.mark.parametrize(
    "changes",
    [{"state": "DISABLED"}, {"state": "ERROR"}, {"policy_type": "EVENT_BASED_POLICY"}, {"resource_type": "INSTANCE"}],
)
def test_a_policy_that_exists_is_not_yet_a_promise(changes):
    assert Estate(policy(changes)).rows("backup_promises", "resource_id") == []


def test_a_promise_on_a_machine_covers_its_volumes_by_name():
    frames = machine()
    assert Estate(frames).rows("backup_coverage", "volume_id", "promise_id", "instance_id") == [
        ("vol-1", "policy-1/Daily", "i-1"),
        ("vol-2", "policy-1/Daily", "i-1"),
    ]
    frames["attachments"][1]["state"] = "detached"
    assert len(Estate(frames).frame("backup_coverage")) == 1
    left_out = Estate(machine(exclude_boot_volume=True))
    assert left_out.rows("backup_coverage", "volume_id") == [("vol-2",)]
    of_images = Estate(machine("IMAGE_MANAGEMENT", exclude_boot_volume=True))
    assert len(of_images.frame("backup_coverage")) == 2, "only policies of snapshots leave volumes out"


def test_schedules_in_words_and_how_far_apart_they_lie():
    frames = policy()
    frames["lifecycle_schedules"] = [
        {**DAILY, "schedule_name": None},
        {**DAILY, "schedule_name": "Weekly", "cron_expression": "cron(0 1 ? * SUN *)", "interval": None, "position": 1},
        {**DAILY, "schedule_name": "Yearly", "cron_expression": "cron(0 1 1 1 ? *)", "interval": None, "position": 2},
        {**DAILY, "schedule_name": "Odd", "cron_expression": "cron(x 1 1 1 ? *)", "interval": None, "position": 3},
        {**DAILY, "schedule_name": "Whenever", "start_time": None, "position": 4},
    ]
    estate = Estate(frames)
    assert estate.rows("backup_promises", "promise_id", "promise_name", "schedule", "interval_hours") == [
        ("policy-1/0", "Nightly: 0", "every 24 hours from 03:00", 24.0),
        ("policy-1/Weekly", "Nightly: Weekly", "cron(0 1 ? * SUN *)", 168.0),
        ("policy-1/Yearly", "Nightly: Yearly", "cron(0 1 1 1 ? *)", 8760.0),
        ("policy-1/Odd", "Nightly: Odd", "cron(x 1 1 1 ? *)", None),
        ("policy-1/Whenever", "Nightly: Whenever", "every 24 hours", None),
    ]
    unclear = "Could not tell: the schedule 'cron(x 1 1 1 ? *)' has 'X' among its minutes."
    assert [row[0] for row in estate.rows("backup_promises", "unknown_because")][3:] == [
        unclear,
        "Could not tell: the schedule 'every 24 hours' says no time of day.",
    ]
    assert estate.rows("backup_status", "unknown_because")[0][0] in (
        unclear,
        "Could not tell: the schedule 'every 24 hours' says no time of day.",
    )


def test_status_sums_up_everything_that_promises_and_whoever_did_it():
    frames = machine() | {
        "snapshots": [
            {"snapshot_id": "snap-1", "volume_id": "vol-1", "state": "completed", "started_at": night(2, 12)},
            {"snapshot_id": "snap-2", "volume_id": "vol-1", "state": "completed", "started_at": night(10, 12)},
            {"snapshot_id": "snap-3", "volume_id": "vol-1", "state": "pending", "started_at": night(0, 12)},
        ],
        "volume_tags": [{"volume_id": "vol-1", "key": "tier", "value": "gold"}],
    }
    backup = {"rpo": [{"volumes": {"tag": "tier"}, "hours": 12}], "ephemeral": [{"tag": "tier", "value": "gold"}]}
    estate = Estate(frames, backup)
    assert estate.rows(
        "backup_status", "resource_id", "promises", "covered_by", "promised_hours", "newest_usable", "age_hours"
    ) == [
        ("vol-1", 2, "Data Lifecycle Manager and the configuration", 13.0, "snap-1", 48.0),
        ("vol-2", 1, "Data Lifecycle Manager", 26.0, None, None),
        ("i-1", 1, "Data Lifecycle Manager", 26.0, None, None),
    ]
    gaps = dict(estate.rows("backup_status", "resource_id", "worst_gap_hours"))
    assert gaps == {"vol-1": 504.0, "vol-2": 744.0, "i-1": 744.0}
    assert estate.rows("backup_status", "excluded_by", "through_instance")[0] == ("tier=gold", True)
    counts = estate.rows("backup_status", "windows", "met", "missed")
    assert counts == [(14, 1, 13), (0, 0, 0), (4, 0, 4)]


def test_the_longest_gap_begins_with_the_volume():
    young = {"volumes": [{**VOLUME, "created_at": night(3, 12)}, {**VOLUME, "volume_id": "vol-2", "state": "error"}]}
    assert Estate(young).rows("backup_status", "resource_id", "worst_gap_hours") == [("vol-1", 72.0)]


@pytest.mark.parametrize("collector", ["lifecycle_policies", "backup_plans", "backup_selections", "instances"])
def test_promises_that_were_not_read_are_said_of_every_resource(collector):
    estate = Estate(policy(), coverage=gap(collector))
    said = f"Could not tell: {collector.replace('_', ' ')} could not be read (denied)."
    assert estate.rows("backup_status", "unknown_because", "unseen_because") == [(said, None)]


def test_whether_a_region_is_opted_in_may_be_unknown():
    by_tag = Estate(plan(opted_in=False), coverage=gap("backup_opt_ins"))
    assert by_tag.rows("backup_promises", "resource_id", "hindered_by") == [("vol-1", None)]
    anything = Estate(plan(term("resource", "*")), coverage=gap("backup_opt_ins"))
    assert anything.rows("backup_promises", "resource_id") == []
    assert anything.rows("backup_status", "promises")[0] == (0,)
    assert anything.rows("backup_status", "unknown_because")[0][0].startswith("Could not tell: backup opt ins")


def test_nothing_promises_nothing():
    estate = Estate({"volumes": [VOLUME], "lifecycle_policies": [{**POLICY, "state": "DISABLED"}]})
    for name in ("backup_promises", "backup_coverage", "backup_windows"):
        assert estate.frame(name).empty
    status = estate.frame("backup_status")
    assert np.array_equal(status[["promises", "windows"]].to_numpy(), [[0, 0]])
    assert status["promised_hours"].isna().all()
