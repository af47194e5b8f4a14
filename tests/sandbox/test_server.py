"""The server as unmodified AWS clients see it."""

from __future__ import annotations

import http.client
import logging
import socket
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError

from auditor.sandbox import credentials
from auditor.sandbox.model import Organisation
from auditor.sandbox.process import read_calls
from auditor.sandbox.server import Sandbox

MANAGEMENT, MEMBER = "111111111111", "000000000042"
Serve = Callable[..., Sandbox]
Client = Callable[..., Any]


def keys(minted: dict[str, Any]) -> dict[str, str]:
    return {
        "aws_access_key_id": minted["AccessKeyId"],
        "aws_secret_access_key": minted["SecretAccessKey"],
        "aws_session_token": minted["SessionToken"],
    }


def test_environment_is_all_that_clients_need(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in serve().environment().items():
        monkeypatch.setenv(name, value)
    client = boto3.Session().client("ec2")
    answer = client.describe_snapshots()
    client.close()
    assert [row["SnapshotId"] for row in answer["Snapshots"]] == [f"snap-{n}" for n in range(5)]
    assert {row["StartTime"] for row in answer["Snapshots"]} == {datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}
    assert answer["ResponseMetadata"]["RequestId"]


def test_assumed_role_sees_its_own_account(serve: Serve, client: Client) -> None:
    sandbox = serve()
    sts = client(sandbox, "sts")
    assert sts.get_caller_identity()["Account"] == MANAGEMENT
    role = f"arn:aws:iam::{MEMBER}:role/Reader"
    minted = sts.assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    identity = client(sandbox, "sts", **keys(minted)).get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (MEMBER, f"arn:aws:sts::{MEMBER}:assumed-role/Reader/me")
    rows = client(sandbox, "ec2", **keys(minted)).describe_snapshots()["Snapshots"]
    assert [row["SnapshotId"] for row in rows] == ["snap-member"]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "unknown", "expired"),
    [
        ("ec2", "describe_snapshots", {}, ("AuthFailure", 401), ("RequestExpired", 400)),
        ("sts", "get_caller_identity", {}, ("InvalidClientTokenId", 403), ("ExpiredToken", 403)),
        ("kms", "list_keys", {}, ("UnrecognizedClientException", 400), ("ExpiredTokenException", 400)),
        (
            "ebs",
            "list_snapshot_blocks",
            {"SnapshotId": "snap-1"},
            ("UnrecognizedClientException", 403),
            ("ExpiredTokenException", 403),
        ),
    ],
)
def test_tokens_that_are_unknown_or_out_of_time(
    serve: Serve,
    client: Client,
    service: str,
    operation: str,
    parameters: dict[str, str],
    unknown: tuple[str, int],
    expired: tuple[str, int],
) -> None:
    sandbox = serve()
    minted = credentials.mint(MEMBER, "Reader", "me")
    for bad, wanted in (
        ({**minted, "SessionToken": "bm9uc2Vuc2U="}, unknown),
        ({**minted, "AccessKeyId": credentials.mint(MANAGEMENT, "Reader", "me")["AccessKeyId"]}, unknown),
        (credentials.mint(MEMBER, "Reader", "me", seconds=0), expired),
    ):
        with pytest.raises(ClientError) as caught:
            getattr(client(sandbox, service, **keys(bad)), operation)(**parameters)
        assert (caught.value.response["Error"]["Code"], status(caught.value)) == wanted


def status(error: ClientError) -> int:
    return error.response["ResponseMetadata"]["HTTPStatusCode"]


