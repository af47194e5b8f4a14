"""Policy documents of resources, flattened: statement by statement, principal by principal, action by action.

The grammar is that of the IAM User Guide, "Grammar of the IAM JSON policy language". Whoever may write a policy writes
its text, so a document that is none is not taken for an empty one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from auditor.aws.collector import Item
from auditor.aws.shape import Field

__all__ = ["CONDITION_FIELDS", "STATEMENT_FIELDS", "Told", "tell"]

#: Columns of a frame of statements beside the one that says whose policy it is, which is read from ``of``.
STATEMENT_FIELDS: Final[Mapping[str, Field]] = {
    name: name
    for name in (
        "statement",
        "sid",
        "effect",
        "principal_type",
        "principal",
        "not_principal",
        "action",
        "not_action",
        "every_resource",
        "conditions",
    )
}
#: Columns of a frame of conditions, likewise.
CONDITION_FIELDS: Final[Mapping[str, Field]] = {
    name: name for name in ("statement", "operator", "condition_key", "value")
}


@dataclass
class Told:
    """What documents say; every row has ``of``, the resource whose policy it is.

    Attributes:
        understood: Whether each document, in their order, could be told apart.
        statements: One row for each action of each principal of each statement.
        conditions: One row for each value of each test.
    """

    understood: list[bool] = field(default_factory=list)
    statements: list[Item] = field(default_factory=list)
    conditions: list[Item] = field(default_factory=list)


def tell(documents: Iterable[tuple[str, Any]]) -> Told:
    """Flatten the policies of resources; one that is hostile or new to us brings no rows and is not understood."""
    told = Told()
    for of, document in documents:
        try:
            statements = _statements(document)
        except (TypeError, ValueError, LookupError, AttributeError, RecursionError):
            told.understood.append(False)
            continue
        told.understood.append(True)
        for number, statement in enumerate(statements):
            here = {"of": of, "statement": number}
            tests = [here | test for test in _tests(statement)]
            told.conditions += tests
            count = len({(test["operator"], test["condition_key"]) for test in tests})
            told.statements += [here | row | {"conditions": count} for row in _rows(statement)]
    return told


def _statements(document: Any) -> list[Mapping[str, Any]]:
    """The statements of a policy.

    Raises:
        ValueError: It is no policy as IAM's grammar has it.
    """
    told = json.loads(document)["Statement"]
    statements = told if isinstance(told, list) else [told]
    for statement in statements:
        if statement["Effect"] not in ("Allow", "Deny") or not list(_rows(statement)):
            raise ValueError("a statement that says nothing")
        list(_tests(statement))
    return statements


def _rows(statement: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One row for each action of each principal; IAM User Guide, "Grammar of the IAM JSON policy language"."""
    not_principal, not_action = "NotPrincipal" in statement, "NotAction" in statement
    actions = _list(statement["NotAction" if not_action else "Action"])
    every_resource = "*" in _list(statement.get("Resource", []))
    for kind, principal in _principals(statement["NotPrincipal" if not_principal else "Principal"]):
        for action in actions:
            yield {
                "sid": statement.get("Sid"),
                "effect": statement["Effect"],
                "principal_type": kind,
                "principal": principal,
                "not_principal": not_principal,
                "action": action,
                "not_action": not_action,
                "every_resource": every_resource,
            }


def _principals(told: Any) -> list[tuple[str, str]]:
    if told == "*":
        return [("AWS", "*")]
    return [(kind, each) for kind, principals in told.items() for each in _list(principals)]


def _tests(statement: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for operator, tests in (statement.get("Condition") or {}).items():
        for key, values in tests.items():
            for value in _list(values):
                yield {"operator": operator, "condition_key": key, "value": value}


def _list(told: Any) -> list[str]:
    """One or several values as texts: a flag or a number is written without quotes at times."""
    each = told if isinstance(told, list) else [told]
    return [value if isinstance(value, str) else json.dumps(value) for value in each]
