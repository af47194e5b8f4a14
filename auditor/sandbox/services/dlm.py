"""Data Lifecycle Manager: snapshot, image and default policies.

Sources: Amazon Data Lifecycle Manager API Reference, ``GetLifecyclePolicies`` (summaries, all at once: it has no
pages) and ``GetLifecyclePolicy``. Not documented: whether default policies are among the summaries when
``DefaultPolicyType`` is not given; :attr:`auditor.sandbox.model.Organisation.lists_default_policies` chooses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Row
from auditor.sandbox.request import Handler, Request

_SUMMARY = ("PolicyId", "Description", "State", "Tags", "PolicyType", "DefaultPolicy")
_DEFAULTS = ("VOLUME", "INSTANCE", "ALL")


def _details(row: Row) -> Row:
    details: Row = row.get("PolicyDetails") or {}
    return details


def _kind(row: Row) -> str:
    return str(row.get("PolicyType") or _details(row).get("PolicyType", "EBS_SNAPSHOT_MANAGEMENT"))


def _default_wanted(request: Request, row: Row, asked: str | None) -> bool:
    """Whether a policy is of the kind that was asked for: custom ones, or default ones of a type."""
    if asked is None:
        return not row.get("DefaultPolicy") or request.organisation.lists_default_policies
    return bool(row.get("DefaultPolicy")) and asked in ("ALL", _details(row).get("ResourceType"))


def _tagged(tags: list[Row], wanted: list[str]) -> bool:
    """Whether tags hold all of those written as ``key=value``."""
    return set(wanted) <= {f"{tag['Key']}={tag.get('Value', '')}" for tag in tags}


def _wanted(request: Request, row: Row, params: Mapping[str, Any]) -> bool:
    details = _details(row)
    added = [tag for schedule in details.get("Schedules") or () for tag in schedule.get("TagsToAdd") or ()]
    return (
        _default_wanted(request, row, params.get("DefaultPolicyType"))
        and params.get("State") in (None, row["State"])
        and set(params.get("ResourceTypes") or ()) <= set(details.get("ResourceTypes") or ())
        and _tagged(details.get("TargetTags") or [], params.get("TargetTags") or [])
        and _tagged(added, params.get("TagsToAdd") or [])
    )


def get_lifecycle_policies(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Summaries of the caller's policies, without schedules or targets."""
    policies, ids = request.here.lifecycle_policies, params.get("PolicyIds") or ()
    if params.get("DefaultPolicyType") not in (None, *_DEFAULTS):
        raise ServiceError("InvalidRequestException", "DefaultPolicyType must be one of VOLUME, INSTANCE and ALL.")
    missing = [one for one in ids if one not in policies]
    if missing:
        raise ServiceError("ResourceNotFoundException", f"Policies {', '.join(missing)} do not exist.")
    rows = [policies[one] for one in ids or policies]
    found = [{**row, "PolicyType": _kind(row)} for row in rows if _wanted(request, row, params)]
    return {"Policies": [{key: row[key] for key in _SUMMARY if key in row} for row in found]}


def get_lifecycle_policy(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """One policy with its details."""
    policy = request.here.lifecycle_policies.get(params["PolicyId"])
    if policy is None:
        raise ServiceError("ResourceNotFoundException", f"Policy with id {params['PolicyId']} does not exist.")
    return {"Policy": policy}


HANDLERS: dict[str, Handler] = {
    "GetLifecyclePolicies": get_lifecycle_policies,
    "GetLifecyclePolicy": get_lifecycle_policy,
}
