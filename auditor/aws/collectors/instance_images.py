"""What AWS still knows of the image each instance runs on, even where that image is gone, private or not ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where
from auditor.aws.shape import Field, as_moment, shape


def _image(member: str) -> Field:
    def read(item: Item) -> Any:
        return (item.get("ImageMetadata") or {}).get(member)

    return read


def _image_moment(member: str) -> Field:
    def read(item: Item) -> Any:
        return as_moment((item.get("ImageMetadata") or {}).get(member))

    return read


FIELDS: Mapping[str, Field] = {
    "instance_id": "InstanceId",
    "image_id": _image("ImageId"),
    "image_name": _image("Name"),
    "image_owner_id": _image("OwnerId"),
    "image_owner_alias": _image("ImageOwnerAlias"),
    "image_state": _image("State"),
    "image_is_public": _image("IsPublic"),
    "image_allowed": _image("ImageAllowed"),
    "image_created_at": _image_moment("CreationDate"),
    "image_deprecated_at": _image_moment("DeprecationTime"),
}


def get(reader: Reader) -> Iterator[Page]:
    """Items ``InstanceImageMetadata``."""
    return reader.pages("ec2", "DescribeInstanceImageMetadata", "InstanceImageMetadata", MaxResults=1000)


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row an instance; an instance of which no image is told stays, with everything else missing."""
    return {"instance_images": shape("instance_images", where, page, FIELDS)}


COLLECTOR = Collector(
    name="instance_images",
    frames=("instance_images",),
    actions=("ec2:DescribeInstanceImageMetadata",),
    get=get,
    transform=transform,
)
