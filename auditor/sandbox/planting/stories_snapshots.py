"""Snapshots by what has become of them: public, shared, locked, archived, failed, copied, imported, deleted."""

from __future__ import annotations

from datetime import timedelta

from auditor.sandbox.model import Row
from auditor.sandbox.planting.chains import amazon_image
from auditor.sandbox.planting.images import PUBLIC
from auditor.sandbox.planting.names import FAR, FORMER_PARTNER, PARTNER, VENDOR, server
from auditor.sandbox.planting.plot import DAY, NO_VOLUME, Lineage, Plot, Telling
from auditor.sandbox.planting.sharing import grant
from auditor.sandbox.planting.stories_images import bin_snapshot


def _protected(plot: Plot, key: str | None, days: float) -> Lineage:
    """The history of a volume that lives and was snapshotted last night."""
    of = plot.lineage(16, key, tags={"Name": server(plot.rng)})
    instance_id = plot.instance(amazon_image(plot)[0], plot.ago(days), name=of.tags["Name"])
    plot.volume(of, plot.ago(days), backup="fresh", instance=instance_id, device="/dev/sdp")
    plot.snapshot(of, plot.now - timedelta(hours=4), description="nightly")
    return of


def public(plot: Plot) -> None:
    """Snapshots that everybody may restore; where all sharing is blocked that is hidden until the block goes."""
    of = _protected(plot, None, 300)
    for days, others in ((200, []), (100, [{"UserId": VENDOR}])):
        of.write(plot.rng)
        snapshot_id = plot.snapshot(
            of, plot.ago(days), description=plot.rng.choice(("for the forum", plot.hostile("sample data")))
        )
        grant(plot, snapshot_id, [PUBLIC, *others])


def once_public(plot: Plot) -> None:
    """A snapshot that was made public long ago, as somebody noticed who then blocked all sharing."""
    of = _protected(plot, None, 400)
    snapshot_id = plot.snapshot(of, plot.ago(330), description="open data, first edition")
    grant(plot, snapshot_id, [PUBLIC])


def shared(plot: Plot) -> None:
    """Snapshots shared with members, a vendor, partners and the Marketplace, plain or under an own key."""
    members = [key for key in plot.organisation.accounts if key != plot.here.account_id]
    of = _protected(plot, plot.rng.choice((None, plot.keys.enabled)), 200)
    grantees = (
        [members[0]],
        [VENDOR],
        [VENDOR, FORMER_PARTNER],
        ["aws-marketplace"],
        [plot.here.account_id],
        [PARTNER],
    )
    for number, accounts in enumerate(grantees):
        of.write(plot.rng)
        snapshot_id = plot.snapshot(of, plot.ago(20 + 15 * number), description=f"for {', '.join(accounts)}")
        grant(plot, snapshot_id, [{"UserId": account} for account in accounts])


def failed(plot: Plot) -> None:
    """Copies that failed for want of their key, a snapshot pending for days, and one that is merely young."""
    origin = f"[Copied {plot.new('snap')} from us-west-2] weekly"
    of = plot.lineage(50, plot.keys.gone)
    plot.snapshot(
        of,
        plot.ago(40),
        description=origin,
        state="error",
        volume_id=NO_VOLUME,
        StateMessage="Given key ID is not accessible",
    )
    live = _protected(plot, plot.keys.enabled, 100)
    plot.snapshot(live, plot.ago(3), description="stuck", state="pending")
    plot.snapshot(live, plot.ago(0.02), description="running", state="pending")


def keys(plot: Plot) -> None:
    """Snapshots whose key is disabled, about to go or gone; all else about them is in order."""
    for key in (plot.keys.disabled, plot.keys.dying, plot.keys.gone):
        plot.snapshot(
            plot.lineage(30, key), plot.ago(25), description="before the migration", tags={"Name": server(plot.rng)}
        )


def third_party_key(plot: Plot) -> None:
    """A snapshot under the key of somebody outside the organisation, who lets nobody look at it."""
    of = plot.lineage(30, plot.keys.foreign)
    plot.snapshot(of, plot.ago(25), description="delivered by the vendor", tags={"Name": server(plot.rng)})


