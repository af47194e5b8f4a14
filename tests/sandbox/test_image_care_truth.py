"""Truth of the rules on the care of images, read off the planted tables by other means."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from auditor.sandbox.model import Organisation, Region, Row
from tests.sandbox.naming import named_beside
from tests.sandbox.test_planting_truth import seen_everywhere

Reader = Callable[[Organisation, Region], Iterator[str]]


def instance_store(_: Organisation, here: Region) -> Iterator[str]:
    for key, row in here.images.items():
        if row["ImageLocation"].endswith(".manifest.xml") and row["State"] != "failed":
            yield key


def paravirtual(_: Organisation, here: Region) -> Iterator[str]:
    for key, row in here.images.items():
        if row["State"] != "failed" and (row["VirtualizationType"] != "hvm" or row.get("KernelId")):
            yield key


def current(organisation: Organisation, region: str) -> set[str]:
    """Images that something current in any account of the region names."""
    named: set[str] = set()
    for here in organisation:
        if here.name == region:
            named |= {row["ImageId"] for row in here.instances.values() if row["State"]["Name"] != "terminated"}
            named |= set(launches(here)) | {row["ImageId"] for row in here.launch_configurations.values()}
            named |= {row["Value"] for row in here.parameters.values() if row["DataType"] == "aws:ec2:image"}
            named |= named_beside(here)[0]
    return named


def launches(here: Region) -> Iterator[str]:
    """Images that a template's default or latest version, or one that a group pins, launches."""
    pinned = set()
    for row in here.auto_scaling_groups.values():
        mixed = row.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
        what = row.get("LaunchTemplate") or mixed.get("LaunchTemplateSpecification") or {}
        pinned.add((what.get("LaunchTemplateId"), what.get("Version")))
        yield from (each["ImageId"] for each in mixed.get("Overrides", []) if "ImageId" in each)
    for template_id, versions in here.launch_template_versions.items():
        for number, row in enumerate(versions, 1):
            if row["DefaultVersion"] or number == len(versions) or (template_id, str(number)) in pinned:
                image = row["LaunchTemplateData"]["ImageId"]
                held = here.parameters.get(image.removeprefix("resolve:ssm:"))
                yield held["Value"] if held else image


def mapped(row: Row) -> list[str]:
    return [
        device["Ebs"]["SnapshotId"] for device in row["BlockDeviceMappings"] if device.get("Ebs", {}).get("SnapshotId")
    ]


def days(organisation: Organisation, row: Row) -> float:
    """How old an image is."""
    return (organisation.now - datetime.fromisoformat(row["CreationDate"])) / timedelta(days=1)


def disabled_costing(organisation: Organisation, here: Region) -> Iterator[str]:
    used = current(organisation, here.name)
    for key, row in here.images.items():
        idle = row["State"] == "disabled" and key not in used and days(organisation, row) > 30
        if idle and set(mapped(row)) & set(here.snapshots):
            yield key


def unencrypted(here: Region, told: bool) -> Iterator[str]:
    plain = {key for key, row in here.snapshots.items() if "KmsKeyId" not in row}
    for key, row in here.images.items():
        if row["State"] == "available":
            seen = bool(plain & set(mapped(row)))
            if seen is told and (seen or set(mapped(row)) - set(here.snapshots)):
                yield key


def deregistered(organisation: Organisation, here: Region) -> Iterator[str]:
    kept = {key for there in organisation if there.name == here.name for key in there.images}
    kept |= organisation.other_images[here.name].keys()
    for key, row in here.instances.items():
        if row["State"]["Name"] != "terminated" and row["ImageId"] not in kept:
            yield key


def unprotected(_: Organisation, here: Region) -> Iterator[str]:
    own = {"UserId": here.account_id}
    shared = {key for key, grants in here.image_permissions.items() if any(grant != own for grant in grants)}
    for key in shared | set(launches(here)):
        row = here.images.get(key, {})
        if row.get("State") == "available" and row["DeregistrationProtection"] == "disabled":
            yield key


