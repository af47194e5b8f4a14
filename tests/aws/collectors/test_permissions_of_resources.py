"""Who may restore and launch: the candidates, the calls spared and what hides behind a block."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.aws.collector import Where
from auditor.aws.collectors import image_shares, snapshot_permissions
from auditor.frames import INVENTORY
from auditor.sandbox.faults import Fault
from auditor.sandbox.model import Organisation

HOME = "111122223333"
HERE = Where(HOME, "eu-west-1")


def ids(*numbers: int) -> list[str]:
    return [f"snap-{number:017x}" for number in numbers]


def table(*rows: dict[str, Any]) -> Any:
    return INVENTORY["snapshots"].rows(rows)


CANDIDATES = table(
    {"snapshot_id": "plain", "state": "completed", "storage_tier": "standard", "encrypted": False},
    {"snapshot_id": "unknown", "state": "completed"},
    {"snapshot_id": "pending", "state": "pending", "storage_tier": "standard", "encrypted": False},
    {"snapshot_id": "stateless", "storage_tier": "standard", "encrypted": False},
    {"snapshot_id": "archived", "state": "completed", "storage_tier": "archive", "encrypted": False},
    {"snapshot_id": "managed", "state": "completed", "encrypted": True, "kms_key_arn": "aws-key"},
    {"snapshot_id": "own", "state": "completed", "encrypted": True, "kms_key_arn": "own-key"},
    {"snapshot_id": "refused", "state": "completed", "encrypted": True, "kms_key_arn": "refused-key"},
    {"snapshot_id": "undescribed", "state": "completed", "encrypted": True, "kms_key_arn": "undescribed-key"},
)
KEYS = INVENTORY["kms_keys"].rows(
    [
        {"key_arn": "aws-key", "manager": "AWS"},
        {"key_arn": "own-key", "manager": "CUSTOMER"},
        {"key_arn": "refused-key"},
    ]
)


def test_what_can_be_public() -> None:
    assert snapshot_permissions.public_candidates(CANDIDATES) == ["plain", "unknown"]


def test_what_can_be_shared_and_when_in_doubt_ask() -> None:
    assert snapshot_permissions.share_candidates(CANDIDATES, KEYS) == [
        "plain",
        "unknown",
        "own",
        "refused",
        "undescribed",
    ]
    nothing = INVENTORY["kms_keys"].empty()
    assert "managed" in snapshot_permissions.share_candidates(CANDIDATES, nothing)


def test_grantees_of_snapshots() -> None:
    page = [
        {"SnapshotId": "snap-1", "Group": "all"},
        {"SnapshotId": "snap-1", "UserId": "000088887777"},
        {"SnapshotId": "snap-1", "UserId": "aws-marketplace"},
    ]
    shares = snapshot_permissions.transform_shares(page, HERE)["snapshot_shares"]
    assert list(shares[["grantee_type", "grantee"]].itertuples(index=False, name=None)) == [
        ("group", "all"),
        ("account", "000088887777"),
        ("group", "aws-marketplace"),
    ]


def test_grantees_of_images() -> None:
    organisation, unit = "arn:aws:organizations::1:organization/o-1", "arn:aws:organizations::1:ou/o-1/ou-1"
    page = [
        {"ImageId": "ami-1", "Group": "all"},
        {"ImageId": "ami-1", "UserId": "000088887777"},
        {"ImageId": "ami-1", "OrganizationArn": organisation},
        {"ImageId": "ami-1", "OrganizationalUnitArn": unit},
    ]
    shares = image_shares.transform(page, HERE)["image_shares"]
    assert list(shares[["grantee_type", "grantee"]].itertuples(index=False, name=None)) == [
        ("group", "all"),
        ("account", "000088887777"),
        ("organisation", organisation),
        ("unit", unit),
    ]


def public(inventory: Any) -> set[tuple[str, str]]:
    frame = inventory.read("snapshot_public_permissions", HOME, "eu-west-1")
    return set(frame[["snapshot_id", "seen_by"]].itertuples(index=False, name=None))


def attribute_calls(box: Any) -> int:
    return sum(
        number
        for call, number in box.calls.items()
        if call[:2] == (HOME, "eu-west-1") and call[3] == "DescribeSnapshotAttribute"
    )


def test_public_snapshots_take_one_call(serve: Any, read: Any) -> None:
    box = serve()
    assert public(read("snapshot_public_permissions")) == {(ids(0)[0], "bulk")}
    assert attribute_calls(box) == 0


def test_behind_a_block_each_candidate_is_asked_and_only_once(
    serve: Any, read: Any, organisation: Organisation
) -> None:
    here = organisation.place(HOME, "eu-west-1")
    here.snapshot_block_public_access = {"State": "block-all-sharing", "ManagedBy": "account"}
    box = serve()
    inventory = read("snapshot_shares")
    assert {snapshot_id for snapshot_id, _ in public(inventory)} == {ids(0)[0]}
    shares = inventory.read("snapshot_shares", HOME, "eu-west-1")
    assert set(shares[["snapshot_id", "grantee"]].itertuples(index=False, name=None)) == {
        (ids(0)[0], "all"),
        (ids(1)[0], "999988887777"),
    }
    assert attribute_calls(box) in (29, 30)


def test_an_unknown_block_leaves_a_gap(serve: Any, read: Any) -> None:
    serve(Fault("denied", action="GetSnapshotBlockPublicAccessState"))
    inventory = read("snapshot_public_permissions")
    coverage = inventory.coverage().set_index(["collector"])
    assert set(coverage.loc["snapshot_public_permissions", "error_code"]) == {"BlockUnknown"}
    assert set(coverage.loc["snapshot_public_permissions", "status"]) == {"truncated"}
    assert public(inventory) == {(ids(0)[0], "bulk")}


def test_behind_a_block_bulk_reading_asks_nobody_and_says_so(serve: Any, read: Any, organisation: Organisation) -> None:
    here = organisation.place(HOME, "eu-west-1")
    here.snapshot_block_public_access = {"State": "block-all-sharing", "ManagedBy": "account"}
    box = serve()
    coverage = read("snapshot_public_permissions", shares="bulk").coverage()
    coverage = coverage[coverage["collector"] == "snapshot_public_permissions"].set_index(["account_id", "region"])
    assert coverage.loc[(HOME, "eu-west-1"), "error_code"] == "BulkOnly"
    assert coverage.loc[(HOME, "us-east-1"), "status"] == "complete"
    assert attribute_calls(box) == 0


@pytest.mark.parametrize("state", ["disabled", "failed"])
def test_images_without_permissions_are_not_asked(
    serve: Any, read: Any, organisation: Organisation, state: str
) -> None:
    here = organisation.place(HOME, "eu-west-1")
    for number, how in enumerate(("available", state)):
        here.images[f"ami-{number:017x}"] = {
            "ImageId": f"ami-{number:017x}",
            "OwnerId": HOME,
            "State": how,
            "Public": False,
            "CreationDate": "2026-01-01T00:00:00.000Z",
        }
        here.image_permissions[f"ami-{number:017x}"] = [{"UserId": "999988887777"}]
    box = serve()
    shares = read("image_shares").read("image_shares")
    assert list(shares["image_id"]) == [f"ami-{0:017x}"]
    assert sum(number for call, number in box.calls.items() if call[3] == "DescribeImageAttribute") == 1
