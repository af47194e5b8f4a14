"""A disabled image that goes on paying for its snapshots."""

from datetime import datetime

import pandas as pd

from auditor.rule import Verdict, all_pass, among, flags, older, rule, whole_days


@rule(
    title="Disabled image still keeps snapshots",
    severity="low",
    subject="images",
    headline=("1 disabled image still keeps snapshots", "{count} disabled images still keep snapshots"),
    message="{image_id} is disabled, was made {age_days} days ago and still keeps {snapshots}",
    remedy="aws ec2 describe-images --region {region} --image-ids {image_id} --include-disabled",
    breaks="Nothing: the command only looks. Deregistering the image is final unless a Recycle Bin rule keeps it, and "
    "its snapshots stay and cost until they are deleted too.",
    controls={},
    saves=True,
)
def image_disabled_costing(
    images: pd.DataFrame,
    image_block_devices: pd.DataFrame,
    snapshots: pd.DataFrame,
    image_references: pd.DataFrame,
    as_of: datetime,
    *,
    disabled_days: int = 30,
) -> Verdict:
    """Nobody can launch a disabled image, and every snapshot behind it is billed as before.

    Found are disabled images made longer ago than the limit, with snapshots that are still there, in the archive too,
    where nothing current in the account names the image. AWS does not tell when an image was disabled, so its age is
    counted from its creation. Disabling took its shares away, so no other account can launch it either.

    If nobody has missed it, deregister it together with its snapshots; move what must be kept to the archive tier.
    """
    age = as_of - images["created_at"]
    old = older(age, pd.Timedelta(days=disabled_days))
    found = flags(images["state"].eq("disabled")) & old
    if all_pass(found):
        return found
    wanted = images.loc[found.fillna(False), "image_id"]
    devices = image_block_devices[["image_id", "snapshot_id"]].dropna()
    devices = devices[among(devices["image_id"], wanted)].drop_duplicates()
    if len(devices):
        devices = devices[among(devices["snapshot_id"], snapshots["snapshot_id"])]
    held = devices.groupby("image_id", sort=False)["snapshot_id"].agg(", ".join)
    held = held.reindex(images["image_id"]).set_axis(images.index).astype("string")
    current = image_references.loc[image_references["strength"].ne("old").fillna(True), "image_id"]
    named = among(images["image_id"], current).astype("boolean")
    return pd.DataFrame(
        {
            "found": found & (held.notna().astype("boolean") | found.isna()) & ~named,
            "snapshots": held,
            "age_days": whole_days(age),
            "created_at": images["created_at"],
            "last_launched_at": images["last_launched_at"],
        }
    )


_IDLE = {"image_id": "ami-0a", "state": "disabled", "created_at": "40 days ago"}
_MAPPED = {
    "image_block_devices": [
        {"device_name": "/dev/xvda", "snapshot_id": "snap-0a"},
        {"device_name": "/dev/sdb", "virtual_name": "ephemeral0"},
    ],
    "snapshots": [{"snapshot_id": "snap-0a", "storage_tier": "standard"}],
}


def _named(strength: str) -> dict[str, list[dict[str, str]]]:
    return {"image_references": [{"referrer_type": "launch-template", "referrer_id": "lt-0b", "strength": strength}]}


FAILS = [
    {**_IDLE, "given": _MAPPED, "expect": {"snapshots": "snap-0a", "age_days": 40}},
    {**_IDLE, "given": {**_MAPPED, "snapshots": [{"snapshot_id": "snap-0a", "storage_tier": "archive"}]}},
    {**_IDLE, "given": {**_MAPPED, **_named("old")}},
    {**_IDLE, "created_at": "10 days ago", "params": {"disabled_days": 7}, "given": _MAPPED},
]
PASSES = [
    {**_IDLE, "state": "available", "given": _MAPPED},
    {**_IDLE, "created_at": "20 days ago", "given": _MAPPED},
    {**_IDLE},
    {**_IDLE, "given": {"image_block_devices": _MAPPED["image_block_devices"]}},
    *({**_IDLE, "given": {**_MAPPED, **_named(use)}} for use in ("running", "stopped", "default", "pinned", "named")),
]
UNKNOWN = [
    {"image_id": "ami-0a", "state": "disabled", "given": _MAPPED},
    {"image_id": "ami-0a", "created_at": "40 days ago", "given": _MAPPED},
    {**_IDLE, "given": _MAPPED, "gap": "snapshots"},
    {**_IDLE, "given": _MAPPED, "gap": "image_references"},
]
