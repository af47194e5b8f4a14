"""One million snapshots with 100,000 images, judged by all rules: wall, CPU and peak memory.

    python benchmarks/judge_large.py [--partitions 80] [--snapshots 12500] [--images 1250] [--promised]

With ``--promised`` a lifecycle policy promises a backup a day of every volume: a million windows to be met.
The inventory is made of columns directly, not collected: this measures the half of the product that needs no AWS.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from auditor.config import Config
from auditor.engine import evaluate
from auditor.frames import FRAMES, INVENTORY
from auditor.inventory import Inventory, Writer
from auditor.manifest import Manifest
from auditor.rulebook import load_rules

NOW = datetime(2026, 3, 1, 6, tzinfo=UTC)
REGIONS = ("us-east-1", "eu-west-1", "eu-central-1", "ap-southeast-2")


def ids(prefix: str, numbers: np.ndarray, place: int) -> list[str]:
    """Ids as AWS makes them: seventeen hexadecimal digits."""
    return [f"{prefix}-{place:05x}{number:012x}" for number in numbers.tolist()]


def promised(place: int, snapshot_ids: list[str], volume_ids: list[str]) -> dict[str, dict[str, list[Any]]]:
    """A lifecycle policy that takes a snapshot of every volume daily at five, and its marks on what it took."""
    policy = f"policy-{place:017x}"
    marks = {"aws:dlm:lifecycle-policy-id": policy, "aws:dlm:lifecycle-schedule-name": "daily"}
    return {
        "lifecycle_policies": {
            "policy_id": [policy],
            "state": ["ENABLED"],
            "policy_type": ["EBS_SNAPSHOT_MANAGEMENT"],
            "resource_type": ["VOLUME"],
            "created_at": [NOW - timedelta(days=400)],
            "modified_at": [NOW - timedelta(days=300)],
        },
        "lifecycle_targets": {"policy_id": [policy], "kind": ["target"], "key": ["tier"], "value": ["gold"]},
        "lifecycle_schedules": {
            "policy_id": [policy],
            "schedule_name": ["daily"],
            "position": [0],
            "interval": [24],
            "interval_unit": ["HOURS"],
            "start_time": ["05:00"],
            "location": ["CLOUD"],
            "retain_count": [8],
        },
        "volume_tags": {
            "volume_id": volume_ids,
            "key": ["tier"] * len(volume_ids),
            "value": ["gold"] * len(volume_ids),
        },
        "snapshot_tags": {
            "snapshot_id": np.repeat(snapshot_ids, 4).tolist(),
            "key": ["Name", "owner", *marks] * len(snapshot_ids),
            "value": ["db", "team-a", *marks.values()] * len(snapshot_ids),
        },
    }


def partition(
    place: int, account: str, region: str, snapshots: int, images: int, *, promises: bool
) -> dict[str, pd.DataFrame]:
    """One account and region: daily chains of eight, images on some of them, references to most images."""
    random = np.random.default_rng(place)
    volumes = snapshots // 8
    days = np.tile(np.arange(8), volumes)
    volume_ids = ids("vol", np.arange(volumes), place)
    full = (random.integers(2_000, 40_000, volumes)[:, None] + np.arange(8) * 50).ravel() * 524_288
    snapshot_ids = ids("snap", np.arange(volumes * 8), place)
    where = {"account_id": account, "region": region}
    key = f"arn:aws:kms:{region}:{account}:key/00000000-0000-0000-0000-{place:012d}"
    encrypted = random.random(volumes * 8) > 0.1
    started = pd.Timestamp(NOW) - pd.to_timedelta(days, unit="D") - pd.to_timedelta(1, unit="h")
    held = random.integers(0, volumes * 8, images)
    image_ids = ids("ami", np.arange(images), place)
    made = {
        "regions": {"opt_in_status": ["opted-in"]},
        "snapshot_block_public_access": {"state": ["block-all-sharing"]},
        "image_block_public_access": {"state": ["block-new-sharing"]},
        "encryption_by_default": {"enabled": [True]},
        "snapshots": {
            "snapshot_id": snapshot_ids,
            "volume_id": np.repeat(volume_ids, 8).tolist(),
            "volume_size_gib": [100] * (volumes * 8),
            "full_size_bytes": full.tolist(),
            "storage_tier": ["standard"] * (volumes * 8),
            "started_at": started,
            "state": ["completed"] * (volumes * 8),
            "encrypted": encrypted.tolist(),
            "kms_key_arn": np.where(encrypted, key, None).tolist(),
            "data_encryption_key_id": np.where(encrypted, np.repeat(volume_ids, 8), None).tolist(),
            "description": ["nightly"] * (volumes * 8),
        },
        "kms_keys": {"key_arn": [key], "manager": ["CUSTOMER"], "state": ["Enabled"]},
        "key_policies": {"key_arn": [key], "understood": [True], "grants_listed": [True]},
        "key_statements": {
            "key_arn": [key],
            "statement": [0],
            "effect": ["Allow"],
            "principal_type": ["AWS"],
            "principal": ["arn:aws:iam::100000000001:root"],
            "not_principal": [False],
            "action": ["kms:*"],
            "not_action": [False],
            "conditions": [0],
        },
        "snapshot_tags": {
            "snapshot_id": np.repeat(snapshot_ids, 2).tolist(),
            "key": ["Name", "owner"] * (volumes * 8),
            "value": ["db", "team-a"] * (volumes * 8),
        },
        "volumes": {
            "volume_id": volume_ids,
            "state": ["in-use"] * volumes,
            "created_at": [NOW - timedelta(days=400)] * volumes,
            "encrypted": [True] * volumes,
        },
        "images": {
            "image_id": image_ids,
            "state": ["available"] * images,
            "is_public": (random.random(images) < 0.001).tolist(),
            "created_at": [NOW - timedelta(days=100)] * images,
            "deregistration_protection": ["enabled"] * images,
            "deprecated_at": [None] * images,
            "root_device_type": ["ebs"] * images,
            "virtualization_type": ["hvm"] * images,
        },
        "image_block_devices": {
            "image_id": image_ids,
            "device_name": ["/dev/xvda"] * images,
            "snapshot_id": [snapshot_ids[place] for place in held.tolist()],
        },
        "image_references": {
            "image_id": [image_ids[place] for place in random.integers(0, images, images * 5).tolist()],
            "referrer_type": ["instance"] * (images * 5),
            "referrer_id": ids("i", np.arange(images * 5), place),
            "strength": ["running"] * (images * 5),
        },
        "image_shares": {
            "image_id": image_ids,
            "grantee_type": ["account"] * images,
            "grantee": ["100000000001"] * images,
        },
    }
    if promises:
        made |= promised(place, snapshot_ids, volume_ids)
    frames = {}
    for name, values in made.items():
        rows = len(next(iter(values.values())))
        frames[name] = FRAMES[name].of({column: [text] * rows for column, text in where.items()} | values)
    return frames


def write(folder: Path, partitions: int, snapshots: int, images: int, *, promises: bool = False) -> None:
    """A finished run folder of that size."""
    writer, _ = Writer.start(folder, Manifest(as_of=NOW, started_at=NOW))
    collectors = sorted({name for frame in INVENTORY.values() for name in frame.filled_by})
    for place in range(partitions):
        account, region = f"{100_000_000_000 + place // 4}", REGIONS[place % 4]
        made = partition(place, account, region, snapshots, images, promises=promises)
        row = {"account_id": account, "region": region, "status": "complete", "started_at": NOW, "finished_at": NOW}
        for collector in collectors:
            mine = {name: frame for name, frame in made.items() if INVENTORY[name].filled_by[0] == collector}
            rows = sum(len(frame) for frame in mine.values())
            writer.write(row | {"collector": collector, "rows": rows}, mine)
        if place % 4 == 0:
            accounts = FRAMES["accounts"].rows([{"account_id": account, "state": "ACTIVE", "partition": "aws"}])
            writer.write(row | {"collector": "accounts", "region": "global"}, {"accounts": accounts})
    members = FRAMES["directory"].rows(
        {"member_id": f"{100_000_000_000 + number}", "state": "ACTIVE", "in_scope": True}
        for number in range(partitions // 4)
    )
    writer.write(row | {"collector": "directory", "region": "global"}, {"directory": members})
    writer.finish()


def spent(frame: object, account: str, region: str) -> tuple[int, float, int]:  # noqa: ARG001 - what a summary gets
    """Which process this is, its CPU seconds and its peak memory in KiB so far: the last that it says counts."""
    return os.getpid(), time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Make the inventory, judge it, say what it took."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--partitions", type=int, default=80)
    arguments.add_argument("--snapshots", type=int, default=12_500)
    arguments.add_argument("--images", type=int, default=1_250)
    arguments.add_argument("--promised", action="store_true")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        write(folder, options.partitions, options.snapshots, options.images, promises=options.promised)
        rules = load_rules()
        before, start = time.process_time(), time.perf_counter()
        evaluation = evaluate(Inventory.load(folder), rules, Config(), summaries={"spent": spent})
        wall, cpu = time.perf_counter() - start, time.process_time() - before
    told = pd.DataFrame(evaluation.summaries["spent"], columns=["process", "cpu", "peak"])
    workers = told[told["process"] != os.getpid()].groupby("process").max()
    cpu, child = cpu + workers["cpu"].sum(), workers["peak"].max()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    most = evaluation.findings.groupby(["rule_id", "verdict"]).size().sort_values(ascending=False).head(5)
    judged = int(evaluation.tallies.groupby("rule_id")["evaluated"].sum().max())
    print(f"{judged:,} snapshots, {len(rules)} rules, {len(evaluation.findings):,} findings")
    print(f"wall {wall:.1f} s (aim: under 10), CPU {cpu:.1f} s besides the imports of the workers")
    print(f"peak memory {peak / 2**20:.2f} GiB, largest worker {child / 2**20:.2f} GiB (aim: under 3 together)")
    print(most.to_string())
    slowest = evaluation.rule_runs.sort_values("seconds", ascending=False).head(5)
    print(slowest[["rule_id", "seconds"]].to_string(index=False))


if __name__ == "__main__":
    main()
