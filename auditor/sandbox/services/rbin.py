"""Recycle Bin: retention rules.

Sources: Recycle Bin API Reference, ``ListRules`` (one resource type a call, 1 to 1000 a page, no tags in the summaries)
and ``GetRule``.
"""

from __future__ import annotations

from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Row
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services.paging import Pager, answer

_INVALID = "ValidationException"
_PAGES = Pager(default=1000, bad_size=_INVALID, bad_token=_INVALID)
_TYPES = ("EBS_SNAPSHOT", "EC2_IMAGE", "EBS_VOLUME")
_SUMMARY = ("Identifier", "Description", "RetentionPeriod", "LockState", "RuleArn")


def _tagged(row: Row, member: str, asked: list[Row]) -> bool:
    """Whether a rule names all the tags that were asked for; a value left out fits every value."""
    found = [(tag["ResourceTagKey"], tag.get("ResourceTagValue")) for tag in row.get(member) or ()]
    return all(
        any(key == tag["ResourceTagKey"] and tag.get("ResourceTagValue") in (None, value) for key, value in found)
        for tag in asked
    )


def list_rules(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Summaries of the rules for one type of resource."""
    if params.get("ResourceType") not in _TYPES:
        raise ServiceError(_INVALID, f"ResourceType must be one of {', '.join(_TYPES)}.")
    rows = [
        {key: row[key] for key in _SUMMARY if key in row}
        for row in request.here.bin_rules.values()
        if row["ResourceType"] == params["ResourceType"]
        and params.get("LockState") in (None, row.get("LockState"))
        and _tagged(row, "ResourceTags", params.get("ResourceTags") or [])
        and _tagged(row, "ExcludeResourceTags", params.get("ExcludeResourceTags") or [])
    ]
    return answer("Rules", *_PAGES.cut(request, params, rows))


def get_rule(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """One rule with its tags and its lock."""
    rule = request.here.bin_rules.get(params["Identifier"])
    if rule is None:
        raise ServiceError("ResourceNotFoundException", f"Rule {params['Identifier']} does not exist.")
    return dict(rule)


HANDLERS: dict[str, Handler] = {"ListRules": list_rules, "GetRule": get_rule}
