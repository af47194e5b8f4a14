"""A deprecated image that is still in use."""

from datetime import datetime

import pandas as pd

from auditor.rule import Verdict, all_pass, alongside, rule, whole_days


@rule(
    title="Deprecated image is still in use",
    severity="medium",
    subject="images",
    headline=("1 deprecated image is still in use", "{count} deprecated images are still in use"),
    message="{image_id} has been deprecated for {deprecated_days} days and is still used by {used_by}",
    remedy="aws ec2 describe-image-references --region {region} --image-ids {image_id} --include-all-resource-types",
    breaks="Nothing: the command only looks, in the account it runs in. Point what uses the image to its successor "
    "before you disable it, for new launches of a disabled image fail.",
    controls={"CIS AWS Compute Services v1.0.0": ["2.1.3"]},
    reach="organisation",
)
def image_deprecated_in_use(images: pd.DataFrame, image_use: pd.DataFrame, as_of: datetime) -> Verdict:
    """Its maker declared the image out of date, so what runs on it or launches from it misses the fixes since.

    Found are images whose deprecation date has passed (a date alone does not deprecate) and that something current
    uses in any account that was read: an instance, running or stopped, or a template, group or parameter that would
    launch it next. Superseded template versions do not count. Where no use is seen but the image is public, or
    shared with accounts that were not read, the verdict stays open.

    Move what uses it to the current image, then disable the old one.
    """
    age = as_of - images["deprecated_at"]
    deprecated = (age >= pd.Timedelta(0)).astype("boolean")
    if all_pass(deprecated):
        return deprecated
    keys = ["account_id", "region", "image_id"]
    use = alongside(images, image_use, keys)
    current = use["current_references"].gt(0)
    blind = deprecated & ~current.fillna(False) & use["blind_spot"].notna()
    return pd.DataFrame(
        {
            "found": (deprecated & current).mask(blind),
            "deprecated_days": whole_days(age),
            "deprecated_at": images["deprecated_at"],
            "used_by": use["strongest_by"],
            "strongest_use": use["strongest"],
            "current_references": use["current_references"],
            "using_accounts": use["using_accounts"],
            "unknown_because": ("Could not tell: " + use["blind_spot"] + ".").where(blind),
        }
    )


_OLD = {"image_id": "ami-0a", "state": "available", "is_public": False, "deprecated_at": "30 days ago"}
_US = {"account_id": "111122223333", "region": "eu-west-1"}
_OTHER = "444455556666"


def _named(
    strength: str, account: str = _US["account_id"], region: str = "eu-west-1"
) -> dict[str, list[dict[str, str]]]:
    reference = {"referrer_type": "instance", "referrer_id": "i-0b", "strength": strength}
    return {"image_references": [{"account_id": account, "region": region, "image_id": "ami-0a", **reference}]}


def _shared(grantee: str) -> dict[str, list[dict[str, str]]]:
    return {
        "image_shares": [{**_US, "image_id": "ami-0a", "grantee_type": "account", "grantee": grantee}],
        "accounts": [{"account_id": _US["account_id"]}, {"account_id": _OTHER}],
    }


FAILS = [
    {
        **_US,
        **_OLD,
        "given": _named("running"),
        "expect": {"deprecated_days": 30, "used_by": "instance i-0b in 111122223333", "strongest_use": "running"},
    },
    *({**_US, **_OLD, "given": _named(use)} for use in ("stopped", "default", "latest", "pinned", "named")),
    {**_US, **_OLD, "state": "disabled", "given": _named("running", _OTHER)},
    {**_US, **_OLD, "is_public": True, "given": _named("running")},
]
PASSES = [
    {**_US, **_OLD},
    {**_US, **_OLD, "given": _named("old")},
    {**_US, **_OLD, "given": _named("running", region="us-east-1")},
    {**_US, **_OLD, "deprecated_at": "in 7 days", "given": _named("running")},
    {**_US, **_OLD, "deprecated_at": None, "is_public": True, "given": _named("running")},
    {**_US, **_OLD, "given": _shared(_OTHER)},
]
UNKNOWN = [
    {**_US, **_OLD, "is_public": True},
    {**_US, **_OLD, "given": _shared("999988887777")},
    {
        **_US,
        **_OLD,
        "given": _shared(_OTHER),
        "gap": {"image_references": {"account_id": _OTHER, "region": "eu-west-1"}},
    },
    {**_US, **_OLD, "given": _named("running"), "gap": "image_references"},
]
