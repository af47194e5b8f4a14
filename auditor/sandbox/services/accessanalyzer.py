"""IAM Access Analyzer: analyzers, and what external-access analyzers find of snapshots.

Sources: IAM Access Analyzer API Reference, ``ListAnalyzers`` (the caller's own analyzers of the Region) and
``ListFindingsV2`` (filters by member; summaries that name no principal); IAM User Guide, "IAM Access Analyzer
findings" (sharing within the zone of trust is no finding; a finding stays, archived or resolved) and "supported
resource types" (the permissions of EBS snapshots).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Region, Row
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services.ec2_common import places
from auditor.sandbox.services.paging import Pager, answer

_INVALID = "ValidationException"
_PAGES = Pager(
    high=100,
    default=100,
    size="maxResults",
    token="nextToken",  # noqa: S106 - the name of a parameter
    bad_size=_INVALID,
    bad_token=_INVALID,
)
_SNAPSHOT = "AWS::EC2::Snapshot"


def list_analyzers(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The caller's analyzers here, of every type unless one is asked for."""
    rows = [row for row in request.here.analyzers.values() if params.get("type") in (None, row["type"])]
    return _page(request, params, "analyzers", rows)


def list_findings_v2(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """What an analyzer found, resolved and archived findings included."""
    analyzer = request.here.analyzers.get(params["analyzerArn"])
    if analyzer is None:
        raise ServiceError("ResourceNotFoundException", "The specified analyzer could not be found.")
    criteria = params.get("filter") or {}
    rows = [row for row in _findings(request, analyzer) if all(_fits(row, *each) for each in criteria.items())]
    return _page(request, params, "findings", sorted(rows, key=lambda row: str(row["id"])))


def _page(request: Request, params: Mapping[str, Any], key: str, rows: list[Row]) -> dict[str, Any]:
    return answer(key, *_PAGES.cut(request, params, rows), token_key="nextToken")  # noqa: S106 - a member's name


def _fits(row: Row, member: str, criterion: Mapping[str, Any]) -> bool:
    value = row.get(member)
    if "exists" in criterion and criterion["exists"] != (value is not None):
        return False
    if criterion.get("eq") and value not in criterion["eq"]:
        return False
    if criterion.get("neq") and value in criterion["neq"]:
        return False
    return not criterion.get("contains") or any(part in str(value) for part in criterion["contains"])


def _findings(request: Request, analyzer: Row) -> Iterator[Row]:
    """Findings of an analyzer of external access that works; the others know nothing of snapshots."""
    if analyzer["status"] != "ACTIVE" or analyzer["type"] not in ("ACCOUNT", "ORGANIZATION"):
        return
    here = request.here
    trusted = {here.account_id} if analyzer["type"] == "ACCOUNT" else set(request.organisation.accounts)
    for place in [here] if analyzer["type"] == "ACCOUNT" else places(request):
        for snapshot_id, grants in list(place.snapshot_permissions.items()):
            if snapshot_id in place.snapshots and snapshot_id not in place.unanalysed and _outside(grants, trusted):
                status = "ARCHIVED" if snapshot_id in here.archived_findings else "ACTIVE"
                yield _finding(request, analyzer, place, snapshot_id, status)
        for snapshot_id in sorted(place.resolved_findings):
            yield _finding(request, analyzer, place, snapshot_id, "RESOLVED")


def _outside(grants: Iterable[Row], trusted: set[str]) -> bool:
    return any(grant.get("UserId") not in trusted for grant in grants)


def _finding(request: Request, analyzer: Row, place: Region, snapshot_id: str, status: str) -> Row:
    seen = request.organisation.now - timedelta(hours=7)
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{analyzer['arn']}/{snapshot_id}/{status}")),
        "resource": f"arn:{request.organisation.partition}:ec2:{place.name}::snapshot/{snapshot_id}",
        "resourceType": _SNAPSHOT,
        "resourceOwnerAccount": place.account_id,
        "findingType": "ExternalAccess",
        "status": status,
        "createdAt": seen - timedelta(days=40),
        "analyzedAt": seen,
        "updatedAt": seen,
    }


HANDLERS: dict[str, Handler] = {"ListAnalyzers": list_analyzers, "ListFindingsV2": list_findings_v2}
