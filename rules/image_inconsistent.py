"""An image whose disks may not fit together, as the instance went on writing while it was made."""

from datetime import datetime

import numpy as np
import pandas as pd

from auditor.rule import Verdict, all_pass, among, beside, lookup, one_of, rule


@rule(
    title="Image may be inconsistent",
    severity="low",
    subject="images",
    headline=("1 image may be inconsistent", "{count} images may be inconsistent"),
    message="{image_id} may be inconsistent: {because}",
    remedy="aws cloudtrail lookup-events --region {region} --lookup-attributes "
    "AttributeKey=ResourceName,AttributeValue={image_id}",
    breaks="Nothing: the command only looks. Making the image anew with a reboot interrupts the instance.",
    controls={},
)
def image_inconsistent(
    images: pd.DataFrame,
    image_origins: pd.DataFrame,
    image_block_devices: pd.DataFrame,
    snapshots: pd.DataFrame,
    snapshot_origins: pd.DataFrame,
    image_creations: pd.DataFrame,
    lifecycle_policies: pd.DataFrame,
    as_of: datetime,
    *,
    days: int = 89,
    minutes: int = 5,
) -> Verdict:
    """An image made of an instance that runs on holds what happened to be on its disks, not what was in its memory.

    Found are available and disabled images that CreateImage made with `NoReboot`, as CloudTrail has the call; those
    that a lifecycle policy makes so (its default), where nothing else is known and the policy has not been changed
    since; and those whose snapshots were started more than `minutes` minutes apart. An instance that was stopped
    loses nothing by it, which no event tells. Copies pass, for they are as good as their source, which is judged where
    it lies; so do images of AWS Backup, which never reboots what it backs up, and images of one snapshot that nobody
    made of an instance.

    Whether there was a reboot is on no image, and CloudTrail forgets after 90 days. So images younger than `days`
    days that CreateImage made here and of which there is no event, or none that can be read, stay open: somebody could
    still look. Older ones pass unless their snapshots tell against them: of those nobody can ever know, and an open
    verdict that nothing can close would hide the others. The limit is a day less than what CloudTrail keeps, as reading
    takes its time.

    Try whether it boots and its applications start. Make images with a reboot, of a stopped instance, or with scripts
    that bring applications to rest.
    """
    ids, created = images["image_id"], images["created_at"]
    made = beside(ids, image_origins, "image_id")
    called = images["source_instance_id"].notna().to_numpy()
    of_instance = called | among(made["origin"], pd.Series(["create-image"])).to_numpy()
    mapping = image_block_devices["image_id"]
    suspect = among(ids, pd.concat([mapping[mapping.duplicated()], image_creations["image_id"]]))
    if not (of_instance | suspect | among(made["origin"], pd.Series(["dlm"]))).any():
        return pd.Series(False, index=images.index)
    devices = image_block_devices[["image_id", "snapshot_id"]].dropna()
    devices = devices[among(devices["snapshot_id"], snapshots["snapshot_id"]).to_numpy()]
    copied = (images["source_image_id"].notna().to_numpy() & ~of_instance) | among(
        made["origin"], pd.Series(["copy-image", "aws-backup"])
    ).to_numpy()
    judged = among(ids, devices["image_id"]).to_numpy() & ~copied

    seen = image_creations[["image_id", "no_reboot", "instance_id", "caller"]].dropna(subset="image_id")
    without = seen["no_reboot"].fillna(False).to_numpy(bool)
    running = among(ids, seen["image_id"][without]).to_numpy()
    rebooted = ~running & among(ids, seen["image_id"][~without & seen["no_reboot"].notna().to_numpy()]).to_numpy()
    apart = _apart(devices, snapshots, snapshot_origins, minutes)
    torn = among(ids, pd.Series(list(apart), dtype="string")).to_numpy()
    told, by_policy = _policies(made, lifecycle_policies, created)
    hurried = judged & (running | torn | (by_policy & ~rebooted))

    reach = pd.Timestamp(as_of) - pd.Timedelta(days=days)
    open_ = judged & ~hurried & of_instance & ~rebooted & ~told & (created.isna() | (created >= reach)).to_numpy(bool)
    usable = one_of(images["state"], "available", "disabled")
    found = (usable & hurried).mask((usable & open_).fillna(False))
    if all_pass(found):
        return found
    evidence = {name: np.full(len(images), None, dtype=object) for name in ("because", "made_by", "unknown_because")}
    calls = {row.image_id: row for row in seen[::-1].itertuples()}
    names, policies = ids.tolist(), made["made_from"].tolist()
    for row in np.flatnonzero(hurried | open_).tolist():
        call = calls.get(names[row])
        if running[row]:
            why = "CloudTrail has that the instance was not rebooted"
        elif torn[row]:
            why = f"its snapshots were started {apart[names[row]]} minutes apart"
        else:
            why = f"lifecycle policy {policies[row]} does not reboot"
        evidence["because"][row] = why
        evidence["made_by"][row] = call.caller if call else None
        known = "'s event of how it was made cannot be read" if call else " has no event that says how it was made"
        evidence["unknown_because"][row] = f"Could not tell: CloudTrail{known}."
    minutes_apart = pd.Series([apart.get(name) for name in names], index=images.index, dtype="Int64")
    return pd.DataFrame(
        {
            "found": found,
            **evidence,
            "minutes_apart": minutes_apart,
            "instance_id": images["source_instance_id"],
            "created_at": created,
        }
    )


