"""Fast snapshot restore that is paid for by the hour and that nothing makes volumes from."""

from datetime import datetime

import pandas as pd

from auditor.rule import among, flags, rule


@rule(
    title="Fast snapshot restore is idle",
    severity="medium",
    subject="fast_restores",
    headline=(
        "1 fast snapshot restore is paid for and idle",
        "{count} fast snapshot restores are paid for and idle, counted per zone",
    ),
    message="Fast restore of {snapshot_id} in {availability_zone} has made no volume for {limit_days} days",
    remedy="aws ec2 describe-fast-snapshot-restores --region {region} --filters Name=snapshot-id,Values={snapshot_id}",
    breaks="Nothing: the command only looks. Once fast restore is off, volumes made from the snapshot are slow until "
    "their blocks have been read once.",
    controls={},
    saves=True,
)
def fast_restore_idle(
    fast_restores: pd.DataFrame,
    volumes: pd.DataFrame,
    snapshot_references: pd.DataFrame,
    images: pd.DataFrame,
    image_block_devices: pd.DataFrame,
    image_references: pd.DataFrame,
    as_of: datetime,
    *,
    idle_days: int = 7,
) -> pd.DataFrame:
    """Fast restore is billed for every hour and zone, whether or not a volume is made from the snapshot.

    Found is what this account has had enabled for longer than the limit while none of its volumes was made from the
    snapshot since, and nothing current could make one: no launch template or configuration that names the snapshot,
    and no image with it that was launched lately or that anything in the account names. A volume that was made and
    deleted since leaves no trace, so ask before switching it off. The cost is the list price of one zone for 720 hours.

    Switch it off where the snapshot is not restored at short notice, or let a lifecycle policy keep it on the newest.
    """
    ids = fast_restores["snapshot_id"]
    since = as_of - pd.Timedelta(days=idle_days)
    made = volumes[~(volumes["created_at"] <= since)]
    names = snapshot_references[snapshot_references["strength"].ne("old").fillna(True)]
    using = image_references[image_references["strength"].ne("old").fillna(True)]
    launched = images[(images["last_launched_at"] > since).fillna(False)]
    live = pd.concat([using["image_id"], launched["image_id"]])
    mapped = image_block_devices[among(image_block_devices["image_id"], live)]
    users = pd.concat([made["source_snapshot_id"], names["snapshot_id"], mapped["snapshot_id"]])
    enabled_at = fast_restores["enabled_at"]
    long_on = (enabled_at < since).astype("boolean").mask(enabled_at.isna())
    return pd.DataFrame(
        {
            "found": flags(fast_restores["state"].eq("enabled")) & long_on & ~among(ids, users),
            "snapshot_id": ids,
            "availability_zone": fast_restores["availability_zone"],
            "enabled_at": enabled_at,
            "limit_days": idle_days,
        }
    )


_ON = {"snapshot_id": "snap-0a", "state": "enabled", "enabled_at": "30 days ago"}
_IMAGE = [{"image_id": "ami-0b", "snapshot_id": "snap-0a"}]


def _with(**frames: list[dict[str, object]]) -> dict[str, object]:
    return {**_ON, "given": frames}


FAILS = [
    {
        **_ON,
        "region": "us-east-1",
        "expect": {"monthly_cost_usd": 540, "saving_low_usd": 540, "limit_days": 7, "discriminator": None},
    },
    {**_ON, "availability_zone": "eu-west-1a", "expect": {"discriminator": "eu-west-1a", "resource_id": "snap-0a"}},
    {**_ON, "enabled_at": "8 days ago"},
    {**_ON, "enabled_at": "2 days ago", "params": {"idle_days": 1}},
    _with(volumes=[{"source_snapshot_id": "snap-0a", "created_at": "8 days ago"}]),
    _with(volumes=[{"source_snapshot_id": "snap-0b", "created_at": "1 days ago"}]),
    _with(snapshot_references=[{"strength": "old"}]),
    _with(image_block_devices=_IMAGE, image_references=[{"image_id": "ami-0b", "strength": "old"}]),
    _with(image_block_devices=_IMAGE, images=[{"image_id": "ami-0b", "last_launched_at": "9 days ago"}]),
    _with(image_block_devices=_IMAGE, image_references=[{"image_id": "ami-0c", "strength": "running"}]),
]
PASSES = [
    {**_ON, "enabled_at": "7 days ago"},
    {**_ON, "state": "optimizing"},
    {**_ON, "state": "disabling"},
    _with(volumes=[{"source_snapshot_id": "snap-0a", "created_at": "6 days ago"}]),
    _with(snapshot_references=[{"strength": "default", "referrer_type": "launch-template"}]),
    _with(image_block_devices=_IMAGE, image_references=[{"image_id": "ami-0b", "strength": "pinned"}]),
    _with(image_block_devices=_IMAGE, images=[{"image_id": "ami-0b", "last_launched_at": "2 days ago"}]),
]
UNKNOWN = [
    {"snapshot_id": "snap-0a", "state": "enabled"},
    {"snapshot_id": "snap-0a", "enabled_at": "30 days ago"},
    {**_ON, "gap": "volumes"},
    {**_ON, "gap": "image_references"},
    {**_ON, "gap": "snapshot_references"},
]
