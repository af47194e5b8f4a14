"""A snapshot left behind by an image, a volume, a policy or a source that is gone."""

from datetime import datetime

import numpy as np
import pandas as pd

from auditor.rule import Verdict, all_pass, among, beside, flags, lookup, older, rule, whole_days

#: What may need a snapshot and no call tells; it stands in the evidence of every finding.
_UNSEEN = "CloudFormation, Terraform, scripts, recovery plans, recipes that no pipeline builds, accounts out of scope"

#: What makes snapshots that belong to an image.
_FOR_IMAGES = ("create-image", "copy-image")

#: The reasons, the most telling first.
_FIRST = ("image_gone", "policy_leftover", "volume_gone", "source_withdrawn")


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
    saves=True,
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
    instances: pd.DataFrame,
    lifecycle_policies: pd.DataFrame,
    recovery_points: pd.DataFrame,
    snapshot_references: pd.DataFrame,
    snapshot_locks: pd.DataFrame,
    snapshots_elsewhere: pd.DataFrame,
    as_of: datetime,
    *,
    min_age_days: int = 30,
    keep_tags: tuple[str, ...] = ("keep", "do-not-delete"),
    suspicious_images: int = 5,
) -> Verdict:
    """Nobody looks after a left-over snapshot: it costs money and holds old data until somebody decides.

    Found are completed snapshots old enough for one of these reasons. `image_gone`: made for an image which no longer
    exists in any state nor in the Recycle Bin. `volume_gone`: taken by hand of a volume which no longer exists nor lies
    in the Recycle Bin. `policy_leftover`: the same, taken by a lifecycle policy that is gone or off and will never
    delete it. `source_withdrawn`: a copy that no policy makes, whose source is in no account that was read, no copy
    with the same words having been made of late. It cannot be told where the source's region was to be read and was
    not read as a whole.

    A missing volume alone proves nothing: it is normal behind images, and on copies the volume id is arbitrary. Never
    found is what an image maps, in any account that was read and disabled ones too, what a launch template, a launch
    configuration or a recipe names, what a volume was made from, what is locked, what AWS Backup or an enabled
    lifecycle policy manages, what Kubernetes, Velero, fast launch or a recovery service made, and what carries a tag to
    keep it. The evidence says what was not looked at.

    Empty lists make everything look like an orphan. So nothing is judged in a place that has no volumes at all though
    instances with EBS root devices are there, nor in one that has no images at all, not even deleted ones, though
    instances run and snapshots were made for at least `suspicious_images` different images. Where that is how it is,
    set it to 0: then no list is doubted.

    Ask the owner; then archive or delete it. It may be the only remaining backup of what is gone.
    """
    age = as_of - snapshots["started_at"]
    due = flags(snapshots["state"].eq("completed")) & older(age, pd.Timedelta(days=min_age_days))
    if all_pass(due):
        return due
    told = beside(snapshots["snapshot_id"], snapshot_origins, "snapshot_id")
    since = pd.Timestamp(as_of) - pd.Timedelta(days=min_age_days)
    copies = unread = snapshots_elsewhere
    if len(copies):
        stale = (copies["series_newest_at"] < since).fillna(False).to_numpy(bool)
        copies = copies[stale & copies["source_state"].eq("gone").fillna(False).to_numpy(bool)]
        unread = unread[stale & unread["source_state"].eq("unread").fillna(False).to_numpy(bool)]
    enabled = lifecycle_policies["policy_id"][lifecycle_policies["state"].eq("ENABLED").fillna(False).to_numpy(bool)]
    reasons = {
        **_of_volumes(snapshots, told, pd.concat([volumes["volume_id"], recycle_bin_volumes["volume_id"]]), enabled),
        "image_gone": _of_images(told, pd.concat([images["image_id"], recycle_bin_images["image_id"]])),
        "source_withdrawn": among(snapshots["snapshot_id"], copies["snapshot_id"]).to_numpy(),
    }
    unclear = among(snapshots["snapshot_id"], unread["snapshot_id"]).to_numpy()
    suspects = np.any([*reasons.values(), unclear], axis=0)
    candidates = np.flatnonzero(suspects & due.fillna(True).to_numpy(bool))
    kept = snapshot_tags["key"].str.lower().isin([tag.lower() for tag in keep_tags]).to_numpy(bool)
    users = (
        image_block_devices["snapshot_id"],
        snapshot_references["snapshot_id"],
        volumes["source_snapshot_id"],
        recovery_points["recovery_id"],
        snapshot_locks["snapshot_id"][snapshot_locks["lock_state"].ne("expired").fillna(True).to_numpy(bool)],
        snapshot_tags["snapshot_id"][kept],
        snapshots_elsewhere["snapshot_id"][snapshots_elsewhere["used_by"].notna()],
    )
    rows = candidates[
        ~among(
            snapshots["snapshot_id"].iloc[candidates], pd.concat([each for each in users if len(each)] or [*users])
        ).to_numpy()
    ]
    left = np.zeros(len(snapshots), dtype=bool)
    left[rows] = True
    found = due & left
    if not len(rows):
        return found
    imageless = images.empty and recycle_bin_images.empty
    doubt = _doubt(told, instances, volumes.empty, imageless, suspicious_images) if suspicious_images else ""
    sure = rows[np.any(list(reasons.values()), axis=0)[rows]]
    evidence = _evidence(sure, reasons, snapshots, told, copies, lifecycle_policies)
    evidence |= {"origin": told["origin"], "age_days": whole_days(age), "started_at": snapshots["started_at"]}
    if doubt:
        evidence["unknown_because"] = f"Could not tell: {doubt}."
        found = found.mask(left)
    elif len(sure) < len(rows):
        why = lookup(snapshots["snapshot_id"], unread["snapshot_id"], unread["unread_because"])
        evidence["unknown_because"] = "Could not tell: whether the source is there, for " + why + "."
        left[sure] = False
        found = found.mask(left)
    return pd.DataFrame({"found": found, **evidence})


