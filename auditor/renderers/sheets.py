"""What stands on which sheet of the workbook: one row per thing, one thing per column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import pandas as pd

from auditor.frames import FRAMES
from auditor.renderers.cells import Column
from auditor.renderers.columns import (
    BACKUPS,
    COVERAGE,
    FAMILIES,
    FINDINGS,
    GONE,
    IMAGES,
    MANIFEST,
    RULES,
    SAVINGS,
    SHARING,
    SNAPSHOTS,
    SPEND,
    VOLUMES,
    WAIVERS,
)
from auditor.report.backups import VERDICTS
from auditor.report.changes import WENT
from auditor.report.families import STANDINGS
from auditor.report.savings import savings
from auditor.rule import SEVERITIES

if TYPE_CHECKING:
    from auditor.inventory import Inventory
    from auditor.report import Report
    from auditor.report.changes import Changes

#: Rows that are in memory at once.
CHUNK = 50_000

#: Characters side by side that can still be read on a landscape page.
PAPER = 225


@dataclass(frozen=True)
class Sheet:
    """One sheet.

    Attributes:
        rows: How many rows it has, without the header.
        chunks: Gives the rows, some at a time.
        printed: How many of its columns go on paper; the others would make it too small to read.
    """

    title: str
    columns: tuple[Column, ...]
    rows: int
    chunks: Callable[[], Iterator[pd.DataFrame]]
    printed: int


def sheets(report: Report, inventory: Inventory) -> list[Sheet]:
    """Every sheet with a table, in order."""
    names = {line.account_id: line.name for line in report.accounts if line.name}
    return [
        _held("Findings", FINDINGS, _named(_findings(report), names)),
        *([_held("Gone", GONE, _named(_gone(report.changes), names))] if report.changes else []),
        _due(report, inventory, names),
        _held("Sharing", SHARING, _named(_sharing(report), names)),
        _held("Families", FAMILIES, _named(_families(report), names)),
        _held("Spend", SPEND, _spend(report)),
        _held("Savings", SAVINGS, _named(savings(report.tables["findings"]), names)),
        _stored("Snapshots", SNAPSHOTS, report, inventory, names),
        _stored("Images", IMAGES, report, inventory, names),
        _stored("Volumes", VOLUMES, report, inventory, names),
        _held("Coverage", COVERAGE, _named(_coverage(report), names)),
        _held("Waivers", WAIVERS, _waivers(report)),
        _held("Rules", RULES, _rules(report)),
        _held("Manifest", MANIFEST, _manifest(report, inventory)),
    ]


def _held(title: str, columns: tuple[Column, ...], frame: pd.DataFrame) -> Sheet:
    def chunks() -> Iterator[pd.DataFrame]:
        for start in range(0, len(frame), CHUNK):
            yield frame.iloc[start : start + CHUNK]

    return Sheet(title, columns, len(frame), chunks, _on_paper(columns))


def _stored(
    title: str, columns: tuple[Column, ...], report: Report, inventory: Inventory, names: dict[str, str]
) -> Sheet:
    """A sheet of an inventory frame, read an account and region at a time."""
    frame = title.lower()
    since = "started_at" if frame == "snapshots" else "created_at"

    def chunks() -> Iterator[pd.DataFrame]:
        for account, region in inventory.partitions:
            rows = inventory.read(frame, account, region)
            if frame == "snapshots":
                rows = _costed(rows, report)
            elif frame == "images":
                rows = _told(rows, report)
            rows = _named(rows.assign(age_days=(report.as_of - rows[since]).dt.days.astype("Int64")), names)
            for start in range(0, len(rows), CHUNK):
                yield rows.iloc[start : start + CHUNK]

    return Sheet(title, columns, len(inventory.read(frame, columns=["account_id"])), chunks, _on_paper(columns))


def _due(report: Report, inventory: Inventory, names: dict[str, str]) -> Sheet:
    """Every backup that was due, an account and region at a time."""
    backups = report.backups

    def chunks() -> Iterator[pd.DataFrame]:
        if backups is None or backups.details is None or not backups.due:
            return
        for place in inventory.partitions:
            rows = _named(backups.details(*place), names)
            rows = rows.assign(verdict=rows["verdict"].replace(VERDICTS))
            for start in range(0, len(rows), CHUNK):
                yield rows.iloc[start : start + CHUNK]

    return Sheet("Backups", BACKUPS, backups.due if backups else 0, chunks, _on_paper(BACKUPS))


def _on_paper(columns: tuple[Column, ...]) -> int:
    widths = accumulate(column.width for column in columns)
    return sum(1 for width in widths if width <= PAPER)


def _costed(rows: pd.DataFrame, report: Report) -> pd.DataFrame:
    if report.spend and report.spend.details and len(rows):
        here = report.spend.details(rows["account_id"].iloc[0], rows["region"].iloc[0])
        rows = rows.merge(here, on=["account_id", "region", "snapshot_id"], how="left")
        rows["stored_low_gib"] = _gib(rows["stored_low_bytes"])
        rows["stored_high_gib"] = _gib(rows["stored_high_bytes"])
    return rows.assign(full_size_gib=_gib(rows["full_size_bytes"]))


def _told(rows: pd.DataFrame, report: Report) -> pd.DataFrame:
    """Images with what made them and what they are in their family."""
    if report.families and report.families.details and len(rows):
        here = report.families.details(rows["account_id"].iloc[0], rows["region"].iloc[0])
        rows = rows.merge(here, on=["account_id", "region", "image_id"], how="left")
        rows["standing"] = rows["standing"].replace("unclear", STANDINGS["unclear"]).replace("used", STANDINGS["used"])
    return rows


def _gib(column: pd.Series[Any]) -> pd.Series[Any]:
    return (column.astype("Float64") / 2**30).round(3)


def _named(frame: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    return frame.assign(account_name=frame["account_id"].map(names).astype(frame["account_id"].dtype))


def _findings(report: Report) -> pd.DataFrame:
    """Findings with what is open and worst first."""
    findings = report.tables["findings"]
    rank = findings["severity"].map({severity: rank for rank, severity in enumerate(SEVERITIES)}).astype("Int64")
    order = findings.assign(_unknown=findings["verdict"] != "found", _waived=findings["waiver"].notna(), _rank=rank)
    by = ["_unknown", "_waived", "_rank", "rule_id", "account_id", "region", "resource_id", "finding_id"]
    return order.sort_values(by, ignore_index=True)


def _gone(changes: Changes) -> pd.DataFrame:
    """What stood in the earlier run and does not now, with what became of it in words."""
    return changes.table.assign(became=changes.table["became"].map(WENT).astype("string"))


def _coverage(report: Report) -> pd.DataFrame:
    """Coverage with single resources that could not be read below it, gaps first."""
    coverage = report.tables["coverage"]
    items = report.tables["item_gaps"].assign(status="single resource")
    both = pd.concat([coverage, items], ignore_index=True) if len(items) else coverage
    gap = (both["status"] == "complete").fillna(value=False)
    return both.assign(_clear=gap).sort_values(["_clear"], kind="stable", ignore_index=True)


def _sharing(report: Report) -> pd.DataFrame:
    """Every resource with every grantee, worst first."""
    if report.sharing is None or report.sharing.access.empty:
        return pd.DataFrame(columns=[column.source for column in SHARING], dtype="string")
    access = report.sharing.access
    rank = access["severity"].map({severity: rank for rank, severity in enumerate(SEVERITIES)}).astype("Int64")
    by = ["_rank", "account_id", "region", "resource_id", "grantee"]
    return access.assign(_rank=rank).sort_values(by, ignore_index=True)


def _families(report: Report) -> pd.DataFrame:
    """Every family, those with most to spare first."""
    if report.families is None or report.families.table.empty:
        return FRAMES["image_families"].empty()
    table = report.families.table
    return table.assign(
        newest_days=(report.as_of - table["newest_at"]).dt.days.astype("Int64"),
        stored_low_gib=_gib(table["stored_low_bytes"]),
        stored_high_gib=_gib(table["stored_high_bytes"]),
    )


def _spend(report: Report) -> pd.DataFrame:
    spend = report.spend
    groups = (
        {"account": spend.by_account, "region": spend.by_region, "origin": spend.by_origin, "age": spend.by_age}
        if spend
        else {}
    )
    rows = [
        {
            **{name: getattr(line, name) for name in ("key", "snapshots", "unpriced", "size_unknown")},
            "by": by,
            "name": line.name or None,
            "stored_low_gib": round(line.stored_low_bytes / 2**30, 3),
            "stored_high_gib": round(line.stored_high_bytes / 2**30, 3),
            "low_usd": float(line.low_usd),
            "high_usd": float(line.high_usd),
        }
        for by, lines in groups.items()
        for line in lines
    ]
    return pd.DataFrame(rows, columns=[column.source for column in SPEND])


def _waivers(report: Report) -> pd.DataFrame:
    rows = [
        {
            **{name: getattr(line, name) for name in ("rule_id", "ticket", "state", "covers", "reason", "owner")},
            "approver": line.approver,
            "what": ", ".join(line.what),
            "start": pd.Timestamp(line.start, tz="UTC"),
            "until": pd.Timestamp(line.until, tz="UTC"),
        }
        for line in report.waivers
    ]
    return pd.DataFrame(rows, columns=[column.source for column in WAIVERS])


def _rules(report: Report) -> pd.DataFrame:
    rows = [
        {
            **{name: getattr(line, name) for name in ("rule_id", "title", "severity", "sha256", "built_in")},
            **line.counts,
            "parameters": "; ".join(f"{name}: {value}" for name, value in line.parameters) or None,
            "controls": "; ".join(f"{framework} {', '.join(ids)}" for framework, ids in line.controls) or None,
            "crash": line.crash or None,
        }
        for line in report.rules
    ]
    return pd.DataFrame(rows, columns=[column.source for column in RULES])


def _manifest(report: Report, inventory: Inventory) -> pd.DataFrame:
    manifest = inventory.manifest
    rows = [
        *report.manifest,
        *((f"Read {account} as", arn) for account, arn in sorted(manifest.principals.items())),
        *((path, digest) for path, digest in sorted(manifest.files.items())),
    ]
    return pd.DataFrame(rows, columns=["label", "value"])
