"""A snapshot left behind by an image or a volume that is gone."""

from datetime import datetime

import pandas as pd

from auditor.rule import among, beside, flags, older, rule, whole_days


@rule(
    title="Snapshot is orphaned",
    severity="low",
    subject="snapshots",
    headline=(
        "1 snapshot is left over from something that is gone",
        "{count} snapshots are left over from something that is gone",
    ),
    message="{snapshot_id} is left over: {what_is_gone} is gone and nothing else uses the snapshot",
    remedy="aws ec2 describe-snapshots --region {region} --snapshot-ids {snapshot_id}",
    breaks="Nothing: the command only looks. Deleting the snapshot loses the last copy of that data for good, unless "
    "a Recycle Bin rule keeps it for a while.",
    controls={},
)
def snapshot_orphaned(
    snapshots: pd.DataFrame,
    snapshot_origins: pd.DataFrame,
    snapshot_tags: pd.DataFrame,
    images: pd.DataFrame,
    image_block_devices: pd.DataFrame,
    recycle_bin_images: pd.DataFrame,
    volumes: pd.DataFrame,
    recycle_bin_volumes: pd.DataFrame,
    lifecycle_policies: pd.DataFrame,
    recovery_points: pd.DataFrame,
    snapshot_references: pd.DataFrame,
    snapshot_locks: pd.DataFrame,
    as_of: datetime,
    *,
    min_age_days: int = 30,
    keep_tags: tuple[str, ...] = ("keep", "do-not-delete"),
) -> pd.DataFrame:
    """Nobody looks after a left-over snapshot: it costs money and holds old data until somebody decides.

    Found are completed snapshots old enough that either were made for an image which no longer exists in any state
    nor in the Recycle Bin, or were taken by hand, or by a lifecycle policy that is gone or off, of a volume which
    no longer exists nor lies in the Recycle Bin. A missing volume alone proves nothing: it is normal behind images,
    and on copies the volume id is arbitrary. Never found is what an image maps (disabled ones too), what a launch
    template or configuration names, what a volume was made from, what is locked, what AWS Backup or an enabled
    lifecycle policy manages, what Kubernetes, Velero or a recovery service made, and what carries a tag to keep it.

    Ask the owner; then archive or delete it. It may be the only remaining backup of what is gone.
    """
    ids = snapshots["snapshot_id"]
    told = beside(ids, snapshot_origins[["snapshot_id", "origin", "made_for"]], "snapshot_id")
    origin, made_for = told["origin"], told["made_for"]
    of_image = origin.isin(["create-image", "copy-image"]) & made_for.notna()
    image_gone = of_image & ~among(made_for, pd.concat([images["image_id"], recycle_bin_images["image_id"]]))

    enabled = lifecycle_policies.loc[lifecycle_policies["state"].eq("ENABLED").fillna(False), "policy_id"]
    managed = origin.eq("dlm") & (made_for.isna() | made_for.isin(enabled))
    real = snapshots["volume_id"].notna() & ~snapshots["volume_id"].str.fullmatch("vol-f+").fillna(False).astype(bool)
    there = pd.concat([volumes["volume_id"], recycle_bin_volumes["volume_id"]])
    volume_gone = real & ~among(snapshots["volume_id"], there) & origin.isin(["manual", "dlm"]) & ~managed

    locked = snapshot_locks[snapshot_locks["lock_state"].ne("expired").fillna(True)]
    kept = snapshot_tags[snapshot_tags["key"].str.lower().isin([tag.lower() for tag in keep_tags])]
    needed = pd.Series(False, index=snapshots.index)
    for users in (
        image_block_devices["snapshot_id"],
        snapshot_references["snapshot_id"],
        volumes["source_snapshot_id"],
        recovery_points["recovery_id"],
        locked["snapshot_id"],
        kept["snapshot_id"],
    ):
        needed |= among(ids, users)

    age = as_of - snapshots["started_at"]
    old = older(age, pd.Timedelta(days=min_age_days))
    left_over = (image_gone | volume_gone).astype(bool) & ~needed
    reason = pd.Series(pd.NA, index=snapshots.index, dtype="string")
    return pd.DataFrame(
        {
            "found": flags(snapshots["state"].eq("completed")) & old & left_over,
            "reason": reason.mask(volume_gone, "volume_gone").mask(image_gone, "image_gone"),
            "what_is_gone": reason.mask(volume_gone, "volume " + snapshots["volume_id"].astype("string")).mask(
                image_gone, "image " + made_for.astype("string")
            ),
            "origin": origin,
            "age_days": whole_days(age),
            "started_at": snapshots["started_at"],
        }
    )


