"""The least IAM permissions that a run needs, as a policy and as templates that make the role."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from auditor.aws.collectors import COLLECTORS
from auditor.aws.partition import in_order
from auditor.aws.preflight import preflight
from auditor.errors import ConfigError
from auditor.frames import frame_named

__all__ = [
    "ORGANISATION_ACTIONS",
    "actions_for",
    "caller_policy",
    "collectors_for",
    "policy",
    "preflight",
    "stack_set",
    "terraform",
    "trust_policy",
]

#: What the caller needs in the management account, or in a delegated administrator's, to read a whole organisation.
ORGANISATION_ACTIONS = (
    "organizations:DescribeOrganization",
    "organizations:ListAccounts",
    "organizations:ListParents",
    "organizations:ListTagsForResource",
)

#: Every run asks which regions are enabled.
_ALWAYS = ("ec2:DescribeRegions",)

_POLICY_NAME = "AuditorRead"
_DESCRIPTION = "Reads snapshots, images and backups for auditor; changes nothing"
_SESSION_SECONDS = 3600

_SERVICES = {
    "access-analyzer": "AccessAnalyzer",
    "autoscaling": "AutoScaling",
    "backup": "Backup",
    "cloudtrail": "CloudTrail",
    "dlm": "DataLifecycleManager",
    "ec2": "EC2",
    "imagebuilder": "ImageBuilder",
    "kms": "KMS",
    "organizations": "Organizations",
    "rbin": "RecycleBin",
    "ssm": "SystemsManager",
    "sts": "STS",
}

# "IAM and AWS STS quotas", IAM User Guide, and CreateRole and AssumeRole of the API references.
_ROLE = re.compile(r"(?:[\w+=,.@-]+/)*[\w+=,.@-]{1,64}", re.ASCII)
_PRINCIPAL = re.compile(r"\d{12}|arn:aws[a-z-]*:(?:iam|sts)::\d{12}:[\w+=,.@/-]+", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)


def collectors_for(frames: Iterable[str]) -> tuple[str, ...]:
    """Names of the collectors that fill these frames, wholly or in part, each after those it builds upon.

    Args:
        frames: Frames as rules name them; derived ones stand for what they are derived from.

    Raises:
        InventoryError: There is no such frame.
    """
    wanted = dict.fromkeys(name for frame in frames for name in _filled_by(frame))
    return tuple(collector.name for collector in in_order(COLLECTORS, wanted))


def _filled_by(frame: str) -> tuple[str, ...]:
    declared = frame_named(frame)
    made_of = (*declared.derived_from, *declared.heeds)
    return declared.filled_by + tuple(name for source in made_of for name in _filled_by(source))


def actions_for(frames: Iterable[str]) -> tuple[str, ...]:
    """The IAM actions that reading these frames needs in every account, sorted.

    Raises:
        InventoryError: There is no such frame.
    """
    chosen = set(collectors_for(frames))
    actions = {action for collector in COLLECTORS if collector.name in chosen for action in collector.actions}
    return tuple(sorted(actions.union(_ALWAYS)))


def policy(actions: Iterable[str]) -> dict[str, Any]:
    """An identity policy that allows these actions, one statement a service.

    Few of these actions can be narrowed to resources, and an audit that sees only some of them is none, so every
    statement is for all resources.
    """
    by_service: dict[str, list[str]] = defaultdict(list)
    for action in sorted(set(actions)):
        by_service[action.split(":")[0]].append(action)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": f"Read{_SERVICES[service]}", "Effect": "Allow", "Action": allowed, "Resource": "*"}
            for service, allowed in by_service.items()
        ],
    }


def caller_policy(role: str, *, organisation: bool, partition: str = "aws") -> dict[str, Any]:
    """What the identity that runs auditor needs itself: to assume the role everywhere, and to list the accounts.

    Args:
        role: Name of the role in every account.
        organisation: Whether a whole organisation is read.
        partition: Partition of the accounts.
    """
    assume = {
        "Sid": "AssumeAuditRole",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": f"arn:{partition}:iam::*:role/{role}",
    }
    statements = policy(ORGANISATION_ACTIONS)["Statement"] if organisation else []
    return {"Version": "2012-10-17", "Statement": [assume, *statements]}


def trust_policy(principal: str, external_id: str | None = None, partition: str = "aws") -> dict[str, Any]:
    """Who may assume the role.

    Args:
        principal: ARN of a role or user, or an account id for everybody there whom that account allows it.
        external_id: Must be given when assuming, if any.
        partition: Partition of an account id.

    Raises:
        ConfigError: The principal or the external id is malformed.
    """
    principal = _principal(principal)
    if principal.isdigit():
        principal = f"arn:{partition}:iam::{principal}:root"
    condition = {"StringEquals": {"sts:ExternalId": _external_id(external_id)}} if external_id else None
    return _trust(principal, condition)


def _trust(principal: Any, condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    if condition is not None:
        statement["Condition"] = condition
    return {"Version": "2012-10-17", "Statement": [statement]}


def stack_set(actions: Iterable[str], role: str, principal: str, external_id: str | None = None) -> str:
    """A CloudFormation template that makes the role; deploy it as a StackSet to every account.

    It is written as JSON, which is YAML as well, and needs ``CAPABILITY_NAMED_IAM``.

    Args:
        actions: What the role may do.
        role: Its name, with a path before it if need be; the default of a parameter, as are the others.
        principal: Who may assume it: ARN of a role or user, or an account id.
        external_id: Must be given when assuming, if any.

    Raises:
        ConfigError: The role, the principal or the external id is malformed.
    """
    path, name = _path_and_name(role)
    condition = {
        "Fn::If": [
            "HasExternalId",
            {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}},
            {"Ref": "AWS::NoValue"},
        ]
    }
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": (
            "The role that auditor reads this account with; it changes nothing. "
            "A service-managed StackSet leaves out the management account: deploy it there as a stack."
        ),
        "Parameters": {
            "RoleName": {"Type": "String", "Default": name, "Description": "Name of the role"},
            "Principal": {
                "Type": "String",
                "Default": _principal(principal),
                "Description": "Who may assume it: ARN of a role or user, or an account id",
            },
            "ExternalId": {
                "Type": "String",
                "Default": _external_id(external_id) if external_id else "",
                "Description": "Must be given when assuming the role; empty for none",
            },
        },
        "Conditions": {"HasExternalId": {"Fn::Not": [{"Fn::Equals": [{"Ref": "ExternalId"}, ""]}]}},
        "Resources": {
            "AuditRole": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": {"Ref": "RoleName"},
                    "Path": path,
                    "Description": _DESCRIPTION,
                    "MaxSessionDuration": _SESSION_SECONDS,
                    "AssumeRolePolicyDocument": _trust({"Ref": "Principal"}, condition),
                    "Policies": [{"PolicyName": _POLICY_NAME, "PolicyDocument": policy(actions)}],
                },
            }
        },
        "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["AuditRole", "Arn"]}}},
    }
    return json.dumps(template, indent=2) + "\n"


def terraform(actions: Iterable[str], role: str, principal: str, external_id: str | None = None) -> str:
    """A Terraform module that makes the role; arguments and errors as for :func:`stack_set`."""
    path, name = _path_and_name(role)
    statements = "\n".join(
        f"""  statement {{
    sid = {_hcl(statement["Sid"])}

    actions = [
{_lines(statement["Action"], 6)}
    ]

    resources = ["*"]
  }}"""
        for statement in policy(actions)["Statement"]
    )
    return f"""# The role that auditor reads this account with; it changes nothing.

