import pandas as pd
import pytest

from auditor.analysis.image_generations import image_generations
from auditor.config import Config
from auditor.errors import ConfigError
from auditor.frames import FRAMES
from auditor.testing import frame

HERE = {"account_id": "111122223333", "region": "eu-west-1"}


def generations(*images, tags=(), points=(), policies=(), **settings):
    rows = [{**HERE, "state": "available", "created_at": f"{n + 1} days ago", **row} for n, row in enumerate(images)]
    frames = {
        "images": rows,
        "image_tags": tags,
        "recovery_points": points,
        "lifecycle_policies": policies,
    }
    config = Config.of({"images": settings})
    return image_generations(*(frame(name, given) for name, given in frames.items()), config.images)


def column(made, name):
    return [None if pd.isna(value) else value for value in made[name]]


def named(*names, **more):
    return [{"image_id": f"ami-{n}", "name": name, **more} for n, name in enumerate(names)]


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("app-v1.2.3-20251001-1a2b3", "app"),
        ("app-1700000000", "app"),
        ("app_20251001T0312Z", "app"),
        ("app 2025-10-01", "app"),
        ("app-9f3c1de", "app"),
        ("AwsBackup_i-09e0bcc69db19a72c_4a1074c4-e945-49d1-8b1d-0123456789ab", "AwsBackup_i-09e0bcc69db19a72c"),
        ("ubuntu-22.04", "ubuntu-22.04"),
        ("app-facade", "app-facade"),
        ("1700000000", "1700000000"),
        ("-20251001", "-20251001"),
        (None, None),
    ],
)
def test_a_name_less_its_version_is_the_family(name, family):
    made = generations(*named(name))
    assert (column(made, "family"), column(made, "family_by")) == ([family], ["name"])


def test_a_pattern_of_ones_own_is_cut_off_instead():
    assert column(generations(*named("web+7", "web-v1"), family_pattern=r"\+.*$"), "family") == ["web", "web-v1"]


@pytest.mark.parametrize("pattern", ["(", "(?<=a)b"])
def test_a_pattern_that_cannot_be_is_refused(pattern):
    with pytest.raises(ConfigError, match="family_pattern"):
        Config.of({"images": {"family_pattern": pattern}})


def test_a_tag_tells_the_family_and_without_it_there_is_none():
    tags = [{"image_id": "ami-0", "key": "line", "value": "web"}, {"image_id": "ami-1", "key": "Line", "value": "web"}]
    made = generations(*named("a", "b"), tags=tags, family_tag="line")
    assert (column(made, "family"), column(made, "family_by")) == (["web", None], ["tag", "tag"])


def test_counted_are_available_images_of_the_family_that_are_younger():
    made = generations(*named("app-v4", "app-v3", "app-v2", "app-v1"), {"image_id": "ami-x", "name": "web-v1"}, keep=2)
    assert column(made, "newer_images") == [0, 1, 2, 3, 0]
    assert column(made, "newest_image_id") == ["ami-0"] * 4 + ["ami-x"]
    assert column(made, "is_kept") == [True, True, False, False, True]


def test_images_of_one_moment_have_the_same_number_before_them():
    made = generations(
        *named("app-v3", "app-v2", "app-v1", created_at="5 days ago"), {"image_id": "ami-x", "name": "app"}
    )
    assert column(made, "newer_images") == [1, 1, 1, 0]


def test_accounts_and_regions_have_families_of_their_own():
    places = [{}, {"region": "us-east-1"}, {"account_id": "444455556666"}]
    made = generations(*({"image_id": f"ami-{n}", "name": "app", **place} for n, place in enumerate(places)))
    assert column(made, "newer_images") == [0, 0, 0]


@pytest.mark.parametrize("missing", [{"state": "disabled"}, {"state": None}, {"created_at": None}, {"name": None}])
def test_what_is_not_available_or_not_known_has_no_place_and_takes_none(missing):
    made = generations({"image_id": "ami-0", "name": "app-v2", **missing}, {"image_id": "ami-1", "name": "app-v1"})
    assert column(made, "newer_images") == [None, 0]
    assert column(made, "is_kept") == [None, True]


def test_a_copy_has_the_family_of_what_it_is_a_copy_of_wherever_that_lies():
    first = {"image_id": "ami-1", "name": "app-v1", "region": "us-east-1", "account_id": "444455556666"}
    copy = {"image_id": "ami-2", "name": "renamed", "source_image_id": "ami-1", "source_image_region": "us-east-1"}
    again = {"image_id": "ami-3", "name": "again", "source_image_id": "ami-2"}
    lost = {"image_id": "ami-4", "name": "lost", "source_image_id": "ami-9", "source_image_region": "us-east-1"}
    made = generations(again, copy, lost, first)
    assert column(made, "family") == ["app", "app", "lost", "app"]
    assert column(made, "family_by") == ["copy", "copy", "name", "name"]


def test_what_was_made_from_an_instance_of_an_image_is_another_thing():
    child = {"image_id": "ami-2", "name": "app", "source_image_id": "ami-1", "source_instance_id": "i-0"}
    assert column(generations({"image_id": "ami-1", "name": "base"}, child), "family") == ["base", "app"]


def test_images_that_name_each_other_as_their_source_do_no_harm():
    ring = [{"image_id": f"ami-{n}", "name": f"app{n}", "source_image_id": f"ami-{1 - n}"} for n in (0, 1)]
    assert len(generations(*ring)) == 2


def test_what_backup_holds_or_an_enabled_policy_made_is_kept_however_many_follow():
    tags = [
        {"image_id": f"ami-{n}", "key": "aws:dlm:lifecycle-policy-id", "value": policy}
        for n, policy in ((2, "policy-1"), (3, "policy-2"))
    ]
    policies = [{"policy_id": "policy-1", "state": "ENABLED"}, {"policy_id": "policy-2", "state": "DISABLED"}]
    points = [{"recovery_id": "ami-1"}]
    made = generations(
        *named("app-v4", "app-v3", "app-v2", "app-v1"), tags=tags, points=points, policies=policies, keep=1
    )
    assert column(made, "is_managed") == [False, True, True, False]
    assert column(made, "is_kept") == [True, True, True, False]


def test_nothing_in_nothing_out():
    made = generations()
    assert made.empty
    assert list(made.columns) == FRAMES["image_generations"].names
