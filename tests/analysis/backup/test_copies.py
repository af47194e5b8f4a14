"""Copies are told by what stands where they should be."""

from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.analysis.backup import backup_copies
from auditor.frames import FRAMES

HERE = {"account_id": "111122223333", "region": "us-east-1"}
VAULT = "arn:aws:backup:eu-west-1:444455556666:backup-vault:dr"

#: Noon of the day after the last night; backups are due at three.
NOW = datetime(2026, 1, 4, 12, tzinfo=UTC)
NIGHTS = ((1, "met"), (2, "late"), (3, "met"), (4, "missed"))


def frame(name, *rows):
    declared = FRAMES[name]
    if not rows:
        return declared.empty()
    return declared.conform(pd.DataFrame([dict.fromkeys(declared.names) | HERE | row for row in rows]))


def night(day, hour=3):
    return pd.Timestamp(2026, 1, day, hour, tz="UTC")


class There:
    """The other region, of two accounts."""

    def __init__(self, why=None, **tables):
        names = ("snapshots", "images", "recovery_points")
        self.tables = {name: frame(name, *tables.get(name, ())) for name in names}
        self.why = why
        self.asked = set()

    def rows(self, name, region, columns):
        assert region == "eu-west-1"
        return self.tables[name][list(columns)]

    def unread(self, frames, account_id, region, *, alone):
        assert alone
        self.asked.add((*frames, account_id, region))
        return self.why


def promise(kind="snapshots", resource="vol-1", **more):
    policy = kind != "recovery-points"
    by = {"policy_id": "policy-1", "schedule_name": "Daily"} if policy else {"plan_id": "p", "rule_id": "r"}
    return {
        "resource_type": "volume" if resource.startswith("vol-") else "instance",
        "resource_id": resource,
        "promise_id": "x/y",
        "promise_name": "Nightly",
        "mechanism": "dlm" if policy else "aws-backup",
        "kind": kind,
        "interval_hours": 24,
        **by,
        **more,
    }


def copies(there, promised=None, *, nights=NIGHTS, item="snap", kept=None, **given):
    """The rows of what one promise should have elsewhere."""
    promised = promised or promise()
    policy = promised["mechanism"] == "dlm"
    windows = [
        {
            "resource_id": promised["resource_id"],
            "promise_id": promised["promise_id"],
            "scheduled_at": night(day),
            "verdict": verdict,
            "delivered_by": f"{item}-{day}",
            "delivered_at": night(day),
            "cause": "Could not tell: refused." if verdict == "unknown" else None,
        }
        for day, verdict in nights
    ]
    to_region = {"policy_id": "policy-1", "schedule_name": promised.get("schedule_name"), "target": "eu-west-1"}
    to_region |= {"retain_interval": kept, "retain_interval_unit": kept and "DAYS"}
    to_vault = {"plan_id": "p", "rule_id": "r", "destination_vault_arn": VAULT, "delete_after_days": kept}
    mine = given.get("snapshots", [{"snapshot_id": f"snap-{day}"} for day, _ in nights])
    rows = backup_copies(
        backup_promises=frame("backup_promises", promised),
        backup_windows=frame("backup_windows", *windows),
        backup_coverage=frame("backup_coverage", *given.get("coverage", ())),
        backup_status=frame("backup_status", *given.get("status", ())),
        lifecycle_copies=frame("lifecycle_copies", *([to_region] * policy)),
        backup_rule_copies=frame("backup_rule_copies", *([to_vault] * (not policy))),
        volumes=frame("volumes", *given.get("volumes", ())),
        instances=frame("instances"),
        snapshots=frame("snapshots", *mine),
        snapshot_tags=frame("snapshot_tags", *given.get("snapshot_tags", ())),
        images=frame("images", *given.get("images", ())),
        image_tags=frame("image_tags", *given.get("image_tags", ())),
        as_of=NOW,
        elsewhere=there,
    )
    assert list(rows.columns) == FRAMES["backup_copies"].names
    return rows.astype(object).where(rows.notna(), None).to_dict("records")


def told(there, promised=None, **given):
    """Destination, days of the newest backup and copy and of what waits first, and for how long it is all behind."""
    (row,) = copies(there, promised, **given)
    days = [row[name] and row[name].day for name in ("newest_backup_at", "newest_copy_at", "waiting_from")]
    return (row["destination"], *days, row["behind_hours"])


