"""Whole runs over the wire: what is read, what is written down where it could not be, and going on afterwards."""

from __future__ import annotations

import threading
from typing import Any

import pandas as pd
import pytest
from botocore.session import Session

from auditor.aws.limits import Key, Limit, Limiter
from auditor.aws.progress import Quiet
from auditor.errors import AccessError, ConfigError
from auditor.inventory import GLOBAL, Inventory
from auditor.sandbox import throttle as limits
from auditor.sandbox.faults import Fault
from auditor.sandbox.model import Organisation

HOME, OTHER = "111122223333", "444455556666"
PLACES = {(account, region) for account in (HOME, OTHER) for region in ("eu-west-1", "us-east-1")}


def statuses(inventory: Inventory, collector: str) -> dict[tuple[str, str], tuple[str, Any]]:
    rows = inventory.coverage()
    rows = rows[rows["collector"] == collector]
    return {
        (row.account_id, row.region): (row.status, None if pd.isna(row.error_code) else row.error_code)
        for row in rows.itertuples()
    }


def counts(inventory: Inventory, frame: str) -> dict[tuple[str, str], int]:
    return {key: int(n) for key, n in inventory.read(frame).groupby(["account_id", "region"]).size().items()}  # type: ignore[misc]


def test_everything_is_read_and_every_collector_has_coverage(serve: Any, read: Any) -> None:
    serve()
    inventory = read()
    coverage = inventory.coverage()
    assert set(coverage["status"]) == {"complete"}, coverage[coverage["status"] != "complete"].to_string()
    assert counts(inventory, "snapshots") == dict.fromkeys(PLACES, 30)
    assert inventory.manifest.finished_at is not None
    assert inventory.manifest.principals == {
        account: f"arn:aws:sts::{account}:assumed-role/AuditorReadOnly/auditor" for account in (HOME, OTHER)
    }
    planned = {(account, region, name) for account, region, names in inventory.manifest.plan for name in names}
    done = set(coverage[["account_id", "region", "collector"]].itertuples(index=False, name=None))
    assert planned == done
    assert {(account, region) for account, region, _ in planned} == PLACES | {(HOME, GLOBAL), (OTHER, GLOBAL)}


def test_calls_are_counted_and_few(serve: Any, read: Any) -> None:
    box = serve()
    inventory = read("snapshots", "snapshot_public_permissions")
    assert (inventory.coverage()["calls"] == 1).all()
    asked = {call[3] for call in box.calls}
    assert asked == {
        "AssumeRole",
        "ListAnalyzers",
        "GetCallerIdentity",
        "DescribeOrganization",
        "ListAccounts",
        "DescribeRegions",
        "DescribeSnapshots",
        "GetSnapshotBlockPublicAccessState",
    }
    assert all(number == 2 for call, number in box.calls.items() if call[3] == "DescribeSnapshots")


def test_only_what_is_wanted_and_what_it_builds_upon_is_read(serve: Any, read: Any) -> None:
    serve()
    inventory = read("image_shares")
    assert set(inventory.coverage()["collector"]) == {"images", "image_shares"}


def test_a_role_that_cannot_be_assumed_costs_only_its_account(serve: Any, read: Any) -> None:
    serve(Fault("denied", service="sts", action="AssumeRole", ids=(f"arn:aws:iam::{OTHER}:role/AuditorReadOnly",)))
    inventory = read("accounts", "snapshots")
    denied, complete = ("denied", "AccessDenied"), ("complete", None)
    assert statuses(inventory, "snapshots") == {place: denied if place[0] == OTHER else complete for place in PLACES}
    assert statuses(inventory, "accounts") == {(HOME, GLOBAL): complete, (OTHER, GLOBAL): denied}


def test_the_callers_own_account_is_read_with_its_own_credentials(serve: Any, read: Any) -> None:
    serve()
    inventory = read("snapshots", scope={"organisation": None, "accounts": (HOME, OTHER), "role": "Nobody"})
    got = statuses(inventory, "snapshots")
    assert {place: status for place, (status, _) in got.items()} == {
        place: "complete" if place[0] == HOME else "denied" for place in PLACES
    }


