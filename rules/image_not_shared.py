"""An image that must be shared with somebody, and is not."""

import pandas as pd

from auditor.rule import Verdict, rule


@rule(
    title="Image is not shared with those who must have it",
    severity="high",
    subject="images",
    headline=(
        "1 image is not shared with somebody who must have it",
        "{count} images are not shared with somebody who must have them",
    ),
    message="{image_id} must be shared with {grantee_id}, and is not",
    remedy="aws ec2 modify-image-attribute --region {region} --image-id {image_id} "
    "--attribute launchPermission --operation-type add --user-ids {grantee_id}",
    breaks="Nothing here. Whoever gets it can launch and read it from then on.",
    controls={"NIST 800-53 r5": ["CP-10"]},
)
def image_not_shared(images: pd.DataFrame, image_expectations: pd.DataFrame) -> Verdict:
    """Launches in the accounts that count on an image fail, often first in the night in which it is needed to recover.

    Judged is what the configuration says in ``[[sharing.expect]]``: images selected by tag, name and account, and whom
    they must be ``shared_with``. Only available images are, for AWS lets nobody launch others.

    An account has an image when it is shared with the account, with a unit it lies in, however deep, or with its
    organisation. A unit has it when it is shared with the unit, a unit above it or the organisation, or with each of
    its open accounts one by one; an account that joins the unit later would then go without. What is public, everybody
    has. Whether an encrypted image can be used is judged elsewhere.

    It cannot be told where the directory of the organisation does not say in which unit an account lies.

    Share it, or correct the configuration. For an organisation or unit the command takes ``--organization-arns`` or
    ``--organizational-unit-arns``.
    """
    if not len(image_expectations):
        return pd.Series(False, index=images.index)
    wanted = image_expectations[image_expectations["missing"].fillna(value=True)]
    if not len(wanted):
        return pd.Series(False, index=images.index)
    places = pd.Index(images["image_id"]).get_indexer(wanted["image_id"])
    return pd.DataFrame(
        {
            "found": wanted["missing"].array,
            "grantee_id": wanted["expected"].array,
            "grantee_type": wanted["expected_type"].array,
            "missing_accounts": wanted["missing_accounts"].array,
            "expectation": wanted["entry"].array,
            "discriminator": wanted["expected"].array,
            "unknown_because": [f"Could not tell: whether a share reaches {each}." for each in wanted["expected"]],
        },
        index=images.index[places],
    ).astype({"found": "boolean"})


_OWN = {"image_id": "ami-0a", "state": "available"}
_UNIT = {"expected_type": "unit", "expected": "ou-ab12-34cd56ef"}


def _must(missing: bool | None, **more: object) -> dict[str, list[dict[str, object]]]:
    account = {"expected_type": "account", "expected": "444455556666", "entry": 1}
    return {"image_expectations": [{**account, "missing": missing, **more}]}


FAILS = [
    {
        **_OWN,
        "given": _must(True),
        "expect": {
            "severity": "high",
            "discriminator": "444455556666",
            "message": "ami-0a must be shared with 444455556666, and is not",
        },
    },
    {
        **_OWN,
        "given": _must(True, **_UNIT, missing_accounts="444455556666"),
        "expect": {"discriminator": "ou-ab12-34cd56ef", "missing_accounts": "444455556666"},
    },
    {
        **_OWN,
        "given": {
            "image_expectations": [*_must(False)["image_expectations"], *_must(True, **_UNIT)["image_expectations"]]
        },
        "expect": {"discriminator": "ou-ab12-34cd56ef"},
    },
]
PASSES = [
    {**_OWN},
    {**_OWN, "given": _must(False, covered_by="444455556666")},
    {**_OWN, "given": _must(False, **_UNIT, covered_by="members")},
]
UNKNOWN = [
    {
        **_OWN,
        "given": _must(None),
        "expect": {"message": "Could not tell: whether a share reaches 444455556666."},
    },
    {**_OWN, "given": _must(True), "gap": "image_shares"},
    {**_OWN, "given": _must(False), "gap": "directory"},
    {**_OWN, "given": _must(True), "item_gap": "image_shares"},
]
