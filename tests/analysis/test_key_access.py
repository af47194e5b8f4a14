"""Whether the keys of what is shared let the grantees in: which keys count, and what is said where nobody can tell."""

import pytest

from auditor.analysis import DERIVED
from auditor.frames import FRAMES

US, MEMBER, PARTNER, STRANGER = (f"{digit}" * 12 for digit in "1234")
HERE = {"account_id": US, "region": "eu-west-1"}
KEY, FOREIGN = (f"arn:aws:kms:eu-west-1:{account}:key/k" for account in (US, MEMBER))
ORG = "o-a1b2c3d4e5"
ARN = f"arn:aws:organizations::{US}"
USE = ("kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:Decrypt")
FRAMES_OF = {
    "snapshots": [{"snapshot_id": "snap-1", "kms_key_arn": KEY}, {"snapshot_id": "snap-2"}],
    "snapshot_shares": [{"snapshot_id": "snap-1", "grantee_type": "account", "grantee": PARTNER}],
    "image_shares": [],
    "image_block_devices": [],
    "kms_keys": [{"key_arn": KEY, "manager": "CUSTOMER", "state": "Enabled"}],
    "key_policies": [{"key_arn": KEY, "understood": True, "grants_listed": True}],
    "key_statements": [],
    "key_conditions": [],
    "key_grants": [],
    "directory": [{"member_id": MEMBER, "organisation_id": ORG, "ou_path": f"{ORG}/r-ab12/ou-ab12-up/ou-ab12-low"}],
}


def told(**more):
    rows = {**FRAMES_OF, **more}
    here = {name: HERE if "account_id" in FRAMES[name].names else {} for name in rows}
    frames = {name: FRAMES[name].rows([here[name] | row for row in held]) for name, held in rows.items()}
    made = DERIVED["key_access"](**frames)
    return made.astype(object).where(made.notna(), None).to_dict("records")


def allow(*actions, principal=PARTNER, kind="AWS", **more):
    statement = {"key_arn": KEY, "statement": 0, "effect": "Allow", "principal_type": kind, "principal": principal}
    return [{**statement, "action": action, "conditions": 0, **more} for action in actions]


def answers(rows):
    (row,) = rows
    return row["usable"], row["refused"], row["because"]


def test_nothing_shared_asks_for_nothing():
    assert told(snapshot_shares=[]) == []
    assert told(snapshot_shares=[{"snapshot_id": "snap-2", "grantee_type": "account", "grantee": PARTNER}]) == []


def test_what_is_allowed_and_what_is_refused_is_said_by_name():
    (row,) = told(key_statements=allow(*USE))
    assert row == {
        **HERE,
        "key_arn": KEY,
        "grantee_type": "account",
        "grantee": PARTNER,
        "may_describe": True,
        "may_create_grant": True,
        "may_generate_data_key": True,
        "may_re_encrypt": True,
        "may_decrypt": True,
        "usable": True,
        "refused": None,
        "because": None,
    }
    (row,) = told(key_statements=allow("kms:DescribeKey", "kms:GenerateDataKey*", "kms:ReEncrypt*"))
    assert (row["usable"], row["may_create_grant"], row["may_decrypt"], row["may_describe"]) == (
        False,
        False,
        False,
        True,
    )
    assert row["refused"] == "kms:CreateGrant, kms:Decrypt"
    assert row["because"] == f"kms:CreateGrant, kms:Decrypt are not allowed to {PARTNER} by key {KEY}"


def test_what_some_uses_do_without_is_not_said_to_keep_anybody_out():
    usable, refused, because = answers(told(key_statements=allow(*USE[:2], *USE[3:])))
    assert (usable, refused) == (None, "kms:GenerateDataKey*")
    assert because == f"kms:GenerateDataKey* is not allowed to {PARTNER} by key {KEY}, and some uses do without"
    assert answers(told(key_statements=allow(*USE[:1], *USE[3:])))[0] is False


def test_services_are_nobodys_account():
    assert answers(told(key_statements=allow("kms:*", principal="*", kind="Service")))[0] is False


@pytest.mark.parametrize(
    ("state", "manager", "because"),
    [
        ("Enabled", "AWS", "is managed by AWS, and such keys cannot be shared"),
        ("Disabled", "CUSTOMER", "is disabled"),
        ("PendingDeletion", "CUSTOMER", "is about to be deleted"),
        ("NotFound", None, "is gone"),
        ("Updating", "CUSTOMER", "is Updating"),
    ],
)
def test_a_key_that_cannot_be_used_lets_nobody_in(state, manager, because):
    keys = [{"key_arn": KEY, "manager": manager, "state": state}]
    assert answers(told(kms_keys=keys, key_statements=allow("kms:*"))) == (False, None, f"key {KEY} {because}")


def test_of_a_key_whose_state_is_not_known_the_policy_tells():
    assert answers(told(kms_keys=[], key_statements=allow("kms:*"))) == (True, None, None)


