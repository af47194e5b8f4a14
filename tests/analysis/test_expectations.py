"""What must be shared with whom, and whether it is: selection, and every way in which a share reaches a party."""

import pytest

from auditor.analysis import derive
from auditor.config import Config
from auditor.frames import FRAMES
from auditor.testing import AS_OF

OWNER, WEB, DATA, CLOSED, VENDOR = (f"{digit}" * 12 for digit in "12345")
HERE = {"account_id": OWNER, "region": "eu-west-1"}
ORGANISATION, ROOT, TEAMS, FRONT, BACK = "o-a1", "r-a1", "ou-a1-teams", "ou-a1-front", "ou-a1-back"
ARN = f"arn:aws:organizations::{OWNER}"
OURS = f"{ARN}:organization/{ORGANISATION}"
STRANGERS = f"arn:aws:organizations::{VENDOR}:organization/o-z9"


def unit(name, organisation=ORGANISATION):
    return f"{ARN}:ou/{organisation}/{name}"


def member(account, *path, state="ACTIVE"):
    place = "/".join((ORGANISATION, ROOT, *path))
    return {"member_id": account, "state": state, "organisation_id": ORGANISATION, "ou_path": place}


DIRECTORY = [
    member(OWNER),
    member(WEB, TEAMS, FRONT),
    member(DATA, TEAMS, BACK),
    member(CLOSED, TEAMS, BACK, state="SUSPENDED"),
]
WITHOUT = [{"member_id": OWNER}, {"member_id": WEB}]


def made(name, expect, **given):
    config = Config.of({"sharing": {"expect": expect}})

    def frame(wanted):
        if wanted in given:
            return FRAMES[wanted].rows(given[wanted])
        if FRAMES[wanted].derived_from:
            return derive(wanted, frame, AS_OF, config)
        return FRAMES[wanted].empty()

    rows = frame(name)
    return rows.astype(object).where(rows.notna(), None).to_dict("records")


def kind(grantee):
    if grantee.isdigit():
        return "account"
    if ":" not in grantee:
        return "group"
    return "unit" if ":ou/" in grantee else "organisation"


def covered(expected, *grantees, directory=DIRECTORY):
    """What covers one image's only expectation, whether it is missing and which accounts lack it."""
    shares = [{**HERE, "image_id": "ami-1", "grantee_type": kind(each), "grantee": each} for each in grantees]
    (row,) = made(
        "image_expectations",
        [{"images": {"name": "*"}, "shared_with": [expected]}],
        images=[{**HERE, "image_id": "ami-1", "name": "base", "state": "available"}],
        image_shares=shares,
        directory=directory,
    )
    return row["covered_by"], row["missing"], row["missing_accounts"]


@pytest.mark.parametrize(
    ("expected", "grantees", "outcome"),
    [
        (WEB, [WEB], (WEB, False, None)),
        (WEB, [unit(FRONT)], (unit(FRONT), False, None)),
        (WEB, [unit(TEAMS)], (unit(TEAMS), False, None)),
        (WEB, [OURS], (OURS, False, None)),
        (WEB, ["all"], ("all", False, None)),
        (WEB, [DATA, unit(BACK), STRANGERS], (None, True, None)),
        (WEB, [], (None, True, None)),
        (OWNER, [], ("owner", False, None)),
        (VENDOR, [VENDOR], (VENDOR, False, None)),
        (VENDOR, [OURS, unit(TEAMS)], (None, True, None)),
        (VENDOR, [STRANGERS], (None, None, None)),
        (VENDOR, ["aws-marketplace"], (None, True, None)),
        (FRONT, [unit(FRONT)], (unit(FRONT), False, None)),
        (unit(FRONT), [unit(TEAMS)], (unit(TEAMS), False, None)),
        (FRONT, [OURS], (OURS, False, None)),
        (FRONT, [WEB], ("members", False, None)),
        (TEAMS, [WEB, unit(BACK)], ("members", False, None)),
        (TEAMS, [WEB, DATA], ("members", False, None)),
        (TEAMS, [WEB], (None, True, DATA)),
        (TEAMS, [], (None, True, f"{WEB}, {DATA}")),
        (TEAMS, [unit(BACK)], (None, True, WEB)),
        ("ou-a1-nobody", [], (None, True, None)),
        ("ou-a1-nobody", [unit(TEAMS)], (None, None, None)),
        ("organisation", [OURS], (OURS, False, None)),
        ("organisation", [unit(TEAMS)], ("members", False, None)),
        ("organisation", [WEB], (None, True, DATA)),
        (ORGANISATION, [STRANGERS], (None, True, f"{WEB}, {DATA}")),
        ("o-z9", [STRANGERS], (STRANGERS, False, None)),
        ("o-z9", [OURS], (None, True, None)),
    ],
)
def test_what_reaches_whom(expected, grantees, outcome):
    assert covered(expected, *grantees) == outcome


@pytest.mark.parametrize(
    ("expected", "grantees", "outcome"),
    [
        (WEB, [WEB], (WEB, False, None)),
        (WEB, [], (None, True, None)),
        (WEB, [OURS], (None, None, None)),
        ("organisation", [OURS], (None, None, None)),
        (FRONT, [unit(FRONT)], (unit(FRONT), False, None)),
        (FRONT, [OURS], (None, None, None)),
        (FRONT, [], (None, True, None)),
    ],
)
def test_what_cannot_be_told_without_an_organisation(expected, grantees, outcome):
    assert covered(expected, *grantees, directory=WITHOUT) == outcome


