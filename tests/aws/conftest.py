"""A small organisation by hand, behind the sandbox's server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.aws import reader
from auditor.aws.limits import Limiter
from auditor.aws.runner import collect
from auditor.config import Config
from auditor.inventory import Inventory
from auditor.sandbox.faults import Fault, Faults
from auditor.sandbox.model import Account, Organisation
from auditor.sandbox.server import Sandbox

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HOME, OTHER = "111122223333", "444455556666"
REGIONS = ("eu-west-1", "us-east-1")
SNAPSHOTS = 30


def snapshot(number: int, account_id: str, **more: Any) -> dict[str, Any]:
    return {
        "SnapshotId": f"snap-{number:017x}",
        "OwnerId": account_id,
        "VolumeId": f"vol-{number:017x}",
        "VolumeSize": 8,
        "State": "completed",
        "Progress": "100%",
        "StartTime": NOW - timedelta(days=number),
        "Encrypted": False,
        "StorageTier": "standard",
        "Description": "",
        "Tags": [{"Key": "Name", "Value": f"snapshot {number}"}],
        **more,
    }


def image(number: int, account_id: str, **more: Any) -> dict[str, Any]:
    return {
        "ImageId": f"ami-{number:017x}",
        "Name": f"image {number}",
        "OwnerId": account_id,
        "State": "available",
        "Public": False,
        "CreationDate": "2026-01-02T03:04:05.000Z",
        "RootDeviceType": "ebs",
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": f"snap-{number:017x}", "VolumeSize": 8}}
        ],
        **more,
    }


@pytest.fixture
def organisation() -> Organisation:
    """Two accounts, two regions, thirty snapshots in each; the first is public, the second shared."""
    made = Organisation(
        seed=1, now=NOW, organisation_id="o-exampleorg", management_id=HOME, roles={"AuditorReadOnly": "sandbox"}
    )
    made.units = {"r-root": ("Root", ""), "ou-root-workloads": ("Workloads", "r-root")}
    made.accounts = {
        HOME: Account(HOME, "home", ou_id="r-root", tags={"tier": "core"}),
        OTHER: Account(OTHER, "other", ou_id="ou-root-workloads"),
    }
    made.regions = {
        "eu-west-1": "opt-in-not-required",
        "us-east-1": "opt-in-not-required",
        "af-south-1": "not-opted-in",
    }
    for account_id in made.accounts:
        for region in REGIONS:
            here = made.place(account_id, region)
            for number in range(SNAPSHOTS):
                row = snapshot(number, account_id)
                here.snapshots[row["SnapshotId"]] = row
            first, second, *_ = here.snapshots
            here.snapshot_permissions[first] = [{"Group": "all"}]
            here.snapshot_permissions[second] = [{"UserId": "999988887777"}]
    return made


Serve = Callable[..., Sandbox]


@pytest.fixture
def serve(organisation: Organisation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Serve]:
    """Serves the organisation, with faults, and makes AWS clients use it."""
    monkeypatch.setattr(reader, "FIRST_PAUSE_SECONDS", 0.001)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    with ExitStack() as stack:

        def start(*faults: Fault, **settings: Any) -> Sandbox:
            box = stack.enter_context(Sandbox(organisation, Faults(*faults, **settings)))
            for name, value in box.environment().items():
                monkeypatch.setenv(name, value)
            return box

        yield start


Read = Callable[..., Inventory]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Collects from whatever is served; ``scope``, ``shares`` and ``workers`` change the configuration."""

    def run(
        *names: str, scope: dict[str, Any] | None = None, shares: str = "exact", workers: int = 4, **more: Any
    ) -> Inventory:
        body = {
            "scope": {"organisation": True, "role": "AuditorReadOnly", "external_id": "sandbox"} | (scope or {}),
            "collect": {"shares": shares, "workers": workers},
        }
        body["scope"] = {name: value for name, value in body["scope"].items() if value is not None}
        more.setdefault("limiter", Limiter.unlimited())
        return collect(Config.of(body), tmp_path / "run", as_of=NOW, collectors=names or None, **more)

    return run
