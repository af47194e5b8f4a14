"""An image whose disks may not fit together, as the instance went on writing while it was made."""

from datetime import datetime

import pandas as pd

from auditor.rule import Verdict, all_pass, among, beside, flags, lookup, one_of, rule


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
    of_instance = images["source_instance_id"].notna() | among(made["origin"], pd.Series(["create-image"]))
    mapping = image_block_devices["image_id"]
    suspect = of_instance | among(ids, pd.concat([mapping[mapping.duplicated()], image_creations["image_id"]]))
    if not (suspect | among(made["origin"], pd.Series(["dlm"]))).any():
        return pd.Series(False, index=images.index)
    devices = image_block_devices[["image_id", "snapshot_id"]].dropna().drop_duplicates()
    devices = devices[among(devices["snapshot_id"], snapshots["snapshot_id"])]
    copied = (images["source_image_id"].notna() & ~of_instance) | among(
        made["origin"], pd.Series(["copy-image", "aws-backup"])
    )
    judged = one_of(images["state"], "available", "disabled") & (among(ids, devices["image_id"]) & ~copied)

    seen = image_creations[["image_id", "no_reboot", "instance_id", "caller"]].dropna(subset="image_id")
    running = among(ids, seen.loc[seen["no_reboot"].fillna(False), "image_id"])
    rebooted = ~running & among(ids, seen.loc[~seen["no_reboot"].fillna(True), "image_id"])
    apart = lookup(ids, *_apart(devices, snapshots, snapshot_origins))
    policy = _policies(made, lifecycle_policies, created)
    by_policy = policy & ~rebooted
    found = judged & (running | (apart > minutes).fillna(False) | by_policy.fillna(False))

    recent = (created >= pd.Timestamp(as_of) - pd.Timedelta(days=days)) | created.isna()
    untold = (of_instance & recent & ~rebooted & policy.isna()).astype("boolean") & judged & ~found.fillna(True)
    found = found.mask(untold.fillna(False))
    if all_pass(found):
        return found
    call = beside(ids, seen.sort_values("no_reboot", ascending=False), "image_id")
    nothing = pd.Series(pd.NA, index=images.index, dtype="string")
    because = nothing.mask(by_policy.fillna(False), "lifecycle policy " + made["made_from"] + " does not reboot")
    because = because.mask(
        (apart > minutes).fillna(False), "its snapshots were started " + apart.astype("string") + " minutes apart"
    )
    because = because.mask(running, "CloudTrail has that " + call["instance_id"].fillna("it") + " was not rebooted")
    odd = among(ids, seen["image_id"])
    return pd.DataFrame(
        {
            "found": found,
            "because": because,
            "minutes_apart": apart,
            "instance_id": images["source_instance_id"].fillna(call["instance_id"]),
            "made_by": call["caller"],
            "created_at": created,
            "unknown_because": nothing.mask(
                untold.fillna(False), "Could not tell: CloudTrail has no event that says how it was made."
            ).mask(untold.fillna(False) & odd, "Could not tell: CloudTrail's event of how it was made cannot be read."),
        }
    )


def _apart(
    devices: pd.DataFrame, snapshots: pd.DataFrame, origins: pd.DataFrame
) -> tuple["pd.Series[str]", "pd.Series[int]"]:
    """Images and the minutes between the starts of their snapshots.

    Of what CreateImage made only the snapshots made for that very image count, for others can be added as they are.
    When a copy was started says nothing of when its data were written.
    """
    several = devices[devices["image_id"].duplicated(keep=False)]
    told = beside(several["snapshot_id"], origins[["snapshot_id", "origin", "made_for"]], "snapshot_id")
    own = flags(told["made_for"].eq(several["image_id"])).fillna(False)
    counts = (own | ~among(several["image_id"], several.loc[own, "image_id"])) & ~among(
        told["origin"], pd.Series(["copy", "copy-image"])
    )
    several = several[counts.astype(bool)]
    started = lookup(several["snapshot_id"], snapshots["snapshot_id"], snapshots["started_at"])
    by_image = started.groupby(several["image_id"])
    span = by_image.max() - by_image.min()
    return pd.Series(span.index, dtype="string"), (span // pd.Timedelta(minutes=1)).astype("Int64").reset_index(
        drop=True
    )


def _policies(made: pd.DataFrame, policies: pd.DataFrame, created: "pd.Series[pd.Timestamp]") -> "pd.Series[bool]":
    """Whether the lifecycle policy that made an image does without a reboot; missing where that is not known."""
    custom = policies[policies["policy_type"].eq("IMAGE_MANAGEMENT").fillna(False) & policies["default_policy"].isna()]
    by = made["made_from"].where(flags(made["origin"].eq("dlm")).fillna(False))
    told = beside(by, custom[["policy_id", "no_reboot", "modified_at"]], "policy_id")
    since = told["modified_at"].isna() | (told["modified_at"] <= created)
    return told["no_reboot"].fillna(True).astype("boolean").where(told["policy_id"].notna() & since)


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
        "expect": {"because": "CloudTrail has that i-0b was not rebooted", "made_by": "arn:aws:sts::1:x"},
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
