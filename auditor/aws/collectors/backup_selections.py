"""What the plans of AWS Backup select."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where, in_pages
from auditor.aws.collectors._whole import whole
from auditor.aws.shape import Field, shape

FIELDS: Mapping[str, Field] = {
    "plan_id": "BackupPlanId",
    "selection_id": "SelectionId",
    "name": lambda item: item["BackupSelection"]["SelectionName"],
    "role_arn": lambda item: item["BackupSelection"]["IamRoleArn"],
    "created_at": "CreationDate",
}
TERM_FIELDS: Mapping[str, Field] = {
    name: name for name in ("plan_id", "selection_id", "kind", "operator", "key", "value")
}

_GONE = ("ResourceNotFoundException",)


def get(reader: Reader) -> Iterator[Page]:
    """Items as GetBackupSelection answers; lists of selections say nothing of what they select."""

    def read_list(plan_id: str) -> Item:
        pages = reader.pages(
            "backup", "ListBackupSelections", "BackupSelectionsList", BackupPlanId=plan_id, MaxResults=1000
        )
        return {"Selections": [selection["SelectionId"] for page in pages for selection in page]}

    plans = reader.frame("backup_plans")["plan_id"].tolist()
    lists = whole(reader, plans, read_list, drop=_GONE)
    plan_of = {selection: plan_id for plan_id, answer in lists for selection in answer["Selections"]}

    def read(selection_id: str) -> Item:
        return reader.call("backup", "GetBackupSelection", BackupPlanId=plan_of[selection_id], SelectionId=selection_id)

    yield from in_pages(selection for _, selection in whole(reader, list(plan_of), read, drop=_GONE))


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """Selections, and one row for each of their terms."""
    terms = [
        term | {"plan_id": item["BackupPlanId"], "selection_id": item["SelectionId"]}
        for item in page
        for term in _terms(item["BackupSelection"])
    ]
    return {
        "backup_selections": shape("backup_selections", where, page, FIELDS),
        "backup_selection_terms": shape("backup_selection_terms", where, terms, TERM_FIELDS),
    }


def _terms(selection: Item) -> Iterator[dict[str, Any]]:
    for kind, member in (("resource", "Resources"), ("not_resource", "NotResources")):
        for arn in selection.get(member) or ():
            yield {"kind": kind, "value": arn}
    for tag in selection.get("ListOfTags") or ():  # STRINGEQUALS is the only operation they know
        yield {
            "kind": "tag",
            "operator": "StringEquals",
            "key": tag["ConditionKey"],
            "value": tag["ConditionValue"],
        }
    for operator, conditions in (selection.get("Conditions") or {}).items():
        for condition in conditions or ():
            yield {
                "kind": "condition",
                "operator": operator,
                "key": condition["ConditionKey"].removeprefix("aws:ResourceTag/"),
                "value": condition["ConditionValue"],
            }


COLLECTOR = Collector(
    name="backup_selections",
    frames=("backup_selections", "backup_selection_terms"),
    actions=("backup:ListBackupSelections", "backup:GetBackupSelection"),
    get=get,
    transform=transform,
    after=("backup_plans",),
)
