"""An instance that runs on an image of somebody whom nobody here knows."""

import pandas as pd

from auditor.rule import among, beside, rule


@rule(
    title="Instance runs on an image of an unknown owner",
    severity="medium",
    subject="instances",
    headline=(
        "1 instance runs on an image of an owner nobody knows",
        "{count} instances run on images of owners nobody knows",
    ),
    message="{instance_id} runs on {image_id}, which belongs to {image_owner_id}, an account nobody here knows",
    remedy="aws ec2 describe-images --region {region} --image-ids {image_id} --include-deprecated --include-disabled",
    breaks="Looking breaks nothing. Replace the instance with one from an image of your own or of a known publisher.",
    controls={"NIST 800-53 r5": ["CM-3(6)", "SI-7(6)"], "SOC 2": ["CC6.1", "CC7.4"]},
)
def instance_image_untrusted_owner(
    instances: pd.DataFrame,
    instance_images: pd.DataFrame,
    parties: pd.DataFrame,
    *,
    trusted_aliases: tuple[str, ...] = ("amazon", "aws-marketplace"),
) -> pd.DataFrame:
    """Anyone can publish an image under a familiar name; what is in it runs with the instance's rights.

    Found are instances that are not terminated, on an image whose owner is neither a member of the organisation, nor
    trusted by the configuration, nor a publisher with one of the trusted aliases. Without an organisation, whoever is
    not in scope counts as unknown. Where AWS tells no owner, for the image is gone, the verdict stays open. Disks made
    from other people's snapshots are judged by themselves.

    Find out who published the image, and restrict what can be launched with the allowed-images setting.
    """
    told = beside(instances["instance_id"], instance_images, "instance_id")
    owner = told["image_owner_id"]
    known = among(owner, parties["party_id"]) | owner.eq(instances["account_id"]).fillna(False)
    known |= told["image_owner_alias"].isin(trusted_aliases)
    ended = instances["state"].isin(["shutting-down", "terminated"])
    found = (~known).astype("boolean").mask(owner.isna() & ~known)
    return pd.DataFrame(
        {
            "found": found & ~ended,
            "image_owner_id": owner,
            "image_owner_alias": told["image_owner_alias"],
            "image_name": told["image_name"],
            "image_is_public": told["image_is_public"],
            "unknown_because": "Could not tell: AWS does not say whose image the instance runs on.",
        }
    )


_RUNS = {"instance_id": "i-0a", "image_id": "ami-0b", "state": "running"}
_OURS = {"directory": [{"member_id": "444455556666", "organisation_id": "o-a1", "state": "ACTIVE"}]}


def _of(owner: str | None, alias: str | None = None) -> dict[str, list[dict[str, str | None]]]:
    image = {"image_id": "ami-0b", "image_owner_id": owner, "image_owner_alias": alias}
    return {**_OURS, "instance_images": [image]}


FAILS = [
    {
        **_RUNS,
        "given": _of("999988887777"),
        "expect": {
            "message": "i-0a runs on ami-0b, which belongs to 999988887777, an account nobody here knows",
            "image_owner_id": "999988887777",
        },
    },
    {**_RUNS, "state": "stopped", "given": _of("999988887777")},
    {**_RUNS, "given": _of("137112412989", "amazon"), "params": {"trusted_aliases": ["aws-marketplace"]}},
]
PASSES = [
    {**_RUNS, "given": _of("444455556666")},
    {**_RUNS, "given": _of("111122223333")},
    {**_RUNS, "given": _of("137112412989", "amazon")},
    {**_RUNS, "given": _of("679593333241", "aws-marketplace")},
    {**_RUNS, "state": "terminated", "given": _of("999988887777")},
    {**_RUNS, "state": "terminated", "given": _OURS},
]
UNKNOWN = [
    {**_RUNS, "given": _OURS},
    {
        **_RUNS,
        "given": _of(None),
        "expect": {"message": "Could not tell: AWS does not say whose image the instance runs on."},
    },
    {**_RUNS, "given": _of("999988887777"), "gap": "instance_images"},
    {**_RUNS, "given": _of("444455556666"), "gap": "directory"},
]
