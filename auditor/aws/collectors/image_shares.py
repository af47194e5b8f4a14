"""Who may launch the account's images (ec2 DescribeImageAttribute launchPermission)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where, in_pages
from auditor.aws.collectors._discovery import residue
from auditor.aws.outcome import IncompleteAnswer
from auditor.aws.shape import Field, shape

#: The image went away between listing and asking.
GONE = ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable")
#: A disabled image has lost its permissions (EC2 User Guide, "Disable an AMI"); the others never had any.
WITHOUT_PERMISSIONS = ("disabled", "failed", "error", "invalid")
#: Member of a launch permission to the kind of grantee it names.
KINDS = {
    "UserId": "account",
    "Group": "group",
    "OrganizationArn": "organisation",
    "OrganizationalUnitArn": "unit",
}


def get(reader: Reader) -> Iterator[Page]:
    """Whom each image is shared with.

    Raises:
        IncompleteAnswer: Only known accounts were asked about, as ``[collect] shares = "bulk"`` says.
    """
    images = reader.frame("images")

    def ask(image_id: str) -> Mapping[str, Any]:
        return reader.call("ec2", "DescribeImageAttribute", ImageId=image_id, Attribute="launchPermission")

    if reader.exact_shares:
        left = residue(reader, "image", images.loc[~images["state"].isin(WITHOUT_PERMISSIONS), "image_id"])
        yield left.told
        for answers in in_pages(reader.each(left.ask, ask, drop=GONE)):
            yield [
                {"ImageId": image_id, **grant}
                for image_id, answer in answers
                for grant in answer.get("LaunchPermissions") or ()
            ]
        return
    yield [{"ImageId": image_id, "Group": "all"} for image_id in images.loc[images["is_public"].eq(True), "image_id"]]
    for account in reader.known_accounts:
        if account == reader.where.account_id:
            continue
        for page in reader.pages(
            "ec2",
            "DescribeImages",
            "Images",
            Owners=["self"],
            ExecutableUsers=[account],
            IncludeDeprecated=True,
            MaxResults=1000,
        ):
            yield [{"ImageId": image["ImageId"], "UserId": account} for image in page]
    raise IncompleteAnswer(
        "BulkOnly",
        "Shares with organisations, units and accounts that are not known are missing: "
        '[collect] shares is "bulk", not "exact".',
    )


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row per image and grantee."""
    fields: Mapping[str, Field] = {
        "image_id": "ImageId",
        "grantee_type": lambda grant: KINDS.get(_member(grant)),
        "grantee": lambda grant: grant.get(_member(grant)),
    }
    return {"image_shares": shape("image_shares", where, page, fields)}


def _member(grant: Item) -> str:
    return next((member for member in KINDS if grant.get(member)), "")


COLLECTOR = Collector(
    name="image_shares",
    frames=("image_shares",),
    actions=("ec2:DescribeImageAttribute", "ec2:DescribeImages"),
    get=get,
    transform=transform,
    after=("images",),
)
