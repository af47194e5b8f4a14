import pytest

from auditor.analysis.image_use import STRENGTHS, image_use
from auditor.frames import FRAMES

US, OTHER, FAR = "111122223333", "444455556666", "999988887777"
HERE = {"account_id": US, "region": "eu-west-1"}
IMAGE = {**HERE, "image_id": "ami-0a", "is_public": False}
ORGANISATION = "arn:aws:organizations::111122223333:organization/o-a1"
UNIT = "arn:aws:organizations::111122223333:ou/o-a1/ou-a1-b2"


def use(*images, references=(), shares=(), accounts=(), directory=(), gaps=()):
    frames = {"images": images or [IMAGE], "image_references": references, "image_shares": shares}
    frames |= {"accounts": accounts, "directory": directory, "gaps": gaps}
    made = FRAMES["image_use"].conform(image_use(*(FRAMES[name].rows(rows) for name, rows in frames.items())))
    rows = made.astype(object).where(made.notna(), None).to_dict("records")
    return rows if len(rows) > 1 else rows[0]


def named(strength="running", account=US, region="eu-west-1", referrer="i-0b", kind="instance"):
    place = {"account_id": account, "region": region, "image_id": "ami-0a"}
    return {**place, "referrer_type": kind, "referrer_id": referrer, "strength": strength}


def shared(grantee, kind="account"):
    return {**HERE, "image_id": "ami-0a", "grantee_type": kind, "grantee": grantee}


def member(account, path="o-a1/r-a1/ou-a1-b2", organisation="o-a1"):
    return {"account_id": account, "organisation_id": organisation, "ou_path": path}


def unread(account, frame="image_references", region="eu-west-1"):
    return {"account_id": account, "region": region, "frame": frame, "status": "denied"}


def test_an_image_that_nothing_names_is_used_by_nobody():
    row = use()
    assert [row[name] for name in ("references", "current_references", "using_accounts")] == [0, 0, 0]
    assert [row[name] for name in ("strongest", "strongest_by", "blind_spot")] == [None, None, None]


def test_use_is_counted_across_accounts_of_the_same_region():
    row = use(references=[named(), named("old", OTHER, referrer="lt-0c"), named(region="us-east-1")])
    assert (row["references"], row["current_references"], row["using_accounts"]) == (2, 1, 2)


@pytest.mark.parametrize("place", range(len(STRENGTHS) - 1))
def test_the_strongest_use_wins(place):
    row = use(references=[named(STRENGTHS[place + 1], referrer="i-0a"), named(STRENGTHS[place])])
    assert (row["strongest"], row["strongest_by"]) == (STRENGTHS[place], f"instance i-0b in {US}")


def test_a_use_of_unknown_strength_is_a_current_one():
    assert use(references=[named(None)])["current_references"] == 1


def test_images_of_others_are_left_out_and_order_is_kept():
    images = [{**IMAGE, "image_id": name} for name in ("ami-0c", "ami-0a", "ami-0b")]
    rows = use(*images, references=[named(), {**named(), "image_id": "ami-of-amazon"}])
    assert [(row["image_id"], row["references"]) for row in rows] == [("ami-0c", 0), ("ami-0a", 1), ("ami-0b", 0)]


def test_a_public_image_can_be_used_by_anyone():
    assert use({**IMAGE, "is_public": True})["blind_spot"] == "it is public, so any account may use it"


def test_an_image_of_which_it_is_not_known_whether_it_is_public_counts_as_public():
    assert use({**IMAGE, "is_public": None})["blind_spot"] is not None


def test_a_share_with_an_account_out_of_scope_is_a_blind_spot():
    assert use(shares=[shared(FAR)], accounts=[member(US)])["blind_spot"] == (
        "it is shared with account 999988887777, which is out of scope"
    )


def test_a_share_with_an_account_that_was_read_is_none():
    assert use(shares=[shared(OTHER)], accounts=[member(US), member(OTHER)])["blind_spot"] is None


@pytest.mark.parametrize(
    ("gap", "blind"),
    [
        (unread(OTHER), True),
        (unread(OTHER, "regions", "global"), True),
        (unread(OTHER, region="us-east-1"), False),
        (unread(OTHER, "volumes"), False),
        (unread(FAR), False),
    ],
)
@pytest.mark.parametrize("share", [shared(OTHER), shared(ORGANISATION, "organisation"), shared(UNIT, "unit")])
def test_a_gap_in_an_account_it_is_shared_with_is_a_blind_spot(share, gap, blind):
    row = use(shares=[share], accounts=[member(US), member(OTHER)], gaps=[gap])
    assert row["blind_spot"] == (
        "it is shared with account 444455556666, whose use of images could not be read" if blind else None
    )


def test_a_unit_covers_the_accounts_beneath_it_and_no_others():
    accounts = [member(US), member(OTHER, "o-a1/r-a1/ou-a1-b2/ou-a1-c3"), member(FAR, "o-a1/r-a1/ou-a1-z9")]
    assert use(shares=[shared(UNIT, "unit")], accounts=accounts, gaps=[unread(FAR)])["blind_spot"] is None
    assert use(shares=[shared(UNIT, "unit")], accounts=accounts, gaps=[unread(OTHER)])["blind_spot"] is not None


def test_an_account_whose_unit_is_not_known_may_sit_in_the_unit():
    accounts = [member(US), member(OTHER, None)]
    assert use(shares=[shared(UNIT, "unit")], accounts=accounts, gaps=[unread(OTHER)])["blind_spot"] is not None


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (shared(ORGANISATION.replace("o-a1", "o-z9"), "organisation"), "organisation o-z9"),
        (shared(UNIT.replace("o-a1/ou-a1-b2", "o-z9/ou-z9-b2"), "unit"), "unit ou-z9-b2"),
    ],
)
def test_an_organisation_that_is_not_ours_is_a_blind_spot(share, words):
    assert use(shares=[share], accounts=[member(US)])["blind_spot"] == (
        f"it is shared with {words}, of which no account is in scope"
    )


def listed(account, state="ACTIVE", path="o-a1/r-a1/ou-a1-b2", in_scope=False):
    return {
        "member_id": account,
        "state": state,
        "organisation_id": "o-a1",
        "ou_path": path,
        "in_scope": in_scope,
    }


@pytest.mark.parametrize("share", [shared(OTHER), shared(ORGANISATION, "organisation"), shared(UNIT, "unit")])
@pytest.mark.parametrize("state", ["ACTIVE", "SUSPENDED", "PENDING_CLOSURE"])
def test_a_member_out_of_scope_is_a_blind_spot_unless_it_is_closed(share, state):
    row = use(shares=[share], accounts=[member(US)], directory=[listed(US, in_scope=True), listed(OTHER, state)])
    assert row["blind_spot"] == (
        "it is shared with account 444455556666, which is out of scope" if state == "ACTIVE" else None
    )


def test_a_member_outside_the_unit_is_no_blind_spot():
    directory = [listed(OTHER, path="o-a1/r-a1/ou-a1-z9")]
    assert use(shares=[shared(UNIT, "unit")], accounts=[member(US)], directory=directory)["blind_spot"] is None


def test_a_member_in_scope_that_could_not_be_entered_is_a_blind_spot_of_the_organisation():
    row = use(
        shares=[shared(ORGANISATION, "organisation")],
        accounts=[member(US)],
        directory=[listed(OTHER, in_scope=True)],
        gaps=[unread(OTHER)],
    )
    assert row["blind_spot"] == "it is shared with account 444455556666, whose use of images could not be read"
