"""AWS STS: who is calling, and credentials for a role in an account.

Sources: AWS STS API Reference, ``AssumeRole`` (900 seconds to 12 hours, default one hour; ``AccessDenied`` for
everything that the trust policy does not grant, without saying what) and ``GetCallerIdentity``; AWS IAM User Guide,
"Access to AWS accounts owned by third parties" (external id).
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any

from auditor.sandbox import credentials
from auditor.sandbox.errors import ServiceError
from auditor.sandbox.request import Handler, Request

_ROLE = re.compile(r"arn:(?P<partition>[a-z-]+):iam::(?P<account>\d{12}):role/(?:[^:]+/)?(?P<name>[^/:]+)")
_SHORTEST, _LONGEST = 900, 43200


def _unique_id(prefix: str, *parts: str) -> str:
    """An id as IAM gives to roles and users."""
    return prefix + blake2b("/".join(parts).encode(), digest_size=8).hexdigest().upper()


def _check_session(request: Request) -> None:
    if request.session is not None and request.session.expired():
        raise ServiceError("ExpiredToken", "The security token included in the request is expired", 403)


def get_caller_identity(request: Request, params: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - it has none
    """The account and the ARN behind the credentials; needs no permission at all."""
    _check_session(request)
    user_id = _unique_id("AIDA", request.account_id)
    if request.session is not None:
        user_id = f"{_unique_id('AROA', request.account_id, request.session.role)}:{request.session.name}"
    return {"UserId": user_id, "Account": request.account_id, "Arn": request.principal}


def assume_role(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Credentials of a role that every account of the organisation has.

    Raises:
        ServiceError: ``AccessDenied`` when account, role or external id do not fit or the account is not active;
            ``ValidationError`` when the duration or the ARN is out of bounds.
    """
    _check_session(request)
    seconds = params.get("DurationSeconds", 3600)
    if not _SHORTEST <= seconds <= _LONGEST:
        raise ServiceError(
            "ValidationError", f"DurationSeconds {seconds} is not between {_SHORTEST} and {_LONGEST} seconds."
        )
    arn = params["RoleArn"]
    parts = _ROLE.fullmatch(arn)
    if parts is None:
        raise ServiceError("ValidationError", f"{arn} is invalid")
    organisation, account_id, role = request.organisation, parts["account"], parts["name"]
    account = organisation.accounts.get(account_id)
    if (
        parts["partition"] != organisation.partition
        or account is None
        or account.state != "ACTIVE"
        or role not in organisation.roles
        or organisation.roles[role] not in (None, params.get("ExternalId"))
    ):
        message = f"User: {request.principal} is not authorized to perform: sts:AssumeRole on resource: {arn}"
        raise ServiceError("AccessDenied", message, 403)
    session = params["RoleSessionName"]
    return {
        "Credentials": credentials.mint(account_id, role, session, seconds),
        "AssumedRoleUser": {
            "AssumedRoleId": f"{_unique_id('AROA', account_id, role)}:{session}",
            "Arn": f"arn:{organisation.partition}:sts::{account_id}:assumed-role/{role}/{session}",
        },
    }


HANDLERS: dict[str, Handler] = {"GetCallerIdentity": get_caller_identity, "AssumeRole": assume_role}
