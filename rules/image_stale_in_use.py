"""An image that is old and still launched."""

from datetime import datetime

import pandas as pd

from auditor.rule import Verdict, all_pass, alongside, among, older, one_of, rule, whole_days


@rule(
    title="Old image is still in use",
    severity="medium",
    subject="images",
    headline=("1 old image is still in use", "{count} old images are still in use"),
    message="{image_id} is {age_days} days old and is still used by {used_by}",
    remedy="aws ec2 describe-image-references --region {region} --image-ids {image_id} --include-all-resource-types",
    breaks="Nothing: the command only looks, in the account it runs in. Instances keep running on the old image until "
    "they are replaced.",
    controls={},
    reach="organisation",
)
def image_stale_in_use(
    images: pd.DataFrame,
    image_references: pd.DataFrame,
    image_use: pd.DataFrame,
    as_of: datetime,
    *,
    max_age_days: int = 180,
) -> Verdict:
    """What launches from an old image starts with every weakness that has been mended since it was made.

    Found are images made longer ago than the limit that an instance runs on in any account that was read, or that a
    launch template's default or latest version or an Auto Scaling group launches next. Stopped instances, superseded
    versions, parameters, launch configurations and recipes alone do not count. Whether a machine has been patched
    since its launch is not looked at. Where no such use is seen but the image is public, or shared with accounts that
    were not read, the verdict stays open.

    Build a fresh image, let what launches name it, and replace the machines.
    """
    age = as_of - images["created_at"]
    old = older(age, pd.Timedelta(days=max_age_days))
    usable = one_of(images["state"], "available", "disabled")
    due = usable & old
    if all_pass(due):
        return due
    firm = image_references[image_references["strength"].isin(_FIRM)]
    firm = firm[among(firm["image_id"], images.loc[due.fillna(True), "image_id"])]
    firm = firm.assign(rank=firm["strength"].map({name: place for place, name in enumerate(_FIRM)}))
    firm = firm.sort_values(["rank", "account_id", "referrer_type", "referrer_id"])
    firm = firm.drop_duplicates(["region", "image_id"])
    firm["used_by"] = firm["referrer_type"] + " " + firm["referrer_id"] + " in " + firm["account_id"]
    by = images[["region", "image_id"]].merge(
        firm[["region", "image_id", "used_by", "strength"]], on=["region", "image_id"], how="left"
    )
    by = by.set_index(images.index)
    keys = ["account_id", "region", "image_id"]
    use = alongside(images, image_use, keys)
    used = by["used_by"].notna().astype("boolean")
    blind = due.fillna(False) & ~used & use["blind_spot"].notna()
    return pd.DataFrame(
        {
            "found": (due & used).mask(blind),
            "age_days": whole_days(age),
            "created_at": images["created_at"],
            "used_by": by["used_by"],
            "strongest_use": by["strength"],
            "using_accounts": use["using_accounts"],
            "unknown_because": ("Could not tell: " + use["blind_spot"] + ".").where(blind),
        }
    )


#: Uses by which an image is launched, or was and runs, the firmest first.
_FIRM = ["running", "default", "latest", "pinned"]

_US = {"account_id": "111122223333", "region": "eu-west-1"}
_OTHER = "444455556666"
_OLD = {**_US, "image_id": "ami-0a", "state": "available", "is_public": False, "created_at": "200 days ago"}


def _reference(
    strength: str, account: str = _US["account_id"], region: str = "eu-west-1", referrer: str = "i-0b"
) -> dict[str, str]:
    what = {"referrer_type": "instance", "referrer_id": referrer, "strength": strength}
    return {"account_id": account, "region": region, "image_id": "ami-0a", **what}


def _used(
    strength: str, account: str = _US["account_id"], region: str = "eu-west-1"
) -> dict[str, list[dict[str, str]]]:
    return {"image_references": [_reference(strength, account, region)]}


_SHARED = {"image_shares": [{**_US, "image_id": "ami-0a", "grantee_type": "account", "grantee": "999988887777"}]}

FAILS = [
    {
        **_OLD,
        "given": _used("running"),
        "expect": {"age_days": 200, "used_by": "instance i-0b in 111122223333", "strongest_use": "running"},
    },
    *({**_OLD, "given": _used(strength)} for strength in ("default", "latest", "pinned")),
    {**_OLD, "given": _used("running", _OTHER)},
    {**_OLD, "is_public": True, "given": _used("running")},
    # a stopped instance does not hide the template behind it
    {
        **_OLD,
        "given": {"image_references": [_reference("stopped"), _reference("default", referrer="i-0c")]},
        "expect": {"used_by": "instance i-0c in 111122223333"},
    },
    {**_OLD, "created_at": "20 days ago", "given": _used("running"), "params": {"max_age_days": 14}},
]
PASSES = [
    {**_OLD},
    {**_OLD, "created_at": "100 days ago", "given": _used("running")},
    {**_OLD, "created_at": "100 days ago", "is_public": True},
    *({**_OLD, "given": _used(strength)} for strength in ("stopped", "named", "old")),
    {**_OLD, "given": _used("running", region="us-east-1")},
    {**_OLD, "state": "failed", "is_public": True},
]
UNKNOWN = [
    {**_OLD, "is_public": True},
    {**_OLD, "given": _SHARED},
    {**_OLD, "created_at": None, "given": _used("running")},
    {**_OLD, "given": _used("running"), "gap": "image_references"},
]
