"""A licensed instance whose root volume is backed up as a snapshot only."""

import pandas as pd

from auditor.rule import Verdict, all_pass, among, flags, lookup, rule


@rule(
    title="Licensed instance has no image, only a snapshot of its root",
    severity="medium",
    subject="instances",
    headline=(
        "1 licensed instance is backed up without an image of it",
        "{count} licensed instances are backed up without an image of them",
    ),
    message="{instance_id} ({platform_details}) is kept as a snapshot of its root only: it may not come back as a "
    "bootable image",
    remedy="aws backup list-backup-plans --region {region}",
    breaks="Reading breaks nothing. A plan that selects the instance itself makes images of it from its next run on.",
    controls={
        "NIST 800-53 r5": ["CP-9", "CP-10"],
        "NIST CSF 2.0": ["PR.DS-11"],
        "SOC 2": ["A1.2"],
    },
)
def instance_root_not_bootable(
    instances: pd.DataFrame,
    attachments: pd.DataFrame,
    images: pd.DataFrame,
    image_block_devices: pd.DataFrame,
    snapshots: pd.DataFrame,
    recovery_points: pd.DataFrame,
) -> Verdict:
    """What Windows, Red Hat, SUSE and SQL Server are billed by stands in an image; a snapshot alone may not carry it.

    EC2 derives an image's billing from the snapshot's metadata (``RegisterImage``), and where those are missing it
    comes out wrong and must be thrown away: the root is recoverable as an image only if the billing metadata survives.
    Data can always be restored from the snapshot. Judged is each instance that is not terminated and whose platform is
    not plain Linux: found is one whose root volume has a usable snapshot or recovery point, but of which there is no
    available image, made of the instance or holding a snapshot of its root, and no recovery point of the instance.

    Back up the instance, not its root volume alone: AWS Backup with the instance selected, a lifecycle policy of
    images, or ``CreateImage``.
    """
    ids = instances["instance_id"]
    alive = ~instances["state"].isin(["terminated", "shutting-down"])
    plain = instances["platform_details"].eq("Linux/UNIX") & instances["usage_operation"].fillna("RunInstances").eq(
        "RunInstances"
    )
    wanted = flags(~plain & alive)
    if all_pass(wanted):
        return wanted
    root = _roots(instances, attachments)
    whole = snapshots.loc[
        snapshots["state"].eq("completed").fillna(False) & among(snapshots["volume_id"], root),
        ["snapshot_id", "volume_id", "started_at"],
    ]
    usable = recovery_points.loc[recovery_points["status"].isin(["COMPLETED", "AVAILABLE"]), "resource_id"]
    kept = among(root, whole["volume_id"]) | among(root, usable)
    ready = images.loc[images["state"].eq("available").fillna(False), ["image_id", "source_instance_id"]]
    mapped = image_block_devices.loc[among(image_block_devices["image_id"], ready["image_id"]), "snapshot_id"]
    imaged = whole.loc[among(whole["snapshot_id"], mapped), "volume_id"]
    bootable = among(ids, ready["source_instance_id"]) | among(root, imaged) | among(ids, usable)
    found = wanted & kept & ~bootable
    # Which volume is the root, or what runs on it, was not told.
    found = found.mask((wanted.isna() & kept & ~bootable).astype(bool))
    newest = whole.sort_values("started_at").drop_duplicates("volume_id", keep="last")
    return pd.DataFrame(
        {
            "found": found,
            "platform_details": instances["platform_details"],
            "usage_operation": instances["usage_operation"],
            "root_volume": root,
            "newest_snapshot": lookup(root, newest["volume_id"], newest["snapshot_id"]),
            "newest_snapshot_at": lookup(root, newest["volume_id"], newest["started_at"]),
        }
    )


def _roots(instances: pd.DataFrame, attachments: pd.DataFrame) -> pd.Series:
    """The volume at each instance's root device."""
    device = lookup(attachments["instance_id"], instances["instance_id"], instances["root_device_name"])
    roots = attachments[attachments["device"].eq(device).fillna(False)]
    return lookup(instances["instance_id"], roots["instance_id"], roots["volume_id"])


_WINDOWS = {
    "instance_id": "i-0a",
    "state": "running",
    "platform_details": "Windows",
    "usage_operation": "RunInstances:0002",
    "root_device_name": "/dev/sda1",
}
_ROOT = {
    "attachments": [
        {"volume_id": "vol-0b", "instance_id": "i-0a", "device": "/dev/sda1"},
        {"volume_id": "vol-0c", "instance_id": "i-0a", "device": "/dev/sdb"},
    ],
    "snapshots": [
        {"snapshot_id": "snap-0d", "volume_id": "vol-0b", "state": "completed", "started_at": "2 days ago"},
        {"snapshot_id": "snap-0e", "volume_id": "vol-0b", "state": "completed", "started_at": "1 day ago"},
    ],
}
_POINT = {"resource_id": "i-0a", "resource_type": "EC2", "status": "COMPLETED"}

FAILS = [
    {
        **_WINDOWS,
        "given": _ROOT,
        "expect": {"root_volume": "vol-0b", "newest_snapshot": "snap-0e", "platform_details": "Windows"},
    },
    {
        **_WINDOWS,
        "platform_details": "Red Hat Enterprise Linux",
        "usage_operation": "RunInstances:0010",
        "given": _ROOT,
    },
    {**_WINDOWS, "platform_details": "Linux/UNIX", "usage_operation": "RunInstances:00g0", "given": _ROOT},
    {**_WINDOWS, "given": {**_ROOT, "recovery_points": [{**_POINT, "status": "EXPIRED"}]}},
    {
        **_WINDOWS,
        "given": {**_ROOT, "images": [{"image_id": "ami-0f", "state": "failed", "source_instance_id": "i-0a"}]},
    },
    {
        **_WINDOWS,
        "given": {
            "attachments": _ROOT["attachments"],
            "recovery_points": [{"resource_id": "vol-0b", "resource_type": "EBS", "status": "AVAILABLE"}],
        },
    },
]
PASSES = [
    {**_WINDOWS, "platform_details": "Linux/UNIX", "usage_operation": "RunInstances", "given": _ROOT},
    {**_WINDOWS, "state": "terminated", "given": _ROOT},
    {**_WINDOWS, "given": {"attachments": _ROOT["attachments"]}},
    {
        **_WINDOWS,
        "given": {
            "attachments": _ROOT["attachments"],
            "snapshots": [{"snapshot_id": "snap-0d", "volume_id": "vol-0c", "state": "completed"}],
        },
    },
    {**_WINDOWS, "given": {**_ROOT, "recovery_points": [_POINT]}},
    {
        **_WINDOWS,
        "given": {**_ROOT, "images": [{"image_id": "ami-0f", "state": "available", "source_instance_id": "i-0a"}]},
    },
    {
        **_WINDOWS,
        "given": {
            **_ROOT,
            "images": [{"image_id": "ami-0f", "state": "available"}],
            "image_block_devices": [{"image_id": "ami-0f", "snapshot_id": "snap-0d"}],
        },
    },
]
UNKNOWN = [
    {**_WINDOWS, "gap": "images", "given": _ROOT},
    {**_WINDOWS, "gap": "recovery_points", "given": _ROOT},
    {**_WINDOWS, "platform_details": None, "usage_operation": None, "given": _ROOT},
]
