from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from auditor.sandbox.credentials import Session, account_of, read_token

ARN = "arn:aws:iam::222222222222:role/AuditorReadOnly"
GOOD = {"RoleArn": ARN, "RoleSessionName": "audit", "ExternalId": "sandbox", "account": "111111111111"}


def test_a_role_gives_credentials_of_its_account(call):
    answer = call("sts", "AssumeRole", **GOOD)
    keys = answer["Credentials"]
    assert account_of(keys["AccessKeyId"]) == "222222222222"
    session = read_token(keys["AccessKeyId"], keys["SessionToken"])
    assert session is not None
    assert (session.role, session.name, session.expired()) == ("AuditorReadOnly", "audit", False)
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::222222222222:assumed-role/AuditorReadOnly/audit"
    left = keys["Expiration"] - datetime.now(UTC)
    assert timedelta(minutes=58) < left <= timedelta(hours=1)


def test_the_duration_is_heeded_and_bounded(call, refusal):
    keys = call("sts", "AssumeRole", **GOOD, DurationSeconds=900)["Credentials"]
    assert keys["Expiration"] - datetime.now(UTC) <= timedelta(minutes=15)
    assert refusal("sts", "AssumeRole", **GOOD, DurationSeconds=899) == "ValidationError"
    assert refusal("sts", "AssumeRole", **GOOD, DurationSeconds=43201) == "ValidationError"


@pytest.mark.parametrize(
    "changed",
    [
        {"RoleArn": "arn:aws:iam::222222222222:role/Nobody"},
        {"RoleArn": "arn:aws:iam::999999999999:role/AuditorReadOnly"},
        {"RoleArn": "arn:aws-cn:iam::222222222222:role/AuditorReadOnly"},
        {"ExternalId": "wrong"},
        {"ExternalId": None},
    ],
)
def test_what_does_not_fit_is_denied(refusal, changed):
    assert refusal("sts", "AssumeRole", **{**GOOD, **changed}) == "AccessDenied"


@pytest.mark.parametrize("state", ["SUSPENDED", "CLOSED", "PENDING_CLOSURE"])
def test_accounts_that_are_not_active_let_nobody_in(organisation, refusal, state):
    organisation.accounts["222222222222"].state = state
    assert refusal("sts", "AssumeRole", **GOOD) == "AccessDenied"


def test_roles_may_have_a_path_and_need_no_external_id(call, refusal):
    arn = "arn:aws:iam::222222222222:role/audit/tools/Open"
    assert call("sts", "AssumeRole", RoleArn=arn, RoleSessionName="x")["Credentials"]
    assert refusal("sts", "AssumeRole", RoleArn="role/Open", RoleSessionName="x") == "ValidationError"


def test_the_caller_is_told_who_it_is(call):
    answer = call("sts", "GetCallerIdentity")
    assert (answer["Account"], answer["Arn"]) == ("222222222222", "arn:aws:iam::222222222222:user/sandbox")
    session = Session("222222222222", "Open", "me", datetime.now(UTC) + timedelta(hours=1))
    answer = call("sts", "GetCallerIdentity", session=session)
    assert answer["Arn"] == "arn:aws:sts::222222222222:assumed-role/Open/me"
    assert answer["UserId"].endswith(":me")


def test_credentials_run_out(refusal):
    gone = Session("222222222222", "Open", "me", datetime.now(UTC) - timedelta(seconds=1))
    assert refusal("sts", "GetCallerIdentity", session=gone) == "ExpiredToken"
    assert refusal("sts", "AssumeRole", **GOOD, session=gone) == "ExpiredToken"
