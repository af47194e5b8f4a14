"""Small estates that are backed up, and the derived frames of them."""

from datetime import UTC, datetime

import pandas as pd

from auditor.config import Config
from auditor.engine.supply import Reports, Supply
from auditor.frames import FRAMES
from auditor.inventory import Inventory
from auditor.testing import ACCOUNT, REGION, frame

DERIVED = ("backup_promises", "backup_coverage", "backup_windows", "backup_status")

#: Noon of a Sunday.
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


def night(days, hour=3, minute=0):
    """A time of day so many days ago, today being 0."""
    return (pd.Timestamp("2026-02-01", tz="UTC") - pd.Timedelta(days=days, hours=-hour, minutes=-minute)).isoformat()


VOLUME = {"volume_id": "vol-1", "state": "in-use", "created_at": night(90)}
POLICY = {
    "policy_id": "policy-1",
    "description": "Nightly",
    "state": "ENABLED",
    "policy_type": "EBS_SNAPSHOT_MANAGEMENT",
    "resource_type": "VOLUME",
    "created_at": night(100),
    "modified_at": night(80),
}
TARGET = {"policy_id": "policy-1", "kind": "target", "key": "backup", "value": "daily"}
DAILY = {
    "policy_id": "policy-1",
    "schedule_name": "Daily",
    "position": 0,
    "interval": 24,
    "interval_unit": "HOURS",
    "start_time": "03:00",
    "retain_count": 4,
}


def policy(policy_changes=None, **schedule):
    """A policy that snapshots the volume, which carries its tag, every night at three and keeps four."""
    return {
        "volumes": [VOLUME],
        "volume_tags": [{"volume_id": "vol-1", "key": "backup", "value": "daily"}],
        "lifecycle_policies": [{**POLICY, **(policy_changes or {})}],
        "lifecycle_targets": [TARGET],
        "lifecycle_schedules": [{**DAILY, **schedule}],
    }


def machine(kind="EBS_SNAPSHOT_MANAGEMENT", **changes):
    """A policy that backs up a machine with two volumes every night at three."""
    return {
        "volumes": [VOLUME, {**VOLUME, "volume_id": "vol-2"}],
        "instances": [
            {"instance_id": "i-1", "state": "running", "launched_at": night(2), "root_device_name": "/dev/xvda"}
        ],
        "instance_tags": [{"instance_id": "i-1", "key": "backup", "value": "daily"}],
        "attachments": [
            {"volume_id": f"vol-{n}", "instance_id": "i-1", "device": device, "state": "attached", "attached_at": since}
            for n, device, since in ((1, "/dev/xvda", night(90)), (2, "/dev/sdb", night(60)))
        ],
        "lifecycle_policies": [{**POLICY, "policy_type": kind, "resource_type": "INSTANCE", **changes}],
        "lifecycle_targets": [TARGET],
        "lifecycle_schedules": [DAILY],
    }


def plan(*terms, opted_in=True, **rule):
    """A plan that backs up what its terms select every morning at five."""
    here = {"plan_id": "plan-1", "selection_id": "selection-1"}
    return {
        "volumes": [VOLUME],
        "volume_tags": [{"volume_id": "vol-1", "key": "backup", "value": "daily"}],
        "backup_plans": [{"plan_id": "plan-1", "name": "gold", "created_at": night(4, 0)}],
        "backup_rules": [
            {
                "plan_id": "plan-1",
                "rule_id": "rule-1",
                "rule_name": "daily",
                "vault_name": "Default",
                "schedule_expression": "cron(0 5 ? * * *)",
                "start_window_minutes": 60,
                "delete_after_days": 35,
                **rule,
            }
        ],
        "backup_selections": [here],
        "backup_selection_terms": [
            {**here, **term} for term in terms or ({"kind": "tag", "key": "backup", "value": "daily"},)
        ],
        "backup_opt_ins": [{"resource_type": kind, "opted_in": opted_in} for kind in ("EBS", "EC2")],
    }


def made(*snapshots, policy_id="policy-1", schedule="Daily"):
    """Snapshots that a policy made: id, volume, start and, where not completed, state."""
    rows = [dict(zip(("snapshot_id", "volume_id", "started_at", "state"), each, strict=False)) for each in snapshots]
    tags = [("aws:dlm:lifecycle-policy-id", policy_id), ("aws:dlm:lifecycle-schedule-name", schedule)]
    return {
        "snapshots": [{"state": "completed", **row} for row in rows],
        "snapshot_tags": [
            {"snapshot_id": row["snapshot_id"], "key": key, "value": value} for row in rows for key, value in tags
        ],
    }


def point(number, created, status="COMPLETED", resource="vol-1", **more):
    """A recovery point that the plan made."""
    kind, name = ("snapshot", "snap") if resource.startswith("vol") else ("image", "ami")
    return {
        "vault_name": "Default",
        "recovery_point_arn": f"arn:aws:ec2:eu-west-1::{kind}/{name}-{number}",
        "recovery_id": f"{name}-{number}",
        "resource_id": resource,
        "resource_type": "EBS" if resource.startswith("vol") else "EC2",
        "status": status,
        "plan_id": "plan-1",
        "rule_id": "rule-1",
        "created_at": created,
        **more,
    }


def job(state, created, **more):
    """A job of the plan."""
    return {
        "job_id": f"job-{created}",
        "state": state,
        "resource_id": "vol-1",
        "resource_type": "EBS",
        "plan_id": "plan-1",
        "rule_id": "rule-1",
        "created_at": created,
        **more,
    }


def gap(*collectors):
    """Coverage of collectors that were refused."""
    where = {"account_id": ACCOUNT, "region": REGION}
    return [{**where, "collector": name, "status": "denied", "error_code": "AccessDenied"} for name in collectors]


class Estate:
    """The frames of one account and region, collected and derived."""

    def __init__(self, frames, backup=None, coverage=(), as_of=NOW):
        given = {name: frame(name, rows, as_of) for name, rows in frames.items()}
        inventory = Inventory.of(given, as_of, coverage)
        config = Config.of({"backup": backup or {}})
        self._supply = Supply(inventory, Reports(inventory), config, ACCOUNT, REGION)

    def frame(self, name):
        """A frame by name."""
        return self._supply.frame(name)

    def windows(self, *columns):
        """Scheduled time and verdict of every window, and further columns."""
        rows = self.frame("backup_windows").sort_values(["resource_id", "promise_id", "scheduled_at"])
        rows = rows.assign(scheduled_at=rows["scheduled_at"].dt.strftime("%m-%d %H:%M"))
        rows = rows[["scheduled_at", "verdict", *columns]].astype(object).where(rows.notna(), None)
        return list(rows.itertuples(index=False, name=None))

    def verdicts(self):
        """The verdicts alone, the oldest first."""
        return [row[1] for row in self.windows()]

    def rows(self, name, *columns):
        """Some columns of a frame, as tuples."""
        rows = self.frame(name)[list(columns)]
        return list(rows.astype(object).where(rows.notna(), None).itertuples(index=False, name=None))


def well_shaped(estate):
    """Whether each derived frame is as declared, one row a key."""
    rows = {name: estate.frame(name) for name in DERIVED}
    return all(
        FRAMES[name].conform(each).equals(each) and not each.duplicated(list(FRAMES[name].key)).any()
        for name, each in rows.items()
    )
