"""Who can get at what: classes of grantees, whether it works, and how bad it is."""

import pytest

from auditor.analysis import DERIVED
from auditor.analysis.access import SEVERITIES
from auditor.config import Config
from auditor.frames import FRAMES

US, OTHER, CLOSED, VENDOR, STRANGER = (f"{digit}" * 12 for digit in "12345")
ID = {"image": "ami-1", "snapshot": "snap-1"}
HERE = {"account_id": US, "region": "eu-west-1"}
ARN = "arn:aws:organizations::111111111111"
DIRECTORY = [
    {"member_id": US, "state": "ACTIVE", "organisation_id": "o-a1", "name": "us", "in_scope": True},
    {"member_id": OTHER, "state": "ACTIVE", "organisation_id": "o-a1", "name": "web", "in_scope": False},
    {"member_id": CLOSED, "state": "SUSPENDED", "organisation_id": "o-a1", "name": "old", "in_scope": False},
]
GRANTS = {
    US: ("account", "own", None),
    OTHER: ("account", "organisation", None),
    CLOSED: ("account", "closed", "medium"),
    VENDOR: ("account", "trusted", None),
    STRANGER: ("account", "unknown", "high"),
    "all": ("group", "public", "critical"),
    "aws-marketplace": ("group", "marketplace", None),
    f"{ARN}:organization/o-a1": ("organisation", "organisation", None),
    f"{ARN}:ou/o-a1/ou-a1-b2": ("unit", "unit", None),
    f"{ARN}:organization/o-z9": ("organisation", "foreign", "high"),
    f"{ARN}:ou/o-z9/ou-z9-b2": ("unit", "foreign", "high"),
}


def rows(name, *held):
    return FRAMES[name].rows(held)


def known(directory=DIRECTORY, trusted=None):
    trusted = {VENDOR: "backup vendor"} if trusted is None else trusted
    return DERIVED["parties"](rows("directory", *directory), trusted)


def told(frame):
    made = frame.astype(object).where(frame.notna(), None)
    return made.to_dict("records")


KEY = f"arn:aws:kms:eu-west-1:{US}:key/k"


def key_access(usable, grantee=STRANGER):
    """Whether the key lets a grantee in; nothing is known of it where that is ``"unseen"``."""
    if usable == "unseen":
        return rows("key_access")
    because = None if usable else "the key says so"
    held = {**HERE, "key_arn": KEY, "grantee_type": "account", "grantee": grantee}
    return rows("key_access", {**held, "usable": usable, "because": because})


def expected(thing, entries):
    """What the configuration expects, all of it of the one image or snapshot there is."""
    expect = Config.of({"sharing": {"expect": [{f"{thing}s": {"name": "*"}, **entry} for entry in entries]}}).sharing
    selected = [{**HERE, f"{thing}_id": ID[thing], "entry": number} for number, _ in enumerate(entries, 1)]
    return rows(f"{thing}_selections", *selected), expect.expect


def images(
    grants=GRANTS,
    directory=DIRECTORY,
    *,
    state="available",
    encrypted=False,
    usable="unseen",
    seen=True,
    expect=(),
):
    shares = [
        {**HERE, "image_id": "ami-1", "grantee_type": kind, "grantee": grantee}
        for grantee, (kind, *_) in grants.items()
    ]
    device = {**HERE, "image_id": "ami-1", "snapshot_id": "snap-1", "encrypted": encrypted}
    return told(
        DERIVED["image_access"](
            rows("images", {**HERE, "image_id": "ami-1", "state": state}, {**HERE, "image_id": "ami-2"}),
            rows("image_shares", *shares),
            rows("image_block_devices", device),
            known(directory),
            rows("directory", *directory),
            rows(
                "snapshots", *([{**HERE, "snapshot_id": "snap-1", "encrypted": encrypted, "kms_key_arn": KEY}] * seen)
            ),
            key_access(usable),
            *expected("image", expect),
        )
    )