@pytest.mark.parametrize(
    ("selector", "chosen"),
    [
        ({"tag": "golden"}, {"ami-1", "ami-2"}),
        ({"tag": "golden", "value": "true"}, {"ami-1"}),
        ({"tag": "Golden"}, set()),
        ({"name": "base-*"}, {"ami-1", "ami-3"}),
        ({"name": "BASE-*"}, set()),
        ({"name": "base-?"}, {"ami-1"}),
        ({"name": "base"}, set()),
        ({"tag": "golden", "name": "web-*"}, {"ami-2"}),
        ({"accounts": [OWNER]}, {"ami-1", "ami-2", "ami-3", "ami-4"}),
        ({"accounts": [WEB]}, set()),
    ],
)
def test_everything_that_is_given_must_hold(selector, chosen):
    names = {"ami-1": "base-1", "ami-2": "web-1", "ami-3": "base-22", "ami-4": None}
    rows = made(
        "image_selections",
        [{"snapshots": {"name": "*"}, "may_share_with": []}, {"images": selector, "shared_with": [WEB]}],
        images=[{**HERE, "image_id": image, "name": name} for image, name in names.items()],
        image_tags=[
            {**HERE, "image_id": "ami-1", "key": "golden", "value": "true"},
            {**HERE, "image_id": "ami-2", "key": "golden"},
            {**HERE, "image_id": "ami-4", "key": "gold", "value": "true"},
        ],
    )
    assert {row["image_id"] for row in rows} == chosen
    assert {row["entry"] for row in rows} <= {2}


def test_only_what_can_be_shared_is_expected_to_be():
    states = {"ami-1": "available", "ami-2": "disabled", "ami-3": "pending", "ami-4": None}
    rows = made(
        "image_expectations",
        [
            {"images": {"accounts": [OWNER]}, "shared_with": [WEB]},
            {"images": {"accounts": [OWNER]}, "shared_with": [WEB, DATA], "copyable": True},
            {"images": {"accounts": [OWNER]}, "may_share_with": [VENDOR]},
        ],
        images=[{**HERE, "image_id": image, "state": state} for image, state in states.items()],
        directory=DIRECTORY,
    )
    found = [(row["image_id"], row["expected"], row["entry"], row["copyable"]) for row in rows]
    assert found == [("ami-1", WEB, 1, True), ("ami-1", DATA, 2, True)]


def test_snapshots_are_expected_account_by_account():
    shares = [("snap-1", WEB), ("snap-2", DATA), ("snap-3", VENDOR)]
    rows = made(
        "snapshot_expectations",
        [{"snapshots": {"name": "dr-*"}, "shared_with": [TEAMS, VENDOR]}],
        snapshots=[
            {**HERE, "snapshot_id": f"snap-{number}", "name": f"dr-{number}", "state": state}
            for number, state in ((1, "completed"), (2, "completed"), (3, "pending"))
        ],
        snapshot_shares=[
            {**HERE, "snapshot_id": snapshot, "grantee_type": "account", "grantee": grantee}
            for snapshot, grantee in shares
        ],
        directory=DIRECTORY,
    )
    assert {(row["snapshot_id"], row["expected"]): row["missing"] for row in rows} == {
        ("snap-1", WEB): False,
        ("snap-1", DATA): True,
        ("snap-1", VENDOR): True,
        ("snap-2", WEB): True,
        ("snap-2", DATA): False,
        ("snap-2", VENDOR): True,
    }


def test_who_must_copy_an_image_must_have_its_snapshots():
    images = [{**HERE, "image_id": image, "name": image, "state": "available"} for image in ("ami-1", "ami-2")]
    rows = made(
        "snapshot_expectations",
        [
            {"images": {"name": "ami-1"}, "shared_with": ["organisation"], "copyable": True},
            {"images": {"name": "ami-2"}, "shared_with": [WEB]},
        ],
        images=images,
        image_block_devices=[
            {**HERE, "image_id": "ami-1", "snapshot_id": "snap-1"},
            {**HERE, "image_id": "ami-1", "snapshot_id": "snap-of-others"},
            {**HERE, "image_id": "ami-1"},
            {**HERE, "image_id": "ami-2", "snapshot_id": "snap-2"},
        ],
        snapshots=[{**HERE, "snapshot_id": each, "state": "completed"} for each in ("snap-1", "snap-2")],
        snapshot_shares=[{**HERE, "snapshot_id": "snap-1", "grantee_type": "account", "grantee": WEB}],
        directory=DIRECTORY,
    )
    assert [(row["snapshot_id"], row["expected"], row["image_id"], row["covered_by"]) for row in rows] == [
        ("snap-1", OWNER, "ami-1", "owner"),
        ("snap-1", WEB, "ami-1", WEB),
        ("snap-1", DATA, "ami-1", None),
    ]


def test_where_the_accounts_of_a_unit_are_unknown_so_is_who_lacks_a_snapshot():
    rows = made(
        "snapshot_expectations",
        [{"snapshots": {"name": "*"}, "shared_with": [FRONT]}],
        snapshots=[{**HERE, "snapshot_id": "snap-1", "name": "nightly", "state": "completed"}],
        directory=WITHOUT,
    )
    assert [(row["expected"], row["missing"]) for row in rows] == [(FRONT, None)]


@pytest.mark.parametrize("thing", ["image", "snapshot"])
def test_where_nothing_is_expected_nothing_is_read(thing):
    def unread(name):
        raise AssertionError(name)

    for name in (f"{thing}_selections", f"{thing}_expectations"):
        assert derive(name, unread, AS_OF).empty
