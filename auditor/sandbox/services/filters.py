"""Filters as EC2 applies them: names to paths, wildcards, tags, and refusal of what it does not know.

Sources: Amazon EC2 User Guide, "Filter your resources" (values are case-sensitive; ``*`` stands for any number of
characters, ``?`` for none or one, a backslash takes their meaning away; values of one filter are alternatives,
filters add up; at most 200 values on one call); Amazon EC2 API Reference, "Error codes" (``FilterLimitExceeded``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Row

#: Finds the values of a filter in a row.
Getter = Callable[[Row], Iterable[Any]]
Test = Callable[[Row], bool]

_MOST_VALUES = 200
_WILD = re.compile(r"\\.|[*?]")


def text(value: object) -> str:
    """A value as filters write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    return str(value)


def path(dotted: str) -> Getter:
    """Reads a dotted path of members; lists on the way give all their values.

    Examples:
        >>> list(path("Ebs.SnapshotId")({"Ebs": {"SnapshotId": "snap-1"}}))
        ['snap-1']
    """
    steps = dotted.split(".")

    def walk(value: Any, depth: int) -> Iterator[Any]:
        if isinstance(value, list):
            for item in value:
                yield from walk(item, depth)
        elif depth == len(steps):
            if value is not None:
                yield value
        elif isinstance(value, Mapping):
            yield from walk(value.get(steps[depth]), depth + 1)

    return lambda row: walk(row, 0)


def _pattern(value: str) -> str:
    """A filter value as a regular expression."""
    parts, last = [], 0
    for found in _WILD.finditer(value):
        parts.append(re.escape(value[last : found.start()]))
        mark = found.group()
        parts.append({"*": ".*", "?": ".?"}.get(mark) or re.escape(mark[1:]))
        last = found.end()
    parts.append(re.escape(value[last:]))
    return "".join(parts)


def matcher(values: Iterable[str]) -> Callable[[str], bool]:
    """Whether a text equals one of the values, wildcards included."""
    wanted = list(values)
    if not any(_WILD.search(value) for value in wanted):
        return frozenset(wanted).__contains__
    compiled = re.compile("|".join(_pattern(value) for value in wanted), re.DOTALL)
    return lambda value: compiled.fullmatch(value) is not None


class Filters:
    """The filters that one operation knows.

    Args:
        fields: Filter name to the dotted path of the member, or to a getter.
        tags: Whether ``tag:<key>`` and ``tag-key`` are known.
    """

    def __init__(self, fields: Mapping[str, str | Getter], *, tags: bool = True) -> None:
        self._getters = {name: path(field) if isinstance(field, str) else field for name, field in fields.items()}
        if tags:
            self._getters["tag-key"] = path("Tags.Key")
        self._tags = tags

    def test(self, params: Mapping[str, Any]) -> Test | None:
        """What a row must pass; None when there is no filter.

        Raises:
            ServiceError: A filter is unknown, has no values, or there are more than 200 values on the call.
        """
        asked = params.get("Filters") or []
        if sum(len(item.get("Values") or ()) for item in asked) > _MOST_VALUES:
            raise ServiceError(
                "FilterLimitExceeded",
                f"The maximum number of filter values specified on a single call is {_MOST_VALUES}",
            )
        tests = [self._one(item) for item in asked]
        return (lambda row: all(test(row) for test in tests)) if tests else None

    def _one(self, item: Mapping[str, Any]) -> Test:
        name, values = item.get("Name") or "", item.get("Values") or []
        if not values:
            raise ServiceError("InvalidParameterValue", f"The filter '{name}' has no values")
        get = self._getters.get(name)
        if get is None and self._tags and name.startswith("tag:"):
            get = _tag(name.removeprefix("tag:"))
        if get is None:
            raise ServiceError("InvalidParameterValue", f"The filter '{name}' is invalid")
        found, matches = get, matcher(values)
        return lambda row: any(matches(text(value)) for value in found(row))


def _tag(key: str) -> Getter:
    return lambda row: [tag.get("Value", "") for tag in row.get("Tags") or () if tag["Key"] == key]
