"""Every fault as an unmodified client meets it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from auditor.sandbox import credentials
from auditor.sandbox.faults import Fault, Faults
from auditor.sandbox.server import Sandbox
from auditor.sandbox.services import SERVICES
from auditor.sandbox.throttle import Limit

MEMBER = "000000000042"
Serve = Callable[..., Sandbox]
Client = Callable[..., Any]

CALLS: dict[str, tuple[str, dict[str, str]]] = {
    "ec2": ("describe_snapshots", {}),
    "sts": ("get_caller_identity", {}),
    "kms": ("list_keys", {}),
    "ebs": ("list_snapshot_blocks", {"SnapshotId": "snap-1"}),
}
EXPECTED = {
    "throttled": {
        "ec2": ("RequestLimitExceeded", 503),
        "sts": ("Throttling", 400),
        "kms": ("ThrottlingException", 400),
        "ebs": ("RequestThrottledException", 400),
    },
    "denied": {
        "ec2": ("UnauthorizedOperation", 403),
        "sts": ("AccessDenied", 403),
        "kms": ("AccessDeniedException", 400),
        "ebs": ("AccessDeniedException", 403),
    },
    "region_not_opted_in": {
        "ec2": ("AuthFailure", 401),
        "sts": ("InvalidClientTokenId", 403),
        "kms": ("UnrecognizedClientException", 400),
        "ebs": ("UnrecognizedClientException", 403),
    },
    "server_error": {
        "ec2": ("InternalError", 500),
        "sts": ("InternalFailure", 500),
        "kms": ("InternalServerError", 500),
        "ebs": ("InternalServerException", 500),
    },
}


def refusal(call: Callable[[], Any]) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("service", CALLS)
@pytest.mark.parametrize("kind", EXPECTED)
def test_refusals_in_the_words_of_each_service(serve: Serve, client: Client, kind: Any, service: str) -> None:
    operation, parameters = CALLS[service]
    caller = client(serve(Fault(kind, service=service)), service)
    assert refusal(lambda: getattr(caller, operation)(**parameters)) == EXPECTED[kind][service]


@pytest.mark.parametrize(
    ("fault", "struck"),
    [
        ({}, True),
        ({"account": "111111111111", "region": "eu-*", "service": "ec2", "action": "Describe*"}, True),
        ({"account": MEMBER}, False),
        ({"region": "us-*"}, False),
        ({"service": "kms"}, False),
        ({"action": "describe*"}, False),
        ({"ids": ("snap-1",)}, True),
        ({"ids": ("snap-2",)}, False),
    ],
)
def test_faults_strike_only_the_calls_that_they_name(
    serve: Serve, client: Client, fault: dict[str, Any], struck: bool
) -> None:
    ec2 = client(serve(Fault("denied", **fault)), "ec2")
    if struck:
        assert refusal(lambda: ec2.describe_snapshots(SnapshotIds=["snap-1"])) == ("UnauthorizedOperation", 403)
    else:
        assert len(ec2.describe_snapshots(SnapshotIds=["snap-1"])["Snapshots"]) == 5


def test_after_and_times(serve: Serve, client: Client) -> None:
    ec2 = client(serve(Fault("error", after=1, times=2, code="OptInRequired", message="no", status=401)), "ec2")

    ec2.describe_snapshots()
    assert refusal(ec2.describe_snapshots) == ("OptInRequired", 401)
    assert refusal(ec2.describe_snapshots) == ("OptInRequired", 401)
    ec2.describe_snapshots()
    ec2.describe_snapshots()


def test_the_denied_are_named(serve: Serve, client: Client) -> None:
    minted = credentials.mint(MEMBER, "Reader", "me")
    ec2 = client(
        serve(Fault("denied")),
        "ec2",
        aws_access_key_id=minted["AccessKeyId"],
        aws_secret_access_key="x",
        aws_session_token=minted["SessionToken"],
    )
    with pytest.raises(ClientError, match=f"arn:aws:sts::{MEMBER}:assumed-role/Reader/me is not .* ec2:DescribeSnaps"):
        ec2.describe_snapshots()


def test_dry_runs(serve: Serve, client: Client) -> None:
    sandbox = serve(Fault("denied", action="DescribeImages"), services=SERVICES)
    ec2 = client(sandbox, "ec2")
    assert refusal(lambda: ec2.describe_snapshots(DryRun=True)) == ("DryRunOperation", 412)
    assert refusal(lambda: ec2.describe_images(DryRun=True)) == ("UnauthorizedOperation", 403)


def test_throttling_is_off_unless_asked_for(serve: Serve, client: Client) -> None:
    sandbox = serve()
    ec2 = client(sandbox, "ec2")
    for _ in range(130):
        ec2.describe_regions()
    assert (sandbox.calls.total(), sandbox.throttled.total()) == (130, 0)


def test_throttling_counts_what_it_refuses(serve: Serve, client: Client) -> None:
    sandbox = serve(throttling=True, clock=lambda: 0.0)
    ec2, elsewhere = client(sandbox, "ec2"), client(sandbox, "ec2", "us-east-1")
    for _ in range(50):
        ec2.describe_snapshots()
    assert refusal(ec2.describe_snapshots) == ("RequestLimitExceeded", 503)
    # asking for pages is another bucket, and so is every region
    assert len(ec2.describe_snapshots(MaxResults=5)["Snapshots"]) == 5
    elsewhere.describe_snapshots()
    key = ("111111111111", "eu-west-1", "ec2", "DescribeSnapshots")
    assert (sandbox.calls[key], sandbox.throttled) == (51, {key: 1})


def test_throttle_with_a_bucket_of_its_own(serve: Serve, client: Client) -> None:
    fault = Fault("throttle", action="DescribeRegions", limit=Limit(2, 0))
    ec2 = client(serve(fault), "ec2")
    for _ in range(2):
        ec2.describe_regions()
    assert refusal(ec2.describe_regions) == ("RequestLimitExceeded", 503)
    ec2.describe_snapshots()


def test_credentials_expire_by_the_key(serve: Serve, client: Client) -> None:
    sandbox = serve(Fault("expired", after=2))

    def assumed() -> Any:
        minted = credentials.mint(MEMBER, "Reader", "me")
        return client(
            sandbox,
            "ec2",
            aws_access_key_id=minted["AccessKeyId"],
            aws_secret_access_key="x",
            aws_session_token=minted["SessionToken"],
        )

    for _ in range(2):
        ec2 = assumed()
        ec2.describe_regions()
        ec2.describe_regions()
        assert refusal(ec2.describe_regions) == ("RequestExpired", 400)
    lasting = client(sandbox, "ec2")
    for _ in range(4):
        lasting.describe_regions()


def test_vanished_ids_are_listed_and_then_unknown(serve: Serve, client: Client) -> None:
    fault = Fault("vanish", action="Describe*Attribute", ids=("snap-1", "ami-2"))
    ec2 = client(serve(fault), "ec2")
    assert "snap-1" in [row["SnapshotId"] for row in ec2.describe_snapshots()["Snapshots"]]
    attribute = {"Attribute": "createVolumePermission"}
    ec2.describe_snapshot_attribute(SnapshotId="snap-2", **attribute)
    assert refusal(lambda: ec2.describe_snapshot_attribute(SnapshotId="snap-1", **attribute)) == (
        "InvalidSnapshot.NotFound",
        400,
    )
    assert refusal(lambda: ec2.describe_image_attribute(ImageId="ami-2", Attribute="launchPermission")) == (
        "InvalidAMIID.NotFound",
        400,
    )


@pytest.mark.parametrize(
    ("service", "operation", "key", "parameters", "items"),
    [
        ("ec2", "describe_snapshots", "Snapshots", {"MaxResults": 2}, 5),
        ("kms", "list_keys", "Keys", {}, 1),
    ],
)
def test_empty_pages_that_carry_a_token(
    serve: Serve, client: Client, service: str, operation: str, key: str, parameters: dict[str, Any], items: int
) -> None:
    caller = client(serve(Fault("empty_page")), service)
    first = getattr(caller, operation)(**parameters)
    assert first[key] == []
    pages = list(caller.get_paginator(operation).paginate(**parameters))
    assert pages[0][key] == []
    assert sum(len(page[key]) for page in pages) == items


def test_empty_pages_where_botocore_has_no_paginator(serve: Serve, client: Client) -> None:
    ebs = client(serve(Fault("empty_page")), "ebs")
    first = ebs.list_snapshot_blocks(SnapshotId="snap-1")
    assert first["Blocks"] == []
    second = ebs.list_snapshot_blocks(SnapshotId="snap-1", NextToken=first["NextToken"])
    assert [block["BlockIndex"] for block in second["Blocks"]] == [0]


def test_a_reset_is_tried_again(serve: Serve, client: Client) -> None:
    sandbox = serve(Fault("reset", times=1))
    assert len(client(sandbox, "ec2", attempts=3).describe_snapshots()["Snapshots"]) == 5
    assert sandbox.calls.total() == 2


def test_a_reset_breaks_the_connection(serve: Serve, client: Client) -> None:
    with pytest.raises(HTTPClientError):
        client(serve(Fault("reset", sent=10)), "ec2").describe_snapshots()


@pytest.mark.parametrize("kind", ["truncated", "cut"])
def test_a_body_that_ends_early_cannot_be_parsed(serve: Serve, client: Client, kind: Any) -> None:
    sandbox = serve(Fault(kind))
    with pytest.raises((ResponseParserError, HTTPClientError)):
        client(sandbox, "ec2").describe_snapshots()


def test_slow_answers_run_into_the_clients_timeout(serve: Serve, client: Client, aws: Any) -> None:
    sandbox = serve(Fault("slow", seconds=30))
    config = Config(read_timeout=0.05, retries={"total_max_attempts": 1})
    ec2 = aws.client("ec2", endpoint_url=sandbox.url, config=config)
    with pytest.raises(ReadTimeoutError):
        ec2.describe_snapshots()
    ec2.close()


def test_no_such_fault() -> None:
    with pytest.raises(ValueError, match="'tantrum' is no kind of fault"):
        Fault("tantrum")  # type: ignore[arg-type]


def test_faults_travel_to_other_processes() -> None:
    faults = pickle.loads(pickle.dumps(Faults(Fault("denied", region="eu-*"), throttling=True)))  # noqa: S301
    assert (faults.faults, faults.throttling) == ((Fault("denied", region="eu-*"),), True)
