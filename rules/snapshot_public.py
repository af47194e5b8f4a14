"""A snapshot that anyone with an AWS account can restore."""

import pandas as pd

from auditor.rule import Verdict, among, rule


@rule(
    title="Snapshot is public",
    severity="critical",
    subject="snapshots",
    headline=("1 snapshot can be restored by anyone", "{count} snapshots can be restored by anyone"),
    message="{snapshot_id} can be restored by anyone",
    remedy="aws ec2 modify-snapshot-attribute --region {region} --snapshot-id {snapshot_id} "
    "--attribute createVolumePermission --operation-type remove --group-names all",
    breaks="Strangers who restore it on purpose lose access. Accounts it is shared with by id keep theirs.",
    controls={
        "AWS FSBP": ["EC2.1"],
        "CIS AWS Compute Services v1.0.0": ["2.2.2"],
        "NIST 800-53 r5": ["AC-3", "AC-4", "AC-6", "AC-21", "SC-7"],
        "PCI DSS v4.0": ["10.3.2", "3.5.1.3", "A1.1.2", "A3.4.1"],
        "HIPAA": ["164.308(a)(3)(i)", "164.312(a)(1)"],
        "SOC 2": ["CC6.1", "CC6.6"],
    },
)
def snapshot_public(
    snapshots: pd.DataFrame,
    snapshot_public_permissions: pd.DataFrame,
    snapshot_block_public_access: pd.DataFrame,
) -> Verdict:
    """Anyone with an AWS account can copy a public snapshot and read everything on the disk, without leaving a trace.

    The permission of every snapshot is read, whether or not block public access hides it. A block of new sharing
    leaves open what was public before. Where the region blocks all public sharing, nobody gets in today: that is
    snapshot_public_latent.

    Take the permission away. If the data was confidential, treat it as disclosed.
    """
    block = snapshot_block_public_access["state"].iloc[:1]
    latent = bool(block.eq("block-all-sharing").fillna(False).any())
    public = among(snapshots["snapshot_id"], snapshot_public_permissions["snapshot_id"])
    if not public.any():
        return public
    return pd.DataFrame(
        {
            "found": public & (not latent),
            "exposure": "open",
            "block_public_access": block.iloc[0] if len(block) else pd.NA,
            "discriminator": "all",
        },
        index=snapshots.index,
    )


FAILS = [
    {
        "given": {
            "snapshot_public_permissions": [{"seen_by": "bulk"}],
            "snapshot_block_public_access": [{"state": "unblocked"}],
        },
        "expect": {"severity": "critical", "exposure": "open", "discriminator": "all"},
    },
    {
        "given": {
            "snapshot_public_permissions": [{"seen_by": "bulk"}],
            "snapshot_block_public_access": [{"state": "block-new-sharing"}],
        },
        "expect": {"severity": "critical", "exposure": "open"},
    },
]
PASSES = [
    {"given": {"snapshot_block_public_access": [{"state": "unblocked"}]}},
    {
        "given": {
            "snapshot_public_permissions": [{"seen_by": "attribute"}],
            "snapshot_block_public_access": [{"state": "block-all-sharing"}],
        }
    },
]
UNKNOWN = [
    {"gap": "snapshot_public_permissions"},
    {"gap": "snapshot_block_public_access", "given": {"snapshot_public_permissions": [{"seen_by": "bulk"}]}},
    {"item_gap": "snapshot_public_permissions"},
]
