"""A snapshot shared with somebody outside the organisation."""

import pandas as pd

from auditor.rule import Verdict, among, rule


@rule(
    title="Snapshot is shared outside the organisation",
    severity="high",
    subject="snapshots",
    headline=(
        "1 snapshot is shared outside the organisation",
        "{count} snapshots are shared outside the organisation",
    ),
    message="{snapshot_id} is shared with {grantee_id}, {who}",
    remedy="aws ec2 modify-snapshot-attribute --region {region} --snapshot-id {snapshot_id} "
    "--attribute createVolumePermission --operation-type remove --user-ids {grantee_id}",
    breaks="Whoever it is shared with can no longer restore or copy it. Copies they have made already stay theirs.",
    controls={
        "NIST 800-53 r5": ["AC-3", "AC-4", "AC-6", "AC-21"],
        "PCI DSS v4.0": ["10.3.2", "A1.1.2"],
        "HIPAA": ["164.308(a)(3)(i)", "164.312(a)(1)"],
        "SOC 2": ["CC6.1", "CC6.6"],
    },
)
def snapshot_shared_outside_organisation(snapshots: pd.DataFrame, snapshot_access: pd.DataFrame) -> Verdict:
    """Whoever a snapshot is shared with can copy it and read the whole disk, and nothing here shows that they did.

    Found is each grantee that is neither a member of the organisation, nor among the trusted accounts of the
    configuration or those that one of its ``[[sharing.expect]]`` allows for the snapshot, nor AWS Marketplace. Without
    an organisation, whoever is not in scope counts as outside. What is public, and what is shared with closed accounts,
    is judged by rules of their own.

    How bad it is depends on whether it works today::

        shared with                     works     key not known             does not work
        an account nobody knows         high      medium                    low
        another organisation, its unit  high      medium                    low
        a trusted one, but not with it  high      medium                    low

    The last is a trusted account that ``may_share_with`` of a ``[[sharing.expect]]`` for it leaves out.

    Encrypted snapshots can only be read by those whom their KMS key lets, too: its policy and grants are read. What
    does not work now does as soon as somebody opens the key.

    Ask the owner who the other party is. Take the permission away, or name the account in ``[sharing]
    trusted_accounts``, or in ``may_share_with`` for what it may have.
    """
    if not len(snapshot_access):
        return pd.Series(False, index=snapshots.index)
    strangers = snapshot_access[snapshot_access["outside_because"].notna() | snapshot_access["grantee_class"].isna()]
    if not len(strangers):
        return pd.Series(False, index=snapshots.index)
    named = snapshots.loc[among(snapshots["snapshot_id"], strangers["snapshot_id"]), "snapshot_id"]
    places = named.index[pd.Index(named).get_indexer(strangers["snapshot_id"])]
    told = strangers["grantee_class"].notna()
    return pd.DataFrame(
        {
            "found": told.where(told).astype("boolean").array,
            "grantee_id": strangers["grantee"].array,
            "who": strangers["outside_because"].array,
            "encrypted": strangers["encrypted"].array,
            "works": strangers["effective"].array,
            "works_because": strangers["effective_because"].array,
            "severity": strangers["severity"].array,
            "discriminator": strangers["grantee"].array,
            "unknown_because": "Could not tell: which organisation is ours is not known.",
        },
        index=places,
    ).astype({"found": "boolean"})


_PLAIN = {"snapshot_id": "snap-0a", "encrypted": False, "state": "completed", "storage_tier": "standard"}
_OURS = {"directory": [{"member_id": "111122223333", "organisation_id": "o-a1", "state": "ACTIVE"}]}


def _with(grantee: str, kind: str = "account") -> dict[str, list[dict[str, str]]]:
    return {**_OURS, "snapshot_shares": [{"grantee_type": kind, "grantee": grantee}]}


FAILS = [
    {
        **_PLAIN,
        "given": _with("999988887777"),
        "expect": {
            "severity": "high",
            "discriminator": "999988887777",
            "message": "snap-0a is shared with 999988887777, an account nobody here knows",
        },
    },
    {**_PLAIN, "encrypted": True, "given": _with("999988887777"), "expect": {"severity": "medium", "works": None}},
    {**_PLAIN, "storage_tier": "archive", "given": _with("999988887777"), "expect": {"severity": "low"}},
]
PASSES = [
    {**_PLAIN, "given": _OURS},
    {**_PLAIN, "given": _with("111122223333")},
    {**_PLAIN, "given": _with("aws-marketplace", "group")},
    {**_PLAIN, "given": _with("all", "group")},
    {
        **_PLAIN,
        "given": {
            **_with("444455556666"),
            "directory": [
                *_OURS["directory"],
                {"member_id": "444455556666", "organisation_id": "o-a1", "state": "SUSPENDED"},
            ],
        },
    },
]
UNKNOWN = [
    {**_PLAIN, "given": _with("999988887777"), "gap": "directory"},
    {**_PLAIN, "given": _with("999988887777"), "gap": "snapshot_shares"},
    {**_PLAIN, "item_gap": "snapshot_shares"},
]
