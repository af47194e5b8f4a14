from __future__ import annotations

from datetime import UTC, datetime

import pytest

MINE, THEIRS = "222222222222", "333333333333"
STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

OWN, OWN_PUBLIC, OWN_SHARED = "snap-00000001", "snap-00000002", "snap-00000003"
PUBLIC, SHARED, PRIVATE = "snap-00000011", "snap-00000012", "snap-00000013"


@pytest.fixture(autouse=True)
def snapshots(organisation):
    """Three of one's own and three of another account, of which one is public and one shared."""

    def plant(account, snapshot_id, *grants, **more):
        here = organisation.place(account, "eu-west-1")
        here.snapshots[snapshot_id] = {
            "SnapshotId": snapshot_id,
            "OwnerId": account,
            "State": "completed",
            "StartTime": STARTED,
            "VolumeSize": 8,
            "Encrypted": False,
            "Tags": [{"Key": "team", "Value": "web"}],
        } | more
        if grants:
            here.snapshot_permissions[snapshot_id] = list(grants)

    everyone = {"Group": "all"}
    plant(MINE, OWN)
    plant(MINE, OWN_PUBLIC, everyone)
    plant(MINE, OWN_SHARED, {"UserId": THEIRS}, {"UserId": "999999999999"})
    plant(THEIRS, PUBLIC, everyone)
    plant(THEIRS, SHARED, {"UserId": MINE})
    plant(THEIRS, PRIVATE)
    return plant


@pytest.fixture
def listed(call):
    def made(**params):
        return {row["SnapshotId"] for row in call("ec2", "DescribeSnapshots", **params)["Snapshots"]}

    return made


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {OWN, OWN_PUBLIC, OWN_SHARED, PUBLIC, SHARED}),
        ({"OwnerIds": ["self"]}, {OWN, OWN_PUBLIC, OWN_SHARED}),
        ({"OwnerIds": [MINE]}, {OWN, OWN_PUBLIC, OWN_SHARED}),
        ({"OwnerIds": [THEIRS]}, {PUBLIC, SHARED}),
        ({"OwnerIds": ["self", THEIRS]}, {OWN, OWN_PUBLIC, OWN_SHARED, PUBLIC, SHARED}),
        ({"OwnerIds": ["amazon"]}, set()),
        ({"RestorableByUserIds": ["all"]}, {OWN_PUBLIC, PUBLIC}),
        ({"OwnerIds": ["self"], "RestorableByUserIds": ["all"]}, {OWN_PUBLIC}),
        ({"RestorableByUserIds": ["self"]}, {OWN, OWN_PUBLIC, OWN_SHARED, SHARED}),
        ({"RestorableByUserIds": [MINE]}, {OWN, OWN_PUBLIC, OWN_SHARED, SHARED}),
        ({"RestorableByUserIds": [THEIRS]}, {OWN_SHARED}),
        ({"RestorableByUserIds": ["999999999999"]}, {OWN_SHARED}),
        ({"RestorableByUserIds": ["888888888888"]}, set()),
        ({"RestorableByUserIds": ["all", THEIRS]}, {OWN_PUBLIC, PUBLIC, OWN_SHARED}),
        ({"OwnerIds": [THEIRS], "RestorableByUserIds": ["self"]}, {SHARED}),
    ],
)
def test_who_sees_what(listed, params, expected):
    assert listed(**params) == expected


def test_amazon_is_an_owner(snapshots, listed):
    snapshots("137112412989", "snap-000000aa", {"Group": "all"}, OwnerAlias="amazon")
    assert listed(OwnerIds=["amazon"]) == {"snap-000000aa"}


def test_other_regions_are_other_worlds(listed):
    assert listed(region="eu-south-1") == set()


def test_strangers_see_neither_tags_nor_find_them(call, listed):
    rows = {row["SnapshotId"]: row for row in call("ec2", "DescribeSnapshots")["Snapshots"]}
    assert "Tags" in rows[OWN]
    assert "Tags" not in rows[SHARED]
    assert listed(Filters=[{"Name": "tag:team", "Values": ["web"]}]) == {OWN, OWN_PUBLIC, OWN_SHARED}