def stale(organisation: Organisation, here: Region, used: bool) -> Iterator[str]:
    firm: set[str] = set()
    for there in organisation:
        if there.name == here.name:
            firm |= {row["ImageId"] for row in there.instances.values() if row["State"]["Name"] == "running"}
            firm |= set(launches(there))
    for key, row in here.images.items():
        old = row["State"] in ("available", "disabled") and days(organisation, row) > 180
        if old and (key in firm) is used and (used or not seen_everywhere(organisation, here, key)):
            yield key


def licence_at_risk(organisation: Organisation, here: Region) -> Iterator[str]:
    named = current(organisation, here.name)
    for there in organisation:
        if there.name == here.name:
            named |= {v["LaunchTemplateData"]["ImageId"] for vs in there.launch_template_versions.values() for v in vs}
    limit = (organisation.now - timedelta(days=90)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    for key, row in here.images.items():
        if key in named or row["State"] not in ("available", "disabled") or row["RootDeviceType"] != "ebs":
            continue
        if row["CreationDate"] < limit and row.get("LastLaunchedTime", "") < limit:
            odd = row["UsageOperation"] != "RunInstances" or "ProductCodes" in row or "TpmSupport" in row
            if odd or row.get("KernelId") or (row["BootMode"] == "uefi" and row["Architecture"] != "arm64"):
                yield key


_MARKS = r"-v[\d.]+-\d{8}-(?=[a-f]*\d)[0-9a-f]{5}\Z|(?<=_i-.{17})_.*Z?\Z"


def copied_from(here: Region, row: Row) -> Row:
    """The image of this place that one is a copy of; itself where it is no copy."""
    source = here.images.get(row.get("SourceImageId", ""), row)
    return row if "SourceInstanceId" in row or source is row else copied_from(here, source)


def superseded(organisation: Organisation, here: Region, seen: bool) -> Iterator[str]:
    used = current(organisation, here.name)
    ready = {key: row for key, row in here.images.items() if row["State"] == "available"}
    family = {key: re.sub(_MARKS, "", copied_from(here, row)["Name"]) for key, row in ready.items()}
    on = {key for key, row in here.lifecycle_policies.items() if row["State"] == "ENABLED"}
    used |= {key for key, row in ready.items() if any(tag["Value"] in on for tag in row["Tags"])}
    used |= {arn.rpartition("/")[2] for vault in here.recovery_points.values() for arn in vault}
    for key, row in ready.items():
        after = [other for other in ready if family[other] == family[key]]
        after = [other for other in after if ready[other]["CreationDate"] > row["CreationDate"]]
        if len(after) > 2 and key not in used and seen_everywhere(organisation, here, key) is seen:
            yield key


def missing_image(_: Organisation, here: Region) -> Iterator[str]:
    """Templates, as resources: the version is told by the discriminator."""
    text = " ".join(row["Description"] for row in here.snapshots.values())
    for template_id, versions in here.launch_template_versions.items():
        for number, row in enumerate(versions, 1):
            image_id = row["LaunchTemplateData"]["ImageId"]
            ours = image_id in here.binned_images or f" for {image_id}" in text
            if ours and image_id not in here.images and (row["DefaultVersion"] or number == len(versions)):
                yield template_id


READERS: dict[str, Reader] = {
    "image_instance_store": instance_store,
    "image_paravirtual": paravirtual,
    "image_disabled_costing": disabled_costing,
    "image_deregistered_in_use": deregistered,
    "image_unprotected": unprotected,
    "image_stale_in_use": lambda organisation, here: stale(organisation, here, used=True),
    "unknown:image_stale_in_use": lambda organisation, here: stale(organisation, here, used=False),
    "image_licence_at_risk": licence_at_risk,
    "image_superseded": lambda organisation, here: superseded(organisation, here, seen=True),
    "unknown:image_superseded": lambda organisation, here: superseded(organisation, here, seen=False),
    "reference_to_missing_image": missing_image,
    "image_unencrypted": lambda _, here: unencrypted(here, told=True),
    "unknown:image_unencrypted": lambda _, here: unencrypted(here, told=False),
}


@pytest.mark.parametrize("rule", READERS)
def test_truth_is_what_the_tables_say(planted: Organisation, rule: str) -> None:
    read = {(here.account_id, here.name, found) for here in planted for found in READERS[rule](planted, here)}
    assert {key[:3] for key in planted.truth.get(rule, set())} == read
