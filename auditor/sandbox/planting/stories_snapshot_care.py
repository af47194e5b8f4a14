"""Snapshots that somebody should look after: restores, fast restore, the Recycle Bin, locks, keys and copies."""

from __future__ import annotations

from datetime import timedelta

from auditor.sandbox.model import Row
from auditor.sandbox.planting.images import built, template
from auditor.sandbox.planting.names import FAR, SERVICES, image_name
from auditor.sandbox.planting.plot import DAY, NO_VOLUME, Lineage, Plot, Telling
from auditor.sandbox.planting.stories_images import bin_snapshot
from auditor.sandbox.planting.stories_snapshots import tiered


def _alive(plot: Plot, days: float) -> Lineage:
    """The history of a detached volume that was snapshotted yesterday."""
    of = plot.lineage(12, plot.usual_key())
    plot.volume(of, plot.ago(days), backup="fresh", state="available")
    plot.snapshot(of, plot.ago(1), description="nightly")
    return of


def restored(plot: Plot) -> None:
    """Restores from the archive: one about to end, one made for good that stayed, and those that are in order."""
    of = _alive(plot, 300)
    steps = (
        (280, "temporary-restore-completed", 2.5, True),
        (260, "temporary-restore-completed", 9, False),
        (240, "permanent-restore-completed", 0, True),
        (20, "permanent-restore-completed", 0, False),
        (220, "permanent-restore-in-progress", 0, False),
    )
    for days, status, ends, forgotten in steps:
        more: Row = {"StorageTier": "archive", "RestoreExpiryTime": plot.now + ends * DAY} if ends else {}
        snapshot_id = plot.snapshot(of, plot.ago(days), description="year end", **more)
        tiered(plot, snapshot_id, status)
        if forgotten:
            plot.note("snapshot_restored_forgotten", snapshot_id)


def _fast(plot: Plot, snapshot_id: str, days: float) -> str:
    """Fast restore of a snapshot in one zone, enabled so many days ago; returns the zone."""
    zone, asked = plot.zone(), plot.ago(days)
    plot.here.fast_restores.append(
        {
            "SnapshotId": snapshot_id,
            "AvailabilityZone": zone,
            "State": "enabled",
            "StateTransitionReason": "Client.UserInitiated - Lifecycle state transition",
            "OwnerId": plot.here.account_id,
            "EnablingTime": asked,
            "OptimizingTime": asked + timedelta(minutes=1),
            "EnabledTime": asked + timedelta(minutes=50),
        }
    )
    return zone


def fast(plot: Plot) -> None:
    """Fast restore of what is used: restored lately, of an image that a template names; and of what is not."""
    of = _alive(plot, 100)
    for made, idle in ((2, False), (30, True), (None, True)):
        snapshot_id = plot.snapshot(of, plot.ago(40), description="test data")
        zone = _fast(plot, snapshot_id, 35)
        if made:
            copy = Lineage(plot.new("vol"), of.size_gib, of.key, of.data_key, of.history, of.point)
            plot.volume(copy, plot.ago(made), backup="fresh", state="available", source=snapshot_id)
            plot.snapshot(copy, plot.ago(1), description="nightly")
        if idle:
            plot.note("fast_restore_idle", snapshot_id, zone)
    _fast(plot, plot.snapshot(of, plot.ago(5), description="test data"), 3)
    borrowed = plot.new("snap")
    plot.note("fast_restore_idle", borrowed, _fast(plot, borrowed, 60))
    service = plot.rng.choice(SERVICES)
    made_images = [
        built(plot, image_name(plot.rng, service, plot.ago(days)), days, key=plot.usual_key(), use=use)
        for days, use in ((60, "old"), (30, "current"))
    ]
    old, current = (image.snapshot_ids[0] for image in made_images)
    name = f"{service}-fast-{plot.rng.getrandbits(28):07x}"
    template(plot, name, [image.image_id for image in made_images], default=2)
    plot.note("fast_restore_idle", old, _fast(plot, old, 20))
    _fast(plot, current, 20)