def test_without_a_role_other_accounts_are_denied(serve: Any, read: Any) -> None:
    serve()
    inventory = read(
        "snapshots", scope={"organisation": None, "accounts": (HOME, OTHER), "role": None, "external_id": None}
    )
    assert statuses(inventory, "snapshots")[OTHER, "eu-west-1"] == ("denied", "NoRole")
    assert statuses(inventory, "snapshots")[HOME, "eu-west-1"] == ("complete", None)


def test_a_refused_call_is_denied_and_what_needs_it_is_skipped(serve: Any, read: Any) -> None:
    serve(Fault("denied", account=OTHER, region="eu-west-1", action="DescribeSnapshots"))
    inventory = read("snapshots", "snapshot_shares", "volumes")
    place = (OTHER, "eu-west-1")
    assert statuses(inventory, "snapshots")[place] == ("denied", "UnauthorizedOperation")
    assert statuses(inventory, "snapshot_shares")[place] == ("skipped", "NeedsAnother")
    assert statuses(inventory, "volumes")[place] == ("complete", None)
    assert statuses(inventory, "snapshots")[OTHER, "us-east-1"] == ("complete", None)


def test_regions_that_may_not_be_listed(serve: Any, read: Any) -> None:
    known = set(Session().get_available_regions("ec2"))
    far = {"af-south-1", "ap-east-1"}
    serve(Fault("denied", action="DescribeRegions"))
    inventory = read("regions", "snapshots", scope={"exclude_regions": sorted(known - far - {r for _, r in PLACES})})
    denied, disabled = ("denied", "UnauthorizedOperation"), ("disabled", "AuthFailure")
    not_enabled = {(account, region) for account in (HOME, OTHER) for region in far}
    assert statuses(inventory, "regions") == dict.fromkeys(PLACES | not_enabled, denied)
    assert statuses(inventory, "snapshots") == {
        **dict.fromkeys(PLACES, ("complete", None)),
        **dict.fromkeys(not_enabled, disabled),
    }
    regions = inventory.read("regions")
    assert set(regions[["account_id", "region"]].itertuples(index=False, name=None)) == PLACES | not_enabled
    assert regions["opt_in_status"].isna().all()


def test_a_region_that_is_not_enabled_is_disabled(serve: Any, read: Any) -> None:
    serve()
    inventory = read("snapshots", scope={"regions": ("af-south-1", "eu-west-1")})
    assert statuses(inventory, "snapshots")[HOME, "af-south-1"] == ("disabled", "AuthFailure")
    assert statuses(inventory, "snapshots")[HOME, "eu-west-1"] == ("complete", None)


def test_a_region_that_does_not_exist_is_a_mistake_of_the_configuration(serve: Any, read: Any) -> None:
    serve()
    with pytest.raises(ConfigError, match="'eu-wst-1'") as caught:
        read("snapshots", scope={"regions": ("eu-wst-1",)})
    assert "eu-west-1" in caught.value.hint


@pytest.mark.parametrize("damage", ["cut", "reset", "truncated"])
def test_a_broken_answer_is_asked_for_again(serve: Any, read: Any, damage: Any) -> None:
    serve(Fault(damage, action="DescribeSnapshots", account=HOME, region="eu-west-1", times=2))
    inventory = read("snapshots")
    assert set(statuses(inventory, "snapshots").values()) == {("complete", None)}
    assert counts(inventory, "snapshots") == dict.fromkeys(PLACES, 30)
    coverage = inventory.coverage().set_index(["account_id", "region"])
    assert coverage.loc[(HOME, "eu-west-1"), "calls"] >= 2


def test_answers_that_stay_broken_fail_with_a_readable_code(serve: Any, read: Any) -> None:
    serve(Fault("cut", action="DescribeVolumes", account=HOME, region="eu-west-1"))
    inventory = read("volumes")
    assert statuses(inventory, "volumes")[HOME, "eu-west-1"] == ("failed", "UnreadableAnswer")
    assert statuses(inventory, "volumes")[OTHER, "eu-west-1"] == ("complete", None)


