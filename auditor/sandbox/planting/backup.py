"""AWS Backup: vaults, plans, selections, and the recovery points and jobs they led to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from auditor.sandbox.model import Row
from auditor.sandbox.planting.chains import amazon_image
from auditor.sandbox.planting.images import create_snapshots, device, plant_image
from auditor.sandbox.planting.names import server
from auditor.sandbox.planting.plot import Lineage, Plot, Telling

#: What AWS Backup writes on its snapshots.
TEXT = "This snapshot is created by the AWS Backup service."

GIB = 1 << 30


@dataclass
class Plan:
    """A planted plan, its first rule and the vault that delivers to."""

    plan_id: str
    rule_id: str
    name: str
    rule_name: str
    vault: str
    schedule: str
    delete_after: int


def vault(plot: Plot, name: str, *, kind: str = "BACKUP_VAULT", locked: bool = False) -> str:
    """Plant a vault; returns its name."""
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
    return name


def plan(plot: Plot, name: str, rules: list[Row], selection: Row) -> Plan:
    """Plant a plan with one selection; the first rule is the one that stories deliver by."""
    plan_id = plot.uuid()
    for rule in rules:
        rule["RuleId"] = plot.uuid()
    plot.here.backup_plans[plan_id] = {
        "BackupPlan": {"BackupPlanName": name, "Rules": rules},
        "BackupPlanId": plan_id,
        "BackupPlanArn": plot.arn("backup", f"backup-plan:{plan_id}"),
        "VersionId": plot.uuid().replace("-", ""),
        "CreationDate": plot.ago(700),
        "LastExecutionDate": plot.now - timedelta(hours=2),
    }
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
    return _as_plan(plan_id, plot.here.backup_plans[plan_id]["BackupPlan"])


def _as_plan(plan_id: str, row: Row) -> Plan:
    first = row["Rules"][0]
    return Plan(
        plan_id,
        first["RuleId"],
        row["BackupPlanName"],
        first["RuleName"],
        first["TargetBackupVaultName"],
        first["ScheduleExpression"],
        first["Lifecycle"]["DeleteAfterDays"],
    )


def rule(name: str, vault_name: str, schedule: str, days: int, **more: object) -> Row:
    """A rule of a plan."""
    return {
        "RuleName": name,
        "TargetBackupVaultName": vault_name,
        "ScheduleExpression": schedule,
        "ScheduleExpressionTimezone": "Etc/UTC",
        "StartWindowMinutes": 60,
        "CompletionWindowMinutes": 180,
        "Lifecycle": {"DeleteAfterDays": days},
        "EnableContinuousBackup": False,
        "CopyActions": [],
    } | more


def recovery_point(
    plot: Plot, by: Plan, point_arn: str, resource: str, created: datetime, size_gib: int, **more: object
) -> str:
    """Plant a recovery point.

    Args:
        plot: Where.
        by: The plan that made it; its vault holds it.
        point_arn: Its ARN: that of the snapshot or image it is, or of its own.
        resource: What it is a backup of, e.g. ``volume/vol-…`` or ``instance/i-…``.
        created: Its point in time.
        size_gib: Provisioned size.
        more: Further members of the row; they win over the usual ones.

    Returns:
        Its ARN.
    """
    row: Row = {
        "RecoveryPointArn": point_arn,
        "BackupVaultName": by.vault,
        "BackupVaultArn": plot.arn("backup", f"backup-vault:{by.vault}"),
        "ResourceArn": plot.arn("ec2", resource),
        "ResourceType": "EBS" if resource.startswith("volume/") else "EC2",
        "CreatedBy": {
            "BackupPlanId": by.plan_id,
            "BackupPlanArn": plot.arn("backup", f"backup-plan:{by.plan_id}"),
            "BackupPlanName": by.name,
            "BackupRuleId": by.rule_id,
            "BackupRuleName": by.rule_name,
            "BackupRuleCron": by.schedule,
            "BackupRuleTimezone": "Etc/UTC",
        },
        "IamRoleArn": f"arn:aws:iam::{plot.here.account_id}:role/service-role/AWSBackupDefaultServiceRole",
        "Status": "COMPLETED",
        "CreationDate": created,
        "InitiationDate": created,
        "CompletionDate": created + timedelta(minutes=plot.rng.randrange(5, 90)),
        "BackupSizeInBytes": size_gib * GIB,
        "CalculatedLifecycle": {"DeleteAt": created + timedelta(days=by.delete_after)},
        "Lifecycle": {"DeleteAfterDays": by.delete_after},
        "IsEncrypted": False,
        "IsParent": False,
        "VaultType": plot.here.backup_vaults[by.vault]["VaultType"],
    }
    plot.here.recovery_points[by.vault][point_arn] = row | more
    plot.here.backup_vaults[by.vault]["NumberOfRecoveryPoints"] += 1
    return point_arn


def job(plot: Plot, by: Plan, resource: str, created: datetime, *, state: str = "COMPLETED", **more: object) -> None:
    """Plant a backup job; AWS keeps those of the last 30 days."""
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
        row["CompletionDate"] = created + timedelta(minutes=plot.rng.randrange(5, 90))
    plot.here.backup_jobs[job_id] = row | more


def snapshot_arn(plot: Plot, snapshot_id: str) -> str:
    """The ARN of a snapshot as AWS Backup writes it: without an account."""
    return f"arn:{plot.organisation.partition}:ec2:{plot.here.name}::snapshot/{snapshot_id}"


def protect(plot: Plot, by: Plan, of: Lineage, days: range, *, gap: int = -1) -> None:
    """Nightly recovery points of a volume, each a snapshot; on the day of the gap the job failed."""
    resource = f"volume/{of.volume_id}"
    for day in days:
        of.write(plot.rng)
        started = plot.now - timedelta(days=day, hours=1, seconds=plot.rng.randrange(60, 3000))
        if day == gap:
            text = "Insufficient privileges to perform this action."
            job(plot, by, resource, started, state="FAILED", StatusMessage=text, MessageCategory="AccessDenied")
            continue
        tags = {**of.tags, "aws:backup:source-resource": of.volume_id}
        arn = snapshot_arn(plot, plot.snapshot(of, started, description=TEXT, tags=tags, kept="recovery point"))
        key: Row = {"IsEncrypted": True, "EncryptionKeyArn": of.key} if of.key else {}
        recovery_point(plot, by, arn, resource, started, of.size_gib, **key)
        if day < 30:
            job(plot, by, resource, started, RecoveryPointArn=arn, BackupSizeInBytes=of.size_gib * GIB)


def plant_backups(plot: Plot) -> None:
    """Vaults, a plan by tag, volumes it backs up every night, and further plans that select in other ways."""
    vault(plot, "Default")
    locked = vault(plot, "prod-locked", locked=True)
    nightly = rule("nightly", locked, "cron(0 4 ? * * *)", plot.size.backup_days + 5)
    monthly = rule("monthly", locked, "cron(0 5 1 * ? *)", 2555, ScheduleExpressionTimezone="Europe/Berlin")
    monthly["Lifecycle"] |= {"MoveToColdStorageAfterDays": 90, "OptInToArchiveForSupportedResources": True}
    away = "eu-west-1" if plot.here.name != "eu-west-1" else "us-east-1"
    target = f"arn:{plot.organisation.partition}:backup:{away}:{plot.here.account_id}:backup-vault:Default"
    monthly["CopyActions"] = [{"DestinationBackupVaultArn": target, "Lifecycle": {"DeleteAfterDays": 365}}]
    tag: Row = {"ConditionType": "STRINGEQUALS", "ConditionKey": "backup-plan", "ConditionValue": "gold"}
    gold = plan(plot, "gold", [nightly, monthly], {"ListOfTags": [tag]})
    for number in range(plot.size.protected):
        name = server(plot.rng)
        created = plot.ago(plot.size.backup_days + 20)
        instance_id = plot.instance(amazon_image(plot)[0], created, name=name)
        of = plot.lineage(100, plot.usual_key(), used=0.2, tags={"Name": name, "backup-plan": "gold"})
        plot.volume(of, created, backup="fresh", instance=instance_id, device="/dev/sdf")
        gap = plot.rng.randrange(2, 5) if number == 0 else -1
        protect(plot, gold, of, range(plot.size.backup_days - 1, -1, -1), gap=gap)
    for telling in STORIES:
        if plot.tells(telling):
            telling[0](plot)


def _gold(plot: Plot) -> Plan:
    """The plan by tag, as the stories that deliver by it want it."""
    plan_id, row = next(iter(plot.here.backup_plans.items()))
    return _as_plan(plan_id, row["BackupPlan"])


def _held(plot: Plot) -> None:
    """A recovery point of long ago of a volume that is gone: neither too old nor an orphan while it is held."""
    of = plot.lineage(40, plot.usual_key())
    tags = {"aws:backup:source-resource": of.volume_id}
    started = plot.ago(500)
    arn = snapshot_arn(plot, plot.snapshot(of, started, description=TEXT, tags=tags, kept="recovery point"))
    recovery_point(plot, _gold(plot), arn, f"volume/{of.volume_id}", started, of.size_gib)


def _let_go(plot: Plot) -> None:
    """A snapshot of AWS Backup that no recovery point holds any more: too old, and by its tag still no orphan."""
    of = plot.lineage(40, plot.usual_key())
    plot.snapshot(of, plot.ago(450), description=TEXT, tags={"aws:backup:source-resource": of.volume_id})


def _instance(plot: Plot) -> None:
    """A machine backed up as a whole: the recovery point is an image, whose snapshots name the machine's volumes."""
    by = _gold(plot)
    name = server(plot.rng)
    started = plot.ago(1)
    instance_id = plot.instance(amazon_image(plot)[0], plot.ago(150), name=name)
    image_id = plot.new("ami")
    made = create_snapshots(
        plot,
        image_id,
        started,
        count=2,
        key=plot.usual_key(),
        builder=instance_id,
        tags={"aws:backup:source-resource": instance_id},
    )
    mappings = []
    for number, (snapshot_id, of) in enumerate(zip(made.snapshot_ids, made.lineages, strict=True)):
        mappings.append(device(number, snapshot_id, of))
        place = str(mappings[-1]["DeviceName"])
        plot.volume(of, plot.ago(150), backup="fresh", instance=instance_id, device=place)
    plant_image(
        plot,
        f"AwsBackup_{instance_id}_{plot.uuid()}",
        started,
        mappings,
        use="none",
        image_id=image_id,
        SourceInstanceId=instance_id,
        tags={"aws:backup:source-resource": instance_id},
    )
    arn = f"arn:{plot.organisation.partition}:ec2:{plot.here.name}::image/{image_id}"
    recovery_point(plot, by, arn, f"instance/{instance_id}", started, 28)
    job(plot, by, f"instance/{instance_id}", started, RecoveryPointArn=arn)


