"""Which reports of AWS Backup Audit Manager tell of an account and region, from wherever they are made.

A report plan reports on its own account and region, or on those that it names; ``ROOT`` among the accounts stands for
the whole organisation, ``*`` among the regions for all of them (AWS Backup API reference, ``ReportSetting``). Reports
on other accounts can be had in the management account and in delegated administrators' (AWS Backup Developer Guide,
"Working with audit reports"). Not documented: whether a unit stands for the units below it too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from auditor.analysis.elsewhere import Elsewhere
from auditor.frames import FRAMES
from auditor.frames.columns import as_arrow
from auditor.inventory import GLOBAL

__all__ = ["report_coverage"]

_PLAN = ("account_id", "region", "report_plan_arn", "template")
_SCOPE = ("account_id", "region", "report_plan_arn", "kind", "value")

#: Account and region.
_Place = tuple[str, str]
#: What a report plan names, by kind.
_Named = Mapping[str, set[str]]


@dataclass(frozen=True)
class _Members:
    """What is known of the organisation: of each account the organisation, and the units from the root down."""

    organisations: Mapping[str, str]
    units: Mapping[str, tuple[str, ...]]

    def together(self, one: str, other: str) -> bool | None:
        """Whether two accounts are of one organisation; nothing where that is not known."""
        if one == other:
            return True
        organisations = [self.organisations.get(each) for each in (one, other)]
        return None if None in organisations else organisations[0] == organisations[1]


def report_coverage(
    backup_plans: pd.DataFrame,
    report_plans: pd.DataFrame,
    report_plan_scopes: pd.DataFrame,
    directory: pd.DataFrame,
    elsewhere: Elsewhere,
) -> pd.DataFrame:
    """One row for each report plan that covers this account and region, or may; see the frame ``report_coverage``."""
    frame = FRAMES["report_coverage"]
    if backup_plans.empty:
        return frame.empty()
    here = str(backup_plans["account_id"].iat[0]), str(backup_plans["region"].iat[0])
    members = _members(directory)
    named: dict[tuple[Any, ...], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for *plan, kind, value in _everywhere(report_plan_scopes, "report_plan_scopes", _SCOPE, here, elsewhere):
        named[tuple(plan)][kind].add(value)
    told: list[tuple[Any, ...]] = []
    for account, region, arn, template in _everywhere(report_plans, "report_plans", _PLAN, here, elsewhere):
        covers = _covers((account, region), named[account, region, arn], here, members)
        if covers is not False:
            why = None if covers else f"Could not tell whether report plan {arn} takes in account {here[0]}."
            told.append((account, region, arn, template, covers, why))
    for account, region in elsewhere.unread_places(("report_plans",)):
        where = account if region == GLOBAL else f"{account} {region}"
        why = f"Could not tell: the report plans of account {where} were not read, and may take this in."
        told.append((account, region, None, None, None, why))
    columns = {name: [row[place] for row in told] for place, name in enumerate(frame.names[2:])}
    return frame.of({"account_id": [here[0]] * len(told), "region": [here[1]] * len(told), **columns})


def _everywhere(
    own: pd.DataFrame, frame: str, columns: tuple[str, ...], here: _Place, elsewhere: Elsewhere
) -> Iterator[tuple[Any, ...]]:
    """Rows of a frame of this place, and of all others."""
    yield from _plain(own, columns)
    for row in _plain(elsewhere.rows(frame, None, columns), columns):
        if row[:2] != here:
            yield row


def _covers(source: _Place, named: _Named, here: _Place, members: _Members) -> bool | None:
    """Whether a report plan of one place tells of another."""
    regions = named.get("region") or {source[1]}
    if not regions & {"*", here[1]}:
        return False
    accounts, units = named.get("account", set()), named.get("unit", set())
    if here[0] in accounts or (not accounts and not units and here[0] == source[0]):
        return True
    if not accounts and not units:
        return False
    together = members.together(source[0], here[0])
    if "ROOT" in accounts or together is False:
        return together
    if not units:
        return False
    path = members.units.get(here[0])
    if path is None:
        return None
    if path[-1] in units:
        return together
    return None if units.intersection(path) else False


def _members(directory: pd.DataFrame) -> _Members:
    organisations, units = {}, {}
    for account, organisation, path in _plain(directory, ("member_id", "organisation_id", "ou_path")):
        if organisation is not None:
            organisations[account] = organisation
        if path is not None:
            units[account] = tuple(path.split("/"))
    return _Members(organisations, units)


def _plain(frame: pd.DataFrame, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Some columns row by row as plain values; what is missing is nothing."""
    return zip(*(as_arrow(frame[name]).to_pylist() for name in names), strict=True)
