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


def tagged(rows: dict[str, Row], share: str) -> Iterator[tuple[str, Row]]:
    return ((key, row) for key, row in rows.items() if {"Key": "share", "Value": share} in row["Tags"])


def granted(permissions: dict[str, list[Row]], key: str) -> set[str]:
    return {str(who).rpartition("/")[2] for permission in permissions.get(key, ()) for who in permission.values()}


def snapshots_kept_back(organisation: Organisation, here: Region) -> Found:
    for key, _ in tagged(here.snapshots, "recovery"):
        wanted = {organisation.management_id, PARTNER} - {here.account_id}
        yield from ((key, who) for who in wanted - granted(here.snapshot_permissions, key))


def reaches(organisation: Organisation, account: str, given: set[str]) -> bool:
    """Whether what is given reaches an account, by itself or by anything above it."""
    above, place = [account, organisation.organisation_id], organisation.accounts[account].ou_id
    while place:
        above.append(place)
        place = organisation.units[place][1]
    return bool(given & set(above))


def images_kept_back(organisation: Organisation, here: Region, *, told: bool = True) -> Found:
    active = {each.account_id for each in organisation.accounts.values() if each.state == "ACTIVE"}
    (workloads,) = (unit for unit, (name, _) in organisation.units.items() if name == "Workloads")
    within = {each for each in active if reaches(organisation, each, {workloads})}
    for share, party, members in (
        ("organisation", organisation.organisation_id, active),
        ("platform", organisation.management_id, {organisation.management_id}),
        ("workloads", workloads, within),
    ):
        for key, row in tagged(here.images, share):
            given = granted(here.image_permissions, key)
            lacking = [each for each in members - {here.account_id} if not reaches(organisation, each, given)]
            # of a unit without accounts nobody knows what it lies in, and so not what reaches it
            nowhere = party == workloads and not within and party not in given
            if share == "platform" and "-golden-" not in row["Name"]:
                continue
            if not told:
                yield from [(key,)] if nowhere and given else []
            elif lacking or (nowhere and not given):
                yield key, party


def strange_sources(organisation: Organisation, here: Region) -> Found:
    theirs = {
        key
        for (owner, region), place in organisation.other_places.items()
        if region == here.name and owner != PARTNER
        for key in place.snapshots
    }
    yield from {(row["SnapshotId"],) for row in here.volumes.values() if row["SnapshotId"] in theirs}


READERS: dict[str, Callable[..., Found]] = {
    "snapshot_shared_outside_organisation": snapshots_outside,
    "image_shared_outside_organisation": images_outside,
    "image_shared_with_closed_account": images_closed,
    "lifecycle_policy_shares_outside": policies_outside,
    "image_not_shared": images_kept_back,
    "snapshot_not_shared": snapshots_kept_back,
    "source_snapshot_untrusted_owner": strange_sources,
    "instance_image_untrusted_owner": strange_images,
    "unknown:instance_image_untrusted_owner": lambda *where: strange_images(*where, told=False),
}

#: Rules that find nothing in an organisation of one account, where everybody who must have something owns it.
ALONE = {"image_not_shared"}

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
    assert found or (rule in ALONE and len(organisation.accounts) == 2), "a closed account comes on top"
    assert organisation.truth[rule] == found


def test_what_nobody_can_tell_is_what_the_tables_leave_open(organisation: Organisation) -> None:
    where = ((here, key) for here in organisation for key in images_kept_back(organisation, here, told=False))
    found = {(here.account_id, here.name, *key) for here, key in where}
    assert organisation.truth.get("unknown:image_not_shared", set()) == found
