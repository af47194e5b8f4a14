"""A copy of a snapshot beside a newer copy of the same one."""

import pandas as pd

from auditor.rule import Verdict, among, rule

#: What CopySnapshot writes in front of the description.
_COPY = r"^\[Copied (snap-[0-9a-f]+) from ([a-z0-9-]+)\]"


@rule(
    title="Snapshot was copied more than once",
    severity="low",
    subject="snapshots",
    headline=(
        "1 copy of a snapshot lies beside a newer copy of the same one",
        "{count} copies of snapshots lie beside newer copies of the same ones",
    ),
    message="{snapshot_id} is a copy of {source_snapshot_id} from {source_region}, as {newest_copy_id} is",
    remedy="aws ec2 describe-snapshots --region {region} --snapshot-ids {snapshot_id}",
    breaks="Nothing: the command only looks. Before a copy goes, see that no image, volume or template is made from "
    "it and that the newer copy has the key that is wanted.",
    controls={},
    saves=True,
)
def snapshot_duplicate_copy(snapshots: pd.DataFrame) -> Verdict:
    """Two copies of one snapshot hold the same data, and the second can be stored and billed in full.

    Copies are known by the words that CopySnapshot puts in front of the description, with the snapshot and region
    they were made of. Of several completed copies of one snapshot in one account and region (or on one Outpost or in
    one Local Zone) the newest passes and the others are found, whatever keys they are under. Copies whose description
    was replaced cannot be known, and those that belong to copied images are not meant.

    Compare keys, tags and users of the copies, and let go of those that nothing needs.
    """
    touched = snapshots["description"].str.startswith("[Copied ").fillna(False).astype(bool)
    if not touched.any():
        return pd.Series(False, index=snapshots.index)
    rows = snapshots[touched]
    rows = rows[~rows["state"].isin(["pending", "error", "recoverable", "recovering"])]
    source = rows["description"].str.extract(_COPY)
    rows, source = rows[source[0].notna()], source[source[0].notna()]
    parts = [rows[name].fillna("") for name in ("account_id", "region", "outpost_arn", "availability_zone")]
    same = source[0].str.cat([source[1], *parts], sep="\n")
    sure = (rows["state"].notna() & rows["started_at"].notna()).astype(bool)
    order = rows[sure].assign(same=same).sort_values(["started_at", "snapshot_id"])
    newest = order.drop_duplicates("same", keep="last")
    kept = same.map(newest.set_index("same")["snapshot_id"]) if len(newest) else pd.Series(pd.NA, index=rows.index)
    older = (rows["snapshot_id"] != kept).fillna(False).astype("boolean")
    # a copy of which state or time are missing may be the newest, or no copy yet
    alone = ~same.duplicated(keep=False)
    found = older.mask(~sure | (~older & among(same, same[~sure])), pd.NA).mask(alone, False)
    told = pd.DataFrame(
        {
            "found": found,
            "source_snapshot_id": source[0],
            "source_region": source[1],
            "newest_copy_id": kept,
            "started_at": rows["started_at"],
            "kms_key_arn": rows["kms_key_arn"],
        }
    ).reindex(snapshots.index)
    return told.assign(found=told["found"].astype("boolean").mask(~snapshots.index.isin(rows.index), False))


_ROW = {
    "snapshot_id": "snap-0a",
    "description": "[Copied snap-0f from us-east-1] weekly",
    "state": "completed",
    "started_at": "9 days ago",
}
_NEWER = {**_ROW, "snapshot_id": "snap-0b", "started_at": "2 days ago"}


def _beside(**other: object) -> dict[str, object]:
    return {**_ROW, "given": {"snapshots": [{**_NEWER, **other}]}}


FAILS = [
    {
        **_beside(),
        "expect": {"source_snapshot_id": "snap-0f", "source_region": "us-east-1", "newest_copy_id": "snap-0b"},
    },
    _beside(started_at="9 days ago"),
    _beside(description="[Copied snap-0f from us-east-1] another word", kms_key_arn="arn:aws:kms:::key/1"),
    {**_ROW, "given": {"snapshots": [_NEWER, {**_NEWER, "snapshot_id": "snap-0c", "state": None}]}},
]
PASSES = [
    _ROW,
    _beside(started_at="20 days ago"),
    _beside(state="error"),
    _beside(state="pending"),
    _beside(description="[Copied snap-0e from us-east-1] weekly"),
    _beside(description="[Copied snap-0f from us-west-2] weekly"),
    _beside(outpost_arn="arn:aws:outposts:us-east-1:111122223333:outpost/op-1"),
    _beside(region="eu-central-1"),
    {
        **_ROW,
        "description": "Copied for DestinationAmi ami-0d from SourceAmi ami-0e for SourceSnapshot snap-0f. "
        "Task created on 1,566,308,778,174.",
    },
    {**_ROW, "description": "weekly"},
    {**_ROW, "description": "[Copied by hand"},
    {**_ROW, "state": None},
]
UNKNOWN = [
    {**_beside(), "started_at": None},
    {**_beside(), "state": None},
    _beside(state=None),
    {**_beside(), "gap": "snapshots"},
]
