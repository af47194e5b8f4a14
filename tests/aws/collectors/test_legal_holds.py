import pytest
from botocore.exceptions import ClientError

from auditor.aws.collectors.legal_holds import COLLECTOR

SNAPSHOT = "arn:aws:ec2:eu-west-1::snapshot/snap-0a"


def hold(hold_id, status):
    return {"LegalHoldId": hold_id, "Title": f"case {hold_id}", "Status": status}


def point(arn, resource_type="EBS"):
    resource = "arn:aws:ec2:eu-west-1:111122223333:volume/vol-0b"
    return {"RecoveryPointArn": arn, "ResourceArn": resource, "ResourceType": resource_type, "BackupVaultName": "gold"}


def test_what_lasts_is_asked_for_its_points_and_what_is_over_is_not(scripted, run):
    held = {
        "h1": [point(SNAPSHOT), point("arn:aws:rds:eu-west-1:111122223333:snapshot:db", "RDS")],
        "h2": [point("arn:aws:backup:eu-west-1:111122223333:recovery-point:0c")],
    }
    reader = scripted(
        {
            "backup:ListLegalHolds": {
                "LegalHolds": [hold("h1", "ACTIVE"), hold("h2", "CANCELING"), hold("h3", "CANCELED")]
            },
            "backup:ListRecoveryPointsByLegalHold": lambda LegalHoldId, **_: {"RecoveryPoints": held[LegalHoldId]},  # noqa: N803
        }
    )
    brought = run(COLLECTOR, reader)
    assert {row["hold_id"]: row["status"] for row in brought["legal_holds"]} == {
        "h1": "ACTIVE",
        "h2": "CANCELING",
        "h3": "CANCELED",
    }
    assert [(row["hold_id"], row.get("recovery_id"), row["resource_id"]) for row in brought["legal_hold_points"]] == [
        ("h1", "snap-0a", "vol-0b"),
        ("h2", None, "vol-0b"),
    ]


def test_a_hold_that_cannot_be_read_may_hold_anything(scripted, run, refusal):
    def points(LegalHoldId, **_):  # noqa: N803 - the API's name
        if LegalHoldId == "h1":
            raise refusal("InternalError")
        return {"RecoveryPoints": [point(SNAPSHOT)]}

    answers = {
        "backup:ListLegalHolds": {"LegalHolds": [hold("h1", "ACTIVE"), hold("h2", "ACTIVE")]},
        "backup:ListRecoveryPointsByLegalHold": points,
    }
    with pytest.raises(ClientError, match="InternalError"):
        run(COLLECTOR, scripted(answers))
