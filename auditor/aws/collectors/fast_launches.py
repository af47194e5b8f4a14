"""Images that Windows fast launch keeps pre-provisioned snapshots of in this account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where
from auditor.aws.collectors._references import References
from auditor.aws.shape import Field, shape

#: States that come to an end: the image is no longer wanted for launches (API reference, DescribeFastLaunchImages).
_ENDING = "disabling"


def _template(member: str) -> Field:
    def read(item: Item) -> Any:
        return (item.get("LaunchTemplate") or {}).get(member)

    return read


FIELDS: Mapping[str, Field] = {
    "image_id": "ImageId",
    "state": "State",
    "state_reason": "StateTransitionReason",
    "state_changed_at": "StateTransitionTime",
    "target_snapshots": lambda item: (item.get("SnapshotConfiguration") or {}).get("TargetResourceCount"),
    "template_id": _template("LaunchTemplateId"),
    "template_version": _template("Version"),
    "owner_id": "OwnerId",
}


def get(reader: Reader) -> Iterator[Page]:
    """Items ``DescribeFastLaunchImagesSuccessItem``."""
    return reader.pages("ec2", "DescribeFastLaunchImages", "FastLaunchImages", MaxResults=200)


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row an image; it is named as long as fast launch is not being switched off."""
    references = References("image", "ec2 DescribeFastLaunchImages")
    for item in page:
        if not str(item.get("State") or "").startswith(_ENDING):
            references.add(item["ImageId"], "fast-launch", item["ImageId"], detail=item.get("State"), strength="named")
    return {
        "fast_launches": shape("fast_launches", where, page, FIELDS),
        "image_references": references.table(where),
    }


COLLECTOR = Collector(
    name="fast_launches",
    frames=("fast_launches", "image_references"),
    actions=("ec2:DescribeFastLaunchImages",),
    get=get,
    transform=transform,
)
