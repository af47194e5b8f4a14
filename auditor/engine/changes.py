"""Sets the findings of a run against those of an earlier one: what is new, what is gone, and why.

A finding that is gone is resolved only where its rule ran again, from the same file, with the same parameters and by
the same configuration, where its resource would have been seen, and where it is neither unknown nor waived. One is new
only where it would have been found then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from auditor.analysis import sources
from auditor.analysis.keys import is_one_of, keys
from auditor.analysis.places import collectors_of
from auditor.findings import Evaluation, Previous
from auditor.frames.columns import as_arrow, distinct
from auditor.inventory import GLOBAL
from auditor.report.changes import CAME, WENT, Changes
from auditor.report.findings import RANK, opened
from auditor.rule import SEVERITIES

_RESOURCE = ["rule_id", "account_id", "region", "resource_id"]

#: What two findings are compared by; to take whole rows costs more than all the rest.
_COMPARED = [*_RESOURCE, "finding_id", "severity", "verdict", "waiver"]


@dataclass(frozen=True)
class _Side:
    """One of the two runs."""

    findings: pd.DataFrame
    rule_runs: pd.DataFrame
    coverage: pd.DataFrame

    @property
    def open(self) -> pd.DataFrame:
        """The findings that stand."""
        return self.findings[opened(self.findings)]


def changes_of(previous: Previous, evaluation: Evaluation, cost: tuple[Decimal, Decimal] | None = None) -> Changes:
    """What changed since an earlier run.

    Args:
        previous: The earlier run.
        evaluation: What was made of this one.
        cost: Least and most that all snapshots cost a month then.
    """
    results = previous.results
    then = _Side(results["findings"], results["rule_runs"], results["coverage"])
    now = _Side(evaluation.findings[_COMPARED], evaluation.rule_runs, evaluation.coverage)
    stood, stand = then.open, now.open
    new, gone = stand[~_among(stand, stood)], stood[~_among(stood, stand)]
    subjects = {name: rule.subject for name, rule in evaluation.rules.items()}
    changed = _judge_otherwise(then.rule_runs, now.rule_runs)
    came, went = _why(new, then, subjects, changed), _why(gone, now, subjects, changed)
    times = [frame["rule_id"].value_counts() for frame in (new, gone)]
    severities = stood["severity"].value_counts()
    return Changes(
        run_id=previous.run_id,
        as_of=previous.as_of,
        before={severity: int(severities.get(severity, 0)) for severity in SEVERITIES},
        new={why: int((came == why).sum()) for why in CAME},
        gone={why: int((went == why).sum()) for why in WENT},
        by_rule={
            str(name): (int(times[0].get(name, 0)), int(times[1].get(name, 0)))
            for name in sorted(set(times[0].index) | set(times[1].index))
        },
        cost=cost,
        table=_worst_first(gone.assign(became=went)),
    )


def _among(findings: pd.DataFrame, others: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which findings are among others."""
    return is_one_of(as_arrow(findings["finding_id"]), as_arrow(others["finding_id"]))


def _judge_otherwise(then: pd.DataFrame, now: pd.DataFrame) -> set[str]:
    """The rules that ran both times, from another file, with other parameters or by another configuration."""
    then_by, now_by = (
        runs.set_index("rule_id")[["sha256", "parameters", "settings"]].astype(object).fillna("").T.to_dict("list")
        for runs in (then, now)
    )
    return {str(name) for name, how in now_by.items() if then_by.get(name, how) != how}


def _why(
    rows: pd.DataFrame, other: _Side, subjects: Mapping[str, str], changed: set[str]
) -> np.ndarray[Any, np.dtype[Any]]:
    """Why findings of one run do not stand in the other."""
    findings = other.findings[_COMPARED]
    waived = findings[(findings["verdict"] == "found") & findings["waiver"].notna()]
    unknown = findings[findings["verdict"] == "unknown"]
    untold = is_one_of(keys(rows, "rule_id", "resource_id"), keys(unknown, "rule_id", "resource_id"))
    unseen = _unseen(distinct(rows, "account_id", "region", "rule_id"), other, subjects)
    dark = is_one_of(keys(rows, "rule_id"), pa.array(["\x1f".join(place) for place in unseen], pa.string()))
    reasons = (
        (_among(rows, waived), "waived"),
        (~rows["rule_id"].isin(other.rule_runs["rule_id"]).to_numpy(bool), "unjudged"),
        (untold | dark, "untold"),
        (rows["rule_id"].isin(list(changed)).to_numpy(bool), "changed"),
    )
    return np.select([holds for holds, _ in reasons], [why for _, why in reasons], "absent")


def _unseen(
    places: Iterable[tuple[str, str, str]], side: _Side, subjects: Mapping[str, str]
) -> set[tuple[str, str, str]]:
    """Of accounts, regions and the rules asked there, those whose subject was not read whole."""
    read: dict[tuple[str, str], dict[str, str]] = {}
    columns = ["account_id", "region", "collector", "status"]
    for account, region, collector, status in side.coverage[columns].itertuples(index=False, name=None):
        read.setdefault((account, region), {})[collector] = status
    fill = {name: collectors_of(sources(subject)) for name, subject in subjects.items()}

    def seen(account: str, region: str, rule: str) -> bool:
        here = read.get((account, GLOBAL), {}) | read.get((account, region), {})
        statuses = [here[collector] for collector in fill.get(rule, ()) if collector in here]
        return bool(statuses) and all(status == "complete" for status in statuses)

    return {place for place in places if not seen(*place)}


def _worst_first(gone: pd.DataFrame) -> pd.DataFrame:
    ranked = gone.assign(rank=gone["severity"].map(RANK).fillna(len(RANK)).astype("int64"))
    ordered = ranked.sort_values(["rank", *_RESOURCE, "finding_id"], kind="stable", ignore_index=True)
    whole: pd.DataFrame = ordered.drop(columns="rank")
    return whole
