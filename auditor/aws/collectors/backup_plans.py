"""AWS Backup's plans, and which resource types it protects in the region at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where, in_pages
from auditor.aws.collectors._backup import inside
from auditor.aws.collectors._whole import whole
from auditor.aws.shape import Field, shape, table

#: What AWS Backup does where a rule does not say (AWS Backup API reference, BackupRule).
_DEFAULT_SCHEDULE = "cron(0 5 ? * * *)"
_DEFAULT_TIMEZONE = "UTC"


def _windows_vss(plan: Item) -> bool:
    """Whether the option is set; AWS Backup does without where it is not (API reference, AdvancedBackupSetting)."""
    settings = plan["BackupPlan"].get("AdvancedBackupSettings") or plan.get("AdvancedBackupSettings") or ()
    return any((setting.get("BackupOptions") or {}).get("WindowsVSS") == "enabled" for setting in settings)


PLAN_FIELDS: Mapping[str, Field] = {
    "plan_id": "BackupPlanId",
    "plan_arn": "BackupPlanArn",
    "name": lambda plan: plan["BackupPlan"]["BackupPlanName"],
    "version_id": "VersionId",
    "windows_vss": _windows_vss,
    "created_at": "CreationDate",
    "last_executed_at": "LastExecutionDate",
}
_LIFECYCLE_FIELDS: Mapping[str, Field] = {
    "delete_after_days": inside("Lifecycle", "DeleteAfterDays"),
    "cold_after_days": inside("Lifecycle", "MoveToColdStorageAfterDays"),
}
RULE_FIELDS: Mapping[str, Field] = {
    "plan_id": "PlanId",
    "rule_id": "RuleId",
    "rule_name": "RuleName",
    "vault_name": "TargetBackupVaultName",
    "schedule_expression": lambda rule: rule.get("ScheduleExpression") or _DEFAULT_SCHEDULE,
    "schedule_timezone": lambda rule: rule.get("ScheduleExpressionTimezone") or _DEFAULT_TIMEZONE,
    "start_window_minutes": "StartWindowMinutes",
    "completion_window_minutes": "CompletionWindowMinutes",
    **_LIFECYCLE_FIELDS,
    "archive_opt_in": inside("Lifecycle", "OptInToArchiveForSupportedResources"),
    "continuous": "EnableContinuousBackup",
    "air_gapped_vault_arn": "TargetLogicallyAirGappedBackupVaultArn",
}
COPY_FIELDS: Mapping[str, Field] = {
    "plan_id": "PlanId",
    "rule_id": "RuleId",
    "destination_vault_arn": "DestinationBackupVaultArn",
    **_LIFECYCLE_FIELDS,
}


def get_opt_ins(reader: Reader) -> Iterator[Page]:
    """One item as DescribeRegionSettings answers."""
    yield [reader.call("backup", "DescribeRegionSettings")]


def transform_opt_ins(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row a resource type."""
    types = [pair for item in page for pair in item["ResourceTypeOptInPreference"].items()]
    columns = {"resource_type": [name for name, _ in types], "opted_in": [opted_in for _, opted_in in types]}
    return {"backup_opt_ins": table("backup_opt_ins", where, len(types), columns)}


def get(reader: Reader) -> Iterator[Page]:
    """Items as GetBackupPlan answers; the list of plans says nothing of their rules."""
    pages = reader.pages("backup", "ListBackupPlans", "BackupPlansList", MaxResults=1000)
    ids = [plan["BackupPlanId"] for page in pages for plan in page]

    def read(plan_id: str) -> Item:
        return reader.call("backup", "GetBackupPlan", BackupPlanId=plan_id)

    yield from in_pages(plan for _, plan in whole(reader, ids, read, drop=("ResourceNotFoundException",)))


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """Plans, their rules, and the copies those make."""
    rules = [rule | {"PlanId": plan["BackupPlanId"]} for plan in page for rule in plan["BackupPlan"]["Rules"]]
    copies = [
        copy | {"PlanId": rule["PlanId"], "RuleId": rule.get("RuleId")}
        for rule in rules
        for copy in rule.get("CopyActions") or ()
    ]
    return {
        "backup_plans": shape("backup_plans", where, page, PLAN_FIELDS),
        "backup_rules": shape("backup_rules", where, rules, RULE_FIELDS),
        "backup_rule_copies": shape("backup_rule_copies", where, copies, COPY_FIELDS),
    }


OPT_INS = Collector(
    name="backup_opt_ins",
    frames=("backup_opt_ins",),
    actions=("backup:DescribeRegionSettings",),
    get=get_opt_ins,
    transform=transform_opt_ins,
)
COLLECTOR = Collector(
    name="backup_plans",
    frames=("backup_plans", "backup_rules", "backup_rule_copies"),
    actions=("backup:ListBackupPlans", "backup:GetBackupPlan"),
    get=get,
    transform=transform,
)