def copied(day, volume="", **more):
    row = {"account_id": HERE["account_id"], "state": "completed", "started_at": night(day, 4)}
    words = "Created for policy: policy-1 schedule: Daily"
    return {**row, "description": f"[Copied snap-{day}{volume} from us-east-1] {words}", **more}


@pytest.mark.parametrize(
    ("snapshots", "expected"),
    [
        ([], (3, None, 1, 81)),
        ([copied(1), copied(2), copied(3)], (3, 3, None, 9)),
        ([copied(2)], (3, 2, 3, 33)),
        ([copied(3)], (3, 3, None, 9)),
        ([copied(2), copied(3, state="error")], (3, 2, 3, 33)),
        ([copied(2), copied(3, account_id="999999999999")], (3, 2, 3, 33)),
        ([copied(2), copied(3, description=None)], (3, 2, 3, 33)),
        ([copied(2), copied(3, description="[Copied snap-3 from eu-north-1] x")], (3, 2, 3, 33)),
    ],
)
def test_copies_of_snapshots(snapshots, expected):
    assert told(There(snapshots=snapshots)) == ("eu-west-1", *expected)


def point(day, **more):
    row = {"account_id": "444455556666", "vault_name": "dr", "resource_id": "vol-1", "status": "COMPLETED"}
    return {**row, "created_at": night(day), "source_vault_arn": "arn:vault", **more}


@pytest.mark.parametrize("resource", ["vol-1", "i-1"])
@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([], (3, None, 1, 81)),
        ([point(2)], (3, 2, 3, 33)),
        ([point(2), point(3)], (3, 3, None, 9)),
        ([point(2), point(3, status="EXPIRED")], (3, 2, 3, 33)),
        ([point(2), point(3, source_vault_arn=None)], (3, 2, 3, 33)),
        ([point(2), point(3, vault_name="other")], (3, 2, 3, 33)),
        ([point(2), point(3, resource_id="vol-2")], (3, 2, 3, 33)),
    ],
)
def test_copies_of_recovery_points(points, expected, resource):
    points = [row if row["resource_id"] == "vol-2" else {**row, "resource_id": resource} for row in points]
    promised = promise("recovery-points", resource)
    assert told(There(recovery_points=points), promised, item="arn") == (VAULT, *expected)


def image(day, **more):
    row = {"account_id": HERE["account_id"], "state": "available", "created_at": night(day, 4)}
    return {**row, "source_image_id": f"ami-{day}", "source_image_region": "us-east-1", **more}


def described(words):
    return image(3, source_image_id=None, source_image_region=None, description=words)


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        ([], (3, None, 1, 81)),
        ([image(1), image(2), image(3)], (3, 3, None, 9)),
        ([image(2), image(3, deprecated_at=night(4))], (3, 3, None, 9)),
        ([image(2), image(3, state="failed")], (3, 2, 3, 33)),
        # made of an instance over there that was launched from the copy
        ([image(2), image(3, source_instance_id="i-9")], (3, 2, 3, 33)),
        ([image(2), image(3, source_image_region="eu-west-1")], (3, 2, 3, 33)),
        ([image(2), described("[Copied ami-3 from eu-north-1] y")], (3, 2, 3, 33)),
        ([image(2), described("[Copied ami-3 from us-east-1] y")], (3, 3, None, 9)),
    ],
)
def test_copies_of_images(images, expected):
    mine = [{"image_id": f"ami-{day}", "source_instance_id": "i-1"} for day, _ in NIGHTS]
    there = There(images=images)
    assert told(there, promise("images", "i-1"), item="ami", images=mine) == ("eu-west-1", *expected)
    assert there.asked == {("images", HERE["account_id"], "eu-west-1")}


def sets(days=(1, 2, 3), volumes=("vol-1", "vol-2"), schedule="Daily", policy="policy-1"):
    """Snapshots of a machine's volumes by a lifecycle policy, ids ``snap-<day><number of the volume>``."""
    rows = [
        {
            "snapshot_id": f"snap-{day}{volume[-1]}",
            "volume_id": volume,
            "state": "completed",
            "started_at": night(day),
        }
        for day in days
        for volume in volumes
    ]
    tags = [
        {"snapshot_id": row["snapshot_id"], "key": f"aws:dlm:lifecycle-{key}", "value": value}
        for row in rows
        for key, value in (("policy-id", policy), ("schedule-name", schedule))
    ]
    return {"snapshots": rows, "snapshot_tags": tags}


