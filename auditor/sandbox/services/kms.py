"""KMS: what the keys of snapshots, images and volumes are worth.

Sources: AWS KMS API Reference, ``DescribeKey`` (an id, an ARN or an alias; keys of other accounts only by ARN and only
where their policy allows it, otherwise ``AccessDeniedException``), ``ListAliases`` (``alias/aws/ebs`` stands for the
key that AWS manages), ``ListKeys``, ``ListGrants``; all three page with ``Limit``, ``Marker`` and ``NextMarker``.
``GetKeyPolicy`` ("Cross-account use: No"; the policy's only name is ``default``; no aliases).
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Row
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services.paging import Pager, answer, ordered

_EBS = "alias/aws/ebs"
_KEYS = Pager(
    default=100,
    size="Limit",
    token="Marker",  # noqa: S106 - the name of a parameter
    bad_size="ValidationException",
    bad_token="InvalidMarkerException",  # noqa: S106 - an error code
)
_ALIASES = replace(_KEYS, high=100, default=50)
_GRANTS = replace(_KEYS, high=100, default=50)
_DEFAULT = "default"


def _arn(request: Request, resource: str) -> str:
    return f"arn:{request.organisation.partition}:kms:{request.region}:{request.account_id}:{resource}"


def _aliases(request: Request) -> dict[str, str]:
    """Alias to key ARN: the one that AWS makes for EBS."""
    managed = (arn for arn, row in request.here.kms_keys.items() if row.get("KeyManager") == "AWS")
    arn = next(managed, None)
    return {} if arn is None else {_EBS: arn}


def _own_arn(request: Request, key: str) -> str:
    """The ARN of the key that an id, an ARN or an alias of either kind means."""
    if key.startswith("arn:"):
        parts = key.split(":", 5)
        if len(parts) != 6 or parts[3] != request.region:
            raise ServiceError("NotFoundException", f"Invalid arn {key}")
        if parts[4] != request.account_id:
            raise _denied(request, key)
        key = parts[5]
    if key.startswith("alias/"):
        found = _aliases(request).get(key)
        if found is None:
            raise ServiceError("NotFoundException", f"Alias {_arn(request, key)} is not found.")
        return found
    return _arn(request, f"key/{key.removeprefix('key/')}")


def _denied(request: Request, key: str) -> ServiceError:
    message = (
        f"User: {request.principal} is not authorized to perform: kms:{request.operation} on the resource {key} "
        "because the resource does not exist in this Region, no resource-based policies allow access, or a "
        "resource-based policy explicitly denies access"
    )
    return ServiceError("AccessDeniedException", message)


def _foreign(request: Request, key: str) -> Row | None:
    """Another account's key in this Region, where its policy lets the caller describe it."""
    parts = key.split(":", 5)
    if len(parts) != 6 or parts[3] != request.region or parts[4] == request.account_id:
        return None
    there = request.organisation.places.get((parts[4], request.region))
    if there is None or request.account_id not in there.key_readers.get(key, ()):
        return None
    return there.kms_keys.get(key)


def describe_key(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """One key of the caller's own, or one whose policy lets the caller describe it.

    Raises:
        ServiceError: ``NotFoundException`` for what is gone, ``AccessDeniedException`` for what another account keeps
            to itself.
    """
    foreign = _foreign(request, params["KeyId"])
    if foreign is not None:
        return {"KeyMetadata": foreign}
    return {"KeyMetadata": request.here.kms_keys[_held(request, params["KeyId"])]}


def _held(request: Request, key: str) -> str:
    """The ARN of one of the caller's own keys that is there."""
    arn = _own_arn(request, key)
    if arn not in request.here.kms_keys:
        raise ServiceError("NotFoundException", f"Key '{arn}' does not exist")
    return arn


def _page(request: Request, params: dict[str, Any], pager: Pager, key: str, rows: list[Row]) -> dict[str, Any]:
    page, token = pager.cut(request, params, rows)
    return {**answer(key, page, token, token_key="NextMarker"), "Truncated": token is not None}  # noqa: S106


def list_aliases(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The aliases of the caller's keys."""
    wanted = _own_arn(request, params["KeyId"]) if params.get("KeyId") else None
    rows = [
        {"AliasName": alias, "AliasArn": _arn(request, alias), "TargetKeyId": arn.rpartition("/")[2]}
        for alias, arn in _aliases(request).items()
        if wanted in (None, arn)
    ]
    return _page(request, params, _ALIASES, "Aliases", rows)


def list_keys(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The caller's keys in every state."""
    rows = [{"KeyId": arn.rpartition("/")[2], "KeyArn": arn} for arn in ordered(request.here.kms_keys)]
    return _page(request, params, _KEYS, "Keys", rows)


def get_key_policy(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The policy of one of the caller's own keys: the one planted, or the one that KMS gives a key without.

    Raises:
        ServiceError: ``NotFoundException`` for a key or a policy that is not there, ``AccessDeniedException`` for
            another account's key.
    """
    if "alias/" in params["KeyId"]:
        raise ServiceError("InvalidArnException", f"Invalid keyId {params['KeyId']}")
    arn = _held(request, params["KeyId"])
    if params.get("PolicyName", _DEFAULT) != _DEFAULT:
        raise ServiceError("NotFoundException", "No such policy exists")
    root = {"AWS": f"arn:{request.organisation.partition}:iam::{request.account_id}:root"}
    statement = {"Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": root, "Action": "kms:*"}
    usual = {"Version": "2012-10-17", "Id": "key-default-1", "Statement": [{**statement, "Resource": "*"}]}
    policy = request.here.key_policies.get(arn, usual)
    return {"Policy": json.dumps(policy, indent=2), "PolicyName": _DEFAULT}


def list_grants(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The grants on one of the caller's own keys, one of them or those to one principal.

    Raises:
        ServiceError: As for :func:`get_key_policy`; ``ValidationException`` for two filters at once.
    """
    arn = _held(request, params["KeyId"])
    filters = {name: params[name] for name in ("GrantId", "GranteePrincipal") if params.get(name)}
    if len(filters) > 1:
        raise ServiceError("ValidationException", "GrantId and GranteePrincipal exclude each other")
    rows = [
        row
        for row in request.here.key_grants.get(arn, [])
        if all(row.get(name) == value for name, value in filters.items())
    ]
    return _page(request, params, _GRANTS, "Grants", rows)


HANDLERS: dict[str, Handler] = {
    "DescribeKey": describe_key,
    "GetKeyPolicy": get_key_policy,
    "ListAliases": list_aliases,
    "ListGrants": list_grants,
    "ListKeys": list_keys,
}
