"""Which snapshots are asked whom they are shared with, and what is said of the others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from auditor.aws.collectors import image_shares, snapshot_permissions
from auditor.aws.earlier import Settled
from auditor.aws.outcome import IncompleteAnswer

HOME, MEMBER, STRANGER = "111122223333", "444455556666", "999988887777"
CREATED = datetime(2026, 1, 1, tzinfo=UTC)
SNAPSHOTS = ("snap-1", "snap-2", "snap-3", "snap-4")


class EarlierRun:
    """An earlier run that was told some things."""

    def __init__(self, thing, ids, grants=()):
        self.thing, self.told = thing, Settled(frozenset(ids), list(grants))

    def settled(self, thing, _where):
        return self.told if thing == self.thing else None

    def said(self):
        return "that was read on 2026-02-01, 28 days ago."


@pytest.fixture
def reader(scripted):
    """A place with four snapshots; analyzers and what they report, and what each member may restore, can be said."""

    def made(analyzers=(), reported=(), restorable=(), block="unblocked"):
        def listed(RestorableByUserIds, **_):  # noqa: N803 - AWS's name
            (who,) = RestorableByUserIds
            return {"Snapshots": [{"SnapshotId": each} for each in restorable if who == MEMBER]}

        found = scripted(
            {
                "ec2:DescribeSnapshots": listed,
                "ec2:DescribeSnapshotAttribute": {"CreateVolumePermissions": [{"UserId": STRANGER}]},
            },
            {
                "snapshots": [
                    {"snapshot_id": each, "state": "completed", "encrypted": False, "storage_tier": "standard"}
                    for each in SNAPSHOTS
                ],
                "access_analyzers": [
                    {
                        "analyzer_arn": f"arn-{place}",
                        "type": kind,
                        "status": status,
                        "created_at": CREATED,
                        "last_analyzed_at": looked[0] if looked else CREATED + timedelta(days=1),
                    }
                    for place, (kind, status, *looked) in enumerate(analyzers)
                ],
                "analyzer_findings": [{"finding_id": f"f-{each}", "snapshot_id": each} for each in reported],
                "snapshot_block_public_access": [{"state": block}],
            },
        )
        found.known_accounts = (HOME, MEMBER)
        return found

    return made


def shares(reader, collector=snapshot_permissions.SHARES):
    """Whom what is shared with, as far as it was told, which were asked, and what is said to be missing."""
    told, said = [], None
    try:
        for page in collector.get(reader):
            told += page
    except IncompleteAnswer as error:
        said = error.code
    asked = [each["SnapshotId"] for operation, each in reader.calls if operation.endswith("SnapshotAttribute")]
    return told, tuple(asked), said


ACCOUNT, ORGANISATION = ("ACCOUNT", "ACTIVE"), ("ORGANIZATION", "ACTIVE")


@pytest.mark.parametrize(
    ("discovery", "analyzers", "members_known", "asked", "said", "notes"),
    [
        ("exhaustive", [ACCOUNT], True, SNAPSHOTS, None, []),
        ("auto", [], True, SNAPSHOTS, None, []),
        ("auto", [("ACCOUNT", "CREATING")], True, SNAPSHOTS, None, []),
        ("auto", [("ACCOUNT_UNUSED_ACCESS", "ACTIVE")], True, SNAPSHOTS, None, []),
        ("auto", [(*ACCOUNT, CREATED + timedelta(minutes=29))], True, SNAPSHOTS, None, []),
        ("auto", [(*ACCOUNT, None)], True, SNAPSHOTS, None, []),
        ("auto", [(*ACCOUNT, CREATED + timedelta(minutes=30))], True, ("snap-2",), None, ["AnalyzerLag"]),
        ("auto", [ACCOUNT], False, ("snap-2",), None, ["AnalyzerLag"]),
        ("auto", [ORGANISATION], True, ("snap-2", "snap-3"), None, ["AnalyzerLag"]),
        ("auto", [ORGANISATION], False, SNAPSHOTS, None, []),
        ("analyzer", [ACCOUNT], True, ("snap-2",), None, ["AnalyzerLag"]),
        ("analyzer", [ORGANISATION, ACCOUNT], True, ("snap-2",), None, ["AnalyzerLag"]),
        ("analyzer", [ORGANISATION], True, ("snap-2",), "AnalyzerOnly", ["AnalyzerLag"]),
        ("analyzer", [("ACCOUNT", "FAILED")], True, (), "NoAnalyzer", []),
    ],
)
def test_what_is_asked_and_what_is_said_to_be_missing(reader, discovery, analyzers, members_known, asked, said, notes):
    here = reader(analyzers, reported=["snap-2"], restorable=["snap-3"])
    here.discovery, here.members_known = discovery, members_known
    told, were_asked, missing = shares(here)
    assert (were_asked, missing, here.notes) == (asked, said, notes)
    assert {grant["SnapshotId"] for grant in told} == set(asked)


def test_what_a_block_hides_is_looked_for_in_the_same_way(reader):
    here = reader([ACCOUNT], reported=["snap-2"], block="block-all-sharing")
    here.discovery = "auto"
    assert shares(here, snapshot_permissions.PUBLIC)[1:] == (("snap-2",), None)
    here = reader([ORGANISATION], reported=["snap-2"], block="block-all-sharing")
    here.discovery = "analyzer"
    assert shares(here, snapshot_permissions.PUBLIC)[1:] == (("snap-2",), "AnalyzerOnly")


def test_what_an_earlier_run_was_told_is_not_asked_again(reader):
    here = reader()
    here.earlier = EarlierRun(
        "snapshot",
        ["snap-1", "snap-2", "snap-gone"],
        [
            {"SnapshotId": "snap-2", "UserId": MEMBER},
            {"SnapshotId": "snap-2", "Group": "all"},
            {"SnapshotId": "snap-gone", "UserId": STRANGER},
        ],
    )
    told, asked, said = shares(here)
    assert (asked, said, here.notes) == (("snap-3", "snap-4"), None, ["Reused"])
    assert sorted((grant["SnapshotId"], grant.get("UserId", "all")) for grant in told) == [
        ("snap-2", MEMBER),
        ("snap-2", "all"),
        ("snap-3", STRANGER),
        ("snap-4", STRANGER),
    ]


def test_what_an_earlier_run_found_public_behind_a_block_still_counts(reader):
    here = reader(block="block-all-sharing")
    here.earlier = EarlierRun("snapshot", SNAPSHOTS, [{"SnapshotId": "snap-2", "Group": "all"}])
    told, asked, said = shares(here, snapshot_permissions.PUBLIC)
    assert ([grant["SnapshotId"] for grant in told], asked, said) == (["snap-2"], (), None)


def test_an_earlier_run_that_knew_nothing_of_the_place_changes_nothing(reader):
    here = reader()
    here.earlier = EarlierRun("image", ["ami-1"])
    assert shares(here)[1:] == (SNAPSHOTS, None)
    assert here.notes == []


def test_images_are_taken_over_too(scripted):
    here = scripted(
        {"ec2:DescribeImageAttribute": {"LaunchPermissions": [{"UserId": STRANGER}]}},
        {"images": [{"image_id": each, "state": "available"} for each in ("ami-1", "ami-2")]},
    )
    here.discovery = "analyzer"
    here.earlier = EarlierRun("image", ["ami-1"], [{"ImageId": "ami-1", "OrganizationArn": "arn:o"}])
    told = [grant for page in image_shares.COLLECTOR.get(here) for grant in page]
    assert told == [{"ImageId": "ami-1", "OrganizationArn": "arn:o"}, {"ImageId": "ami-2", "UserId": STRANGER}]
    assert [each["ImageId"] for _, each in here.calls] == ["ami-2"]