def member(volume, since):
    return {"instance_id": "i-1", "volume_id": volume, "promise_id": "policy-1/Daily", "covered_from": since}


@pytest.mark.parametrize(
    ("snapshots", "expected", "waiting"),
    [
        ([], (3, None, 1, 81), "snap-11, snap-12"),
        ([31, 32], (3, 3, None, 9), None),
        # a machine is there only with all of its volumes
        ([21, 22, 31], (3, 2, 3, 33), "snap-32"),
        ([11, 12, 22, 31], (3, 1, 2, 57), "snap-21"),
    ],
)
def test_sets_of_snapshots_are_copied_whole(snapshots, expected, waiting):
    coverage = [member("vol-1", night(1, 0)), member("vol-2", night(1, 0)), member("vol-3", night(3, 12))]
    promised = promise("snapshots", "i-1", promise_id="policy-1/Daily")
    made = sets(volumes=("vol-1", "vol-2", "vol-3", "vol-4"))
    there = There(snapshots=[copied(number // 10, number % 10) for number in snapshots])
    (row,) = copies(there, promised, coverage=coverage, **made)
    days = [row[name] and row[name].day for name in ("newest_backup_at", "newest_copy_at", "waiting_from")]
    assert (*days, row["behind_hours"]) == expected
    assert row["waiting"] == waiting


def test_a_copy_that_is_there_but_old_is_told_with_its_age():
    (row,) = copies(There(snapshots=[copied(1)]))
    assert (row["copy_age_hours"], row["standing"]) == (81, "the newest copy is 81 hours old")
    assert (row["waiting_from"], row["waiting"]) == (night(2), "snap-2")
    (row,) = copies(There())
    assert (row["copy_age_hours"], row["standing"]) == (None, "no copy is there")


def test_copies_grow_old_when_nothing_is_backed_up_any_more():
    promised = promise("recovery-points")
    assert told(There(recovery_points=[point(1)]), promised, nights=[(3, "missed")]) == (VAULT, None, 1, None, 57)
    assert told(There(), promised, nights=[(3, "missed")]) == (VAULT, None, None, None, None)


@pytest.mark.parametrize(
    ("kept", "expected"),
    [(None, (3, None, 1, 81)), (2, (3, None, 3, 33)), (1, (None, None, None, None))],
)
@pytest.mark.parametrize("kind", ["snapshots", "recovery-points"])
def test_what_the_retention_of_copies_has_deleted_is_not_asked_for(kept, expected, kind):
    assert told(There(), promise(kind), kept=kept)[1:] == expected


def test_backups_of_before_the_last_change_are_not_asked_for():
    assert told(There(), promise(promised_from=night(2))) == ("eu-west-1", 3, None, 2, 57)


def test_copies_are_missing_for_as_long_as_they_are_promised_though_backups_are_not_kept_for_long():
    assert told(There(), promise(promised_from=night(1, 12)), nights=[(4, "met")]) == ("eu-west-1", 4, None, 4, 48)
    assert told(There(), promise(promised_from=night(4, 1)), nights=[(4, "met")]) == ("eu-west-1", 4, None, 4, 9)


@pytest.mark.parametrize(("day", "behind"), [(1, 56), (3, 9)])
def test_copies_of_what_is_gone_may_be_of_another_volume(day, behind):
    there = There(snapshots=[copied(day)])
    (row,) = copies(there, promise(promised_from=night(1)), nights=[(4, "met")])
    assert (row["newest_copy_at"], row["behind_hours"]) == (night(day, 4), behind)
    assert row["unknown_because"].startswith("Could not tell: what the copies that are there were made from is gone")
    # those of another schedule, or of a snapshot that is there, are not
    for other in (copied(4, description="[Copied snap-3 from us-east-1] mine"), copied(5)):
        (row,) = copies(
            There(snapshots=[other]),
            nights=[(4, "met")],
            snapshots=[{"snapshot_id": f"snap-{number}"} for number in (4, 5)],
        )
        assert (row["newest_copy_at"], row["unknown_because"]) == (None, None)
    (row,) = copies(There(images=[image(day)]), promise("images", "i-1"), item="ami", nights=[(4, "met")])
    assert (row["newest_copy_at"], row["unknown_because"] is None) == (night(day, 4), False)


def test_default_policies_copy_what_they_made_themselves():
    promised = promise("any", promise_id="policy-1/default", schedule_name=None, promised_from=night(2))
    made = sets(volumes=("vol-1",), schedule="Default Schedule")
    other = sets(days=(4,), volumes=("vol-1",), policy="policy-2")
    given = {name: made[name] + other[name] for name in made}
    there = There(snapshots=[copied(2, 1)])
    assert told(there, promised, item="other", **given) == ("eu-west-1", 3, 2, 3, 33)


def test_default_policies_of_machines_copy_images():
    promised = promise("any", "i-1", promise_id="policy-1/default", schedule_name=None, promised_from=night(2))
    images = [
        {"image_id": f"ami-{day}", "source_instance_id": "i-1", "state": "available", "created_at": night(day)}
        for day in (1, 2, 3)
    ]
    tags = [
        {"image_id": row["image_id"], "key": f"aws:dlm:lifecycle-{key}", "value": value}
        for row in images
        for key, value in (("policy-id", "policy-1"), ("schedule-name", "Default Schedule"))
    ]
    there = There(images=[image(2)])
    assert told(there, promised, item="other", images=images, image_tags=tags) == ("eu-west-1", 3, 2, 3, 33)


def test_what_was_not_read_is_not_told():
    there = There(snapshots=[copied(2)], why="eu-west-1 was not looked at")
    (row,) = copies(there)
    assert (row["unknown_because"], row["behind_hours"]) == ("Could not tell: eu-west-1 was not looked at.", None)
    assert there.asked == {("snapshots", HERE["account_id"], "eu-west-1")}
    (row,) = copies(There(snapshots=[copied(4)], why="eu-west-1 was not looked at"), nights=[(4, "met")])
    assert (row["unknown_because"], row["behind_hours"]) == (None, 0)
    (row,) = copies(There(), nights=[*NIGHTS, (5, "unknown")])
    assert (row["unknown_because"], row["behind_hours"]) == ("Could not tell: refused.", None)


def test_resources_of_which_it_is_not_known_what_is_promised():
    status = {"resource_type": "volume", "resource_id": "vol-2", "unknown_because": "Could not tell: refused."}
    rows = copies(There(), status=[status], volumes=[{"volume_id": "vol-3"}])
    assert [(row["resource_id"], row["promise_id"], row["unknown_because"]) for row in rows] == [
        ("vol-3", None, "Could not tell: the state of the volume is not known."),
        ("vol-2", None, "Could not tell: refused."),
        ("vol-1", "x/y", None),
    ]


def test_copies_to_an_outpost_lie_in_no_region():
    outpost = {"policy_id": "policy-1", "schedule_name": "Daily", "target": "arn:aws:outposts:eu-west-1:1:outpost/op-1"}
    names = ("backup_windows", "backup_coverage", "backup_status", "backup_rule_copies", "volumes", "instances")
    names += ("snapshots", "snapshot_tags", "images", "image_tags")
    given = {name: frame(name) for name in names}
    rows = backup_copies(
        backup_promises=frame("backup_promises", promise()),
        lifecycle_copies=frame("lifecycle_copies", outpost),
        as_of=NOW,
        elsewhere=There(),
        **given,
    )
    assert rows.empty


@given(
    held=st.sets(st.tuples(st.sampled_from((1, 2, 3)), st.sampled_from((1, 2)))),
    more=st.sets(st.tuples(st.sampled_from((1, 2, 3)), st.sampled_from((1, 2)))),
)
@settings(max_examples=15, deadline=None)
def test_one_more_copy_never_makes_it_worse(held, more):
    coverage = [member("vol-1", night(1, 0)), member("vol-2", night(1, 0))]
    promised = promise("snapshots", "i-1", promise_id="policy-1/Daily")
    fewer, all_ = (
        copies(There(snapshots=[copied(*one) for one in those]), promised, coverage=coverage, **sets())[0]
        for those in (held, held | more)
    )
    assert all_["behind_hours"] <= fewer["behind_hours"]
    assert (fewer["newest_copy_at"] or night(1, 0)) <= (all_["newest_copy_at"] or night(1, 0))
