"""Reads one account in one region: collectors side by side, each after those it needs, kept as soon as it is done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import pandas as pd

from auditor.aws.collector import Collector, Where
from auditor.aws.outcome import Outcome, outcome_of
from auditor.aws.reader import PartitionReader, Stopped, Tally
from auditor.errors import InventoryError
from auditor.frames import INVENTORY
from auditor.inventory import Inventory, Part, Writer

COMPLETE = Outcome("complete", "", "")

#: Account, region and collector.
PartKey = tuple[str, str, str]


@dataclass
class Book:
    """Where results go, and what an earlier run on the same folder left.

    Attributes:
        writer: Keeps what is read.
        finished: Parts that an earlier run completed.
    """

    writer: Writer
    finished: Mapping[PartKey, Part]

    def keep(
        self,
        where: Where,
        collector: str,
        outcome: Outcome,
        *,
        frames: Mapping[str, pd.DataFrame] | None = None,
        tally: Tally | None = None,
        rows: int = 0,
        started_at: datetime | None = None,
    ) -> None:
        """Write down what became of one collector.

        Raises:
            InventoryError: The folder cannot be written.
        """
        now = datetime.now(UTC)
        place = {"account_id": where.account_id, "region": where.region, "collector": collector}
        coverage = {
            **place,
            "status": outcome.status,
            "error_code": outcome.code or None,
            "message": outcome.message or None,
            "calls": tally.calls if tally else 0,
            "rows": rows,
            "started_at": started_at or now,
            "finished_at": now,
        }
        gaps = [
            {**place, "resource_id": resource_id, "error_code": code, "message": message}
            for resource_id, code, message in (tally.gaps if tally else ())
        ]
        try:
            self.writer.write(coverage, frames or {}, gaps)
        except OSError as error:
            raise InventoryError(
                f"{self.writer.folder} cannot be written: {error.strerror}.",
                "Make room, then run the same command again on the same folder.",
            ) from error


class Partition:
    """One account in one region (or account-wide), being read.

    Args:
        reader: Reads it.
        collectors: What is to be read, in an order in which each comes after those it needs.
        book: Keeps the results.
        at_once: So many collectors at a time.
    """

    def __init__(self, reader: PartitionReader, collectors: Sequence[Collector], book: Book, at_once: int = 1) -> None:
        self._reader = reader
        self._where = reader.where
        self._collectors = collectors
        self._book = book
        self._at_once = at_once
        self._needs = {each.name: _needs(each, collectors) for each in collectors}
        self._held: dict[str, Mapping[str, pd.DataFrame]] = {}
        self._kept_before: dict[str, Part] = {}
        self._lacking: set[str] = set()

    def read(self) -> None:
        """Run every collector that an earlier run did not finish.

        Raises:
            Stopped: The run is being stopped; what is finished is kept.
            InventoryError: The folder cannot be written.
        """
        waiting = [each for each in self._collectors if not self._finished_before(each)]
        done = set(self._kept_before)
        running: dict[Future[None], Collector] = {}
        with ThreadPoolExecutor(self._at_once, thread_name_prefix="auditor-collect") as pool:
            try:
                while waiting or running:
                    for each in [each for each in waiting if self._needs[each.name] <= done]:
                        if len(running) < self._at_once:
                            waiting.remove(each)
                            running[pool.submit(self._collect, each)] = each
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        done.add(running.pop(future).name)
                        future.result()
                    self._forget([*waiting, *running.values()])
            except BaseException:
                self._reader.run.stop.set()  # or the others would go on to their end before this one is heard
                raise
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
                self._reader.close()

    def _forget(self, left: Iterable[Collector]) -> None:
        """Let go of frames that nobody who is left builds upon."""
        wanted = {name for each in left for name in self._needs[each.name]}
        for name in list(self._held):  # others may put theirs in meanwhile
            if name not in wanted:
                del self._held[name]

    def _frame(self, collector: Collector, name: str) -> pd.DataFrame:
        """What those that a collector builds upon brought of one frame, in this run or the one before.

        Raises:
            KeyError: It builds upon none that fills the frame, so that what it gets would hang on who was faster.
        """
        named = {*collector.after, *collector.heeds}
        if not named.intersection(INVENTORY[name].filled_by):
            raise KeyError(f"{collector.name} reads {name}, and names none that fills it")
        needs = [each for each in self._needs[collector.name] if each in named]
        brought = [self._held[each][name] for each in sorted(needs) if name in self._held.get(each, ())]
        earlier = [self._kept_before[each] for each in sorted(needs) if each in self._kept_before]
        if earlier:
            kept = Inventory(self._book.writer.manifest, earlier, self._book.writer.folder)
            brought.append(kept.read(name, self._where.account_id, self._where.region))
        return _joined(name, brought)

    def _finished_before(self, collector: Collector) -> bool:
        """Whether an earlier run finished it, and all that it builds upon, so that it need not be read again."""
        part = self._book.finished.get((self._where.account_id, self._where.region, collector.name))
        if part is None or not self._needs[collector.name] <= set(self._kept_before):
            return False
        self._kept_before[collector.name] = part
        self._reader.run.progress.collected(collector.name, "complete", int(part.coverage.get("rows") or 0))
        return True

    def _collect(self, collector: Collector) -> None:
        lacking = next((name for name in collector.after if name in self._lacking), None)
        if lacking is not None:
            self._lacking.add(collector.name)
            outcome = Outcome("skipped", "NeedsAnother", f"It needs {lacking}, which could not be read.")
            self._book.keep(self._where, collector.name, outcome)
            self._reader.run.progress.collected(collector.name, outcome.status, 0)
            return
        started_at = datetime.now(UTC)
        reader = self._reader.own(partial(self._frame, collector))
        outcome, frames = self._brought(collector, reader)
        if outcome == COMPLETE and reader.tally.note:
            outcome = Outcome("complete", *reader.tally.note)
        rows = len(frames[collector.frames[0]]) if collector.frames[0] in frames else 0
        if outcome.status not in ("complete", "truncated"):
            self._lacking.add(collector.name)
        self._held[collector.name] = frames
        self._book.keep(
            self._where, collector.name, outcome, frames=frames, tally=reader.tally, rows=rows, started_at=started_at
        )
        self._reader.run.progress.collected(collector.name, outcome.status, rows)

    def _brought(self, collector: Collector, reader: PartitionReader) -> tuple[Outcome, dict[str, pd.DataFrame]]:
        """Run one collector to its end or its first error; what came until then is kept."""
        pages: defaultdict[str, list[pd.DataFrame]] = defaultdict(list)
        outcome = COMPLETE
        try:
            for page in collector.get(reader):
                for name, frame in collector.transform(page, self._where).items():
                    if len(frame):
                        pages[name].append(frame)
        except (Stopped, KeyboardInterrupt):
            raise
        except Exception as error:
            self._reader.run.check_stopped()
            outcome = _judged(collector, outcome_of(error), reader.tally)
        return outcome, {name: _joined(name, frames) for name, frames in pages.items()}


def _needs(collector: Collector, chosen: Iterable[Collector]) -> set[str]:
    """Those of the chosen that go before a collector."""
    return {*collector.after, *collector.heeds}.intersection(each.name for each in chosen)


def _judged(collector: Collector, outcome: Outcome, tally: Tally) -> Outcome:
    if outcome.code in collector.soft:
        return COMPLETE
    if tally.answered and outcome.status in ("denied", "disabled", "throttled", "failed"):
        return Outcome("truncated", outcome.code, outcome.message)
    return outcome


def _joined(name: str, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Pages as one frame; what AWS lists on two pages, because the estate changed meanwhile, counts once."""
    if not frames:
        return INVENTORY[name].empty()
    if len(frames) == 1:
        return frames[0]
    whole = pd.concat(frames, ignore_index=True)
    key = list(INVENTORY[name].key)
    return whole.drop_duplicates(key, keep="last", ignore_index=True) if key else whole


def in_order(catalogue: Iterable[Collector], wanted: Iterable[str] | None = None) -> list[Collector]:
    """The collectors that are wanted and those they build upon, each after those it needs.

    Args:
        catalogue: All there are.
        wanted: Names; everything when left out.

    Raises:
        KeyError: A name is not in the catalogue.
    """
    by_name = {collector.name: collector for collector in catalogue}
    ordered: dict[str, Collector] = {}

    def visit(name: str) -> None:
        if name not in ordered:
            for needed in (*by_name[name].after, *by_name[name].heeds):
                visit(needed)
            ordered[name] = by_name[name]

    for name in by_name if wanted is None else wanted:
        visit(name)
    return list(ordered.values())


def at_level(collectors: Iterable[Collector], level: str) -> Iterator[Collector]:
    """Those that are read once per account, or once per region."""
    return (collector for collector in collectors if collector.level == level)
