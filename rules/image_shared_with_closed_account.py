"""An image that is still shared with a closed account of the organisation."""

import pandas as pd

from auditor.rule import Verdict, rule


@rule(
    title="Image is shared with a closed account",
    severity="medium",
    subject="images",
    headline=("1 image is shared with a closed account", "{count} images are shared with closed accounts"),
    message="{image_id} is shared with {grantee_id}, an account of ours that is closed or closing",
    remedy="aws ec2 modify-image-attribute --region {region} --image-id {image_id} "
    "--attribute launchPermission --operation-type remove --user-ids {grantee_id}",
    breaks="Nothing while the account is closed. Should it be opened again, it has to be shared with anew.",
    controls={
        "NIST 800-53 r5": ["AC-3", "AC-4", "AC-6", "AC-21"],
        "PCI DSS v4.0": ["10.3.2", "A1.1.2"],
        "HIPAA": ["164.308(a)(3)(i)", "164.312(a)(1)"],
        "SOC 2": ["CC6.1", "CC6.6"],
    },
)
def image_shared_with_closed_account(images: pd.DataFrame, image_access: pd.DataFrame) -> Verdict:
    """A closed account can be opened again for 90 days; whoever does so gets at what is still shared with it.

    Found is each account of the organisation in the state SUSPENDED, PENDING_CLOSURE or CLOSED that an image is shared
    with by its id. A share with the organisation or a unit is not about one account and passes.

    How bad it is depends on whether it would work::

        shared with       works     key not known             does not work
        a closed member   medium    low                       low

    Take the permission away, and whatever else the account was given.
    """
    closed = image_access[image_access["grantee_class"].eq("closed").fillna(False)]
    if not len(closed):
        return pd.Series(False, index=images.index)
    places = pd.Index(images["image_id"]).get_indexer(closed["image_id"])
    return pd.DataFrame(
        {
            "found": True,
            "grantee_id": closed["grantee"].array,
            "account_name": closed["grantee_name"].array,
            "encrypted": closed["encrypted"].array,
            "severity": closed["severity"].array,
            "discriminator": closed["grantee"].array,
        },
        index=images.index[places],
    ).astype({"found": "boolean"})


_OWN = {"image_id": "ami-0a", "state": "available"}


def _with(state: str, grantee: str = "444455556666") -> dict[str, list[dict[str, str]]]:
    return {
        "image_shares": [{"grantee_type": "account", "grantee": grantee}],
        "directory": [
            {"member_id": "111122223333", "organisation_id": "o-a1", "state": "ACTIVE"},
            {"member_id": "444455556666", "organisation_id": "o-a1", "state": state, "name": "acquired"},
        ],
    }


FAILS = [
    {
        **_OWN,
        "given": _with("SUSPENDED"),
        "expect": {"severity": "medium", "discriminator": "444455556666", "account_name": "acquired"},
    },
    {**_OWN, "given": _with("PENDING_CLOSURE")},
    {
        **_OWN,
        "given": {**_with("CLOSED"), "image_block_devices": [{"snapshot_id": "snap-0b", "encrypted": True}]},
        "expect": {"severity": "low"},
    },
]
PASSES = [
    {**_OWN, "given": _with("ACTIVE")},
    {**_OWN, "given": _with("SUSPENDED", "999988887777")},
    {**_OWN},
]
UNKNOWN = [
    {**_OWN, "given": _with("SUSPENDED"), "gap": "directory"},
    {**_OWN, "given": _with("SUSPENDED"), "gap": "image_shares"},
]
