"""AWS Backup's jobs for volumes and instances; the service keeps those of the last 30 days and no older ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Page, Reader, Where
from auditor.aws.collectors._backup import KINDS, inside, resource_id
from auditor.aws.shape import Field, shape

FIELDS: Mapping[str, Field] = {
    "job_id": "BackupJobId",
    "state": "State",
    "status_message": "StatusMessage",
    "message_category": "MessageCategory",
    "resource_arn": "ResourceArn",
    "resource_id": resource_id,
    "resource_type": "ResourceType",
    "vault_name": "BackupVaultName",
    "recovery_point_arn": "RecoveryPointArn",
    "plan_id": inside("CreatedBy", "BackupPlanId"),
    "rule_id": inside("CreatedBy", "BackupRuleId"),
    "created_at": "CreationDate",
    "start_by": "StartBy",
    "completed_at": "CompletionDate",
}


def get(reader: Reader) -> Iterator[Page]:
    """Items ``BackupJob``; asking by type costs one request more at most, and saves those for all other types."""
    for kind in KINDS:
        yield from reader.pages("backup", "ListBackupJobs", "BackupJobs", ByResourceType=kind, MaxResults=1000)


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row a job."""
    return {"backup_jobs": shape("backup_jobs", where, page, FIELDS)}


COLLECTOR = Collector(
    name="backup_jobs",
    frames=("backup_jobs",),
    actions=("backup:ListBackupJobs",),
    get=get,
    transform=transform,
)
