"""How far collecting has come: live on a terminal, a plain line now and then elsewhere, or nothing."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

#: Seconds between two plain lines, and the span over which calls per second are counted.
LINE_SECONDS = 5.0
RATE_SECONDS = 5.0


class Progress(Protocol):
    """What the runner tells; called from many threads."""

    def __enter__(self) -> Self:
        """Start showing."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop showing."""

    def begin(self, accounts: int, partitions: int) -> None:
        """So many accounts, and so many account-regions in all, are to be read."""

    def called(self) -> None:
        """A request goes out."""

    def throttled(self) -> None:
        """AWS throttled a request."""

    def collected(self, collector: str, status: str, rows: int) -> None:
        """A collector came to an end in one account and region."""

    def done(self, account_id: str, region: str) -> None:
        """One account and region is finished."""

    def say(self, message: str) -> None:
        """Something the user should know now."""


class Quiet:
    """Shows nothing, and knows the numbers."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.accounts = self.partitions = self.finished = self.calls = self.throttles = 0
        self.snapshots = self.gaps = 0
        self.clock = clock
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def begin(self, accounts: int, partitions: int) -> None:
        """So many accounts, and so many account-regions in all, are to be read."""
        self.accounts, self.partitions = accounts, partitions

    def called(self) -> None:
        """A request goes out."""
        now = self.clock()
        with self._lock:
            self.calls += 1
            self._times.append(now)
            self._forget(now)

    def throttled(self) -> None:
        """AWS throttled a request."""
        with self._lock:
            self.throttles += 1

    def collected(self, collector: str, status: str, rows: int) -> None:
        """A collector came to an end in one account and region."""
        with self._lock:
            self.snapshots += rows if collector == "snapshots" else 0
            self.gaps += status != "complete"

    def done(self, account_id: str, region: str) -> None:  # noqa: ARG002 - shown by nobody yet counted by all
        """One account and region is finished."""
        with self._lock:
            self.finished += 1

    def say(self, message: str) -> None:
        """Something the user should know now."""

    @property
    def calls_per_second(self) -> float:
        """Requests in the last few seconds."""
        with self._lock:
            self._forget(self.clock())
            return len(self._times) / RATE_SECONDS

    def _forget(self, now: float) -> None:
        while self._times and self._times[0] < now - RATE_SECONDS:
            self._times.popleft()

    @property
    def line(self) -> str:
        """Everything in one line."""
        words = [
            f"{self.finished}/{self.partitions} account-regions of {self.accounts} accounts",
            f"{self.snapshots:,} snapshots",
            f"{self.calls:,} calls ({self.calls_per_second:.0f}/s)",
        ]
        if self.throttles:
            words.append(f"{self.throttles:,} throttled")
        if self.gaps:
            words.append(f"{self.gaps:,} gaps")
        return " · ".join(words)


class Lines(Quiet):
    """A plain line every few seconds at most, for logs."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._stream = stream or sys.stderr
        self._last = clock()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.say(self.line)

    def collected(self, collector: str, status: str, rows: int) -> None:
        """A collector came to an end; say so if nothing has been said for a while."""
        super().collected(collector, status, rows)
        now = self.clock()
        with self._lock:
            due = now - self._last >= LINE_SECONDS
            if due:
                self._last = now
        if due:
            self.say(self.line)

    def say(self, message: str) -> None:
        """One line."""
        print(message, file=self._stream, flush=True)


class Display(Quiet):
    """A bar that moves."""

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._console = console or Console(stderr=True)
        self._live = Live(console=self._console, get_renderable=self._render, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        self._console.print(Text(self.line))

    def say(self, message: str) -> None:
        """A line above the bar, which stays."""
        self._console.print(Text(message))

    def _render(self) -> Table:
        grid = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=max(1, self.partitions), completed=self.finished, width=30)
        grid.add_row(bar, Text(self.line))
        return grid


def progress_for(*, quiet: bool = False) -> Progress:
    """What fits where we run: nothing when quiet, a bar on a terminal, plain lines elsewhere."""
    if quiet:
        return Quiet()
    return Display() if sys.stderr.isatty() else Lines()
