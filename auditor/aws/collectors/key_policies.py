"""Whom the customer keys of what is shared let in: their policies, statement by statement, and their grants.

Only keys that matter are asked about: own ones that AWS does not manage, under which a snapshot is encrypted that is
shared, or that a shared image maps. Keys of other accounts cannot be asked about (AWS KMS API Reference,
``GetKeyPolicy``, "Cross-account use").
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd
from botocore.exceptions import ClientError

from auditor.aws.collector import Collector, Item, Page, Reader, Where, in_pages
from auditor.aws.outcome import error_code, is_refusal, outcome_of
from auditor.aws.shape import Field, shape, table

#: The only name that a key policy can have.
DEFAULT: Final = "default"
#: The largest page of ListGrants.
PAGE: Final = 100

#: The key went away between listing and asking.
_GONE: Final = ("NotFoundException",)

STATEMENT_FIELDS: Mapping[str, Field] = {
    name: name
    for name in (
        "key_arn",
        "statement",
        "sid",
        "effect",
        "principal_type",
        "principal",
        "not_principal",
        "action",
        "not_action",
        "conditions",
    )
}
CONDITION_FIELDS: Mapping[str, Field] = {
    name: name for name in ("key_arn", "statement", "operator", "condition_key", "value")
}
GRANT_FIELDS: Mapping[str, Field] = {
    "key_arn": "Key",
    "grant_id": "GrantId",
    "grantee": "GranteePrincipal",
    "grantee_account_id": lambda item: _account(item.get("GranteePrincipal")),
    "operation": "Operation",
    "constrained": lambda item: bool(item.get("Constraints")),
    "created_at": "CreationDate",
}


def keys_that_matter(reader: Reader) -> list[str]:
    """ARNs of the own customer keys under which something is shared."""
    snapshots, shared = reader.frame("snapshots"), reader.frame("image_shares")["image_id"]
    devices = reader.frame("image_block_devices")
    mapped = devices.loc[devices["image_id"].isin(shared), "snapshot_id"]
    ids = pd.concat([reader.frame("snapshot_shares")["snapshot_id"], mapped], ignore_index=True).dropna()
    arns = snapshots.loc[snapshots["snapshot_id"].isin(ids), "kms_key_arn"].dropna().drop_duplicates()
    known = reader.frame("kms_keys")
    out = known.loc[known["manager"].eq("AWS").fillna(False) | known["state"].eq("NotFound").fillna(False), "key_arn"]
    return [arn for arn in arns[~arns.isin(out)] if _account(arn) == reader.where.account_id]


def get(reader: Reader) -> Iterator[Page]:
    """Items ``{"Key": ARN, "Policy": the document, "Grants": [GrantListEntry, …]}``; no ``Grants`` where refused.

    EBS has a grant for each volume of a running instance; only grants to principals of other accounts are kept.
    """
    mine = reader.where.account_id

    def grants(arn: str) -> list[Item] | None:
        pages = reader.pages("kms", "ListGrants", "Grants", KeyId=arn, Limit=PAGE)
        try:
            held = [grant for page in pages for grant in page]
        except ClientError as error:
            if not is_refusal(error):
                raise
            reader.gap(arn, error_code(error), outcome_of(error).message)
            return None
        return [grant for grant in held if _account(grant.get("GranteePrincipal")) not in (None, mine)]

    def read(arn: str) -> Item:
        policy = reader.call("kms", "GetKeyPolicy", KeyId=arn, PolicyName=DEFAULT).get("Policy")
        return {"Key": arn, "Policy": policy, "Grants": grants(arn)}

    yield from in_pages(item for _, item in reader.each(keys_that_matter(reader), read, drop=_GONE))


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """The documents, and one row for each principal's action, each value of a condition and each granted operation."""
    grants = [
        grant | {"Key": item["Key"], "Operation": operation}
        for item in page
        for grant in item["Grants"] or ()
        for operation in grant.get("Operations") or ()
    ]
    statements: list[Item] = []
    conditions: list[Item] = []
    understood = []
    for item in page:
        try:
            told = _statements(item["Policy"])
        except (TypeError, ValueError, LookupError, AttributeError, RecursionError):  # hostile, or new to us
            understood.append(False)
            continue
        understood.append(True)
        for number, statement in enumerate(told):
            here = {"key_arn": item["Key"], "statement": number}
            tests = [here | test for test in _tests(statement)]
            conditions += tests
            count = len({(test["operator"], test["condition_key"]) for test in tests})
            statements += [here | row | {"conditions": count} for row in _rows(statement)]
    documents = {
        "key_arn": [item["Key"] for item in page],
        "document": [item["Policy"] for item in page],
        "understood": understood,
        "grants_listed": [item["Grants"] is not None for item in page],
    }
    return {
        "key_policies": table("key_policies", where, len(page), documents),
        "key_statements": shape("key_statements", where, statements, STATEMENT_FIELDS),
        "key_conditions": shape("key_conditions", where, conditions, CONDITION_FIELDS),
        "key_grants": shape("key_grants", where, grants, GRANT_FIELDS),
    }


def _statements(document: Any) -> list[Mapping[str, Any]]:
    """The statements of a policy.

    Raises:
        ValueError: It is no policy as IAM's grammar has it.
    """
    told = json.loads(document)["Statement"]
    statements = told if isinstance(told, list) else [told]
    for statement in statements:
        if statement["Effect"] not in ("Allow", "Deny") or not list(_rows(statement)):
            raise ValueError("a statement that says nothing")
        list(_tests(statement))
    return statements


def _rows(statement: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One row for each action of each principal; IAM User Guide, "Grammar of the IAM JSON policy language"."""
    not_principal, not_action = "NotPrincipal" in statement, "NotAction" in statement
    actions = _list(statement["NotAction" if not_action else "Action"])
    for kind, principal in _principals(statement["NotPrincipal" if not_principal else "Principal"]):
        for action in actions:
            yield {
                "sid": statement.get("Sid"),
                "effect": statement["Effect"],
                "principal_type": kind,
                "principal": principal,
                "not_principal": not_principal,
                "action": action,
                "not_action": not_action,
            }


def _principals(told: Any) -> list[tuple[str, str]]:
    if told == "*":
        return [("AWS", "*")]
    return [(kind, each) for kind, principals in told.items() for each in _list(principals)]


def _tests(statement: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for operator, tests in (statement.get("Condition") or {}).items():
        for key, values in tests.items():
            for value in _list(values):
                yield {"operator": operator, "condition_key": key, "value": value}


def _list(told: Any) -> list[str]:
    """One or several values as texts: a flag or a number is written without quotes at times."""
    each = told if isinstance(told, list) else [told]
    return [value if isinstance(value, str) else json.dumps(value) for value in each]


def _account(arn: Any) -> str | None:
    """The account in an ARN; ``None`` for services and what is no ARN."""
    parts = str(arn).split(":")
    return parts[4] if len(parts) > 5 and parts[4].isdigit() else None


COLLECTOR = Collector(
    name="key_policies",
    frames=("key_policies", "key_statements", "key_conditions", "key_grants"),
    actions=("kms:GetKeyPolicy", "kms:ListGrants"),
    get=get,
    transform=transform,
    after=("snapshots",),
    heeds=("snapshot_shares", "image_shares", "images", "kms_keys"),
)
