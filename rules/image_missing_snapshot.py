"""An image that names a snapshot which is not there."""

from datetime import datetime

import pandas as pd

from auditor.rule import Verdict, among, one_of, rule


@rule(
    title="Image misses a snapshot",
    severity="high",
    subject="images",
    headline=(
        "1 image cannot be launched because a snapshot is missing",
        "{count} images cannot be launched because snapshots are missing",
    ),
    message="{image_id} cannot be launched: {missing}",
    remedy="aws ec2 list-snapshots-in-recycle-bin --region {region}",
    breaks="Nothing: the command only lists what can still be restored. Where the snapshot is gone for good, the "
    "image is of no use; replace what names it, then deregister it.",
    controls={
        "NIST 800-53 r5": ["CP-9", "CP-10"],
        "NIST CSF 2.0": ["PR.DS-11", "RC.RP-03"],
        "ISO 27001:2022": ["A.8.13"],
        "SOC 2": ["A1.2"],
    },
)
def image_missing_snapshot(
    images: pd.DataFrame,
    image_block_devices: pd.DataFrame,
    snapshots: pd.DataFrame,
    recycle_bin_snapshots: pd.DataFrame,
    as_of: datetime,
    *,
    settling_minutes: int = 60,
) -> Verdict:
    """An image without one of its snapshots looks ready in every list, and fails when it is needed.

    Every device that names a snapshot is looked up among the account's snapshots. Empty, suppressed and ephemeral
    devices name none, and an image kept in S3 has none. A snapshot in the Recycle Bin is shown as such: it can still
    be restored. An image made within the last hour may be newer than the list of snapshots and is left open.

    Restore the snapshot from the Recycle Bin before it goes; otherwise rebuild the image.
    """
    mapped = image_block_devices["snapshot_id"]
    lost = image_block_devices.loc[
        mapped.notna() & ~among(mapped, snapshots["snapshot_id"]), ["image_id", "device_name", "snapshot_id"]
    ].drop_duplicates()
    if not len(lost):
        return pd.Series(False, index=images.index)
    exits = recycle_bin_snapshots.drop_duplicates("snapshot_id").set_index("snapshot_id")["exits_at"]
    binned = lost["snapshot_id"].isin(exits.index)
    until = exits.reindex(lost["snapshot_id"]).set_axis(lost.index)
    until = until.dt.strftime(" until %Y-%m-%d").astype("string").fillna("")
    fate = ("lies in the Recycle Bin" + until).where(binned, "is gone")
    sentences = lost["device_name"].fillna("a device") + " needs " + lost["snapshot_id"] + ", which " + fate
    by_image = pd.DataFrame({"image_id": lost["image_id"], "missing": sentences, "binned": binned})
    told = by_image.groupby("image_id", sort=False).agg({"missing": "; ".join, "binned": "all"})
    told = told.reindex(images["image_id"]).set_axis(images.index)

    usable = one_of(images["state"], "available", "disabled")
    fresh = (as_of - images["created_at"] < pd.Timedelta(minutes=settling_minutes)).to_numpy()
    return pd.DataFrame(
        {
            "found": (told["missing"].notna().astype("boolean") & usable).mask(fresh & told["missing"].notna()),
            "missing": told["missing"],
            "all_restorable": told["binned"].astype("boolean"),
            "state": images["state"],
        }
    )


_MADE = {"state": "available", "created_at": "40 days ago"}
_DEVICE = {"device_name": "/dev/xvda", "snapshot_id": "snap-0a"}

FAILS = [
    {
        **_MADE,
        "given": {"image_block_devices": [_DEVICE]},
        "expect": {"missing": "/dev/xvda needs snap-0a, which is gone", "all_restorable": False},
    },
    {
        **_MADE,
        "state": "disabled",
        "given": {
            "image_block_devices": [_DEVICE],
            "recycle_bin_snapshots": [{"snapshot_id": "snap-0a", "exits_at": "2026-02-03T10:00:00Z"}],
        },
        "expect": {
            "missing": "/dev/xvda needs snap-0a, which lies in the Recycle Bin until 2026-02-03",
            "all_restorable": True,
        },
    },
]
PASSES = [
    {**_MADE, "given": {"image_block_devices": [_DEVICE], "snapshots": [{"snapshot_id": "snap-0a"}]}},
    {**_MADE, "given": {"image_block_devices": [{"device_name": "/dev/sdb", "virtual_name": "ephemeral0"}]}},
    {**_MADE, "root_device_type": "instance-store"},
    {**_MADE, "state": "failed", "given": {"image_block_devices": [_DEVICE]}},
]
UNKNOWN = [
    {**_MADE, "created_at": "5 minutes ago", "given": {"image_block_devices": [_DEVICE]}},
    {**_MADE, "gap": "snapshots", "given": {"image_block_devices": [_DEVICE]}},
    {"created_at": "40 days ago", "given": {"image_block_devices": [_DEVICE]}},
]
