"""What one account and region cannot tell of its own resources, and the others that were read can."""

from auditor.frames.columns import WHERE, Frame, moment, text

SNAPSHOTS_ELSEWHERE = Frame(
    "snapshots_elsewhere",
    "One own snapshot that another account of the region uses, or that is a copy and says of what.",
    (
        *WHERE,
        text("snapshot_id", "The snapshot"),
        text("used_by", "The first image, template or recipe of another account that was read which names it"),
        text("source_snapshot_id", "Snapshot it was copied from, as its description says"),
        text("source_region", "Region of that"),
        text(
            "source_state",
            "here, recycle-bin, gone (of a place that was read as a whole), unread, or outside (not part of the run)",
        ),
        text("source_account_id", "Account that has it; missing where none of those that were read does"),
        text("unread_because", "Why it cannot be said whether it is gone"),
        moment("series_newest_at", "Start of the newest copy in the account and region with the same words"),
    ),
    key=("account_id", "region", "snapshot_id"),
    derived_from=("snapshots", "snapshot_origins"),
    tells_gaps=True,
)

FRAMES = (SNAPSHOTS_ELSEWHERE,)
