from datetime import UTC, datetime

import pytest

from auditor.aws.collectors import backup_plan_versions
from auditor.aws.outcome import IncompleteAnswer


def day(month, number):
    return datetime(2026, month, number, tzinfo=UTC)


#: The audit period of the scripted reader begins on the first of January.
OLD, YOUNG, NEW = (
    {"plan_id": "plan-old", "version_id": "v1", "created_at": datetime(2025, 12, 31, tzinfo=UTC)},
    {"plan_id": "plan-young", "version_id": "v5", "created_at": day(1, 20)},
    {"plan_id": "plan-new", "version_id": "v1", "created_at": day(1, 9)},
)
MADE = {
    "plan-young": {
        "v3": datetime(2025, 12, 30, tzinfo=UTC),
        "v5": day(1, 20),
        "v1": datetime(2025, 6, 1, tzinfo=UTC),
        "v4": day(1, 10),
        "v6": day(1, 21),  # made since the plan was read
        "v2": datetime(2025, 12, 1, tzinfo=UTC),
    },
    "plan-new": {"v1": day(1, 9)},
}


def listed(BackupPlanId, **_):  # noqa: N803 - the API's own names
    return {
        "BackupPlanVersionsList": [
            {"VersionId": version, "CreationDate": made} for version, made in MADE[BackupPlanId].items()
        ]
    }


def got(BackupPlanId, VersionId):  # noqa: N803 - the API's own names
    rule = {
        "RuleId": f"rule of {BackupPlanId} {VersionId}",
        "RuleName": "daily",
        "TargetBackupVaultName": "Default",
        "StartWindowMinutes": 60,
        "CompletionWindowMinutes": 120,
        "Lifecycle": {"DeleteAfterDays": 7},
    }
    return {"BackupPlan": {"Rules": [rule]}}


def reader_of(scripted, *plans, listing=listed, getting=got):
    answers = {"backup:ListBackupPlanVersions": listing, "backup:GetBackupPlan": getting}
    return scripted(answers, {"backup_plans": list(plans)})


def test_only_what_was_in_force_in_the_audit_period_is_read(scripted, run):
    reader = reader_of(scripted, OLD, YOUNG, NEW)
    brought = run(backup_plan_versions.COLLECTOR, reader)
    assert brought["backup_plan_versions"] == [
        {"plan_id": "plan-young", "version_id": "v5", "valid_from": day(1, 20)},
        {"plan_id": "plan-new", "version_id": "v1", "valid_from": day(1, 9)},
        {
            "plan_id": "plan-young",
            "version_id": "v3",
            "valid_from": datetime(2025, 12, 30, tzinfo=UTC),
            "superseded_at": day(1, 10),
        },
        {"plan_id": "plan-young", "version_id": "v4", "valid_from": day(1, 10), "superseded_at": day(1, 20)},
    ]
    assert brought["backup_rule_versions"] == [
        {
            "plan_id": "plan-young",
            "version_id": version,
            "rule_id": f"rule of plan-young {version}",
            "rule_name": "daily",
            "vault_name": "Default",
            "schedule_expression": "cron(0 5 ? * * *)",
            "schedule_timezone": "UTC",
            "start_window_minutes": 60,
            "completion_window_minutes": 120,
            "delete_after_days": 7,
        }
        for version in ("v3", "v4")
    ]
    assert [(name, parameters.get("VersionId")) for name, parameters in reader.calls] == [
        ("backup:ListBackupPlanVersions", None),
        ("backup:ListBackupPlanVersions", None),
        ("backup:GetBackupPlan", "v3"),
        ("backup:GetBackupPlan", "v4"),
    ]


def test_old_plans_cost_no_call(scripted, run):
    reader = reader_of(scripted, OLD, {"plan_id": "plan-undated"})
    assert not any(run(backup_plan_versions.COLLECTOR, reader).values())
    assert reader.calls == []


def test_a_plan_that_is_gone_is_no_gap_and_a_version_that_is_gone_is_one(scripted, run, refusal):
    def gone(**_):
        raise refusal("ResourceNotFoundException")

    brought = run(backup_plan_versions.COLLECTOR, reader_of(scripted, NEW, listing=gone))
    assert not any(brought.values())
    with pytest.raises(Exception, match="ResourceNotFoundException"):
        run(backup_plan_versions.COLLECTOR, reader_of(scripted, YOUNG, getting=gone))


def test_of_a_plan_that_is_changed_all_the_time_the_last_versions_are_read(scripted):
    changes = [datetime(2026, 1, 2, hour, minute, tzinfo=UTC) for hour in range(3) for minute in range(0, 60, 3)]

    def often(**_):
        return {"BackupPlanVersionsList": [{"VersionId": f"w{at:%H%M}", "CreationDate": at} for at in changes]}

    reader = reader_of(scripted, NEW, listing=often)
    pages = backup_plan_versions.get(reader)
    present, earlier = next(pages), next(pages)
    assert len(present) == 1
    assert len(earlier) == backup_plan_versions.MOST
    assert (earlier[0]["version_id"], earlier[-1]["version_id"]) == ("w0030", "w0257")
    with pytest.raises(IncompleteAnswer, match="plan-new has more"):
        next(pages)
