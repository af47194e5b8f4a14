"""An image for a kind of virtualisation that current instance types no longer have."""

import pandas as pd

from auditor.rule import Verdict, all_pass, one_of, rule


@rule(
    title="Image is paravirtual",
    severity="medium",
    subject="images",
    headline=(
        "1 paravirtual image launches on no current instance type",
        "{count} paravirtual images launch on no current instance type",
    ),
    message="{image_id} is paravirtual, so only instance types of past generations launch it",
    remedy="aws ec2 describe-instances --region {region} --filters Name=image-id,Values={image_id}",
    breaks="Nothing: the command only looks for instances that still run on the image.",
    controls={},
)
def image_paravirtual(images: pd.DataFrame) -> Verdict:
    """Current instance types launch hardware-virtualised images only: a restore from this one may fail for good.

    Found are images, disabled ones too, whose virtualisation is paravirtual or that name a kernel, which only
    paravirtual ones do. An image that was registered from the same snapshot as hardware-virtualised passes.

    Rebuild the machine from a current image and move its data. A snapshot of the root disk holds the data all the same,
    but registering it as another kind of image does not make it boot.
    """
    kernel = images["kernel_id"].notna().astype("boolean")
    old = images["virtualization_type"].eq("paravirtual") | kernel.mask(~kernel & images["virtualization_type"].isna())
    usable = one_of(images["state"], "available", "disabled")
    found = old & usable
    if all_pass(found):
        return found
    return pd.DataFrame(
        {
            "found": found,
            "virtualization_type": images["virtualization_type"],
            "kernel_id": images["kernel_id"],
            "created_at": images["created_at"],
            "last_launched_at": images["last_launched_at"],
            "state": images["state"],
        }
    )


FAILS = [
    {
        "virtualization_type": "paravirtual",
        "kernel_id": "aki-0a",
        "state": "available",
        "expect": {"kernel_id": "aki-0a"},
    },
    {"virtualization_type": "paravirtual", "state": "disabled"},
    {"kernel_id": "aki-0a", "state": "available"},
    {"virtualization_type": "paravirtual", "root_device_type": "instance-store", "state": "available"},
]
PASSES = [
    {"virtualization_type": "hvm", "state": "available"},
    {"virtualization_type": "hvm", "hypervisor": "xen", "state": "available"},
    {"virtualization_type": "paravirtual", "state": "failed"},
]
UNKNOWN = [
    {"state": "available"},
    {"virtualization_type": "paravirtual"},
    {"virtualization_type": "paravirtual", "state": "available", "gap": "images"},
]
