"""What became of every promise is what somebody would find who reads the tables and knows nothing of the stories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from auditor.sandbox.model import Organisation, Region
from auditor.sandbox.planting import TINY, plant
from tests.sandbox.backups_read import everything, expected, promises, resources, tags, usable, volumes_of

Found = Iterator[str]


def test_windows_are_what_the_tables_say(planted: Organisation) -> None:
    truth, read = planted.truth["backup_windows"], everything(planted)
    assert (read - truth, truth - read) == (set(), set())


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 4, 3, 7, tzinfo=UTC),  # the clocks have gone forward in New York and Berlin
        datetime(2026, 11, 9, 6, 30, tzinfo=UTC),  # and back again
    ],
)
def test_windows_where_clocks_have_changed(now: datetime) -> None:
    organisation = plant(12, 6, 2, TINY, now=now)
    truth = organisation.truth["backup_windows"]
    assert truth == everything(organisation)
    local = {
        plan_id
        for here in organisation
        for plan_id, row in here.backup_plans.items()
        if row["BackupPlan"]["Rules"][0].get("ScheduleExpressionTimezone") in ("Europe/Berlin", "America/New_York")
    }
    hours = {(promise.split("/")[0], at[11:16]) for *_, promise, at, _ in truth if promise.split("/")[0] in local}
    assert max(Counter(plan for plan, _ in hours).values()) == 2


def test_everything_that_can_become_of_a_backup_is_planted() -> None:
    every = plant(5, 12, 4, TINY)
    verdicts = {key[-1] for key in every.truth["backup_windows"]}
    assert verdicts == {"met", "late", "missed", "failed", "partial", "pending"}


def missed(here: Region, organisation: Organisation, prefix: str) -> Iterator[tuple[str, str]]:
    for account, region, resource, promise, _, verdict in organisation.truth["backup_windows"]:
        where = (account, region) == (here.account_id, here.name)
        if where and resource.startswith(prefix) and verdict in ("missed", "failed", "partial"):
            yield resource, promise


def in_no_plan(here: Region) -> Found:
    covered = set()
    for promise in promises(here):
        whole = promise.resource.startswith("vol-")
        covered |= {promise.resource} if whole else expected(here, promise, promise.since.max.replace(tzinfo=UTC))
    covered |= {key for key, row in here.volumes.items() if tags(row).get("ephemeral") == "true"}
    yield from (key for key in resources(here) if key.startswith("vol-") and key not in covered)


def inconsistent(here: Region) -> Found:
    for instance in resources(here).keys() & here.instances.keys():
        moments = [max(usable(here, row["VolumeId"]), default=None) for row in volumes_of(here, instance)]
        known = [moment for moment in moments if moment]
        if known and max(known) - min(known) > timedelta(minutes=5):
            yield instance


def not_bootable(here: Region) -> Found:
    for instance in resources(here).keys() & here.instances.keys():
        licensed = here.instances[instance]["UsageOperation"] != "RunInstances"
        roots = [row for row in volumes_of(here, instance) if row["Attachments"][0]["Device"] == "/dev/xvda"]
        if licensed and any(usable(here, row["VolumeId"]) for row in roots) and not usable(here, instance):
            yield instance


def of_all(organisation: Organisation, reader: object) -> set[tuple[str, ...]]:
    return {(here.account_id, here.name, found) for here in organisation for found in reader(here)}  # type: ignore[operator]


def test_what_rules_must_find_is_what_the_tables_say(planted: Organisation) -> None:
    truth = planted.truth
    assert truth["volume_not_in_any_plan"] == of_all(planted, in_no_plan)
    assert truth["instance_backup_inconsistent"] == of_all(planted, inconsistent)
    assert truth["instance_root_not_bootable"] == of_all(planted, not_bootable)
    for kind, prefix in (("volume", "vol-"), ("instance", "i-")):
        assert truth[f"{kind}_backup_missed"] == {
            (here.account_id, here.name, *found) for here in planted for found in missed(here, planted, prefix)
        }