def _of_images(told: pd.DataFrame, there: "pd.Series[str]") -> "np.typing.NDArray[np.bool_]":
    """Whether each snapshot was made for an image that is not there."""
    rows = np.flatnonzero(among(told["origin"], pd.Series(_FOR_IMAGES)))
    image_ids = told["made_for"].iloc[rows]
    gone = np.zeros(len(told), dtype=bool)
    gone[rows] = image_ids.notna() & ~among(image_ids, there)
    return gone


def _of_volumes(
    snapshots: pd.DataFrame, told: pd.DataFrame, there: "pd.Series[str]", enabled: "pd.Series[str]"
) -> dict[str, "np.typing.NDArray[np.bool_]"]:
    """Whether each snapshot was taken of a volume that is not there: by hand, or by a policy that is not on."""
    of_one = among(told["origin"], pd.Series(["manual", "dlm"])) & ~among(snapshots["volume_id"], there)
    rows = np.flatnonzero(of_one)
    real = ~snapshots["volume_id"].iloc[rows].str.fullmatch("vol-f+").fillna(True).to_numpy(bool)
    policies = told["made_for"].iloc[rows]
    by_policy = told["origin"].iloc[rows].eq("dlm").to_numpy(bool)
    left = by_policy & policies.notna().to_numpy() & ~among(policies, enabled).to_numpy()
    reasons = {name: np.zeros(len(snapshots), dtype=bool) for name in ("volume_gone", "policy_leftover")}
    reasons["volume_gone"][rows] = real & ~by_policy
    reasons["policy_leftover"][rows] = real & left
    return reasons


