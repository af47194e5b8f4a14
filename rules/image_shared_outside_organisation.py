"""An image shared with somebody outside the organisation."""

import pandas as pd

from auditor.rule import Verdict, rule


@rule(
    title="Image is shared outside the organisation",
    severity="high",
    subject="images",
    headline=(
        "1 image is shared outside the organisation",
        "{count} images are shared outside the organisation",
    ),
    message="{image_id} is shared with {grantee_id}, {who}",
    remedy="aws ec2 modify-image-attribute --region {region} --image-id {image_id} "
    "--attribute launchPermission --operation-type remove --user-ids {grantee_id}",
    breaks="Whoever it is shared with can no longer launch it. Copies they have made already stay theirs.",
    controls={
        "NIST 800-53 r5": ["AC-3", "AC-4", "AC-6", "AC-21"],
        "PCI DSS v4.0": ["10.3.2", "A1.1.2"],
        "HIPAA": ["164.308(a)(3)(i)", "164.312(a)(1)"],
        "SOC 2": ["CC6.1", "CC6.6"],
    },
)
def image_shared_outside_organisation(images: pd.DataFrame, image_access: pd.DataFrame) -> Verdict:
    """Whoever an image is shared with can launch it and read its disks, and nothing here shows that they did.

    Found is each grantee that is neither a member of the organisation, nor among the trusted accounts of the
    configuration or those that one of its ``[[sharing.expect]]`` allows for the image, nor AWS Marketplace, and no part
    of it. Without an organisation, whoever is not in scope counts as outside. What is public, and what is shared with
    closed accounts, is judged by rules of their own.

    How bad it is depends on whether it works today::

        shared with                     works     key not known             does not work
        an account nobody knows         high      medium                    low
        another organisation, its unit  high      medium                    low
        a trusted one, but not with it  high      medium                    low

    The last is a trusted account that ``may_share_with`` of a ``[[sharing.expect]]`` for it leaves out.

    Encrypted images can only be read by those whom their KMS key lets, too: its policy and grants are read. What
    does not work now does as soon as somebody opens the key.

    For an organisation or unit the command takes ``--organization-arns`` or ``--organizational-unit-arns``.

    Ask the owner who the other party is. Take the permission away, or name the account in ``[sharing]
    trusted_accounts``, or in ``may_share_with`` for what it may have.
    """
    if not len(image_access):
        return pd.Series(False, index=images.index)
    strangers = image_access[image_access["outside_because"].notna() | image_access["grantee_class"].isna()]
    if not len(strangers):
        return pd.Series(False, index=images.index)
    places = pd.Index(images["image_id"]).get_indexer(strangers["image_id"])
    told = strangers["grantee_class"].notna()
    return pd.DataFrame(
        {
            "found": told.where(told).astype("boolean").array,
            "grantee_id": strangers["grantee"].array,
            "who": strangers["outside_because"].array,
            "encrypted": strangers["encrypted"].array,
            "works": strangers["effective"].array,
            "works_because": strangers["effective_because"].array,
            "severity": strangers["severity"].array,
            "discriminator": strangers["grantee"].array,
            "unknown_because": "Could not tell: which organisation is ours is not known.",
        },
        index=images.index[places],
    ).astype({"found": "boolean"})


_OWN = {"image_id": "ami-0a", "state": "available"}
_OURS = {"directory": [{"member_id": "111122223333", "organisation_id": "o-a1", "state": "ACTIVE"}]}
_ARN = "arn:aws:organizations::999988887777"


def _with(grantee: str, kind: str = "account") -> dict[str, list[dict[str, str]]]:
    return {**_OURS, "image_shares": [{"grantee_type": kind, "grantee": grantee}]}


FAILS = [
    {
        **_OWN,
        "given": _with("999988887777"),
        "expect": {
            "severity": "high",
            "discriminator": "999988887777",
            "message": "ami-0a is shared with 999988887777, an account nobody here knows",
        },
    },
    {
        **_OWN,
        "given": _with(f"{_ARN}:organization/o-z9", "organisation"),
        "expect": {"who": "another organisation", "discriminator": f"{_ARN}:organization/o-z9"},
    },
    {**_OWN, "given": _with(f"{_ARN}:ou/o-z9/ou-z9-b2", "unit")},
    {
        **_OWN,
        "given": {
            "image_access": [
                {
                    "grantee": "999988887777",
                    "grantee_class": "unexpected",
                    "outside_because": "who is trusted, but not with this",
                }
            ]
        },
        "expect": {"message": "ami-0a is shared with 999988887777, who is trusted, but not with this"},
    },
    {
        **_OWN,
        "given": {
            **_with("999988887777"),
            "image_block_devices": [{"snapshot_id": "snap-0b", "encrypted": True}],
        },
        "expect": {"severity": "medium", "works": None},
    },
]
PASSES = [
    {**_OWN, "given": _OURS},
    {**_OWN, "given": _with("111122223333")},
    {**_OWN, "given": _with("all", "group")},
    {**_OWN, "given": {"image_access": [{"grantee": "999988887777", "grantee_class": "trusted"}]}},
    {**_OWN, "given": _with("arn:aws:organizations::111122223333:organization/o-a1", "organisation")},
    {**_OWN, "given": _with("arn:aws:organizations::111122223333:ou/o-a1/ou-a1-b2", "unit")},
]
UNKNOWN = [
    {
        **_OWN,
        "given": {"image_shares": [{"grantee_type": "organisation", "grantee": f"{_ARN}:organization/o-z9"}]},
        "expect": {"message": "Could not tell: which organisation is ours is not known."},
    },
    {**_OWN, "given": _with("999988887777"), "gap": "directory"},
    {**_OWN, "given": _with("999988887777"), "gap": "image_shares"},
    {**_OWN, "item_gap": "image_shares"},
]
