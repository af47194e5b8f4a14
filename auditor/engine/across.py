"""Rules that look across accounts: asked once about everything, their verdicts handed to each account and region."""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.keys import numbered
from auditor.engine.gaps import Gaps, elsewhere
from auditor.engine.partition import Handed, Job
from auditor.engine.verdicts import Verdict, ask
from auditor.frames.columns import as_arrow
from auditor.inventory import GLOBAL, Partition


def judge_across(job: Job, gaps: Gaps) -> tuple[dict[Partition, dict[str, Handed]], dict[str, float]]:
    """Ask every rule with ``reach="organisation"``.

    Returns:
        The verdicts by place and rule, and how many seconds each rule took.
    """
    handed: dict[Partition, dict[str, Handed]] = {}
    seconds: dict[str, float] = {}
    supply = job.supply()
    for loaded in job.rules:
        rule = loaded.rule
        if rule.reach != "organisation":
            continue
        started = perf_counter()
        dark = elsewhere(rule, gaps)
        subject = supply.kept(rule.subject)
        if dark:
            verdict = Verdict.untold(len(subject))
        else:
            verdict = ask(loaded, job.settled[rule.id].parameters, supply, len(subject))
        verdict = verdict.telling(len(subject))
        places = supply.once(f"places of {rule.subject}", partial(_by_place, subject))
        for place, part in zip(places, verdict.parts(list(places.values())), strict=True):
            handed.setdefault(place, {})[rule.id] = Handed(part, dark)
        seconds[rule.id] = perf_counter() - started
    return handed, seconds


def _by_place(subject: pd.DataFrame) -> dict[Partition, np.ndarray[Any, Any]]:
    """The positions of a frame's rows by account and region."""
    if not len(subject):
        return {}
    accounts = as_arrow(subject["account_id"])
    regions = as_arrow(subject["region"]) if "region" in subject.columns else pa.repeat(GLOBAL, len(subject))
    numbers = numbered(pc.binary_join_element_wise(accounts, regions, "\x1f"))
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    groups = np.split(order, starts[1:])
    return {(accounts[rows[0]].as_py(), regions[rows[0]].as_py()): rows for rows in groups}
