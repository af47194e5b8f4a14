"""The collectors against an AWS that we did not write."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from auditor.aws import reader
from auditor.aws.limits import Limiter
from auditor.aws.runner import collect
from auditor.config import Config

OWN, OTHER = "123456789012", "111122223333"


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    from moto.server import ThreadedMotoServer

    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "no-credentials"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(reader, "FIRST_PAUSE_SECONDS", 0.001)
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        yield botocore.session.Session().create_client("ec2", region_name="eu-west-1")
    finally:
        server.stop()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_moto_has_is_read_and_what_it_lacks_is_a_gap(ec2: Any, tmp_path: Path) -> None:
    volume = ec2.create_volume(Size=8, AvailabilityZone="eu-west-1a")["VolumeId"]
    tags = [{"ResourceType": "snapshot", "Tags": [{"Key": "Name", "Value": "nightly"}]}]
    made = {ec2.create_snapshot(VolumeId=volume, TagSpecifications=tags)["SnapshotId"] for _ in range(7)}
    first = min(made)
    ec2.modify_snapshot_attribute(
        SnapshotId=first, Attribute="createVolumePermission", OperationType="add", UserIds=["999988887777"]
    )
    inventory = collect(
        Config.of({"scope": {"accounts": [OWN, OTHER], "role": "audit", "regions": ["eu-west-1"]}}),
        tmp_path / "run",
        as_of=datetime(2026, 11, 22, tzinfo=UTC),
        collectors=["snapshot_shares", "volumes", "instances", "images", "snapshot_locks"],
        limiter=Limiter.unlimited(),
    )
    snapshots = inventory.read("snapshots")
    assert set(snapshots["snapshot_id"]) == made
    assert set(snapshots["account_id"]) == {OWN}
    assert set(snapshots["volume_id"]) == {volume}
    assert set(snapshots["name"]) == {"nightly"}
    assert set(inventory.read("volumes")["volume_id"]) == {volume}
    shares = inventory.read("snapshot_shares")
    assert list(shares[["snapshot_id", "grantee_type", "grantee"]].itertuples(index=False, name=None)) == [
        (first, "account", "999988887777")
    ]
    coverage = inventory.coverage().set_index(["account_id", "collector"])
    for collector in ("snapshots", "volumes", "instances", "images", "snapshot_shares"):
        assert coverage.loc[(OTHER, collector), "status"] == "complete"
    # What moto has not implemented comes back as HTML instead of XML.
    assert coverage.loc[(OWN, "snapshot_locks"), "status"] == "failed"
    assert coverage.loc[(OWN, "snapshot_locks"), "error_code"] == "UnreadableAnswer"
    assert inventory.manifest.principals[OTHER] == f"arn:aws:sts::{OTHER}:assumed-role/audit/auditor"