def _apart(devices: pd.DataFrame, snapshots: pd.DataFrame, origins: pd.DataFrame, minutes: int) -> dict[str, int]:
    """Images whose snapshots were started so many minutes apart, or more, and how many.

    Of what CreateImage made only the snapshots made for that very image count, for others can be added as they are.
    When a copy was started says nothing of when its data were written.
    """
    several = devices[devices["image_id"].duplicated(keep=False)]
    several = several.assign(at=lookup(several["snapshot_id"], snapshots["snapshot_id"], snapshots["started_at"]))
    several = several[several["image_id"].isin(list(_spans(several, minutes)))]
    if several.empty:
        return {}
    told = beside(several["snapshot_id"], origins, "snapshot_id")
    own = told["made_for"].eq(several["image_id"]).fillna(False).to_numpy(bool)
    mixed = among(several["image_id"], several["image_id"][own]).to_numpy()
    copies = among(told["origin"], pd.Series(["copy", "copy-image"])).to_numpy()
    return _spans(several[(own | ~mixed) & ~copies], minutes)


def _spans(devices: pd.DataFrame, minutes: int) -> dict[str, int]:
    """Images of which the moments lie further apart than so many minutes, and how many minutes."""
    starts = devices.groupby("image_id")["at"]
    span = (starts.max() - starts.min()) // pd.Timedelta(minutes=1)
    return {str(name): int(value) for name, value in span[span > minutes].items()}


def _policies(
    made: pd.DataFrame, policies: pd.DataFrame, created: "pd.Series[pd.Timestamp]"
) -> tuple["np.typing.NDArray[np.bool_]", "np.typing.NDArray[np.bool_]"]:
    """Whether the lifecycle policy that made an image says if it reboots, and whether it does without."""
    kind = policies["policy_type"].eq("IMAGE_MANAGEMENT") & policies["default_policy"].isna()
    custom = policies[kind.fillna(False).to_numpy(bool)]
    of_one = among(made["origin"], pd.Series(["dlm"])) & among(made["made_from"], custom["policy_id"])
    if not of_one.any():
        return of_one.to_numpy(), of_one.to_numpy()
    told = beside(made["made_from"], custom[["policy_id", "no_reboot", "modified_at"]], "policy_id")
    unchanged = told["modified_at"].isna() | (told["modified_at"] <= created)
    known = of_one.to_numpy() & unchanged.to_numpy(bool)
    return known, known & told["no_reboot"].fillna(True).to_numpy(bool)


_MADE = {"image_id": "ami-0a", "state": "available", "created_at": "10 days ago", "source_instance_id": "i-0b"}
_OLD = {**_MADE, "created_at": "100 days ago"}
_REGISTERED = {**_MADE, "source_instance_id": None}


def _disks(*ago: str, words: str = "") -> dict[str, list[dict[str, object]]]:
    """Snapshots that were started then, mapped by the image."""
    names = [f"snap-0{number}" for number in range(len(ago))]
    return {
        "image_block_devices": [{"snapshot_id": name} for name in names],
        "snapshots": [
            {"snapshot_id": name, "volume_id": f"vol-{name}", "started_at": moment, "description": words}
            for name, moment in zip(names, ago, strict=True)
        ],
    }


