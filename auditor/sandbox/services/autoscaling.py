"""Auto Scaling: launch configurations and groups.

Sources: Amazon EC2 Auto Scaling API Reference, ``DescribeLaunchConfigurations`` and ``DescribeAutoScalingGroups``
(``MaxRecords`` 50 by default and at most 100; names that do not exist are left out; tags of groups are filtered by
``tag-key``, ``tag-value`` and ``tag:<key>``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Row
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services.filters import Filters, Test
from auditor.sandbox.services.paging import Pager, answer, ordered

_PAGES = Pager(
    high=100,
    default=50,
    size="MaxRecords",
    bad_size="ValidationError",
    bad_token="InvalidNextToken",  # noqa: S106 - an error code
)
_MOST_NAMES = 50
_GROUP_FILTERS = Filters({"tag-value": "Tags.Value"})


def _rows(
    request: Request, params: Mapping[str, Any], table: Mapping[str, Row], names: str, test: Test | None = None
) -> tuple[list[Row], str | None]:
    asked = params.get(names)
    if asked and len(asked) > max(_MOST_NAMES, params.get("MaxRecords") or 0):
        raise ServiceError("ValidationError", f"At most {_MOST_NAMES} names can be specified.")
    keys = [name for name in dict.fromkeys(asked) if name in table] if asked else ordered(table)
    if test is not None:
        keys = [key for key in keys if test(table[key])]
    page, token = _PAGES.cut(request, params, keys)
    return [table[key] for key in page], token


def describe_launch_configurations(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The caller's launch configurations."""
    table = request.here.launch_configurations
    return answer("LaunchConfigurations", *_rows(request, params, table, "LaunchConfigurationNames"))


def describe_auto_scaling_groups(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The caller's groups, with their instances unless the caller does not want them."""
    try:
        test = _GROUP_FILTERS.test(params)
    except ServiceError as refused:
        raise ServiceError("ValidationError", refused.message) from refused
    rows, token = _rows(request, params, request.here.auto_scaling_groups, "AutoScalingGroupNames", test)
    if params.get("IncludeInstances") is False:
        rows = [{key: value for key, value in row.items() if key != "Instances"} for row in rows]
    return answer("AutoScalingGroups", rows, token)


HANDLERS: dict[str, Handler] = {
    "DescribeLaunchConfigurations": describe_launch_configurations,
    "DescribeAutoScalingGroups": describe_auto_scaling_groups,
}