@pytest.mark.parametrize(
    ("more", "because"),
    [
        ({"key_policies": []}, f"the policy of key {KEY} was not read"),
        (
            {"key_policies": [{"key_arn": KEY, "understood": False, "grants_listed": True}]},
            f"the policy of key {KEY} could not be understood",
        ),
        (
            {"snapshots": [{"snapshot_id": "snap-1", "kms_key_arn": FOREIGN}]},
            f"key {FOREIGN} belongs to another account, which alone can read its policy",
        ),
        (
            {"key_policies": [{"key_arn": KEY, "understood": True, "grants_listed": False}]},
            f"the grants of key {KEY} were not read",
        ),
        (
            {
                "key_statements": allow(*USE),
                "key_conditions": [
                    {
                        "key_arn": KEY,
                        "statement": 0,
                        "operator": "IpAddress",
                        "condition_key": "aws:SourceIp",
                        "value": "203.0.113.0/24",
                    }
                ],
            },
            f"use of any kind is allowed to {PARTNER} by key {KEY} only under conditions that cannot be judged from "
            "here",
        ),
    ],
)
def test_what_nobody_can_tell_is_not_told(more, because):
    assert answers(told(**more)) == (None, None, because)


def test_grants_that_were_not_read_cannot_undo_a_denial():
    denied = {"key_policies": [{"key_arn": KEY, "understood": True, "grants_listed": False}]}
    deny = [{**row, "effect": "Deny", "statement": 1} for row in allow("kms:Decrypt", principal="*")]
    usable, refused, _ = answers(told(**denied, key_statements=[*allow(*USE), *deny]))
    assert (usable, refused) == (False, "kms:Decrypt")
    assert answers(told(**denied, key_statements=allow(*USE)))[0] is True


def test_a_grant_is_enough():
    operations = ["DescribeKey", "CreateGrant", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey"]
    grant = {"key_arn": KEY, "grant_id": "g", "grantee": f"arn:aws:iam::{PARTNER}:role/r", "constrained": False}
    both = [*operations, "GenerateDataKeyWithoutPlaintext"]
    assert answers(told(key_grants=[{**grant, "operation": each} for each in both])) == (True, None, None)
    # what one of the two ways to make a data key is good for depends on who makes it
    assert answers(told(key_grants=[{**grant, "operation": each} for each in operations]))[0] is None


def condition(operator, key, value):
    row = {"key_arn": KEY, "statement": 0, "operator": operator, "condition_key": key, "value": value}
    return {"key_statements": allow("kms:*", principal="*"), "key_conditions": [row]}


@pytest.mark.parametrize(
    ("kind", "grantee", "usable"),
    [
        ("account", MEMBER, True),
        ("account", STRANGER, False),
        ("organisation", f"{ARN}:organization/{ORG}", True),
        ("organisation", f"{ARN}:organization/o-z9y8x7w6v5", False),
        ("unit", f"{ARN}:ou/{ORG}/ou-ab12-up", True),
        ("group", "aws-marketplace", None),
    ],
)
def test_who_is_of_the_organisation(kind, grantee, usable):
    shared = {
        "image_shares": [{"image_id": "ami-1", "grantee_type": kind, "grantee": grantee}],
        "image_block_devices": [{"image_id": "ami-1", "snapshot_id": "snap-1"}],
        "snapshot_shares": [],
    }
    assert answers(told(**shared, **condition("StringEquals", "aws:PrincipalOrgID", ORG)))[0] is usable


def test_where_a_unit_lies_comes_from_its_members():
    unit = {"grantee_type": "unit", "grantee": f"{ARN}:ou/{ORG}/ou-ab12-up"}
    shared = {
        "image_shares": [{"image_id": "ami-1", **unit}],
        "image_block_devices": [{"image_id": "ami-1", "snapshot_id": "snap-1"}],
        "snapshot_shares": [],
    }
    below = condition("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", f"{ORG}/r-ab12/ou-ab12-up/*")
    assert answers(told(**shared, **below))[0] is True
    lower = condition("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", f"{ORG}/r-ab12/ou-ab12-up/ou-ab12-low/*")
    assert answers(told(**shared, **lower))[0] is False
    assert answers(told(**shared, **below, directory=[]))[0] is None


def test_one_row_for_each_key_and_grantee():
    shares = [
        {"snapshot_id": snapshot, "grantee_type": "account", "grantee": grantee}
        for snapshot in ("snap-1", "snap-3")
        for grantee in (PARTNER, MEMBER)
    ]
    images = {
        "image_shares": [{"image_id": "ami-1", "grantee_type": "account", "grantee": PARTNER}],
        "image_block_devices": [{"image_id": "ami-1", "snapshot_id": "snap-3"}, {"image_id": "ami-1"}],
    }
    snapshots = [{"snapshot_id": each, "kms_key_arn": KEY} for each in ("snap-1", "snap-3", "snap-4")]
    found = told(snapshots=snapshots, snapshot_shares=shares, **images)
    assert [(row["key_arn"], row["grantee"]) for row in found] == [(KEY, MEMBER), (KEY, PARTNER)]
