"""How fast the sandbox is: pages out of the serialiser, and pages and small calls end to end.

``python benchmarks/sandbox_wire.py`` serves 10,000 snapshots from another process and reads them with boto3 as it
comes, with a quicker timestamp parser, and without parsing at all, which shows what of the time is the server's.
"""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import boto3

from auditor.sandbox.model import Organisation
from auditor.sandbox.process import serve_made
from auditor.sandbox.request import Request, Services
from auditor.sandbox.wire import HttpRequest, codec_for

ACCOUNT, REGION, SNAPSHOTS, PAGE = "111111111111", "eu-west-1", 10_000, 1000
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def snapshot(number: int) -> dict[str, Any]:
    """A row with twenty members and three tags."""
    return {
        "SnapshotId": f"snap-{number:017x}",
        "VolumeId": f"vol-{number // 30:017x}",
        "State": "completed",
        "StateMessage": "",
        "StartTime": NOW - timedelta(hours=number),
        "CompletionTime": NOW - timedelta(hours=number) + timedelta(minutes=7),
        "Progress": "100%",
        "OwnerId": ACCOUNT,
        "OwnerAlias": "self",
        "VolumeSize": 100,
        "FullSnapshotSizeInBytes": 53_687_091_200,
        "Encrypted": True,
        "KmsKeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "DataEncryptionKeyId": "a1b2c3d4",
        "Description": f"Created by CreateImage(i-{number:017x}) for ami-{number:017x}",
        "StorageTier": "standard",
        "SseType": "sse-kms",
        "TransferType": "standard",
        "AvailabilityZone": f"{REGION}a",
        "Tags": [
            {"Key": "Name", "Value": f"database & cache {number}"},
            {"Key": "team", "Value": "payments"},
            {"Key": "environment", "Value": "production"},
        ],
    }


def organisation() -> Organisation:
    """One account with many snapshots in one Region."""
    made = Organisation(seed=0, now=NOW, organisation_id="o-benchmark", management_id=ACCOUNT)
    made.regions = {REGION: "opt-in-not-required"}
    rows = map(snapshot, range(SNAPSHOTS))
    made.place(ACCOUNT, REGION).snapshots = {row["SnapshotId"]: row for row in rows}
    return made


def describe_snapshots(request: Request, parameters: dict[str, Any]) -> dict[str, Any]:
    """Pages without filters: what is measured is the wire."""
    rows, start = list(request.here.snapshots.values()), int(parameters.get("NextToken", 0))
    answer: dict[str, Any] = {"Snapshots": rows[start : start + PAGE]}
    return answer if start + PAGE >= len(rows) else {**answer, "NextToken": str(start + PAGE)}


def describe_snapshot_attribute(request: Request, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Shared with nobody."""
    return {"SnapshotId": parameters["SnapshotId"], "CreateVolumePermissions": []}


SERVICES: Services = {
    "ec2": {"DescribeSnapshots": describe_snapshots, "DescribeSnapshotAttribute": describe_snapshot_attribute}
}


def median(times: int, work: Callable[[], object]) -> float:
    """Seconds of the median of some rounds."""
    took = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return statistics.median(took)


def client(url: str, *, quick: bool = False) -> Any:
    """An EC2 client; a quick one reads timestamps with the standard library instead of dateutil."""
    session = boto3.Session("key", "secret", region_name=REGION)
    if quick:
        parsers = session._session.get_component("response_parser_factory")  # noqa: SLF001 - there is no other way
        parsers.set_parser_defaults(timestamp_parser=datetime.fromisoformat)
    return session.client("ec2", endpoint_url=url)


def read_all(ec2: Any) -> int:
    """Snapshots that a client gets to see."""
    return sum(len(page["Snapshots"]) for page in ec2.get_paginator("describe_snapshots").paginate())


def ask_raw(connection: http.client.HTTPConnection, body: str) -> bytes:
    """An answer's body, unparsed."""
    credential = f"AWS4-HMAC-SHA256 Credential=key/20260301/{REGION}/ec2/aws4_request, SignedHeaders=host, Signature=0"
    connection.request("POST", "/", body, {"Authorization": credential})
    return connection.getresponse().read()


def in_process() -> None:
    """The codec alone."""
    codec = codec_for("ec2")
    page = {"Snapshots": [snapshot(number) for number in range(PAGE)], "NextToken": "1000"}
    seconds = median(20, lambda: codec.answer("DescribeSnapshots", page, "request"))
    size = len(codec.answer("DescribeSnapshots", page, "request").body)
    print(f"write a page of {PAGE} snapshots ({size / 1e6:.2f} MB): {seconds * 1e3:.1f} ms")

    body = b"Action=DescribeSnapshotAttribute&Attribute=createVolumePermission&SnapshotId=snap-1"

    def parse_many() -> None:
        for _ in range(1000):
            http = HttpRequest("POST", "/", body=body)
            codec.parse(codec.operation(http), http)

    print(f"read a small request: {median(5, parse_many) * 1e3:.1f} us")


def end_to_end(url: str) -> None:
    """Server and client, each in a process."""
    pages = SNAPSHOTS // PAGE
    for name, quick in (("boto3 as it comes", False), ("boto3 with fromisoformat", True)):
        ec2 = client(url, quick=quick)
        if read_all(ec2) != SNAPSHOTS:
            raise RuntimeError("snapshots went missing on the way")
        seconds = median(3, partial(read_all, ec2))
        print(f"{name}: {pages / seconds:.1f} pages/s, {seconds:.2f} s for {SNAPSHOTS} snapshots")
    calls = 500
    seconds = median(
        3,
        lambda: [
            ec2.describe_snapshot_attribute(SnapshotId="snap-1", Attribute="createVolumePermission")
            for _ in range(calls)
        ],
    )
    print(f"boto3, small calls: {calls / seconds:.0f} calls/s")
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    seconds = median(10, lambda: ask_raw(connection, "Action=DescribeSnapshots"))
    print(f"bytes only: {1 / seconds:.1f} pages/s, {seconds * 1e3:.1f} ms a page")
    small = "Action=DescribeSnapshotAttribute&Attribute=createVolumePermission&SnapshotId=snap-1"
    seconds = median(3, lambda: [ask_raw(connection, small) for _ in range(calls)])
    print(f"bytes only, small calls: {calls / seconds:.0f} calls/s")
    connection.close()


if __name__ == "__main__":
    in_process()
    with serve_made(organisation, services=SERVICES) as served:
        end_to_end(served.url)
