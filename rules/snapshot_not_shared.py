"""A snapshot that must be shared with somebody, and is not."""

import pandas as pd

from auditor.rule import Verdict, rule


@rule(
    title="Snapshot is not shared with those who must have it",
    severity="high",
    subject="snapshots",
    headline=(
        "1 snapshot is not shared with somebody who must have it",
        "{count} snapshots are not shared with somebody who must have them",
    ),
    message="{snapshot_id} must be shared with {grantee_id}, and is not",
    remedy="aws ec2 modify-snapshot-attribute --region {region} --snapshot-id {snapshot_id} "
    "--attribute createVolumePermission --operation-type add --user-ids {grantee_id}",
    breaks="Nothing here. Whoever gets it can restore, copy and read it from then on.",
    controls={"NIST 800-53 r5": ["CP-10"]},
)
def snapshot_not_shared(snapshots: pd.DataFrame, snapshot_expectations: pd.DataFrame) -> Verdict:
    """The account that is to recover from a snapshot cannot so much as see it; that shows on the day it is needed.

    Judged is what the configuration says in ``[[sharing.expect]]``: snapshots selected by tag, name and account, and
    whom they must be ``shared_with``. Only completed snapshots are, for nobody can restore others. AWS shares snapshots
    with accounts alone, so a unit or an organisation stands for each of its open accounts: found is each account
    that lacks one. What is archived, or encrypted with a key that AWS manages, is shared with nobody and found.

    It cannot be told where the directory of the organisation does not say which accounts a unit has. The snapshots
    behind images that must be copied elsewhere are judged with their images.

    Share it, or correct the configuration. Restore what is archived, and copy what is under a key of AWS's to one of
    your own first.
    """
    if not len(snapshot_expectations):
        return pd.Series(False, index=snapshots.index)
    missing = snapshot_expectations["missing"].fillna(value=True) & snapshot_expectations["image_id"].isna()
    wanted = snapshot_expectations[missing.to_numpy(dtype=bool)]
    if not len(wanted):
        return pd.Series(False, index=snapshots.index)
    places = pd.Index(snapshots["snapshot_id"]).get_indexer(wanted["snapshot_id"])
    return pd.DataFrame(
        {
            "found": wanted["missing"].array,
            "grantee_id": wanted["expected"].array,
            "expectation": wanted["entry"].array,
            "discriminator": wanted["expected"].array,
            "unknown_because": [f"Could not tell: which accounts {each} has." for each in wanted["expected"]],
        },
        index=snapshots.index[places],
    ).astype({"found": "boolean"})


_OWN = {"snapshot_id": "snap-0a", "state": "completed", "storage_tier": "standard"}


def _must(missing: bool | None, **more: object) -> dict[str, list[dict[str, object]]]:
    return {"snapshot_expectations": [{"expected": "444455556666", "entry": 1, "missing": missing, **more}]}


FAILS = [
    {
        **_OWN,
        "given": _must(True),
        "expect": {
            "severity": "high",
            "discriminator": "444455556666",
            "message": "snap-0a must be shared with 444455556666, and is not",
            "expectation": 1,
        },
    },
]
PASSES = [
    {**_OWN},
    {**_OWN, "given": _must(False, covered_by="444455556666")},
    {**_OWN, "given": _must(True, image_id="ami-0b")},
]
UNKNOWN = [
    {
        **_OWN,
        "given": _must(None, expected="ou-ab12-34cd56ef"),
        "expect": {"message": "Could not tell: which accounts ou-ab12-34cd56ef has."},
    },
    {**_OWN, "given": _must(True), "gap": "snapshot_shares"},
    {**_OWN, "given": _must(False), "gap": "directory"},
    {**_OWN, "item_gap": "snapshot_shares"},
]
