"""What parties outside the organisation can reach, summed by account and grantee."""

from datetime import UTC, datetime

from auditor.analysis.sharing import sharing_of
from auditor.config import Config
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


def test_an_empty_inventory_shares_nothing():
    sharing = sharing_of(Inventory.of({}, AS_OF), CONFIG)
    assert sharing.sentence == "Nothing is shared outside the organisation."
    assert sharing.access.empty
