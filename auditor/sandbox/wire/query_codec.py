"""The query protocols: forms in, XML out. EC2's is a dialect of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.wire.messages import HttpAnswer, HttpRequest
from auditor.sandbox.wire.models import modelled_error
from auditor.sandbox.wire.values import FROM_TEXT
from auditor.sandbox.wire.xml_writer import XmlWriter, escape

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
#: Parameters of a form that belong to the protocol or to a signature in the address, not to the operation.
_PROTOCOL = frozenset({"Action", "Version"})

Tree = dict[str, "Tree | str"]


class QueryCodec:
    """Services of the ``query`` protocol, e.g. STS and EC2 Auto Scaling."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._operations = frozenset(model.operation_names)
        self._writer = XmlWriter(self.item_tag)
        self._namespace = model.metadata.get("xmlNamespace", "")

    item_tag = "member"
    #: Error code and sentence for a parameter that cannot be read, and for one that is missing.
    bad_value = ("InvalidParameterValue", "Value ({value}) for parameter {name} is invalid.")
    missing = ("ValidationError", "The request must contain the parameter {name}.")

    def operation(self, request: HttpRequest) -> str:
        """See Codec."""
        name = dict(request.form).get("Action", "")
        if name not in self._operations:
            raise ServiceError("InvalidAction", f"The action {name} is not valid for this web service.", 400)
        return name

    def parse(self, operation: str, request: HttpRequest) -> dict[str, Any]:
        """See Codec."""
        shape = self._model.operation_model(operation).input_shape
        tree = _grow(request.form)
        if shape is None:
            return {}
        parameters: dict[str, Any] = self._structure(shape, tree, "")
        for name in shape.required_members:
            if name not in parameters:
                raise ServiceError(self.missing[0], self.missing[1].format(name=name))
        return parameters

    def answer(self, operation: str, output: Mapping[str, Any], request_id: str) -> HttpAnswer:
        """See Codec."""
        shape = self._model.operation_model(operation).output_shape
        parts = [_HEAD, f'<{operation}Response xmlns="{self._namespace}">']
        if shape is not None:
            wrapper = shape.serialization.get("resultWrapper", f"{operation}Result")
            parts.append(f"<{wrapper}>")
            self._writer.content(shape)(output, parts.append)
            parts.append(f"</{wrapper}>")
        parts.append(f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>")
        return _xml(200, "".join(parts), request_id)

    def refuse(self, error: ServiceError, request_id: str) -> HttpAnswer:
        """See Codec."""
        status = error.status or modelled_error(self._model, error.code)[1]
        fault = "Sender" if status < 500 else "Receiver"
        text = (
            f'{_HEAD}<ErrorResponse xmlns="{self._namespace}"><Error><Type>{fault}</Type>'
            f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return _xml(status, text, request_id)

    # Reading: a form's dotted names grow into a tree, and the shape picks from it what it knows.

    def _name(self, shape: Shape, default: str) -> str:
        name: str = shape.serialization.get("name", default)
        return name

    def _value(self, shape: Shape, node: Tree | str, where: str) -> Any:
        if isinstance(shape, StructureShape):
            return self._structure(shape, _branch(node), where)
        if isinstance(shape, ListShape):
            return self._list(shape, _branch(node), where)
        if isinstance(shape, MapShape):
            return self._map(shape, _branch(node), where)
        try:
            return FROM_TEXT[shape.type_name](node if isinstance(node, str) else "")
        except ValueError:
            code, sentence = self.bad_value
            raise ServiceError(code, sentence.format(value=node, name=where)) from None

    def _structure(self, shape: StructureShape, tree: Tree, where: str) -> dict[str, Any]:
        found = {}
        for name, member in shape.members.items():
            key = self._member_key(member, name)
            if key in tree:
                found[name] = self._value(member, tree[key], f"{where}.{key}" if where else key)
        return found

    def _member_key(self, member: Shape, name: str) -> str:
        if isinstance(member, ListShape) and member.serialization.get("flattened"):
            # A flattened list goes by the name of its items where they have one.
            return self._name(member.member, "") or self._name(member, name)
        return self._name(member, name)

    def _list(self, shape: ListShape, tree: Tree, where: str) -> list[Any]:
        if not shape.serialization.get("flattened"):
            tree = _branch(tree.get(self._name(shape.member, self.item_tag), {}))
        return [self._value(shape.member, node, f"{where}.{index}") for index, node in _numbered(tree)]

    def _map(self, shape: MapShape, tree: Tree, where: str) -> dict[Any, Any]:
        if not shape.serialization.get("flattened"):
            tree = _branch(tree.get("entry", {}))
        key, value = self._name(shape.key, "key"), self._name(shape.value, "value")
        pairs = [(_branch(node), f"{where}.{index}") for index, node in _numbered(tree)]
        return {
            self._value(shape.key, pair.get(key, ""), at): self._value(shape.value, pair.get(value, ""), at)
            for pair, at in pairs
        }


class Ec2Codec(QueryCodec):
    """EC2: capitalised names, every list flat, errors in a shape of their own, no result wrapper."""

    item_tag = "item"
    missing = ("MissingParameter", "The request must contain the parameter {name}")

    def __init__(self, model: ServiceModel) -> None:
        super().__init__(model)
        self._known: dict[str, frozenset[str]] = {}

    def parse(self, operation: str, request: HttpRequest) -> dict[str, Any]:
        """See Codec; EC2 also refuses parameters that it does not know."""
        known = self._known_names(operation)
        for name, _ in request.form:
            if name.partition(".")[0] not in known and not name.startswith("X-Amz-"):
                raise ServiceError("UnknownParameter", f"The parameter {name} is not recognized")
        return super().parse(operation, request)

    def _known_names(self, operation: str) -> frozenset[str]:
        if operation not in self._known:
            shape = self._model.operation_model(operation).input_shape
            names = (self._member_key(member, name) for name, member in shape.members.items()) if shape else ()
            self._known[operation] = _PROTOCOL.union(names)
        return self._known[operation]

    def answer(self, operation: str, output: Mapping[str, Any], request_id: str) -> HttpAnswer:
        """See Codec."""
        shape = self._model.operation_model(operation).output_shape
        parts = [
            _HEAD,
            f'<{operation}Response xmlns="http://ec2.amazonaws.com/doc/{self._model.api_version}/">',
            f"<requestId>{request_id}</requestId>",
        ]
        if shape is None:
            parts.append("<return>true</return>")
        else:
            self._writer.content(shape)(output, parts.append)
        parts.append(f"</{operation}Response>")
        return _xml(200, "".join(parts), request_id)

    def refuse(self, error: ServiceError, request_id: str) -> HttpAnswer:
        """See Codec."""
        text = (
            f"{_HEAD}<Response><Errors><Error><Code>{escape(error.code)}</Code>"
            f"<Message>{escape(error.message)}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
        return _xml(error.status or 400, text, request_id)

    def _name(self, shape: Shape, default: str) -> str:
        traits = shape.serialization
        if "queryName" in traits:
            query_name: str = traits["queryName"]
            return query_name
        name: str = traits.get("name", "")
        return name[0].upper() + name[1:] if name else default

    def _member_key(self, member: Shape, name: str) -> str:
        return self._name(member, name)

    def _list(self, shape: ListShape, tree: Tree, where: str) -> list[Any]:
        return [self._value(shape.member, node, f"{where}.{index}") for index, node in _numbered(tree)]


def _grow(pairs: list[tuple[str, str]]) -> Tree:
    root: Tree = {}
    for name, value in pairs:
        *path, leaf = name.split(".")
        tree = root
        for part in path:
            below = tree.get(part)
            if not isinstance(below, dict):
                below = tree[part] = {}
            tree = below
        tree[leaf] = value
    return root


def _branch(node: Tree | str) -> Tree:
    """The tree below a name; a bare value has none, which is how empty lists travel."""
    return node if isinstance(node, dict) else {}


def _numbered(tree: Tree) -> list[tuple[int, Tree | str]]:
    """Items of a list in the order of their numbers, which forms do not keep."""
    return sorted(((int(key), node) for key, node in tree.items() if key.isdecimal()), key=lambda item: item[0])


def _xml(status: int, text: str, request_id: str) -> HttpAnswer:
    headers = {"Content-Type": "text/xml;charset=UTF-8", "x-amzn-RequestId": request_id}
    return HttpAnswer(status, headers, text.encode("utf-8", "replace"))