variable "role_name" {{
  type    = string
  default = {_hcl(name)}
}}

variable "principal" {{
  description = "Who may assume the role: ARN of a role or user, or an account id"
  type        = string
  default     = {_hcl(_principal(principal))}
}}

variable "external_id" {{
  description = "Must be given when assuming the role; null for none"
  type        = string
  default     = {_hcl(_external_id(external_id)) if external_id else "null"}
}}

data "aws_iam_policy_document" "trust" {{
  statement {{
    actions = ["sts:AssumeRole"]
    principals {{
      type        = "AWS"
      identifiers = [var.principal]
    }}
    dynamic "condition" {{
      for_each = var.external_id == null ? [] : [var.external_id]
      content {{
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [condition.value]
      }}
    }}
  }}
}}

data "aws_iam_policy_document" "read" {{
{statements}
}}

resource "aws_iam_role" "auditor" {{
  name                 = var.role_name
  path                 = {_hcl(path)}
  description          = {_hcl(_DESCRIPTION)}
  max_session_duration = {_SESSION_SECONDS}
  assume_role_policy   = data.aws_iam_policy_document.trust.json
}}

resource "aws_iam_role_policy" "read" {{
  name   = {_hcl(_POLICY_NAME)}
  role   = aws_iam_role.auditor.id
  policy = data.aws_iam_policy_document.read.json
}}

output "role_arn" {{
  value = aws_iam_role.auditor.arn
}}
"""


def _lines(texts: Iterable[str], indent: int) -> str:
    return "\n".join(f"{' ' * indent}{_hcl(text)}," for text in texts)


def _hcl(text: str) -> str:
    """A quoted template of HCL that means the text and nothing else ("Strings and Templates", Terraform language)."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return '"' + quoted.replace("\t", "\\t").replace("${", "$${").replace("%{", "%%{") + '"'


def _path_and_name(role: str) -> tuple[str, str]:
    """The IAM path and the name of a role that is given as an ARN, with a path or by name."""
    given = role.split(":role/", 1)[1] if role.startswith("arn:") and ":role/" in role else role.removeprefix("/")
    if not _ROLE.fullmatch(given):
        raise ConfigError(f"{role!r} cannot be the name of a role.", "Use letters, digits and +=,.@_-, at most 64.")
    path, _, name = given.rpartition("/")
    return f"/{path}/" if path else "/", name


def _principal(principal: str) -> str:
    if not _PRINCIPAL.fullmatch(principal):
        raise ConfigError(
            f"{principal!r} is no principal that could assume the role.",
            "Give the ARN of a role or user, or an account id of 12 digits.",
        )
    return principal


def _external_id(external_id: str) -> str:
    if not _EXTERNAL_ID.fullmatch(external_id):
        raise ConfigError(
            f"{external_id!r} cannot be an external id.", "Use 2 to 1224 letters, digits and +=,.@:/_- for it."
        )
    return external_id
