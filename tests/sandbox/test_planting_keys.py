"""What the stories of keys wrote down is what somebody would find who reads every planted policy and grant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

import pytest

from auditor.sandbox.model import Organisation, Region, Row
from auditor.sandbox.planting import SMALL, TINY, plant

PARTNER = "777766665555"
NEEDED = {
    "kms:DescribeKey",
    "kms:CreateGrant",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:Decrypt",
}


def listed(value: object) -> list[str]:
    return list(value) if isinstance(value, list) else [str(value)]


def account_of(grantee: str) -> str:
    return grantee if grantee.isdigit() else ""


def names(statement: Row, grantee: str) -> bool:
    """Whether a statement is about the grantee; a denial of one role is not about its account."""
    if statement["Principal"] == "*":
        return True
    for principal in listed(statement["Principal"].get("AWS", [])):
        part = principal.rpartition(":")[2]
        if principal == "*" or (account_of(grantee) and account_of(grantee) in principal):
            return statement["Effect"] == "Allow" or part == "root" or principal.isdigit()
    return False


def holds(condition: Row, grantee: str, organisation: Organisation, action: str) -> bool | None:
    """Whether the conditions of a statement hold; None where the moment decides."""
    told: list[bool | None] = []
    for tests in condition.values():
        for key, values in tests.items():
            wanted = listed(values)
            if key == "aws:PrincipalOrgID":
                ours = grantee in organisation.accounts or f"/{organisation.organisation_id}" in grantee
                told.append(wanted == [organisation.organisation_id] and ours)
            elif key == "kms:CallerAccount":
                told.append(any(fnmatchcase(account_of(grantee), each) for each in wanted))
            elif key == "kms:ViaService":
                told.append(all(each.startswith("ec2.") for each in wanted))
            elif key == "kms:GrantIsForAWSResource":
                told.append(action == "kms:CreateGrant")
            else:
                told.append(None)
    return False if False in told else None if None in told else True


def acts(statement: Row) -> Iterator[str]:
    for action in NEEDED:
        if any(fnmatchcase(action.lower(), each.lower()) for each in listed(statement["Action"])):
            yield action


def lets(organisation: Organisation, here: Region, key: str, grantee: str) -> str:
    """yes, no or open: whether a key lets a grantee do all that is needed."""
    if key.split(":")[4] != here.account_id:
        return "open"
    row = here.kms_keys.get(key, {"KeyState": "gone"})
    if row["KeyState"] != "Enabled" or row["KeyManager"] == "AWS":
        return "no"
    allowed, perhaps, denied = set(), set(), set()
    for statement in here.key_policies[key]["Statement"]:
        if not names(statement, grantee):
            continue
        for action in acts(statement):
            holding = holds(statement.get("Condition", {}), grantee, organisation, action)
            if statement["Effect"] == "Deny":
                denied.add(action)
            elif holding is not False:
                (allowed if holding else perhaps).add(action)
    for grant in here.key_grants[key]:
        if account_of(grantee) and account_of(grantee) in grant["GranteePrincipal"] and "Constraints" not in grant:
            allowed |= {f"kms:{operation}" for operation in grant["Operations"]}
    if allowed - denied >= NEEDED:
        return "yes"
    return "open" if (allowed | perhaps) - denied >= NEEDED else "no"


def verdict(told: Iterable[str]) -> str:
    held = set(told)
    return "no" if "no" in held else "open" if "open" in held else "yes"


def shared(table: dict[str, list[Row]]) -> Iterator[tuple[str, str]]:
    for resource_id, permissions in table.items():
        for permission in permissions:
            yield from ((resource_id, grantee) for grantee in permission.values())


def snapshots(organisation: Organisation, here: Region) -> Iterator[tuple[str, str, str]]:
    for snapshot_id, grantee in shared(here.snapshot_permissions):
        key = here.snapshots[snapshot_id].get("KmsKeyId")
        if key and grantee not in (here.account_id, "all", "aws-marketplace"):
            yield snapshot_id, grantee, lets(organisation, here, key, grantee)


def images(organisation: Organisation, here: Region) -> Iterator[tuple[str, str, str]]:
    """Shares with those who are meant to have them, by what their keys let them do."""
    ours = {key for key, account in organisation.accounts.items() if account.state == "ACTIVE"} | {PARTNER}
    for image_id, grantee in shared(here.image_permissions):
        row = here.images[image_id]
        meant = grantee in ours or f"/{organisation.organisation_id}" in grantee
        if not meant or grantee == here.account_id or row["State"] != "available":
            continue
        mapped = [device.get("Ebs", {}).get("SnapshotId") for device in row["BlockDeviceMappings"]]
        keys = {here.snapshots.get(each, {}).get("KmsKeyId") for each in mapped} - {None}
        yield image_id, grantee, verdict(lets(organisation, here, key, grantee) for key in keys)


def halfway(organisation: Organisation, here: Region) -> set[tuple[str, str]]:
    """Images that the management account must be able to copy and has, without all of their snapshots."""
    found, boss = set(), organisation.management_id
    for image_id, row in here.images.items():
        tags = {tag["Key"]: tag["Value"] for tag in row["Tags"]}
        given = {"UserId": boss} in here.image_permissions.get(image_id, [])
        if tags.get("share") == "platform" and "-golden-" in row["Name"] and given and boss != here.account_id:
            mapped = [device["Ebs"]["SnapshotId"] for device in row["BlockDeviceMappings"]]
            if any({"UserId": boss} not in here.snapshot_permissions.get(each, []) for each in mapped):
                found.add((image_id, boss))
    return found


ORGANISATIONS = {
    "tiny, twelve by four": lambda: plant(5, 12, 4, TINY),
    "small": lambda: plant(6, 5, 3, SMALL),
    "one account, one region": lambda: plant(8, 1, 1, SMALL),
}


@pytest.fixture(scope="module", params=ORGANISATIONS)
def organisation(request: pytest.FixtureRequest) -> Organisation:
    return ORGANISATIONS[request.param]()


def test_snapshots_whose_key_keeps_the_grantee_out(organisation: Organisation) -> None:
    told = [(here, *row) for here in organisation for row in snapshots(organisation, here)]
    dead = {(here.account_id, here.name, key, who) for here, key, who, let in told if let == "no"}
    open_ = {(here.account_id, here.name, key) for here, key, _, let in told if let == "open"}
    assert dead
    assert {let for *_, let in told} == {"yes", "no", "open"}
    assert organisation.truth["snapshot_share_ineffective"] == dead
    assert organisation.truth["unknown:snapshot_share_ineffective"] == open_


def test_images_whose_keys_or_snapshots_were_left_out(organisation: Organisation) -> None:
    told = [(here, *row) for here in organisation for row in images(organisation, here)]
    dead = {(here.account_id, here.name, key, who) for here, key, who, let in told if let == "no"}
    open_ = {(here.account_id, here.name, key) for here, key, _, let in told if let == "open"}
    half = {(here.account_id, here.name, *pair) for here in organisation for pair in halfway(organisation, here)}
    assert {let for *_, let in told} == {"yes", "no", "open"}
    assert organisation.truth["image_share_incomplete"] == dead | half
    assert organisation.truth["unknown:image_share_incomplete"] == open_
