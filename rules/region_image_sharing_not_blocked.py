"""A region where images can be made public."""

import pandas as pd

from auditor.rule import flags, lookup, rule

_OFF = "not-opted-in"


@rule(
    title="Region does not block public images",
    severity="medium",
    subject="regions",
    headline=(
        "1 region of an account does not block public images",
        "{count} regions do not block public images, counted per account",
    ),
    message="In {region} of {account_id}, images can be made public",
    remedy="aws ec2 enable-image-block-public-access --region {region} "
    "--image-block-public-access-state block-new-sharing",
    breaks="No new image can be made public, those meant to be published included. Images that are public stay so, "
    "and sharing with single accounts goes on.",
    controls={
        "CIS AWS Compute Services v1.0.0": ["2.1.5"],
        "NIST 800-53 r5": ["AC-3", "AC-4", "AC-6", "AC-21", "SC-7"],
        "SOC 2": ["CC6.1", "CC6.6"],
    },
)
def region_image_sharing_not_blocked(regions: pd.DataFrame, image_block_public_access: pd.DataFrame) -> pd.DataFrame:
    """Without the block, one command by one person lets every AWS account launch an image and read its disks.

    Blocking new sharing is the strongest setting there is for images, and passes. It does not hide images that are
    public already; those are found on their own. A region that is not switched on passes.

    Block new public sharing, best by declarative policy for the whole organisation.
    """
    state = lookup(regions["region"], image_block_public_access["region"], image_block_public_access["state"])
    off = regions["opt_in_status"].eq(_OFF).fillna(False).to_numpy(bool)
    return pd.DataFrame(
        {
            "found": flags(state.eq("unblocked")).mask(off, False),
            "block_public_access": state,
            "managed_by": lookup(
                regions["region"], image_block_public_access["region"], image_block_public_access["managed_by"]
            ),
        }
    )


FAILS = [
    {
        "given": {"image_block_public_access": [{"state": "unblocked", "managed_by": "account"}]},
        "expect": {"block_public_access": "unblocked", "managed_by": "account"},
    },
]
PASSES = [
    {"given": {"image_block_public_access": [{"state": "block-new-sharing"}]}},
    {"opt_in_status": "not-opted-in"},
]
UNKNOWN = [{}, {"gap": "image_block_public_access"}]