_OLD = {"snapshot_id": "snap-0a", "volume_id": "vol-0b", "state": "completed", "started_at": "60 days ago"}
_OF_IMAGE = {**_OLD, "description": "Created by CreateImage(i-0c) for ami-0d"}
_COPIED = {
    **_OLD,
    "volume_id": "vol-ffffffff",
    "description": "Copied for DestinationAmi ami-0d from SourceAmi ami-0e for SourceSnapshot snap-0f. "
    "Task created on 1,566,308,778,174.",
}
_BY_POLICY = {"snapshot_tags": [{"key": "aws:dlm:lifecycle-policy-id", "value": "policy-0a"}]}


def _with(frame: str, **row: str) -> dict[str, object]:
    return {**_OLD, "given": {frame: [row]}}


FAILS = [
    {**_OLD, "expect": {"reason": "volume_gone", "what_is_gone": "volume vol-0b", "age_days": 60}},
    {**_OF_IMAGE, "expect": {"reason": "image_gone", "what_is_gone": "image ami-0d"}},
    {**_OF_IMAGE, "given": {"volumes": [{"volume_id": "vol-0b"}]}, "expect": {"reason": "image_gone"}},
    {**_COPIED, "expect": {"reason": "image_gone", "origin": "copy-image"}},
    {**_OLD, "given": _BY_POLICY, "expect": {"reason": "volume_gone", "origin": "dlm"}},
    {**_OLD, "given": {**_BY_POLICY, "lifecycle_policies": [{"policy_id": "policy-0a", "state": "ERROR"}]}},
    _with("snapshot_locks", lock_state="expired"),
    _with("snapshot_tags", key="team", value="keep"),
    {**_OLD, "given": {"snapshot_tags": [{"key": "keep"}]}, "params": {"keep_tags": []}},
]
PASSES = [
    {**_OLD, "started_at": "30 days ago"},
    {**_OLD, "state": "error"},
    _with("volumes", volume_id="vol-0b"),
    _with("recycle_bin_volumes", volume_id="vol-0b"),
    _with("image_block_devices", image_id="ami-0d", snapshot_id="snap-0a"),
    _with("snapshot_references", referrer_type="launch-template", referrer_id="lt-0a"),
    _with("volumes", volume_id="vol-0c", source_snapshot_id="snap-0a"),
    _with("snapshot_locks", lock_state="compliance"),
    _with("recovery_points", recovery_id="snap-0a"),
    _with("snapshot_tags", key="aws:backup:source-resource", value="vol-0b"),
    _with("snapshot_tags", key="Do-Not-Delete"),
    _with("snapshot_tags", key="velero.io/backup", value="nightly"),
    {**_OLD, "given": {**_BY_POLICY, "lifecycle_policies": [{"policy_id": "policy-0a", "state": "ENABLED"}]}},
    {**_OLD, "description": "Created by AWS EBS CSI driver for volume vol-0b"},
    {**_OLD, "volume_id": "vol-ffffffff"},
    {**_OLD, "volume_id": "vol-ffff", "description": "[Copied snap-0f from us-east-1] weekly"},
    {**_OF_IMAGE, "given": {"images": [{"image_id": "ami-0d", "state": "disabled"}]}},
    {**_OF_IMAGE, "given": {"recycle_bin_images": [{"image_id": "ami-0d"}]}},
]
UNKNOWN = [
    {**_OLD, "started_at": None},
    {**_OLD, "state": None},
    {**_OLD, "gap": "volumes"},
    {**_OLD, "gap": "images"},
    {**_OLD, "gap": "recycle_bin_volumes"},
    {**_OLD, "gap": "lifecycle_policies"},
    {**_OLD, "gap": "snapshot_references"},
]
