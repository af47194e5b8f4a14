"""What goes over the wire, free of any server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import parse_qs, parse_qsl

from auditor.sandbox.errors import ServiceError


@dataclass(frozen=True)
class HttpRequest:
    """One HTTP request.

    Attributes:
        path: As it came, still percent-encoded.
        query: As it came, without the question mark.
        headers: Values by lower-case name.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @cached_property
    def arguments(self) -> dict[str, list[str]]:
        """The query string's values by name."""
        return parse_qs(self.query, keep_blank_values=True)

    @cached_property
    def form(self) -> list[tuple[str, str]]:
        """The names and values of a form in the body, or in the query string where there is no body."""
        return parse_qsl(self.body.decode("utf-8", "replace") if self.body else self.query, keep_blank_values=True)


@dataclass(slots=True)
class HttpAnswer:
    """One HTTP answer; the server adds the length and the date."""

    status: int
    headers: dict[str, str]
    body: bytes


class Codec(Protocol):
    """One service in its protocol: requests in, answers out."""

    def operation(self, request: HttpRequest) -> str:
        """The operation that is asked for; raises ServiceError when the service has no such thing."""

    def parse(self, operation: str, request: HttpRequest) -> dict[str, Any]:
        """The parameters as botocore names them; raises ServiceError when they cannot be read."""

    def answer(self, operation: str, output: Mapping[str, Any], request_id: str) -> HttpAnswer:
        """The output's members as an answer; members that the model does not know are left out."""

    def refuse(self, error: ServiceError, request_id: str) -> HttpAnswer:
        """An error answer."""
