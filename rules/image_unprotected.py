"""An image that others rely on and that one call deregisters."""

import pandas as pd

from auditor.rule import Verdict, all_pass, among, flags, rule


@rule(
    title="Image that others rely on can be deregistered",
    severity="low",
    subject="images",
    headline=(
        "1 image that others rely on is not protected from deregistration",
        "{count} images that others rely on are not protected from deregistration",
    ),
    message="{image_id} is not protected from deregistration, and {needed}",
    remedy="aws ec2 enable-image-deregistration-protection --region {region} --image-id {image_id} --with-cooldown",
    breaks="Whoever retires the image, a pipeline too, must take the protection off first and wait a day after that.",
    controls={},
)
def image_unprotected(
    images: pd.DataFrame,
    image_references: pd.DataFrame,
    image_shares: pd.DataFrame,
    image_tags: pd.DataFrame,
    *,
    must_protect_tag: str = "",
) -> Verdict:
    """Deregistering an image takes one call, and then whatever launches from it, here or elsewhere, stops launching.

    Found are available images without deregistration protection that a launch template launches by its default or
    latest version, that an Auto Scaling group launches, or that are shared with anybody else. Where a tag is set as
    `must_protect_tag` ("key" or "key=value"), images that carry it are judged instead, and only those. Protection
    keeps nobody from disabling an image.

    Turn protection on, best with its cooldown, so that taking it off again is noticed in time.
    """
    protection = images["deregistration_protection"]
    bare = flags(protection.str.startswith("disabled").mask(~protection.str.match("disabled|enabled")))
    bare &= flags(images["state"].eq("available"))
    if all_pass(bare):
        return bare
    if must_protect_tag:
        key, given, value = must_protect_tag.partition("=")
        asked = image_tags["key"].eq(key) & (image_tags["value"].eq(value) if given else True)
        tagged = among(images["image_id"], image_tags.loc[asked.fillna(False), "image_id"])
        needed = pd.Series(f"its tag {key} asks for that", index=images.index, dtype="string").where(tagged)
    else:
        launching = image_references["strength"].isin(["default", "latest", "pinned"])
        launched = among(images["image_id"], image_references.loc[launching, "image_id"])
        others = image_shares[image_shares["grantee"].ne(image_shares["account_id"]).fillna(True)]
        shared = among(images["image_id"], others["image_id"])
        needed = pd.Series(pd.NA, index=images.index, dtype="string")
        needed = needed.mask(shared, "it is shared")
        needed = needed.mask(launched, "a template or group launches it").mask(
            launched & shared, "a template or group launches it and it is shared"
        )
    return pd.DataFrame(
        {
            "found": bare & needed.notna(),
            "needed": needed,
            "deregistration_protection": protection,
            "created_at": images["created_at"],
        }
    )


_BARE = {"image_id": "ami-0a", "state": "available", "deregistration_protection": "disabled"}


def _launched(strength: str) -> dict[str, list[dict[str, str]]]:
    return {"image_references": [{"referrer_type": "launch-template", "referrer_id": "lt-0b", "strength": strength}]}


_SHARED = {"image_shares": [{"grantee_type": "account", "grantee": "444455556666"}]}
_GOLDEN = {"image_tags": [{"key": "golden", "value": "true"}]}

FAILS = [
    {
        **_BARE,
        "given": _launched("default"),
        "expect": {"message": "ami-0a is not protected from deregistration, and a template or group launches it"},
    },
    *({**_BARE, "given": _launched(strength)} for strength in ("latest", "pinned")),
    {**_BARE, "given": _SHARED, "expect": {"needed": "it is shared"}},
    {**_BARE, "given": {"image_shares": [{"grantee_type": "group", "grantee": "all"}]}},
    {**_BARE, "given": _GOLDEN, "params": {"must_protect_tag": "golden=true"}},
    {**_BARE, "given": _GOLDEN, "params": {"must_protect_tag": "golden"}},
]
PASSES = [
    {**_BARE, "deregistration_protection": "enabled-with-cooldown", "given": _launched("default")},
    {**_BARE, "deregistration_protection": "enabled-without-cooldown", "given": _SHARED},
    {**_BARE},
    *({**_BARE, "given": _launched(strength)} for strength in ("running", "stopped", "named", "old")),
    {**_BARE, "given": {"image_shares": [{"grantee_type": "account", "grantee": "111122223333"}]}},
    {**_BARE, "state": "disabled", "given": _launched("default")},
    {**_BARE, "given": _GOLDEN},
    {**_BARE, "given": {**_GOLDEN, **_SHARED}, "params": {"must_protect_tag": "golden=false"}},
]
UNKNOWN = [
    {"image_id": "ami-0a", "state": "available", "given": _launched("default")},
    {**_BARE, "deregistration_protection": "something new", "given": _launched("default")},
    {**_BARE, "state": None, "given": _SHARED},
    {**_BARE, "given": _launched("default"), "gap": "image_shares"},
]
