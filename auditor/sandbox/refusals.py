"""The errors that AWS itself answers, before any service looks at the request, as each protocol words them.

Sources: Amazon EC2 API Reference, "Error codes"; AWS IAM User Guide, "Troubleshoot access denied error messages";
common errors of the API references of STS, EC2 Auto Scaling, Systems Manager, KMS, Organizations, DLM, Backup,
Recycle Bin and EBS direct.
"""

from __future__ import annotations

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.request import Request
from auditor.sandbox.wire.models import service_model

#: IAM's prefix of actions where it is not the name that the service signs with.
_IAM_PREFIXES = {"accessanalyzer": "access-analyzer"}
#: Services whose throttling has a name of its own.
_THROTTLES = {
    "ebs": ("RequestThrottledException", 400),
    "organizations": ("TooManyRequestsException", 400),
    "imagebuilder": ("TooManyRequestsException", 429),
}
_NOT_VALIDATED = "AWS was not able to validate the provided access credentials"
_INVALID_TOKEN = "The security token included in the request is invalid."  # noqa: S105 - a sentence
_EXPIRED = "The security token included in the request is expired"


def _pick(service: str, **by_protocol: tuple[str, int, str]) -> ServiceError:
    protocol = service_model(service).resolved_protocol.replace("-", "_")
    code, status, message = by_protocol.get(protocol) or by_protocol["json"]
    return ServiceError(code, message, status)


def throttled(service: str) -> ServiceError:
    """Too many requests for now."""
    if service in _THROTTLES:
        code, status = _THROTTLES[service]
        return ServiceError(code, "Rate exceeded", status)
    return _pick(
        service,
        ec2=("RequestLimitExceeded", 503, "Request limit exceeded."),
        query=("Throttling", 400, "Rate exceeded"),
        json=("ThrottlingException", 400, "Rate exceeded"),
        rest_json=("ThrottlingException", 429, "Rate exceeded"),
    )


def denied(request: Request) -> ServiceError:
    """No policy allows the action."""
    action = f"{_IAM_PREFIXES.get(request.service, request.service)}:{request.operation}"
    who = (
        f"User: {request.principal} is not authorized to perform: {action} "
        f"because no identity-based policy allows the {action} action"
    )
    return _pick(
        request.service,
        ec2=("UnauthorizedOperation", 403, f"You are not authorized to perform this operation. {who}"),
        query=("AccessDenied", 403, who),
        json=("AccessDeniedException", 400, who),
        rest_json=("AccessDeniedException", 403, who),
    )


def unknown_credentials(service: str) -> ServiceError:
    """Credentials that mean nothing here: nobody made them, or the Region is not opted in to."""
    return _pick(
        service,
        ec2=("AuthFailure", 401, _NOT_VALIDATED),
        query=("InvalidClientTokenId", 403, _INVALID_TOKEN),
        json=("UnrecognizedClientException", 400, _INVALID_TOKEN),
        rest_json=("UnrecognizedClientException", 403, _INVALID_TOKEN),
    )


def expired(service: str) -> ServiceError:
    """Temporary credentials whose time is over."""
    return _pick(
        service,
        ec2=("RequestExpired", 400, "Request has expired."),
        query=("ExpiredToken", 403, _EXPIRED),
        json=("ExpiredTokenException", 400, _EXPIRED),
        rest_json=("ExpiredTokenException", 403, _EXPIRED),
    )


def broken(service: str) -> ServiceError:
    """Something went wrong on the service's side."""
    sentence = "An internal error has occurred"
    return _pick(
        service,
        ec2=("InternalError", 500, sentence),
        query=("InternalFailure", 500, sentence),
        json=("InternalServerError", 500, sentence),
        rest_json=("InternalServerException", 500, sentence),
    )


def unanswered(service: str, operation: str) -> ServiceError:
    """An operation that AWS has and the sandbox has not."""
    sentence = f"The sandbox does not answer {service}:{operation}."
    return _pick(
        service,
        ec2=("InvalidAction", 400, sentence),
        query=("InvalidAction", 400, sentence),
        json=("UnknownOperationException", 400, sentence),
        rest_json=("UnknownOperationException", 404, sentence),
    )


def gone(identifier: str) -> ServiceError:
    """A resource that is no longer there, in EC2's words."""
    code, kind = {
        "snap": ("InvalidSnapshot.NotFound", "snapshot"),
        "ami": ("InvalidAMIID.NotFound", "image id"),
        "vol": ("InvalidVolume.NotFound", "volume"),
        "i": ("InvalidInstanceID.NotFound", "instance ID"),
    }.get(identifier.partition("-")[0], ("InvalidParameterValue", "value"))
    return ServiceError(code, f"The {kind} '{identifier}' does not exist.", 400)