def snapshots(*grantees, public=False, block="unblocked", usable="unseen", image=None, expect=(), **facts):
    facts = {"state": "completed", "storage_tier": "standard", "encrypted": False, "kms_key_arn": KEY, **facts}
    shares = [{**HERE, "snapshot_id": "snap-1", "grantee_type": "account", "grantee": grantee} for grantee in grantees]
    return told(
        DERIVED["snapshot_access"](
            rows("snapshots", {**HERE, "snapshot_id": "snap-1", **facts}, {**HERE, "snapshot_id": "snap-2"}),
            rows("snapshot_shares", *shares),
            rows("snapshot_public_permissions", *([{**HERE, "snapshot_id": "snap-1"}] if public else [])),
            rows("snapshot_block_public_access", *([{**HERE, "state": block}] if block else [])),
            known(),
            rows("directory", *DIRECTORY),
            key_access(usable),
            rows("images", *([{**HERE, "image_id": "ami-1", **image}] if image else [])),
            rows("image_block_devices", {**HERE, "image_id": "ami-1", "snapshot_id": "snap-1"}),
            *expected("snapshot", expect),
        )
    )


STRANGERS_UNIT = f"{ARN}:ou/o-z9/ou-z9-b2"
OUTSIDERS = {VENDOR, STRANGER, f"{ARN}:organization/o-z9", STRANGERS_UNIT}


@pytest.mark.parametrize(
    ("expect", "trusted", "unexpected"),
    [
        ([], {VENDOR}, set()),
        ([{"shared_with": [OTHER]}], {VENDOR}, set()),
        ([{"shared_with": [STRANGER]}], {VENDOR, STRANGER}, set()),
        ([{"may_share_with": [STRANGER]}], {STRANGER}, {VENDOR}),
        ([{"may_share_with": []}], set(), {VENDOR}),
        ([{"may_share_with": []}, {"may_share_with": [VENDOR]}], {VENDOR}, set()),
        ([{"may_share_with": ["o-z9"]}], OUTSIDERS - {VENDOR, STRANGER}, {VENDOR}),
        ([{"may_share_with": ["ou-z9-b2"]}], {STRANGERS_UNIT}, {VENDOR}),
        ([{"may_share_with": [f"{ARN}:ou/o-z9/ou-z9-b2"], "shared_with": [VENDOR]}], {STRANGERS_UNIT, VENDOR}, set()),
    ],
)
def test_what_the_configuration_allows_it_allows_for_that_resource_only(expect, trusted, unexpected):
    found = {row["grantee"]: row for row in images(expect=expect)}
    classes = {grantee: row["grantee_class"] for grantee, row in found.items()}
    assert {each for each, class_ in classes.items() if class_ == "trusted"} == trusted
    assert {each for each, class_ in classes.items() if class_ == "unexpected"} == unexpected
    others = set(GRANTS) - OUTSIDERS
    assert {each: classes[each] for each in others} == {each: GRANTS[each][1] for each in others}
    assert {each for each, row in found.items() if row["outside_because"]} == OUTSIDERS - trusted
    assert {found[each]["severity"] for each in unexpected} <= {"high"}


def test_snapshots_are_allowed_in_the_same_way():
    vendor, stranger = snapshots(VENDOR, STRANGER, expect=[{"may_share_with": [STRANGER]}])
    assert (vendor["grantee_class"], vendor["outside_because"]) == ("unexpected", "who is trusted, but not with this")
    assert (stranger["grantee_class"], stranger["grantee_name"]) == ("trusted", None)


def test_everybody_is_somebody():
    found = {row["grantee"]: (row["grantee_type"], row["grantee_class"], row["severity"]) for row in images()}
    assert found == GRANTS
    names = {row["grantee"]: row["grantee_name"] for row in images() if row["grantee_name"]}
    assert names == {US: "us", OTHER: "web", CLOSED: "old", VENDOR: "backup vendor"}


def test_without_an_organisation_others_organisations_cannot_be_told_from_ours():
    directory = [{"member_id": US, "in_scope": True}]
    found = {row["grantee"]: row["grantee_class"] for row in images(directory=directory)}
    assert {found[name] for name, (kind, *_) in GRANTS.items() if kind in ("organisation", "unit")} == {None}
    assert (found[OTHER], found[VENDOR], found[US]) == ("unknown", "trusted", "own")


