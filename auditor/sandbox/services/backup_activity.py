"""AWS Backup: who may do what with a vault, what was restored and copied, and what is reported.

Sources: AWS Backup API Reference. ``GetBackupVaultAccessPolicy`` finds nothing where a vault has no policy;
``ListRestoreJobs`` and ``ListCopyJobs`` have 1 to 1000 items a page, and tell of other accounts only to the management
account; ``ListReportPlans`` has 1 to 1000 items a page. Not documented: how far back copy and restore jobs go; those of
the last 30 days are told, as of backup jobs.
"""

from __future__ import annotations

from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Row
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services.backup import JOBS_KEPT, equals, job_places, within
from auditor.sandbox.services.paging import Pager, answer

_INVALID = "InvalidParameterValueException"
_PAGES = Pager(default=1000, bad_size=_INVALID, bad_token=_INVALID)


def get_backup_vault_access_policy(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The policy of a vault, as it was written."""
    name = params["BackupVaultName"]
    vault, policy = request.here.backup_vaults.get(name), request.here.backup_vault_policies.get(name)
    if vault is None:
        raise ServiceError("ResourceNotFoundException", f"Cannot find Backup vault {name}.")
    if policy is None:
        raise ServiceError("ResourceNotFoundException", "Backup vault access policy cannot be found.")
    return {"BackupVaultName": name, "BackupVaultArn": vault["BackupVaultArn"], "Policy": policy}


def _recent(request: Request, params: dict[str, Any], table: str) -> list[Row]:
    """The jobs of a table that may be told of and lie in the times asked for."""
    oldest = request.organisation.now - JOBS_KEPT
    return [
        {"AccountId": place.account_id, **row}
        for place in job_places(request, params.get("ByAccountId"))
        for row in list(getattr(place, table).values())
        if row["CreationDate"] >= oldest
        and within(row, "CreationDate", params, "ByCreatedAfter", "ByCreatedBefore")
        and within(row, "CompletionDate", params, "ByCompleteAfter", "ByCompleteBefore")
    ]


def list_restore_jobs(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """What was restored lately, and what it came to."""
    rows = [
        row
        for row in _recent(request, params, "restore_jobs")
        if equals(row, params, ByResourceType="ResourceType", ByStatus="Status", ByParentJobId="ParentJobId")
        and params.get("ByRestoreTestingPlanArn") in (None, (row.get("CreatedBy") or {}).get("RestoreTestingPlanArn"))
    ]
    return answer("RestoreJobs", *_PAGES.cut(request, params, rows))


def list_copy_jobs(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """What was copied lately from vaults here to others, and what it came to."""
    rows = [
        row
        for row in _recent(request, params, "copy_jobs")
        if equals(
            row,
            params,
            ByResourceArn="ResourceArn",
            ByResourceType="ResourceType",
            ByState="State",
            ByDestinationVaultArn="DestinationBackupVaultArn",
            BySourceRecoveryPointArn="SourceRecoveryPointArn",
            ByParentJobId="ParentJobId",
        )
        and params.get("ByMessageCategory") in (None, "*", row.get("MessageCategory"))
    ]
    return answer("CopyJobs", *_PAGES.cut(request, params, rows))


def list_report_plans(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The caller's report plans."""
    rows = [request.here.report_plans[name] for name in sorted(request.here.report_plans)]
    return answer("ReportPlans", *_PAGES.cut(request, params, rows))


HANDLERS: dict[str, Handler] = {
    "GetBackupVaultAccessPolicy": get_backup_vault_access_policy,
    "ListRestoreJobs": list_restore_jobs,
    "ListCopyJobs": list_copy_jobs,
    "ListReportPlans": list_report_plans,
}
