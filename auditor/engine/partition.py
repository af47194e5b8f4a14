"""Judges one account and region: asks its rules, lets gaps spread, and makes the findings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.config import Config
from auditor.engine.gaps import Gap, dark
from auditor.engine.money import costs, id_column, names, own_key, owners, parts
from auditor.engine.supply import Reports, Supply
from auditor.engine.verdicts import OWN, Verdict, ask
from auditor.engine.words import arrow, evidence, fields, sentences
from auditor.findings import ID_DIGITS
from auditor.frames import FRAMES
from auditor.frames.columns import in_arrow
from auditor.inventory import GLOBAL, Inventory, Partition
from auditor.rule import all_pass
from auditor.rulebook import LoadedRule, Settled

FINDINGS = FRAMES["findings"].arrow_schema
_NO_TEXT = pa.scalar(None, pa.string())

#: Columns that are the same for all findings of one rule and place; the last two are filled when all are judged.
_SAME = (
    *("rule_id", "rule_title", "rule_sha256", "resource_type", "partition", "account_id", "region"),
    *("waiver", "first_seen"),
)

#: Columns in which they may differ.
_OWN = pa.schema(field for field in FINDINGS if field.name not in _SAME)


#: Makes something small of the frames of one account and region: gets what gives a frame by name, account and region.
Summary = Callable[[Callable[[str], pd.DataFrame], str, str], Any]


@dataclass(frozen=True)
class Job:
    """What is the same for every account and region of one evaluation."""

    inventory: Inventory
    reports: Reports
    rules: Sequence[LoadedRule]
    settled: Mapping[str, Settled]
    config: Config
    summaries: Mapping[str, Summary] = field(default_factory=dict)

    def supply(self, account_id: str | None = None, region: str | None = None) -> Supply:
        """The frames of one account and region, or of all."""
        return Supply(self.inventory, self.reports, self.config, account_id, region)


@dataclass(frozen=True)
class Handed:
    """The verdict of a rule that looks across accounts, on the rows of one account and region.

    Attributes:
        dark: Why nothing can be told anywhere, or ``""``.
    """

    verdict: Verdict
    dark: str = ""


@dataclass(frozen=True)
class Place:
    """One account and region, with what is missing there and what was already judged for it."""

    account_id: str
    region: str
    gaps: tuple[Gap, ...] = ()
    handed: Mapping[str, Handed] = field(default_factory=dict)

    @property
    def key(self) -> Partition:
        """Account and region."""
        return self.account_id, self.region


@dataclass(frozen=True)
class Outcome:
    """What one rule came to in one account and region."""

    rule_id: str
    account_id: str
    region: str
    evaluated: int
    found: int
    unknown: int
    seconds: float
    crash: str
    findings: pa.Table | None


@dataclass(frozen=True)
class Judged:
    """One account and region: what each rule came to, and its summaries by name."""

    outcomes: list[Outcome]
    summaries: Mapping[str, Any]


def judge(job: Job, place: Place) -> Judged:
    """Judge one account and region by every rule that has a subject there, and sum it up from the same frames."""
    supply = job.supply(place.account_id, place.region)
    outcomes = []
    for loaded in job.rules:
        if ("region" in FRAMES[loaded.rule.subject].names) == (place.region == GLOBAL):
            continue
        started = perf_counter()
        subject = supply.kept(loaded.rule.subject)
        if len(subject):
            outcomes.append(_outcome(job, place, supply, loaded, subject, started))
    summed = {} if place.region == GLOBAL else job.summaries
    return Judged(outcomes, {name: make(supply.kept, *place.key) for name, make in summed.items()})


def _outcome(
    job: Job, place: Place, supply: Supply, loaded: LoadedRule, subject: pd.DataFrame, started: float
) -> Outcome:
    rule, rows = loaded.rule, len(subject)
    settled = job.settled[rule.id]
    handed = place.handed.get(rule.id)
    everywhere, single = dark(rule, subject, place.gaps)
    everywhere = everywhere or (handed.dark if handed else "")
    if everywhere:
        verdict = Verdict.untold(rows)
    else:
        verdict = handed.verdict if handed else ask(loaded, settled.parameters, supply, rows)
    where = (rule.id, place.account_id, place.region, rows)
    if not single and all_pass(verdict.found):
        return Outcome(*where, 0, 0, perf_counter() - started, "", None)
    answered = verdict.by_row(rows)
    answered[list(single)] = np.nan
    unknown, found = np.isnan(answered), answered == 1.0
    findings = None
    if found.any() or unknown.any():
        tables = []
        if found.any():
            tables.append(_found(job, place, supply, loaded, subject, verdict, found))
        if unknown.any():
            reasons = _reasons(rule.subject, verdict, unknown.nonzero()[0], everywhere, single)
            tables.append(_unknown(job, place, loaded, subject, unknown.nonzero()[0], reasons))
        findings = _whole(job, place, loaded, _in_order(pa.concat_tables(tables)))
    counts = int(found.sum()), int(unknown.sum())
    assert int((answered == 0.0).sum()) + sum(counts) == rows, f"{rule.id} lost rows"  # noqa: S101 - the promise of every tally
    return Outcome(*where, *counts, perf_counter() - started, verdict.crash, findings)


def _reasons(
    subject: str, verdict: Verdict, rows: np.ndarray[Any, Any], everywhere: str, single: Mapping[int, str]
) -> pa.Array:
    if everywhere:
        return pa.repeat(everywhere, len(rows))
    if verdict.crash:
        return pa.repeat(f"Could not tell: the rule crashed with {verdict.crash}.", len(rows))
    noun = FRAMES[subject].noun or "row"
    plain = f"Could not tell: something that the rule must know of this {noun} is missing."
    given = verdict.reasons(rows)
    if single:
        given = pc.coalesce(pa.array([single.get(row) for row in rows.tolist()], pa.string()), given)
    return pc.fill_null(given, plain)


def _found(
    job: Job,
    place: Place,
    supply: Supply,
    loaded: LoadedRule,
    subject: pd.DataFrame,
    verdict: Verdict,
    found: np.ndarray[Any, Any],
) -> pa.Table:
    rule, settled = loaded.rule, job.settled[loaded.rule.id]
    rows, places = verdict.told(found)
    mine = _taken(rule.subject, subject, rows, fields(rule.message))
    extra = {name: pd.Series(column.array.take(places)) for name, column in verdict.extra.items()}
    ids = mine[id_column(rule.subject)].cast(pa.string())
    proof = {name: column for name, column in extra.items() if name not in OWN}
    severity = pa.repeat(settled.severity or rule.severity, len(rows))
    if settled.severity is None and "severity" in extra:
        severity = pc.coalesce(arrow(extra["severity"]), severity)
    columns: dict[str, pa.Array | None] = {
        "severity": severity,
        "discriminator": arrow(extra["discriminator"]).cast(pa.string())
        if "discriminator" in extra
        else parts(rule.subject, mine),
        "resource_name": names(mine),
        "message": sentences(rule.message, {**mine, **proof}, len(rows)),
        "evidence": evidence(proof, len(rows)),
        "owner": owners(rule.subject, ids, supply, job.config.report.owner_tag),
        **costs(rule.subject, ids, supply, place.gaps, saves=rule.saves),
    }
    return _table(job, place, loaded, "found", ids, columns)


def _unknown(
    job: Job, place: Place, loaded: LoadedRule, subject: pd.DataFrame, rows: np.ndarray[Any, Any], reasons: pa.Array
) -> pa.Table:
    mine = _taken(loaded.rule.subject, subject, rows)
    columns: dict[str, pa.Array | None] = {
        "severity": pa.repeat(job.settled[loaded.rule.id].severity or loaded.rule.severity, len(rows)),
        "discriminator": parts(loaded.rule.subject, mine),
        "resource_name": names(mine),
        "message": reasons,
        "evidence": pa.repeat("{}", len(rows)),
    }
    ids = mine[id_column(loaded.rule.subject)].cast(pa.string())
    return _table(job, place, loaded, "unknown", ids, columns)


def _taken(
    subject: str, frame: pd.DataFrame, rows: np.ndarray[Any, Any], more: Set[str] = frozenset()
) -> dict[str, pa.Array]:
    """What identifies and names some rows of a subject, and more of its columns."""
    wanted = {id_column(subject), *own_key(subject), "name", "name_tag", *more}.intersection(FRAMES[subject].names)
    at = pa.array(rows)
    return {name: in_arrow(frame[name]).take(at) for name in sorted(wanted)}


def _table(
    job: Job, place: Place, loaded: LoadedRule, verdict: str, ids: pa.Array, columns: Mapping[str, pa.Array | None]
) -> pa.Table:
    """What may differ from one finding of a rule and a place to the next."""
    rows = len(ids)
    prefix = "\x1f".join((loaded.rule.id, partition_of(place.region, job.config.scope.partition), *place.key))
    made = {name: column for name, column in columns.items() if column is not None}
    made["verdict"] = pa.repeat(verdict, rows)
    made["resource_id"] = ids
    made["finding_id"] = _finding_ids(prefix, ids, columns.get("discriminator"))
    arrays = [made[field.name] if field.name in made else pa.nulls(rows, field.type) for field in _OWN]
    return pa.table(arrays, schema=_OWN)


def _in_order(findings: pa.Table) -> pa.Table:
    """Findings of one rule by resource, and several on one by what tells them apart."""
    ids = findings.column("resource_id").combine_chunks()
    rows = pc.array_sort_indices(ids)
    ordered = ids.take(rows)
    if pc.any(pc.equal(ordered.slice(1), ordered.slice(0, max(len(ids) - 1, 0)))).as_py():
        keys = ("resource_id", "discriminator", "finding_id")
        rows = pc.sort_indices(findings, sort_keys=[(name, "ascending") for name in keys])
    return findings.take(rows)


def _whole(job: Job, place: Place, loaded: LoadedRule, findings: pa.Table) -> pa.Table:
    """The findings with the columns that are the same for all of one rule and place."""
    rule, partition = loaded.rule, partition_of(place.region, job.config.scope.partition)
    noun = FRAMES[rule.subject].noun or rule.subject
    values = (rule.id, rule.title, loaded.sha256, noun, partition, *place.key, None, None)
    columns = dict(zip(findings.column_names, findings.columns, strict=True))
    for name, value in zip(_SAME, values, strict=True):
        columns[name] = pa.repeat(pa.scalar(value, FINDINGS.field(name).type), len(findings))
    return pa.table([columns[name] for name in FINDINGS.names], schema=FINDINGS)


def _finding_ids(prefix: str, ids: pa.Array, discriminators: pa.Array | None) -> pa.Array:
    """``findings.finding_id`` for many rows of one rule and place."""
    start = hashlib.sha256(f"{prefix}\x1f".encode())
    tails = pc.binary_join_element_wise(
        ids, _NO_TEXT if discriminators is None else discriminators, "\x1f", null_handling="replace"
    )
    digests = []
    for tail in tails.to_pylist():
        digest = start.copy()
        digest.update(tail.encode())
        digests.append(digest.hexdigest()[:ID_DIGITS])
    return pa.array(digests, pa.string())


def partition_of(region: str, otherwise: str) -> str:
    """The partition that a region lies in; the configured one where its name does not tell."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else otherwise
