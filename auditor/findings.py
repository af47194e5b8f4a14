"""What judging comes to: findings with an identity, tallies, and how they are kept."""

from __future__ import annotations

import hashlib
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.errors import InventoryError
from auditor.frames import FRAMES
from auditor.frames.columns import as_arrow
from auditor.manifest import Manifest
from auditor.rule import SEVERITIES, Rule, Severity

__all__ = ["RESULTS", "Evaluation", "Previous", "fill", "finding_id", "gathered", "read_results", "write_results"]

#: The frames that are kept beside the inventory, each in a Parquet file of its name.
RESULTS = ("findings", "tallies", "rule_runs", "coverage", "item_gaps", "waivers")

ID_DIGITS = 20

_RULED = ["rule_id", "account_id", "region"]
_IDENTITY = ["rule_id", "partition", "account_id", "region", "resource_id"]
#: Why a rule could not tell.
_REASONS = ["message", "evidence"]

#: Columns of a finding that speak of one resource.
_OF_ONE = (
    "resource_id",
    "resource_name",
    "discriminator",
    "owner",
    "monthly_cost_usd",
    "cost_low_usd",
    "cost_high_usd",
    "saving_low_usd",
    "saving_high_usd",
    "saving_method",
)


@dataclass(frozen=True)
class Evaluation:
    """What the rules made of an inventory; every frame is declared in ``auditor.frames``.

    Attributes:
        findings: What was found or could not be told, by rule, account, region and resource.
        tallies: A row for every rule, account and region with anything to judge.
        rule_runs: A row for every rule.
        waivers: A row for every waiver of the configuration.
        coverage: What became of every collector.
        gaps: Which frames are incomplete where.
        item_gaps: Single resources that could not be read.
        rules: The rules that ran, by id, with the severity that the policy gave them.
        as_of: The moment that was judged.
        manifest: Who collected what, when.
        summaries: What else was made of each account and region, by name, in their order.
    """

    findings: pd.DataFrame
    tallies: pd.DataFrame
    rule_runs: pd.DataFrame
    waivers: pd.DataFrame
    coverage: pd.DataFrame
    gaps: pd.DataFrame
    item_gaps: pd.DataFrame
    rules: Mapping[str, Rule]
    as_of: datetime
    manifest: Manifest
    summaries: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @property
    def incomplete(self) -> bool:
        """Whether anything could not be seen or told: a gap, an unknown verdict or a crashed rule."""
        return bool(
            (self.coverage["status"] != "complete").any()
            or len(self.item_gaps)
            or (self.tallies["unknown"] > 0).any()
            or self.rule_runs["crash"].notna().any()
        )

    @property
    def worst(self) -> Severity | None:
        """The worst severity among findings that nobody waived; none where there are none."""
        open_ones = (self.findings["verdict"] == "found") & self.findings["waiver"].isna()
        present = set(self.findings.loc[open_ones, "severity"].unique())
        return next((severity for severity in SEVERITIES if severity in present), None)

    @property
    def gathered(self) -> pd.DataFrame:
        """The findings as they are listed, see :func:`gathered`."""
        return gathered(self.findings, self.tallies)


@dataclass(frozen=True)
class Previous:
    """An earlier run as it was judged.

    Attributes:
        folder: Where it lies.
        run_id: First characters of its manifest's hash.
        as_of: The moment that it judged.
        results: The frames of ``RESULTS`` by name.
    """

    folder: Path
    run_id: str
    as_of: datetime
    results: Mapping[str, pd.DataFrame]

    @classmethod
    def read(cls, folder: Path) -> Previous:
        """The run in a folder.

        Raises:
            InventoryError: There is no run in it, it was not judged, or a file is damaged.
        """
        manifest = Manifest.read(folder)
        return cls(folder, manifest.run_id, manifest.as_of, read_results(folder))

    @property
    def first_seen(self) -> pd.DataFrame:
        """Since when what it found is known: ``finding_id`` and ``first_seen``."""
        findings = self.results["findings"]
        return findings.loc[findings["verdict"] == "found", ["finding_id", "first_seen"]]


def finding_id(
    rule_id: str, partition: str, account_id: str, region: str, resource_id: str, discriminator: str | None = None
) -> str:
    """The stable identity of a finding: nothing in it moves with descriptions, order or dates."""
    text = "\x1f".join((rule_id, partition, account_id, region, resource_id, discriminator or ""))
    return hashlib.sha256(text.encode()).hexdigest()[:ID_DIGITS]


