"""Findings as a reader wants them: by rule, worst first, few rows, and what to do."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from auditor.frames import FRAMES
from auditor.report import text
from auditor.report.evidence import brief, facts, shared
from auditor.report.model import Action, FindingRow, RuleLine, RuleSection
from auditor.rule import SEVERITIES

if TYPE_CHECKING:
    from datetime import datetime

    from auditor.report.model import Sight
    from auditor.rule import Rule

#: Rank of a severity, the worst is 0.
RANK: dict[str, int] = {severity: rank for rank, severity in enumerate(SEVERITIES)}

COUNTS = ("evaluated", "found", "passed", "unknown", "waived")

#: What says which resource a finding is about.
_THING = ["account_id", "region", "resource_id"]

#: Longest text of one name in the PDF; the workbook has it whole.
_NAME = 60


def opened(findings: pd.DataFrame) -> pd.Series[bool]:
    """Which findings stand: found, and not waived."""
    return ((findings["verdict"] == "found") & findings["waiver"].isna()).fillna(value=False).astype(bool)


def rule_lines(
    rules: Mapping[str, Rule], runs: pd.DataFrame, tallies: pd.DataFrame, findings: pd.DataFrame
) -> tuple[RuleLine, ...]:
    """Every rule that ran, by id, with its counts over all accounts and regions.

    What is open are findings, of which one resource may have several; what was judged, found, passed or could not be
    told are resources.
    """
    sums = tallies.groupby("rule_id", observed=True)[list(COUNTS)].sum()
    standing = findings.loc[opened(findings), "rule_id"].value_counts()
    lines = []
    for run in runs.sort_values("rule_id").astype(object).to_dict("records"):
        name = run["rule_id"]
        counts = {count: int(sums.loc[name, count]) if name in sums.index else 0 for count in COUNTS}
        parameters = json.loads(run["parameters"]) if not _missing(run["parameters"]) else {}
        lines.append(
            RuleLine(
                rule_id=name,
                title=run["title"],
                severity=run["severity"],
                counts={**counts, "open": int(standing.get(name, 0))},
                parameters=tuple((text.words(key), text.plain(text.value(it), 80)) for key, it in parameters.items()),
                settings=parameters,
                controls=tuple(rules[name].controls.items()) if name in rules else (),
                sha256=text.plain(run["sha256"]),
                built_in=bool(run["built_in"]) if not _missing(run["built_in"]) else False,
                crash=text.plain(run["crash"], 300),
            )
        )
    return tuple(lines)


#: How much of the room for a rule's rows it gets: what is less severe is looked up in the workbook.
_SHARE_OF_ROWS = {"critical": 1.0, "high": 0.5, "medium": 0.3, "low": 0.1, "info": 0.1}


def sections(
    lines: tuple[RuleLine, ...],
    rules: Mapping[str, Rule],
    findings: pd.DataFrame,
    names: Mapping[str, str],
    as_of: datetime,
    limit: int,
) -> tuple[RuleSection, ...]:
    """The rules that found something, could not tell or crashed, worst first; from findings as they are listed."""
    told = [
        line
        for line in lines
        if line.rule_id in rules and (line.counts["found"] or line.counts["unknown"] or line.crash)
    ]
    ranked = _ranked(findings)
    nothing = ranked.iloc[:0]
    groups = {str(name): rows for name, rows in ranked.groupby(findings["rule_id"].array[ranked["at"]], observed=True)}
    unknown = findings.loc[findings["verdict"] == "unknown", ["rule_id", "message", "resources"]]
    whys = {str(name): rows for name, rows in unknown.groupby("rule_id", observed=True)}
    grades = {line.rule_id: _grades(line, groups.get(line.rule_id, nothing)) for line in told}
    worst = {line.rule_id: min(grades[line.rule_id], key=RANK.__getitem__, default=line.severity) for line in told}
    found = {name: rows["at"].to_numpy()[rows["found"].to_numpy()] for name, rows in groups.items()}
    records = _records(
        findings,
        {
            name: found[name][: max(1, round(limit * _SHARE_OF_ROWS[grade]))]
            for name, grade in worst.items()
            if name in found
        },
    )
    made = []
    for line in told:
        name, rule = line.rule_id, rules[line.rule_id]
        fact, _, whole = headline(rule, line, grades[name])
        common, shown = shared(tuple(_row(record, names, as_of) for record in records.get(name, ())))
        made.append(
            RuleSection(
                anchor=f"rule-{name}",
                rule_id=name,
                title=rule.title,
                severity=worst[name],
                fact=fact,
                told=_told(groups.get(name, nothing), line.severity),
                headline=whole,
                why=rule.why,
                counts=line.counts,
                rows=shown,
                common=common,
                shown=_filled(shown, line.severity),
                more=max(len(found.get(name, ())) - len(shown), 0),
                unknown_why=_reasons(whys.get(name)),
                remedy=rule.remedy,
                command=_command(rule, next(iter(records.get(name, ())), {})),
                breaks=rule.breaks,
                controls=tuple(rule.controls.items()),
                crash=line.crash,
            )
        )
    return tuple(
        sorted(made, key=lambda it: (not it.counts["open"], RANK[it.severity], -it.counts["open"], it.rule_id))
    )


def _ranked(findings: pd.DataFrame) -> pd.DataFrame:
    """What a rule's findings are counted by, the first to be shown first: numbers and flags, which are quick to part.

    ``at`` says which row each is, ``thing`` which resource it is about.
    """
    narrow = pd.DataFrame(
        {
            "at": np.arange(len(findings)),
            "thing": findings.groupby(_THING, sort=False, dropna=False).ngroup().to_numpy(),
            "found": (findings["verdict"] == "found").to_numpy(bool, na_value=False),
            "open": opened(findings).to_numpy(),
            "waived": findings["waiver"].notna().to_numpy(),
            "rank": findings["severity"].map(RANK).fillna(len(RANK)).to_numpy("int64"),
            "cost": _float(findings["cost_high_usd"]).to_numpy(),
        }
    )
    texts = {name: findings[name].array for name in (*_THING, "discriminator")}
    by = ["waived", "rank", "cost", *texts]
    ordered = narrow.assign(**texts).sort_values(by, ascending=[name != "cost" for name in by], kind="stable")
    return ordered[list(narrow)]


def _grades(line: RuleLine, rows: pd.DataFrame) -> dict[str, int]:
    """How many resources a rule found, by severity; each counts once, by the worst of what was found on it."""
    counted = rows[rows["open"]]
    if line.counts["found"] < int(rows["found"].sum()):
        counted = counted.sort_values("rank", kind="stable").drop_duplicates("thing")
    times = np.bincount(counted["rank"], minlength=len(SEVERITIES))
    return {grade: int(number) for grade, number in zip(SEVERITIES, times, strict=False) if number}


def _told(rows: pd.DataFrame, severity: str) -> int:
    """How many open findings the fact of a rule is about: those of its own severity or worse, or else all."""
    full = int((rows["open"] & (rows["rank"] <= RANK[severity])).sum())
    return full or int(rows["open"].sum())


def _records(findings: pd.DataFrame, places: Mapping[str, Any]) -> dict[str, list[dict[Any, Any]]]:
    """The findings at some places of the frame, whole, taken out all at once because each taking costs the same."""
    names = [name for name, at in places.items() for _ in at]
    rows = findings.iloc[np.concatenate([*places.values(), np.array([], dtype="int64")])]
    records: dict[str, list[dict[Any, Any]]] = {}
    for name, record in zip(names, rows.astype(object).to_dict("records"), strict=True):
        records.setdefault(name, []).append(record)
    return records


def _reasons(rows: pd.DataFrame | None) -> tuple[tuple[str, int], ...]:
    """Why a rule could not tell, and of how many resources each time, most first."""
    if rows is None:
        return ()
    times = rows.groupby("message", sort=False, observed=True)["resources"].sum()
    said = ((text.plain(brief(str(reason)), 200), int(resources)) for reason, resources in times.items())
    return _bundled(sorted(said, key=lambda it: -it[1]))


def headline(rule: Rule, line: RuleLine, grades: Mapping[str, int]) -> tuple[str, int, str]:
    """A rule's findings as a fact, how many open findings that counts, and the fact with the others beside it.

    A rule may grade rows below its own severity; its words are about the full fault, so those are counted apart.
    """
    full = sum(times for grade, times in grades.items() if RANK[grade] <= RANK[line.severity])
    lesser = sum(grades.values()) - full
    if full:
        one, many = rule.headline
        said = (one if full == 1 else many).replace("{count}", text.count(full)).rstrip(".")
        return said, full, f"{said}; {text.count(lesser)} more at a lower severity" if lesser else said
    if lesser:
        said = f"{rule.title}: {text.count(lesser)} at a lower severity"
        return said, lesser, said
    if line.crash:
        said = "the rule failed and judged nothing"
    elif line.counts["waived"]:
        said = f"{text.count(line.counts['waived'])} found, all waived"
    else:
        said = f"could not tell for {text.count(line.counts['unknown'])}"
    return f"{rule.title}: {said}", 0, f"{rule.title}: {said}"


def _row(row: Mapping[Any, Any], names: Mapping[str, str], as_of: datetime) -> FindingRow:
    first = row["first_seen"]
    return FindingRow(
        severity=row["severity"],
        account_name=names.get(row["account_id"], ""),
        account_id=text.plain(row["account_id"]),
        region=text.plain(row["region"], 30),
        resource_name="" if row["resource_id"] == row["region"] else text.plain(row["resource_name"], _NAME),
        resource_id="" if row["resource_id"] == row["region"] else text.plain(row["resource_id"], 40),
        evidence=facts(row),
        since=text.day(first) if not _missing(first) and first < as_of else "",
        cost=_cost(row),
        owner=text.plain(row["owner"], 40),
        waiver=text.plain(row["waiver"], 40),
    )


def _cost(row: Mapping[Any, Any]) -> str:
    exact, low, high = (row[name] for name in ("monthly_cost_usd", "cost_low_usd", "cost_high_usd"))
    if not _missing(exact):
        return text.money(exact, "")
    return "" if _missing(low) or _missing(high) else text.money_range(low, high, "")


def _filled(rows: tuple[FindingRow, ...], severity: str) -> frozenset[str]:
    filled = {name for name in ("since", "cost", "owner", "waiver", "evidence") if any(getattr(r, name) for r in rows)}
    filled |= {"resource"} if any(row.resource_id for row in rows) else set()
    return frozenset(filled | ({"severity"} if any(row.severity != severity for row in rows) else set()))


def _bundled(reasons: list[tuple[str, int]], limit: int = 3) -> tuple[tuple[str, int], ...]:
    rest = sum(times for _, times in reasons[limit:])
    return (*reasons[:limit], *([("other reasons, in the workbook", rest)] if rest else []))


def _command(rule: Rule, first: Mapping[Any, Any]) -> str:
    """The remedy for the first row: only what looks like an id is filled in, never a name tag."""
    known: dict[str, Any] = {}
    if first:
        known = json.loads(first["evidence"]) if not _missing(first["evidence"]) else {}
        known |= {name: first[name] for name in ("account_id", "region", "resource_id")}
        known |= _identity(rule, first)

    def fill(match: re.Match[str]) -> str:
        value = known.get(match[1])
        return value if isinstance(value, str) and _ID.fullmatch(value) else f"<{match[1].replace('_', ' ')}>"

    return re.sub(r"\{(\w+)\}", fill, rule.remedy.replace("{{", "\x00").replace("}}", "\x01")).translate(_BRACES)


def _identity(rule: Rule, first: Mapping[Any, Any]) -> dict[str, Any]:
    """The columns of the subject's key, as far as a finding tells them: its id, and an ARN beside it."""
    own = [name for name in FRAMES[rule.subject].key if name not in ("account_id", "region")]
    told = dict(zip(own, (first["resource_id"],), strict=False))
    concerns = first["discriminator"]
    if len(own) > 1 and isinstance(concerns, str) and concerns.startswith("arn:"):
        told[own[1]] = concerns
    return told


