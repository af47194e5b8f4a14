"""The JSON protocols that name the operation in a header: ``json`` 1.0 and 1.1."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from threading import RLock
from typing import Any

from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.wire.messages import HttpAnswer, HttpRequest
from auditor.sandbox.wire.models import modelled_error
from auditor.sandbox.wire.values import read_blob, read_timestamp, timestamp_writer, write_blob, write_number

Convert = Callable[[Any], Any]


class JsonShapes:
    """Compiles shapes into functions between botocore's values and what JSON can hold.

    A shape that needs no conversion compiles to None, so that whole lists of strings are passed on as they are.

    Args:
        reading: From JSON to values, or the other way round.
    """

    def __init__(self, *, reading: bool) -> None:
        self._reading = reading
        self._made: dict[tuple[str, str], Convert | None] = {}
        self._bodies: dict[str, Convert] = {}
        # nobody may use what stands in for a shape before it is compiled, and requests come side by side
        self._lock = RLock()

    def convert(self, shape: Shape) -> Convert | None:
        """The function for a shape; None where values are the same on both sides."""
        key = (shape.name, shape.serialization.get("timestampFormat", ""))
        with self._lock:
            if key not in self._made:
                # Stands in while a shape that contains itself is compiled.
                self._made[key] = lambda value: self._late(key, value)
                self._made[key] = self._compile(shape)
            return self._made[key]

    def _late(self, key: tuple[str, str], value: Any) -> Any:
        made = self._made[key]
        return made(value) if made else value

    def _compile(self, shape: Shape) -> Convert | None:
        if isinstance(shape, StructureShape):
            return None if shape.is_document_type else self._members(shape.members)
        if isinstance(shape, ListShape):
            return _each(self.convert(shape.member))
        if isinstance(shape, MapShape):
            return _each_value(self.convert(shape.value))
        match shape.type_name:
            case "timestamp":
                written = timestamp_writer(shape.serialization.get("timestampFormat", "unixtimestamp"))
                return read_timestamp if self._reading else written
            case "blob":
                return read_blob if self._reading else write_blob
            case "float" | "double":
                return float if self._reading else write_number
        return None

    def body(self, shape: StructureShape) -> Convert:
        """The function for those members of a structure that travel in the body."""
        with self._lock:
            if shape.name not in self._bodies:
                members = {
                    name: member for name, member in shape.members.items() if "location" not in member.serialization
                }
                self._bodies[shape.name] = self._members(members)
            return self._bodies[shape.name]

    def _members(self, members: Mapping[str, Shape]) -> Convert:
        """Unknown members and those without a value are left out."""
        table: dict[str, tuple[str, Convert | None]] = {}
        for name, member in members.items():
            wire_name = member.serialization.get("name", name)
            before, after = (wire_name, name) if self._reading else (name, wire_name)
            table[before] = (after, self.convert(member))
        find = table.get

        def convert(value: Mapping[str, Any]) -> dict[str, Any]:
            result = {}
            for name, item in value.items():
                if item is not None and (known := find(name)) is not None:
                    after, inner = known
                    result[after] = item if inner is None else inner(item)
            return result

        return convert


def _each(inner: Convert | None) -> Convert | None:
    return None if inner is None else lambda value: [None if item is None else inner(item) for item in value]


def _each_value(inner: Convert | None) -> Convert | None:
    return None if inner is None else lambda value: {key: inner(item) for key, item in value.items()}


class JsonCodec:
    """Services of the ``json`` protocol, e.g. Organizations, Systems Manager and KMS."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._operations = frozenset(model.operation_names)
        self._content_type = f"application/x-amz-json-{model.metadata.get('jsonVersion', '1.1')}"
        self.reading = JsonShapes(reading=True)
        self.writing = JsonShapes(reading=False)

    def operation(self, request: HttpRequest) -> str:
        """See Codec."""
        prefix, _, name = request.headers.get("x-amz-target", "").rpartition(".")
        if prefix != self._model.metadata.get("targetPrefix") or name not in self._operations:
            raise ServiceError("UnknownOperationException", f"Unknown operation {name}".rstrip(), 400)
        return name

    def parse(self, operation: str, request: HttpRequest) -> dict[str, Any]:
        """See Codec."""
        shape = self._model.operation_model(operation).input_shape
        body = read_body(request.body)
        return {} if shape is None else checked(shape, apply(self.reading.convert(shape), body))

    def answer(self, operation: str, output: Mapping[str, Any], request_id: str) -> HttpAnswer:
        """See Codec."""
        shape = self._model.operation_model(operation).output_shape
        convert = self.writing.convert(shape) if shape else None
        # Operations without an output answer with no body at all.
        body = json.dumps(convert(output)).encode() if convert else b""
        return HttpAnswer(200, {"Content-Type": self._content_type, "x-amzn-RequestId": request_id}, body)

    def refuse(self, error: ServiceError, request_id: str) -> HttpAnswer:
        """See Codec."""
        return json_error(self._model, error, request_id, self._content_type)


def json_error(model: ServiceModel | None, error: ServiceError, request_id: str, content_type: str) -> HttpAnswer:
    """An error answer of the JSON protocols, with the message under the name that the error's shape gives it."""
    shape, status = modelled_error(model, error.code) if model else (None, 400)
    message = "Message" if shape is not None and "Message" in shape.members else "message"
    headers = {"Content-Type": content_type, "x-amzn-RequestId": request_id, "x-amzn-ErrorType": error.code}
    return HttpAnswer(
        error.status or status, headers, json.dumps({"__type": error.code, message: error.message}).encode()
    )


def read_body(body: bytes) -> dict[str, Any]:
    """A JSON object; raises ServiceError for anything else. No body is an empty object."""
    if not body:
        return {}
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ServiceError("SerializationException", "The body is not a JSON object.", 400)
    return value


def apply(convert: Convert | None, value: Any) -> Any:
    """A converted value; raises ServiceError when it has not the type that the shape wants."""
    try:
        return value if convert is None else convert(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise ServiceError("SerializationException", f"A value has the wrong type: {error}.", 400) from None


def checked(shape: StructureShape, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters, when everything that is required is among them; raises ServiceError otherwise."""
    missing = [name for name in shape.required_members if name not in parameters]
    if missing:
        raise ServiceError("ValidationException", f"Value null at '{missing[0]}' failed: Member must not be null", 400)
    return parameters