def _air_gapped(plot: Plot) -> None:
    """Volumes with recovery points in an air-gapped vault alone: backed up, one lately and one not."""
    by = _gold(plot)
    name = vault(plot, "air-gapped", kind="LOGICALLY_AIR_GAPPED_BACKUP_VAULT")
    host = plot.instance(amazon_image(plot)[0], plot.ago(250), name=server(plot.rng))
    elsewhere = Plan(by.plan_id, by.rule_id, by.name, by.rule_name, name, by.schedule, 365)
    for days, backup, letter in ((1, "fresh", "f"), (20, "stale", "g")):
        of = plot.lineage(30, plot.keys.enabled, tags={"Name": server(plot.rng)})
        plot.volume(of, plot.ago(250), backup=backup, instance=host, device=f"/dev/sd{letter}")
        arn = plot.arn("backup", f"recovery-point:{plot.uuid()}")
        recovery_point(plot, elsewhere, arn, f"volume/{of.volume_id}", plot.ago(days), of.size_gib)


def _expired(plot: Plot) -> None:
    """A detached volume whose only recovery point has expired and whose jobs fail: not backed up."""
    by = _gold(plot)
    of = plot.lineage(30, plot.usual_key(), tags={"backup-plan": "gold"})
    plot.volume(of, plot.ago(200), backup="never", state="available")
    arn = snapshot_arn(plot, plot.new("snap"))
    text = "Access denied while deleting the recovery point"
    resource = f"volume/{of.volume_id}"
    recovery_point(plot, by, arn, resource, plot.ago(100), of.size_gib, Status="EXPIRED", StatusMessage=text)
    for day, state in ((3, "FAILED"), (2, "ABORTED"), (1, "EXPIRED")):
        why = plot.hostile("Backup job expired before it could start.")
        job(plot, by, resource, plot.ago(day), state=state, StatusMessage=why, MessageCategory="FAILURE")


