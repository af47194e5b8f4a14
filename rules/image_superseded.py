"""An image that newer ones of its family have replaced."""

import pandas as pd

from auditor.rule import alongside, one_of, rule


@rule(
    title="Image is superseded",
    severity="low",
    subject="images",
    headline=("1 image has been superseded", "{count} images have been superseded"),
    message="{image_id} is followed by {newer_images} newer images of its family, and nothing uses it",
    remedy="aws ec2 disable-image --region {region} --image-id {image_id}",
    breaks="Launches that name it by id from places no API lists (scripts, pipelines, recovery plans) fail, and its "
    "shares are lost. Enabling it again brings it back; its shares must be set anew.",
    controls={},
    saves=True,
    reach="organisation",
)
def image_superseded(images: pd.DataFrame, image_generations: pd.DataFrame, image_use: pd.DataFrame) -> pd.DataFrame:
    """Pipelines add images and seldom take any away: behind the few that could still be wanted lie many that cost.

    A family is the available images of one account and region with one name, but for the version, date, build number
    and hash at its end; a copy belongs to the family of what it is a copy of. The section `[images]` of the
    configuration says otherwise: `family_pattern` what is cut off a name, `family_tag` a tag whose value is the family
    instead (images without it have none), and `keep` how many of a family are kept. Found are images with at least that
    many newer ones in their family that nothing current in any account that was read uses, and that neither AWS Backup
    nor an enabled lifecycle policy looks after. Superseded template versions do not count as use. Where an image is
    public, or shared with accounts that were not read, the verdict stays open.

    Keep the newest few for going back. Disable the others, wait, then deregister them together with their snapshots.
    """
    keys = ["account_id", "region", "image_id"]
    place = alongside(images, image_generations, keys)
    use = alongside(images, image_use, keys)
    untold = images["created_at"].isna() | images["state"].isna()
    untold |= place["family"].isna() & place["family_by"].ne("tag")
    behind = (~place["is_kept"]).fillna(False).mask(untold)
    superseded = one_of(images["state"], "available") & behind & use["current_references"].eq(0)
    blind = superseded.fillna(False) & use["blind_spot"].notna()
    return pd.DataFrame(
        {
            "found": superseded.mask(blind),
            "family": place["family"],
            "newer_images": place["newer_images"],
            "newest_image": place["newest_image_id"],
            "created_at": images["created_at"],
            "last_launched_at": images["last_launched_at"],
            "unknown_because": ("Could not tell: " + use["blind_spot"] + ".").where(blind),
        }
    )


_US = {"account_id": "111122223333", "region": "eu-west-1"}


def _image(name: str, days: int, **more: object) -> dict[str, object]:
    return {**_US, "name": name, "state": "available", "is_public": False, "created_at": f"{days} days ago", **more}


_FIRST = _image("app-v1.0.0-20251001-1a2b3", 100, image_id="ami-0a")
_NEWER = [_image(f"app-v1.{n}.0-202512{n:02d}-{n}fe{n}0", 60 - n, image_id=f"ami-0b{n}") for n in (1, 2, 3)]


def _named(strength: str) -> list[dict[str, str]]:
    return [{**_US, "image_id": "ami-0a", "referrer_type": "instance", "referrer_id": "i-0c", "strength": strength}]


_POLICY = {
    "images": _NEWER,
    "image_tags": [{"image_id": "ami-0a", "key": "aws:dlm:lifecycle-policy-id", "value": "policy-0a"}],
}

FAILS = [
    {**_FIRST, "given": {**_POLICY, "lifecycle_policies": [{"policy_id": "policy-0a", "state": "ERROR"}]}},
    {
        **_FIRST,
        "given": {"images": _NEWER},
        "expect": {"family": "app", "newer_images": 3, "newest_image": "ami-0b3"},
    },
    {**_FIRST, "given": {"images": _NEWER, "image_references": _named("old")}},
    {**_FIRST, "given": {"images": _NEWER[:1]}, "config": {"images": {"keep": 1}}},
    {
        **_FIRST,
        "name": "one",
        "given": {
            "images": _NEWER,
            "image_tags": [{"image_id": f"ami-0{x}", "key": "line", "value": "app"} for x in ("a", "b1", "b2", "b3")],
        },
        "config": {"images": {"family_tag": "line"}},
        "expect": {"family": "app"},
    },
    # a copy under another name is still the image that it is a copy of
    {
        **_FIRST,
        "given": {
            "images": [
                {**_NEWER[0], "name": "renamed", "source_image_id": "ami-0f", "source_image_region": "us-east-1"},
                {**_FIRST, "region": "us-east-1", "image_id": "ami-0f"},
                *_NEWER[1:],
            ]
        },
    },
    {
        **_FIRST,
        "given": {"images": [{**row, "name": f"{row['name']}.app"} for row in _NEWER]},
        "config": {"images": {"family_pattern": "-v.*$"}},
    },
    *(
        {**_FIRST, "name": f"app{first}", "given": {"images": [{**row, "name": f"app{second}"} for row in _NEWER]}}
        for first, second in (
            ("-1700000000", "-1763800000"),
            ("-2025-10-01", "-2025-12-01"),
            ("_20251001T0312Z", "_20251201T0312Z"),
            ("-1.9.0", "-1.10.0"),
            ("-v1", "-v2"),
            ("-9f3c1de", "-0c9a2b7"),
        )
    ),
]
PASSES = [
    {**_FIRST, "given": {"images": _NEWER[:2]}},
    {**_FIRST, "created_at": "10 days ago", "given": {"images": _NEWER}},
    *({**_FIRST, "given": {"images": _NEWER, "image_references": _named(use)}} for use in ("running", "named")),
    {**_FIRST, "given": {"images": [*_NEWER[:2], {**_NEWER[2], "state": "disabled"}]}},
    {**_FIRST, "given": {"images": [*_NEWER[:2], {**_NEWER[2], "region": "us-east-1"}]}},
    {**_FIRST, "given": {"images": [*_NEWER[:2], {**_NEWER[2], "account_id": "444455556666"}]}},
    {**_FIRST, "state": "disabled", "given": {"images": _NEWER}},
    {**_FIRST, "given": {"images": _NEWER}, "config": {"images": {"family_tag": "line"}}},
    {**_FIRST, "given": {"images": _NEWER, "recovery_points": [{"recovery_id": "ami-0a"}]}},
    {**_FIRST, "given": {**_POLICY, "lifecycle_policies": [{"policy_id": "policy-0a", "state": "ENABLED"}]}},
    # made from an instance of the family, and a family of its own
    {
        **_FIRST,
        "given": {
            "images": [
                {**row, "name": "renamed", "source_image_id": "ami-0a", "source_instance_id": "i-0a"} for row in _NEWER
            ]
        },
    },
    # neighbours, not successors
    *(
        {**_FIRST, "name": f"app{first}", "given": {"images": [{**row, "name": f"app{second}"} for row in _NEWER]}}
        for first, second in (
            ("-ubuntu-22.04-20251001", "-ubuntu-24.04-20251201"),
            ("-debian-12-v1.0.0", "-debian-13-v1.0.0"),
            ("-facade", "-decade"),
            ("-db1", "-db2"),
        )
    ),
]
UNKNOWN = [
    {**_FIRST, "is_public": True, "given": {"images": _NEWER}},
    {**_FIRST, "created_at": None, "given": {"images": _NEWER}},
    {**_FIRST, "state": None, "given": {"images": _NEWER}},
    {**_FIRST, "name": None, "given": {"images": _NEWER}},
    {**_FIRST, "given": {"images": _NEWER}, "gap": "image_references"},
]