def gathered(findings: pd.DataFrame, tallies: pd.DataFrame) -> pd.DataFrame:
    """Findings as they are listed, with ``resources``: how many each speaks for.

    Where a rule passed nothing of an account and region, and could not tell of the rest for one and the same reason, a
    single row without a resource says so: a listing that was refused makes thousands. All others speak for one.
    """
    unclear = (findings["verdict"] == "unknown") & findings["waiver"].isna()
    at = np.flatnonzero(unclear.to_numpy(bool, na_value=False))
    rows = findings[[*_RULED, *_REASONS]].iloc[at]
    code = rows.groupby(_RULED, sort=False, observed=True).ngroup().to_numpy()
    _, first, times = np.unique(code, return_index=True, return_counts=True)
    alone = np.bincount(code, _differ(rows, first[code]), len(first)) == 0
    passed = tallies.set_index(_RULED)["passed"].reindex(pd.MultiIndex.from_frame(rows[_RULED].iloc[first]))
    alone &= (times > 1) & passed.eq(0).fillna(value=False).to_numpy(bool)
    kept = np.ones(len(findings), dtype=bool)
    kept[at[alone[code]]] = False
    rest: pd.DataFrame = findings[kept].assign(resources=1)
    if not alone.any():
        return rest
    one = findings.iloc[at[first[alone]]]
    ids = [finding_id(*each) for each in one[_IDENTITY].assign(resource_id="").itertuples(index=False, name=None)]
    nothing = {name: one[name].iloc[:0].reindex(one.index) for name in _OF_ONE}
    told = one.assign(resources=times[alone], **nothing)
    told = told.assign(finding_id=pd.Series(ids, one.index, rest["finding_id"].dtype))
    whole: pd.DataFrame = pd.concat([rest, told])
    return whole


def _differ(rows: pd.DataFrame, others: np.ndarray[Any, np.dtype[np.intp]]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which rows say something else than those at other places, one for each."""
    differs = np.zeros(len(rows), dtype=bool)
    for name in _REASONS:
        said = as_arrow(rows[name])
        differs |= pc.fill_null(pc.not_equal(said, said.take(pa.array(others))), False).to_numpy(zero_copy_only=False)
    return differs


class _Tolerant(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "unknown"


def fill(template: str, values: Mapping[str, Any]) -> str:
    """A template with its braces filled in; what is missing is called unknown."""
    known = {name: value for name, value in values.items() if value is not None and value is not pd.NA}
    return string.Formatter().vformat(template, (), _Tolerant(known))


def write_results(evaluation: Evaluation, folder: Path) -> dict[str, str]:
    """Keep an evaluation in a run folder, one Parquet file for each frame in ``RESULTS``.

    Returns:
        File name to its sha256.

    Raises:
        InventoryError: The folder cannot be written.
    """
    sums: dict[str, str] = {}
    for name in RESULTS:
        frame = FRAMES[name]
        sink = pa.BufferOutputStream()
        pq.write_table(frame.to_arrow(getattr(evaluation, name)), sink, compression="zstd")
        content = sink.getvalue()
        path = folder / f"{name}.parquet"
        unfinished = path.with_name(f".{path.name}.unfinished")
        try:
            unfinished.write_bytes(content)
            unfinished.replace(path)
        except OSError as error:
            raise InventoryError(f"{path} cannot be written: {error.strerror}.") from error
        sums[path.name] = hashlib.sha256(content).hexdigest()
    return sums


def read_results(folder: Path) -> dict[str, pd.DataFrame]:
    """The frames that ``write_results`` kept; a frame that an older version did not keep comes back empty.

    Raises:
        InventoryError: The folder holds no findings, or a file is damaged.
    """
    if not (folder / "findings.parquet").exists():
        raise InventoryError(f"{folder} holds no findings.", f"Judge it first: auditor report {folder}")
    frames: dict[str, pd.DataFrame] = {}
    for name in RESULTS:
        path = folder / f"{name}.parquet"
        if not path.exists():
            frames[name] = FRAMES[name].empty()
            continue
        try:
            table = pq.read_table(path, partitioning=None)
        except (OSError, pa.ArrowException) as error:
            raise InventoryError(
                f"{path} is not a readable Parquet file.", f"Judge again: auditor report {folder}"
            ) from error
        frames[name] = FRAMES[name].from_arrow(table)
    return frames
