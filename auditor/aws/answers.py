"""Reads EC2's XML answers: the same values as botocore gives, in a fifth of the time.

botocore goes through every member that a shape may have and works out its name on the wire anew for every node; a
page of a thousand snapshots takes it a tenth of a second. Here the nodes that did come are gone through, and what each
tag means is worked out once. Whatever is out of the ordinary is left to botocore.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from xml.etree.ElementTree import Element

from botocore import parsers

#: Makes a value of a node.
Read = Callable[[Any], Any]

#: Traits of members that are read from elsewhere than a node of their own.
ELSEWHERE = ("location", "eventheader", "xmlAttribute")

#: botocore's own, whose inner methods its stubs do not know.
_Theirs: Any = parsers.EC2QueryParser


class Parsers(parsers.ResponseParserFactory):
    """Makes parsers as botocore does; that of EC2 is made once and shared by all clients, for it learns.

    Args:
        defaults: What every parser is made with, such as ``timestamp_parser``.
    """

    def __init__(self, **defaults: Any) -> None:
        super().__init__()
        self.set_parser_defaults(**defaults)
        self._ec2: parsers.ResponseParser = EC2Parser(**defaults)

    def create_parser(self, protocol_name: str) -> parsers.ResponseParser:
        """The parser of a protocol."""
        return self._ec2 if protocol_name == "ec2" else super().create_parser(protocol_name)


class EC2Parser(_Theirs):  # type: ignore[misc]
    """Parses answers in EC2's protocol, which EC2 alone speaks: the name of a shape says which it is."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._structures: dict[str, Read] = {}

    def _parse_shape(self, shape: Any, node: Any) -> Any:
        if shape.type_name == "structure" and not isinstance(node, list):
            return self._reader(shape)(node)
        return super()._parse_shape(shape, node)

    def _reader(self, shape: Any) -> Read:
        """What makes a value of a shape from its node."""
        kind = shape.type_name
        if kind == "structure":
            if shape.name not in self._structures:
                self._structures[shape.name] = self._structure(shape)
            return self._structures[shape.name]
        if kind == "list" and not shape.serialization.get("flattened"):
            return partial(_listed, self._reader(shape.member))
        if kind == "timestamp":
            return partial(_made, self._timestamp_parser)
        if kind in ("integer", "long"):
            return partial(_made, int)
        return {"string": _text, "boolean": _flag}.get(kind) or partial(super()._parse_shape, shape)

    def _structure(self, shape: Any) -> Read:
        slow = partial(super()._handle_structure, shape)
        odd = shape.metadata.get("exception") or shape.is_tagged_union
        if odd or any(trait in member.serialization for member in shape.members.values() for trait in ELSEWHERE):
            return slow
        known = {self._member_key_name(member, name): (name, member) for name, member in shape.members.items()}
        return _Structure(known, self._reader, slow)


class _Structure:
    """Reads a node with a node in it for each member; learns tags as they come, so that shapes may hold themselves."""

    def __init__(self, known: dict[str, tuple[str, Any]], reader: Callable[[Any], Read], slow: Read) -> None:
        self._known = known
        self._reader = reader
        self._slow = slow
        self._tags: dict[str, tuple[str, Read]] = {}

    def __call__(self, node: Element) -> Any:
        parsed: dict[str, Any] = {}
        tags = self._tags
        for child in node:
            tag = child.tag
            if tag not in tags and not self._learn(tag):
                continue
            name, read = tags[tag]
            if name in parsed:
                # The same member twice: what that means is for botocore to say.
                return self._slow(node)
            # Most of what comes is text; without the call for each, a page takes a fifth less.
            parsed[name] = (child.text or "") if read is _text else read(child)
        return parsed

    def _learn(self, tag: str) -> bool:
        member = self._known.get(tag.rpartition("}")[2])
        if member is not None:
            self._tags[tag] = member[0], self._reader(member[1])
        return member is not None


def _listed(read: Read, node: Element) -> list[Any]:
    return [read(item) for item in node]


def _made(make: Callable[[str], Any], node: Element) -> Any:
    return make(node.text or "")


def _text(node: Element) -> str:
    return node.text or ""


def _flag(node: Element) -> bool:
    return node.text == "true"
