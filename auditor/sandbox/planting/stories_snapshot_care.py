"""Snapshots that somebody should look after: restores, fast restore, the Recycle Bin, locks, keys and copies."""

from __future__ import annotations

from auditor.sandbox.model import Row
from auditor.sandbox.planting.plot import DAY, Lineage, Plot, Telling
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


#: Stories of care.
STORIES: tuple[Telling, ...] = ((restored, 0, 1),)
