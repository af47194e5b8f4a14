"""Earlier versions of backup plans: what those that were changed in the audit period promised before.

Every change of a plan makes a version with a creation date of its own, and earlier ones can still be read (AWS Backup
API reference, UpdateBackupPlan, ListBackupPlanVersions, GetBackupPlan). Only plans whose present version is younger
than the audit period are asked, and only for what was in force in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where, in_pages
from auditor.aws.collectors._whole import whole
from auditor.aws.collectors.backup_plans import RULE_FIELDS
from auditor.aws.outcome import IncompleteAnswer
from auditor.aws.shape import Field, shape
from auditor.frames import INVENTORY

#: Earlier versions of one plan that are read, the newest first: more than one a day of a usual audit period.
MOST = 50

_FIELDS: Mapping[str, Field] = {name: name for name in ("plan_id", "version_id", "valid_from", "superseded_at")}
_RULE_FIELDS: Mapping[str, Field] = {
    "version_id": "VersionId",
    **{name: field for name, field in RULE_FIELDS.items() if name in INVENTORY["backup_rule_versions"].names},
}
_GONE = ("ResourceNotFoundException",)


def get(reader: Reader) -> Iterator[Page]:
    """Versions with plan, moments and, but for the present ones, ``rules`` as GetBackupPlan answers.

    Raises:
        IncompleteAnswer: A plan was changed more often than is read.
    """
    plans = reader.frame("backup_plans")
    young = plans[plans["created_at"] > reader.audited_from]
    columns = ("plan_id", "version_id", "created_at")
    presents = {row[0]: dict(zip(columns, row, strict=True)) for row in young[[*columns]].itertuples(index=False)}

    def listed(plan_id: str) -> Item:
        pages = reader.pages(
            "backup", "ListBackupPlanVersions", "BackupPlanVersionsList", BackupPlanId=plan_id, MaxResults=1000
        )
        return {"Versions": [version for page in pages for version in page]}

    earlier: dict[str, dict[str, Any]] = {}
    often = []
    for plan_id, answer in whole(reader, list(presents), listed, drop=_GONE):
        present = presents[plan_id]
        versions = _in_force(answer["Versions"], present, reader.audited_from)
        yield [{"plan_id": plan_id, "version_id": present["version_id"], "valid_from": present["created_at"]}]
        if len(versions) > MOST:
            often.append(plan_id)
        earlier |= {f"{plan_id}/{version['version_id']}": version for version in versions[-MOST:]}

    def read(key: str) -> Item:
        version = earlier[key]
        ids = {"BackupPlanId": version["plan_id"], "VersionId": version["version_id"]}
        return {**version, "rules": reader.call("backup", "GetBackupPlan", **ids)["BackupPlan"]["Rules"]}

    yield from in_pages(version for _, version in whole(reader, list(earlier), read))
    if often:
        raise IncompleteAnswer(
            "TooManyVersions", f"Only the last {MOST} versions of each plan were read; {often[0]} has more."
        )


def _in_force(versions: Page, present: Mapping[str, Any], since: datetime) -> list[dict[str, Any]]:
    """The versions before the present one that were in force after a moment, the oldest first."""
    before = sorted(
        (version for version in versions if version["CreationDate"] < present["created_at"]),
        key=lambda version: version["CreationDate"],
    )
    ends = [*(version["CreationDate"] for version in before[1:]), present["created_at"]]
    return [
        {
            "plan_id": present["plan_id"],
            "version_id": version["VersionId"],
            "valid_from": version["CreationDate"],
            "superseded_at": end,
        }
        for version, end in zip(before, ends, strict=False)
        if end > max(since, version["CreationDate"])
    ]


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """Versions, and the rules of the earlier ones."""
    rules = [
        rule | {"PlanId": version["plan_id"], "VersionId": version["version_id"]}
        for version in page
        for rule in version.get("rules") or ()
    ]
    return {
        "backup_plan_versions": shape("backup_plan_versions", where, page, _FIELDS),
        "backup_rule_versions": shape("backup_rule_versions", where, rules, _RULE_FIELDS),
    }


COLLECTOR = Collector(
    name="backup_plan_versions",
    frames=("backup_plan_versions", "backup_rule_versions"),
    actions=("backup:ListBackupPlanVersions", "backup:GetBackupPlan"),
    get=get,
    transform=transform,
    after=("backup_plans",),
)
