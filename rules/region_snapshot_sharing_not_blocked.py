"""A region where snapshots can be made public."""

import numpy as np
import pandas as pd

from auditor.rule import flags, lookup, rule

_OFF = "not-opted-in"


@rule(
    title="Region does not block public snapshots",
    severity="high",
    subject="regions",
    headline=(
        "1 region of an account does not block public snapshots",
        "{count} regions do not block public snapshots, counted per account",
    ),
    message="In {region} of {account_id}, snapshot block public access is {block_public_access}",
    remedy="aws ec2 enable-snapshot-block-public-access --region {region} --state block-all-sharing",
    breaks="Snapshots that are public stop being so at once, those published on purpose too. Sharing with single "
    "accounts goes on.",
    controls={
        "AWS FSBP": ["EC2.182"],
        "CIS AWS Compute Services v1.0.0": ["2.2.2"],
        "NIST 800-53 r5": ["AC-3", "AC-4", "AC-6", "AC-21", "SC-7"],
        "SOC 2": ["CC6.1", "CC6.6"],
    },
)
def region_snapshot_sharing_not_blocked(
    regions: pd.DataFrame, snapshot_block_public_access: pd.DataFrame
) -> pd.DataFrame:
    """Without the block, one command by one person makes a snapshot readable by every AWS account.

    Only blocking all sharing passes. Blocking new sharing leaves open what is public already, so it is still found,
    graded lower. The setting is made per account and region; a region that is not switched on passes.

    Look for snapshots that are public on purpose, then block all public sharing, best by declarative policy for the
    whole organisation.
    """
    state = lookup(regions["region"], snapshot_block_public_access["region"], snapshot_block_public_access["state"])
    off = regions["opt_in_status"].eq(_OFF).fillna(False).to_numpy(bool)
    return pd.DataFrame(
        {
            "found": flags(state.ne("block-all-sharing")).mask(off, False),
            "block_public_access": state,
            "managed_by": lookup(
                regions["region"], snapshot_block_public_access["region"], snapshot_block_public_access["managed_by"]
            ),
            "severity": np.where(state.eq("block-new-sharing").fillna(False), "medium", "high"),
        }
    )


FAILS = [
    {
        "given": {"snapshot_block_public_access": [{"state": "unblocked"}]},
        "expect": {"severity": "high", "block_public_access": "unblocked"},
    },
    {
        "given": {"snapshot_block_public_access": [{"state": "block-new-sharing"}]},
        "expect": {"severity": "medium"},
    },
]
PASSES = [
    {"given": {"snapshot_block_public_access": [{"state": "block-all-sharing"}]}},
    {"opt_in_status": "not-opted-in"},
]
UNKNOWN = [{}, {"gap": "snapshot_block_public_access"}]
