"""Auto Scaling launch configurations, in use by a group or not: any of them can be launched tomorrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Page, Reader, Where
from auditor.aws.collectors._tables import References, at
from auditor.frames import FRAMES

_CALL = "autoscaling DescribeLaunchConfigurations"


def get(reader: Reader) -> Iterator[Page]:
    """Items ``LaunchConfiguration``."""
    return reader.pages("autoscaling", "DescribeLaunchConfigurations", "LaunchConfigurations", MaxRecords=100)


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """Launch configurations and what they name."""
    images = References("image_references", _CALL)
    snapshots = References("snapshot_references", _CALL)
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
        "launch_configurations": FRAMES["launch_configurations"].of(
            {
                **at(where, len(page)),
                "name": [row["LaunchConfigurationName"] for row in page],
                "image_id": [row["ImageId"] for row in page],
                # Auto Scaling answers "" where there is no kernel
                "kernel_id": [row.get("KernelId") or None for row in page],
                "created_at": [row.get("CreatedTime") for row in page],
            }
        ),
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
