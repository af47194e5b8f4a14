"""AWS Backup: vaults, plans and selections, and the tools that plant the recovery points and jobs they lead to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from auditor.sandbox.model import Row
from auditor.sandbox.planting.plot import DAY, Lineage, Plot
from auditor.sandbox.planting.promises import GRACE, Duty, Promise
from auditor.sandbox.planting.schedules import Times

#: What AWS Backup writes on its snapshots.
TEXT = "This snapshot is created by the AWS Backup service."

#: What it says of jobs that came to nothing, by their fate: state, category, message.
FAILURES = {
    "failed": ("FAILED", "AccessDenied", "Insufficient privileges to perform this action."),
    "aborted": ("ABORTED", "FAILURE", "Backup job was stopped by the user."),
    "expired": ("EXPIRED", "FAILURE", "Backup job expired before it could start."),
    "quota": ("FAILED", "FAILURE", "The maximum number of snapshots allowed has been reached (SnapshotLimitExceeded)."),
}

GIB = 1 << 30

#: How long some backups took, by their fate.
_TAKES = {"slow": timedelta(hours=9), "patient": timedelta(hours=9)}

#: Days that a plan should keep its backups for, where nobody says otherwise.
LONG_ENOUGH = 35

#: Days beyond which a backup is kept for very long: five years.
TOO_LONG = 1826

#: Minutes within which a job must start, where a rule says nothing.
START_WINDOW = 480


@dataclass(frozen=True)
class Rule:
    """A planted rule of a plan, and the vault that it delivers to."""

    plan_id: str
    rule_id: str
    plan_name: str
    name: str
    vault: str
    times: Times
    delete_after: int
    promise: Promise


@dataclass(frozen=True)
class Plan:
    """A planted plan with its rules in their order."""

    plan_id: str
    rules: tuple[Rule, ...]


def vault(plot: Plot, name: str, *, kind: str = "BACKUP_VAULT", locked: bool = False, protected: bool = False) -> str:
    """Plant a vault.

    Args:
        plot: Where.
        name: Its name.
        kind: Its type; air-gapped ones are locked in any case.
        locked: Whether Vault Lock is on.
        protected: Whether its policy, which the caller plants, forbids deletion.

    Returns:
        Its name.
    """
    row: Row = {
        "BackupVaultName": name,
        "BackupVaultArn": plot.arn("backup", f"backup-vault:{name}"),
        "VaultType": kind,
        "VaultState": "AVAILABLE",
        "CreationDate": plot.ago(900),
        "EncryptionKeyArn": plot.keys.enabled,
        "NumberOfRecoveryPoints": 0,
        "Locked": locked or kind != "BACKUP_VAULT",
    }
    if row["Locked"]:
        row |= {"MinRetentionDays": 7, "MaxRetentionDays": 3650}
    if locked:
        row["LockDate"] = plot.ago(plot.rng.choice((300, -2)))
    plot.here.backup_vaults[name] = row
    if not row["Locked"]:
        plot.note("vault_unlocked", name)
        if not protected:
            plot.note("vault_deletion_allowed", name)
    return name


def plan(
    plot: Plot, name: str, rules: Sequence[tuple[Row, Times]], selection: Row, *, created: datetime | None = None
) -> Plan:
    """Plant a plan with one selection.

    Args:
        plot: Where.
        name: Its name.
        rules: Its rules as :func:`rule` makes them.
        selection: What it selects.
        created: When this version of it was made; long ago by default.
    """
    plan_id, created = plot.uuid(), created or plot.ago(700)
    rows = [row | {"RuleId": plot.uuid()} for row, _ in rules]
    plot.here.backup_plans[plan_id] = {
        "BackupPlan": {"BackupPlanName": name, "Rules": rows},
        "BackupPlanId": plan_id,
        "BackupPlanArn": plot.arn("backup", f"backup-plan:{plan_id}"),
        "VersionId": plot.uuid().replace("-", ""),
        "CreationDate": created,
        "LastExecutionDate": plot.now - timedelta(hours=2),
    }
    select(plot, plan_id, name, selection)
    if max(row["Lifecycle"]["DeleteAfterDays"] for row in rows) < LONG_ENOUGH:
        plot.note("backup_retention_short", plan_id)
    made = []
    for row, (_, times) in zip(rows, rules, strict=True):
        pending = timedelta(minutes=row.get("StartWindowMinutes", START_WINDOW)) + GRACE
        days = row["Lifecycle"]["DeleteAfterDays"]
        if days > TOO_LONG:
            plot.note("backup_retention_long", plan_id, row["RuleId"])
        for copy in row["CopyActions"]:
            if copy.get("Lifecycle", {}).get("DeleteAfterDays", TOO_LONG + 1) > TOO_LONG:
                plot.note("backup_retention_long", plan_id, f"{row['RuleId']}/{copy['DestinationBackupVaultArn']}")
        promise = Promise(f"{plan_id}/{row['RuleId']}", times.moments, pending, created, age=days * DAY)
        where = row["TargetBackupVaultName"]
        made.append(Rule(plan_id, row["RuleId"], name, row["RuleName"], where, times, days, promise))
    return Plan(plan_id, tuple(made))


def select(plot: Plot, plan_id: str, name: str, selection: Row) -> None:
    """Plant a selection of a plan."""
    selection_id = plot.uuid()
    plot.here.backup_selections[plan_id][selection_id] = {
        "BackupSelection": {
            "SelectionName": name[:50],
            "IamRoleArn": f"arn:aws:iam::{plot.here.account_id}:role/service-role/AWSBackupDefaultServiceRole",
            "Resources": [],
            "ListOfTags": [],
            "NotResources": [],
            "Conditions": {},
        }
        | selection,
        "SelectionId": selection_id,
        "BackupPlanId": plan_id,
        "CreationDate": plot.ago(699),
    }


def tagged(key: str, value: str) -> Row:
    """A selection by one tag."""
    return {"ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": key, "ConditionValue": value}]}


def rule(name: str, vault_name: str, times: Times, days: int, **more: object) -> tuple[Row, Times]:
    """A rule of a plan, and when it is due."""
    row: Row = {
        "RuleName": name,
        "TargetBackupVaultName": vault_name,
        "ScheduleExpression": times.text,
        "ScheduleExpressionTimezone": times.zone,
        "StartWindowMinutes": 60,
        "CompletionWindowMinutes": 180,
        "Lifecycle": {"DeleteAfterDays": days},
        "EnableContinuousBackup": False,
        "CopyActions": [],
    }
    return row | more, times


def recovery_point(
    plot: Plot, by: Rule, point_arn: str, resource: str, created: datetime, size_gib: int, **more: object
) -> str:
    """Plant a recovery point.

    Args:
        plot: Where.
        by: The rule that made it; its vault holds it, unless ``more`` names another.
        point_arn: Its ARN: that of the snapshot or image it is, or of its own.
        resource: What it is a backup of, e.g. ``volume/vol-…`` or ``instance/i-…``.
        created: Its point in time.
        size_gib: Provisioned size.
        more: Further members of the row; they win over the usual ones.

    Returns:
        Its ARN.
    """
    where = str(more.get("BackupVaultName", by.vault))
    row: Row = {
        "RecoveryPointArn": point_arn,
        "BackupVaultName": where,
        "BackupVaultArn": plot.arn("backup", f"backup-vault:{where}"),
        "ResourceArn": plot.arn("ec2", resource),
        "ResourceType": "EBS" if resource.startswith("volume/") else "EC2",
        "CreatedBy": {
            "BackupPlanId": by.plan_id,
            "BackupPlanArn": plot.arn("backup", f"backup-plan:{by.plan_id}"),
            "BackupPlanName": by.plan_name,
            "BackupRuleId": by.rule_id,
            "BackupRuleName": by.name,
            "BackupRuleCron": by.times.text,
            "BackupRuleTimezone": by.times.zone,
        },
        "IamRoleArn": f"arn:aws:iam::{plot.here.account_id}:role/service-role/AWSBackupDefaultServiceRole",
        "Status": "COMPLETED",
        "CreationDate": created,
        "InitiationDate": created,
        "CompletionDate": _later(plot, created),
        "BackupSizeInBytes": size_gib * GIB,
        "CalculatedLifecycle": {"DeleteAt": created + timedelta(days=by.delete_after)},
        "Lifecycle": {"DeleteAfterDays": by.delete_after},
        "IsEncrypted": False,
        "IsParent": False,
        "VaultType": plot.here.backup_vaults[where]["VaultType"],
    }
    row |= more
    plot.here.recovery_points[where][point_arn] = row
    if not row["IsEncrypted"]:
        plot.note("recovery_point_unencrypted", where, point_arn)
    if row["Status"] == "EXPIRED":
        plot.note("recovery_point_expired", where, point_arn)
    plot.note("backup_never_restored", by.plan_id)
    plot.here.backup_vaults[where]["NumberOfRecoveryPoints"] += 1
    return point_arn


def copied_point(
    source: Plot, target: Plot, by: Rule, row: Row, point_arn: str, where: str, began: datetime, days: int = 9
) -> None:
    """Plant a copy of a recovery point in another vault, and the job that made it.

    Args:
        source: Where the recovery point is.
        target: Where the copy goes.
        by: The rule that made both.
        row: The recovery point; a copy keeps its point in time.
        point_arn: ARN of the copy: that of the snapshot or image it is.
        where: The vault there.
        began: When it was copied.
        days: How many days it is kept.
    """
    vault_arn = target.arn("backup", f"backup-vault:{where}")
    target.here.recovery_points[where][point_arn] = row | {
        "RecoveryPointArn": point_arn,
        "BackupVaultName": where,
        "BackupVaultArn": vault_arn,
        "SourceBackupVaultArn": row["BackupVaultArn"],
        "InitiationDate": began,
        "CompletionDate": began,
        "IsEncrypted": True,
        "EncryptionKeyArn": target.keys.enabled,
        "Lifecycle": {"DeleteAfterDays": days},
        "CalculatedLifecycle": {"DeleteAt": row["CreationDate"] + days * DAY},
    }
    target.here.backup_vaults[where]["NumberOfRecoveryPoints"] += 1
    job_id = source.uuid().upper()
    source.here.copy_jobs[job_id] = {
        "AccountId": source.here.account_id,
        "CopyJobId": job_id,
        "SourceBackupVaultArn": row["BackupVaultArn"],
        "SourceRecoveryPointArn": row["RecoveryPointArn"],
        "DestinationBackupVaultArn": vault_arn,
        "DestinationRecoveryPointArn": point_arn,
        "ResourceArn": row["ResourceArn"],
        "ResourceType": row["ResourceType"],
        "CreationDate": began,
        "CompletionDate": began,
        "State": "COMPLETED",
        "BackupSizeInBytes": row["BackupSizeInBytes"],
        "IamRoleArn": row["IamRoleArn"],
        "CreatedBy": {"BackupPlanId": by.plan_id, "BackupRuleId": by.rule_id},
        "MessageCategory": "SUCCESS",
    }


def job(plot: Plot, by: Rule, resource: str, created: datetime, *, state: str = "COMPLETED", **more: object) -> None:
    """Plant a backup job; AWS keeps those of the last 30 days, and so none that is older is planted."""
    if created < plot.now - 30 * DAY:
        return
    job_id = plot.uuid().upper()
    row: Row = {
        "AccountId": plot.here.account_id,
        "BackupJobId": job_id,
        "BackupVaultName": by.vault,
        "BackupVaultArn": plot.arn("backup", f"backup-vault:{by.vault}"),
        "ResourceArn": plot.arn("ec2", resource),
        "ResourceType": "EBS" if resource.startswith("volume/") else "EC2",
        "CreationDate": created,
        "StartBy": created + timedelta(hours=1),
        "State": state,
        "PercentDone": "100.0" if state == "COMPLETED" else "0.0",
        "CreatedBy": {"BackupPlanId": by.plan_id, "BackupRuleId": by.rule_id},
        "MessageCategory": "SUCCESS",
        "IsParent": False,
    }
    if state != "RUNNING":
        row["CompletionDate"] = _later(plot, created)
    plot.here.backup_jobs[job_id] = row | more


def _later(plot: Plot, created: datetime) -> datetime:
    """When something was done that began at a moment."""
    return min(plot.now, created + timedelta(minutes=plot.rng.randrange(5, 90)))


def done_at(plot: Plot, begun: datetime, fate: str) -> datetime:
    """When a backup was complete that began at a moment and came to something."""
    return begun + _TAKES[fate] if fate in _TAKES else _later(plot, begun)


def failed_job(plot: Plot, by: Rule, resource: str, created: datetime, fate: str) -> None:
    """Plant a job that came to nothing, as :data:`FAILURES` says of its fate."""
    state, category, text = FAILURES[fate]
    job(plot, by, resource, created, state=state, StatusMessage=text, MessageCategory=category)


def snapshot_arn(plot: Plot, snapshot_id: str) -> str:
    """The ARN of a snapshot as AWS Backup writes it: without an account."""
    return f"arn:{plot.organisation.partition}:ec2:{plot.here.name}::snapshot/{snapshot_id}"


def image_arn(plot: Plot, image_id: str) -> str:
    """The ARN of an image as AWS Backup writes it: without an account."""
    return f"arn:{plot.organisation.partition}:ec2:{plot.here.name}::image/{image_id}"


def duty(by: Rule, **point: object) -> Duty:
    """What a rule promises of a volume, and how it keeps it; ``point`` goes to every recovery point."""

    def make(plot: Plot, of: Lineage, scheduled: datetime, begun: datetime, fate: str) -> None:
        resource = f"volume/{of.volume_id}"
        if fate in FAILURES or fate == "retried":
            failed_job(plot, by, resource, scheduled, "failed" if fate == "retried" else fate)
        if fate in FAILURES:
            return
        if fate == "deleted":
            gone = snapshot_arn(plot, plot.new("snap"))
            job(plot, by, resource, scheduled, RecoveryPointArn=gone, BackupSizeInBytes=of.size_gib * GIB)
            return
        tags = {**of.tags, "aws:backup:source-resource": of.volume_id}
        arn = snapshot_arn(plot, plot.snapshot(of, begun, description=TEXT, tags=tags, kept="recovery point"))
        key: Row = {"IsEncrypted": True, "EncryptionKeyArn": of.key} if of.key else {}
        done: Row = {"CompletionDate": done_at(plot, begun, fate)}
        recovery_point(plot, by, arn, resource, begun, of.size_gib, **(key | done | point))
        job(plot, by, resource, scheduled, RecoveryPointArn=arn, BackupSizeInBytes=of.size_gib * GIB, **done)

    return Duty(by.promise, make)
