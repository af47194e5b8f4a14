"""Settings that every account has once per region: what may be made public, what is encrypted, what may be launched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Page, Reader, Where
from auditor.aws.shape import shape


def _setting(name: str, operation: str, fields: Mapping[str, str]) -> Collector:
    def get(reader: Reader) -> Iterator[Page]:
        yield [reader.call("ec2", operation)]

    def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
        return {name: shape(name, where, page, fields)}

    return Collector(name=name, frames=(name,), actions=(f"ec2:{operation}",), get=get, transform=transform)


SETTINGS = (
    _setting(
        "snapshot_block_public_access",
        "GetSnapshotBlockPublicAccessState",
        {"state": "State", "managed_by": "ManagedBy"},
    ),
    _setting(
        "image_block_public_access",
        "GetImageBlockPublicAccessState",
        {"state": "ImageBlockPublicAccessState", "managed_by": "ManagedBy"},
    ),
    _setting("encryption_by_default", "GetEbsEncryptionByDefault", {"enabled": "EbsEncryptionByDefault"}),
    _setting("default_keys", "GetEbsDefaultKmsKeyId", {"key_arn": "KmsKeyId"}),
    _setting("allowed_images", "GetAllowedImagesSettings", {"state": "State", "managed_by": "ManagedBy"}),
)
