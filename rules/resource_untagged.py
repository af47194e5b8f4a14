"""A snapshot without a tag that everything must have."""

import numpy as np
import pandas as pd

from auditor.rule import Verdict, all_pass, among, rule


@rule(
    title="Snapshot lacks a required tag",
    severity="info",
    subject="snapshots",
    headline=("1 snapshot lacks a required tag", "{count} snapshots lack a required tag"),
    message="{snapshot_id} has no tag {missing}",
    remedy="aws ec2 describe-tags --region {region} --filters Name=resource-id,Values={snapshot_id}",
    breaks="Nothing: the command only looks. Before tags are added, see that no lifecycle policy or Recycle Bin rule "
    "goes by them.",
    controls={},
)
def resource_untagged(
    snapshots: pd.DataFrame, snapshot_tags: pd.DataFrame, *, required_tags: tuple[str, ...] = ("owner",)
) -> Verdict:
    """Nobody can be asked about a snapshot that does not say whose it is, and so nobody dares to delete it.

    Found is every snapshot that lacks one of the required tag keys, whoever made it: services copy tags only where
    they are told to. Keys are compared whatever their case, and a key with an empty value is there. Keys that begin
    with `aws:` are set by AWS and never count.

    Tag what is there, and have what makes snapshots copy the tags of their volumes.
    """
    ids = snapshots["snapshot_id"]
    keys = pd.Series(snapshot_tags["key"].dropna().unique(), dtype="string")
    has = {}
    for tag in required_tags:
        meant = keys[keys.str.lower().eq(tag.lower()) & ~keys.str.startswith("aws:")]
        has[tag] = among(ids, snapshot_tags.loc[among(snapshot_tags["key"], meant), "snapshot_id"]).to_numpy()
    complete = np.logical_and.reduce([np.ones(len(snapshots), dtype=bool), *has.values()])
    found = pd.Series(~complete, index=snapshots.index, dtype="boolean").mask(snapshots["state"].isna())
    if all_pass(found):
        return found
    lacking = np.full(len(snapshots), "", dtype=object)
    for tag, there in has.items():
        lacking[~there] += f", {tag}"
    missing = pd.Series(lacking, index=snapshots.index, dtype="string").str.slice(2)
    return pd.DataFrame(
        {
            "found": found,
            "missing": missing,
            "volume_id": snapshots["volume_id"],
        }
    )


_ROW = {"snapshot_id": "snap-0a", "state": "completed"}


def _with(*keys: str, **more: object) -> dict[str, object]:
    return {**_ROW, "given": {"snapshot_tags": [{"key": key, "value": "x"} for key in keys]}, **more}


_TWO = {"params": {"required_tags": ["owner", "cost-centre"]}}

FAILS = [
    {**_ROW, "expect": {"missing": "owner"}},
    {**_with("Name", "env"), "expect": {"missing": "owner"}},
    {**_with("owner", **_TWO), "expect": {"missing": "cost-centre"}},
    {**_with("Name", **_TWO), "expect": {"missing": "owner, cost-centre"}},
    _with("aws:owner", params={"required_tags": ["aws:owner"]}),
    {**_with("aws:backup:source-resource"), "description": "This snapshot is created by the AWS Backup service."},
    {**_ROW, "given": {"snapshot_tags": [{"snapshot_id": "snap-0b", "key": "owner", "value": "x"}]}},
]
PASSES = [
    _with("owner"),
    _with("Owner"),
    _with("OWNER", "Cost-Centre", **_TWO),
    {**_ROW, "given": {"snapshot_tags": [{"key": "owner", "value": ""}]}},
    {**_ROW, "params": {"required_tags": []}},
]
UNKNOWN = [{}, {**_ROW, "gap": "snapshot_tags"}]
