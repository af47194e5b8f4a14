"""An instance whose image is gone."""

import pandas as pd

from auditor.rule import beside, one_of, rule


@rule(
    title="Instance runs on a deregistered image",
    severity="medium",
    subject="instances",
    headline=("1 instance runs on an image that is gone", "{count} instances run on images that are gone"),
    message="{instance_id} was launched from {image_id}, which is deregistered",
    remedy="aws ec2 list-images-in-recycle-bin --region {region}",
    breaks="Nothing: the command only lists the account's own images that can still be restored. The instance runs on "
    "whatever becomes of its image.",
    controls={},
)
def image_deregistered_in_use(instances: pd.DataFrame, instance_images: pd.DataFrame) -> pd.DataFrame:
    """When the instance is lost, nobody can launch another like it, for the image it was made from is no more.

    AWS itself is asked what became of the image behind each instance, running or stopped, whoever owns that image: one
    that is merely private or disabled is not gone. An image in the Recycle Bin counts as gone until it is restored.
    Instances that are terminated or about to be are left out. Where AWS says nothing of the image, the verdict stays
    open.

    Make a new image of the instance, or of the machine's build, and let what launches it name that one.
    """
    told = beside(instances["instance_id"], instance_images, "instance_id")
    gone = told["image_state"].eq("deregistered")
    ended = one_of(instances["state"], "shutting-down", "terminated")
    return pd.DataFrame(
        {
            "found": gone & ~ended,
            "state": instances["state"],
            "image_owner_id": told["image_owner_id"],
            "image_created_at": told["image_created_at"],
            "launched_at": instances["launched_at"],
        }
    )


_RUNS = {"instance_id": "i-0a", "image_id": "ami-0b", "state": "running"}


def _image(state: str | None) -> dict[str, list[dict[str, str | None]]]:
    return {"instance_images": [{"image_id": "ami-0b", "image_owner_id": "111122223333", "image_state": state}]}


FAILS = [
    {
        **_RUNS,
        "given": _image("deregistered"),
        "expect": {"message": "i-0a was launched from ami-0b, which is deregistered", "image_owner_id": "111122223333"},
    },
    {**_RUNS, "state": "stopped", "given": _image("deregistered")},
    {**_RUNS, "state": "pending", "given": _image("deregistered")},
]
PASSES = [
    {**_RUNS, "given": _image("available")},
    {**_RUNS, "given": _image("disabled")},
    # not among the account's own images, and yet not gone: AWS knows it
    {**_RUNS, "given": {"instance_images": [{"image_owner_alias": "amazon", "image_state": "available"}]}},
    {**_RUNS, "state": "terminated", "given": _image("deregistered")},
    {**_RUNS, "state": "shutting-down", "given": _image("deregistered")},
]
UNKNOWN = [
    {**_RUNS},
    {**_RUNS, "given": _image(None)},
    {"instance_id": "i-0a", "given": _image("deregistered")},
    {**_RUNS, "given": _image("deregistered"), "gap": "instance_images"},
]
