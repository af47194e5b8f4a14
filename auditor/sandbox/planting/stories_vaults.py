"""Vaults by who may do what with them, what was restored from them, what is reported of them, and copies to others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from auditor.sandbox.model import Row
from auditor.sandbox.planting import backup, schedules
from auditor.sandbox.planting.backup import duty, plan, rule, vault
from auditor.sandbox.planting.chains import amazon_image
from auditor.sandbox.planting.names import PARTNER, VENDOR, server
from auditor.sandbox.planting.plot import DAY, Lineage, Plot, Telling
from auditor.sandbox.planting.promises import deliver, settle

#: What takes a vault's backups away.
DELETIONS = ("backup:DeleteRecoveryPoint", "backup:DeleteBackupVault", "backup:DeleteBackupVaultAccessPolicy")

Statement = Mapping[str, Any]


def _policy(plot: Plot, name: str, *statements: Statement) -> None:
    """Write a vault's policy; one statement alone stands without a list, as AWS allows."""
    said: Any = [{"Resource": "*", **statement} for statement in statements]
    body = {"Version": "2012-10-17", "Statement": said if len(said) > 1 else said[0]}
    plot.here.backup_vault_policies[name] = json.dumps(body)


def _deny(**what: Any) -> Statement:
    return {"Sid": "keep", "Effect": "Deny", "Principal": "*", **what}


def _allow(principal: Any, **what: Any) -> Statement:
    return {"Sid": "let", "Effect": "Allow", "Principal": principal, **what}


def _name(plot: Plot, what: str) -> str:
    return f"{what}-{plot.rng.getrandbits(28):07x}"