def _called(no_reboot: bool | None, **more: object) -> dict[str, list[dict[str, object]]]:
    event = {"event_id": "e1", "instance_id": "i-0b", "no_reboot": no_reboot, "caller": "arn:aws:sts::1:x", **more}
    return {**_disks("10 days ago"), "image_creations": [event]}


def _by_policy(**policy: object) -> dict[str, list[dict[str, object]]]:
    row = {"policy_id": "policy-0a", "policy_type": "IMAGE_MANAGEMENT", "modified_at": "50 days ago", **policy}
    tags = [{"key": "aws:dlm:lifecycle-policy-id", "value": "policy-0a"}]
    return {**_disks("10 days ago"), "image_tags": tags, "lifecycle_policies": [row]}


_FOR_IT = "Created by CreateImage(i-0b) for ami-0a"

FAILS = [
    {
        **_MADE,
        "given": _called(True),
        "expect": {"because": "CloudTrail has that the instance was not rebooted", "made_by": "arn:aws:sts::1:x"},
    },
    {**_MADE, "state": "disabled", "given": _called(True)},
    {
        **_OLD,
        "given": _disks("100 days ago", "144006 minutes ago", words=_FOR_IT),
        "expect": {"because": "its snapshots were started 6 minutes apart", "minutes_apart": 6},
    },
    {**_REGISTERED, "given": _disks("10 days ago", "12 days ago"), "expect": {"minutes_apart": 2880}},
    # a reboot does not help what was written later
    {**_MADE, "given": {**_called(False), **_disks("10 days ago", "11 days ago", words=_FOR_IT)}},
    # not to reboot is what lifecycle policies do unless they are told otherwise
    {**_MADE, "given": _by_policy(no_reboot=True), "expect": {"because": "lifecycle policy policy-0a does not reboot"}},
    {**_OLD, "given": _by_policy(modified_at="200 days ago")},
    {**_MADE, "given": {**_by_policy(no_reboot=False), **_called(True)}},
]
PASSES = [
    {**_MADE, "given": _called(False)},
    {**_MADE, "given": {**_by_policy(no_reboot=True), **_called(False)}},
    {**_MADE, "given": _by_policy(no_reboot=False)},
    {**_MADE, "given": {**_called(False), **_disks("14400 minutes ago", "14396 minutes ago", words=_FOR_IT)}},
    # another disk was added as it was
    {
        **_MADE,
        "given": {
            **_called(False),
            "image_block_devices": [{"snapshot_id": "snap-00"}, {"snapshot_id": "snap-01"}],
            "snapshots": [
                {"snapshot_id": "snap-00", "started_at": "10 days ago", "description": _FOR_IT},
                {"snapshot_id": "snap-01", "started_at": "90 days ago", "description": "tools"},
            ],
        },
    },
    {**_MADE, "state": "failed", "given": _called(True)},
    {**_MADE, "given": {"image_creations": [{"event_id": "e1", "no_reboot": True}]}},
    # nobody can know any more
    {**_OLD, "given": _disks("100 days ago")},
    {**_REGISTERED, "given": _disks("10 days ago")},
    {**_REGISTERED, "source_image_id": "ami-0c", "source_image_region": "us-east-1", "given": _disks("1 day ago")},
    {**_REGISTERED, "given": _disks("10 days ago", "12 days ago", words="[Copied snap-0f from us-east-1]")},
    {
        **_MADE,
        "given": {**_called(True), "image_tags": [{"key": "aws:backup:source-resource", "value": "i-0b"}]},
    },
]
UNKNOWN = [
    {
        **_MADE,
        "given": _disks("10 days ago"),
        "expect": {"message": "Could not tell: CloudTrail has no event that says how it was made."},
    },
    {
        **_MADE,
        "given": _called(None),
        "expect": {"message": "Could not tell: CloudTrail's event of how it was made cannot be read."},
    },
    {**_MADE, "created_at": None, "given": _disks("10 days ago")},
    # the policy is not what it was then
    {**_MADE, "given": _by_policy(no_reboot=False, modified_at="2 days ago")},
    {**_MADE, "given": {**_by_policy(), "lifecycle_policies": []}},
    {**_MADE, "given": _by_policy(default_policy="INSTANCE")},
    {**_MADE, "state": None, "given": _called(True)},
    {**_MADE, "given": _called(False), "gap": "image_creations"},
]
