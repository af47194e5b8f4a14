"""A sandbox in another process, and the one that the command line starts."""

from __future__ import annotations

import io
import os
import socket
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from auditor.sandbox.__main__ import main
from auditor.sandbox.faults import Fault, Faults
from auditor.sandbox.model import Organisation
from auditor.sandbox.planting import plant
from auditor.sandbox.process import serve_in_process, serve_made

Client = Callable[..., Any]
MAKE = partial(Organisation, 0, datetime(2026, 1, 1, tzinfo=UTC), "o-remote", "000000000042")


def refuses_connections(url: str) -> bool:
    address = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname, address.port)) != 0


def test_another_process_answers_and_goes(client: Client) -> None:
    with serve_made(MAKE, Faults(Fault("throttled", times=1))) as served:
        assert client(served.url, "sts", attempts=2).get_caller_identity()["Account"] == "000000000042"
        key = ("000000000042", "eu-west-1", "sts", "GetCallerIdentity")
        assert served.calls(reset=True) == (Counter({key: 1}), Counter({key: 1}))
        assert served.calls() == (Counter(), Counter())
        assert served.now == "2026-01-01T00:00:00+00:00"
    assert refuses_connections(served.url)


def test_planted_organisation_with_nothing_else_of_aws_in_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = {"AWS_PROFILE": "production", "AWS_ENDPOINT_URL_STS": "https://sts.example", "AWS_SESSION_TOKEN": "real"}
    for name, value in theirs.items():
        monkeypatch.setenv(name, value)
    with serve_in_process(seed=1, accounts=1, regions=("eu-west-1",)) as served, served.activated():
        sts = boto3.Session().client("sts")
        account_id = sts.get_caller_identity()["Account"]
        sts.close()
    assert account_id == plant(1, accounts=1, regions=("eu-west-1",)).management_id
    assert theirs.items() <= os.environ.items()
    assert "AWS_ENDPOINT_URL" not in os.environ


def test_a_process_that_cannot_start_says_so() -> None:
    with pytest.raises(RuntimeError, match="ended before it could answer"), serve_made(sys.exit):  # type: ignore[arg-type]
        pass


def test_the_process_goes_when_the_block_fails() -> None:
    with pytest.raises(KeyError), serve_made(MAKE) as served:
        raise KeyError
    assert refuses_connections(served.url)


def test_command_line_prints_an_environment_to_paste(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.StringIO()
    monkeypatch.setattr(sys, "stdout", printed)
    done = Event()
    done.set()
    assert main(["--seed", "3", "--accounts", "1", "--regions", "eu-west-1", "--tiny"], until=done) == 0
    lines = printed.getvalue().splitlines()
    assert [line.partition("=")[0] for line in lines] == [
        "export AWS_ENDPOINT_URL",
        "export AWS_ACCESS_KEY_ID",
        "export AWS_SECRET_ACCESS_KEY",
        "export AWS_DEFAULT_REGION",
        "export AWS_EC2_METADATA_DISABLED",
    ]
    assert lines[3] == "export AWS_DEFAULT_REGION=eu-west-1"
