"""A launch template that launches an image which is gone."""

import pandas as pd

from auditor.rule import among, beside, rule


@rule(
    title="Launch template launches an image that is gone",
    severity="medium",
    subject="launch_template_versions",
    headline=(
        "1 launch template version launches an image that is gone",
        "{count} launch template versions launch images that are gone",
    ),
    message="Version {version} of {template_id} launches {image_id}, which {fate}",
    remedy="aws ec2 list-images-in-recycle-bin --region {region}",
    breaks="Nothing: the command only lists what can still be restored. Where the image is gone for good, give the "
    "template a new version with another image and make that the default.",
    controls={},
)
def reference_to_missing_image(
    launch_template_versions: pd.DataFrame,
    images: pd.DataFrame,
    instance_images: pd.DataFrame,
    recycle_bin_images: pd.DataFrame,
    snapshot_origins: pd.DataFrame,
) -> pd.DataFrame:
    """Every launch from it fails, and an Auto Scaling group notices only when it needs the next machine.

    Judged are the default and the latest version of each template that name an image by id. Found are those whose
    image is none of the account's, in any state, and that was the account's: it lies in the Recycle Bin, or a snapshot
    says that CreateImage or CopyImage made it for that image. Ids that leave no such trace may be images of others,
    which cannot be told from deleted ones without trying; they pass, and so does an image that AWS still knows by an
    instance that runs on it. That another image was copied from it proves nothing: one can copy what others share.

    Restore the image from the Recycle Bin before it goes; otherwise give the template a version with a living one.
    """
    named = launch_template_versions["image_id"]
    alive = instance_images.loc[instance_images["image_state"].ne("deregistered").fillna(False), "image_id"]
    made = snapshot_origins.loc[snapshot_origins["origin"].isin(["create-image", "copy-image"]), "made_for"]
    binned = among(named, recycle_bin_images["image_id"])
    gone = (binned | among(named, made)) & ~among(named, images["image_id"]) & ~among(named, alive)
    exits = beside(named, recycle_bin_images, "image_id")["exits_at"]
    until = exits.dt.strftime(" until %Y-%m-%d").astype("string").fillna("")
    current = launch_template_versions["is_default"] | launch_template_versions["is_latest"]
    return pd.DataFrame(
        {
            "found": current & gone.astype("boolean"),
            "fate": ("lies in the Recycle Bin" + until).where(binned, "is deregistered"),
            "template_name": launch_template_versions["template_name"],
            "is_default": launch_template_versions["is_default"],
            "is_latest": launch_template_versions["is_latest"],
        }
    )


_NAMES = {
    "template_id": "lt-0a",
    "version": 3,
    "image_id": "ami-0b",
    "is_default": True,
    "is_latest": False,
}


_LEFT = {
    "snapshots": [{"snapshot_id": "snap-0c", "description": "Created by CreateImage(i-0e) for ami-0b from vol-0d"}]
}

FAILS = [
    {
        **_NAMES,
        "given": _LEFT,
        "expect": {
            "message": "Version 3 of lt-0a launches ami-0b, which is deregistered",
            "resource_id": "lt-0a",
            "discriminator": "3",
        },
    },
    {**_NAMES, "is_default": False, "is_latest": True, "given": _LEFT},
    {
        **_NAMES,
        "given": {
            "snapshots": [
                {
                    "snapshot_id": "snap-0c",
                    "description": "Copied for DestinationAmi ami-0b from SourceAmi ami-0f for SourceSnapshot snap-0d. "
                    "Task created on 1,767,000,000,000.",
                }
            ]
        },
    },
    {
        **_NAMES,
        "given": {"recycle_bin_images": [{"image_id": "ami-0b", "exits_at": "2026-02-20T00:00:00Z"}]},
        "expect": {"fate": "lies in the Recycle Bin until 2026-02-20"},
    },
    {**_NAMES, "given": {**_LEFT, "instance_images": [{"image_id": "ami-0b", "image_state": "deregistered"}]}},
]
PASSES = [
    {**_NAMES, "given": {**_LEFT, "images": [{"image_id": "ami-0b", "state": "available"}]}},
    {**_NAMES, "given": {**_LEFT, "images": [{"image_id": "ami-0b", "state": "disabled"}]}},
    {**_NAMES, "is_default": False, "given": _LEFT},
    # nothing says that it was ours
    {**_NAMES},
    {**_NAMES, "given": {"images": [{"image_id": "ami-0h", "source_image_id": "ami-0b"}]}},
    {**_NAMES, "given": {**_LEFT, "instance_images": [{"image_id": "ami-0b", "image_state": "available"}]}},
    {**_NAMES, "image_id": "resolve:ssm:/golden/app", "given": _LEFT},
    {**_NAMES, "image_id": None, "given": _LEFT},
]
UNKNOWN = [
    {**_NAMES, "is_default": None, "is_latest": None, "given": _LEFT},
    {**_NAMES, "given": _LEFT, "gap": "images"},
    {**_NAMES, "gap": "recycle_bin_images"},
]
