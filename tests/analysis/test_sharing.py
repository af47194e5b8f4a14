"""What parties outside the organisation can reach, summed by account and grantee."""

import dataclasses
from datetime import UTC, datetime

import pandas as pd

from auditor.analysis.sharing import sharing_of, sharing_part
from auditor.analysis.standing import MISSING
from auditor.config import Config
from auditor.engine import evaluate
from auditor.frames import FRAMES
from auditor.inventory import Inventory

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
HERE = {"account_id": "111122223333", "region": "eu-west-1"}
CONFIG = Config.of({"sharing": {"trusted_accounts": {"555566667777": "backup vendor"}}})


def inventory(coverage=()):
    frames = {
        "directory": [
            {"member_id": member, "state": "ACTIVE", "name": name}
            for member, name in (("111122223333", "web"), ("444455556666", "data"))
        ],
        "images": [{**HERE, "image_id": name, "state": "available", "is_public": name == "ami-1"} for name in "ab"]
        + [{**HERE, "image_id": "ami-1", "state": "available", "is_public": True}],
        "image_shares": [
            {**HERE, "image_id": image, "grantee_type": kind, "grantee": grantee}
            for image, kind, grantee in (
                ("ami-1", "group", "all"),
                ("a", "account", "999988887777"),
                ("b", "account", "999988887777"),
                ("a", "account", "444455556666"),
                ("b", "account", "555566667777"),
            )
        ],
        "snapshots": [
            {**HERE, "snapshot_id": "snap-1", "state": "completed", "storage_tier": "standard", "encrypted": False}
        ],
        "snapshot_shares": [
            {**HERE, "snapshot_id": "snap-1", "grantee_type": "account", "grantee": "999988887777"},
        ],
        "snapshot_block_public_access": [{**HERE, "state": "unblocked"}],
    }
    return Inventory.of({name: FRAMES[name].rows(rows) for name, rows in frames.items()}, AS_OF, coverage)


def test_outside_is_summed_and_worst_first():
    sharing = sharing_of(inventory(), CONFIG)
    assert [(line.who, line.standing, line.images, line.snapshots) for line in sharing.outside] == [
        ("Everyone", "public", 1, 0),
        ("999988887777", "unknown", 2, 1),
        ("backup vendor", "trusted", 1, 0),
    ]
    assert sharing.inside == 1


def test_what_was_summed_up_while_judging_says_the_same():
    held = inventory()
    parts = evaluate(held, [], CONFIG, summaries={"sharing": sharing_part}).summaries["sharing"]
    told, same = sharing_of(held, CONFIG, parts), sharing_of(held, CONFIG)
    assert dataclasses.replace(told, access=None) == dataclasses.replace(same, access=None)
    pd.testing.assert_frame_equal(told.access, same.access)
    assert len(told.outside) == 3


def test_every_resource_and_grantee_is_a_row():
    access = sharing_of(inventory(), CONFIG).access
    assert len(access) == 6
    assert set(access["resource_type"]) == {"image", "snapshot"}
    assert access["resource_id"].notna().all()


def test_what_could_not_be_read_is_counted():
    gap = {**HERE, "collector": "image_shares", "status": "denied"}
    assert sharing_of(inventory([gap]), CONFIG).unread == 1


def test_how_bad_it_is_goes_with_it():
    assert sharing_of(inventory(), CONFIG).matrix[0] == ("Everyone", "critical", "critical", "medium")


def matrix(*entries):
    return Config.of({"sharing": {"trusted_accounts": CONFIG.sharing.trusted_accounts, "expect": entries}})


def test_what_must_be_shared_is_counted_and_what_is_missing_is_a_row():
    config = matrix(
        {"images": {"name": "*"}, "shared_with": ["444455556666", "111122223333"], "copyable": True},
        {"snapshots": {"accounts": ["111122223333"]}, "shared_with": ["444455556666"]},
        {"images": {"tag": "golden", "value": "true", "name": "b*"}, "may_share_with": []},
        {"snapshots": {"tag": "dr"}, "shared_with": ["ou-a1-web"], "may_share_with": ["555566667777"]},
    )
    held = inventory()
    sharing = sharing_of(held, config)
    assert [dataclasses.astuple(line) for line in sharing.expected] == [
        (1, "images named *", ("444455556666", "111122223333"), None, True, 0, 0, 0, 0),
        (2, "snapshots of 111122223333", ("444455556666",), None, False, 1, 0, 1, 0),
        (3, "images tagged golden = true, named b*", (), (), False, 0, 0, 0, 0),
        (4, "snapshots tagged dr", ("ou-a1-web",), ("555566667777",), False, 0, 0, 0, 0),
    ]
    missing = sharing.access[sharing.access["expectation"].notna()]
    columns = ["resource_type", "resource_id", "grantee", "expectation"]
    assert missing[columns].to_numpy().tolist() == [["snapshot", "snap-1", "444455556666", MISSING]]
    assert (len(sharing.outside), sharing.inside) == (3, 1)
    assert sharing.expectation == (
        "Of 1 share that must be there, 1 is missing; entries 1, 3 and 4 of the configuration select nothing."
    )


def test_what_cannot_be_told_of_a_unit_is_neither_there_nor_missing():
    config = matrix({"images": {"accounts": ["111122223333"]}, "shared_with": ["organisation", "444455556666"]})
    (line,) = sharing_of(inventory(), config).expected
    assert (line.selected, line.kept, line.missing, line.unclear) == (3, 2, 1, 3)


def test_how_shares_were_found_is_said_once():
    coverage = [
        {**HERE, "region": region, "collector": collector, "status": status, "message": message}
        for region, collector, status, message in (
            ("eu-west-1", "snapshot_shares", "complete", "Read on 2026-02-01."),
            ("eu-west-1", "snapshot_public_permissions", "complete", "Read on 2026-02-01."),
            ("us-east-1", "snapshot_shares", "complete", "Read on 2026-02-01."),
            ("us-west-2", "snapshot_shares", "truncated", "Shares are missing."),
            ("us-east-1", "image_shares", "complete", None),
            ("us-east-1", "volumes", "complete", "Something else."),
        )
    ]
    assert sharing_of(inventory(coverage), CONFIG).notes == ("Read on 2026-02-01. (2 account-regions)",)


def test_an_empty_inventory_shares_nothing():
    sharing = sharing_of(Inventory.of({}, AS_OF), CONFIG)
    assert sharing.sentence == "Nothing is shared outside the organisation."
    assert sharing.access.empty
