"""What the stories of sharing wrote down is what somebody would find who reads the tables and knows nothing of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from auditor.sandbox.model import Organisation, Region, Row
from auditor.sandbox.planting import SMALL, TINY, plant

PARTNER, FORMER_PARTNER = "777766665555", "888877776666"
Found = Iterator[tuple[str, ...]]


def strange(organisation: Organisation, what: Row, permission: Row) -> str:
    """The grantee, where it is neither ours, nor a group, nor somebody who may have this; else nothing."""
    ((member, grantee),) = permission.items()
    share = {tag["Value"] for tag in what["Tags"] if tag["Key"] == "share"}
    allowed = {FORMER_PARTNER} if "vendors" in share else set() if "nobody" in share else {PARTNER}
    if member in ("OrganizationArn", "OrganizationalUnitArn"):
        return "" if f"/{organisation.organisation_id}" in grantee else grantee
    return "" if grantee in (*organisation.accounts, "all", "aws-marketplace", *allowed) else grantee


def snapshots_outside(organisation: Organisation, here: Region) -> Found:
    for key, permissions in here.snapshot_permissions.items():
        row = here.snapshots[key]
        yield from ((key, who) for each in permissions if (who := strange(organisation, row, each)))


def images_outside(organisation: Organisation, here: Region) -> Found:
    for key, permissions in here.image_permissions.items():
        row = here.images[key]
        yield from ((key, who) for each in permissions if (who := strange(organisation, row, each)))


def images_closed(organisation: Organisation, here: Region) -> Found:
    closed = {each.account_id for each in organisation.accounts.values() if each.state == "SUSPENDED"}
    for key, permissions in here.image_permissions.items():
        yield from ((key, each["UserId"]) for each in permissions if each.get("UserId") in closed)


def policies_outside(organisation: Organisation, here: Region) -> Found:
    for key, policy in here.lifecycle_policies.items():
        for schedule in policy["PolicyDetails"].get("Schedules", ()):
            for share in schedule.get("ShareRules", ()):
                for account in share["TargetAccounts"]:
                    if account != PARTNER and account not in organisation.accounts:
                        yield key, account


def image_owner(organisation: Organisation, here: Region, image_id: str) -> tuple[str | None, str | None]:
    """Account and alias of an image's owner, as far as AWS would still tell."""
    for place in organisation:
        if place.name == here.name and (image_id in place.images or image_id in place.binned_images):
            return (place.images.get(image_id) or place.binned_rows[image_id]).get("OwnerId"), None
    row = organisation.other_images[here.name].get(image_id, {})
    return row.get("OwnerId"), row.get("ImageOwnerAlias")


def strange_images(organisation: Organisation, here: Region, *, told: bool = True) -> Found:
    for key, row in here.instances.items():
        owner, alias = image_owner(organisation, here, row["ImageId"])
        if row["State"]["Name"] == "terminated" or (owner is None) is told:
            continue
        if owner is None or not (alias or owner == PARTNER or owner in organisation.accounts):
            yield (key,)


READERS: dict[str, Callable[..., Found]] = {
    "snapshot_shared_outside_organisation": snapshots_outside,
    "image_shared_outside_organisation": images_outside,
    "image_shared_with_closed_account": images_closed,
    "lifecycle_policy_shares_outside": policies_outside,
    "instance_image_untrusted_owner": strange_images,
    "unknown:instance_image_untrusted_owner": lambda *where: strange_images(*where, told=False),
}

ORGANISATIONS = {
    "tiny, twelve by four": lambda: plant(5, 12, 4, TINY),
    "small": lambda: plant(6, 5, 3, SMALL),
    "one account, one region": lambda: plant(8, 1, 1, SMALL),
}


@pytest.fixture(scope="module", params=ORGANISATIONS)
def organisation(request: pytest.FixtureRequest) -> Organisation:
    return ORGANISATIONS[request.param]()


@pytest.mark.parametrize("rule", READERS)
def test_truth_is_what_the_tables_say(organisation: Organisation, rule: str) -> None:
    found = {(here.account_id, here.name, *key) for here in organisation for key in READERS[rule](organisation, here)}
    assert found
    assert organisation.truth[rule] == found
