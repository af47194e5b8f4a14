"""AWS Backup's legal holds, and the recovery points that nobody can delete while they last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where
from auditor.aws.collectors._backup import KINDS, recovery_id, resource_id
from auditor.aws.collectors._whole import whole
from auditor.aws.shape import Field, shape

#: A hold that is over (API reference, LegalHold); one that is being cancelled still holds.
_OVER = "CANCELED"


HOLD_FIELDS: Mapping[str, Field] = {
    "hold_id": "LegalHoldId",
    "title": "Title",
    "status": "Status",
    "description": "Description",
    "created_at": "CreationDate",
    "cancelled_at": "CancellationDate",
}
POINT_FIELDS: Mapping[str, Field] = {
    "hold_id": "LegalHoldId",
    "recovery_point_arn": "RecoveryPointArn",
    "recovery_id": recovery_id,
    "resource_id": resource_id,
    "vault_name": "BackupVaultName",
}


def get(reader: Reader) -> Iterator[Page]:
    """Items ``LegalHold``, each with the ``RecoveryPoints`` it holds; those of one that is over are not asked for."""
    holds: dict[str, Item] = {}
    for page in reader.pages("backup", "ListLegalHolds", "LegalHolds", MaxResults=1000):
        holds |= {hold["LegalHoldId"]: hold for hold in page}
    yield [hold for hold in holds.values() if hold.get("Status") == _OVER]

    def read(hold_id: str) -> Item:
        pages = reader.pages(
            "backup", "ListRecoveryPointsByLegalHold", "RecoveryPoints", LegalHoldId=hold_id, MaxResults=1000
        )
        return {"RecoveryPoints": [point for page in pages for point in page]}

    lasting = [hold_id for hold_id, hold in holds.items() if hold.get("Status") != _OVER]
    held: list[Item] = [{**holds[hold_id], **points} for hold_id, points in whole(reader, lasting, read)]
    yield held


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """Holds, and of what they hold the recovery points of volumes and instances."""
    points = [
        point | {"LegalHoldId": hold["LegalHoldId"]}
        for hold in page
        for point in hold.get("RecoveryPoints") or ()
        if point.get("ResourceType") in KINDS
    ]
    return {
        "legal_holds": shape("legal_holds", where, page, HOLD_FIELDS),
        "legal_hold_points": shape("legal_hold_points", where, points, POINT_FIELDS),
    }


COLLECTOR = Collector(
    name="legal_holds",
    frames=("legal_holds", "legal_hold_points"),
    actions=("backup:ListLegalHolds", "backup:ListRecoveryPointsByLegalHold"),
    get=get,
    transform=transform,
)
