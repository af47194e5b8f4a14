"""A disk in use that was made from a snapshot of somebody whom nobody here knows."""

import pandas as pd

from auditor.rule import among, beside, rule


@rule(
    title="Disk in use comes from a snapshot of an unknown owner",
    severity="medium",
    subject="source_snapshots",
    headline=(
        "1 snapshot of an owner nobody knows is the source of disks in use",
        "{count} snapshots of owners nobody knows are the source of disks in use",
    ),
    message="{volume_id} was made from {snapshot_id}, which belongs to {owner_id}, an account nobody here knows",
    remedy="aws ec2 describe-volumes --region {region} --filters Name=snapshot-id,Values={snapshot_id}",
    breaks="Looking breaks nothing. Copy the data that you need to a disk of your own making, and check it.",
    controls={"NIST 800-53 r5": ["CM-3(6)", "SI-7(6)"], "SOC 2": ["CC6.1", "CC7.4"]},
)
def source_snapshot_untrusted_owner(
    source_snapshots: pd.DataFrame,
    volumes: pd.DataFrame,
    parties: pd.DataFrame,
    *,
    trusted_aliases: tuple[str, ...] = ("amazon", "aws-marketplace"),
) -> pd.DataFrame:
    """Anyone can publish a snapshot; what lies on it is on the machine whose disk was made from it, programs included.

    Judged are the snapshots of other accounts that volumes in use were made from. Found are those whose owner is
    neither a member of the organisation, nor trusted by the configuration, nor a publisher with one of the trusted
    aliases. Without an organisation, whoever is not in scope counts as unknown.

    AWS tells the owner only of snapshots that are public or shared with the account today. A source that was deleted
    or is no longer shared, and the snapshots behind other accounts' images, are not among them and cannot be told
    apart; whose images machines run on is judged by itself.

    Find out who published it and what is on it.
    """
    owner = source_snapshots["owner_id"]
    known = among(owner, parties["party_id"]) | owner.eq(source_snapshots["account_id"]).fillna(False)
    known |= source_snapshots["owner_alias"].isin(trusted_aliases)
    used = volumes[volumes["state"].eq("in-use").fillna(False).to_numpy(dtype=bool)]
    made = beside(source_snapshots["snapshot_id"], used, "source_snapshot_id")
    return pd.DataFrame(
        {
            "found": (~known).astype("boolean").mask(owner.isna() & ~known),
            "volume_id": made["volume_id"],
            "owner_alias": source_snapshots["owner_alias"],
            "unknown_because": "Could not tell: AWS does not say whose snapshot it is.",
        }
    )


_MADE = {"volumes": [{"volume_id": "vol-0b", "state": "in-use", "source_snapshot_id": "snap-0a"}]}
_GIVEN = {**_MADE, "directory": [{"member_id": "444455556666", "organisation_id": "o-a1", "state": "ACTIVE"}]}


def _of(owner: str | None, alias: str | None = None) -> dict[str, object]:
    return {"snapshot_id": "snap-0a", "owner_id": owner, "owner_alias": alias, "given": _GIVEN}


FAILS = [
    {
        **_of("999988887777"),
        "expect": {
            "message": "vol-0b was made from snap-0a, which belongs to 999988887777, an account nobody here knows",
            "volume_id": "vol-0b",
        },
    },
    {**_of("137112412989", "amazon"), "params": {"trusted_aliases": []}},
]
PASSES = [
    _of("444455556666"),
    _of("111122223333"),
    _of("137112412989", "amazon"),
    _of("679593333241", "aws-marketplace"),
]
UNKNOWN = [
    {**_of(None), "expect": {"message": "Could not tell: AWS does not say whose snapshot it is."}},
    {**_of("999988887777"), "gap": "source_snapshots"},
    {**_of("444455556666"), "gap": "directory"},
]
