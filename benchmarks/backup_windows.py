"""One million snapshots set against a nightly promise on 100,000 volumes over 31 days: wall, CPU and peak memory.

    python benchmarks/backup_windows.py [--volumes 100000] [--snapshots 1000000]

All lie in one account and region, the hardest case: nothing of it can be judged side by side. Two volumes in three are
promised by a lifecycle policy, the others by a backup plan in a zone of its own; a third of the nights were kept.
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa

from auditor.config import Config
from auditor.engine.supply import Reports, Supply
from auditor.frames import FRAMES
from auditor.inventory import Inventory

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCOUNT, REGION = "111122223333", "eu-west-1"
DERIVED = ("backup_promises", "backup_coverage", "backup_windows", "backup_status")
DAYS = 31


def ids(prefix: str, numbers: np.ndarray) -> pa.Array:
    """Ids as AWS makes them: seventeen hexadecimal digits."""
    return pa.array([f"{prefix}-{number:017x}" for number in numbers.tolist()])


def filled(name: str, rows: int, /, **columns: object) -> pd.DataFrame:
    """A frame of so many rows: arrays as they are, single values throughout."""
    frame = FRAMES[name]
    given = {"account_id": ACCOUNT, "region": REGION, **columns}
    arrays = {
        key: value if isinstance(value, pa.Array) else pa.repeat(pa.scalar(value), rows) for key, value in given.items()
    }
    return frame.from_arrow(pa.table(arrays))


def marks(made: pa.Array) -> pd.DataFrame:
    """The tags that Data Lifecycle Manager puts on what it makes."""
    tags = {
        "aws:dlm:lifecycle-policy-id": "policy-1",
        "aws:dlm:lifecycle-schedule-name": "Nightly",
        "dlm:managed": "true",
    }
    return pd.concat(
        [filled("snapshot_tags", len(made), snapshot_id=made, key=key, value=value) for key, value in tags.items()],
        ignore_index=True,
    )


def policy(since: datetime) -> dict[str, pd.DataFrame]:
    """A lifecycle policy that snapshots every night at three and keeps a month of them."""
    return {
        "lifecycle_policies": filled(
            "lifecycle_policies",
            1,
            policy_id="policy-1",
            state="ENABLED",
            policy_type="EBS_SNAPSHOT_MANAGEMENT",
            resource_type="VOLUME",
            modified_at=since,
        ),
        "lifecycle_targets": filled(
            "lifecycle_targets", 1, policy_id="policy-1", kind="target", key="backup", value="policy"
        ),
        "lifecycle_schedules": filled(
            "lifecycle_schedules",
            1,
            policy_id="policy-1",
            schedule_name="Nightly",
            interval=24,
            start_time="03:00",
            retain_count=DAYS,
        ),
    }


def plan(since: datetime) -> dict[str, pd.DataFrame]:
    """A backup plan that runs every night at two in Berlin."""
    return {
        "backup_plans": filled("backup_plans", 1, plan_id="plan-1", name="gold", created_at=since),
        "backup_rules": filled(
            "backup_rules",
            1,
            plan_id="plan-1",
            rule_id="rule-1",
            schedule_expression="cron(0 2 ? * * *)",
            schedule_timezone="Europe/Berlin",
            start_window_minutes=60,
            delete_after_days=35,
        ),
        "backup_selections": filled("backup_selections", 1, plan_id="plan-1", selection_id="selection-1"),
        "backup_selection_terms": filled(
            "backup_selection_terms",
            1,
            plan_id="plan-1",
            selection_id="selection-1",
            kind="tag",
            operator="StringEquals",
            key="backup",
            value="plan",
        ),
        "backup_opt_ins": filled("backup_opt_ins", 1, resource_type="EBS", opted_in=True),
    }


def estate(volumes: int, snapshots: int) -> dict[str, pd.DataFrame]:
    """The frames of the one account and region."""
    random = np.random.default_rng(7)
    volume_ids = ids("vol", np.arange(volumes))
    chosen = random.permutation(volumes * DAYS)[:snapshots]
    owner, day = chosen // DAYS, chosen % DAYS
    planned = owner % 3 == 0
    hour = np.where(planned, 1.0, 3.0) + random.random(snapshots)
    at = np.datetime64("2026-03-01", "us") - day * np.timedelta64(1, "D") + (hour * 3.6e9).astype("timedelta64[us]")
    moments = pa.array(at).cast(pa.timestamp("us", tz="UTC"))
    snapshot_ids = ids("snap", np.arange(snapshots))
    by_policy, by_plan = np.flatnonzero(~planned), np.flatnonzero(planned)
    made = snapshot_ids.take(pa.array(by_policy))
    arns = pa.compute.binary_join_element_wise(
        f"arn:aws:ec2:{REGION}::snapshot/", snapshot_ids.take(pa.array(by_plan)), ""
    )
    gold = pa.array(np.where(np.arange(volumes) % 3 == 0, "plan", "policy"))
    since = datetime(2025, 1, 1, tzinfo=UTC)
    return {
        "volumes": filled("volumes", volumes, volume_id=volume_ids, state="in-use", created_at=since),
        "volume_tags": filled("volume_tags", volumes, volume_id=volume_ids, key="backup", value=gold),
        "snapshots": filled(
            "snapshots",
            snapshots,
            snapshot_id=snapshot_ids,
            volume_id=volume_ids.take(pa.array(owner)),
            state="completed",
            started_at=moments,
        ),
        "snapshot_tags": marks(made),
        **policy(since),
        **plan(since),
        "recovery_points": filled(
            "recovery_points",
            len(by_plan),
            vault_name="Default",
            recovery_point_arn=arns,
            recovery_id=snapshot_ids.take(pa.array(by_plan)),
            resource_id=volume_ids.take(pa.array(owner[by_plan])),
            resource_type="EBS",
            status="COMPLETED",
            plan_id="plan-1",
            rule_id="rule-1",
            created_at=moments.take(pa.array(by_plan)),
            completed_at=moments.take(pa.array(by_plan)),
        ),
    }


def main() -> None:
    """Make the frames, derive from them, and say what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--volumes", type=int, default=100_000)
    parser.add_argument("--snapshots", type=int, default=1_000_000)
    options = parser.parse_args()
    inventory = Inventory.of(estate(options.volumes, options.snapshots), NOW)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    supply = Supply(inventory, Reports(inventory), Config(), ACCOUNT, REGION)
    total = 0.0
    for name in DERIVED:
        wall, cpu = time.perf_counter(), time.process_time()
        rows = supply.frame(name)
        cpu = time.process_time() - cpu
        total += cpu
        print(f"{name:<16} {len(rows):>9,} rows  wall {time.perf_counter() - wall:6.2f} s  cpu {cpu:6.2f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    counts = supply.frame("backup_windows")["verdict"].value_counts().to_dict()
    print(f"all              cpu {total:.2f} s, peak {peak:,.0f} MiB, of which {before:,.0f} MiB are the frames given")
    print(f"verdicts         {counts}")


if __name__ == "__main__":
    main()