def test_calls_are_counted_where_they_were_made(serve: Serve, client: Client) -> None:
    sandbox = serve()
    for region in ("eu-west-1", "eu-west-1", "us-east-1"):
        client(sandbox, "ec2", region).describe_snapshots()
    client(sandbox, "kms").list_keys()
    wanted = Counter(
        {
            (MANAGEMENT, "eu-west-1", "ec2", "DescribeSnapshots"): 2,
            (MANAGEMENT, "us-east-1", "ec2", "DescribeSnapshots"): 1,
            (MANAGEMENT, "eu-west-1", "kms", "ListKeys"): 1,
        }
    )
    assert sandbox.calls == wanted
    assert read_calls(sandbox.url, reset=True) == (wanted, Counter())
    assert read_calls(sandbox.url) == (Counter(), Counter())


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code"),
    [
        ("ec2", "describe_dhcp_options", {}, "InvalidAction"),
        ("sts", "get_session_token", {}, "InvalidAction"),
        ("kms", "list_aliases", {}, "UnknownOperationException"),
        ("ebs", "list_changed_blocks", {"SecondSnapshotId": "snap-1"}, "UnknownOperationException"),
        # services that this sandbox was given no handlers for, with and without a codec
        ("dlm", "get_lifecycle_policies", {}, "UnknownOperationException"),
        ("iam", "list_users", {}, "InvalidAction"),
        ("cloudwatch", "list_metrics", {}, "UnknownOperationException"),
    ],
)
def test_what_is_not_served_is_refused_as_aws_does(
    serve: Serve, client: Client, service: str, operation: str, parameters: dict[str, str], code: str
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(client(serve(), service), operation)(**parameters)
    assert caught.value.response["Error"]["Code"] == code


def test_bugs_are_logged_once_and_never_shown(serve: Serve, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    backup = client(serve(), "backup", attempts=3)
    with caplog.at_level(logging.ERROR), pytest.raises(ClientError) as caught:
        backup.list_backup_plans()
    assert (caught.value.response["Error"]["Code"], status(caught.value)) == ("InternalServerException", 500)
    assert "ZeroDivisionError" not in str(caught.value.response)
    (record,) = caplog.records
    assert (record.message, record.exc_info[0]) == ("backup:ListBackupPlans failed", ZeroDivisionError)


def test_many_clients_at_once(serve: Serve, client: Client) -> None:
    sandbox = serve()
    ec2 = client(sandbox, "ec2")
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda n: ec2.describe_snapshot_attribute(SnapshotId=f"snap-{n}", Attribute="createVolumePermission"),
                range(80),
            )
        )
    assert [answer["SnapshotId"] for answer in answers] == [f"snap-{n}" for n in range(80)]
    assert sandbox.calls.total() == 80


def raw(sandbox: Sandbox, request: bytes) -> bytes:
    """Everything that comes back for some bytes before the server hangs up."""
    address = urlsplit(sandbox.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    ("request_bytes", "status_line"),
    [
        (b"GARBAGE\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
        (b"GET / HTTP/2.0\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 403 Forbidden"),
        (b"", b""),
    ],
)
def test_what_is_not_an_aws_request_gets_an_answer_all_the_same(
    serve: Serve, request_bytes: bytes, status_line: bytes
) -> None:
    assert raw(serve(), request_bytes).partition(b"\r\n")[0] == status_line


def test_connections_are_kept_alive(serve: Serve) -> None:
    address = urlsplit(serve().url)
    connection = http.client.HTTPConnection(address.hostname, address.port)
    ports = set()
    for _ in range(3):
        connection.request("GET", "/_sandbox/calls")
        ports.add(connection.sock.getsockname()[1])
        connection.getresponse().read()
    connection.close()
    assert len(ports) == 1


def test_stopping_hangs_up_on_everybody_and_starting_again_works(organisation: Organisation, client: Client) -> None:
    sandbox = Sandbox(organisation, services={"ec2": {}})
    with pytest.raises(RuntimeError):
        _ = sandbox.url
    with sandbox:
        first = urlsplit(sandbox.url)
        idle = socket.create_connection((first.hostname, first.port))
    with idle:
        assert idle.recv(1) == b""
    with sandbox, pytest.raises(ClientError):
        client(sandbox, "ec2").describe_snapshots()
    sandbox.stop()
