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

from auditor.analysis import sources
from auditor.findings import Evaluation, Previous
from auditor.frames import FRAMES
from auditor.inventory import GLOBAL
from auditor.report.changes import CAME, WENT, Changes
from auditor.report.findings import RANK, opened
from auditor.rule import SEVERITIES

_PLACED = ["rule_id", "account_id", "region"]
_RESOURCE = [*_PLACED, "resource_id"]


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
    now = _Side(evaluation.findings, evaluation.rule_runs, evaluation.coverage)
    stood, stand = then.open, now.open
    new = stand[~stand["finding_id"].isin(stood["finding_id"])]
    gone = stood[~stood["finding_id"].isin(stand["finding_id"])]
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
    findings = other.findings[other.findings["rule_id"].isin(rows["rule_id"].unique())]
    waived = findings.loc[(findings["verdict"] == "found") & findings["waiver"].notna(), "finding_id"]
    unknown = findings.loc[findings["verdict"] == "unknown", _RESOURCE].drop_duplicates()
    untold = rows[_RESOURCE].merge(unknown, how="left", indicator=True)["_merge"].eq("both").to_numpy(bool)
    places = pd.MultiIndex.from_frame(rows[_PLACED].astype(object))
    unseen = places.isin(list(_unseen(places.unique(), other, subjects)))
    reasons = (
        (rows["finding_id"].isin(waived).to_numpy(bool), "waived"),
        (~rows["rule_id"].isin(other.rule_runs["rule_id"]).to_numpy(bool), "unjudged"),
        (untold | unseen, "untold"),
        (rows["rule_id"].isin(list(changed)).to_numpy(bool), "changed"),
    )
    return np.select([holds for holds, _ in reasons], [why for _, why in reasons], "absent")


def _unseen(
    places: Iterable[tuple[str, str, str]], side: _Side, subjects: Mapping[str, str]
) -> set[tuple[str, str, str]]:
    """Of rules in accounts and regions, those whose subject was not read whole there."""
    read: dict[tuple[str, str], dict[str, str]] = {}
    columns = ["account_id", "region", "collector", "status"]
    for account, region, collector, status in side.coverage[columns].itertuples(index=False, name=None):
        read.setdefault((account, region), {})[collector] = status
    fill = {
        name: {collector for frame in sources(subject) for collector in FRAMES[frame].filled_by}
        for name, subject in subjects.items()
    }

    def seen(rule: str, account: str, region: str) -> bool:
        here = read.get((account, GLOBAL), {}) | read.get((account, region), {})
        statuses = [here[collector] for collector in fill.get(rule, ()) if collector in here]
        return bool(statuses) and all(status == "complete" for status in statuses)

    return {place for place in places if not seen(*place)}


def _worst_first(gone: pd.DataFrame) -> pd.DataFrame:
    ranked = gone.assign(rank=gone["severity"].map(RANK).fillna(len(RANK)).astype("int64"))
    ordered = ranked.sort_values(["rank", *_RESOURCE, "finding_id"], kind="stable", ignore_index=True)
    whole: pd.DataFrame = ordered.drop(columns="rank")
    return whole