#: What a shell takes as one harmless word.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9:/_.=-]*")
_BRACES = {0: "{", 1: "}"}


def actions(told: tuple[RuleSection, ...], findings: pd.DataFrame, sight: Sight, limit: int = 5) -> tuple[Action, ...]:
    """What to do first: the worst findings, with a gap in sight right after what is critical or high."""
    standing = [section for section in told if section.counts["open"]]
    urgent = [section for section in standing if RANK[section.severity] <= RANK["high"]][: limit - 1]
    rest = [section for section in standing if section not in urgent][: limit - len(urgent)]
    owned = findings.loc[opened(findings), ["rule_id", "owner"]]

    def action(section: RuleSection) -> Action:
        return Action(
            severity=section.severity,
            fact=section.fact,
            command=section.command,
            owner=owners(owned.loc[owned["rule_id"] == section.rule_id, "owner"]),
            anchor=section.anchor,
            section=section.title,
        )

    gap = [] if sight.complete else [_look_again(sight)]
    return tuple([*map(action, urgent), *gap, *map(action, rest)][:limit])


def _look_again(sight: Sight) -> Action:
    return Action(
        severity="gap",
        fact=sight.shortfall,
        command="auditor permissions --check",
        owner="whoever runs auditor",
        anchor="coverage",
        section="Coverage",
    )


def owners(column: pd.Series[Any], limit: int = 1) -> str:
    """The owners of some findings in words, most findings first."""
    named = Counter(text.plain(owner, 40) for owner in column.dropna())
    top = sorted(named.items(), key=lambda it: (-it[1], it[0]))
    words = [f"{owner} ({text.count(times)})" for owner, times in top[:limit]]
    if len(top) > limit:
        words.append(text.counted(len(top) - limit, "other"))
    missing = int(column.isna().sum())
    if missing:
        words.append(f"{text.count(missing)} without an owner" if words else "no owner tag")
    return text.listed(words)


def _missing(thing: Any) -> bool:
    return thing is None or bool(pd.isna(thing))


def _float(column: pd.Series[Any]) -> pd.Series[Any]:
    return column.astype("Float64").fillna(-1.0).astype("float64")
