from datetime import timedelta
from decimal import Decimal

import pytest

from auditor.analysis.families import families_of
from auditor.analysis.spend import spend_of
from auditor.config import Config
from auditor.frames import FRAMES
from auditor.inventory import Inventory, Writer
from auditor.manifest import Manifest
from auditor.testing import ACCOUNT, AS_OF, REGION, frame

OTHER = "444455556666"
NEEDED = ("image_references", "image_shares", "recovery_points", "lifecycle_policies")


def image(number, name="app-v1", **more):
    row = {"image_id": f"ami-{number}", "name": name, "state": "available", "is_public": False}
    return {**row, "created_at": AS_OF - timedelta(days=number + 1), **more}


def told(gaps=(), config=None, **given):
    """The families of an inventory in memory, and the inventory."""
    held = {name: frame(name, rows) for name, rows in given.items()}
    places = {(row["account_id"], row["region"]) for rows in held.values() for row in rows.to_dict("records")}
    regions = [{"account_id": account, "region": region} for account, region in sorted(places)]
    coverage = [
        {"account_id": account, "region": region, "collector": FRAMES[name].filled_by[0], "status": "denied"}
        for account, region, name in gaps
    ]
    inventory = Inventory.of({"regions": frame("regions", regions), **held}, AS_OF, coverage)
    config = config or Config()
    return families_of(inventory, config, spend_of(inventory, config)), inventory


def test_the_families_with_most_to_spare_come_first_and_few_are_shown():
    images = [image(n, f"a{letter}-v1", image_id=f"ami-{letter}{n}") for letter in "bcdefghijk" for n in range(2)]
    images += [image(n, "spare-v1") for n in range(5)]
    families, _ = told(images=images)
    assert [line.name for line in families.shown][:2] == ["spare", "ab"]
    assert (families.families, len(families.shown), families.more, families.spared) == (11, 8, 3, 1)
    assert (families.total.images, families.total.spare, families.total.kept) == (25, 2, 23)
    assert families.title == "1 family has 2 spare images."
    assert families.sentence == "25 images form 11 families: 0 in use, 23 kept and 2 spare at $0.00 a month."
    assert families.table["family"].tolist()[:2] == ["spare", "ab"]


def test_a_family_shows_each_of_its_images_by_age():
    families, _ = told(
        images=[image(0), image(2, state="disabled"), image(1)], config=Config.of({"images": {"keep": 1}})
    )
    (line,) = families.shown
    assert [(made.at, made.standing) for made in line.made] == [
        (AS_OF - timedelta(days=3), "disabled"),
        (AS_OF - timedelta(days=2), "spare"),
        (AS_OF - timedelta(days=1), "kept"),
    ]
    assert (line.newest_image, line.newest_at) == ("ami-0", AS_OF - timedelta(days=1))
    assert families.keep == 1


def test_who_uses_a_family_is_said_in_words():
    references = [
        {"image_id": "ami-0", "referrer_type": kind, "referrer_id": who, "strength": "default", **more}
        for kind, who, more in (
            ("instance", "i-0", {}),
            ("instance", "i-1", {"account_id": OTHER}),
            ("launch-template", "lt-0", {}),
            ("ssm-parameter", "/golden", {}),
        )
    ]
    copy = image(9, source_image_id="ami-0", source_image_region=REGION, region="us-east-1")
    shares = [{"image_id": "ami-0", "grantee_type": "account", "grantee": OTHER}]
    families, _ = told(images=[image(0, is_public=True), copy], image_references=references, image_shares=shares)
    where = {(line.region, line.name): line.where for line in families.shown}
    assert where[REGION, "app"] == (
        "2\u00a0instances, 1\u00a0template, 1\u00a0other in 2 accounts; copied to us-east-1; 1 public; 1 shared"
    )
    assert where["us-east-1", "app"] == ""


@pytest.mark.parametrize("name", NEEDED)
def test_where_use_could_not_be_read_nothing_is_spare(name):
    images = [*(image(n) for n in range(5)), *(image(n, region="us-east-1") for n in range(5))]
    families, _ = told(images=images, gaps=[(ACCOUNT, "us-east-1", name)])
    by_region = {line.region: (line.spare, line.unclear, line.kept) for line in families.shown}
    assert by_region == {REGION: (2, 0, 3), "us-east-1": (0, 2, 3)}
    assert families.unread == 1
    assert "2 that cannot be told" in families.sentence


def test_an_account_as_a_whole_that_could_not_be_read_darkens_each_of_its_regions():
    images = [image(n, account_id=account) for n in range(4) for account in (ACCOUNT, OTHER)]
    families, _ = told(images=images, gaps=[(OTHER, "global", "lifecycle_policies")])
    assert {line.account_id: line.spare for line in families.shown} == {ACCOUNT: 1, OTHER: 0}


def test_costs_are_those_of_the_snapshots_behind_the_images():
    snapshots = [
        {
            "snapshot_id": f"snap-{n}",
            "volume_id": f"vol-{n}",
            "state": "completed",
            "storage_tier": "standard",
            "full_size_bytes": 2**30,
            "started_at": AS_OF - timedelta(days=9),
        }
        for n in range(3)
    ]
    devices = [{"image_id": f"ami-{n}", "snapshot_id": f"snap-{n}"} for n in range(2)]
    families, inventory = told(
        images=[image(0), image(1)],
        image_block_devices=devices,
        snapshots=snapshots,
        config=Config.of({"images": {"keep": 1}}),
    )
    spend = spend_of(inventory, Config())
    assert spend.total.snapshots == 3
    assert families.total.high_usd == spend.total.high_usd * 2 / 3
    assert families.total.spare_high_usd == spend.total.high_usd / 3 > Decimal(0)
    assert families.total.stored_high_bytes == 2 * 2**30


def test_details_tell_what_made_each_image_and_what_it_is_in_its_family():
    families, _ = told(images=[image(0, source_instance_id="i-0"), image(1, None)])
    rows = families.details(ACCOUNT, REGION).astype(object)
    rows = rows.where(rows.notna(), None)[["image_id", "origin", "family", "standing"]].to_numpy().tolist()
    assert rows == [["ami-0", "create-image", "app", "kept"], ["ami-1", "unknown", None, None]]


def test_without_images_there_is_nothing_to_say():
    families, _ = told(regions=[{}])
    assert (families.shown, families.asked, families.sentence) == ((), True, "There are no images.")
    assert families.title == "No family has images to spare."


def test_what_was_read_in_part_was_asked_all_the_same(tmp_path):
    def run(folder, collectors):
        writer, _ = Writer.start(tmp_path / folder, Manifest(as_of=AS_OF, started_at=AS_OF))
        here = {"account_id": ACCOUNT, "region": REGION}
        for name in sorted({"images", *collectors}):
            status = "truncated" if name == "image_shares" else "complete"
            frames = {"images": frame("images", [image(0)])} if name == "images" else {}
            writer.write({**here, "collector": name, "status": status, "rows": len(frames)}, frames)
        inventory = writer.finish()
        return families_of(inventory, Config(), spend_of(inventory, Config()))

    families = run("all", {collector for name in NEEDED for collector in FRAMES[name].filled_by})
    assert (families.asked, families.unread) == (True, 1)
    assert not run("few", {"image_shares"}).asked
