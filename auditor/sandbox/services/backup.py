"""AWS Backup: plans, what they select, vaults, recovery points and jobs.

Sources: AWS Backup API Reference: every list has 1 to 1000 items a page; ``ListBackupPlans`` leaves deleted plans out
unless asked; ``UpdateBackupPlan`` makes a version, and the earlier ones can still be listed and got by their ids;
``ListBackupJobs`` tells of the last 30 days, and of the whole organisation only when the management account asks for
the account ``*``; ``ListProtectedResources`` names whatever has a recovery point of any status, in a plan or not;
``DescribeRegionSettings``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Region, Row
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services.ec2_common import places
from auditor.sandbox.services.paging import Pager, answer

_INVALID = "InvalidParameterValueException"
_PAGES = Pager(default=1000, bad_size=_INVALID, bad_token=_INVALID)
JOBS_KEPT = timedelta(days=30)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_PLAN_SUMMARY = (
    "BackupPlanArn",
    "BackupPlanId",
    "CreationDate",
    "DeletionDate",
    "VersionId",
    "CreatorRequestId",
    "LastExecutionDate",
    "AdvancedBackupSettings",
)


def _page(request: Request, params: dict[str, Any], key: str, rows: Iterable[Row]) -> dict[str, Any]:
    return answer(key, *_PAGES.cut(request, params, list(rows)))


def _missing(what: str) -> ServiceError:
    return ServiceError("ResourceNotFoundException", f"Cannot find {what}.")


def _plan(request: Request, plan_id: str) -> Row:
    plan = request.here.backup_plans.get(plan_id)
    if plan is None:
        raise _missing(f"Backup plan with ID {plan_id}")
    return plan


def list_backup_plans(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Summaries of the caller's plans, without their rules."""
    rows = [
        _summary(row)
        for row in request.here.backup_plans.values()
        if params.get("IncludeDeleted") or not row.get("DeletionDate")
    ]
    return _page(request, params, "BackupPlansList", rows)


def _summary(plan: Row) -> Row:
    named = {"BackupPlanName": plan["BackupPlan"]["BackupPlanName"]}
    return {key: plan[key] for key in _PLAN_SUMMARY if key in plan} | named


