"""AMIs the account owns, with their block devices and product codes (ec2 DescribeImages)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where
from auditor.aws.shape import Field, moment, name_tag, shape, tags

FIELDS: Mapping[str, Field] = {
    "image_id": "ImageId",
    "name": "Name",
    "name_tag": name_tag,
    "description": "Description",
    "owner_id": "OwnerId",
    "owner_alias": "ImageOwnerAlias",
    "state": "State",
    "state_reason": lambda item: (item.get("StateReason") or {}).get("Message"),
    "is_public": "Public",
    "created_at": moment("CreationDate"),
    "deprecated_at": moment("DeprecationTime"),
    "last_launched_at": moment("LastLaunchedTime"),
    "architecture": "Architecture",
    "platform": "Platform",
    "platform_details": "PlatformDetails",
    "usage_operation": "UsageOperation",
    "virtualization_type": "VirtualizationType",
    "hypervisor": "Hypervisor",
    "kernel_id": "KernelId",
    "ramdisk_id": "RamdiskId",
    "root_device_type": "RootDeviceType",
    "root_device_name": "RootDeviceName",
    "image_location": "ImageLocation",
    "image_type": "ImageType",
    "boot_mode": "BootMode",
    "tpm_support": "TpmSupport",
    "imds_support": "ImdsSupport",
    "ena_support": "EnaSupport",
    "sriov_net_support": "SriovNetSupport",
    "source_image_id": "SourceImageId",
    "source_image_region": "SourceImageRegion",
    "source_instance_id": "SourceInstanceId",
    "deregistration_protection": "DeregistrationProtection",
    "allowed": "ImageAllowed",
}


def _ebs(member: str) -> Callable[[Item], Any]:
    return lambda item: (item.get("Ebs") or {}).get(member)


DEVICE_FIELDS: Mapping[str, Field] = {
    "image_id": "ImageId",
    "device_name": "DeviceName",
    "snapshot_id": _ebs("SnapshotId"),
    "volume_size_gib": _ebs("VolumeSize"),
    "volume_type": _ebs("VolumeType"),
    "encrypted": _ebs("Encrypted"),
    "delete_on_termination": _ebs("DeleteOnTermination"),
    "virtual_name": "VirtualName",
    "no_device": "NoDevice",
}

CODE_FIELDS: Mapping[str, Field] = {
    "image_id": "ImageId",
    "product_code": "ProductCodeId",
    "product_code_type": "ProductCodeType",
}


def get(reader: Reader) -> Iterator[Page]:
    """Pages of images. Disabled ones are left out unless asked for, and their snapshots would look unused."""
    return reader.pages(
        "ec2",
        "DescribeImages",
        "Images",
        Owners=["self"],
        IncludeDisabled=True,
        IncludeDeprecated=True,
        MaxResults=1000,
    )


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """Images, their tags, block devices and product codes. Images deregistered a moment ago are not there any more."""
    page = [image for image in page if image.get("State") != "deregistered"]
    devices = [
        {**device, "ImageId": image["ImageId"]} for image in page for device in _listed(image, "BlockDeviceMappings")
    ]
    codes = [{**code, "ImageId": image["ImageId"]} for image in page for code in _listed(image, "ProductCodes")]
    return {
        "images": shape("images", where, page, FIELDS),
        "image_tags": tags("image_tags", where, page, "image", "ImageId"),
        "image_block_devices": shape("image_block_devices", where, devices, DEVICE_FIELDS),
        "product_codes": shape("product_codes", where, codes, CODE_FIELDS),
    }


def _listed(image: Item, member: str) -> list[Item]:
    return list(image.get(member) or ())


COLLECTOR = Collector(
    name="images",
    frames=("images", "image_tags", "image_block_devices", "product_codes"),
    actions=("ec2:DescribeImages",),
    get=get,
    transform=transform,
)
