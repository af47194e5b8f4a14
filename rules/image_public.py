"""An image that anyone with an AWS account can launch."""

import pandas as pd

from auditor.rule import Verdict, all_pass, flags, rule


@rule(
    title="Image is public",
    severity="critical",
    subject="images",
    headline=("1 image can be launched by anyone", "{count} images can be launched by anyone"),
    message="{image_id} can be launched by anyone",
    remedy="aws ec2 modify-image-attribute --region {region} --image-id {image_id} "
    '--launch-permission "Remove=[{{Group=all}}]"',
    breaks="Strangers and partners who launch it without a share of their own can no longer do so. Running instances "
    "stay.",
    controls={
        "CIS AWS Compute Services v1.0.0": ["2.1.5"],
        "NIST 800-53 r5": ["AC-3", "AC-4", "AC-6", "AC-21", "SC-7"],
        "PCI DSS v4.0": ["10.3.2", "3.5.1.3", "A1.1.2", "A3.4.1"],
        "HIPAA": ["164.308(a)(3)(i)", "164.312(a)(1)"],
        "SOC 2": ["CC6.1", "CC6.6"],
    },
)
def image_public(images: pd.DataFrame, image_block_devices: pd.DataFrame) -> Verdict:
    """Anyone with an AWS account can launch a public image and read every disk that it carries.

    The image's own launch permission is judged. Block public access for images stops new ones and never hides those
    that are public already, and a block on snapshot sharing does not protect the snapshots of a public image: whoever
    may launch it may create volumes from them. The evidence counts them. A disabled image has lost its permissions and
    passes.

    Make it private and share it with the accounts that need it. If it is published on purpose, record a waiver.
    """
    public = images["is_public"] & flags(images["state"].eq("available"))
    if all_pass(public):
        return public
    snapshots = image_block_devices.loc[image_block_devices["snapshot_id"].notna(), "image_id"].value_counts()
    return pd.DataFrame(
        {
            "found": public,
            "state": images["state"],
            "created_at": images["created_at"],
            "snapshots_open": images["image_id"].map(snapshots).fillna(0).astype("Int64"),
        }
    )


FAILS = [
    {"is_public": True, "state": "available", "expect": {"severity": "critical", "snapshots_open": 0}},
    {
        "is_public": True,
        "state": "available",
        "given": {
            "image_block_devices": [{"snapshot_id": "snap-0a"}, {"snapshot_id": "snap-0b"}, {"snapshot_id": None}],
            "snapshot_block_public_access": [{"state": "block-all-sharing"}],
        },
        "expect": {"severity": "critical", "snapshots_open": 2},
    },
]
PASSES = [
    {"is_public": False, "state": "available"},
    {"is_public": True, "state": "disabled"},
    {"is_public": False, "state": "available", "given": {"image_shares": [{"grantee": "999988887777"}]}},
]
UNKNOWN = [
    {"state": "available"},
    {"is_public": True},
    {"is_public": True, "state": "available", "gap": "images"},
]
