"""findings.json: the whole report for machines; its schema ships as ``findings.schema.json``."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from auditor.errors import RenderError
from auditor.report.families import STANDINGS

if TYPE_CHECKING:
    from auditor.inventory import Inventory
    from auditor.report import Report, Spend
    from auditor.report.changes import Changes
    from auditor.report.families import Families

#: Version of the format; raised when something is removed or changes its meaning, not when something is added.
FORMAT = 1

_SUMS = ("snapshots", "stored_low_bytes", "stored_high_bytes", "low_usd", "high_usd", "unpriced", "size_unknown")

#: What is told of a finding that stood in an earlier run.
_GONE = ("finding_id", "rule_id", "severity", "account_id", "region", "resource_type", "resource_id", "became")


def write_json(report: Report, inventory: Inventory, path: Path, templates: Path | None = None) -> None:  # noqa: ARG001
    """Write the report as JSON: stable order, plain ASCII, strings exactly as AWS gave them.

    Args:
        report: What to tell.
        inventory: For the manifest.
        path: Where to.
        templates: Not used; every renderer is called alike.

    Raises:
        RenderError: The file cannot be written.
    """
    try:
        with path.open("w", encoding="ascii", newline="\n") as target:
            head = json.dumps(document(report, inventory), indent=1, sort_keys=True, default=_said)
            # findings come last and one a line, so that a hundred thousand of them need no second copy in memory
            target.write(head.rstrip().removesuffix("}").rstrip() + ',\n "findings": [')
            encode = json.JSONEncoder(sort_keys=True, default=_said).encode
            for number, record in enumerate(_records(report.tables["findings"], ("evidence",))):
                target.write(",\n  " if number else "\n  ")
                target.write(encode(record))
            target.write("\n ]\n}\n")
    except OSError as error:
        raise RenderError(f"{path} cannot be written: {error.strerror}.") from error


def document(report: Report, inventory: Inventory) -> dict[str, Any]:
    """Everything but the findings."""
    manifest = inventory.manifest
    return {
        "format": FORMAT,
        "made_by": "auditor",
        "run": {
            "id": report.run_id,
            "manifest_sha256": report.manifest_sha256,
            "tool_version": report.tool_version,
            "collected_with": manifest.tool_version,
            "as_of": report.as_of,
            "started_at": manifest.started_at,
            "finished_at": manifest.finished_at,
            "organisation": report.cover.organisation,
            "organisation_id": report.cover.organisation_id or None,
            "accounts": report.cover.accounts,
            "regions": report.cover.regions,
            "account_regions": report.cover.account_regions,
            "principals": dict(sorted(manifest.principals.items())),
        },
        "verdict": report.verdict,
        "counts": {
            line.severity: {"open": line.open, "waived": line.waived, "unknown": line.unknown}
            for line in report.severities
        },
        "changes": _changes(report.changes),
        "sight": {
            "complete": report.sight.complete,
            "sentence": report.sight.sentence,
            "read_completely": report.sight.read_completely,
            "unknown": report.sight.unknown,
        },
        "rules": [
            {
                "rule_id": line.rule_id,
                "title": line.title,
                "severity": line.severity,
                "counts": line.counts,
                "parameters": line.settings,
                "controls": {framework: list(ids) for framework, ids in line.controls},
                "sha256": line.sha256,
                "built_in": line.built_in,
                "crash": line.crash or None,
            }
            for line in report.rules
        ],
        "tallies": list(_records(report.tables["tallies"])),
        "coverage": list(_records(report.tables["coverage"])),
        "item_gaps": list(_records(report.tables["item_gaps"])),
        "spend": _spend(report.spend),
        "families": _families(report.families),
        "waivers": [asdict(line) for line in report.waivers],
    }


def _changes(changes: Changes | None) -> dict[str, Any] | None:
    if changes is None:
        return None
    return {
        "run_id": changes.run_id,
        "as_of": changes.as_of,
        "before": changes.before,
        "new": changes.new,
        "gone": changes.gone,
        "cost_low_usd": changes.cost and changes.cost[0],
        "cost_high_usd": changes.cost and changes.cost[1],
        "no_longer_open": list(_records(changes.table[list(_GONE)])),
    }


def _spend(spend: Spend | None) -> dict[str, Any] | None:
    if spend is None:
        return None
    groups = {"account": spend.by_account, "region": spend.by_region, "origin": spend.by_origin, "age": spend.by_age}
    return {
        "total": {name: getattr(spend.total, name) for name in _SUMS},
        "by": {
            by: [{"key": line.key, **{name: getattr(line, name) for name in _SUMS}} for line in lines]
            for by, lines in groups.items()
        },
        "saving_low_usd": spend.saving_low_usd,
        "saving_high_usd": spend.saving_high_usd,
        "saving_unknown": spend.saving_unknown,
        "savings": [asdict(line) for line in spend.savings],
        "fast_restore_usd": spend.fast_restore_usd,
        "net_low_usd": spend.net_low_usd,
        "net_high_usd": spend.net_high_usd,
        "price_date": spend.price_date,
        "sources": list(spend.sources),
        "discount": spend.discount,
    }


def _families(families: Families | None) -> dict[str, Any] | None:
    if families is None or not families.asked:
        return None
    money = ("low_usd", "high_usd", "spare_low_usd", "spare_high_usd")
    return {
        "families": families.families,
        **{name: getattr(families.total, name) for name in ("images", *STANDINGS, *money)},
        "unpriced": families.unpriced,
        "unread": families.unread,
        "keep": families.keep,
    }


def _records(frame: pd.DataFrame, nested: tuple[str, ...] = ()) -> Any:
    """Rows as mappings with ``None`` for what is missing; columns of JSON text become what they say."""
    columns = [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame.columns]
    names = list(frame.columns)
    for values in zip(*columns, strict=True):
        record = dict(zip(names, values, strict=True))
        for name in nested:
            record[name] = json.loads(record[name]) if record[name] else {}
        yield record


def _said(value: Any) -> Any:
    """Values that JSON has no form for: money as exact numbers of dollars, moments in ISO 8601."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
