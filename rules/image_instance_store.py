"""An image whose root device is an instance store."""

import pandas as pd

from auditor.rule import Verdict, all_pass, flags, one_of, rule


@rule(
    title="Image is backed by an instance store",
    severity="low",
    subject="images",
    headline=(
        "1 image is kept in S3 instead of EBS snapshots",
        "{count} images are kept in S3 instead of EBS snapshots",
    ),
    message="{image_id} is kept in S3, and its instances lose their root disk when they end",
    remedy="aws ec2 describe-instances --region {region} --filters Name=image-id,Values={image_id}",
    breaks="Nothing: the command only looks for instances that still run on the image.",
    controls={},
)
def image_instance_store(images: pd.DataFrame) -> Verdict:
    """Only a few old instance types launch such an image, and its instances cannot be stopped and started again.

    The image's root device type is judged, in images that can be launched or enabled again. Ephemeral disks beside
    an EBS root do not count. Such an image has no snapshots, so no figure here says what it costs: its bundle lies in
    a bucket in S3, and stays there when the image is deregistered.

    Rebuild it on EBS if anything needs it. Otherwise deregister it, then delete its bundle from the bucket.
    """
    kept = flags(images["root_device_type"].eq("instance-store"))
    usable = one_of(images["state"], "available", "disabled")
    found = kept & usable
    if all_pass(found):
        return found
    return pd.DataFrame(
        {
            "found": found,
            "image_location": images["image_location"],
            "created_at": images["created_at"],
            "last_launched_at": images["last_launched_at"],
            "state": images["state"],
        }
    )


_KEPT = {"root_device_type": "instance-store", "image_location": "bundles/app/image.manifest.xml"}

FAILS = [
    {
        **_KEPT,
        "state": "available",
        "image_id": "ami-0a",
        "expect": {"image_location": "bundles/app/image.manifest.xml", "severity": "low"},
    },
    {**_KEPT, "state": "disabled"},
]
PASSES = [
    {"root_device_type": "ebs", "state": "available"},
    {
        "root_device_type": "ebs",
        "state": "available",
        "given": {"image_block_devices": [{"device_name": "/dev/sdb", "virtual_name": "ephemeral0"}]},
    },
    {**_KEPT, "state": "failed"},
]
UNKNOWN = [
    {"state": "available"},
    {"root_device_type": "instance-store"},
    {**_KEPT, "state": "available", "gap": "images"},
]