def _evidence(
    rows: "np.typing.NDArray[np.int64]",
    reasons: dict[str, "np.typing.NDArray[np.bool_]"],
    snapshots: pd.DataFrame,
    told: pd.DataFrame,
    copies: pd.DataFrame,
    policies: pd.DataFrame,
) -> dict[str, "np.typing.NDArray[np.object_]"]:
    """The reason of the rows that are left over, what it is that is gone, and what nobody looked at."""
    states = dict(zip(policies["policy_id"], policies["state"], strict=True))
    told_of = ("snapshot_id", "source_snapshot_id", "source_region")
    sources = {key: (of, region) for key, of, region in zip(*(copies[name] for name in told_of), strict=True)}
    evidence = {
        name: np.full(len(snapshots), None, dtype=object)
        for name in ("reason", "what_is_gone", "policy_state", "not_checked")
    }
    made_for, volume_ids = told["made_for"].iloc[rows].tolist(), snapshots["volume_id"].iloc[rows].tolist()
    ids = snapshots["snapshot_id"].iloc[rows].tolist()
    for row, snapshot_id, volume_id, maker in zip(rows.tolist(), ids, volume_ids, made_for, strict=True):
        reason = next(name for name in _FIRST if reasons[name][row])
        source, region = sources.get(snapshot_id, ("", ""))
        evidence["reason"][row] = reason
        evidence["what_is_gone"][row] = {
            "image_gone": f"image {maker}",
            "policy_leftover": f"volume {volume_id} that {maker} backed up",
            "volume_gone": f"volume {volume_id}",
            "source_withdrawn": f"its source {source} in {region}",
        }[reason]
        if reason == "policy_leftover":
            evidence["policy_state"][row] = states.get(maker, "gone")
        blind = "whether the source is somebody else's, " if reason == "source_withdrawn" else ""
        evidence["not_checked"][row] = blind + _UNSEEN
    return evidence


def _doubt(
    told: pd.DataFrame, instances: pd.DataFrame, volumeless: bool, imageless: bool, suspicious_images: int
) -> str:
    """Why what is there cannot be believed, or nothing."""
    if volumeless:
        alive = instances[among(instances["state"], pd.Series(["pending", "running", "stopping", "stopped"]))]
        if alive["root_device_type"].eq("ebs").any():
            return "AWS listed no volume at all here, though instances boot from some"
    if imageless and instances["state"].eq("running").any():
        made = told["made_for"][among(told["origin"], pd.Series(_FOR_IMAGES))].nunique()
        if made >= suspicious_images:
            return f"AWS listed no image at all here, though instances run and {made} images were made"
    return ""


_OLD = {"snapshot_id": "snap-0a", "volume_id": "vol-0b", "state": "completed", "started_at": "60 days ago"}
_OF_IMAGE = {**_OLD, "description": "Created by CreateImage(i-0c) for ami-0d"}
_COPIED = {
    **_OLD,
    "volume_id": "vol-ffffffff",
    "description": "Copied for DestinationAmi ami-0d from SourceAmi ami-0e for SourceSnapshot snap-0f. "
    "Task created on 1,566,308,778,174.",
}
_BY_POLICY = {"snapshot_tags": [{"key": "aws:dlm:lifecycle-policy-id", "value": "policy-0a"}]}


_COPY = {**_OLD, "volume_id": "vol-ffffffff", "description": "[Copied snap-0f from eu-west-1] release data"}
_FAST_LAUNCH = {"snapshot_tags": [{"key": "CreatedBy", "value": "EC2 Fast Launch"}]}
_RUNS = [{"instance_id": "i-0e", "state": "running"}]
_BOOTED = [{"instance_id": "i-0e", "state": "stopped", "root_device_type": "ebs"}]


def _made_for(count: int) -> list[dict[str, str]]:
    """Snapshots made for so many images besides the one of the example."""
    words = "Created by CreateImage(i-0c) for ami-0{}"
    return [{"snapshot_id": f"snap-1{n}", "description": words.format(n)} for n in range(1, count)]


def _with(frame: str, **row: str) -> dict[str, object]:
    return {**_OLD, "given": {frame: [row]}}


