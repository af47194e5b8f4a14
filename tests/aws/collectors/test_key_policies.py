import json
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from auditor.aws.collectors.key_policies import COLLECTOR

US, THEM = "111122223333", "999988887777"
MADE = datetime(2026, 1, 2, tzinfo=UTC)


def arn(name, account=US):
    return f"arn:aws:kms:eu-west-1:{account}:key/{name}"


ROOT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{US}:root"}, "Action": "kms:*", "Resource": "*"}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def grant(principal, *operations, **more):
    return {
        "GrantId": f"g-{principal[-4:]}",
        "GranteePrincipal": principal,
        "Operations": operations,
        "CreationDate": MADE,
        **more,
    }


def reader_of(scripted, policies, grants=None, **frames):
    def told(KeyId, PolicyName):  # noqa: N803 - the API's own names
        assert PolicyName == "default"
        answer = policies[KeyId.rpartition("/")[2]]
        if isinstance(answer, Exception):
            raise answer
        return {"Policy": answer, "PolicyName": PolicyName}

    def listed(KeyId, Limit):  # noqa: N803 - the API's own names
        assert Limit == 100
        answer = (grants or {}).get(KeyId.rpartition("/")[2], [])
        if isinstance(answer, Exception):
            raise answer
        return {"Grants": answer, "Truncated": False}

    names = [*policies, "foreign", "idle"]
    snapshots = [
        {"snapshot_id": f"snap-{name}", "kms_key_arn": arn(name, THEM if name == "foreign" else US)} for name in names
    ]
    shares = [{"snapshot_id": f"snap-{name}"} for name in names if name != "idle"]
    keys = [{"key_arn": arn(name), "manager": "CUSTOMER", "state": "Enabled"} for name in names]
    held = {"snapshots": snapshots, "snapshot_shares": shares, "kms_keys": keys, **frames}
    return scripted({"kms:GetKeyPolicy": told, "kms:ListGrants": listed}, held)


def test_a_policy_is_told_statement_by_statement(scripted, run):
    shared = {
        "Sid": "Partner",
        "Effect": "Allow",
        "Principal": {"AWS": [THEM, f"arn:aws:iam::{THEM}:role/r"], "Service": "ec2.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:CreateGrant"],
        "Resource": "*",
        "Condition": {
            "StringEquals": {"kms:ViaService": ["ec2.eu-west-1.amazonaws.com", "x"], "kms:CallerAccount": THEM},
            "Bool": {"kms:GrantIsForAWSResource": True},
        },
    }
    denied = {"Effect": "Deny", "NotPrincipal": {"AWS": f"arn:aws:iam::{US}:root"}, "NotAction": "kms:Describe*"}
    document = policy(ROOT, shared, denied)
    told = run(COLLECTOR, reader_of(scripted, {"k": document}))
    key = {"key_arn": arn("k")}
    assert told["key_policies"] == [{**key, "document": document, "understood": True, "grants_listed": True}]
    plain = {**key, "not_principal": False, "not_action": False, "every_resource": True, "conditions": 0}
    partner = {**plain, "statement": 1, "sid": "Partner", "effect": "Allow", "conditions": 3}
    assert told["key_statements"] == [
        {
            **plain,
            "statement": 0,
            "effect": "Allow",
            "principal_type": "AWS",
            "principal": f"arn:aws:iam::{US}:root",
            "action": "kms:*",
        },
        *(
            {**partner, "principal_type": kind, "principal": principal, "action": action}
            for kind, principal in (
                ("AWS", THEM),
                ("AWS", f"arn:aws:iam::{THEM}:role/r"),
                ("Service", "ec2.amazonaws.com"),
            )
            for action in ("kms:Decrypt", "kms:CreateGrant")
        ),
        {
            **plain,
            "statement": 2,
            "effect": "Deny",
            "principal_type": "AWS",
            "principal": f"arn:aws:iam::{US}:root",
            "not_principal": True,
            "action": "kms:Describe*",
            "not_action": True,
            "every_resource": False,
        },
    ]
    where = {**key, "statement": 1}
    assert told["key_conditions"] == [
        {
            **where,
            "operator": "StringEquals",
            "condition_key": "kms:ViaService",
            "value": "ec2.eu-west-1.amazonaws.com",
        },
        {**where, "operator": "StringEquals", "condition_key": "kms:ViaService", "value": "x"},
        {**where, "operator": "StringEquals", "condition_key": "kms:CallerAccount", "value": THEM},
        {**where, "operator": "Bool", "condition_key": "kms:GrantIsForAWSResource", "value": "true"},
    ]
    assert told["key_grants"] == []


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}])
def test_one_statement_for_everybody_needs_no_list(scripted, run, principal):
    document = json.dumps({"Statement": {**ROOT, "Principal": principal}})
    (row,) = run(COLLECTOR, reader_of(scripted, {"k": document}))["key_statements"]
    assert (row["principal_type"], row["principal"], row["action"]) == ("AWS", "*", "kms:*")


