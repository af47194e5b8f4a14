"""What stands on which sheet of the workbook: one row per thing, one thing per column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import pandas as pd

from auditor.frames import FRAMES
from auditor.renderers.cells import Column
from auditor.report.families import STANDINGS
from auditor.rule import SEVERITIES

if TYPE_CHECKING:
    from auditor.inventory import Inventory
    from auditor.report import Report

#: Rows that are in memory at once.
CHUNK = 50_000

#: Characters side by side that can still be read on a landscape page.
PAPER = 225

_ACCOUNT = (
    Column("Account", "account_name", width=22),
    Column("Account id", "account_id", "id", 15),
    Column("Region", "region", width=15),
)

FINDINGS = (
    Column("Severity", "severity", width=10),
    Column("Verdict", "verdict", width=10),
    Column("Rule", "rule_id", width=28),
    *_ACCOUNT,
    Column("Resource id", "resource_id", "id", 25),
    Column("Resource name", "resource_name", width=26),
    Column("Message", "message", width=56),
    Column("Owner", "owner", width=22),
    Column("Waiver", "waiver", width=14),
    Column("$ a month, low", "cost_low_usd", "money", 14),
    Column("$ a month, high", "cost_high_usd", "money", 14),
    Column("Saving $ a month, low", "saving_low_usd", "money", 14),
    Column("Saving $ a month, high", "saving_high_usd", "money", 14),
    Column("Saving method", "saving_method", width=13),
    Column("First seen (UTC)", "first_seen", "moment", 17),
    Column("Title", "rule_title", width=30),
    Column("Resource type", "resource_type", width=13),
    Column("Concerns", "discriminator", width=16),
    Column("Evidence", "evidence", width=60),
    Column("Finding id", "finding_id", "id", 24),
)
COVERAGE = (
    *_ACCOUNT,
    Column("Asked for", "collector", width=28),
    Column("Status", "status", width=12),
    Column("Error code", "error_code", width=26),
    Column("Message", "message", width=60),
    Column("Resource id", "resource_id", "id", 25),
    Column("Requests", "calls", "integer", 11),
    Column("Rows", "rows", "integer", 11),
    Column("Started (UTC)", "started_at", "moment", 17),
    Column("Ended (UTC)", "finished_at", "moment", 17),
)
SNAPSHOTS = (
    *_ACCOUNT,
    Column("Snapshot id", "snapshot_id", "id", 25),
    Column("Name", "name", width=26),
    Column("State", "state", width=11),
    Column("Tier", "storage_tier", width=10),
    Column("Volume GiB", "volume_size_gib", "integer", 11),
    Column("Started (UTC)", "started_at", "moment", 17),
    Column("Age days", "age_days", "integer", 10),
    Column("Encrypted", "encrypted", "flag", 10),
    Column("Origin", "origin", width=13),
    Column("$ a month, low", "monthly_low_usd", "money", 12),
    Column("$ a month, high", "monthly_high_usd", "money", 12),
    Column("Bounds rest on", "basis", width=18),
    Column("Full size GiB", "full_size_gib", "number", 12),
    Column("Stored GiB, low", "stored_low_gib", "number", 12),
    Column("Stored GiB, high", "stored_high_gib", "number", 12),
    Column("Origin is", "confidence", width=11),
    Column("Made for", "made_for", "id", 25),
    Column("Volume id", "volume_id", "id", 25),
    Column("KMS key", "kms_key_arn", "id", 40),
)
IMAGES = (
    *_ACCOUNT,
    Column("Image id", "image_id", "id", 25),
    Column("Name", "name", width=34),
    Column("State", "state", width=11),
    Column("In its family", "standing", width=12),
    Column("Public", "is_public", "flag", 9),
    Column("Created (UTC)", "created_at", "moment", 17),
    Column("Age days", "age_days", "integer", 10),
    Column("Origin", "origin", width=13),
    Column("Deprecated (UTC)", "deprecated_at", "moment", 17),
    Column("Last launched (UTC)", "last_launched_at", "moment", 19),
    Column("Platform", "platform_details", width=20),
    Column("Architecture", "architecture", width=13),
    Column("Root device", "root_device_type", width=13),
    Column("Family", "family", width=30),
    Column("Origin is", "confidence", width=11),
    Column("Origin rests on", "evidence", width=30),
    Column("Made from", "made_from", "id", 25),
    Column("Marketplace product", "product_code", "id", 27),
    Column("Made from image", "source_image_id", "id", 25),
    Column("Made from instance", "source_instance_id", "id", 25),
)
VOLUMES = (
    *_ACCOUNT,
    Column("Volume id", "volume_id", "id", 25),
    Column("Name", "name", width=28),
    Column("State", "state", width=11),
    Column("Size GiB", "size_gib", "integer", 10),
    Column("Type", "volume_type", width=8),
    Column("Created (UTC)", "created_at", "moment", 17),
    Column("Age days", "age_days", "integer", 10),
    Column("Encrypted", "encrypted", "flag", 10),
    Column("KMS key", "kms_key_arn", "id", 40),
    Column("Made from snapshot", "source_snapshot_id", "id", 25),
    Column("Zone", "availability_zone", width=14),
)
SHARING = (
    *_ACCOUNT,
    Column("Kind", "resource_type", width=10),
    Column("Resource id", "resource_id", "id", 25),
    Column("Shared with", "grantee", "id", 30),
    Column("Name", "grantee_name", width=22),
    Column("Who that is", "grantee_class", width=14),
    Column("Works today", "effective", "flag", 12),
    Column("Because", "effective_because", width=44),
    Column("Encrypted", "encrypted", "flag", 10),
    Column("Severity", "severity", width=10),
    Column("Expected", "expectation", width=28),
)
FAMILIES = (
    *_ACCOUNT,
    Column("Family", "family", width=30),
    Column("Images", "images", "integer", 9),
    Column("In use", "used", "integer", 9),
    Column("Kept", "kept", "integer", 9),
    Column("Spare", "spare", "integer", 9),
    Column("Cannot tell", "unclear", "integer", 11),
    Column("Disabled", "disabled", "integer", 10),
    Column("Newest image", "newest_image_id", "id", 25),
    Column("Newest made (UTC)", "newest_at", "moment", 17),
    Column("$ a month, low", "monthly_low_usd", "money", 12),
    Column("$ a month, high", "monthly_high_usd", "money", 12),
    Column("Spare $ a month, low", "spare_low_usd", "money", 12),
    Column("Spare $ a month, high", "spare_high_usd", "money", 12),
    Column("Instances", "instances", "integer", 10),
    Column("Templates", "templates", "integer", 10),
    Column("Other uses", "other_references", "integer", 11),
    Column("Accounts that use it", "using_accounts", "integer", 11),
    Column("Copied to", "copied_to", width=24),
    Column("Public", "public_images", "integer", 9),
    Column("Shared", "shared_images", "integer", 9),
    Column("Newest age days", "newest_days", "integer", 10),
    Column("Oldest made (UTC)", "oldest_at", "moment", 17),
    Column("Snapshots", "snapshots", "integer", 11),
    Column("Stored GiB, low", "stored_low_gib", "number", 12),
    Column("Stored GiB, high", "stored_high_gib", "number", 12),
    Column("Without a price", "unpriced", "integer", 11),
    Column("Newest name", "newest_name", width=34),
    Column("Told by", "family_by", width=9),
)
SPEND = (
    Column("By", "by", width=10),
    Column("Of", "key", "id", 18),
    Column("Name", "name", width=24),
    Column("Snapshots", "snapshots", "integer", 11),
    Column("Stored GiB, low", "stored_low_gib", "number", 15),
    Column("Stored GiB, high", "stored_high_gib", "number", 15),
    Column("$ a month, low", "low_usd", "money", 15),
    Column("$ a month, high", "high_usd", "money", 15),
    Column("Without a price", "unpriced", "integer", 15),
    Column("Size unknown", "size_unknown", "integer", 13),
)
WAIVERS = (
    Column("Rule", "rule_id", width=26),
    Column("Ticket", "ticket", width=14),
    Column("State", "state", width=10),
    Column("Covers findings", "covers", "integer", 15),
    Column("For", "what", width=40),
    Column("Reason", "reason", width=40),
    Column("Owner", "owner", width=24),
    Column("Approver", "approver", width=24),
    Column("From", "start", "day", 12),
    Column("Until", "until", "day", 12),
)
RULES = (
    Column("Rule", "rule_id", width=28),
    Column("Title", "title", width=34),
    Column("Severity", "severity", width=10),
    Column("Judged", "evaluated", "integer", 10),
    Column("Found", "found", "integer", 10),
    Column("Waived", "waived", "integer", 10),
    Column("Passed", "passed", "integer", 10),
    Column("Could not tell", "unknown", "integer", 14),
    Column("Parameters", "parameters", width=40),
    Column("Controls", "controls", width=50),
    Column("sha256 of its file", "sha256", "id", 66),
    Column("Ships with auditor", "built_in", "flag", 17),
    Column("Failed with", "crash", width=40),
)
MANIFEST = (Column("What", "label", width=26), Column("Value", "value", "id", 100))


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
        _held("Sharing", SHARING, _named(_sharing(report), names)),
        _held("Families", FAMILIES, _named(_families(report), names)),
        _held("Spend", SPEND, _spend(report)),
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
