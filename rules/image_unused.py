"""An image that nothing uses and nobody has launched for a long time."""

from datetime import datetime

import pandas as pd

from auditor.rule import alongside, among, one_of, rule, whole_days


@rule(
    title="Image is unused",
    severity="low",
    subject="images",
    headline=("1 image is used by nothing we can see", "{count} images are used by nothing we can see"),
    message="{image_id} is used by nothing, and {launched}",
    remedy="aws ec2 disable-image --region {region} --image-id {image_id}",
    breaks="Launches that name it by id from places no API lists (scripts, pipelines, recovery plans) fail, and its "
    "shares are lost. Enabling it again brings it back; its shares must be set anew. Deregister it only after that.",
    controls={},
    saves=True,
    reach="organisation",
)
def image_unused(
    images: pd.DataFrame,
    image_use: pd.DataFrame,
    recovery_points: pd.DataFrame,
    as_of: datetime,
    *,
    unused_days: int = 90,
) -> pd.DataFrame:
    """An image that nobody uses still costs what its snapshots store, and grows more vulnerable by the month.

    Found are images, disabled ones too, made longer ago than the limit and not launched since, that nothing names in
    any account that was read: instances (stopped ones too), launch templates in all versions, launch configurations,
    Auto Scaling groups of any size, Parameter Store and Image Builder. AWS tells the last launch a day late and only
    since April 2017, so it is never the only evidence. Where an image is public, or shared with accounts that were
    not read, the verdict stays open. What AWS Backup holds as a recovery point goes by its plan and is not found. What
    CloudFormation, Terraform or a runbook names is not looked at.

    Disable it first, wait until nobody complains, then deregister it together with its snapshots.
    """
    limit = pd.Timedelta(days=unused_days)
    age = as_of - images["created_at"]
    old = (age > limit).astype("boolean").mask(age.isna())
    idle = as_of - images["last_launched_at"]
    launched = (idle <= limit).astype("boolean")
    usable = one_of(images["state"], "available", "disabled")
    keys = ["account_id", "region", "image_id"]
    use = alongside(images, image_use, keys)
    held = among(images["image_id"], recovery_points["recovery_id"].dropna())
    unused = usable & old & ~launched & use["references"].eq(0) & ~held
    blind = unused.fillna(False) & use["blind_spot"].notna()
    days = whole_days(idle).astype("string")
    return pd.DataFrame(
        {
            "found": unused.mask(blind),
            "launched": ("was last launched " + days + " days ago").fillna("AWS knows of no launch"),
            "age_days": whole_days(age),
            "created_at": images["created_at"],
            "last_launched_at": images["last_launched_at"],
            "state": images["state"],
            "unknown_because": ("Could not tell: " + use["blind_spot"] + ".").where(blind),
        }
    )


_IDLE = {"image_id": "ami-0a", "state": "available", "is_public": False, "created_at": "120 days ago"}
_US = {"account_id": "111122223333", "region": "eu-west-1"}
_OTHER = "444455556666"
_UNIT = "arn:aws:organizations::111122223333:ou/o-a1/ou-a1-b2"


def _shared(kind: str, grantee: str, **account: str) -> dict[str, list[dict[str, str]]]:
    return {
        "image_shares": [{**_US, "image_id": "ami-0a", "grantee_type": kind, "grantee": grantee}],
        "accounts": [{"account_id": _US["account_id"], "organisation_id": "o-a1"}, {"account_id": _OTHER, **account}],
    }


def _named(strength: str, account: str = _US["account_id"]) -> dict[str, list[dict[str, str]]]:
    reference = {"referrer_type": "launch-template", "referrer_id": "lt-0b", "strength": strength}
    return {"image_references": [{**_US, "account_id": account, "image_id": "ami-0a", **reference}]}


FAILS = [
    {**_US, **_IDLE, "expect": {"age_days": 120, "launched": "AWS knows of no launch"}},
    {**_US, **_IDLE, "state": "disabled"},
    {
        **_US,
        **_IDLE,
        "last_launched_at": "100 days ago",
        "expect": {"launched": "was last launched 100 days ago"},
    },
    {**_US, **_IDLE, "given": _shared("account", _OTHER)},
    {**_US, **_IDLE, "given": _shared("unit", _UNIT, organisation_id="o-a1", ou_path="o-a1/r-a1/ou-a1-b2")},
]
PASSES = [
    {**_US, **_IDLE, "given": _named("running")},
    {**_US, **_IDLE, "given": _named("old")},
    {**_US, **_IDLE, "given": _named("stopped", _OTHER)},
    {**_US, **_IDLE, "last_launched_at": "90 days ago"},
    {**_US, **_IDLE, "created_at": "90 days ago"},
    {**_US, **_IDLE, "state": "failed"},
    {**_US, **_IDLE, "given": {"recovery_points": [{**_US, "recovery_id": "ami-0a", "resource_type": "EC2"}]}},
    {**_US, **_IDLE, "is_public": True, "given": _named("default")},
]
UNKNOWN = [
    {**_US, **_IDLE, "is_public": True},
    {**_US, **_IDLE, "given": _shared("account", "999988887777")},
    {**_US, **_IDLE, "given": _shared("organisation", "arn:aws:organizations::999988887777:organization/o-z9")},
    {
        **_US,
        **_IDLE,
        "given": _shared("account", _OTHER),
        "gap": {"image_references": {"account_id": _OTHER, "region": "eu-west-1"}},
    },
    {
        **_US,
        **_IDLE,
        "given": _shared("unit", _UNIT, organisation_id="o-a1", ou_path="o-a1/r-a1/ou-a1-b2"),
        "gap": {"image_references": {"account_id": _OTHER, "region": "eu-west-1"}},
    },
    {**_US, **_IDLE, "gap": "image_references"},
    {**_US, **_IDLE, "gap": "image_shares"},
]