@pytest.mark.parametrize(
    "document",
    [
        "no JSON",
        "[]",
        "{}",
        '{"Statement": [7]}',
        policy({**ROOT, "Effect": "Maybe"}),
        policy({"Effect": "Allow", "Action": "kms:*"}),
        policy({**ROOT, "Principal": {}}),
        policy(ROOT, {**ROOT, "Condition": ["x"]}),
    ],
)
def test_a_document_that_is_no_policy_is_kept_and_said_to_be_none(scripted, run, document):
    told = run(COLLECTOR, reader_of(scripted, {"k": document, "good": policy(ROOT)}))
    assert [(row["document"], row["understood"]) for row in told["key_policies"]] == [
        (document, False),
        (policy(ROOT), True),
    ]
    assert {row["key_arn"] for row in told["key_statements"]} == {arn("good")}


def test_only_own_customer_keys_of_what_is_shared_are_asked_about(scripted, run):
    policies = dict.fromkeys(("k", "managed", "gone", "image", "unseen"), policy(ROOT))
    frames = {
        "kms_keys": [
            {"key_arn": arn("managed"), "manager": "AWS", "state": "Enabled"},
            {"key_arn": arn("gone"), "state": "NotFound"},
            {"key_arn": arn("unseen")},
        ],
        "snapshot_shares": [{"snapshot_id": f"snap-{name}"} for name in ("k", "managed", "gone", "foreign", "unseen")],
        "image_shares": [{"image_id": "ami-1"}],
        "image_block_devices": [
            {"image_id": "ami-1", "snapshot_id": "snap-image"},
            {"image_id": "ami-1"},
            {"image_id": "ami-2", "snapshot_id": "snap-idle"},
        ],
    }
    reader = reader_of(scripted, policies, **frames)
    run(COLLECTOR, reader)
    asked = [(name, parameters["KeyId"].rpartition("/")[2]) for name, parameters in reader.calls]
    assert sorted(asked) == [
        (f"kms:{call}", key) for call in ("GetKeyPolicy", "ListGrants") for key in ("image", "k", "unseen")
    ]


def test_nothing_shared_costs_nothing(scripted, run):
    reader = reader_of(scripted, {"k": policy(ROOT)}, snapshot_shares=[])
    assert run(COLLECTOR, reader)["key_policies"] == []
    assert reader.calls == []


def test_grants_to_others_are_told_operation_by_operation(scripted, run):
    theirs = f"arn:aws:iam::{THEM}:role/r"
    grants = [
        grant(f"arn:aws:iam::{US}:role/aws:ec2-infrastructure/i-1", "Decrypt"),
        grant("rds.eu-west-1.amazonaws.com", "Decrypt"),
        {"GrantId": "g-service", "GranteeServicePrincipal": "backup.amazonaws.com", "Operations": ["Decrypt"]},
        grant(theirs, "Decrypt", "CreateGrant"),
        grant(f"{theirs}2", "Decrypt", Constraints={"EncryptionContextSubset": {"aws:ebs:id": "vol-1"}}),
    ]
    told = run(COLLECTOR, reader_of(scripted, {"k": policy(ROOT)}, {"k": grants}))["key_grants"]
    same = {"key_arn": arn("k"), "grantee_account_id": THEM, "created_at": MADE}
    assert told == [
        {**same, "grant_id": "g-le/r", "grantee": theirs, "operation": "Decrypt", "constrained": False},
        {**same, "grant_id": "g-le/r", "grantee": theirs, "operation": "CreateGrant", "constrained": False},
        {**same, "grant_id": "g-e/r2", "grantee": f"{theirs}2", "operation": "Decrypt", "constrained": True},
    ]


def test_a_refused_policy_is_a_gap_and_has_no_row(scripted, run, refusal):
    reader = reader_of(scripted, {"k": policy(ROOT), "hidden": refusal(), "away": refusal("NotFoundException")})
    told = run(COLLECTOR, reader)
    assert [row["key_arn"] for row in told["key_policies"]] == [arn("k")]
    assert reader.gaps == [(arn("hidden"), "AccessDeniedException")]


def test_refused_grants_are_a_gap_and_said_not_to_be_listed(scripted, run, refusal):
    reader = reader_of(scripted, {"k": policy(ROOT), "l": policy(ROOT)}, {"k": refusal()})
    listed = {row["key_arn"]: row["grants_listed"] for row in run(COLLECTOR, reader)["key_policies"]}
    assert listed == {arn("k"): False, arn("l"): True}
    assert reader.gaps == [(arn("k"), "AccessDeniedException")]


def test_grants_that_fail_otherwise_cost_the_key(scripted, run, refusal):
    reader = reader_of(scripted, {"k": policy(ROOT), "l": policy(ROOT)}, {"k": refusal("KMSInternalException")})
    assert [row["key_arn"] for row in run(COLLECTOR, reader)["key_policies"]] == [arn("l")]
    assert reader.gaps == [(arn("k"), "KMSInternalException")]


def test_when_every_policy_is_refused_the_call_is_denied(scripted, run, refusal):
    with pytest.raises(ClientError, match="AccessDenied"):
        run(COLLECTOR, reader_of(scripted, {"k": refusal()}))
