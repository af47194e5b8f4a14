"""A snapshot that would be public if the region did not block it."""

import pandas as pd

from auditor.rule import Verdict, among, rule


@rule(
    title="Snapshot is public behind a block",
    severity="medium",
    subject="snapshots",
    headline=(
        "1 snapshot becomes public when its region's block is relaxed",
        "{count} snapshots become public when their region's block is relaxed",
    ),
    message="{snapshot_id} becomes public when the region's block is relaxed",
    remedy="aws ec2 modify-snapshot-attribute --region {region} --snapshot-id {snapshot_id} "
    "--attribute createVolumePermission --operation-type remove --group-names all",
    breaks="Nothing: nobody outside gets at it while the block stands. Accounts it is shared with by id keep theirs.",
    controls={
        "NIST 800-53 r5": ["AC-3", "AC-6"],
        "SOC 2": ["CC6.1", "CC6.6"],
    },
)
def snapshot_public_latent(
    snapshots: pd.DataFrame,
    snapshot_public_permissions: pd.DataFrame,
    snapshot_block_public_access: pd.DataFrame,
) -> Verdict:
    """Blocking all public sharing hides what is public and takes no permission away: the block alone keeps it in.

    The permission of every snapshot is read, whether or not block public access hides it. Found are those with a
    permission for everybody where the region blocks all sharing. Where it does not, that is snapshot_public.

    Take the permission away before anyone relaxes the block.
    """
    latent = bool(snapshot_block_public_access["state"].eq("block-all-sharing").fillna(False).any())
    public = among(snapshots["snapshot_id"], snapshot_public_permissions["snapshot_id"])
    if not public.any():
        return public
    return pd.DataFrame(
        {
            "found": public & latent,
            "exposure": "latent",
            "block_public_access": "block-all-sharing",
            "discriminator": "all",
        },
        index=snapshots.index,
    )


_PUBLIC = {"snapshot_public_permissions": [{"seen_by": "attribute"}]}

FAILS = [
    {
        "given": {**_PUBLIC, "snapshot_block_public_access": [{"state": "block-all-sharing"}]},
        "expect": {"severity": "medium", "exposure": "latent", "block_public_access": "block-all-sharing"},
    }
]
PASSES = [
    {"given": {**_PUBLIC, "snapshot_block_public_access": [{"state": "unblocked"}]}},
    {"given": {**_PUBLIC, "snapshot_block_public_access": [{"state": "block-new-sharing"}]}},
    {"given": {"snapshot_block_public_access": [{"state": "block-all-sharing"}]}},
    {
        "given": {
            "snapshot_shares": [{"grantee_type": "account", "grantee": "999988887777"}],
            "snapshot_block_public_access": [{"state": "block-all-sharing"}],
        }
    },
]
UNKNOWN = [
    {"gap": "snapshot_public_permissions"},
    {"gap": "snapshot_block_public_access", "given": _PUBLIC},
    {"item_gap": "snapshot_public_permissions"},
]
