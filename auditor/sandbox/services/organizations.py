"""AWS Organizations: the accounts and the tree they hang in.

Sources: AWS Organizations API Reference. Only the management account (no delegated administrator exists here) may
list; ``DescribeOrganization`` may be called from any member. Lists have at most 20 items a page and may be empty while
a token says that there is more. ``Account``: ``Status`` is retired on 9 September 2026 in favour of ``State``, so an
organisation whose present lies later answers ``State`` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Account, Organisation, Row
from auditor.sandbox.request import Handler, Request
from auditor.sandbox.services.paging import Pager, answer

_PAGES = Pager(high=20, default=20, bad_size="InvalidInputException", bad_token="InvalidInputException", hollow=True)  # noqa: S106
_STATUS_RETIRED = datetime(2026, 9, 9, tzinfo=UTC)
_STATUS = {"SUSPENDED": "SUSPENDED", "CLOSED": "SUSPENDED", "PENDING_CLOSURE": "PENDING_CLOSURE"}


def _member(request: Request) -> Organisation:
    """The organisation, if the caller belongs to one."""
    organisation = request.organisation
    if not organisation.organisation_id or request.account_id not in organisation.accounts:
        raise ServiceError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    return organisation


def _managed(request: Request) -> Organisation:
    """The organisation, if the caller is its management account."""
    organisation = _member(request)
    if request.account_id != organisation.management_id:
        raise ServiceError("AccessDeniedException", "You don't have permissions to access this resource.")
    return organisation


def _arn(organisation: Organisation, kind: str, *parts: str) -> str:
    tail = "/".join((kind, organisation.organisation_id, *parts))
    return f"arn:{organisation.partition}:organizations::{organisation.management_id}:{tail}"


def root_id(organisation: Organisation) -> str:
    """The id of the root; a made-up one when no units were planted."""
    return next((unit for unit, (_, parent) in organisation.units.items() if not parent), "r-root")


def ou_path(organisation: Organisation, unit: str) -> list[str]:
    """The ids from the root down to a unit, both included; an account without a unit hangs at the root."""
    path: list[str] = []
    while unit:
        path.insert(0, unit)
        unit = organisation.units.get(unit, ("", ""))[1]
    root = root_id(organisation)
    return path if path[:1] == [root] else [root, *path]


def _parent(organisation: Organisation, account: Account) -> str:
    return account.ou_id or root_id(organisation)


def _account(organisation: Organisation, account: Account) -> Row:
    path = [organisation.organisation_id, *ou_path(organisation, account.ou_id), account.account_id]
    row: Row = {
        "Id": account.account_id,
        "Arn": _arn(organisation, "account", account.account_id),
        "Email": f"aws+{account.account_id}@example.com",
        "Name": account.name,
        "State": account.state,
        "Paths": ["/".join(path) + "/"],
        "JoinedMethod": "INVITED" if account.account_id == organisation.management_id else "CREATED",
    }
    if account.joined_at is not None:
        row["JoinedTimestamp"] = account.joined_at
    if organisation.now < _STATUS_RETIRED:
        row["Status"] = _STATUS.get(account.state, "ACTIVE")
    return row


def _page(request: Request, params: dict[str, Any], key: str, rows: Sequence[Row]) -> dict[str, Any]:
    return answer(key, *_PAGES.cut(request, params, rows))


def describe_organization(request: Request, params: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - it has none
    """The organisation, to any of its members."""
    organisation = _member(request)
    management = organisation.management_id
    return {
        "Organization": {
            "Id": organisation.organisation_id,
            "Arn": _arn(organisation, "organization"),
            "FeatureSet": "ALL",
            "MasterAccountArn": _arn(organisation, "account", management),
            "MasterAccountId": management,
            "MasterAccountEmail": f"aws+{management}@example.com",
            "AvailablePolicyTypes": [],
        }
    }


def list_accounts(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """Every account in every state, closed ones included."""
    organisation = _managed(request)
    ids, token = _PAGES.cut(request, params, list(organisation.accounts))
    return answer("Accounts", [_account(organisation, organisation.accounts[one]) for one in ids], token)


def list_roots(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The one root."""
    organisation = _managed(request)
    root = root_id(organisation)
    row = {"Id": root, "Arn": _arn(organisation, "root", root), "Name": "Root", "PolicyTypes": []}
    return _page(request, params, "Roots", [row])


def _check_parent(organisation: Organisation, unit: str) -> None:
    if unit not in organisation.units and unit != root_id(organisation):
        raise ServiceError("ParentNotFoundException", "You specified parent that doesn't exist.")


def list_organizational_units_for_parent(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The units directly under a unit or the root."""
    organisation, asked = _managed(request), params["ParentId"]
    _check_parent(organisation, asked)
    rows = [
        {
            "Id": unit,
            "Arn": _arn(organisation, "ou", unit),
            "Name": name,
            "Path": "/".join([organisation.organisation_id, *ou_path(organisation, unit)]) + "/",
        }
        for unit, (name, parent) in organisation.units.items()
        if parent == asked
    ]
    return _page(request, params, "OrganizationalUnits", rows)


def list_accounts_for_parent(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The accounts directly in a unit or at the root, not those of units below."""
    organisation, asked = _managed(request), params["ParentId"]
    _check_parent(organisation, asked)
    found = [account for account in organisation.accounts.values() if _parent(organisation, account) == asked]
    return _page(request, params, "Accounts", [_account(organisation, account) for account in found])


def list_parents(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The unit or root that an account or a unit hangs at."""
    organisation, child = _managed(request), params["ChildId"]
    account = organisation.accounts.get(child)
    unit = organisation.units.get(child)
    if account is not None:
        parent = _parent(organisation, account)
    elif unit is not None and unit[1]:
        parent = unit[1]
    else:
        raise ServiceError("ChildNotFoundException", "You specified a child that doesn't exist.")
    kind = "ROOT" if parent == root_id(organisation) else "ORGANIZATIONAL_UNIT"
    return _page(request, params, "Parents", [{"Id": parent, "Type": kind}])


def list_tags_for_resource(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """The tags of an account; units and the root have none."""
    organisation, resource = _managed(request), params["ResourceId"]
    account = organisation.accounts.get(resource)
    if account is None and resource not in organisation.units and resource != root_id(organisation):
        raise ServiceError("TargetNotFoundException", "You specified a target that doesn't exist.")
    tags = account.tags if account is not None else {}
    return _page(request, params, "Tags", [{"Key": key, "Value": value} for key, value in tags.items()])


HANDLERS: dict[str, Handler] = {
    "DescribeOrganization": describe_organization,
    "ListAccounts": list_accounts,
    "ListRoots": list_roots,
    "ListOrganizationalUnitsForParent": list_organizational_units_for_parent,
    "ListAccountsForParent": list_accounts_for_parent,
    "ListParents": list_parents,
    "ListTagsForResource": list_tags_for_resource,
}
