"""Whether backups were made as promised: what the calendar, its chart and its sheet show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pandas as pd

from auditor.report import text

#: What can become of a promised backup, worst first, and what that is called.
VERDICTS: Mapping[str, str] = {
    "missed": "missed",
    "failed": "failed",
    "partial": "in part",
    "unknown": "could not tell",
    "late": "late",
    "pending": "not yet due",
    "met": "in time",
}

#: Those that leave a moment without its backup.
BROKEN = ("missed", "failed", "partial")

#: How a volume can stand, best first, and what that is called.
STANDINGS: Mapping[str, str] = {
    "kept": "as promised",
    "broken": "promised, with gaps",
    "unpromised": "promised nothing",
    "unclear": "could not tell",
    "exempt": "may be lost",
}


@dataclass(frozen=True)
class Line:
    """One promise on one volume or instance, day by day.

    Attributes:
        name: Value of its Name tag, or empty.
        promise: What people call the promise.
        days: The worst of each day of the audit period on which something was promised; keys of ``VERDICTS``.
        counts: How many windows came to what.
        cause: The most frequent cause of those that were not met, or empty.
    """

    account_id: str
    region: str
    resource_id: str
    name: str
    promise: str
    days: Mapping[date, str]
    counts: Mapping[str, int]
    cause: str = ""
    account_name: str = ""

    @property
    def broken(self) -> int:
        """Windows without their backup."""
        return sum(self.counts.get(name, 0) for name in BROKEN)

    @property
    def windows(self) -> int:
        """Windows in all."""
        return sum(self.counts.values())

    @property
    def rank(self) -> tuple[object, ...]:
        """Worst first."""
        return (
            -self.broken,
            *(-self.counts.get(name, 0) for name in VERDICTS),
            self.account_id,
            self.region,
            self.resource_id,
            self.promise,
        )


@dataclass(frozen=True)
class Cover:
    """How many volumes of an account stand how; keys of ``STANDINGS``."""

    account_id: str
    volumes: Mapping[str, int]
    account_name: str = ""

    @property
    def total(self) -> int:
        """Volumes in all."""
        return sum(self.volumes.values())


@dataclass(frozen=True)
class Backups:
    """Promises and what became of them.

    Attributes:
        shown: The promises that were kept worst, a few of them.
        promises: How many promises there are on how many resources, each pair once.
        broken: How many of them were not kept every time.
        windows: How many windows came to what; keys of ``VERDICTS``.
        accounts: Volumes by account, those with most that are not backed up as promised first.
        total: All volumes.
        since: First day of the audit period.
        until: Its last day.
        details: Gives the ``backup_windows`` of one account and region with the promise's name and the resource's.
    """

    shown: tuple[Line, ...]
    promises: int
    broken: int
    windows: Mapping[str, int]
    accounts: tuple[Cover, ...]
    total: Cover
    since: date
    until: date
    details: Callable[[str, str], pd.DataFrame] | None = field(default=None, compare=False, repr=False)

    @property
    def drawn(self) -> tuple[Line, ...]:
        """Those of the shown that had gaps or were late; a few others where none had."""
        wrong = tuple(
            line for line in self.shown if any(line.counts.get(name) for name in (*BROKEN, "late", "unknown"))
        )
        return wrong or self.shown[:6]

    @property
    def days(self) -> tuple[date, ...]:
        """Every day of the audit period."""
        return tuple(self.since + timedelta(days=number) for number in range((self.until - self.since).days + 1))

    @property
    def period(self) -> int:
        """Length of the audit period in days; it begins and ends within a day."""
        return (self.until - self.since).days

    @property
    def due(self) -> int:
        """Windows in all."""
        return sum(self.windows.values())

    def named(self, names: Mapping[str, str]) -> Backups:
        """The same with the names of accounts."""
        return replace(
            self,
            shown=tuple(replace(line, account_name=names.get(line.account_id, "")) for line in self.shown),
            accounts=tuple(replace(line, account_name=names.get(line.account_id, "")) for line in self.accounts),
        )

    @property
    def sentence(self) -> str:
        """Whether backups are made as promised, in one sentence."""
        if not self.promises:
            said = "nothing here is promised a backup"
        else:
            counts = [(self.windows.get(name, 0), VERDICTS[name]) for name in ("missed", "failed", "partial", "late")]
            wrong = [f"{text.count(number)} {name}" for number, name in counts if number]
            said = f"of {text.counted(self.due, 'backup')} that {'was' if self.due == 1 else 'were'} due, "
            said += text.listed(wrong).replace("in part", "made in part") if wrong else "none was missed or late"
            unknown = self.windows.get("unknown", 0)
            said += f"; {text.count(unknown)} could not be told" if unknown else ""
        bare = self.total.volumes.get("unpromised", 0)
        if bare:
            verb = "is" if bare == 1 else "are"
            said += f"; {text.count(bare)} of {text.counted(self.total.total, 'volume')} {verb} promised none"
        return text.sentence(f"{said}.")

    @property
    def title(self) -> str:
        """What the calendar shows, as a sentence."""
        if not self.broken:
            return f"Every promise was kept in {text.counted(self.period, 'day')}."
        worst = self.shown[0]
        return (
            f"{text.counted(self.broken, 'promise')} of {text.count(self.promises)} had gaps; worst is "
            f"{worst.name or worst.resource_id}: {text.count(worst.broken)} of {text.count(worst.windows)}."
        )
