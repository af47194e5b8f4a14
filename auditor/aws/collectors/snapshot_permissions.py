"""Who may restore the account's snapshots: everybody, or accounts named one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where, in_pages
from auditor.aws.collectors._discovery import residue, restorable_by
from auditor.aws.outcome import IncompleteAnswer
from auditor.aws.shape import Field, shape

#: The snapshot went away between listing and asking.
GONE = ("InvalidSnapshot.NotFound",)
ALL = "all"


def get_public(reader: Reader) -> Iterator[Page]:
    """Snapshots that everybody may restore: one listing, not a call per snapshot.

    Block public access hides permissions without removing them, and AWS does not say whether the listing still
    shows them then. Where everything is blocked each candidate is therefore asked itself, but for those that need not
    be, as ``[sharing]`` says.

    Raises:
        IncompleteAnswer: Whether public access is blocked could not be read, or everything is and candidates must not
            be asked, as ``[collect] shares = "bulk"`` or ``[sharing] discovery`` says.
    """
    seen: set[str] = set()
    for page in restorable_by(reader, ALL):
        seen.update(page)
        yield [{"SnapshotId": snapshot_id, "SeenBy": "bulk"} for snapshot_id in page]
    blocked = reader.frame("snapshot_block_public_access")["state"]
    if blocked.empty:
        raise IncompleteAnswer(
            "BlockUnknown", "Whether public access is blocked could not be read; permissions it hides may be missing."
        )
    if (blocked == "block-all-sharing").any():
        if not reader.exact_shares:
            raise IncompleteAnswer(
                "BulkOnly", 'Permissions that the block hides may be missing: [collect] shares is "bulk", not "exact".'
            )
        candidates = [each for each in public_candidates(reader.frame("snapshots")) if each not in seen]
        left = residue(reader, "snapshot", candidates)
        yield [
            {"SnapshotId": grant["SnapshotId"], "SeenBy": "attribute"}
            for grant in left.told
            if grant.get("Group") == ALL
        ]
        for answers in in_pages(_permissions(reader, left.ask)):
            yield [
                {"SnapshotId": snapshot_id, "SeenBy": "attribute"}
                for snapshot_id, answer in answers
                if any(grant.get("Group") == ALL for grant in answer.get("CreateVolumePermissions") or ())
            ]
        left.finish()


def transform_public(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row per public snapshot."""
    fields = {"snapshot_id": "SnapshotId", "seen_by": "SeenBy"}
    return {"snapshot_public_permissions": shape("snapshot_public_permissions", where, page, fields)}


def get_shares(reader: Reader) -> Iterator[Page]:
    """Whom each snapshot is shared with.

    Raises:
        IncompleteAnswer: Only known accounts were asked about, as ``[collect] shares = "bulk"`` says, or only what an
            analyzer reports, as ``[sharing] discovery = "analyzer"`` says.
    """
    if reader.exact_shares:
        candidates = share_candidates(reader.frame("snapshots"), reader.frame("kms_keys"))
        left = residue(reader, "snapshot", candidates)
        yield left.told
        for answers in in_pages(_permissions(reader, left.ask)):
            yield [
                {"SnapshotId": snapshot_id, **grant}
                for snapshot_id, answer in answers
                for grant in answer.get("CreateVolumePermissions") or ()
            ]
        left.finish()
        return
    public = set(reader.frame("snapshot_public_permissions")["snapshot_id"])
    yield [{"SnapshotId": snapshot_id, "Group": ALL} for snapshot_id in sorted(public)]
    for account in reader.known_accounts:
        if account == reader.where.account_id:
            continue
        for page in restorable_by(reader, account):
            yield [{"SnapshotId": snapshot_id, "UserId": account} for snapshot_id in page if snapshot_id not in public]
    raise IncompleteAnswer(
        "BulkOnly", 'Shares with accounts that are not known are missing: [collect] shares is "bulk", not "exact".'
    )


def transform_shares(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row per snapshot and grantee."""
    fields: Mapping[str, Field] = {"snapshot_id": "SnapshotId", "grantee_type": _grantee_type, "grantee": _grantee}
    return {"snapshot_shares": shape("snapshot_shares", where, page, fields)}


def public_candidates(snapshots: pd.DataFrame) -> list[str]:
    """Snapshots that can be public: completed, in the standard tier, not encrypted (EBS User Guide, "Share")."""
    return list(snapshots.loc[_shareable(snapshots) & ~snapshots["encrypted"].fillna(value=False), "snapshot_id"])


def share_candidates(snapshots: pd.DataFrame, kms_keys: pd.DataFrame) -> list[str]:
    """Snapshots that can be shared: completed, in the standard tier, not encrypted with a key that AWS manages."""
    managed = kms_keys.loc[kms_keys["manager"] == "AWS", "key_arn"].dropna()
    return list(snapshots.loc[_shareable(snapshots) & ~snapshots["kms_key_arn"].isin(managed), "snapshot_id"])


def _shareable(snapshots: pd.DataFrame) -> pd.Series[bool]:
    return (snapshots["state"] == "completed").fillna(value=False) & (snapshots["storage_tier"] != "archive").fillna(
        value=True
    )


def _permissions(reader: Reader, snapshot_ids: Iterable[str]) -> Iterator[tuple[str, Item]]:
    """The permissions of each snapshot; what was asked before in this region is not asked again."""

    def ask(snapshot_id: str) -> Mapping[str, Any]:
        return reader.once(
            f"createVolumePermission {snapshot_id}",
            lambda: reader.call(
                "ec2", "DescribeSnapshotAttribute", SnapshotId=snapshot_id, Attribute="createVolumePermission"
            ),
        )

    return reader.each(snapshot_ids, ask, drop=GONE)


def _grantee_type(grant: Item) -> str:
    return "account" if str(grant.get("UserId", "")).isdigit() else "group"


def _grantee(grant: Item) -> Any:
    return grant.get("UserId") or grant.get("Group")


PUBLIC = Collector(
    name="snapshot_public_permissions",
    frames=("snapshot_public_permissions",),
    actions=("ec2:DescribeSnapshots", "ec2:DescribeSnapshotAttribute"),
    get=get_public,
    transform=transform_public,
    after=("snapshots",),
    heeds=("snapshot_block_public_access", "access_analyzers"),
)

SHARES = Collector(
    name="snapshot_shares",
    frames=("snapshot_shares",),
    actions=("ec2:DescribeSnapshots", "ec2:DescribeSnapshotAttribute"),
    get=get_shares,
    transform=transform_shares,
    after=("snapshots",),
    heeds=("kms_keys", "snapshot_public_permissions", "access_analyzers"),
)
