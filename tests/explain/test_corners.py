"""What explain says at the corners that no sandbox shows: frames made by hand, one point each."""

from datetime import UTC, datetime, timedelta

import pytest

from auditor.errors import ConfigError
from auditor.explain import as_text, explain
from auditor.frames import FRAMES
from auditor.inventory import Inventory

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
HERE = {"account_id": "111122223333", "region": "eu-west-1"}


def steps(story, weight, act=0):
    return [step.said for step in story.acts[act].steps if step.weight == weight]


def in_memory(**rows):
    return Inventory.of({name: FRAMES[name].rows(HERE | row for row in given) for name, given in rows.items()}, AS_OF)


SNAPSHOT = {"snapshot_id": "snap-1", "volume_id": "vol-1", "state": "completed", "storage_tier": "standard"}
IMAGE = {"image_id": "ami-1", "state": "available", "root_device_type": "ebs"}


def test_leaving_the_archive_early_costs():
    tiering = {"snapshot_id": "snap-1", "storage_tier": "archive", "archived_at": AS_OF - timedelta(days=30)}
    inventory = in_memory(snapshots=[SNAPSHOT | {"storage_tier": "archive"}], snapshot_tiering=[tiering])
    (said,) = steps(explain(inventory, "snap-1"), "costs")
    assert said.startswith("Archived less than 90 days: deleting it before 30\u202fApr\u202f2026")


@pytest.mark.parametrize(("kind", "then"), [("with", ", which takes 24 hours to end"), ("without", "")])
def test_protection_is_switched_off_before_an_image_goes(kind, then):
    image = IMAGE | {"deregistration_protection": f"enabled-{kind}-cooldown"}
    devices = [{"image_id": "ami-1", "snapshot_id": "snap-1", "device_name": "/dev/xvda"}]
    inventory = in_memory(images=[image], image_block_devices=devices, snapshots=[SNAPSHOT])
    (said,) = steps(explain(inventory, "ami-1"), "blocks")
    assert said == f"Switch off its deregistration protection first{then}."
    assert said in steps(explain(inventory, "snap-1"), "blocks")[0]


def test_the_only_and_the_newest_backup_of_a_volume_that_lives_are_called_so():
    volume = {"volume_id": "vol-1", "state": "in-use"}
    one = SNAPSHOT | {"started_at": AS_OF - timedelta(days=9)}
    assert steps(explain(in_memory(snapshots=[one], volumes=[volume]), "snap-1"), "breaks") == [
        "It is the only backup that was seen of volume vol-1 (in-use)."
    ]
    two = one | {"snapshot_id": "snap-2", "started_at": AS_OF - timedelta(days=2)}
    both = in_memory(snapshots=[one, two], volumes=[volume])
    assert not explain(both, "snap-1").acts[0].steps
    assert steps(explain(both, "snap-2"), "note") == ["It is the newest backup that was seen of volume vol-1 (in-use)."]


def test_recycle_bin_rules_match_by_tag():
    rules = [
        {"rule_id": name, "resource_type": "EBS_SNAPSHOT", "status": "available", "retention_days": days}
        for name, days in (("by tag", 7), ("but some", 30), ("other", 99))
    ]
    terms = [
        {"rule_id": "by tag", "key": "env", "value": "prod", "excludes": False},
        {"rule_id": "but some", "key": "scratch", "excludes": True},
        {"rule_id": "other", "key": "env", "value": "test", "excludes": False},
    ]
    tags = [{"snapshot_id": "snap-1", "key": key, "value": "prod"} for key in ("env", "scratch")]
    inventory = in_memory(
        snapshots=[SNAPSHOT], recycle_bin_rules=rules, recycle_bin_rule_tags=terms, snapshot_tags=tags
    )
    assert steps(explain(inventory, "snap-1"), "note") == [
        "It goes to the Recycle Bin for 7 days and is billed until then."
    ]


def test_strings_of_others_are_shown_and_do_not_act():
    image = IMAGE | {"name": "\x1b[31mred\u202egpj.exe", "description": "one\ntwo"}
    story = explain(in_memory(images=[image]), "ami-1")
    shown = as_text(story, 80)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "⟨U+001B⟩[31mred⟨U+202E⟩gpj.exe" in shown
    assert "one two" in shown


def test_an_id_that_nothing_names_is_refused_with_the_nearest_and_what_was_not_read():
    coverage = [HERE | {"collector": "snapshots", "status": "denied", "region": "us-east-1"}]
    frame = FRAMES["snapshots"].rows([HERE | SNAPSHOT | {"snapshot_id": "snap-0123456789abcdef0"}])
    inventory = Inventory.of({"snapshots": frame}, AS_OF, coverage=coverage)
    with pytest.raises(ConfigError) as refused:
        explain(inventory, "snap-0123456789abcdef1")
    assert "Did you mean 'snap-0123456789abcdef0'?" in refused.value.hint
    assert "111122223333 us-east-1" in refused.value.hint
    with pytest.raises(ConfigError, match="no id of a snapshot"):
        explain(inventory, "web-1")


def test_an_image_that_names_no_source_came_from_its_snapshots():
    devices = [{"image_id": "ami-1", "snapshot_id": "snap-1", "device_name": "/dev/xvda"}]
    story = explain(in_memory(images=[IMAGE], image_block_devices=devices, snapshots=[SNAPSHOT]), "ami-1")
    (link,) = story.ancestry
    assert link.said == "registered from snapshot snap-1 (completed)"
    assert [above.said for above in link.beneath] == ["taken of volume vol-1, which is gone"]


def test_an_id_of_two_regions_says_so():
    frame = FRAMES["images"].rows(HERE | IMAGE | {"region": region} for region in ("eu-west-1", "us-east-1"))
    story = explain(Inventory.of({"images": frame}, AS_OF), "ami-1")
    assert story.region == "eu-west-1"
    assert any("also in 111122223333 us-east-1" in said for said in story.unseen)