@pytest.mark.parametrize("sent", [None, 0, 1])
def test_json_cut_short_never_looks_like_an_empty_listing(serve: Any, read: Any, sent: int | None) -> None:
    names = ("backup_vaults", "lifecycle_policies", "auto_scaling_groups", "ssm_parameters", "recycle_bin_rules")
    services = ("backup", "dlm", "autoscaling", "ssm", "rbin")
    serve(*(Fault("cut", service=service, region="eu-west-1", sent=sent) for service in services))
    inventory = read(*names)
    for name in names:
        assert statuses(inventory, name)[HOME, "eu-west-1"] == ("failed", "UnreadableAnswer"), name
        assert statuses(inventory, name)[HOME, "us-east-1"] == ("complete", None), name


def test_half_a_listing_keeps_its_rows_and_says_so(
    serve: Any, read: Any, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots = organisation.place(HOME, "eu-west-1").snapshots
    for number in range(30, 1500):
        snapshots[f"snap-{number:017x}"] = {**snapshots[f"snap-{0:017x}"], "SnapshotId": f"snap-{number:017x}"}
    serve(Fault("denied", account=HOME, region="eu-west-1", action="DescribeSnapshots", after=1))
    inventory = read("snapshots")
    assert statuses(inventory, "snapshots")[HOME, "eu-west-1"] == ("truncated", "UnauthorizedOperation")
    assert counts(inventory, "snapshots")[HOME, "eu-west-1"] == 1000


def test_empty_pages_are_not_the_end(serve: Any, read: Any) -> None:
    serve(Fault("empty_page"))
    inventory = read()
    assert set(inventory.coverage()["status"]) == {"complete"}
    assert counts(inventory, "snapshots") == dict.fromkeys(PLACES, 30)


def test_what_vanishes_meanwhile_is_no_gap(serve: Any, read: Any) -> None:
    gone = tuple(f"snap-{number:017x}" for number in (3, 4))
    serve(Fault("vanish", ids=gone))
    inventory = read("snapshot_shares")
    assert set(inventory.coverage()["status"]) == {"complete"}
    assert inventory.item_gaps().empty
    assert set(inventory.read("snapshot_shares")["grantee"]) == {"all", "999988887777"}


def test_one_resource_that_fails_is_a_gap_of_its_own(serve: Any, read: Any) -> None:
    broken = f"snap-{7:017x}"
    serve(Fault("error", action="DescribeSnapshotAttribute", account=HOME, ids=(broken,), code="Odd", status=400))
    inventory = read("snapshot_shares")
    gaps = inventory.item_gaps()
    assert set(gaps[["account_id", "region", "collector", "resource_id", "error_code"]].itertuples(False, None)) == {
        (HOME, region, "snapshot_shares", broken, "Odd") for region in ("eu-west-1", "us-east-1")
    }
    assert set(inventory.coverage()["status"]) == {"complete"}


def test_attribute_calls_that_are_all_refused_deny_the_collector(serve: Any, read: Any) -> None:
    box = serve(Fault("denied", action="DescribeSnapshotAttribute"))
    inventory = read("snapshot_shares")
    assert set(statuses(inventory, "snapshot_shares").values()) == {("denied", "UnauthorizedOperation")}
    assert inventory.item_gaps().empty
    assert sum(number for call, number in box.calls.items() if call[3] == "DescribeSnapshotAttribute") < 4 * 30


def test_expired_credentials_end_the_run_quickly_and_it_can_be_gone_on_with(
    serve: Any, read: Any, organisation: Organisation
) -> None:
    serve(Fault("expired", service="ec2", after=9))
    told: list[str] = []

    class Told(Quiet):
        def say(self, message: str) -> None:
            told.append(message)

    first = read(progress=Told())
    coverage = first.coverage()
    assert "ExpiredToken" in set(coverage["error_code"].dropna())
    assert "complete" in set(coverage["status"])
    assert any("same folder" in message for message in told)
    kept = coverage[coverage["status"] == "complete"]

    box = serve()
    second = read()
    assert set(second.coverage()["status"]) == {"complete"}
    assert counts(second, "snapshots") == dict.fromkeys(PLACES, 30)
    again = sum(number for call, number in box.calls.items() if call[3] == "DescribeSnapshots")
    read_before = int((kept["collector"] == "snapshots").sum())
    assert again <= 8 - read_before


def test_an_interruption_loses_nothing_that_was_finished(
    serve: Any, read: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    serve()

    class Interrupting(Quiet):
        def collected(self, collector: str, status: str, rows: int) -> None:
            super().collected(collector, status, rows)
            if collector == "snapshots":
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read("snapshots", "volumes", progress=Interrupting())
    left = Inventory.load(tmp_path / "run")
    assert left.manifest.finished_at is None
    assert "skipped" in set(left.coverage()["status"])
    finished = {place for place, (status, _) in statuses(left, "snapshots").items() if status == "complete"}
    assert finished
    box = serve()
    whole = read("snapshots", "volumes")
    assert set(whole.coverage()["status"]) == {"complete"}
    asked = {(call[0], call[1]) for call in box.calls if call[3] == "DescribeSnapshots"}
    assert asked == PLACES - finished


def test_what_was_finished_is_not_read_again(serve: Any, read: Any) -> None:
    serve()
    first = read("snapshot_shares")
    box = serve()
    second = read("snapshot_shares")
    assert not {call for call in box.calls if call[3].startswith("DescribeSnapshot")}
    pd.testing.assert_frame_equal(first.read("snapshot_shares"), second.read("snapshot_shares"))


def test_what_builds_on_something_that_is_read_again_is_read_again(
    serve: Any, read: Any, organisation: Organisation
) -> None:
    box = serve(Fault("denied", action="DescribeVolumes"))
    read("kms_keys")
    box = serve()
    inventory = read("kms_keys")
    assert set(inventory.coverage()["status"]) == {"complete"}
    assert not {call for call in box.calls if call[3] == "DescribeSnapshots"}


def test_foreign_throttling_slows_down_and_nothing_is_lost(serve: Any, read: Any) -> None:
    serve(Fault("throttled", action="DescribeSnapshots", account=HOME, region="eu-west-1", times=1))
    shown = Quiet()
    inventory = read("snapshots", progress=shown)
    assert set(inventory.coverage()["status"]) == {"complete"}
    assert shown.throttles == 1
    assert shown.calls == sum(inventory.coverage()["calls"]) + 2 + 2 + 2  # organisation, identities, regions


class Clock:
    """Goes forward only where a worker waits: a machine that stalls changes nothing."""

    def __init__(self) -> None:
        self._now = 0.0
        self._lock = threading.Lock()
        self._asked = threading.local()

    def __call__(self) -> float:
        self._asked.at = now = self._now  # looked at once: another worker may move it meanwhile
        return now

    def sleep(self, seconds: float) -> None:
        """Wait so long from when this worker last looked at the clock."""
        with self._lock:
            self._now = max(self._now, self._asked.at + seconds)


class Waiting(Limiter):
    """Waits on the clock it was given, whatever its caller would rather wait on."""

    def acquire(self, key: Key, sleep: Any = None) -> None:
        super().acquire(key)


def test_the_limiter_causes_no_throttles(serve: Any, read: Any) -> None:
    def limit(_service: str, operation: str) -> Limit | None:
        return Limit(20, 10) if operation == "DescribeSnapshotAttribute" else None

    clock = Clock()
    fault = Fault("throttle", action="DescribeSnapshotAttribute", limit=limits.Limit(20, 10))
    box = serve(fault, clock=clock)
    inventory = read("snapshot_shares", limiter=Waiting(limit, clock=clock, sleep=clock.sleep))
    assert set(inventory.coverage()["status"]) == {"complete"}
    assert not box.throttled
    asked = [count for key, count in box.calls.items() if key[3] == "DescribeSnapshotAttribute"]
    assert min(asked) > 20  # more than a bucket holds: without a limiter there would be throttles
    assert clock() <= sum((count - 15) / 9.8 for count in asked) + 1e-6  # and it waits no longer than it has to


def test_an_organisation_that_may_not_be_listed_leaves_the_caller_and_a_gap(serve: Any, read: Any) -> None:
    serve(Fault("denied", action="ListAccounts"))
    inventory = read("accounts", "snapshots")
    assert {account for account, _ in statuses(inventory, "snapshots")} == {HOME}
    assert statuses(inventory, "accounts")[HOME, GLOBAL] == ("truncated", "AccessDeniedException")


def test_credentials_that_aws_does_not_accept(serve: Any, read: Any, tmp_path: Any) -> None:
    serve(Fault("error", action="GetCallerIdentity", code="InvalidClientTokenId", status=403))
    with pytest.raises(AccessError, match="does not accept the credentials"):
        read("snapshots")
    assert not (tmp_path / "run").exists()


def test_credentials_that_end_before_anything_is_read(serve: Any, read: Any) -> None:
    serve(Fault("error", service="organizations", code="ExpiredTokenException", status=400))
    with pytest.raises(AccessError, match="expired"):
        read("snapshots")


def test_an_organisation_whose_answers_stay_broken_leaves_the_caller(serve: Any, read: Any) -> None:
    serve(Fault("cut", action="ListAccounts"))
    inventory = read("accounts", "snapshots")
    assert {account for account, _ in statuses(inventory, "snapshots")} == {HOME}
    assert statuses(inventory, "accounts")[HOME, GLOBAL] == ("truncated", "UnreadableAnswer")


def test_a_token_that_expires_while_entering_fails_that_account(serve: Any, read: Any) -> None:
    serve(Fault("error", action="AssumeRole", code="ExpiredToken", status=403))
    inventory = read("snapshots")
    assert set(statuses(inventory, "snapshots").values()) == {("failed", "ExpiredToken")}


def test_bulk_shares_are_honest_about_what_they_do_not_show(serve: Any, read: Any, organisation: Organisation) -> None:
    here = organisation.place(HOME, "eu-west-1")
    third = list(here.snapshots)[2]
    here.snapshot_permissions[third] = [{"UserId": OTHER}]
    box = serve()
    inventory = read("snapshot_shares", "image_shares", shares="bulk")
    assert set(statuses(inventory, "snapshot_shares").values()) == {("truncated", "BulkOnly")}
    assert set(statuses(inventory, "image_shares").values()) == {("truncated", "BulkOnly")}
    shares = inventory.read("snapshot_shares", HOME, "eu-west-1")
    assert set(shares[["snapshot_id", "grantee_type", "grantee"]].itertuples(False, None)) == {
        (f"snap-{0:017x}", "group", "all"),
        (third, "account", OTHER),
    }
    assert not {call for call in box.calls if call[3].endswith("Attribute")}


@pytest.mark.parametrize("narrowed", [{}, {"exclude_accounts": (HOME,)}])
def test_the_directory_is_read_once_with_the_callers_account(serve: Any, read: Any, narrowed: dict[str, Any]) -> None:
    serve()
    inventory = read("directory", "snapshots", scope=narrowed)
    assert statuses(inventory, "directory") == {(HOME, GLOBAL): ("complete", None)}
    rows = inventory.read("directory")
    assert dict(zip(rows["member_id"], rows["in_scope"], strict=True)) == {HOME: not narrowed, OTHER: True}
    assert set(rows["organisation_id"]) == {"o-exampleorg"}
    assert {account for account, _ in inventory.partitions} == ({OTHER} if narrowed else {HOME, OTHER})


def test_without_an_organisation_the_directory_is_what_is_in_scope(serve: Any, read: Any) -> None:
    serve()
    rows = read("directory", scope={"organisation": None, "accounts": (OTHER,)}).read("directory")
    assert (rows["member_id"].tolist(), rows["in_scope"].tolist()) == ([OTHER], [True])
    assert rows["organisation_id"].isna().all()
