"""What AWS Backup protects: volumes by tag, whole machines, what it let go, and plans that select in other ways."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from auditor.sandbox.model import Row
from auditor.sandbox.planting import backup, schedules
from auditor.sandbox.planting.backup import TEXT, Plan, plan, recovery_point, rule, snapshot_arn, vault
from auditor.sandbox.planting.chains import amazon_image
from auditor.sandbox.planting.names import server
from auditor.sandbox.planting.plot import DAY, Lineage, Plot, Telling
from auditor.sandbox.planting.promises import Duty, Fates, Rhythm, deliver, settle


def protect(
    plot: Plot, of: Lineage, created: datetime, duties: Sequence[tuple[Duty, Fates]], rhythm: Rhythm | None = None
) -> None:
    """What plans that select by tag left behind of a volume: nothing where the region is not opted in."""
    if plot.here.backup_opt_ins["EBS"]:
        deliver(plot, of, created, duties, rhythm)
        return
    for duty, _ in duties:
        settle(plot, duty.promise, of.volume_id, created, usual="missed")


def backed_up(plot: Plot, kind: str = "fresh") -> str:
    """What ``backup`` of a volume is that plans by tag protect: never where the region is not opted in."""
    return kind if plot.here.backup_opt_ins["EBS"] else "never"


def _plant_gold(plot: Plot) -> Plan:
    """The plan by tag: every night for a while, every month for years."""
    vault(plot, "Default")
    locked = vault(plot, "prod-locked", locked=True)
    nightly = rule("nightly", locked, schedules.daily(plot.now, 2, 30), plot.size.backup_days)
    berlin = schedules.monthly(plot.now, 1, 3, zone="Europe/Berlin")
    lifecycle: Row = {
        "DeleteAfterDays": 2555,
        "MoveToColdStorageAfterDays": 90,
        "OptInToArchiveForSupportedResources": True,
    }
    monthly = rule("monthly", locked, berlin, 2555, Lifecycle=lifecycle)
    return plan(plot, "gold", [nightly, monthly], backup.tagged("backup-plan", "gold"))


def plant_backups(plot: Plot) -> None:
    """Vaults, a plan by tag, volumes it backs up every night, and further plans that select in other ways."""
    gold = _plant_gold(plot)
    plot.plans["gold"] = gold
    for number in range(plot.size.protected):
        name = server(plot.rng)
        created = plot.ago(plot.size.backup_days + 20)
        instance_id = plot.instance(amazon_image(plot)[0], created, name=name)
        key = plot.usual_key() or (None if plot.size.dense or plot.maybe(0.1) else plot.keys.enabled)
        of = plot.lineage(100, key, used=0.2, tags={"Name": name, "backup-plan": "gold"})
        kind = backed_up(plot)
        plot.volume(of, created, backup=kind, instance=instance_id, device="/dev/sdf", promised=True)
        odd = number == 0 and (plot.size.dense or plot.maybe(0.2))
        fates = {1: plot.rng.choice(("failed", "quota", "deleted", "retried", "late", "slow"))} if odd else {}
        protect(plot, of, created, [(backup.duty(gold.rules[0]), fates), (backup.duty(gold.rules[1]), {})])
    for telling in STORIES:
        if plot.tells(telling):
            telling[0](plot)


def _held(plot: Plot) -> None:
    """A recovery point of long ago of a volume that is gone: neither too old nor an orphan while it is held."""
    of = plot.lineage(40, plot.usual_key())
    tags = {"aws:backup:source-resource": of.volume_id}
    started = plot.ago(500)
    arn = snapshot_arn(plot, plot.snapshot(of, started, description=TEXT, tags=tags, kept="recovery point"))
    recovery_point(plot, plot.plans["gold"].rules[1], arn, f"volume/{of.volume_id}", started, of.size_gib)


def _let_go(plot: Plot) -> None:
    """A snapshot of AWS Backup that no recovery point holds any more: too old, and by its tag still no orphan."""
    of = plot.lineage(40, plot.usual_key())
    plot.snapshot(of, plot.ago(450), description=TEXT, tags={"aws:backup:source-resource": of.volume_id})


def _air_gapped(plot: Plot) -> None:
    """Volumes with recovery points in an air-gapped vault alone: backed up, one lately and one not."""
    name = vault(plot, "air-gapped", kind="LOGICALLY_AIR_GAPPED_BACKUP_VAULT")
    host = plot.instance(amazon_image(plot)[0], plot.ago(250), name=server(plot.rng))
    for days, kind, letter in ((1, "fresh", "f"), (20, "stale", "g")):
        of = plot.lineage(30, plot.keys.enabled, tags={"Name": server(plot.rng)})
        plot.volume(of, plot.ago(250), backup=kind, instance=host, device=f"/dev/sd{letter}")
        arn = plot.arn("backup", f"recovery-point:{plot.uuid()}")
        by, resource = plot.plans["gold"].rules[1], f"volume/{of.volume_id}"
        recovery_point(plot, by, arn, resource, plot.ago(days), of.size_gib, BackupVaultName=name)
    plot.note("instance_backup_inconsistent", host)


def _expired(plot: Plot) -> None:
    """A detached volume whose only recovery point has expired and whose jobs fail: not backed up."""
    gold = plot.plans["gold"]
    of = plot.lineage(30, plot.usual_key(), tags={"backup-plan": "gold"})
    created, resource = plot.ago(200), f"volume/{of.volume_id}"
    plot.volume(of, created, backup="never", state="available", promised=True)
    text = "Access denied while deleting the recovery point"
    arn = snapshot_arn(plot, plot.new("snap"))
    over: Row = {"CalculatedLifecycle": {"DeleteAt": plot.ago(10)}, "Lifecycle": {"DeleteAfterDays": 90}}
    expired: Row = {"Status": "EXPIRED", "StatusMessage": text, **over}
    recovery_point(plot, gold.rules[1], arn, resource, plot.ago(100), of.size_gib, **expired)
    failures = {1: "failed", 2: "aborted", 3: "expired"} if plot.here.backup_opt_ins["EBS"] else {}
    settled = settle(plot, gold.rules[0].promise, of.volume_id, created, failures, "missed")
    failed = [(scheduled, fate) for scheduled, fate in settled if fate in backup.FAILURES]
    for scheduled, fate in failed:
        backup.failed_job(plot, gold.rules[0], resource, scheduled, fate)
    if len(failed) >= 3:
        plot.note("backup_job_failing", gold.plan_id, of.volume_id)
    settle(plot, gold.rules[1].promise, of.volume_id, created, usual="missed")


def _nobody(plot: Plot) -> None:
    """A plan that selects a machine that is not there."""
    gone: Row = {"Resources": [plot.arn("ec2", "instance/i-00000000000000000")]}
    vss = rule("hourly", "Default", schedules.rate(plot.now, 4, plot.now - 700 * DAY), 2)
    made = plan(plot, "windows", [vss], gone)
    plot.note("backup_plan_selects_nothing", made.plan_id)
    row = plot.here.backup_plans[made.plan_id]
    settings: list[Row] = [{"ResourceType": "EC2", "BackupOptions": {"WindowsVSS": "enabled"}}]
    row["BackupPlan"]["AdvancedBackupSettings"] = settings
    row["AdvancedBackupSettings"] = settings


#: Stories of backups.
STORIES: tuple[Telling, ...] = (
    (_held, 0, 0),
    (_let_go, 0, 1),
    (_air_gapped, 1, 3),
    (_expired, 0, 1),
    (_nobody, 0, 2),
)
