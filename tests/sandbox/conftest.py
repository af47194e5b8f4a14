"""A tiny organisation, a few handlers that say little, and real AWS clients to call them with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config

from auditor.sandbox.faults import Fault, Faults
from auditor.sandbox.model import Account, Organisation
from auditor.sandbox.planting import SMALL, TINY, large, plant
from auditor.sandbox.request import Request, Services
from auditor.sandbox.server import Sandbox
from auditor.sandbox.services import sts

MANAGEMENT, MEMBER = "111111111111", "000000000042"
STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def describe_snapshots(request: Request, parameters: dict[str, Any]) -> dict[str, Any]:
    rows = [{"SnapshotId": key, "StartTime": STARTED} for key in request.here.snapshots]
    start = int(parameters.get("NextToken", 0))
    stop = start + parameters.get("MaxResults", len(rows))
    answer: dict[str, Any] = {"Snapshots": rows[start:stop]}
    return answer if stop >= len(rows) else {**answer, "NextToken": str(stop)}


def describe_snapshot_attribute(request: Request, parameters: dict[str, Any]) -> dict[str, Any]:
    return {"SnapshotId": parameters["SnapshotId"], "CreateVolumePermissions": []}


def describe_regions(request: Request, parameters: dict[str, Any]) -> dict[str, Any]:
    return {"Regions": [{"RegionName": request.region}]}


def list_snapshot_blocks(request: Request, parameters: dict[str, Any]) -> dict[str, Any]:
    return {"Blocks": [{"BlockIndex": 0, "BlockToken": "t"}], "VolumeSize": 1}


def list_keys(request: Request, parameters: dict[str, Any]) -> dict[str, Any]:
    return {"Keys": [{"KeyId": "k"}], "Truncated": False}


def list_backup_plans(request: Request, parameters: dict[str, Any]) -> dict[str, Any]:
    raise ZeroDivisionError("a bug in the handler")


FAKES: Services = {
    "sts": sts.HANDLERS,
    "ec2": {
        "DescribeSnapshots": describe_snapshots,
        "DescribeSnapshotAttribute": describe_snapshot_attribute,
        "DescribeRegions": describe_regions,
    },
    "ebs": {"ListSnapshotBlocks": list_snapshot_blocks},
    "kms": {"ListKeys": list_keys},
    "backup": {"ListBackupPlans": list_backup_plans},
}

Client = Callable[..., Any]

#: Organisations of every size and shape.
PLANTED: dict[str, Callable[[], Organisation]] = {
    "tiny, twelve by four": lambda: plant(5, 12, 4, TINY),
    "small": lambda: plant(6, 5, 3, SMALL),
    "small again": lambda: plant(77, 3, 5, SMALL),
    "one account, one region": lambda: plant(8, 1, 1, SMALL),
    "large": lambda: plant(9, 2, 2, large(1500, 200)),
}


@pytest.fixture(scope="session", params=PLANTED)
def planted(request: pytest.FixtureRequest) -> Organisation:
    """Each of the organisations, planted once for all tests that only look at it."""
    return PLANTED[request.param]()


@pytest.fixture(scope="session")
def aws() -> boto3.Session:
    return boto3.Session("AKIAANYTHING", "secret", region_name="eu-west-1")


@pytest.fixture
def organisation() -> Organisation:
    made = Organisation(seed=0, now=STARTED, organisation_id="o-tiny", management_id=MANAGEMENT)
    made.accounts = {name: Account(name, name) for name in (MANAGEMENT, MEMBER)}
    made.regions = {"eu-west-1": "opt-in-not-required"}
    made.roles = {"Reader": None}
    made.place(MANAGEMENT, "eu-west-1").snapshots = {f"snap-{n}": {} for n in range(5)}
    made.place(MEMBER, "eu-west-1").snapshots = {"snap-member": {}}
    return made


@pytest.fixture
def serve(organisation: Organisation) -> Iterator[Callable[..., Sandbox]]:
    """Starts sandboxes with the faults that it is given, and stops them."""
    started: list[Sandbox] = []

    def start(*faults: Fault, services: Services = FAKES, **options: Any) -> Sandbox:
        sandbox = Sandbox(organisation, Faults(*faults, **options), services=services)
        started.append(sandbox)
        sandbox.start()
        return sandbox

    yield start
    for sandbox in started:
        sandbox.stop()


@pytest.fixture
def client(aws: boto3.Session) -> Iterator[Client]:
    """Makes clients of a sandbox that try once, and closes them."""
    made: list[Any] = []

    def make(sandbox: Sandbox | str, service: str, region: str = "eu-west-1", attempts: int = 1, **keys: str) -> Any:
        config = Config(retries={"mode": "standard", "total_max_attempts": attempts}, read_timeout=5)
        url = sandbox if isinstance(sandbox, str) else sandbox.url
        made.append(aws.client(service, region_name=region, endpoint_url=url, config=config, **keys))
        return made[-1]

    yield make
    for one in made:
        one.close()
