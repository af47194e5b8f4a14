"""What was looked at and what could not be seen."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from auditor.frames import FRAMES, frames_filled_by
from auditor.frames.columns import distinct
from auditor.inventory import GLOBAL
from auditor.report import text
from auditor.report.model import AccountLine, CoverageGap, Sight
from auditor.rule import SEVERITIES

if TYPE_CHECKING:
    from auditor.rule import Rule

#: What botocore writes before AWS's own words.
_BOILERPLATE = re.compile(r"^An error occurred \([^)]*\) when calling the \w+ operation[^:]*: ")

Place = tuple[str, str]


def place(where: Place, names: Mapping[str, str]) -> str:
    """An account and region in words."""
    account, region = where
    name = names.get(account) or account
    return f"{name} as a whole" if region == GLOBAL else f"{name} {region}"


def coverage_gaps(
    coverage: pd.DataFrame, item_gaps: pd.DataFrame, rules: Mapping[str, Rule], names: Mapping[str, str], limit: int = 6
) -> tuple[CoverageGap, ...]:
    """Kinds of gaps, largest first: one for each collector, status and code, wherever it happened."""
    open_rows = coverage[coverage["status"] != "complete"]
    lines = [
        _gap(group, tuple(key), 0, rules, names, limit)
        for key, group in open_rows.astype(object).groupby(["collector", "status", "error_code"], dropna=False)
    ]
    lines += [
        _gap(group, (key[0], "single resources", key[1]), len(group), rules, names, limit)
        for key, group in item_gaps.astype(object).groupby(["collector", "error_code"], dropna=False)
    ]
    return tuple(sorted(lines, key=lambda it: (it.items > 0, -it.account_regions, it.collector, it.error_code)))


def _gap(
    group: pd.DataFrame,
    key: tuple[Any, ...],
    items: int,
    rules: Mapping[str, Rule],
    names: Mapping[str, str],
    limit: int,
) -> CoverageGap:
    collector, status, code = key
    where = sorted(distinct(group, "account_id", "region"))
    messages = Counter(_BOILERPLATE.sub("", message) for message in group["message"] if not pd.isna(message))
    return CoverageGap(
        collector=collector,
        status=status,
        error_code=text.plain(None if pd.isna(code) else code, 60),
        message=text.plain(min(messages, key=lambda it: (-messages[it], it)), 200) if messages else "",
        account_regions=len(where),
        places=tuple(text.plain(place(each, names), 60) for each in where[:limit]),
        more=max(len(where) - limit, 0),
        items=items,
        rules=tuple(sorted(rule.title for rule in rules.values() if _needs(rule, collector))),
    )


def _needs(rule: Rule, collector: str) -> bool:
    filled = set(frames_filled_by(collector))
    return any(name in filled or filled & _roots(name) for name in rule.frames)


def _roots(frame: str) -> set[str]:
    direct = {*FRAMES[frame].derived_from, *FRAMES[frame].heeds}
    return direct.union(*(_roots(each) for each in direct)) if direct else set()


def sight(
    gaps: tuple[CoverageGap, ...],
    coverage: pd.DataFrame,
    item_gaps: pd.DataFrame,
    partitions: list[Place],
    unknown: int,
    limit: int = 3,
) -> Sight:
    """What could not be seen, as sentences."""
    gap_places = _gap_places(coverage, item_gaps)
    whole_accounts = {account for account, region in gap_places if region == GLOBAL}
    clear = [pair for pair in partitions if pair not in gap_places and pair[0] not in whole_accounts]
    total = len(partitions)
    if not gaps:
        sentence = f"All {text.counted(total, 'account-region')} were read completely."
        if total < 2:
            sentence = "The one account-region was read completely." if total else "No account-region was read."
    else:
        verb = "was" if len(clear) == 1 else "were"
        sentence = f"{text.count(len(clear))} of {text.counted(total, 'account-region')} {verb} read completely."
        if total == 1 and not clear:
            sentence = "The one account-region was not read completely."
    unread = f"{text.count(total - len(clear))} of {text.counted(total, 'account-region')}"
    return Sight(
        complete=not gaps and total > 0,
        sentence=sentence,
        shortfall=f"{unread} could not be read completely" if total > 1 else sentence.rstrip("."),
        gaps=tuple(_sentence(gap) for gap in gaps[:limit]),
        more=max(len(gaps) - limit, 0),
        unknown=unknown,
        read_completely=len(clear),
    )


def _sentence(gap: CoverageGap) -> str:
    where = text.listed([*gap.places[:2], *([f"{gap.account_regions - 2} more"] if gap.account_regions > 2 else [])])
    code = f" ({gap.error_code})" if gap.error_code else ""
    what = text.sentence(text.words(gap.collector))
    if gap.items:
        return f"{what}: {text.counted(gap.items, 'single resource')} could not be read in {where}{code}."
    return f"{what}: {gap.said} in {where}{code}."


def _gap_places(coverage: pd.DataFrame, item_gaps: pd.DataFrame) -> set[Place]:
    open_rows = coverage[coverage["status"] != "complete"]
    return distinct(open_rows, "account_id", "region") | distinct(item_gaps, "account_id", "region")


def account_lines(
    coverage: pd.DataFrame,
    item_gaps: pd.DataFrame,
    tallies: pd.DataFrame,
    standing: pd.DataFrame,
    partitions: list[Place],
    names: Mapping[str, str],
) -> tuple[AccountLine, ...]:
    """Every account with its open findings and how far it was read, most severe first."""
    regions: dict[str, list[str]] = {}
    for account, region in partitions:
        regions.setdefault(account, []).append(region)
    gap_regions: dict[str, set[str]] = {}
    for account, region in _gap_places(coverage, item_gaps):
        gap_regions.setdefault(account, set()).add(region)
    grades = standing.groupby(["account_id", "severity"], observed=True).size().to_dict()
    sums = tallies.groupby("account_id", observed=True)[["unknown", "waived"]].sum().to_dict("index")
    work = coverage.groupby("account_id", observed=True)[["calls", "rows"]].sum().to_dict("index")
    lines = [
        AccountLine(
            account_id=account,
            name=names.get(account, ""),
            severities={severity: int(grades.get((account, severity), 0)) for severity in SEVERITIES},
            open=sum(int(grades.get((account, severity), 0)) for severity in SEVERITIES),
            waived=int(sums.get(account, {}).get("waived", 0)),
            unknown=int(sums.get(account, {}).get("unknown", 0)),
            regions=len(regions.get(account, [])),
            gap_regions=tuple(sorted(gap_regions.get(account, ()))),
            calls=int(work.get(account, {}).get("calls", 0)),
            rows=int(work.get(account, {}).get("rows", 0)),
        )
        for account in sorted(regions.keys() | gap_regions.keys() | names.keys())
    ]
    return tuple(sorted(lines, key=lambda it: ([-it.severities[severity] for severity in SEVERITIES], it.account_id)))