def locked(plot: Plot) -> None:
    """Locked snapshots of volumes that are gone: nobody can delete them, and once the lock expired it is an orphan."""
    for state in ("governance", "compliance", "compliance-cooloff", "expired"):
        if not plot.maybe(plot.size.chance):
            continue
        free = state == "expired"
        snapshot_id = plot.snapshot(
            plot.lineage(20, plot.usual_key()),
            plot.ago(500),
            description="books of the year",
            kept="" if free else "lock",
            orphan="volume_gone" if free else "",
        )
        since = plot.ago(0.5 if state == "compliance-cooloff" else 450)
        days = 400 if free else 2555
        lock: Row = {
            "OwnerId": plot.here.account_id,
            "SnapshotId": snapshot_id,
            "LockState": state,
            "LockDuration": days,
            "LockCreatedOn": since,
            "LockDurationStartTime": since,
            "LockExpiresOn": since + timedelta(days=days),
        }
        if state == "compliance-cooloff":
            lock |= {"CoolOffPeriod": 72, "CoolOffPeriodExpiresOn": since + timedelta(hours=72)}
        plot.here.locks[snapshot_id] = lock


def archived(plot: Plot) -> None:
    """Snapshots in the archive: one too old, one restored for a while, one on its way, one that is all a volume has."""
    of = _protected(plot, plot.usual_key(), 600)
    steps: tuple[tuple[float, str, Row], ...] = (
        (550, "archival-completed", {"StorageTier": "archive"}),
        (200, "temporary-restore-completed", {"RestoreExpiryTime": plot.now + 5 * DAY}),
        (150, "archival-failed", {}),
        (100, "archival-in-progress", {}),
        (50, "permanent-restore-completed", {}),
    )
    for days, status, members in steps:
        of.write(plot.rng)
        snapshot_id = plot.snapshot(of, plot.ago(days), description="quarter end", **members)
        tiered(plot, snapshot_id, status)
        if status == "permanent-restore-completed":
            plot.note("snapshot_restored_forgotten", snapshot_id)
    lone = plot.lineage(40, plot.usual_key())
    plot.volume(lone, plot.ago(300), backup="stale", state="available")
    newest = plot.snapshot(lone, plot.ago(200), StorageTier="archive")
    tiered(plot, newest, "archival-completed")
    plot.note("archive_chain_broken", newest)


def tiered(plot: Plot, snapshot_id: str, status: str) -> None:
    """Write down what archiving or restoring a snapshot came to, two days after it was made."""
    row = plot.here.snapshots[snapshot_id]
    began = row["StartTime"] + timedelta(days=2)
    done = status.endswith("-completed")
    plot.here.tier_statuses[snapshot_id] = {
        "SnapshotId": snapshot_id,
        "VolumeId": row["VolumeId"],
        "Status": "completed",
        "OwnerId": plot.here.account_id,
        "Tags": row["Tags"],
        "StorageTier": row["StorageTier"],
        "LastTieringStartTime": began,
        "LastTieringProgress": 100 if done else 40,
        "LastTieringOperationStatus": status,
        "LastTieringOperationStatusDetail": "" if done else "40% completed",
    } | ({"ArchivalCompleteTime": began + DAY} if row["StorageTier"] == "archive" else {})
    if "RestoreExpiryTime" in row:
        status_row = plot.here.tier_statuses[snapshot_id]
        status_row |= {"ArchivalCompleteTime": began, "RestoreExpiryTime": row["RestoreExpiryTime"]}


def copies(plot: Plot) -> None:
    """Copies from where nobody looks: never orphans, however old; those after the first are incremental."""
    of = plot.lineage(40, plot.keys.enabled)
    for days, volume_id in ((400, "vol-ffff"), (60, NO_VOLUME), (30, NO_VOLUME)):
        of.write(plot.rng, churn=0.1)
        members: Row = {"TransferType": "standard"}
        if plot.maybe(0.3):
            members = {"TransferType": "time-based", "CompletionDurationMinutes": 60}
        text = f"[Copied {plot.new('snap')} from {FAR}] {plot.rng.choice(('monthly', plot.hostile('quarterly')))}"
        plot.snapshot(of, plot.ago(days), description=text, volume_id=volume_id, **members)


def rekeyed(plot: Plot) -> None:
    """A snapshot was copied under another key beside itself: the same data, stored twice, a lineage of its own.

    The copy is no backup of the volume: it does not name it. Of another volume a copy alone is left.
    """
    of = plot.lineage(12, plot.keys.managed if plot.here.encryption_by_default else None)
    source = plot.snapshot(of, plot.ago(15), description="to be encrypted", tags={"Name": "to be encrypted"})
    copy = Lineage(NO_VOLUME, of.size_gib, plot.keys.enabled, plot.uuid(), of.history, of.point, line=plot.uuid())
    plot.snapshot(copy, plot.ago(14), description=f"[Copied {source} from {plot.here.name}] to be encrypted")
    only_copied = plot.lineage(12, plot.keys.enabled)
    plot.volume(only_copied, plot.ago(70), backup="never", state="available")
    text = f"[Copied {plot.new('snap')} from {plot.here.name}] of {only_copied.volume_id}"
    plot.snapshot(only_copied, plot.ago(45), description=text, volume_id=NO_VOLUME, orphan="source_withdrawn")