def test_a_member_that_is_trusted_too_is_a_member():
    parties = told(known(trusted={CLOSED: "was a vendor", VENDOR: "v"}))
    assert [(row["party_id"], row["standing"]) for row in parties] == [
        (US, "organisation"),
        (OTHER, "organisation"),
        (CLOSED, "closed"),
        (VENDOR, "trusted"),
    ]


@pytest.mark.parametrize(
    ("facts", "effective", "because", "severity"),
    [
        ({}, True, None, "high"),
        ({"encrypted": True}, None, "it is encrypted, and its key is not known", "medium"),
        ({"encrypted": True, "usable": None}, None, "the key says so", "medium"),
        ({"encrypted": True, "usable": False}, False, "the key says so", "low"),
        ({"encrypted": True, "usable": True}, True, None, "high"),
        (
            {"encrypted": True, "usable": True, "seen": False},
            None,
            "it is encrypted, and its key is not known",
            "medium",
        ),
        ({"encrypted": True, "usable": True, "state": "disabled"}, False, "it is not available", "low"),
        ({"state": "disabled"}, False, "it is not available", "low"),
    ],
)
def test_whether_a_share_of_an_image_works(facts, effective, because, severity):
    row = next(row for row in images(**facts) if row["grantee"] == STRANGER)
    assert (row["effective"], row["effective_because"], row["severity"]) == (effective, because, severity)


@pytest.mark.parametrize(
    ("facts", "effective", "severity"),
    [
        ({}, True, "high"),
        ({"encrypted": True}, None, "medium"),
        ({"encrypted": None}, None, "medium"),
        ({"encrypted": True, "usable": None}, None, "medium"),
        ({"encrypted": True, "usable": False}, False, "low"),
        ({"encrypted": True, "usable": True}, True, "high"),
        ({"encrypted": True, "usable": True, "storage_tier": "archive"}, False, "low"),
        ({"storage_tier": "archive"}, False, "low"),
        ({"state": "error"}, False, "low"),
    ],
)
def test_whether_a_share_of_a_snapshot_works(facts, effective, severity):
    (row,) = snapshots(STRANGER, **facts)
    assert (row["effective"], row["severity"], row["grantee_class"]) == (effective, severity, "unknown")


@pytest.mark.parametrize(
    ("block", "effective", "severity"),
    [
        ("unblocked", True, "critical"),
        ("block-new-sharing", True, "critical"),
        ("block-all-sharing", False, "medium"),
        (None, None, "critical"),
    ],
)
def test_a_block_hides_what_is_public_and_nothing_else(block, effective, severity):
    everybody, vendor = snapshots(VENDOR, STRANGER, public=True, block=block)[:2]
    assert (everybody["effective"], everybody["severity"], everybody["grantee_class"]) == (
        effective,
        severity,
        "public",
    )
    assert vendor["effective"] is True


@pytest.mark.parametrize(
    ("image", "effective", "severity"),
    [
        ({"is_public": True, "state": "available"}, True, "critical"),
        ({"is_public": True, "state": "disabled"}, False, "medium"),
        ({"is_public": False, "state": "available"}, False, "medium"),
        (None, False, "medium"),
    ],
)
def test_a_public_image_opens_its_snapshots_behind_the_block(image, effective, severity):
    (row,) = snapshots(public=True, block="block-all-sharing", image=image)
    assert (row["effective"], row["severity"]) == (effective, severity)


def test_what_is_shared_with_everybody_counts_once():
    assert [row["grantee"] for row in snapshots("all", public=True)] == ["all"]


def test_every_class_that_is_a_fault_is_graded_from_worst_to_least():
    for open_, keyed, idle in SEVERITIES.values():
        ranks = ["critical", "high", "medium", "low"]
        assert ranks.index(open_) <= ranks.index(keyed) <= ranks.index(idle)
