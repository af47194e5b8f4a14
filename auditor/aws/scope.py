"""Which accounts and regions are read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.aws.outcome import EXPIRED_HINT, READ_ERRORS, outcome_of
from auditor.aws.reader import PartitionReader
from auditor.config import Scope
from auditor.errors import AccessError, ConfigError

#: What DescribeRegions says of regions that can be read.
ENABLED = ("opt-in-not-required", "opted-in")


@dataclass(frozen=True)
class Target:
    """One account.

    Attributes:
        account_id: 12 digits.
        facts: What Organizations says of it; see :attr:`auditor.aws.collector.Reader.account`.
        error: Why Organizations would not tell.
        in_scope: Whether it is to be read.
    """

    account_id: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    error: Exception | None = None
    in_scope: bool = True


def targets(scope: Scope, own_account: str, organisation: PartitionReader) -> list[Target]:
    """The accounts to read, by id; arguments and errors as for :func:`members`."""
    return [member for member in members(scope, own_account, organisation) if member.in_scope]


def members(scope: Scope, own_account: str, organisation: PartitionReader) -> list[Target]:
    """Every account of the organisation, those that are closed or out of scope too, by id.

    Without an organisation only the accounts in scope are known.

    Args:
        scope: What is configured.
        own_account: The caller's account; all there is where neither accounts nor an organisation are named.
        organisation: Reads Organizations with the caller's credentials.

    Where Organizations will not list its accounts, the caller's own account is what remains, and carries the error
    into the coverage of ``accounts``.

    Raises:
        AccessError: The credentials expired before anything was read.
    """
    if not scope.organisation:
        named = scope.accounts or (own_account,)
        return [Target(account, {"Id": account}) for account in sorted(set(named) - set(scope.exclude_accounts))]
    try:
        found = list(_members(scope, organisation))
    except READ_ERRORS as error:
        if outcome_of(error).expired:
            raise AccessError("The AWS credentials expired.", EXPIRED_HINT) from error
        return [Target(own_account, {"Id": own_account}, error)]
    return sorted(found, key=lambda target: target.account_id)


def regions(scope: Scope, described: Iterable[Mapping[str, Any]] | None, known: list[str]) -> list[str]:
    """The regions to read of one account.

    Args:
        scope: What is configured.
        described: What DescribeRegions answered; ``None`` where it would not.
        known: Every region that botocore knows of the partition.

    Raises:
        ConfigError: A region is named that nobody knows.
    """
    if scope.regions == "enabled":
        if described is None:
            found = set(known)
        else:
            found = {region["RegionName"] for region in described if region.get("OptInStatus", ENABLED[0]) in ENABLED}
    else:
        found = set(scope.regions)
        stray = sorted(found - set(known) - {region["RegionName"] for region in described or ()})
        if stray:
            near = difflib.get_close_matches(stray[0], known, 1)
            raise ConfigError(
                f"[scope] regions names {stray[0]!r}, which is no region of {scope.partition}.",
                f"Did you mean {near[0]!r}?" if near else f"Regions are: {', '.join(known)}.",
            )
    return sorted(found - set(scope.exclude_regions))


def _members(scope: Scope, organisation: PartitionReader) -> Iterator[Target]:
    organisation_id = organisation.call("organizations", "DescribeOrganization")["Organization"]["Id"]
    parents: dict[str, str] = {}
    for page in organisation.pages("organizations", "ListAccounts", "Accounts", MaxResults=20):
        for account in page:
            path, parent = _place(account, organisation_id, organisation, parents)
            facts = {**account, "OrganizationId": organisation_id, "ParentId": parent, "Path": path}
            yield Target(account["Id"], facts, in_scope=_wanted(scope, account, path, organisation))


def _wanted(scope: Scope, account: Mapping[str, Any], path: str, organisation: PartitionReader) -> bool:
    # AWS retires Status in favour of State, which older endpoints do not give.
    if account.get("State", account.get("Status")) != "ACTIVE" or account["Id"] in scope.exclude_accounts:
        return False
    if scope.units and not set(scope.units) & set(path.split("/")):
        return False
    return not scope.account_tags or _tagged(account["Id"], scope.account_tags, organisation)


def _place(
    account: Mapping[str, Any], organisation_id: str, organisation: PartitionReader, known: dict[str, str]
) -> tuple[str, str]:
    """Path of unit ids from the organisation down to the account's parent, and that parent."""
    for path in account.get("Paths") or ():
        units = [unit for unit in path.split("/") if unit and unit != account["Id"]]
        return "/".join(units), units[-1]
    chain: list[str] = []
    child = account["Id"]
    while not child.startswith("r-"):
        if child not in known:
            parent = organisation.call("organizations", "ListParents", ChildId=child)["Parents"][0]
            known[child] = parent["Id"]
        child = known[child]
        chain.append(child)
    return "/".join([organisation_id, *reversed(chain)]), chain[0]


def _tagged(account_id: str, wanted: Mapping[str, str], organisation: PartitionReader) -> bool:
    found = {
        tag["Key"]: tag["Value"]
        for page in organisation.pages("organizations", "ListTagsForResource", "Tags", ResourceId=account_id)
        for tag in page
    }
    return all(found.get(key) == value for key, value in wanted.items())
