"""Images that may be inconsistent, read a second way out of the planted tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from auditor.sandbox.model import Organisation, Region, Row


def answers(here: Region, image_id: str) -> Iterator[bool | None]:
    """Whether each call that made an image did without a reboot; ``None`` where the event does not tell."""
    for event in here.trail_events.values():
        if image_id not in [each["ResourceName"] for each in event["Resources"]]:
            continue
        try:
            told = json.loads(event["CloudTrailEvent"])
        except ValueError:
            yield None
            continue
        if "errorCode" not in told:
            request = told["requestParameters"]
            yield request.get("noReboot", False) if request else None


def spread(here: Region, row: Row) -> timedelta:
    starts = [
        here.snapshots[device["Ebs"]["SnapshotId"]]["StartTime"]
        for device in row["BlockDeviceMappings"]
        if device.get("Ebs", {}).get("SnapshotId") in here.snapshots
    ]
    return max(starts) - min(starts) if starts else timedelta(-1)


def policy(here: Region, row: Row) -> bool | None:
    """Whether the policy that made an image does without a reboot, if it is there and what it was then."""
    tags = {tag["Key"]: tag["Value"] for tag in row["Tags"]}
    held = here.lifecycle_policies.get(tags.get("aws:dlm:lifecycle-policy-id", ""))
    if held is None or held["DateModified"] > datetime.fromisoformat(row["CreationDate"]):
        return None
    details = held["PolicyDetails"]
    return details.get("Parameters", {}).get("NoReboot", True) if details["PolicyType"] == "IMAGE_MANAGEMENT" else None


def verdicts(organisation: Organisation, here: Region) -> Iterator[tuple[str, bool | None]]:
    for key, row in here.images.items():
        tags = {tag["Key"] for tag in row["Tags"]}
        by_backup = "aws:backup:source-resource" in tags or row["Name"].startswith("AwsBackup_")
        copied = "SourceInstanceId" not in row and "SourceImageId" in row
        apart = spread(here, row)
        if row["State"] not in ("available", "disabled") or apart < timedelta(0) or by_backup or copied:
            continue
        said = list(answers(here, key))
        by_policy = None if False in said else policy(here, row)
        mapped = [device.get("Ebs", {}).get("SnapshotId") for device in row["BlockDeviceMappings"]]
        words = [here.snapshots[each]["Description"] for each in mapped if each in here.snapshots]
        by_call = "SourceInstanceId" in row or any(f" for {key}" in each for each in words)
        young = organisation.now - datetime.fromisoformat(row["CreationDate"]) <= timedelta(days=89)
        if True in said or apart > timedelta(minutes=6) or by_policy:
            yield key, True
        elif by_call and young and False not in said and by_policy is None:
            yield key, None


@pytest.mark.parametrize(("rule", "wanted"), [("image_inconsistent", True), ("unknown:image_inconsistent", None)])
def test_truth_is_what_the_tables_say(planted: Organisation, rule: str, wanted: bool | None) -> None:
    read = {
        (here.account_id, here.name, key)
        for here in planted
        for key, found in verdicts(planted, here)
        if found is wanted
    }
    assert planted.truth.get(rule, set()) == read
