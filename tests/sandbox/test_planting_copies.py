"""What became of copies is what somebody would find who looks for them in the tables alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

import pytest

from auditor.sandbox.model import Organisation, Region
from auditor.sandbox.planting import SMALL, TINY, plant
from tests.sandbox.backups_read import DAY, Promise, lifecycle_promises, made_by, plan_promises, volumes_of

#: Backups of one promise: the parts of each by its moment.
Backups = dict[datetime, set[str]]


def destinations(here: Region, promise: Promise) -> Iterator[str]:
    """Where a promise says that its backups are copied to."""
    by, _, name = promise.promise_id.partition("/")
    if by in here.lifecycle_policies:
        targets = here.lifecycle_policies[by]["PolicyDetails"].get("CrossRegionCopyTargets", [])
        yield from (target["TargetRegion"] for target in targets)
        for schedule in here.lifecycle_policies[by]["PolicyDetails"].get("Schedules", []):
            if schedule["Name"] == name:
                rules = schedule.get("CrossRegionCopyRules", [])
                yield from {rule["TargetRegion" if "TargetRegion" in rule else "Target"] for rule in rules}
    else:
        for rule in here.backup_plans[by]["BackupPlan"]["Rules"]:
            if rule["RuleId"] == name:
                yield from {action["DestinationBackupVaultArn"] for action in rule["CopyActions"]}


def made(here: Region, promise: Promise) -> Backups:
    """What a lifecycle policy made for a resource; the snapshots of a machine are begun at one moment."""
    found: Backups = defaultdict(set)
    machine = promise.resource.startswith("i-")
    mark = promise.promise_id.replace("/default", "/Default Schedule")
    if promise.kind == "IMAGE_MANAGEMENT" or (promise.kind == "any" and machine):
        for image_id, row in here.images.items():
            if row.get("SourceInstanceId") == promise.resource and made_by(row, mark):
                found[datetime.fromisoformat(row["CreationDate"])].add(image_id)
        return found
    own = {row["VolumeId"] for row in volumes_of(here, promise.resource)} if machine else {promise.resource}
    for snapshot_id, row in here.snapshots.items():
        if row["VolumeId"] in own and row["State"] == "completed" and made_by(row, mark):
            found[row["StartTime"]].add(snapshot_id)
    return found


def sources(there: Region, here: Region) -> dict[str, str]:
    """What is there as a copy of what, with the words it is described with."""
    said = [re.match(rf"\[Copied (snap-\w+) from {here.name}\] (.*)", row["Description"]) for row in
            there.snapshots.values() if row["State"] == "completed"]  # fmt: skip
    found = {match[1]: match[2] for match in said if match}
    for row in there.images.values():
        if row.get("SourceImageRegion") == here.name and "SourceInstanceId" not in row and row["State"] == "available":
            found[row["SourceImageId"]] = ""
    return found


def by_policy(organisation: Organisation, here: Region, promise: Promise, region: str) -> str:
    backups, now = made(here, promise), organisation.now
    if not backups:
        return "passed"
    if (here.account_id, region) not in organisation.places:
        return "unknown"
    held = sources(organisation.places[here.account_id, region], here)
    last = max((at for at, parts in backups.items() if parts <= held.keys()), default=None)
    if last is None:
        policy, _, name = promise.promise_id.partition("/")
        text = f"Created for policy: {policy} schedule: {name}"
        gone = [source for source, words in held.items() if words == text and source not in here.snapshots]
        return "unknown" if gone else "found"
    return "found" if any(now - at > DAY for at in backups if at > last) else "passed"


def by_plan(organisation: Organisation, here: Region, promise: Promise, arn: str) -> str:
    *_, region, account, _, vault = arn.split(":")
    if (account, region) not in organisation.places:
        return "unknown"
    there = organisation.places[account, region].recovery_points[vault]
    ages = [
        organisation.now - row["CreationDate"]
        for row in there.values()
        if "SourceBackupVaultArn" in row and row["ResourceArn"].endswith(f"/{promise.resource}")
    ]
    return "passed" if ages and min(ages) < 2 * DAY else "found"


@pytest.fixture(scope="module", params=[(17, 4, TINY), (17, 5, SMALL)], ids=["tiny", "small"])
def told(request: pytest.FixtureRequest) -> tuple[Organisation, dict[str, set[tuple[str, ...]]]]:
    """An organisation, and what its tables say: by kind of resource and verdict."""
    seed, accounts, size = request.param
    organisation = plant(seed, accounts, 3, size)
    read = defaultdict(set)
    for here in organisation:
        for promise in (*lifecycle_promises(here), *plan_promises(here)):
            kind = "backup" if promise.resource.startswith("vol-") else "instance"
            for where in destinations(here, promise):
                judge = by_plan if where.startswith("arn:") else by_policy
                verdict = judge(organisation, here, promise, where)
                what = (f"{promise.promise_id} {where}",) if verdict == "found" else ()
                prefix = "unknown:" if verdict == "unknown" else f"{verdict}:" if verdict == "passed" else ""
                read[f"{prefix}{kind}_copy_missing"].add((here.account_id, here.name, promise.resource, *what))
    return organisation, read


@pytest.mark.parametrize("kind", ["backup", "instance"])
def test_truth_is_what_the_tables_say(told: tuple[Organisation, dict[str, set[tuple[str, ...]]]], kind: str) -> None:
    organisation, read = told
    for name in (f"{kind}_copy_missing", f"unknown:{kind}_copy_missing"):
        assert organisation.truth[name] == read[name], name
        assert read[name], name
    assert read[f"passed:{kind}_copy_missing"]
