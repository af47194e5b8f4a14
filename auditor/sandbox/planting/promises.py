"""What was promised, and what became of every promise: decided here, and written down as the truth of the windows.

A window is one scheduled time of one promise on one resource. Its fate is the story's to choose; by default it is met.
Judged are the windows of the last 31 days that the promise could still show something for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from auditor.sandbox.planting.plot import DAY, Lineage, Plot

HOUR = timedelta(hours=1)

#: How long a promise is judged back, and how much later than promised nobody minds.
PERIOD, GRACE = 31 * DAY, HOUR

#: What a story can let happen in a window, and what it comes to. Retried: it failed first. Deleted: it was made, and
#: somebody deleted it before its time. Torn: what was made says itself that it is not whole. Late: it began late. Slow:
#: it took too long. Patient: both, and within its windows all the same; AWS Backup alone has such.
VERDICTS = {
    "met": "met",
    "retried": "met",
    "late": "late",
    "slow": "late",
    "patient": "met",
    "missed": "missed",
    "deleted": "missed",
    "failed": "failed",
    "aborted": "failed",
    "expired": "failed",
    "quota": "failed",
    "partial": "partial",
    "torn": "partial",
    "pending": "pending",
}

#: How much later a late one is: past every limit here, and before the next of a daily schedule.
LATE = 8 * HOUR

#: How much later than it might a backup began that did not begin in its hour.
DELAYS = {"late": LATE, "patient": LATE - HOUR}

#: By how many windows ago, 0 being the last one, what became of it.
Fates = Mapping[int, str]


@dataclass(frozen=True)
class Promise:
    """One schedule of a policy, or one rule of a plan.

    Attributes:
        promise_id: ``policy-…/schedule`` or ``plan/rule``.
        moments: Its scheduled times until now, the oldest first.
        pending: From a scheduled time until a backup that has not begun is missed, grace included.
        since: When it was made or last changed; before, it may have been another.
        count: How many it keeps, if it counts.
        age: How long it keeps them, if it goes by age.
    """

    promise_id: str
    moments: tuple[datetime, ...]
    pending: timedelta
    since: datetime
    count: int | None = None
    age: timedelta | None = None

    def kept(self, now: datetime) -> tuple[datetime, ...]:
        """The scheduled times whose backups it still keeps."""
        if self.count is not None:
            return self.moments[-self.count :]
        return tuple(moment for moment in self.moments if self.age is None or moment > now - self.age)


#: Carries out a promise once: of what, when it was scheduled, when it began, and its fate.
Maker = Callable[[Plot, Lineage, datetime, datetime, str], None]


@dataclass(frozen=True)
class Duty:
    """A promise and how it is kept.

    Attributes:
        promise: The promise.
        make: Plants what one window leaves behind; not asked where nothing is made.
    """

    promise: Promise
    make: Maker


@dataclass
class Rhythm:
    """When the volumes of one machine are backed up: within two minutes of each other, every time anew."""

    begun: dict[datetime, int] = field(default_factory=dict)

    def begin(self, plot: Plot, scheduled: datetime) -> datetime:
        """When a backup starts; within the hour after its time."""
        after = self.begun.setdefault(scheduled, plot.rng.randrange(60, 2400))
        return scheduled + timedelta(seconds=after + plot.rng.randrange(100))


def settle(
    plot: Plot, promise: Promise, resource_id: str, created: datetime, fates: Fates | None = None, usual: str = "met"
) -> list[tuple[datetime, str]]:
    """Decide on every window of a promise on a resource, and write it down.

    Args:
        plot: Where.
        promise: The promise.
        resource_id: The volume or instance.
        created: When that came into being.
        fates: What became of some of its windows.
        usual: What became of the others.

    Returns:
        Every scheduled time that something may be left of, and its fate, the oldest first.
    """
    kept = [moment for moment in promise.kept(plot.now) if moment > created]
    settled = []
    for number, moment in enumerate(reversed(kept)):
        fate = (fates or {}).get(number, usual)
        unmet = VERDICTS[fate] == "missed" and moment + promise.pending > plot.now
        if unmet or moment + HOUR > plot.now:
            fate = "pending"
        settled.append((moment, fate))
        if moment >= max(plot.now - PERIOD, promise.since):
            note_window(plot, resource_id, promise.promise_id, moment, VERDICTS[fate])
    return settled[::-1]


def note_window(plot: Plot, resource_id: str, promise_id: str, moment: datetime, verdict: str) -> None:
    """Write down what must be said of one window."""
    plot.note("backup_windows", resource_id, promise_id, f"{moment:%Y-%m-%dT%H:%M:%SZ}", verdict)
    if verdict in ("missed", "failed", "partial"):
        kind = "volume" if resource_id.startswith("vol-") else "instance"
        plot.note(f"{kind}_backup_missed", resource_id, promise_id)


def deliver(
    plot: Plot, of: Lineage, created: datetime, duties: Sequence[tuple[Duty, Fates]], rhythm: Rhythm | None = None
) -> None:
    """Plant what promises left behind of a volume, in the order in which it came about.

    Args:
        plot: Where.
        of: The volume.
        created: When it came into being.
        duties: What was promised, and the fates that differ from being met.
        rhythm: When the machine's volumes are backed up, where it has several.
    """
    rhythm = rhythm or Rhythm()
    events = []
    for number, (duty, fates) in enumerate(duties):
        for scheduled, fate in settle(plot, duty.promise, of.volume_id, created, fates):
            begun = rhythm.begin(plot, scheduled) + DELAYS.get(fate, timedelta())
            if fate not in ("missed", "pending"):
                events.append((begun, number, scheduled, fate))
    for begun, number, scheduled, fate in sorted(events):
        of.write(plot.rng)
        duties[number][0].make(plot, of, scheduled, begun, fate)


def tiles(
    plot: Plot, promise_id: str, resource_id: str, *, hours: int, count: int, broken: frozenset[int] = frozenset()
) -> None:
    """Write down a promise that no backup be older than so many hours, cut into pieces of as many hours until now.

    Args:
        plot: Where.
        promise_id: The promise.
        resource_id: The volume or instance.
        hours: How old the newest backup may become.
        count: How many pieces are judged.
        broken: In which of them, 0 being the last, it became older.
    """
    for number in range(count):
        begins = plot.now - (number + 1) * hours * HOUR
        note_window(plot, resource_id, promise_id, begins, "missed" if number in broken else "met")