def list_backup_plan_versions(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Summaries of a plan as it is and as it was; AWS promises no order, and this one is none of time."""
    plan = _plan(request, params["BackupPlanId"])
    versions = [plan, *request.here.backup_plan_versions.get(plan["BackupPlanId"], {}).values()]
    rows = sorted((_summary(row) for row in versions), key=lambda row: row["VersionId"])
    return _page(request, params, "BackupPlanVersionsList", rows)


def get_backup_plan(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """One plan with its rules, as it is or as a version of it was."""
    plan = _plan(request, params["BackupPlanId"])
    version_id = params.get("VersionId")
    if version_id in (None, plan.get("VersionId")):
        return dict(plan)
    version = request.here.backup_plan_versions.get(plan["BackupPlanId"], {}).get(version_id)
    if version is None:
        raise _missing(f"Backup plan with ID {params['BackupPlanId']} and version {version_id}")
    return dict(version)


def list_backup_selections(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Summaries of what a plan selects, without tags, resources or conditions."""
    plan_id = _plan(request, params["BackupPlanId"])["BackupPlanId"]
    rows = [
        {
            **{key: row[key] for key in ("SelectionId", "CreationDate", "CreatorRequestId") if key in row},
            "SelectionName": row["BackupSelection"]["SelectionName"],
            "IamRoleArn": row["BackupSelection"]["IamRoleArn"],
            "BackupPlanId": plan_id,
        }
        for row in request.here.backup_selections.get(plan_id, {}).values()
    ]
    return _page(request, params, "BackupSelectionsList", rows)


def get_backup_selection(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """One selection in full."""
    plan_id, selection_id = params["BackupPlanId"], params["SelectionId"]
    _plan(request, plan_id)
    selection = request.here.backup_selections.get(plan_id, {}).get(selection_id)
    if selection is None:
        raise _missing(f"Selection with ID {selection_id}")
    return dict(selection)


def list_backup_vaults(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The caller's vaults."""
    kind = params.get("ByVaultType")
    rows = [row for row in request.here.backup_vaults.values() if kind in (None, row.get("VaultType", "BACKUP_VAULT"))]
    return _page(request, params, "BackupVaultList", rows)


def within(row: Row, member: str, params: Mapping[str, Any], after: str, before: str) -> bool:
    """Whether a time of a row lies between two parameters; a row without it lies nowhere once one is given."""
    first, last = params.get(after), params.get(before)
    if first is None and last is None:
        return True
    moment = row.get(member)
    return moment is not None and (first is None or moment >= first) and (last is None or moment <= last)


def equals(row: Row, params: Mapping[str, Any], **members: str) -> bool:
    """Whether the members that parameters name have the values that were asked for."""
    return all(params.get(name) in (None, row.get(member)) for name, member in members.items())


def list_recovery_points_by_backup_vault(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """What lies in a vault, in every status."""
    vault = params["BackupVaultName"]
    if vault not in request.here.backup_vaults:
        raise _missing(f"Backup vault {vault}")
    rows = [
        row
        for row in request.here.recovery_points.get(vault, {}).values()
        if within(row, "CreationDate", params, "ByCreatedAfter", "ByCreatedBefore")
        and equals(
            row,
            params,
            ByResourceArn="ResourceArn",
            ByResourceType="ResourceType",
            ByParentRecoveryPointArn="ParentRecoveryPointArn",
        )
        and params.get("ByBackupPlanId") in (None, (row.get("CreatedBy") or {}).get("BackupPlanId"))
    ]
    return _page(request, params, "RecoveryPoints", rows)


def job_places(request: Request, account_id: str | None) -> list[Region]:
    """Whose jobs may be told of."""
    if account_id in (None, request.account_id):
        return [request.here]
    if request.account_id != request.organisation.management_id:
        raise ServiceError(
            "AccessDeniedException", "Only the management account may list the jobs of other accounts.", 403
        )
    return [place for place in places(request) if account_id in ("*", place.account_id)]


def list_backup_jobs(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Jobs of the last 30 days, running and failed ones included."""
    oldest = request.organisation.now - JOBS_KEPT
    rows = [
        {"AccountId": place.account_id, **row}
        for place in job_places(request, params.get("ByAccountId"))
        for row in list(place.backup_jobs.values())
        if row["CreationDate"] >= oldest
        and within(row, "CreationDate", params, "ByCreatedAfter", "ByCreatedBefore")
        and within(row, "CompletionDate", params, "ByCompleteAfter", "ByCompleteBefore")
        and equals(
            row,
            params,
            ByResourceArn="ResourceArn",
            ByResourceType="ResourceType",
            ByState="State",
            ByBackupVaultName="BackupVaultName",
            ByParentJobId="ParentJobId",
        )
        and params.get("ByMessageCategory") in (None, "*", row.get("MessageCategory"))
    ]
    return _page(request, params, "BackupJobs", rows)


def list_protected_resources(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Resources that have a recovery point, whatever became of it, with the newest one."""
    newest: dict[str, Row] = {}
    for points in request.here.recovery_points.values():
        for row in points.values():
            best = newest.get(row["ResourceArn"])
            if best is None or row.get("CreationDate", _LONG_AGO) > best.get("CreationDate", _LONG_AGO):
                newest[row["ResourceArn"]] = row
    rows = [
        {
            "ResourceArn": arn,
            "ResourceType": row["ResourceType"],
            "LastBackupTime": row.get("CreationDate"),
            "LastBackupVaultArn": row.get("BackupVaultArn"),
            "LastRecoveryPointArn": row["RecoveryPointArn"],
        }
        for arn, row in sorted(newest.items())
    ]
    return _page(request, params, "Results", [{k: v for k, v in row.items() if v is not None} for row in rows])


def describe_region_settings(request: Request, params: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - it has none
    """For which types of resource Backup works at all here; a plan skips the others in silence."""
    return {"ResourceTypeOptInPreference": dict(request.here.backup_opt_ins), "ResourceTypeManagementPreference": {}}


HANDLERS: dict[str, Handler] = {
    "ListBackupPlans": list_backup_plans,
    "ListBackupPlanVersions": list_backup_plan_versions,
    "GetBackupPlan": get_backup_plan,
    "ListBackupSelections": list_backup_selections,
    "GetBackupSelection": get_backup_selection,
    "ListBackupVaults": list_backup_vaults,
    "ListRecoveryPointsByBackupVault": list_recovery_points_by_backup_vault,
    "ListBackupJobs": list_backup_jobs,
    "ListProtectedResources": list_protected_resources,
    "DescribeRegionSettings": describe_region_settings,
}
