"""REST with JSON bodies: the operation lies in the method and path, parameters everywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, unquote

from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.wire.json_codec import JsonShapes, apply, checked, json_error, read_body
from auditor.sandbox.wire.messages import HttpAnswer, HttpRequest
from auditor.sandbox.wire.values import FROM_TEXT, timestamp_writer

_LABEL = re.compile(r"\{([^}]+)\}")
_CONTENT_TYPE = "application/json"


@dataclass(frozen=True)
class _Route:
    """One operation's method and path.

    Attributes:
        labels: Names of the path's labels, in the order of the pattern's groups.
        flags: Names that must be in the query string, for operations that share a path.
        weight: The more literal text, the earlier a route is tried.
    """

    operation: str
    pattern: re.Pattern[str]
    labels: tuple[str, ...]
    flags: frozenset[str]
    weight: tuple[int, int]


class RestJsonCodec:
    """Services of the ``rest-json`` protocol, e.g. Data Lifecycle Manager, Backup and EBS direct."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._reading = JsonShapes(reading=True)
        self._writing = JsonShapes(reading=False)
        self._routes: dict[str, list[_Route]] = {}
        self._by_operation: dict[str, _Route] = {}
        for name in model.operation_names:
            http = model.operation_model(name).http
            route = self._by_operation[name] = _route(name, http["requestUri"])
            self._routes.setdefault(http["method"], []).append(route)
        for routes in self._routes.values():
            routes.sort(key=lambda route: route.weight, reverse=True)
        self._find = lru_cache(maxsize=1024)(self._search)

    def operation(self, request: HttpRequest) -> str:
        """See Codec."""
        name = self._find(request.method, request.path, frozenset(request.arguments))
        if name is None:
            raise ServiceError(
                "UnknownOperationException", f"No operation answers {request.method} {request.path}.", 404
            )
        return name

    def _search(self, method: str, path: str, flags: frozenset[str]) -> str | None:
        for route in self._routes.get(method, ()):
            if route.flags <= flags and route.pattern.fullmatch(path):
                return route.operation
        return None

    def parse(self, operation: str, request: HttpRequest) -> dict[str, Any]:
        """See Codec."""
        shape = self._model.operation_model(operation).input_shape
        if shape is None:
            return {}
        route = self._by_operation[operation]
        matched = route.pattern.fullmatch(request.path)
        labels = dict(zip(route.labels, matched.groups(), strict=True)) if matched else {}
        query = request.arguments
        parameters: dict[str, Any] = {}
        for name, member in shape.members.items():
            key = member.serialization.get("name", name)
            match member.serialization.get("location"):
                case "uri" if key in labels:
                    parameters[name] = _read(member, unquote(labels[key]), key)
                case "querystring" if member.type_name == "map":
                    parameters[name] = {key: values[0] for key, values in query.items() if key not in route.flags}
                case "querystring" if key in query:
                    parameters[name] = _read_query(member, query[key], key)
                case "header" if key.lower() in request.headers:
                    parameters[name] = _read_header(member, request.headers[key.lower()], key)
                case "headers":
                    parameters[name] = _prefixed(request.headers, key.lower())
        parameters |= self._read_payload(shape, request.body)
        return checked(shape, parameters)

    def _read_payload(self, shape: StructureShape, body: bytes) -> dict[str, Any]:
        payload = shape.serialization.get("payload")
        if payload is None:
            return dict(apply(self._reading.body(shape), read_body(body)))
        member = shape.members[payload]
        if not body and payload not in shape.required_members:
            return {}
        if member.type_name == "blob":
            return {payload: body}
        if member.type_name == "string":
            return {payload: body.decode("utf-8", "replace")}
        return {payload: apply(self._reading.convert(member), read_body(body))}

    def answer(self, operation: str, output: Mapping[str, Any], request_id: str) -> HttpAnswer:
        """See Codec."""
        model = self._model.operation_model(operation)
        answer = HttpAnswer(
            model.http.get("responseCode", 200), {"Content-Type": _CONTENT_TYPE, "x-amzn-RequestId": request_id}, b""
        )
        shape = model.output_shape
        if shape is None:
            return answer
        for name, member in shape.members.items():
            value = output.get(name)
            if value is None:
                continue
            key = member.serialization.get("name", name)
            match member.serialization.get("location"):
                case "statusCode":
                    answer.status = int(value)
                case "header":
                    answer.headers[key] = _write_header(member, value)
                case "headers":
                    answer.headers |= {key + suffix: str(item) for suffix, item in value.items()}
        answer.body = self._payload(shape, model, output, answer)
        return answer

    def _payload(
        self, shape: StructureShape, model: OperationModel, output: Mapping[str, Any], answer: HttpAnswer
    ) -> bytes:
        payload = shape.serialization.get("payload")
        if payload is None:
            return json.dumps(self._writing.body(shape)(output)).encode()
        member, value = shape.members[payload], output.get(payload)
        if member.type_name in ("blob", "string"):
            answer.headers["Content-Type"] = "application/octet-stream" if model.has_streaming_output else _CONTENT_TYPE
            return value.encode() if isinstance(value, str) else bytes(value or b"")
        convert = self._writing.convert(member)
        return json.dumps(convert(value) if convert and value is not None else value or {}).encode()

    def refuse(self, error: ServiceError, request_id: str) -> HttpAnswer:
        """See Codec."""
        return json_error(self._model, error, request_id, _CONTENT_TYPE)


def _route(operation: str, template: str) -> _Route:
    path, _, query = template.partition("?")
    labels = _LABEL.findall(path)
    literals = _LABEL.split(path)[::2]
    pattern = re.escape(literals[0])
    for label, literal in zip(labels, literals[1:], strict=True):
        pattern += ("(.+)" if label.endswith("+") else "([^/]+)") + re.escape(literal)
    return _Route(
        operation,
        re.compile(pattern),
        tuple(label.rstrip("+") for label in labels),
        frozenset(parse_qs(query, keep_blank_values=True)),
        (len(parse_qs(query, keep_blank_values=True)), sum(map(len, literals))),
    )


def _prefixed(headers: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name[len(prefix) :]: value for name, value in headers.items() if name.startswith(prefix)}


def _read(shape: Shape, text: str, name: str) -> Any:
    try:
        return FROM_TEXT[shape.type_name](text)
    except ValueError:
        raise ServiceError("ValidationException", f"Value '{text}' at '{name}' is invalid.", 400) from None


def _read_query(shape: Shape, values: list[str], name: str) -> Any:
    if isinstance(shape, ListShape):
        return [_read(shape.member, value, name) for value in values]
    return _read(shape, values[0], name)


def _read_header(shape: Shape, text: str, name: str) -> Any:
    if isinstance(shape, ListShape):
        return [_read(shape.member, value.strip(), name) for value in text.split(",")]
    return _read(shape, text, name)


def _write_header(shape: Shape, value: Any) -> str:
    if isinstance(shape, ListShape):
        return ",".join(_write_header(shape.member, item) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return str(timestamp_writer(shape.serialization.get("timestampFormat", "rfc822"))(value))
    return str(value)