FAILS = [
    {**_OLD, "expect": {"reason": "volume_gone", "what_is_gone": "volume vol-0b", "age_days": 60}},
    {**_OF_IMAGE, "expect": {"reason": "image_gone", "what_is_gone": "image ami-0d"}},
    {**_OF_IMAGE, "given": {"volumes": [{"volume_id": "vol-0b"}]}, "expect": {"reason": "image_gone"}},
    {**_COPIED, "expect": {"reason": "image_gone", "origin": "copy-image"}},
    {
        **_OLD,
        "given": _BY_POLICY,
        "expect": {
            "reason": "policy_leftover",
            "what_is_gone": "volume vol-0b that policy-0a backed up",
            "policy_state": "gone",
            "origin": "dlm",
        },
    },
    {
        **_OLD,
        "given": {**_BY_POLICY, "lifecycle_policies": [{"policy_id": "policy-0a", "state": "ERROR"}]},
        "expect": {"reason": "policy_leftover", "policy_state": "ERROR"},
    },
    {
        **_COPY,
        "expect": {
            "reason": "source_withdrawn",
            "what_is_gone": "its source snap-0f in eu-west-1",
            "not_checked": f"whether the source is somebody else's, {_UNSEEN}",
        },
    },
    # a copy of the copy is none of the source
    {**_COPY, "given": {"snapshots": [{"snapshot_id": "snap-0c", "description": "[Copied snap-0a from eu-west-1]"}]}},
    # five images were made here, and one of them is there: the list of images is no empty one
    {
        **_OF_IMAGE,
        "given": {"images": [{"image_id": "ami-01"}], "instances": _RUNS, "snapshots": _made_for(5)},
        "expect": {"reason": "image_gone", "not_checked": _UNSEEN},
    },
    {**_OF_IMAGE, "given": {"instances": _RUNS, "snapshots": _made_for(4)}},
    {
        **_OF_IMAGE,
        "given": {"instances": _RUNS, "snapshots": _made_for(5)},
        "params": {"suspicious_images": 0},
    },
    {**_OLD, "given": {"instances": [{"state": "terminated", "root_device_type": "ebs"}]}},
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
    # the source's region was not read
    {**_OLD, "volume_id": "vol-ffff", "description": "[Copied snap-0f from us-east-1] weekly"},
    {**_COPY, "given": {"snapshots": [{"snapshot_id": "snap-0f", "account_id": "222233334444"}]}},
    {**_COPY, "given": {"recycle_bin_snapshots": [{"snapshot_id": "snap-0f"}]}},
    # somebody goes on making such copies
    {
        **_COPY,
        "given": {
            "snapshots": [
                {"description": "[Copied snap-0e from eu-west-1] release data", "started_at": "3 days ago"},
            ]
        },
    },
    {**_COPY, "description": "[Copied snap-0f from eu-west-1] Created for policy: policy-0a schedule: Daily"},
    # images and templates of other accounts count
    {
        **_OF_IMAGE,
        "given": {"image_block_devices": [{"account_id": "222233334444", "image_id": "ami-0e"}]},
    },
    {
        **_OLD,
        "given": {
            "snapshot_references": [
                {"account_id": "222233334444", "referrer_type": "launch-template", "referrer_id": "lt-0a"}
            ]
        },
    },
    {**_OLD, "description": "This is Fast Launch snapshot for image ami-0d", "given": _FAST_LAUNCH},
    {**_OF_IMAGE, "given": {"images": [{"image_id": "ami-0d", "state": "disabled"}]}},
    {**_OF_IMAGE, "given": {"recycle_bin_images": [{"image_id": "ami-0d"}]}},
]
UNKNOWN = [
    # nothing is listed though it must be there
    {
        **_OLD,
        "given": {"instances": _BOOTED},
        "expect": {"message": "Could not tell: AWS listed no volume at all here, though instances boot from some."},
    },
    {
        **_OF_IMAGE,
        "given": {"instances": _RUNS, "snapshots": _made_for(5)},
        "expect": {
            "message": "Could not tell: AWS listed no image at all here, though instances run and 5 images were made."
        },
    },
    # the source's region was to be read, and was not everywhere
    {
        **_COPY,
        "gap": {"snapshots": {"account_id": "222233334444"}},
        "expect": {
            "message": "Could not tell: whether the source is there, for eu-west-1 of account 222233334444 could not "
            "be read as a whole."
        },
    },
    {**_OLD, "started_at": None},
    {**_OLD, "state": None},
    {**_OLD, "gap": "volumes"},
    {**_OLD, "gap": "images"},
    {**_OLD, "gap": "recycle_bin_volumes"},
    {**_OLD, "gap": "lifecycle_policies"},
    {**_OLD, "gap": "snapshot_references"},
]
