"""Auto Scaling launch configurations, in use by a group or not: any of them can be launched tomorrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Page, Reader, Where
from auditor.aws.collectors._references import References
from auditor.aws.shape import Field, shape

FIELDS: Mapping[str, Field] = {
    "name": "LaunchConfigurationName",
    "image_id": "ImageId",
    "kernel_id": "KernelId",
    "created_at": "CreatedTime",
}

_CALL = "autoscaling DescribeLaunchConfigurations"


def get(reader: Reader) -> Iterator[Page]:
    """Items ``LaunchConfiguration``."""
    return reader.pages("autoscaling", "DescribeLaunchConfigurations", "LaunchConfigurations", MaxRecords=100)


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """Launch configurations and what they name."""
    images = References("image", _CALL)
    snapshots = References("snapshot", _CALL)
    for row in page:
        name = row["LaunchConfigurationName"]
        images.add(row["ImageId"], "launch-configuration", name, strength="named")
        for device in row.get("BlockDeviceMappings") or ():
            snapshot_id = (device.get("Ebs") or {}).get("SnapshotId")
            if snapshot_id:
                snapshots.add(
                    snapshot_id, "launch-configuration", name, detail=device.get("DeviceName"), strength="named"
                )
    return {
        "launch_configurations": shape("launch_configurations", where, page, FIELDS),
        "image_references": images.table(where),
        "snapshot_references": snapshots.table(where),
    }


COLLECTOR = Collector(
    name="launch_configurations",
    frames=("launch_configurations", "image_references", "snapshot_references"),
    actions=("autoscaling:DescribeLaunchConfigurations",),
    get=get,
    transform=transform,
)
