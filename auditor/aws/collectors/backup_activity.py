"""What AWS Backup copied, restored and reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where
from auditor.aws.collectors._backup import KINDS, inside, last_part, resource_id
from auditor.aws.shape import Field, shape

COPY_FIELDS: Mapping[str, Field] = {
    "job_id": "CopyJobId",
    "state": "State",
    "status_message": "StatusMessage",
    "message_category": "MessageCategory",
    "resource_arn": "ResourceArn",
    "resource_id": resource_id,
    "resource_type": "ResourceType",
    "source_vault_arn": "SourceBackupVaultArn",
    "source_recovery_point_arn": "SourceRecoveryPointArn",
    "destination_vault_arn": "DestinationBackupVaultArn",
    "destination_recovery_point_arn": "DestinationRecoveryPointArn",
    "plan_id": inside("CreatedBy", "BackupPlanId"),
    "rule_id": inside("CreatedBy", "BackupRuleId"),
    "created_at": "CreationDate",
    "completed_at": "CompletionDate",
}
RESTORE_FIELDS: Mapping[str, Field] = {
    "job_id": "RestoreJobId",
    "status": "Status",
    "status_message": "StatusMessage",
    "recovery_point_arn": "RecoveryPointArn",
    "resource_arn": "SourceResourceArn",
    "resource_id": lambda item: last_part(item.get("SourceResourceArn")),
    "resource_type": "ResourceType",
    "created_resource_arn": "CreatedResourceArn",
    "validation_status": "ValidationStatus",
    "testing_plan_arn": inside("CreatedBy", "RestoreTestingPlanArn"),
    "created_at": "CreationDate",
    "completed_at": "CompletionDate",
}


def _count(member: str) -> Field:
    def read(item: Item) -> int | None:
        named = (item.get("ReportSetting") or {}).get(member)
        return len(named) if named else None

    return read


REPORT_FIELDS: Mapping[str, Field] = {
    "report_plan_arn": "ReportPlanArn",
    "name": "ReportPlanName",
    "template": inside("ReportSetting", "ReportTemplate"),
    "deployment_status": "DeploymentStatus",
    "bucket": inside("ReportDeliveryChannel", "S3BucketName"),
    "accounts": _count("Accounts"),
    "units": _count("OrganizationUnits"),
    "regions": _count("Regions"),
    "created_at": "CreationTime",
    "attempted_at": "LastAttemptedExecutionTime",
    "succeeded_at": "LastSuccessfulExecutionTime",
}


#: What a report plan names, and where it stands.
NAMED: Mapping[str, str] = {"account": "Accounts", "unit": "OrganizationUnits", "region": "Regions"}
SCOPE_FIELDS = ("report_plan_arn", "kind", "value")


def get_copies(reader: Reader) -> Iterator[Page]:
    """Items ``CopyJob`` of volumes and instances."""
    for kind in KINDS:
        yield from reader.pages("backup", "ListCopyJobs", "CopyJobs", ByResourceType=kind, MaxResults=1000)


def get_restores(reader: Reader) -> Iterator[Page]:
    """Items ``RestoreJobsListMember`` of volumes and instances."""
    for kind in KINDS:
        yield from reader.pages("backup", "ListRestoreJobs", "RestoreJobs", ByResourceType=kind, MaxResults=1000)


def get_reports(reader: Reader) -> Iterator[Page]:
    """Items ``ReportPlan``."""
    return reader.pages("backup", "ListReportPlans", "ReportPlans", MaxResults=1000)


def copies(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row a job."""
    return {"copy_jobs": shape("copy_jobs", where, page, COPY_FIELDS)}


def restores(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row a job."""
    return {"restore_jobs": shape("restore_jobs", where, page, RESTORE_FIELDS)}


def reports(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row a report plan, and one for each thing that it names."""
    named = [
        {"report_plan_arn": item.get("ReportPlanArn"), "kind": kind, "value": value}
        for item in page
        for kind, member in NAMED.items()
        for value in (item.get("ReportSetting") or {}).get(member) or ()
    ]
    return {
        "report_plans": shape("report_plans", where, page, REPORT_FIELDS),
        "report_plan_scopes": shape("report_plan_scopes", where, named, {name: name for name in SCOPE_FIELDS}),
    }


COPIES = Collector("copy_jobs", ("copy_jobs",), ("backup:ListCopyJobs",), get_copies, copies)
RESTORES = Collector("restore_jobs", ("restore_jobs",), ("backup:ListRestoreJobs",), get_restores, restores)
REPORTS = Collector(
    "report_plans", ("report_plans", "report_plan_scopes"), ("backup:ListReportPlans",), get_reports, reports
)