def imported(plot: Plot) -> None:
    """Snapshots of VM Import and Elastic Disaster Recovery: of no volume, or of one that is gone; no orphans."""
    task = f"import-ami-{plot.rng.getrandbits(68):017x}"
    text = f"Created by AWS-VMImport service for {task}"
    plot.snapshot(plot.lineage(60), plot.ago(390), description=text, volume_id=NO_VOLUME)
    tags = {"AWSElasticDisasterRecoveryManaged": "drs.amazonaws.com", "Name": server(plot.rng)}
    recovery = plot.lineage(60, plot.keys.managed)
    for days in (80, 45):
        recovery.write(plot.rng)
        plot.snapshot(recovery, plot.ago(days), description="Created by AWS Elastic Disaster Recovery", tags=tags)


def fast(plot: Plot) -> None:
    """Fast restore of an own snapshot in two zones, of one being disabled, and of a vendor's that is shared with us."""
    of = _protected(plot, plot.usual_key(), 90)
    own = [plot.snapshot(of, plot.ago(days), description="golden data") for days in (30, 10)]
    region = plot.here.name
    states = ((own[0], "a", "enabled"), (own[0], "b", "enabled"), (own[1], "a", "disabling"))
    for snapshot_id, letter, state in (*states, (plot.new("snap"), "a", "optimizing")):
        asked = plot.ago(8)
        row: Row = {
            "SnapshotId": snapshot_id,
            "AvailabilityZone": region + letter,
            "State": state,
            "StateTransitionReason": "Client.UserInitiated - Lifecycle state transition",
            "OwnerId": plot.here.account_id,
            "EnablingTime": asked,
            "OptimizingTime": asked + timedelta(minutes=1),
        }
        if state != "optimizing":
            row["EnabledTime"] = asked + timedelta(hours=1)
        if state == "enabled":
            plot.note("fast_restore_idle", snapshot_id, region + letter)
        plot.here.fast_restores.append(row)


def recycled(plot: Plot) -> None:
    """Deleted snapshots that wait in the Recycle Bin, and a volume in it: its snapshots are no orphans yet."""
    of = _protected(plot, plot.usual_key(), 150)
    for days in (90, 60):
        of.write(plot.rng)
        row = plot.snapshot_row(of, plot.ago(days), description=plot.hostile("weekly"), tags=of.tags)
        bin_snapshot(plot, row, plot.rng.randrange(1, 12))
    gone = plot.lineage(25, plot.usual_key())
    plot.snapshot(gone, plot.ago(70), description="before the upgrade")
    entered = plot.ago(2)
    row = {
        "VolumeId": gone.volume_id,
        "VolumeType": "gp3",
        "State": "available",
        "Size": gone.size_gib,
        "Iops": 3000,
        "Throughput": 125,
        "AvailabilityZone": plot.zone(),
        "CreateTime": plot.ago(400),
    }
    plot.here.binned_rows[gone.volume_id] = row
    plot.here.binned_volumes[gone.volume_id] = row | {
        "RecycleBinEnterTime": entered,
        "RecycleBinExitTime": entered + timedelta(days=7),
    }


def local(plot: Plot) -> None:
    """A snapshot on an Outpost and one in a Local Zone, where other prices hold."""
    of = _protected(plot, plot.keys.enabled, 60)
    outpost = plot.arn("outposts", f"outpost/op-{plot.rng.getrandbits(68):017x}")
    plot.snapshot(of, plot.ago(20), description="local copy", OutpostArn=outpost)
    plot.snapshot(of, plot.ago(19), description="local copy", AvailabilityZone=f"{plot.here.name}-lz-1a")


#: Stories of snapshots.
STORIES: tuple[Telling, ...] = (
    (public, 1, 1),
    (once_public, 0, 1),
    (failed, 1, 1),
    (keys, 1, 2),
    (third_party_key, 1, 1),
    (locked, 1, 2),
    (shared, 0, 1),
    (archived, 0, 2),
    (copies, 0, 2),
    (rekeyed, 0, 1),
    (imported, 0, 2),
    (fast, 0, 1),
    (recycled, 0, 2),
    (local, 0, 0),
)