def test_block_all_sharing_hides_what_is_public_and_keeps_what_is_shared(organisation, listed):
    organisation.place(THEIRS, "eu-west-1").snapshot_block_public_access = {"State": "block-all-sharing"}
    assert listed() == {OWN, OWN_PUBLIC, OWN_SHARED, SHARED}
    assert listed(RestorableByUserIds=["all"]) == {OWN_PUBLIC}


def test_block_new_sharing_hides_nothing(organisation, listed):
    organisation.place(THEIRS, "eu-west-1").snapshot_block_public_access = {"State": "block-new-sharing"}
    assert listed(RestorableByUserIds=["all"]) == {OWN_PUBLIC, PUBLIC}


@pytest.mark.parametrize(("flag", "expected"), [(False, set()), (True, {OWN_PUBLIC})])
def test_both_readings_of_ones_own_blocked_public_snapshots(organisation, call, listed, flag, expected):
    organisation.lists_blocked_public = flag
    organisation.place(MINE, "eu-west-1").snapshot_block_public_access = {"State": "block-all-sharing"}
    assert listed(OwnerIds=["self"], RestorableByUserIds=["all"]) == expected
    assert OWN_PUBLIC in listed(OwnerIds=["self"])
    answer = call("ec2", "DescribeSnapshotAttribute", SnapshotId=OWN_PUBLIC, Attribute="createVolumePermission")
    assert answer["CreateVolumePermissions"] == [{"Group": "all"}]


def test_ids_that_cannot_be_seen_are_left_out_and_unknown_ones_refused(listed, refusal):
    assert listed(SnapshotIds=[OWN, PUBLIC, PRIVATE]) == {OWN, PUBLIC}
    assert refusal("ec2", "DescribeSnapshots", SnapshotIds=[OWN, "snap-0000dead"]) == "InvalidSnapshot.NotFound"
    assert refusal("ec2", "DescribeSnapshots", SnapshotIds=["snap-x"]) == "InvalidSnapshotID.Malformed"
    assert refusal("ec2", "DescribeSnapshots", SnapshotIds=[OWN], MaxResults=5) == "InvalidParameterCombination"


@pytest.mark.parametrize("params", [{"OwnerIds": ["me"]}, {"RestorableByUserIds": ["123"]}])
def test_malformed_accounts_are_refused(refusal, params):
    assert refusal("ec2", "DescribeSnapshots", **params) == "InvalidUserID.Malformed"


def test_pages(organisation, snapshots, pages, refusal):
    for number in range(20):
        snapshots(MINE, f"snap-1{number:07x}")
    found = pages("ec2", "DescribeSnapshots", "Snapshots", OwnerIds=["self"], MaxResults=10)
    assert [len(page) for page in found] == [10, 10, 3]
    everything = {row["SnapshotId"] for page in found for row in page}
    assert everything == set(organisation.place(MINE, "eu-west-1").snapshots)
    for size in (4, 1001):
        assert refusal("ec2", "DescribeSnapshots", OwnerIds=["self"], MaxResults=size) == "InvalidParameterValue"
    mixed = pages("ec2", "DescribeSnapshots", "Snapshots", MaxResults=5)
    assert {row["SnapshotId"] for page in mixed for row in page} == everything | {PUBLIC, SHARED}


def test_the_order_is_not_that_of_time(snapshots, call):
    snapshots(MINE, "snap-00000000", StartTime=STARTED.replace(year=2027))
    first = call("ec2", "DescribeSnapshots", OwnerIds=["self"], MaxResults=5)["Snapshots"][0]
    assert first["SnapshotId"] == "snap-00000000"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("status", "completed", {OWN, OWN_PUBLIC, OWN_SHARED}),
        ("encrypted", "true", set()),
        ("volume-size", "8", {OWN, OWN_PUBLIC, OWN_SHARED}),
        ("snapshot-id", "*2", {OWN_PUBLIC}),
        ("start-time", "2026-01-02T*", {OWN, OWN_PUBLIC, OWN_SHARED}),
        ("owner-id", THEIRS, set()),
    ],
)
def test_filters(listed, name, value, expected):
    assert listed(OwnerIds=["self"], Filters=[{"Name": name, "Values": [value]}]) == expected


def test_unknown_filters_and_too_many_values_are_refused(refusal):
    unknown = [{"Name": "kms-key-id", "Values": ["x"]}]
    assert refusal("ec2", "DescribeSnapshots", Filters=unknown) == "InvalidParameterValue"
    many = [{"Name": "snapshot-id", "Values": [str(n) for n in range(201)]}]
    assert refusal("ec2", "DescribeSnapshots", Filters=many) == "FilterLimitExceeded"