def kept_by_policy(plot: Plot) -> None:
    """Vaults without a lock whose policies forbid deletion, in the ways that can be written."""
    glass = {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{plot.here.account_id}:role/break-glass"}}
    ways: tuple[Statement, ...] = (
        _deny(Action=list(DELETIONS)),
        _deny(Action="backup:*", Condition=glass),
        _deny(Action=["backup:Delete*"], Principal={"AWS": "*"}),
        _deny(NotAction=["backup:List*", "backup:Describe*", "backup:Get*", "backup:Start*"]),
        _deny(Action="*", Principal={"AWS": ["*"]}, Condition=glass),
    )
    for way in ways if plot.size.dense else plot.rng.sample(ways, 1):
        name = vault(plot, _name(plot, "kept"), protected=True)
        _policy(plot, name, way)


def deletable(plot: Plot) -> None:
    """Vaults whose policies look as if they forbade deletion: in part, for one person, or the wrong way round."""
    one = f"arn:aws:iam::{plot.here.account_id}:user/intern"
    ways: tuple[Statement, ...] = (
        _deny(Action="backup:DeleteBackupVault"),
        _deny(Action=list(DELETIONS), Principal={"AWS": one}),
        _deny(NotAction=list(DELETIONS)),
    )
    for way in ways if plot.size.dense else plot.rng.sample(ways, 1):
        _policy(plot, vault(plot, _name(plot, "thought-kept")), way)


def shared(plot: Plot) -> None:
    """Vaults that others may use: anybody, one stranger, a partner, and the organisation."""
    organisation = plot.organisation
    ours = {"StringEquals": {"aws:PrincipalOrgID": organisation.organisation_id}}
    copy = "backup:CopyIntoBackupVault"
    ways: tuple[tuple[str, Statement, str], ...] = (
        ("open", _allow("*", Action="backup:*"), "*"),
        ("open-to-copies", _allow({"AWS": "*"}, Action=[copy]), "*"),
        ("vendor", _allow({"AWS": f"arn:aws:iam::{VENDOR}:root"}, Action=["backup:StartRestoreJob", copy]), VENDOR),
        ("partner", _allow({"AWS": [PARTNER]}, Action=copy), ""),
        ("ours", _allow("*", Action=copy, Condition=ours), ""),
        ("ourselves", _allow({"AWS": f"arn:aws:iam::{plot.here.account_id}:root"}, Action="backup:*"), ""),
    )
    for what, way, stranger in ways:
        name = vault(plot, _name(plot, what))
        _policy(plot, name, way)
        if stranger:
            plot.note("vault_policy_open", name, stranger)


def restored(plot: Plot) -> None:
    """A plan whose backups were restored lately, once in vain; most plans' never were."""
    where = vault(plot, _name(plot, "tested"))
    nightly = rule("nightly", where, schedules.daily(plot.now, 1), 3)
    volume, created = server(plot.rng), plot.ago(30)
    of = plot.lineage(20, plot.usual_key(), used=0.2, tags={"Name": volume})
    host = plot.instance(amazon_image(plot)[0], created, name=volume)
    plot.volume(of, created, backup="fresh", instance=host, device="/dev/sdp", promised=True)
    named: Row = {"Resources": [plot.arn("ec2", f"volume/{of.volume_id}")]}
    tested = plan(plot, _name(plot, "tested"), [nightly], named)
    deliver(plot, of, created, [(duty(tested.rules[0]), {})])
    plot.organisation.truth["backup_never_restored"].discard((*plot.where, tested.plan_id))
    arn, row = next(iter(plot.here.recovery_points[where].items()))
    done = row["CreationDate"] + timedelta(hours=9)
    row["LastRestoreTime"] = done
    for status in ("COMPLETED", "FAILED"):
        _restore(plot, arn, row, status)


def _restore(plot: Plot, arn: str, row: Row, status: str) -> None:
    job_id = plot.uuid().upper()
    began = row["CreationDate"] + timedelta(hours=8)
    told: Row = {
        "AccountId": plot.here.account_id,
        "RestoreJobId": job_id,
        "RecoveryPointArn": arn,
        "SourceResourceArn": row["ResourceArn"],
        "BackupVaultArn": row["BackupVaultArn"],
        "CreationDate": began,
        "CompletionDate": began + timedelta(minutes=40),
        "Status": status,
        "PercentDone": "100.0%" if status == "COMPLETED" else "0.0%",
        "IamRoleArn": row["IamRoleArn"],
        "ResourceType": row["ResourceType"],
        "RecoveryPointCreationDate": row["CreationDate"],
    }
    if status == "COMPLETED":
        told["CreatedResourceArn"] = plot.arn("ec2", f"volume/{plot.new('vol')}")
    else:
        told["StatusMessage"] = "The volume type is not available in this zone."
    plot.here.restore_jobs[job_id] = told


def failing(plot: Plot) -> None:
    """A plan whose every job for a detached volume comes to nothing."""
    nightly = rule("nightly", "Default", schedules.daily(plot.now, 1), 6)
    of = plot.lineage(20, plot.usual_key(), tags={"Name": server(plot.rng)})
    created = plot.ago(90)
    plot.volume(of, created, backup="never", state="available", promised=True)
    named: Row = {"Resources": [plot.arn("ec2", f"volume/{of.volume_id}")]}
    by = plan(plot, _name(plot, "failing"), [nightly], named).rules[0]
    for scheduled, fate in settle(plot, by.promise, of.volume_id, created, usual=plot.rng.choice(("failed", "quota"))):
        if fate in backup.FAILURES:
            backup.failed_job(plot, by, f"volume/{of.volume_id}", scheduled, fate)
    plot.note("backup_job_failing", by.plan_id, of.volume_id)


def copied(source: Plot, target: Plot, *, until: int) -> None:
    """A plan whose backups go to a second region as well: every day, or only until some days ago.

    Args:
        source: Where the volume is.
        target: Where the copies go.
        until: How many days ago the newest copy was made; 0 for today.
    """
    name = server(source.rng)
    where = vault(target, _name(source, "copies"))
    there = target.arn("backup", f"backup-vault:{where}")
    action: Row = {"DestinationBackupVaultArn": there, "Lifecycle": {"DeleteAfterDays": 9}}
    nightly = rule("nightly", vault(source, _name(source, "sources")), schedules.daily(source.now, 1), 5)
    nightly[0]["CopyActions"] = [action]
    of = source.lineage(20, source.keys.enabled, used=0.2, tags={"Name": name})
    created = source.ago(60)
    host = source.instance(amazon_image(source)[0], created, name=name)
    source.volume(of, created, backup="fresh", instance=host, device="/dev/sdp", promised=True)
    named: Row = {"Resources": [source.arn("ec2", f"volume/{of.volume_id}")]}
    by = plan(source, _name(source, "copied"), [nightly], named).rules[0]
    deliver(source, of, created, [(duty(by), {})])
    if until:
        source.note("backup_copy_missing", of.volume_id, f"{by.promise.promise_id} {there}")
    data_key = target.uuid()
    for arn, row in source.here.recovery_points[by.vault].items():
        if source.now - row["CreationDate"] < until * DAY:
            continue
        began = row["CreationDate"] + timedelta(minutes=50)
        held = source.here.blocks[arn.rpartition("/")[2]]
        copy = Lineage(of.volume_id, of.size_gib, target.keys.enabled, data_key, held.history, held.point)
        _copy(source, target, by, row, copy, where, min(began, source.now))


def _copy(source: Plot, target: Plot, by: backup.Rule, row: Row, of: Lineage, where: str, began: datetime) -> None:
    """A copy of a recovery point in another region, and the job that made it."""
    tags = {"aws:backup:source-resource": of.volume_id}
    snapshot_id = target.snapshot(of, began, description=backup.TEXT, volume_id="vol-ffffffff", tags=tags)
    backup.copied_point(source, target, by, row, backup.snapshot_arn(target, snapshot_id), where, began)


#: Stories of vaults.
STORIES: tuple[Telling, ...] = (
    (kept_by_policy, -1, 2),
    (deletable, -1, 2),
    (shared, -1, 2),
    (restored, -1, 3),
    (failing, -1, 2),
)
