"""A snapshot that would be public if the region did not block it."""

import numpy as np
import pandas as pd

from auditor.rule import Verdict, among, lookup, rule


@rule(
    title="Snapshot is public behind a block",
    severity="medium",
    subject="snapshots",
    headline=(
        "1 snapshot becomes public when its region's block is relaxed",
        "{count} snapshots become public when their region's block is relaxed",
    ),
    message="{snapshot_id} {becomes}",
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
    images: pd.DataFrame,
    image_block_devices: pd.DataFrame,
) -> Verdict:
    """Blocking all public sharing hides what is public and takes no permission away: the block alone keeps it in.

    The permission of every snapshot is read, whether or not block public access hides it. Found are those with a
    permission for everybody where the region blocks all sharing. Where it does not, that is snapshot_public.

    The block does not reach what goes through an image: everybody may create volumes from the snapshots of a public
    one. Where such an image maps it, the snapshot is open today, and the finding critical.

    Take the permission away before anyone relaxes the block.
    """
    latent = bool(snapshot_block_public_access["state"].eq("block-all-sharing").fillna(False).any())
    public = among(snapshots["snapshot_id"], snapshot_public_permissions["snapshot_id"])
    if not latent or not public.any():
        return public & latent
    snapshot = snapshots.loc[public, "snapshot_id"]
    launched = images["is_public"].fillna(value=False) & images["state"].eq("available").fillna(value=False)
    mapped = image_block_devices[among(image_block_devices["image_id"], images.loc[launched, "image_id"])]
    image = lookup(snapshot, mapped["snapshot_id"], mapped["image_id"])
    through = image.notna().to_numpy()
    shut = "becomes public when the region's block is relaxed"
    return pd.DataFrame(
        {
            "found": True,
            "exposure": np.where(through, "open through a public image", "latent"),
            "public_image": image,
            "becomes": ("is open to everybody through public image " + image).fillna(shut),
            "severity": np.where(through, "critical", "medium"),
            "block_public_access": "block-all-sharing",
            "discriminator": "all",
        },
        index=snapshot.index,
    )


_PUBLIC = {"snapshot_public_permissions": [{"seen_by": "attribute"}]}

FAILS = [
    {
        "given": {**_PUBLIC, "snapshot_block_public_access": [{"state": "block-all-sharing"}]},
        "expect": {"severity": "medium", "exposure": "latent", "block_public_access": "block-all-sharing"},
    },
    {
        "snapshot_id": "snap-0a",
        "given": {
            **_PUBLIC,
            "snapshot_block_public_access": [{"state": "block-all-sharing"}],
            "images": [{"image_id": "ami-0b", "is_public": True, "state": "available"}],
            "image_block_devices": [{"image_id": "ami-0b"}],
        },
        "expect": {
            "severity": "critical",
            "exposure": "open through a public image",
            "message": "snap-0a is open to everybody through public image ami-0b",
        },
    },
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
    {
        "gap": "images",
        "given": {**_PUBLIC, "snapshot_block_public_access": [{"state": "block-all-sharing"}]},
    },
    {"gap": "snapshot_block_public_access", "given": _PUBLIC},
    {"item_gap": "snapshot_public_permissions"},
]