def _other_plans(plot: Plot) -> None:
    """Plans that select by ARN, by conditions and by exclusion, and one that selects nothing."""
    everything: Row = {
        "Resources": ["arn:aws:ec2:*:*:volume/*", "arn:aws:ec2:*:*:instance/*"],
        "NotResources": [plot.arn("ec2", "volume/vol-0000*")],
        "Conditions": {
            "StringEquals": [{"ConditionKey": "aws:ResourceTag/tier", "ConditionValue": "silver"}],
            "StringNotEquals": [{"ConditionKey": "aws:ResourceTag/env", "ConditionValue": "development"}],
            "StringLike": [{"ConditionKey": "aws:ResourceTag/team", "ConditionValue": "pay*"}],
            "StringNotLike": [{"ConditionKey": "aws:ResourceTag/name", "ConditionValue": "*scratch*"}],
        },
    }
    weekly = rule("weekly", "Default", "cron(0 5 ? * SUN *)", 35, StartWindowMinutes=480)
    plan(plot, "silver", [weekly], everything)
    vss = rule("hourly", "Default", "rate(4 hours)", 2)
    made = plan(plot, "windows", [vss], {"Resources": [plot.arn("ec2", "instance/i-00000000000000000")]})
    row = plot.here.backup_plans[made.plan_id]
    settings: list[Row] = [{"ResourceType": "EC2", "BackupOptions": {"WindowsVSS": "enabled"}}]
    row["BackupPlan"]["AdvancedBackupSettings"] = settings
    row["AdvancedBackupSettings"] = settings


#: Stories of backups.
STORIES: tuple[Telling, ...] = (
    (_held, 0, 0),
    (_let_go, 0, 1),
    (_instance, 0, 0),
    (_air_gapped, 1, 3),
    (_expired, 0, 1),
    (_other_plans, 0, 0),
)
