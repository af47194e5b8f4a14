"""The same collectors against an AWS that we did not write: moto lacks much, and fails in its own way."""

from datetime import UTC, datetime

import boto3
import pytest
from moto.moto_api._internal.models import moto_api_backend
from moto.server import ThreadedMotoServer

from auditor.aws import reader
from auditor.aws.runner import collect
from auditor.config import Config
from auditor.engine import evaluate
from auditor.inventory import Inventory
from auditor.rulebook import load_rules

#: What moto answers; every other collector must leave a gap and never an empty frame.
SUPPORTED = {
    "accounts",
    "auto_scaling_groups",
    "backup_plans",
    "backup_vaults",
    "encryption_by_default",
    "image_shares",
    "images",
    "instances",
    "kms_keys",
    "launch_configurations",
    "launch_templates",
    "regions",
    "snapshot_shares",
    "snapshot_tiering",
    "snapshots",
    "volumes",
}


@pytest.fixture(scope="module")
def endpoint():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()
        moto_api_backend.reset()  # moto keeps its state in the process, not in the server


@pytest.fixture(scope="module")
def judged(endpoint, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "eu-west-1",
        }.items():
            patch.setenv(name, value)
        patch.setattr(reader, "FIRST_PAUSE_SECONDS", 0.001)
        return audited(tmp_path_factory.mktemp("moto") / "run")


def audited(folder):
    ec2 = boto3.client("ec2", region_name="eu-west-1")
    volume = ec2.create_volume(AvailabilityZone="eu-west-1a", Size=8)["VolumeId"]
    kept = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    public = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.modify_snapshot_attribute(SnapshotId=public, OperationType="add", GroupNames=["all"])
    config = Config.of({"scope": {"regions": ["eu-west-1"]}})
    collect(config, folder, as_of=datetime.now(UTC))
    inventory = Inventory.load(folder)
    return inventory, evaluate(inventory, load_rules(), config), {kept, public}


def test_what_moto_supports_is_read(judged):
    inventory, _, planted = judged
    coverage = inventory.coverage()
    assert set(coverage.loc[coverage["status"] == "complete", "collector"]) >= SUPPORTED
    assert set(inventory.read("snapshots")["snapshot_id"]) >= planted


def test_what_it_lacks_becomes_a_gap(judged):
    inventory, evaluation, _ = judged
    coverage = inventory.coverage().set_index("collector")
    for collector in ("snapshot_locks", "fast_restores", "lifecycle_policies", "recycle_bin_snapshots"):
        assert coverage.loc[collector, "status"] == "failed", collector
        assert coverage.loc[collector, "error_code"]
    assert evaluation.incomplete
    tallies = evaluation.tallies.groupby("rule_id")[["evaluated", "unknown"]].sum()
    assert tallies.loc["snapshot_orphaned", "unknown"] == tallies.loc["snapshot_orphaned", "evaluated"] > 0
