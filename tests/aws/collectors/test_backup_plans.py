from datetime import UTC, datetime

from auditor.aws.collectors import backup_plans, backup_selections

MADE = datetime(2025, 1, 1, tzinfo=UTC)
RAN = datetime(2026, 1, 31, 5, tzinfo=UTC)
ARN = "arn:aws:backup:eu-west-1:111122223333:backup-plan:plan-1"
VAULT = "arn:aws:backup:eu-central-1:444455556666:backup-vault:far"
AIR_GAPPED = "arn:aws:backup:eu-west-1:111122223333:backup-vault:sealed"

PLANS = {
    "plan-1": {
        "BackupPlanId": "plan-1",
        "BackupPlanArn": ARN,
        "VersionId": "v1",
        "CreationDate": MADE,
        "LastExecutionDate": RAN,
        "BackupPlan": {
            "BackupPlanName": "gold",
            "AdvancedBackupSettings": [{"ResourceType": "EC2", "BackupOptions": {"WindowsVSS": "enabled"}}],
            "Rules": [
                {
                    "RuleId": "rule-1",
                    "RuleName": "daily",
                    "TargetBackupVaultName": "Default",
                    "TargetLogicallyAirGappedBackupVaultArn": AIR_GAPPED,
                    "ScheduleExpression": "cron(0 1 ? * * *)",
                    "ScheduleExpressionTimezone": "Europe/Berlin",
                    "StartWindowMinutes": 60,
                    "CompletionWindowMinutes": 180,
                    "Lifecycle": {
                        "DeleteAfterDays": 400,
                        "MoveToColdStorageAfterDays": 30,
                        "OptInToArchiveForSupportedResources": True,
                    },
                    "CopyActions": [
                        {"DestinationBackupVaultArn": VAULT, "Lifecycle": {"DeleteAfterDays": 35}},
                        {"DestinationBackupVaultArn": f"{VAULT}-2"},
                    ],
                    "EnableContinuousBackup": False,
                },
                {"RuleId": "rule-2", "RuleName": "bare", "TargetBackupVaultName": "Default"},
            ],
        },
    },
    "plan-2": {
        "BackupPlanId": "plan-2",
        "BackupPlan": {
            "BackupPlanName": "plain",
            "AdvancedBackupSettings": [{"ResourceType": "EC2", "BackupOptions": {"WindowsVSS": "disabled"}}],
            "Rules": [],
        },
    },
}


def plans_reader(scripted, refusal=None):
    def get(BackupPlanId):  # noqa: N803 - the API's own name
        if BackupPlanId not in PLANS:
            raise refusal("ResourceNotFoundException")
        return PLANS[BackupPlanId]

    listed = [*PLANS, *(["plan-gone"] if refusal else [])]
    return scripted(
        {
            "backup:ListBackupPlans": {"BackupPlansList": [{"BackupPlanId": id_} for id_ in listed]},
            "backup:GetBackupPlan": get,
        }
    )


def test_plans(scripted, run, refusal):
    assert run(backup_plans.COLLECTOR, plans_reader(scripted, refusal))["backup_plans"] == [
        {
            "plan_id": "plan-1",
            "plan_arn": ARN,
            "name": "gold",
            "version_id": "v1",
            "windows_vss": True,
            "created_at": MADE,
            "last_executed_at": RAN,
        },
        {"plan_id": "plan-2", "name": "plain", "windows_vss": False},
    ]


def test_rules_say_what_aws_does_where_they_do_not(scripted, run):
    assert run(backup_plans.COLLECTOR, plans_reader(scripted))["backup_rules"] == [
        {
            "plan_id": "plan-1",
            "rule_id": "rule-1",
            "rule_name": "daily",
            "vault_name": "Default",
            "schedule_expression": "cron(0 1 ? * * *)",
            "schedule_timezone": "Europe/Berlin",
            "start_window_minutes": 60,
            "completion_window_minutes": 180,
            "delete_after_days": 400,
            "cold_after_days": 30,
            "archive_opt_in": True,
            "continuous": False,
            "air_gapped_vault_arn": AIR_GAPPED,
        },
        {
            "plan_id": "plan-1",
            "rule_id": "rule-2",
            "rule_name": "bare",
            "vault_name": "Default",
            "schedule_expression": "cron(0 5 ? * * *)",
            "schedule_timezone": "UTC",
        },
    ]


