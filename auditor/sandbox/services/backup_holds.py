"""AWS Backup: legal holds and what they hold.

Source: AWS Backup API Reference, ``ListLegalHolds`` (every hold, cancelled ones too), ``GetLegalHold`` and
``ListRecoveryPointsByLegalHold``; 1 to 1000 items a page.
"""

from __future__ import annotations

from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Row
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services.paging import Pager, answer

_INVALID = "InvalidParameterValueException"
_PAGES = Pager(default=1000, bad_size=_INVALID, bad_token=_INVALID)


def _hold(request: Request, params: dict[str, Any]) -> Row:
    hold = request.here.legal_holds.get(params["LegalHoldId"])
    if hold is None:
        raise ServiceError("ResourceNotFoundException", f"Cannot find legal hold {params['LegalHoldId']}.")
    return hold


def list_legal_holds(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The caller's holds."""
    rows = [request.here.legal_holds[hold_id] for hold_id in sorted(request.here.legal_holds)]
    return answer("LegalHolds", *_PAGES.cut(request, params, rows))


def get_legal_hold(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """One hold."""
    return dict(_hold(request, params))


def list_recovery_points_by_legal_hold(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The recovery points that a hold keeps from being deleted."""
    points = request.here.legal_hold_points.get(_hold(request, params)["LegalHoldId"], [])
    return answer("RecoveryPoints", *_PAGES.cut(request, params, points))


HANDLERS: dict[str, Handler] = {
    "ListLegalHolds": list_legal_holds,
    "GetLegalHold": get_legal_hold,
    "ListRecoveryPointsByLegalHold": list_recovery_points_by_legal_hold,
}
