"""Systems Manager: parameters.

Sources: AWS Systems Manager API Reference, ``DescribeParameters`` (1 to 50 a page, metadata without values),
``GetParameters`` (1 to 10 names; those that do not exist come back in ``InvalidParameters``; a name may carry a version
or a label after a colon, or be an ARN), ``GetParametersByPath`` (1 to 10 a page), ``ParameterStringFilter``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Row
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services.paging import Pager, answer, ordered

_INVALID = "ValidationException"
_TOKEN = "InvalidNextToken"  # noqa: S105 - an error code
_DESCRIBED = Pager(high=50, default=50, bad_size=_INVALID, bad_token=_TOKEN)
_BY_PATH = Pager(high=10, default=10, bad_size=_INVALID, bad_token=_TOKEN)
_MOST_NAMES = 10
_VALUES = frozenset({"Value", "Selector", "SourceResult"})

_OPTIONS: dict[str, Callable[[str, str], bool]] = {
    "Equals": lambda found, value: found == value,
    "BeginsWith": lambda found, value: found.startswith(value),
    "Contains": lambda found, value: value in found,
}


def _in_path(name: str, folder: str, option: str) -> bool:
    """Whether a parameter lies in a folder; parameters without a slash lie in the root."""
    prefix = folder.rstrip("/") + "/"
    full = name if name.startswith("/") else "/" + name
    return full.startswith(prefix) and (option == "Recursive" or "/" not in full[len(prefix) :])


def _passes(name: str, row: Row, asked: Mapping[str, Any]) -> bool:
    key, values = asked["Key"], asked.get("Values") or []
    if key == "Path":
        return any(_in_path(name, value, asked.get("Option", "OneLevel")) for value in values)
    if key.startswith("tag:"):
        found = [tag["Value"] for tag in row.get("Tags") or () if tag["Key"] == key.removeprefix("tag:")]
    elif key in ("Name", "Type", "DataType", "Tier", "KeyId"):
        found = [name] if key == "Name" else [str(row.get(key, ""))]
    else:
        raise ServiceError("InvalidFilterKey", f"The filter key {key} is not valid.")
    option = _OPTIONS.get(asked.get("Option", "Equals"))
    if option is None or (asked.get("Option") == "Contains" and key != "Name"):
        raise ServiceError("InvalidFilterOption", f"The filter option {asked.get('Option')} is not valid for {key}.")
    return any(option(one, value) for one in found for value in values)


def _full(request: Request, name: str) -> Row:
    """A parameter with its name and its ARN."""
    partition, where = request.organisation.partition, f"{request.region}:{request.account_id}"
    arn = f"arn:{partition}:ssm:{where}:parameter/{name.removeprefix('/')}"
    return {"Name": name, "ARN": arn, "DataType": "text", **request.here.parameters[name]}


def describe_parameters(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """What parameters there are, without their values."""
    table, asked = request.here.parameters, params.get("ParameterFilters") or []
    names = [name for name in ordered(table) if all(_passes(name, table[name], one) for one in asked)]
    page, token = _DESCRIBED.cut(request, params, names)
    rows = [{key: value for key, value in _full(request, name).items() if key not in _VALUES} for name in page]
    return answer("Parameters", rows, token)


def _find(request: Request, asked: str) -> tuple[str, str] | None:
    """The name of a parameter and what follows the colon, from a name or an ARN of the caller's own."""
    name = asked
    if asked.startswith("arn:"):
        parts = asked.split(":", 5)
        if len(parts) != 6 or parts[3:5] != [request.region, request.account_id]:
            return None
        name = parts[5].removeprefix("parameter")
    name, _, selector = name.partition(":")
    table = request.here.parameters
    found = next((one for one in (name, name.removeprefix("/")) if one in table), None)
    if found is None or (selector.isdigit() and int(selector) != table[found].get("Version", 1)):
        return None
    return found, selector


def get_parameters(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Parameters by name, with their values."""
    names = params["Names"]
    if not 1 <= len(names) <= _MOST_NAMES:
        raise ServiceError(_INVALID, f"Between 1 and {_MOST_NAMES} names can be specified.")
    rows, invalid = [], []
    for asked in dict.fromkeys(names):
        found = _find(request, asked)
        if found is None:
            invalid.append(asked)
        else:
            name, selector = found
            rows.append(_full(request, name) | ({"Selector": f":{selector}"} if selector else {}))
    return {"Parameters": rows, "InvalidParameters": invalid}


def get_parameters_by_path(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Parameters below a folder, with their values."""
    table, option = request.here.parameters, "Recursive" if params.get("Recursive") else "OneLevel"
    names = [name for name in ordered(table) if _in_path(name, params["Path"], option)]
    page, token = _BY_PATH.cut(request, params, names)
    return answer("Parameters", [_full(request, name) for name in page], token)


HANDLERS: dict[str, Handler] = {
    "DescribeParameters": describe_parameters,
    "GetParameters": get_parameters,
    "GetParametersByPath": get_parameters_by_path,
}