def test_copies_have_lifecycles_of_their_own(scripted, run):
    assert run(backup_plans.COLLECTOR, plans_reader(scripted))["backup_rule_copies"] == [
        {"plan_id": "plan-1", "rule_id": "rule-1", "destination_vault_arn": VAULT, "delete_after_days": 35},
        {"plan_id": "plan-1", "rule_id": "rule-1", "destination_vault_arn": f"{VAULT}-2"},
    ]


def test_opt_ins(scripted, run):
    answer = {"ResourceTypeOptInPreference": {"EBS": True, "EC2": False, "S3": True}}
    reader = scripted({"backup:DescribeRegionSettings": answer})
    assert run(backup_plans.OPT_INS, reader)["backup_opt_ins"] == [
        {"resource_type": "EBS", "opted_in": True},
        {"resource_type": "EC2", "opted_in": False},
        {"resource_type": "S3", "opted_in": True},
    ]


SELECTIONS = {
    ("plan-1", "sel-1"): {
        "SelectionName": "by tag",
        "IamRoleArn": "arn:aws:iam::111122223333:role/backup",
        "Resources": ["arn:aws:ec2:*:*:volume/*"],
        "NotResources": ["arn:aws:ec2:eu-west-1:111122223333:volume/vol-1"],
        "ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "tier", "ConditionValue": "gold"}],
        "Conditions": {
            "StringEquals": [{"ConditionKey": "aws:ResourceTag/env", "ConditionValue": "prod"}],
            "StringNotLike": [{"ConditionKey": "aws:ResourceTag/team", "ConditionValue": "x*"}],
            "StringLike": [],
        },
    },
    ("plan-2", "sel-2"): {"SelectionName": "empty", "IamRoleArn": "arn:aws:iam::111122223333:role/backup"},
}


def test_selections_and_their_terms(scripted, run):
    def listed(BackupPlanId, **_):  # noqa: N803 - the API's own names
        return {"BackupSelectionsList": [{"SelectionId": sel} for plan, sel in SELECTIONS if plan == BackupPlanId]}

    def get(BackupPlanId, SelectionId):  # noqa: N803 - the API's own names
        selection = SELECTIONS[BackupPlanId, SelectionId]
        made = {"CreationDate": MADE} if SelectionId == "sel-1" else {}
        return {"BackupSelection": selection, "SelectionId": SelectionId, "BackupPlanId": BackupPlanId, **made}

    reader = scripted(
        {"backup:ListBackupSelections": listed, "backup:GetBackupSelection": get},
        {"backup_plans": [{"plan_id": "plan-1"}, {"plan_id": "plan-2"}]},
    )
    brought = run(backup_selections.COLLECTOR, reader)
    role = "arn:aws:iam::111122223333:role/backup"
    assert brought["backup_selections"] == [
        {
            "plan_id": "plan-1",
            "selection_id": "sel-1",
            "name": "by tag",
            "role_arn": role,
            "created_at": MADE,
        },
        {"plan_id": "plan-2", "selection_id": "sel-2", "name": "empty", "role_arn": role},
    ]
    here = {"plan_id": "plan-1", "selection_id": "sel-1"}
    assert brought["backup_selection_terms"] == [
        {**here, "kind": "resource", "value": "arn:aws:ec2:*:*:volume/*"},
        {**here, "kind": "not_resource", "value": "arn:aws:ec2:eu-west-1:111122223333:volume/vol-1"},
        {**here, "kind": "tag", "operator": "StringEquals", "key": "tier", "value": "gold"},
        {**here, "kind": "condition", "operator": "StringEquals", "key": "env", "value": "prod"},
        {**here, "kind": "condition", "operator": "StringNotLike", "key": "team", "value": "x*"},
    ]
