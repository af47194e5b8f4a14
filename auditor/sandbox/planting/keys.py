"""The KMS keys that stories use, whom they let in, and what the rules of sharing must make of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auditor.sandbox.model import Row
from auditor.sandbox.planting.keyring import Lets
from auditor.sandbox.planting.names import PARTNER
from auditor.sandbox.planting.plot import Plot

#: What a key must allow for restoring, copying and launching.
USE = ["kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:Decrypt"]
#: The same, as grants call it.
OPERATIONS = [
    "DescribeKey",
    "CreateGrant",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "Decrypt",
]


def new_key(plot: Plot, state: str, manager: str = "CUSTOMER", **more: object) -> str:
    """Plant a key; returns its ARN."""
    key_id = plot.uuid()
    arn = plot.arn("kms", f"key/{key_id}")
    plot.here.kms_keys[arn] = {
        "AWSAccountId": plot.here.account_id,
        "KeyId": key_id,
        "Arn": arn,
        "CreationDate": plot.ago(1500),
        "Enabled": state == "Enabled",
        "Description": "Default key that protects my EBS volumes when no other key is defined",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": state,
        "Origin": "AWS_KMS",
        "KeyManager": manager,
        "MultiRegion": False,
    } | more
    return arn


def shared_key(
    plot: Plot, what: str, lets: Mapping[str, Lets], statements: Sequence[Row], grants: Sequence[Row]
) -> str:
    """Plant a customer key of a story's own.

    Args:
        plot: Where.
        what: Its description.
        lets: Whom it lets in, as the story says; nobody else.
        statements: What its policy says beside letting its own account in.
        grants: Grants on it, as ListGrants names their members; ids and moments are added.
    """
    arn = new_key(plot, "Enabled", Description=what)
    plot.here.key_policies[arn] = policy(plot, statements)
    plot.here.key_grants[arn] = [_grant(plot, arn, grant) for grant in (*grants, _of_a_volume(plot))]
    plot.keys.lets[arn] = dict(lets)
    return arn


def members_and_partner(plot: Plot, arn: str) -> None:
    """Let the whole organisation use a key, and the partner as far as EC2 asks for it."""
    org = {"StringEquals": {"aws:PrincipalOrgID": plot.organisation.organisation_id}}
    through = {"StringEquals": {"kms:ViaService": [f"ec2.{plot.here.name}.amazonaws.com"]}}
    scaling = f"{_iam(plot, plot.here.account_id)}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRole"
    statements = [
        statement("Volumes of groups", {"AWS": [scaling]}, USE),
        statement("Backups", {"Service": "backup.amazonaws.com"}, ["kms:Decrypt", "kms:GenerateDataKey*"]),
        statement("Members", "*", USE, org),
        statement("Partner", {"AWS": PARTNER}, ["kms:Describe*", *USE[2:]], through),
        statement("Volumes of the partner", {"AWS": root(plot, PARTNER)}, "kms:CreateGrant", FOR_VOLUMES),
    ]
    plot.here.key_policies[arn] = policy(plot, statements)
    plot.here.key_grants[arn] = [_grant(plot, arn, _of_a_volume(plot)) for _ in range(3)]
    plot.here.key_readers[arn] = frozenset(plot.organisation.accounts)


#: Grants for AWS's own services alone, as the default policy of the console has it.
FOR_VOLUMES: Row = {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def policy(plot: Plot, statements: Sequence[Row]) -> Row:
    """A key policy that lets the key's account in, and whom the statements say."""
    own = statement("Enable IAM User Permissions", {"AWS": root(plot, plot.here.account_id)}, "kms:*")
    return {"Version": "2012-10-17", "Id": "key-policy", "Statement": [own, *statements]}


def statement(sid: str, principal: Any, actions: Any, condition: Row | None = None, effect: str = "Allow") -> Row:
    """A statement of a key policy."""
    row: Row = {"Sid": sid, "Effect": effect, "Principal": principal, "Action": actions, "Resource": "*"}
    return row if condition is None else {**row, "Condition": condition}


def root(plot: Plot, account_id: str) -> str:
    """The ARN by which policies name an account as a whole."""
    return f"{_iam(plot, account_id)}:root"


def role(plot: Plot, account_id: str, name: str) -> str:
    """The ARN of a role."""
    return f"{_iam(plot, account_id)}:role/{name}"


def _iam(plot: Plot, account_id: str) -> str:
    return f"arn:{plot.organisation.partition}:iam::{account_id}"


def _of_a_volume(plot: Plot) -> Row:
    """The grant that EBS makes for a volume of a running instance."""
    grantee = role(plot, plot.here.account_id, f"aws:ec2-infrastructure/{plot.new('i')}")
    context = {"EncryptionContextSubset": {"aws:ebs:id": plot.new("vol")}}
    return {"GranteePrincipal": grantee, "Operations": ["Decrypt"], "Constraints": context}


def _grant(plot: Plot, arn: str, row: Row) -> Row:
    return {
        "KeyId": arn,
        "GrantId": f"{plot.rng.getrandbits(256):064x}",
        "Name": "",
        "CreationDate": plot.ago(plot.rng.randrange(1, 300)),
        "IssuingAccount": root(plot, plot.here.account_id),
        **row,
    }


def lets(plot: Plot, key: str, grantee: str, *, member: bool) -> Lets:
    """Whether a key lets a grantee use what is under it.

    Args:
        plot: Where.
        key: The key's ARN.
        grantee: Account, or ARN of an organisation or unit.
        member: Whether that is the organisation, a part of it or the partner.
    """
    if key == plot.keys.managed or key in plot.keys.unusable:
        return "no"
    if key.split(":")[4] != plot.here.account_id:
        return "open"
    if key in plot.keys.lets:
        return plot.keys.lets[key].get(grantee, "no")
    return "yes" if member else "no"