def bare_bin(plot: Plot) -> None:
    """The Recycle Bin rule for snapshots or for images is missing, too short, still pending or goes by a tag."""
    kind = plot.rng.choice(("EBS_SNAPSHOT", "EC2_IMAGE"))
    fault = plot.rng.choice(("missing", "short", "pending", "by tag"))
    for identifier, rule in list(plot.here.bin_rules.items()):
        if rule["ResourceType"] != kind:
            continue
        if fault == "missing":
            del plot.here.bin_rules[identifier]
        elif fault == "short":
            rule["RetentionPeriod"] = {"RetentionPeriodValue": 3, "RetentionPeriodUnit": "DAYS"}
        elif fault == "pending":
            rule["Status"] = "pending"
        else:
            # AWS locks only what covers the whole region
            rule.pop("LockConfiguration", None)
            rule |= {"LockState": "unlocked", "ExcludeResourceTags": [], "ResourceTags": [{"ResourceTagKey": "keep"}]}
    plot.note("recycle_bin_unprotected", plot.here.name)


def long_bin(plot: Plot) -> None:
    """What carries a tag stays in the Recycle Bin for a year: one snapshot for most of it yet, one for some days."""
    identifier = f"{plot.rng.getrandbits(40):011x}"[:11]
    plot.here.bin_rules[identifier] = {
        "Identifier": identifier,
        "Description": "a year for what finance wants",
        "ResourceType": "EBS_SNAPSHOT",
        "RetentionPeriod": {"RetentionPeriodValue": 365, "RetentionPeriodUnit": "DAYS"},
        "Status": "available",
        "LockState": "unlocked",
        "RuleArn": plot.arn("rbin", f"rule/{identifier}"),
        "ResourceTags": [{"ResourceTagKey": "class", "ResourceTagValue": "finance"}],
        "ExcludeResourceTags": [],
    }
    of = _alive(plot, 360)
    for age, days in ((350, 340), (90, 40), (20, 5)):
        row = plot.snapshot_row(of, plot.ago(age), description="month end", tags={"class": "finance"})
        bin_snapshot(plot, row, days, keep_days=365)


def locks(plot: Plot) -> None:
    """Locks that end within days, and one that ends in weeks."""
    of = _alive(plot, 200)
    for state, age, days in (("governance", 84, 90), ("compliance", 170, 180), ("governance", 60, 90)):
        snapshot_id = plot.snapshot(of, plot.ago(age), description="quarter end", kept="lock")
        since = plot.ago(age)
        plot.here.locks[snapshot_id] = {
            "OwnerId": plot.here.account_id,
            "SnapshotId": snapshot_id,
            "LockState": state,
            "LockDuration": days,
            "LockCreatedOn": since,
            "LockDurationStartTime": since,
            "LockExpiresOn": since + timedelta(days=days),
        }
        if days - age < 14:
            plot.note("lock_missing_or_expiring", snapshot_id)


def before_own_default(plot: Plot) -> None:
    """Snapshots of volumes from before the region's default key was one's own; so it is wherever few places are odd."""
    of = plot.lineage(30, plot.keys.managed)
    plot.volume(of, plot.ago(300), backup="fresh", state="available")
    for days in (200, 100, 1):
        plot.snapshot(of, plot.ago(days), description="month end")


def copied_again(plot: Plot) -> None:
    """A snapshot was copied to here twice, and once in vain; of the next one there is a single copy."""
    source, other = plot.new("snap"), plot.new("snap")
    of = plot.lineage(25, plot.keys.enabled)
    steps = ((source, 60, "completed"), (source, 40, "completed"), (source, 39, "error"), (other, 20, "completed"))
    for number, (copied, days, state) in enumerate(steps):
        text = f"[Copied {copied} from {FAR}] {plot.rng.choice(('weekly', 'by hand'))}"
        again = plot.snapshot(of, plot.ago(days), description=text, volume_id=NO_VOLUME, state=state)
        if number == 0:
            plot.note("snapshot_duplicate_copy", again)


def archived_between(plot: Plot) -> None:
    """The second of three snapshots was archived alone; of another volume all but the last were."""
    for tiers in (("standard", "archive", "standard"), ("archive", "archive", "standard")):
        of = _alive(plot, 300)
        for number, tier in enumerate(tiers):
            of.write(plot.rng)
            snapshot_id = plot.snapshot(of, plot.ago(250 - 50 * number), description="month end", StorageTier=tier)
            if tier == "archive":
                tiered(plot, snapshot_id, "archival-completed")
                if tiers[0] == "standard":
                    plot.note("archive_chain_broken", snapshot_id)


#: Stories of care.
STORIES: tuple[Telling, ...] = (
    (restored, 0, 1),
    (fast, 0, 1),
    (bare_bin, 0, 2),
    (long_bin, 0, 1),
    (locks, 0, 1),
    (before_own_default, 0, 2),
    (copied_again, 0, 1),
    (archived_between, 0, 1),
)
