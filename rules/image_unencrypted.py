"""An image that carries data which is not encrypted at rest."""

import pandas as pd

from auditor.rule import Verdict, all_pass, among, flags, lookup, rule


@rule(
    title="Image carries unencrypted data",
    severity="medium",
    subject="images",
    headline=("1 image carries unencrypted data", "{count} images carry unencrypted data"),
    message="{image_id} carries data that is not encrypted: {unencrypted}",
    remedy="aws ec2 copy-image --region {region} --source-region {region} --source-image-id {image_id} "
    "--name {image_id}-encrypted --encrypted",
    breaks="Nothing: the copy is a new image with snapshots of its own, and costs their full size. Whoever names the "
    "old one by id still uses the old one, and the copy's shares must be set anew.",
    controls={
        "NIST 800-53 r5": ["SC-13", "SC-28", "SC-28(1)"],
        "NIST CSF 2.0": ["PR.DS-01"],
        "HIPAA": ["164.312(a)(2)(iv)", "164.312(e)(2)(ii)"],
        "ISO 27001:2022": ["A.8.24"],
        "SOC 2": ["CC6.1"],
    },
)
def image_unencrypted(images: pd.DataFrame, image_block_devices: pd.DataFrame, snapshots: pd.DataFrame) -> Verdict:
    """Whoever may launch the image reads its disks: with a key in between, one wrong share would not be enough.

    What counts is the flag of each snapshot that the image maps; the image's own device says what a launch will do.
    Ephemeral, empty and suppressed devices hold no data. Where none of its snapshots is known to be unencrypted and
    one of them is not among the account's snapshots, the verdict stays open.

    Copy it with encryption, point what launches it to the copy, and retire the original with its snapshots. A public
    image cannot be encrypted: see to that first.
    """
    mapped = image_block_devices["snapshot_id"]
    sealed = lookup(mapped, snapshots["snapshot_id"], snapshots["encrypted"])
    told = image_block_devices.loc[~sealed.fillna(True), ["image_id", "device_name", "snapshot_id"]]
    unseen = among(images["image_id"], image_block_devices.loc[sealed.isna() & mapped.notna(), "image_id"])
    open_ = flags(among(images["image_id"], told["image_id"]))
    found = flags(images["state"].eq("available")) & open_.mask(~open_ & unseen)
    if all_pass(found):
        return found
    said: dict[str, dict[str, None]] = {}
    rows = zip(told["image_id"], told["device_name"].fillna("a device"), told["snapshot_id"], strict=True)
    for image, device, snapshot in rows:
        said.setdefault(image, {})[f"{device} from {snapshot}"] = None
    held, words = pd.Series(list(said), dtype="string"), pd.Series(map("; ".join, said.values()), dtype="string")
    return pd.DataFrame(
        {
            "found": found,
            "unencrypted": lookup(images["image_id"], held, words),
            "created_at": images["created_at"],
            "is_public": images["is_public"],
            "unknown_because": pd.Series(
                "Could not tell: it maps a snapshot that is not there, or whose encryption is not told.",
                index=images.index,
                dtype="string",
            ).where(~open_ & unseen),
        }
    )


_READY = {"state": "available", "created_at": "40 days ago"}


def _of(stored: bool | None, **device: object) -> dict[str, list[dict[str, object]]]:
    return {
        "image_block_devices": [{"device_name": "/dev/xvda", "snapshot_id": "snap-0a", **device}],
        "snapshots": [{"snapshot_id": "snap-0a", "encrypted": stored}],
    }


FAILS = [
    {**_READY, "given": _of(False), "expect": {"unencrypted": "/dev/xvda from snap-0a"}},
    # what a launch would encrypt is stored unencrypted all the same
    {**_READY, "given": _of(False, encrypted=True)},
    {**_READY, "is_public": True, "given": _of(False)},
    # one unencrypted snapshot is enough, whatever became of the other
    {
        **_READY,
        "given": {
            "image_block_devices": [
                {"device_name": "/dev/xvda", "snapshot_id": "snap-0a"},
                {"device_name": "/dev/sdb", "snapshot_id": "snap-0b"},
            ],
            "snapshots": [{"snapshot_id": "snap-0a", "encrypted": False}],
        },
        "expect": {"unencrypted": "/dev/xvda from snap-0a"},
    },
]
PASSES = [
    {**_READY, "given": _of(True, encrypted=False)},
    {**_READY, "given": {"image_block_devices": [{"device_name": "/dev/sdb", "encrypted": False}]}},
    {**_READY, "given": {"image_block_devices": [{"device_name": "/dev/sdb", "virtual_name": "ephemeral0"}]}},
    {**_READY, "root_device_type": "instance-store"},
    {**_READY, "state": "disabled", "given": _of(False)},
]
UNKNOWN = [
    {**_READY, "given": _of(None)},
    {**_READY, "given": {"image_block_devices": [{"device_name": "/dev/xvda", "snapshot_id": "snap-0a"}]}},
    {"created_at": "40 days ago", "given": _of(False)},
    {**_READY, "given": _of(False), "gap": "snapshots"},
]
