"""Judges an inventory: frames in by name, verdicts checked, gaps spread, crashes contained, waivers marked.

Each account and region is judged alone, with its own frames only, by every rule; rules that look across accounts are
asked once about everything before that. A verdict is missing wherever a frame that the rule names has a gap. For
every rule and place, found + passed + unknown are the rows of its subject.

A rule may find several things on one row of its subject, a grantee each, say: its verdict frame then has a row for
each, told apart by ``discriminator``, and none for what passes. Each is a finding of its own; the tallies count rows
of the subject. A row with anything found is found; only where nothing is can it be unknown, which is said once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic_core import to_jsonable_python

from auditor.analysis import SETTINGS, keys, settings_of
from auditor.config import Config
from auditor.engine.across import judge_across
from auditor.engine.gaps import Gaps
from auditor.engine.partition import FINDINGS, Job, Judged, Outcome, Place, Summary
from auditor.engine.pool import Progress, judge_all, lend, parted, pool_for
from auditor.engine.supply import Reports
from auditor.engine.waivers import waive
from auditor.findings import Evaluation, finding_id, read_results, write_results
from auditor.frames import FRAMES
from auditor.frames.columns import as_arrow
from auditor.inventory import GLOBAL, Inventory
from auditor.rulebook import LoadedRule, settle

__all__ = [
    "Evaluation",
    "Judging",
    "Summary",
    "begin",
    "evaluate",
    "finding_id",
    "read_results",
    "write_results",
]


@dataclass(frozen=True)
class Judging:
    """An inventory being judged: what is judged here is done, what was lent to another process may not be.

    Attributes:
        summaries: What was made of each account and region, by name.
    """

    job: Job
    summaries: Mapping[str, list[Any]]
    judged: Sequence[Judged]
    seconds: Mapping[str, float]
    lent: Callable[[], list[Judged]]
    first_seen: pd.DataFrame | None

    def end(self) -> Evaluation:
        """Wait for what was lent, and put together what all of it came to."""
        job, inventory, reports = self.job, self.job.inventory, self.job.reports
        outcomes = [outcome for place in [*self.judged, *self.lent()] for outcome in place.outcomes]
        outcomes.sort(key=lambda outcome: (outcome.rule_id, outcome.account_id, outcome.region))
        table = _findings(outcomes, self.first_seen, inventory.as_of)
        table, waivers = waive(table, job.config.waiver, inventory.as_of)
        findings = FRAMES["findings"].from_arrow(table)
        return Evaluation(
            findings=findings,
            tallies=_tallies(outcomes, findings, job.rules),
            rule_runs=_rule_runs(job, outcomes, self.seconds),
            waivers=waivers,
            coverage=reports.frame("coverage"),
            gaps=reports.frame("gaps"),
            item_gaps=reports.frame("item_gaps"),
            rules={
                each.rule.id: replace(each.rule, severity=job.settled[each.rule.id].severity or each.rule.severity)
                for each in job.rules
            },
            as_of=inventory.as_of,
            manifest=inventory.manifest,
            summaries=self.summaries,
        )


def evaluate(
    inventory: Inventory,
    rules: Sequence[LoadedRule],
    config: Config,
    *,
    first_seen: pd.DataFrame | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    summaries: Mapping[str, Summary] | None = None,
) -> Evaluation:
    """Judge an inventory by rules, from beginning to end; see :func:`begin`."""
    begun = begin(
        inventory, rules, config, first_seen=first_seen, executor=executor, progress=progress, summaries=summaries
    )
    return begun.end()


def begin(
    inventory: Inventory,
    rules: Sequence[LoadedRule],
    config: Config,
    *,
    first_seen: pd.DataFrame | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    summaries: Mapping[str, Summary] | None = None,
) -> Judging:
    """Judge an inventory by rules; what comes of it hangs on the arguments alone, whatever the executor.

    Args:
        inventory: What was collected, on disk or in memory.
        rules: The rules, from ``auditor.rulebook.load_rules``.
        config: Parameters, severities, waivers, discount and owner tag.
        first_seen: ``finding_id`` and ``first_seen`` of what was reported before; others are first seen now.
        executor: Judges accounts and regions of an inventory on disk side by side; anything with the interface of
            ``concurrent.futures`` whose workers can read the run folder. Left out, large inventories get processes.
        progress: Told how many accounts and regions are done, of how many.
        summaries: What else to make of each account and region while its frames, derived ones too, are at hand: a name
            and a function of what gives a frame by name, the account and the region. Functions that processes can be
            told of, see ``pickle``.

    Raises:
        ConfigError: The policy does not fit the rules.
        InventoryError: The inventory is damaged.
    """
    settled = settle(rules, config)
    active = sorted((loaded for loaded in rules if loaded.rule.id in settled), key=lambda loaded: loaded.rule.id)
    reports = Reports(inventory)
    job = Job(inventory, reports, active, settled, config, summaries or {})
    gaps = Gaps.of(inventory)
    where = _where(inventory, active)
    rows = int(reports.frame("coverage")["rows"].sum())
    with pool_for(executor, inventory, len(where), rows) as pool:
        places = [Place(*place, gaps.at(*place)) for place in where]
        mine, rest = parted(job, places, rows, pool)
        lent = lend(rest, places, pool) if rest and pool else list[Judged]
        handed, seconds = judge_across(mine, gaps)
        places = [replace(place, handed=handed.get(place.key, {})) for place in places]
        judged = judge_all(mine, places, None if rest else pool, progress)
    sums = {name: [place.summaries[name] for place in judged if place.summaries] for name in job.summaries}
    return Judging(job, sums, judged, seconds, lent, first_seen)


def _where(inventory: Inventory, rules: Sequence[LoadedRule]) -> list[tuple[str, str]]:
    """Every account and region, and accounts as a whole where a rule judges what has no region."""
    where = inventory.partitions
    if any("region" not in FRAMES[loaded.rule.subject].names for loaded in rules):
        accounts = {account for account, _ in where} | set(inventory.read("accounts")["account_id"])
        where = sorted([*where, *((account, GLOBAL) for account in accounts)])
    return where


def _findings(outcomes: Sequence[Outcome], first_seen: pd.DataFrame | None, as_of: datetime) -> pa.Table:
    tables = [outcome.findings for outcome in outcomes if outcome.findings is not None]
    table = pa.concat_tables(tables) if tables else FINDINGS.empty_table()
    field = FINDINGS.field("first_seen")
    column = pa.repeat(pa.scalar(as_of, field.type), len(table))
    if first_seen is not None:
        at = keys.places(table.column("finding_id").combine_chunks(), as_arrow(first_seen["finding_id"]))
        known = as_arrow(first_seen["first_seen"]).cast(field.type)
        column = pc.coalesce(known.take(pa.array(at, mask=at < 0)), column)
    return table.set_column(FINDINGS.get_field_index("first_seen"), field, column)


def _tallies(outcomes: Sequence[Outcome], findings: pd.DataFrame, rules: Sequence[LoadedRule]) -> pd.DataFrame:
    keys = ["rule_id", "account_id", "region"]
    marked = findings.loc[findings["waiver"].notna(), [*keys, "resource_id"]]
    if len(marked):  # waivers are for resources: of several findings on one row of the subject all are waived
        parted = {each.rule.id for each in rules if len({*FRAMES[each.rule.subject].key} - {*keys}) > 1}
        marked = marked[~marked.duplicated() | marked["rule_id"].isin(list(parted))]
    waived = {key: len(rows) for key, rows in marked.groupby(keys).indices.items()} if len(marked) else {}
    places = [(outcome.rule_id, outcome.account_id, outcome.region) for outcome in outcomes]
    values: dict[str, list[Any]] = {
        "rule_id": [place[0] for place in places],
        "account_id": [place[1] for place in places],
        "region": [place[2] for place in places],
        "evaluated": [outcome.evaluated for outcome in outcomes],
        "found": [outcome.found for outcome in outcomes],
        "passed": [outcome.evaluated - outcome.found - outcome.unknown for outcome in outcomes],
        "unknown": [outcome.unknown for outcome in outcomes],
        "waived": [waived.get(place, 0) for place in places],
    }
    return FRAMES["tallies"].of(values)


def _rule_runs(job: Job, outcomes: Sequence[Outcome], seconds: Mapping[str, float]) -> pd.DataFrame:
    took = dict(seconds)
    crashes: dict[str, str] = {}
    for outcome in outcomes:
        took[outcome.rule_id] = took.get(outcome.rule_id, 0.0) + outcome.seconds
        if outcome.crash:
            crashes.setdefault(outcome.rule_id, outcome.crash)
    rows = []
    for loaded in job.rules:
        settled = job.settled[loaded.rule.id]
        rows.append(
            {
                "rule_id": loaded.rule.id,
                "title": loaded.rule.title,
                "severity": settled.severity or loaded.rule.severity,
                "parameters": json.dumps(dict(settled.parameters), sort_keys=True, ensure_ascii=False, default=str),
                "settings": _settings(loaded, job.config),
                "sha256": loaded.sha256,
                "built_in": loaded.built_in,
                "seconds": took.get(loaded.rule.id, 0.0),
                "crash": crashes.get(loaded.rule.id),
            }
        )
    return FRAMES["rule_runs"].rows(rows)


def _settings(loaded: LoadedRule, config: Config) -> str | None:
    """The hash of what the configuration says that a rule's frames hang on."""
    said = {name: to_jsonable_python(SETTINGS[name](config)) for name in settings_of(loaded.rule.frames)}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest() if said else None
