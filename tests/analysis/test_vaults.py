"""What vault policies come to; the rules' examples hold the cases one by one."""

import json

import pytest

from auditor.analysis import derive
from auditor.aws.collector import Where
from auditor.aws.collectors.vault_policies import transform
from auditor.frames import FRAMES

US, FRIEND, STRANGER = "111122223333", "444455556666", "999988887777"
DELETIONS = ["backup:DeleteRecoveryPoint", "backup:DeleteBackupVault", "backup:DeleteBackupVaultAccessPolicy"]
GLASS = {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{US}:role/break-glass"}}


def told(name, **policies):
    """A derived frame of vaults with these policies; ``None`` for a vault without one."""
    page = [
        {"BackupVaultName": vault, "Policy": policy if isinstance(policy, str) else json.dumps({"Statement": policy})}
        for vault, policy in policies.items()
        if policy is not None
    ]
    frames = dict(transform(page, Where(US, "eu-west-1")))
    here = {"account_id": US, "region": "eu-west-1"}
    frames["backup_vaults"] = FRAMES["backup_vaults"].rows([{**here, "vault_name": vault} for vault in policies])
    frames["directory"] = FRAMES["directory"].rows([{"member_id": FRIEND, "organisation_id": "o-a1"}])
    frames["parties"] = FRAMES["parties"].rows([{"party_id": FRIEND, "standing": "organisation"}])
    rows = derive(name, frames.__getitem__, None).astype(object)
    return rows.where(rows.notna(), None).to_dict("records")


def deny(**more):
    return {"Effect": "Deny", "Principal": "*", "Action": DELETIONS, "Resource": "*"} | more


def allow(principal, **more):
    return {"Effect": "Allow", "Principal": principal, "Action": "backup:CopyIntoBackupVault", "Resource": "*"} | more


def test_a_vault_without_a_policy_denies_nobody_anything():
    (row,) = told("vault_protection", bare=None)
    assert (row["deletion_denied"], row["allowed"], row["unknown_because"]) == (False, ", ".join(DELETIONS), None)


@pytest.mark.parametrize(
    ("statements", "denied"),
    [
        (deny(), True),
        ([deny(Action=action) for action in DELETIONS], True),
        ([deny(Action="backup:DeleteRecoveryPoint"), deny(Action="backup:DeleteBackupVault*")], True),
        (deny(Action="backup:?elete*", Principal={"AWS": ["*"]}), True),
        (deny(Condition=GLASS), True),
        (deny(Condition={**GLASS, "StringNotEquals": {"aws:PrincipalOrgID": "o-a1"}}), False),
        (deny(Condition={"StringNotEquals": {"aws:PrincipalAccount": US}}), False),
        (deny(Condition={"StringNotEquals": {"aws:PrincipalAccount": FRIEND}}), True),
        (deny(Condition={"StringNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{US}:role/*"}}), None),
        (deny(Condition={"ForAllValues:StringNotLike": {"aws:PrincipalTag/team": "x"}}), None),
        (deny(Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}), None),
        ([deny(Resource=f"arn:aws:ec2:eu-west-1::snapshot/{each}*") for each in "ab"], None),
        ([deny(Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}), deny()], True),
        (deny(Principal={"AWS": FRIEND}), False),
        (deny(Principal={"Service": "backup.amazonaws.com"}), False),
        (deny(Action="backup:DeleteRecoveryPoint"), False),
        ("{", None),
    ],
)
def test_denials_are_read_as_iam_reads_them(statements, denied):
    (row,) = told("vault_protection", vault=statements)
    assert row["deletion_denied"] is denied
    assert (row["unknown_because"] is None) == (denied is not None)


def test_exceptions_are_named():
    (row,) = told("vault_protection", vault=deny(Condition=GLASS))
    assert row["exceptions"] == "ArnNotLike aws:PrincipalArn"


def test_each_party_outside_is_told_once_of_each_vault():
    rows = told(
        "vault_access",
        vault=[
            allow({"AWS": [STRANGER, FRIEND, f"arn:aws:iam::{US}:user/u"]}),
            allow({"AWS": f"arn:aws:iam::{STRANGER}:role/r"}, Action=["backup:StartRestoreJob"], Condition=GLASS),
        ],
        other=allow("*", Action="backup:List*"),
        own=allow({"Service": "backup.amazonaws.com"}),
    )
    columns = ("vault_name", "grantee", "open", "copies", "actions")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        ("other", "*", True, False, "backup:List*"),
        ("vault", STRANGER, True, True, "backup:CopyIntoBackupVault"),
    ]


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ({"StringEquals": {"aws:PrincipalOrgID": "o-a1"}}, []),
        ({"StringEquals": {"aws:PrincipalOrgID": ["o-a1", "o-zz"]}}, [None]),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1"}}, [None]),
        ({"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-a1/*"}}, [None]),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1/*"}}, []),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1*"}}, [None]),
        ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{FRIEND}:role/*"}}, []),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}, [None]),
        ({"StringEquals": {"aws:PrincipalAccount": [US, FRIEND]}}, []),
        ({"StringEquals": {"aws:PrincipalAccount": [US, STRANGER]}}, [None]),
    ],
)
def test_conditions_that_keep_to_ours(condition, answer):
    assert [row["open"] for row in told("vault_access", vault=allow("*", Condition=condition))] == answer
