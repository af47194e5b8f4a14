"""An image that newer ones of its family have replaced."""

import pandas as pd

from auditor.rule import rule

#: What pipelines put after an image's name: version, date, time, build number, hash; as many of them as there are. A
#: short number stays, for it tells kinds of images apart (ubuntu-22.04, debian-12), and so does a word of letters.
_SUFFIX = (
    r"(?:[-_. /@](?:v\d+(?:\.\d+)*|\d+(?:\.\d+){2,}|\d{4}-\d{2}-\d{2}(?:[tT ]\d{2}[-:.]\d{2}[-:.]\d{2}[zZ]?)?"
    r"|\d{8}[tT_-]\d{4,6}[zZ]?|[0-9][0-9a-f]{4,}|[0-9a-f]{4,}[0-9]|[0-9a-f]+[0-9][0-9a-f]{3,}"
    r"|[0-9a-f]{2,}[0-9][0-9a-f]{2,}|[0-9a-f]{3,}[0-9][0-9a-f]+))+$"
)


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
    reach="organisation",
)
def image_superseded(
    images: pd.DataFrame,
    image_use: pd.DataFrame,
    image_tags: pd.DataFrame,
    *,
    keep: int = 3,
    family_pattern: str = _SUFFIX,
    family_tag: str = "",
) -> pd.DataFrame:
    """Pipelines add images and seldom take any away: behind the few that could still be wanted lie many that cost.

    A family is the available images of one account and region with one name, but for the version, date, build number
    and hash at its end; `family_pattern` says what is cut off. Where `family_tag` names a tag, its value is the family
    instead, and images without it have none. Found are images with at least `keep` newer ones in their family that
    nothing current in any account that was read uses. Superseded template versions do not count as use. Where an
    image is public, or shared with accounts that were not read, the verdict stays open.

    Keep the newest few for going back. Disable the others, wait, then deregister them together with their snapshots.
    """
    place = ["account_id", "region"]
    keys = [*place, "image_id"]
    if family_tag:
        tagged = image_tags.loc[image_tags["key"].eq(family_tag).fillna(False), [*keys, "value"]].drop_duplicates(keys)
        family = images[keys].merge(tagged, on=keys, how="left").set_index(images.index)["value"]
    else:
        family = images["name"].str.replace(family_pattern, "", regex=True)
        family = family.where(family.ne("").fillna(True), images["name"])
    ready = images["state"].eq("available").astype("boolean")
    members = images.loc[ready.fillna(False), [*place, "created_at", "image_id"]].assign(family=family)
    members = members.dropna(subset=["family", "created_at"]).sort_values("created_at", ascending=False)
    families = members.groupby([*place, "family"], sort=False)
    newer = (families["created_at"].rank(method="min", ascending=False) - 1).astype("Int64").reindex(images.index)
    newest = families["image_id"].transform("first").reindex(images.index)
    use = images[keys].merge(image_use, on=keys, how="left").set_index(images.index)
    untold = images["created_at"].isna() | images["state"].isna() | (images["name"].isna() & (not family_tag))
    behind = (newer >= keep).fillna(False).mask(untold)
    superseded = ready & behind & use["current_references"].eq(0)
    blind = superseded.fillna(False) & use["blind_spot"].notna()
    return pd.DataFrame(
        {
            "found": superseded.mask(blind),
            "family": family,
            "newer_images": newer,
            "newest_image": newest,
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


FAILS = [
    {
        **_FIRST,
        "given": {"images": _NEWER},
        "expect": {"family": "app", "newer_images": 3, "newest_image": "ami-0b3"},
    },
    {**_FIRST, "given": {"images": _NEWER, "image_references": _named("old")}},
    {**_FIRST, "given": {"images": _NEWER[:1]}, "params": {"keep": 1}},
    {
        **_FIRST,
        "name": "one",
        "given": {
            "images": _NEWER,
            "image_tags": [{"image_id": f"ami-0{x}", "key": "line", "value": "app"} for x in ("a", "b1", "b2", "b3")],
        },
        "params": {"family_tag": "line"},
        "expect": {"family": "app"},
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
    {**_FIRST, "given": {"images": _NEWER}, "params": {"family_tag": "line"}},
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
