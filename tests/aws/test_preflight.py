import pytest

from auditor.aws.permissions import actions_for, preflight
from auditor.config import Config
from auditor.frames import INVENTORY
from auditor.sandbox.faults import Fault, Faults
from auditor.sandbox.planting import TINY, plant
from auditor.sandbox.server import Sandbox

SCOPE = {"organisation": True, "role": "AuditorReadOnly", "external_id": "sandbox"}
EVERYTHING = actions_for(INVENTORY)


@pytest.fixture(scope="module")
def organisation():
    return plant(7, accounts=2, regions=2, size=TINY)


def answers_of(organisation, monkeypatch, actions, *faults, scope=SCOPE):
    with Sandbox(organisation, Faults(*faults)) as sandbox:
        for name, value in sandbox.environment().items():
            monkeypatch.setenv(name, value)
        return preflight(Config.of({"scope": scope}), actions)


def enabled(organisation):
    return sorted(name for name, status in organisation.regions.items() if status != "not-opted-in")


def test_every_action_is_asked_everywhere(organisation, monkeypatch):
    answers = answers_of(organisation, monkeypatch, EVERYTHING)
    assert set(answers["answer"]) == {"allowed"}
    assert answers["error_code"].isna().all()
    active = {account.account_id for account in organisation.accounts.values() if account.state == "ACTIVE"}
    assert set(answers["account_id"]) == active
    assert sorted(set(answers["region"])) == enabled(organisation)
    assert set(answers["action"]) == set(EVERYTHING)
    assert not answers.duplicated(["account_id", "region", "action"]).any()


def test_refusals_are_said_with_their_code_and_place(organisation, monkeypatch):
    region = enabled(organisation)[0]
    answers = answers_of(
        organisation,
        monkeypatch,
        ["ec2:DescribeSnapshots", "kms:DescribeKey", "backup:GetBackupPlan"],
        Fault("denied", region=region, action="DescribeSnapshots"),
        Fault("denied", service="kms"),
        Fault("error", service="backup", action="GetBackupPlan", code="ServiceUnavailableException", status=400),
    )
    answers = answers.astype(object).where(answers.notna(), None)
    told = {(row.region, row.action): (row.answer, row.error_code) for row in answers.itertuples()}
    assert told[region, "ec2:DescribeSnapshots"] == ("denied", "UnauthorizedOperation")
    others = {told[place, "ec2:DescribeSnapshots"] for place in enabled(organisation)[1:]}
    assert others == {("allowed", None)}
    assert {told[place, "kms:DescribeKey"] for place in enabled(organisation)} == {("denied", "AccessDeniedException")}
    assert {told[place, "backup:GetBackupPlan"] for place in enabled(organisation)} == {
        ("could not tell", "ServiceUnavailableException")
    }


def test_an_account_that_cannot_be_entered_has_one_row(organisation, monkeypatch):
    answers = answers_of(organisation, monkeypatch, EVERYTHING, scope={**SCOPE, "external_id": "wrong"})
    member = answers[answers["account_id"] != organisation.management_id]
    assert member[["region", "action", "answer", "error_code"]].to_numpy().tolist() == [
        ["global", "sts:AssumeRole", "denied", "AccessDenied"]
    ]
