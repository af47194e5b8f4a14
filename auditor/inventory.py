"""A run folder: everything that was collected, and what could not be.

Layout::

    manifest.json                                        what was asked for, when, by whom; sha256 of every file
    journal.jsonl                                        a line per finished collector; the truth while collecting
    inventory/<frame>/<account>/<region>.<collector>.parquet

A frame without rows in a partition has no file; the journal says that it was read.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from auditor.errors import InventoryError
from auditor.frames import FRAMES, INVENTORY, frames_filled_by
from auditor.frames.columns import distinct
from auditor.manifest import MANIFEST, Manifest

JOURNAL = "journal.jsonl"

#: Region of calls that answer for the whole account.
GLOBAL = "global"

Partition = tuple[str, str]

_NEVER = {"status": "skipped", "error_code": "NotCollected", "message": "Collecting stopped before it came to this."}


@dataclass(frozen=True)
class Part:
    """What one collector left behind in one account and region: a line of the journal."""

    coverage: Mapping[str, Any]
    item_gaps: tuple[Mapping[str, Any], ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """Account, region and collector."""
        return self.coverage["account_id"], self.coverage["region"], self.coverage["collector"]

    @property
    def complete(self) -> bool:
        """Whether nothing is missing, no single item either."""
        return self.coverage["status"] == "complete" and not self.item_gaps


class Inventory:
    """Frames by account and region, with what is missing from them."""

    def __init__(self, manifest: Manifest, parts: Iterable[Part], folder: Path | None = None) -> None:
        self.manifest = manifest
        self.folder = folder
        self._parts = {part.key: part for part in parts}
        self._memory: dict[str, pd.DataFrame] = {}
        self._sums = {path: digest for part in self._parts.values() for path, digest in part.files.items()}
        self._files: dict[str, dict[Partition, list[str]]] = {}
        for (account, region, _), part in sorted(self._parts.items()):
            for path in part.files:
                held = self._files.setdefault(path.split("/", 2)[1], {})
                held.setdefault((account, region), []).append(path)

    @classmethod
    def of(
        cls,
        frames: Mapping[str, pd.DataFrame],
        as_of: datetime,
        coverage: Iterable[Mapping[str, Any]] = (),
        item_gaps: Iterable[Mapping[str, Any]] = (),
    ) -> Inventory:
        """An inventory of frames in memory; coverage rows need name only what is not complete."""
        gaps = list(item_gaps)
        parts = [
            Part(
                row,
                tuple(
                    gap for gap in gaps if all(gap[name] == row[name] for name in ("account_id", "region", "collector"))
                ),
            )
            for row in coverage
        ]
        inventory = cls(Manifest(as_of=as_of, started_at=as_of, finished_at=as_of), parts)
        inventory._memory = {name: FRAMES[name].conform(frame) for name, frame in frames.items()}
        return inventory

    @classmethod
    def load(cls, folder: Path) -> Inventory:
        """Open a run folder, finished or not.

        Raises:
            InventoryError: The folder is missing, foreign or unreadable.
        """
        return cls(Manifest.read(folder), _read_journal(folder / JOURNAL), folder)

    @property
    def as_of(self) -> datetime:
        """The point in time that is judged."""
        return self.manifest.as_of

    @property
    def partitions(self) -> list[Partition]:
        """Every account and region that was read or was to be read, without the account-wide ones."""
        planned = {(account, region) for account, region, _ in self.manifest.plan}
        read = {(account, region) for account, region, _ in self._parts}
        held = {
            place
            for frame in self._memory.values()
            if "region" in frame.columns
            for place in distinct(frame, "account_id", "region")
        }
        return sorted(pair for pair in planned | read | held if pair[1] != GLOBAL)

    def read(
        self, frame: str, account_id: str | None = None, region: str | None = None, columns: list[str] | None = None
    ) -> pd.DataFrame:
        """The rows of one frame, of one partition or of all.

        Raises:
            InventoryError: A file is damaged, missing or not what was written.
        """
        declared = FRAMES[frame]
        if self.folder is None:
            held = self._memory.get(frame)
            rows = declared.empty() if held is None else held
            if account_id is not None and len(rows):
                rows = rows[rows["account_id"] == account_id]
            if region is not None and len(rows) and "region" in rows.columns:
                rows = rows[rows["region"] == region]
            rows = rows.reset_index(drop=True)
        elif tables := [self._table(path, columns) for path in self._paths(frame, account_id, region)]:
            rows = declared.from_arrow(pa.concat_tables(tables, promote_options="permissive"))
        else:
            rows = declared.empty()
        return rows if columns is None else rows[columns]

    def holds(self, frame: str) -> bool:
        """Whether a frame was given in memory; what is on disk is only ever what collectors brought."""
        return frame in self._memory

    def coverage(self) -> pd.DataFrame:
        """What became of every collector; what was planned and never read is ``skipped``."""
        return self._coverage.copy(deep=False)

    @cached_property
    def _coverage(self) -> pd.DataFrame:
        rows: list[Mapping[str, Any]] = [part.coverage for part in self._parts.values()]
        rows += [
            {"account_id": account, "region": region, "collector": collector, **_NEVER}
            for account, region, collectors in self.manifest.plan
            for collector in collectors
            if (account, region, collector) not in self._parts
        ]
        frame = FRAMES["coverage"].rows(rows)
        return frame.sort_values(["account_id", "region", "collector"], ignore_index=True)

    def item_gaps(self) -> pd.DataFrame:
        """Single resources that could not be read."""
        return FRAMES["item_gaps"].rows(gap for _, part in sorted(self._parts.items()) for gap in part.item_gaps)

    def gaps(self) -> pd.DataFrame:
        """Which frames are incomplete where: coverage that is not complete, spelt out by frame."""
        rows = [
            {"account_id": account, "region": region, "frame": frame, "collector": collector, "status": status}
            for account, region, collector, status in self.coverage()[["account_id", "region", "collector", "status"]]
            .astype(object)
            .itertuples(index=False)
            if status != "complete"
            for frame in frames_filled_by(collector)
        ]
        return FRAMES["gaps"].rows(rows)

    def _paths(self, frame: str, account_id: str | None, region: str | None) -> list[str]:
        """The files with rows of a partition; frames without a region are kept under the account as a whole."""
        held = self._files.get(frame, {})
        place = region if "region" in FRAMES[frame].names else GLOBAL
        if account_id is not None and region is not None:
            return held.get((account_id, place or GLOBAL), [])
        return [
            path
            for (account, at), paths in held.items()
            if account_id in (None, account) and (region is None or at == place)
            for path in paths
        ]

    def _table(self, path: str, columns: list[str] | None) -> pa.Table:
        assert self.folder is not None  # noqa: S101 - only called for inventories on disk
        hint = "Run `auditor collect` on the same folder: it reads again what is damaged and keeps the rest."
        try:
            content = (self.folder / path).read_bytes()
        except OSError as error:
            raise InventoryError(f"{self.folder / path} cannot be read: {error.strerror}.", hint) from error
        if hashlib.sha256(content).hexdigest() != self._sums[path]:
            raise InventoryError(f"{self.folder / path} is damaged: it is not what was written.", hint)
        try:
            return pq.ParquetFile(pa.BufferReader(content)).read(columns, use_threads=False)
        except pa.ArrowException as error:
            raise InventoryError(f"{self.folder / path} is not a readable Parquet file.", hint) from error


class Writer:
    """Keeps what collectors bring in a run folder, part by part, so that nothing finished is ever lost."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self._lock = threading.Lock()

    @classmethod
    def start(cls, folder: Path, manifest: Manifest) -> tuple[Writer, dict[tuple[str, str, str], Part]]:
        """Open a folder for collecting, and say what an earlier, interrupted run already finished there.

        An earlier run's ``as_of`` and ``started_at`` stay; its parts that are incomplete or damaged are not kept.

        Raises:
            InventoryError: The folder holds something else, or cannot be written.
        """
        finished: dict[tuple[str, str, str], Part] = {}
        if (folder / MANIFEST).exists():
            earlier = Manifest.read(folder)
            manifest.as_of, manifest.started_at = earlier.as_of, earlier.started_at
            manifest.principals = earlier.principals | manifest.principals
            finished = {
                part.key: part
                for part in _read_journal(folder / JOURNAL)
                if part.complete and all(_sound(folder / path, digest) for path, digest in part.files.items())
            }
        elif folder.exists() and any(folder.iterdir()):
            raise InventoryError(
                f"{folder} is not empty and holds no auditor run.", "Name a new folder, or one of an earlier run."
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lines = "".join(_line(part) for part in finished.values())
            _replace(folder / JOURNAL, lines.encode())
        except OSError as error:
            raise InventoryError(f"{folder} cannot be written: {error.strerror}.") from error
        writer = cls(folder, manifest)
        writer.save_manifest()
        return writer, finished

    def write(
        self,
        coverage: Mapping[str, Any],
        frames: Mapping[str, pd.DataFrame],
        item_gaps: Iterable[Mapping[str, Any]] = (),
    ) -> Part:
        """Keep what one collector brought from one account and region: files first, then its journal line."""
        account, region, collector = (coverage[name] for name in ("account_id", "region", "collector"))
        files: dict[str, str] = {}
        for name, frame in frames.items():
            if frame.empty:
                continue
            sink = pa.BufferOutputStream()
            pq.write_table(INVENTORY[name].to_arrow(frame), sink, compression="zstd")
            content = sink.getvalue().to_pybytes()
            path = f"inventory/{name}/{account}/{region}.{collector}.parquet"
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            _replace(self.folder / path, content)
            files[path] = hashlib.sha256(content).hexdigest()
        part = Part(coverage, tuple(item_gaps), files)
        with self._lock, (self.folder / JOURNAL).open("a", encoding="utf-8") as journal:
            journal.write(_line(part))
        return part

    def save_manifest(self) -> None:
        """Write the manifest as it stands."""
        with self._lock:
            _replace(self.folder / MANIFEST, self.manifest.to_json().encode())

    def finish(self) -> Inventory:
        """Close the collection: note when it ended and the hash of every file."""
        parts = {part.key: part for part in _read_journal(self.folder / JOURNAL)}
        self.manifest.finished_at = datetime.now(UTC)
        self.manifest.files = dict(sorted(pair for part in parts.values() for pair in part.files.items()))
        self.save_manifest()
        return Inventory(self.manifest, parts.values(), self.folder)


def _read_journal(path: Path) -> list[Part]:
    parts: list[Part] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise InventoryError(f"{path} cannot be read: {error}.") from error
    for number, line in enumerate(lines, 1):
        try:
            body = json.loads(line)
            for name in ("started_at", "finished_at"):
                body["coverage"][name] = body["coverage"].get(name) and datetime.fromisoformat(body["coverage"][name])
            parts.append(Part(body["coverage"], tuple(body["item_gaps"]), body["files"]))
        except (ValueError, KeyError, TypeError) as error:
            if number == len(lines):  # cut off while it was being written: that part is simply read again
                break
            raise InventoryError(
                f"{path} is damaged in line {number}.", "Collect into a new folder; this one cannot be trusted."
            ) from error
    return parts


def _line(part: Part) -> str:
    return json.dumps(asdict(part), sort_keys=True, default=lambda value: value.isoformat()) + "\n"


def _replace(path: Path, content: bytes) -> None:
    """Write whole or not at all."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    unfinished.write_bytes(content)
    unfinished.replace(path)


def _sound(path: Path, digest: str) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == digest
    except OSError:
        return False
