"""What other tools get wrong about who can see what, by behaviour."""

import pytest

from auditor.config import Config
from auditor.engine import evaluate
from auditor.rulebook import load_rules
from auditor.testing import inventory_of, try_example

RULES = {loaded.rule.id: loaded for loaded in load_rules()}
US, MEMBER, STRANGER, PARTNER = "111122223333", "444455556666", "999988887777", "777766665555"
OURS = f"arn:aws:organizations::{US}:"
THEIRS = f"arn:aws:organizations::{STRANGER}:"
IMAGE = {"image_id": "ami-0a", "state": "available", "is_public": False}
TRUST = {"sharing": {"trusted_accounts": {PARTNER: "backup service"}}}


def verdict(rule, example=None, /, **more):
    said, _, crash = try_example(RULES[rule], {**(example or {}), **more})
    assert not crash
    return said


def directory(state="ACTIVE"):
    usual = {"organisation_id": "o-a1", "ou_path": "o-a1/r-a1/ou-a1-b2"}
    return [{"member_id": US, "state": "ACTIVE", **usual}, {"member_id": MEMBER, "state": state, **usual}]


def shared(kind, *grantees, state="ACTIVE"):
    frame = "snapshot_shares" if kind == "snapshot" else "image_shares"
    rows = [{"grantee_type": how, "grantee": who} for how, who in grantees]
    return {frame: rows, "directory": directory(state)}


def found_by(rule, example):
    """The discriminators of all findings of one example."""
    inventory, _ = inventory_of(RULES[rule], example)
    evaluation = evaluate(inventory, [RULES[rule]], Config.of(example.get("config", {})))
    assert evaluation.rule_runs["crash"].isna().all()
    return sorted(evaluation.findings.loc[evaluation.findings["verdict"] == "found", "discriminator"])


# whom a share is with


@pytest.mark.parametrize(
    ("how", "who"),
    [
        ("account", STRANGER),
        ("organisation", f"{THEIRS}organization/o-z9"),
        ("unit", f"{THEIRS}ou/o-z9/ou-z9-b2"),
    ],
)
def test_an_image_that_is_not_public_is_not_therefore_unshared(how, who):
    assert verdict("image_public", IMAGE, given=shared("image", (how, who))) == "passed"
    assert verdict("image_shared_outside_organisation", IMAGE, given=shared("image", (how, who))) == "found"


@pytest.mark.parametrize(
    ("how", "who"),
    [
        ("account", US),
        ("account", MEMBER),
        ("account", PARTNER),
        ("organisation", f"{OURS}organization/o-a1"),
        ("unit", f"{OURS}ou/o-a1/ou-a1-b2"),
    ],
)
def test_oneself_members_units_and_those_who_are_trusted_are_no_strangers(how, who):
    example = {**IMAGE, "config": TRUST, "given": shared("image", (how, who))}
    assert verdict("image_shared_outside_organisation", example) == "passed"


@pytest.mark.parametrize("who", [US, MEMBER, PARTNER, "aws-marketplace"])
def test_snapshots_are_shared_with_accounts_and_the_marketplace_is_one(who):
    example = {"config": TRUST, "given": shared("snapshot", ("account", who))}
    assert verdict("snapshot_shared_outside_organisation", example) == "passed"


def test_where_every_grantee_is_trusted_nothing_is_left_to_find():
    everybody = [("account", who) for who in (US, MEMBER, PARTNER)]
    example = {**IMAGE, "config": TRUST, "given": shared("image", *everybody)}
    assert found_by("image_shared_outside_organisation", example) == []


def test_every_grantee_is_a_finding_of_its_own_however_many_there_are():
    strangers = [f"9{number:011}" for number in range(30)]
    given = shared("snapshot", *(("account", who) for who in (*strangers, MEMBER)))
    assert found_by("snapshot_shared_outside_organisation", {"given": given}) == strangers


def test_an_organisation_is_told_by_its_id_and_not_by_who_manages_it():
    foreign = f"{OURS}organization/o-z9"
    given = shared("image", ("organisation", foreign), ("organisation", f"{THEIRS}organization/o-a1"))
    assert found_by("image_shared_outside_organisation", {**IMAGE, "given": given}) == [foreign]


# what becomes of a share


@pytest.mark.parametrize("state", ["SUSPENDED", "PENDING_CLOSURE", "CLOSED"])
def test_a_closed_member_is_neither_a_member_nor_a_stranger(state):
    given = shared("image", ("account", MEMBER), state=state)
    assert verdict("image_shared_with_closed_account", IMAGE, given=given) == "found"
    assert verdict("image_shared_outside_organisation", IMAGE, given=given) == "passed"


def test_a_disabled_image_is_not_blamed_for_the_shares_it_lost():
    config = {"sharing": {"expect": [{"images": {"name": "golden-*"}, "shared_with": [MEMBER]}]}}
    example = {**IMAGE, "name": "golden-1", "config": config, "given": {"directory": directory()}}
    assert verdict("image_not_shared", example) == "found"
    assert verdict("image_not_shared", example, state="disabled") == "passed"


def test_launching_an_image_needs_no_share_of_its_snapshots_and_copying_it_does():
    mapped = {
        "image_block_devices": [{"image_id": "ami-0a", "device_name": "/dev/xvda", "snapshot_id": "snap-0a"}],
        "snapshots": [{"snapshot_id": "snap-0a", "encrypted": False, "state": "completed"}],
    }
    for copyable, expected in ((False, "passed"), (True, "found")):
        expectation = {"images": {"name": "golden-*"}, "shared_with": [MEMBER], "copyable": copyable}
        example = {
            **IMAGE,
            "name": "golden-1",
            "config": {"sharing": {"expect": [expectation]}},
            "given": {**shared("image", ("account", MEMBER)), **mapped},
        }
        assert verdict("image_share_incomplete", example) == expected


def test_what_is_published_on_purpose_is_waived_and_goes_on_being_counted():
    example = {**IMAGE, "is_public": True}
    inventory, _ = inventory_of(RULES["image_public"], example)
    waiver = {
        "rule": "image_public",
        "resources": ["ami-0a"],
        "reason": "published base image",
        "owner": "a@example.com",
        "approver": "b@example.com",
        "ticket": "SEC-1",
        "from": "2026-01-01",
        "until": "2026-12-31",
    }
    evaluation = evaluate(inventory, [RULES["image_public"]], Config.of({"waiver": [waiver]}))
    assert evaluation.findings[["verdict", "waiver"]].to_numpy().tolist() == [["found", "SEC-1"]]
    assert evaluation.tallies[["found", "passed", "waived"]].to_numpy().tolist() == [[1, 0, 1]]
