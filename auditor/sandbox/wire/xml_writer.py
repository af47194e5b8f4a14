"""Answers in XML: one closure for every shape, compiled when it is first needed.

A closure appends strings to a list; nothing builds a tree. A page of a thousand snapshots is some thirty thousand
elements, so what runs for each of them is kept to one call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from auditor.sandbox.wire.values import timestamp_writer, write_blob

Append = Callable[[str], None]
Write = Callable[[Any, Append], None]

# Characters that XML 1.0 cannot carry at all become the replacement character. A carriage return has to be
# escaped, or parsers read it as a line feed.
_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


def escape(text: str) -> str:
    """Text for the inside of an element."""
    return _SPECIAL.sub(lambda found: _ESCAPES.get(found[0], "\ufffd"), text)


class XmlWriter:
    """Compiles shapes into functions that write elements.

    Args:
        item_tag: The tag of list items whose shape does not name one.
    """

    def __init__(self, item_tag: str = "member") -> None:
        self._item_tag = item_tag
        self._elements: dict[tuple[str, ...], Write] = {}
        self._contents: dict[str, Write] = {}
        self._compiling = Lock()

    def content(self, shape: StructureShape) -> Write:
        """A function that writes the members of a structure, without an element around them."""
        made = self._contents.get(shape.name)
        if made is None:
            # one thread compiles at a time: another must not write by what stands in for a shape half compiled
            with self._compiling:
                made = self._contents.get(shape.name) or self._members(shape)
                self._contents[shape.name] = made
        return made

    def _element(self, shape: Shape, tag: str) -> Write:
        traits = shape.serialization
        key = (shape.name, tag, str(traits.get("flattened")), traits.get("timestampFormat", ""))
        made = self._elements.get(key)
        if made is None:
            # Stands in while a shape that contains itself is compiled.
            self._elements[key] = lambda value, append: self._elements[key](value, append)
            made = self._elements[key] = self._compile(shape, tag)
        return made

    def _compile(self, shape: Shape, tag: str) -> Write:
        if isinstance(shape, StructureShape):
            return _wrapped(tag, self._members(shape))
        if isinstance(shape, ListShape):
            return self._list(shape, tag)
        if isinstance(shape, MapShape):
            return self._map(shape, tag)
        return _scalar(shape, tag)

    def _members(self, shape: StructureShape) -> Write:
        table: dict[str, tuple[str, str, Write | None]] = {}
        for name, member in shape.members.items():
            tag = member.serialization.get("name", name)
            put = None if _is_text(member) else self._element(member, tag)
            table[name] = (f"<{tag}>", f"</{tag}>", put)
        find = table.get

        def write(value: Mapping[str, Any], append: Append) -> None:
            for name, item in value.items():
                known = find(name)
                if known is None or item is None:
                    continue
                start, end, put = known
                if put is not None:
                    put(item, append)
                # Most elements are text, so text is written here and not one call further down. This way of
                # looking for the characters in question is the quickest there is in Python.
                elif item.isprintable() and not ("&" in item or "<" in item or ">" in item):
                    append(start + item + end)
                else:
                    append(start + escape(item) + end)

        return write

    def _list(self, shape: ListShape, tag: str) -> Write:
        flattened = shape.serialization.get("flattened")
        item_tag = shape.member.serialization.get("name") or (tag if flattened else self._item_tag)
        put = self._element(shape.member, item_tag)

        def write(value: list[Any], append: Append) -> None:
            for item in value:
                if item is not None:
                    put(item, append)

        return write if flattened else _wrapped(tag, write)

    def _map(self, shape: MapShape, tag: str) -> Write:
        flattened = shape.serialization.get("flattened")
        entry = tag if flattened else "entry"
        put_key = self._element(shape.key, shape.key.serialization.get("name", "key"))
        put_value = self._element(shape.value, shape.value.serialization.get("name", "value"))

        def write(value: Mapping[str, Any], append: Append) -> None:
            for key, item in value.items():
                append(f"<{entry}>")
                put_key(key, append)
                put_value(item, append)
                append(f"</{entry}>")

        return write if flattened else _wrapped(tag, write)


def _wrapped(tag: str, inner: Write) -> Write:
    start, end = f"<{tag}>", f"</{tag}>"

    def write(value: Any, append: Append) -> None:
        append(start)
        inner(value, append)
        append(end)

    return write


def _scalar(shape: Shape, tag: str) -> Write:
    start, end = f"<{tag}>", f"</{tag}>"
    text = _text_of(shape)
    if text is None:
        return lambda value, append: append(start + escape(value) + end)

    def write(value: Any, append: Append) -> None:
        append(f"{start}{text(value)}{end}")

    return write


def _is_text(shape: Shape) -> bool:
    return shape.type_name in ("string", "character")


def _text_of(shape: Shape) -> Callable[[Any], object] | None:
    """How a scalar becomes text; None for text."""
    match shape.type_name:
        case "timestamp":
            return timestamp_writer(shape.serialization.get("timestampFormat", "iso8601"))
        case "boolean":
            return lambda value: "true" if value else "false"
        case "blob":
            return write_blob
        case "integer" | "long":
            return int
        case "float" | "double":
            return float
        case _:
            return None
