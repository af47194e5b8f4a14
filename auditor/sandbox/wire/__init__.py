"""The wire protocols of AWS, both ways, from botocore's own service models.

Nothing here knows any operation: requests are parsed and answers are shaped by walking the shapes that botocore
ships, so what one side writes the other reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from botocore.model import ServiceModel

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.wire.json_codec import JsonCodec, json_error
from auditor.sandbox.wire.messages import Codec, HttpAnswer, HttpRequest
from auditor.sandbox.wire.models import service_model
from auditor.sandbox.wire.query_codec import Ec2Codec, QueryCodec
from auditor.sandbox.wire.rest_codec import RestJsonCodec

__all__ = [
    "Codec",
    "HttpAnswer",
    "HttpRequest",
    "Scope",
    "codec_for",
    "guessed_refusal",
    "read_scope",
    "services_by_signing_name",
]

_PROTOCOLS: dict[str, Callable[[ServiceModel], Codec]] = {
    "ec2": Ec2Codec,
    "query": QueryCodec,
    "json": JsonCodec,
    "rest-json": RestJsonCodec,
}
_CREDENTIAL = re.compile(r"Credential=([^,\s]+)")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signature says about a request: who signs, for which region and which service."""

    access_key: str
    region: str
    signing_name: str


def read_scope(request: HttpRequest) -> Scope:
    """The scope of a SigV4 signature in the header or the address; raises ServiceError for unsigned requests."""
    found = _CREDENTIAL.search(request.headers.get("authorization", ""))
    credential = found[1] if found else next(iter(request.arguments.get("X-Amz-Credential", [])), "")
    parts = credential.rsplit("/", 4)
    if len(parts) != 5:
        raise ServiceError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    return Scope(parts[0], parts[2], parts[3])


@lru_cache(maxsize=64)
def codec_for(service: str) -> Codec:
    """The codec of a service; raises ServiceError for protocols that are not spoken here."""
    model = service_model(service)
    protocol = model.resolved_protocol
    if protocol not in _PROTOCOLS:
        raise ServiceError("InvalidAction", f"The sandbox does not speak {protocol}, the protocol of {service}.", 400)
    return _PROTOCOLS[protocol](model)


def services_by_signing_name(services: Iterable[str]) -> dict[str, list[str]]:
    """Services by the name that they sign with; some names belong to more than one service."""
    names: dict[str, list[str]] = {}
    for service in services:
        names.setdefault(service_model(service).signing_name, []).append(service)
    return names


def guessed_refusal(request: HttpRequest, error: ServiceError, request_id: str) -> HttpAnswer:
    """An error answer where the service is not known, in the protocol that the request looks like."""
    if b"Action=" in request.body or "Action=" in request.query:
        return QueryCodec(service_model("sts")).refuse(error, request_id)
    target = "x-amz-target" in request.headers
    return json_error(None, error, request_id, "application/x-amz-json-1.1" if target else "application/json")
