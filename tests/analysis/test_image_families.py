from decimal import Decimal

import pandas as pd

from auditor.analysis import derive
from auditor.analysis.image_families import STANDINGS
from auditor.frames import FRAMES
from auditor.testing import AS_OF, frame

US, OTHER = "111122223333", "444455556666"
CENT = Decimal("0.010000")


def families(**given):
    """The families of what is given, derived frames of use and generation made, costs taken as they are given."""
    held = {name: frame(name, rows) for name, rows in given.items()}

    def of(name):
        if name not in held:
            derived = name in ("image_generations", "image_use")
            held[name] = derive(name, of, AS_OF) if derived else FRAMES[name].empty()
        return held[name]

    return derive("image_families", of, AS_OF)


def image(number, name="app-v1", days=None, **more):
    usual = {"state": "available", "is_public": False, "created_at": f"{number + 1 if days is None else days} days ago"}
    return {"image_id": f"ami-{number}", "name": name, **usual, **more}


def reference(number, kind="instance", strength="running", who="i-0", **more):
    return {"image_id": f"ami-{number}", "referrer_type": kind, "referrer_id": who, "strength": strength, **more}


def cells(made, *names):
    return [tuple(None if pd.isna(row[name]) else row[name] for name in names) for row in made.to_dict("records")]


def test_every_image_of_a_family_is_one_thing_and_they_add_up():
    images = [image(n) for n in range(6)] + [image(6, state="disabled"), image(7, state="failed"), image(8, "web")]
    shares = [{"image_id": "ami-5", "grantee_type": "account", "grantee": "999988887777"}]
    made = families(images=images, image_references=[reference(3)], image_shares=shares)
    assert cells(made, "family", "images", *STANDINGS) == [("app", 7, 1, 3, 1, 1, 1), ("web", 1, 0, 1, 0, 0, 0)]
    assert (made[list(STANDINGS)].sum(axis=1) == made["images"]).all()


def test_a_superseded_version_is_no_use():
    images = [image(n) for n in range(4)]
    made = families(images=images, image_references=[reference(3, "launch-template", "old", "lt-0")])
    assert cells(made, "spare", "templates") == [(1, 0)]


def test_who_uses_a_family_counts_once_however_many_of_its_images_it_names():
    references = [
        *(reference(n, "launch-template", "default", "lt-0") for n in (0, 1)),
        reference(0, "launch-template", "latest", "lt-0", account_id=OTHER),
        reference(0, "auto-scaling-group", "pinned", "asg"),
        *(reference(n, who=f"i-{n}") for n in (0, 1)),
        reference(0, who="i-9", region="us-east-1"),
    ]
    made = families(images=[image(0), image(1)], image_references=references)
    names = ("instances", "templates", "other_references", "using_accounts")
    assert cells(made, *names) == [(2, 2, 1, 2)]


def test_the_newest_is_an_available_one_where_there_is_any():
    images = [image(0, state="disabled"), image(1), image(2), image(3, "web", state="disabled")]
    made = families(images=images)
    assert cells(made, "newest_image_id") == [("ami-1",), ("ami-3",)]
    assert [str(each.date()) for each in made["oldest_at"]] == ["2026-01-29", "2026-01-28"]


def test_copies_say_which_regions_a_family_was_copied_to():
    copies = [
        image(1, region="us-east-1", source_image_id="ami-0", source_image_region="eu-west-1"),
        image(2, region="ap-south-1", source_image_id="ami-0", source_image_region="eu-west-1", account_id=OTHER),
        image(3, "here", source_image_id="ami-0", source_image_region="eu-west-1"),
    ]
    made = families(images=[image(0), *copies])
    assert cells(made[made["region"] == "eu-west-1"], "family", "images", "copied_to") == [
        ("app", 2, "ap-south-1, us-east-1")
    ]


def test_shares_with_oneself_are_none():
    shares = [
        {"image_id": "ami-0", "grantee_type": "account", "grantee": US},
        {"image_id": "ami-1", "grantee_type": "organisation", "grantee": "arn:o"},
        {"image_id": "ami-1", "grantee_type": "account", "grantee": OTHER},
        {"image_id": "ami-2", "grantee_type": "group", "grantee": "all"},
    ]
    made = families(images=[image(0), image(1), image(2, is_public=True)], image_shares=shares)
    assert cells(made, "public_images", "shared_images") == [(1, 1)]


def cost(number, cents, **more):
    size = {"stored_low_bytes": 0, "stored_high_bytes": cents * 2**30}
    return {"snapshot_id": f"snap-{number}", **size, "monthly_low_usd": CENT, "monthly_high_usd": CENT * cents, **more}


def mapped(*pairs):
    return [{"image_id": f"ami-{image}", "snapshot_id": f"snap-{snapshot}"} for image, snapshot in pairs]


MONEY = ("monthly_low_usd", "monthly_high_usd", "spare_low_usd", "spare_high_usd")


def test_only_what_spare_images_alone_map_is_spare():
    images = [image(n) for n in range(5)]
    made = families(
        images=images,
        image_block_devices=mapped((3, 0), (4, 1), (0, 1), (3, 2), (3, 2)),
        snapshot_costs=[cost(0, 5), cost(1, 7), cost(2, 9)],
    )
    assert cells(made, "spare", "snapshots", *MONEY) == [(2, 3, 3 * CENT, 21 * CENT, 2 * CENT, 14 * CENT)]
    assert cells(made, "stored_low_bytes", "stored_high_bytes") == [(0, 21 * 2**30)]


def test_a_snapshot_behind_two_families_counts_for_the_one_that_had_it_first():
    made = families(
        images=[image(0, "web", days=9), image(1, days=8)],
        image_block_devices=mapped((0, 0), (1, 0)),
        snapshot_costs=[cost(0, 5)],
    )
    assert cells(made, "family", "snapshots", "monthly_high_usd") == [("app", 0, Decimal(0)), ("web", 1, 5 * CENT)]


def test_a_snapshot_without_a_price_is_in_no_sum_and_said_to_be():
    made = families(
        images=[image(0)],
        image_block_devices=mapped((0, 0), (0, 1), (0, 9)),
        snapshot_costs=[cost(0, 5), {"snapshot_id": "snap-1"}],
    )
    assert cells(made, "snapshots", "unpriced", "monthly_high_usd") == [(2, 1, 5 * CENT)]


def test_nothing_in_nothing_out():
    assert families().empty
    assert families(images=[image(0, None)]).empty
