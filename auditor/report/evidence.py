"""What made a finding, in few words: the evidence as a row of the PDF says it; the workbook has it whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import groupby
from typing import Any

from auditor.report import text
from auditor.report.model import FindingRow

#: Longest text of one fact.
_FACT = 120

#: Said first and without their names: sentences of their own.
_SENTENCES = ("what", "who", "reason")

#: What another fact says as well.
_SAID_BY = {
    "created_at": "age_days",
    "started_at": "age_days",
    "deprecated_at": "deprecated_days",
    "grantee_type": "grantee_id",
    "kept": "kept_days",
    "minutes_apart": "because",
    "last_scheduled_at": "due",
    "made_by": "promise",
    "schedule": "promise",
    "reason": "what_is_gone",
    "size_gib": "newest_backup",
}

#: Names that say more than those of the columns.
_NAMES = {
    "expectation": "expected by entry",
    "unmet": "not made",
    "windows": "promised",
    "zone list price a month": "$ a month",
}

_ARN = re.compile(r"\barn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:\d*:(?:key/)?(?=\S)")
_DAYS = re.compile(r"\d{4}-\d\d-\d\d[^,]*(, \d{4}-\d\d-\d\d[^,]*){3,}")

#: Minutes of a day, and from when on minutes are told as days.
_DAY = 24 * 60
_LONG = 3 * _DAY

Fact = tuple[str, str]


def facts(row: Mapping[Any, Any]) -> tuple[Fact, ...]:
    """The evidence of one finding as names and values; a name is empty where the value says it all.

    Args:
        row: A row of ``findings``; its strings are foreign.
    """
    evidence = json.loads(row["evidence"]) if isinstance(row["evidence"], str) else {}
    skip = {"account_id", "region", "severity", f"{row['resource_type']}_id"}
    skip |= {name for name, other in _SAID_BY.items() if evidence.get(other) is not None}
    known = {row["resource_id"], row["resource_name"]} - {None}
    if evidence.get("who") == evidence.get("grantee"):
        skip |= {"who"}
    told = {name: it for name, it in evidence.items() if name not in skip and not (isinstance(it, str) and it in known)}
    first = [name for name in _SENTENCES if name in told]
    said = [*_concerned(row, evidence), *(_fact(name, told[name]) for name in dict.fromkeys([*first, *told]))]
    return tuple(
        (text.plain(name, 40), text.plain(value, _FACT))
        for name, value in _joined(said)
        if value not in ("not known", "none", "")
    )


def _joined(said: Iterable[Fact]) -> Iterator[Fact]:
    """Neighbours of one name as one, e.g. the id of the newest backup and its day."""
    for name, facts_of in groupby(said, key=lambda fact: fact[0]):
        values = [value for _, value in facts_of]
        if name and len(values) > 1:
            values = [", ".join(value for value in values if value != "not known") or "not known"]
        yield from ((name, value) for value in values)


def _concerned(row: Mapping[Any, Any], evidence: Mapping[str, Any]) -> Iterator[Fact]:
    """What a finding concerns where neither its resource nor its evidence names it, e.g. a backup in a vault."""
    concerns = row["discriminator"]
    if isinstance(concerns, str) and concerns.startswith("arn:") and concerns not in evidence.values():
        kind, _, name = brief(concerns).replace("/", ":", 1).partition(":")
        yield "", f"{kind.replace('-', ' ')} {name}"


def _fact(name: str, thing: Any) -> Fact:
    if isinstance(thing, bool):
        return "", _flag(text.words(name), holds=thing)
    label, said = text.fact(name, thing)
    if name.endswith("_minutes") and isinstance(thing, int) and thing > _LONG:
        said = text.counted(thing // _DAY, "day")
    label = _NAMES.get(label, label)
    if name.endswith("_usd") and isinstance(thing, int | float):
        said = text.money(Decimal(str(thing)), "")
    if name in _SENTENCES:
        label = ""
    if isinstance(thing, str):
        said = _days(brief(said))
    words = label.split(" ")
    if label and said.startswith(f"{words[-1]} "):  # "policy is": "is gone"
        label = " ".join(words[:-1])
    return label, said


def _flag(label: str, *, holds: bool) -> str:
    if label == "works":
        return "works today" if holds else "does not work today"
    if holds:
        return label
    return re.sub(r"\bis\b", "is not", label, count=1) if re.search(r"\bis\b", label) else f"not {label}"


def _days(said: str) -> str:
    """Of many days the first two, and how many more."""
    if not _DAYS.fullmatch(said):
        return said
    each = said.split(", ")
    return f"{', '.join(each[:2])} and {text.count(len(each) - 2)} more"


def brief(said: str) -> str:
    """A sentence with the names in it instead of ARNs."""
    return _ARN.sub("", said)


def shared(rows: tuple[FindingRow, ...]) -> tuple[tuple[Fact, ...], tuple[FindingRow, ...]]:
    """The facts and the owner that all of several rows have, and the rows without them: said once, not in every row."""
    if len(rows) < 2:
        return (), rows
    common = tuple(fact for fact in rows[0].evidence if all(fact in row.evidence for row in rows))
    rows = tuple(replace(row, evidence=_without(row.evidence, common)) for row in rows)
    owner = rows[0].owner
    if owner and all(row.owner == owner for row in rows):
        return (*common, ("owner", owner)), tuple(replace(row, owner="") for row in rows)
    return common, rows


def _without(evidence: Iterable[Fact], common: tuple[Fact, ...]) -> tuple[Fact, ...]:
    return tuple(fact for fact in evidence if fact not in common)
