"""An archived snapshot that was needed where it was: in the middle of a chain, or at its end."""

import pandas as pd

from auditor.rule import Verdict, among, beside, flags, rule


@rule(
    title="Archived snapshot was needed in the standard tier",
    severity="low",
    subject="snapshots",
    headline=(
        "1 archived snapshot was needed in the standard tier",
        "{count} archived snapshots were needed in the standard tier",
    ),
    message="{snapshot_id} {what}",
    remedy="aws ec2 describe-snapshots --region {region} --filters Name=volume-id,Values={volume_id}",
    breaks="Nothing: the command only looks. What leaves the archive for good before 90 days is billed for all 90.",
    controls={},
)
def archive_chain_broken(snapshots: pd.DataFrame, volumes: pd.DataFrame) -> Verdict:
    """Archiving pays where a snapshot stands alone; in the middle of a chain it normally costs more than before.

    An archived snapshot is stored in full, and the blocks that other snapshots share with it stay in the standard
    tier. Found are archived snapshots with both an earlier and a later completed snapshot of the same volume in the
    standard tier; and those that are the newest of a volume which still exists, as its last backup then takes up to
    three days to restore. Copies and imports, whose volume id is arbitrary, are not judged.

    Archive whole chains from their old end, or the last snapshot of what is gone.
    """
    volume = snapshots["volume_id"]
    archived = flags(snapshots["storage_tier"].eq("archive"))
    touched = archived.fillna(True).astype(bool)
    if not touched.any():
        return pd.Series(False, index=snapshots.index)
    few = snapshots[touched]
    chains = snapshots.loc[among(volume, few["volume_id"]), ["volume_id", "state", "storage_tier", "started_at"]]
    done = chains[chains["state"].eq("completed").fillna(False)]
    standard = done[done["storage_tier"].eq("standard").fillna(False)]
    spans = standard.groupby("volume_id")["started_at"].agg(["min", "max"]).reset_index()
    last = done.groupby("volume_id")["started_at"].agg(["max"]).reset_index()
    span, began = beside(few["volume_id"], spans, "volume_id"), few["started_at"]
    between = (span["min"] < began) & (span["max"] > began)
    newest = beside(few["volume_id"], last, "volume_id")["max"] == began
    newest &= among(few["volume_id"], volumes["volume_id"])
    unsure = began.isna() | few["volume_id"].isna()
    copied = few["volume_id"].str.fullmatch("vol-f+").fillna(False).astype(bool)
    broken = (between | newest).astype("boolean").mask(unsure).mask(copied, False)
    what = pd.Series("was archived, and is the newest snapshot of a volume that is still there", index=few.index)
    told = pd.DataFrame(
        {
            "found": archived[touched] & flags(few["state"].eq("completed")) & broken,
            "what": what.mask(between, "was archived from between snapshots that are not"),
            "volume_id": few["volume_id"],
            "started_at": began,
        }
    ).reindex(snapshots.index)
    return told.assign(found=told["found"].astype("boolean").mask(~touched, False))


_ROW = {
    "snapshot_id": "snap-0a",
    "volume_id": "vol-0a",
    "storage_tier": "archive",
    "state": "completed",
    "started_at": "90 days ago",
}
_LATER = {**_ROW, "snapshot_id": "snap-0c", "storage_tier": "standard", "started_at": "30 days ago"}
_EARLIER = {**_LATER, "snapshot_id": "snap-0b", "started_at": "120 days ago"}
_VOLUME = [{"volume_id": "vol-0a"}]


def _with(*others: dict[str, object], volumes: list[dict[str, str]] | None = None) -> dict[str, object]:
    return {**_ROW, "given": {"snapshots": list(others), "volumes": volumes or []}}


FAILS = [
    {**_with(_EARLIER, _LATER), "expect": {"what": "was archived from between snapshots that are not"}},
    {**_with(volumes=_VOLUME), "expect": {"volume_id": "vol-0a"}},
    _with(_EARLIER, volumes=_VOLUME),
    _with({**_LATER, "state": "error"}, volumes=_VOLUME),
    _with(_EARLIER, _LATER, {**_LATER, "snapshot_id": "snap-0d", "storage_tier": "archive"}),
]
PASSES = [
    _ROW,
    _with(_LATER, volumes=_VOLUME),
    _with(_EARLIER),
    _with({**_EARLIER, "storage_tier": "archive"}, _LATER),
    _with({**_LATER, "storage_tier": "archive"}, volumes=_VOLUME),
    _with({**_EARLIER, "volume_id": "vol-0b"}, _LATER),
    {**_with(_EARLIER, _LATER), "storage_tier": "standard"},
    {
        **_with({**_EARLIER, "volume_id": "vol-ffffffff"}, {**_LATER, "volume_id": "vol-ffffffff"}),
        "volume_id": "vol-ffffffff",
    },
]
UNKNOWN = [
    {**_with(volumes=_VOLUME), "started_at": None},
    {**_with(_EARLIER, _LATER), "volume_id": None},
    {**_with(_EARLIER, _LATER), "storage_tier": None},
    {**_with(_EARLIER, _LATER), "gap": "volumes"},
]