def test_attributes_are_the_owners_alone(call, refusal):
    def asked(snapshot_id, attribute="createVolumePermission"):
        return {"SnapshotId": snapshot_id, "Attribute": attribute}

    assert call("ec2", "DescribeSnapshotAttribute", **asked(OWN))["CreateVolumePermissions"] == []
    shared = call("ec2", "DescribeSnapshotAttribute", **asked(OWN_SHARED))
    assert shared["CreateVolumePermissions"] == [{"UserId": THEIRS}, {"UserId": "999999999999"}]
    assert call("ec2", "DescribeSnapshotAttribute", **asked(OWN, "productCodes"))["ProductCodes"] == []
    assert refusal("ec2", "DescribeSnapshotAttribute", **asked(PUBLIC)) == "AuthFailure"
    assert refusal("ec2", "DescribeSnapshotAttribute", **asked(PRIVATE)) == "InvalidSnapshot.NotFound"
    assert refusal("ec2", "DescribeSnapshotAttribute", **asked("snap-0000dead")) == "InvalidSnapshot.NotFound"
    assert refusal("ec2", "DescribeSnapshotAttribute", **asked(OWN, "other")) == "InvalidParameterValue"


def test_tier_statuses(organisation, call):
    table = organisation.place(MINE, "eu-west-1").tier_statuses
    table[OWN] = {"SnapshotId": OWN, "LastTieringOperationStatus": "archival-completed"}
    table[OWN_SHARED] = {"SnapshotId": OWN_SHARED, "LastTieringOperationStatus": "archival-failed"}
    assert len(call("ec2", "DescribeSnapshotTierStatus", MaxResults=1000)["SnapshotTierStatuses"]) == 2
    failed = [{"Name": "last-tiering-operation", "Values": ["*-failed"]}]
    rows = call("ec2", "DescribeSnapshotTierStatus", Filters=failed)["SnapshotTierStatuses"]
    assert [row["SnapshotId"] for row in rows] == [OWN_SHARED]


def test_locks(organisation, call, pages, refusal):
    here = organisation.place(MINE, "eu-west-1")
    here.locks = {OWN: {"SnapshotId": OWN, "LockState": "expired"}}
    for number in range(6):
        here.locks[f"snap-2{number:07x}"] = {"SnapshotId": f"snap-2{number:07x}", "LockState": "governance"}
    assert [len(page) for page in pages("ec2", "DescribeLockedSnapshots", "Snapshots", MaxResults=5)] == [5, 2]
    assert refusal("ec2", "DescribeLockedSnapshots", MaxResults=4) == "InvalidParameterValue"
    expired = [{"Name": "lock-state", "Values": ["expired"]}]
    assert call("ec2", "DescribeLockedSnapshots", Filters=expired)["Snapshots"] == [here.locks[OWN]]
    assert call("ec2", "DescribeLockedSnapshots", SnapshotIds=[OWN, OWN_PUBLIC])["Snapshots"] == [here.locks[OWN]]
    assert refusal("ec2", "DescribeLockedSnapshots", SnapshotIds=["snap-0000dead"]) == "InvalidSnapshot.NotFound"


def test_fast_restores_reach_to_snapshots_of_others(organisation, call, refusal):
    rows = organisation.place(MINE, "eu-west-1").fast_restores
    rows += [
        {"SnapshotId": SHARED, "AvailabilityZone": "eu-west-1a", "State": "enabled", "OwnerId": MINE},
        {"SnapshotId": OWN, "AvailabilityZone": "eu-west-1b", "State": "disabled", "OwnerId": MINE},
    ]
    assert call("ec2", "DescribeFastSnapshotRestores", MaxResults=200)["FastSnapshotRestores"] == rows
    assert call("ec2", "DescribeFastSnapshotRestores", MaxResults=0)["FastSnapshotRestores"] == rows
    enabled = [{"Name": "state", "Values": ["enabled"]}]
    assert call("ec2", "DescribeFastSnapshotRestores", Filters=enabled)["FastSnapshotRestores"] == rows[:1]
    assert refusal("ec2", "DescribeFastSnapshotRestores", MaxResults=201) == "InvalidParameterValue"
