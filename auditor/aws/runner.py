"""Collects: every account and region in scope, side by side, into one run folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from auditor.aws import scope
from auditor.aws.collector import Collector, Where
from auditor.aws.collectors import COLLECTORS
from auditor.aws.earlier import Earlier
from auditor.aws.limits import Limiter
from auditor.aws.outcome import EXPIRED_HINT, READ_ERRORS, NoRole, Outcome, outcome_of
from auditor.aws.partition import Book, Partition, at_level, in_order
from auditor.aws.progress import Progress, Quiet
from auditor.aws.reader import PartitionReader, Run, Stopped
from auditor.aws.session import AccountSession, Sessions
from auditor.config import Config
from auditor.inventory import GLOBAL, Inventory, Writer
from auditor.manifest import Manifest

#: So many collectors of one account and region at a time, where fewer of these than workers are to be read: each asks
#: for another thing, and AWS counts what is asked by account, region and action.
SIDE_BY_SIDE = 8


@dataclass
class Entered:
    """One account in scope, and whether we got into it.

    Attributes:
        regions: To be read; empty until they are known.
        described: What AWS says of every region; missing where it would not.
        error: Why we did not get in.
        arn: As whom we did.
    """

    target: scope.Target
    session: AccountSession | None = None
    regions: Sequence[str] = ()
    described: Sequence[Mapping[str, Any]] | None = None
    error: Exception | None = None
    arn: str | None = None

    @property
    def account_id(self) -> str:
        """The account."""
        return self.target.account_id


def collect(
    config: Config,
    out: Path,
    *,
    as_of: datetime,
    collectors: Iterable[str] | None = None,
    progress: Progress | None = None,
    limiter: Limiter | None = None,
    catalogue: Sequence[Collector] = COLLECTORS,
) -> Inventory:
    """Read AWS into a run folder; goes on where an earlier, interrupted run on the same folder stopped.

    Args:
        config: What to read, as whom and how fast.
        out: The run folder; made if need be.
        as_of: The point in time the run is judged at; that of the earlier run holds where there was one.
        collectors: Names of what to read, everything when left out; what they build upon is read too.
        progress: Told how it goes.
        limiter: Keeps below AWS's request limits; the published ones when left out.
        catalogue: All collectors there are.

    Raises:
        AccessError: AWS cannot be reached, or there are no credentials it accepts.
        ConfigError: A region is named that does not exist, or the run itself as the earlier one to use again.
        InventoryError: The folder, or that of an earlier run, holds something else, or cannot be read or written.
        KeyboardInterrupt: Collecting was interrupted; what was finished is kept, and can be gone on with.
    """
    chosen = in_order(catalogue, collectors)
    earlier = Earlier.of(Path(config.sharing.reuse), out) if config.sharing.reuse else None
    sessions = Sessions(config.scope)
    own_account, _ = sessions.identify()
    manifest = Manifest(as_of=as_of, started_at=datetime.now(UTC), config=config.model_dump(mode="json", by_alias=True))
    writer, finished = Writer.start(out, manifest)
    with progress or Quiet() as shown:
        run = Run(
            limiter or Limiter(),
            shown,
            exact_shares=config.collect.shares == "exact",
            discovery=config.sharing.discovery,
            audited_from=writer.manifest.as_of - timedelta(days=config.backup.days),
            earlier=earlier,
        )
        _Job(config, sessions, own_account, chosen, Book(writer, finished), run).work()
        if run.expired.is_set():
            shown.say(EXPIRED_HINT)
    return writer.finish()


class _Job:
    """One run of :func:`collect`."""

    def __init__(
        self,
        config: Config,
        sessions: Sessions,
        own_account: str,
        collectors: Sequence[Collector],
        book: Book,
        run: Run,
    ) -> None:
        self._config = config
        self._sessions = sessions
        self._own_account = own_account
        self._for_caller = list(at_level(collectors, "caller"))
        self._for_accounts = list(at_level(collectors, "account"))
        self._for_regions = list(at_level(collectors, "region"))
        self._book = book
        self._run = run
        self._members: Sequence[scope.Target] = ()
        self._at_once = 1

    def work(self) -> None:
        """Enter the accounts, write down the plan, read it; stops quickly and resumably when interrupted."""
        pool = ThreadPoolExecutor(self._config.collect.workers, thread_name_prefix="auditor")
        try:
            entered = self._enter_all(pool)
            self._plan(entered)
            for account in entered:
                if account.session is None:
                    self._refused(account)
            units = list(self._units(entered))
            self._at_once = max(1, min(SIDE_BY_SIDE, self._config.collect.workers // max(1, len(units))))
            futures: list[Future[None]] = [pool.submit(self._read_caller)] if self._for_caller else []
            futures += [pool.submit(self._read, account, region) for account, region in units]
            for future in as_completed(futures):
                future.result()
        except BaseException:
            self._run.stop.set()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _enter_all(self, pool: ThreadPoolExecutor) -> list[Entered]:
        reader = self._reader(scope.Target(self._own_account), GLOBAL, self._sessions.caller)
        try:
            self._members = scope.members(self._config.scope, self._own_account, reader)
        finally:
            reader.close()
        entered = list(pool.map(self._enter, (member for member in self._members if member.in_scope)))
        seen = sorted({region for account in entered for region in account.regions})
        for account in entered:
            if account.session is None:
                # What such an account has enabled nobody told us; the others' regions are the best guess.
                account.regions = seen or scope.regions(self._config.scope, None, self._sessions.known_regions())
        members = {member.account_id for member in self._members}
        self._run.known_accounts = tuple(sorted(members.union(self._config.sharing.accounts)))
        self._run.members_known = self._config.scope.organisation and not any(each.error for each in self._members)
        return entered

    def _enter(self, target: scope.Target) -> Entered:
        try:
            session = self._sessions.account(target.account_id)
            reader = self._reader(target, GLOBAL, session)
            arn = str(reader.call("sts", "GetCallerIdentity")["Arn"])
        except (*READ_ERRORS, NoRole) as error:
            return Entered(target, error=error)
        described = None
        try:
            described = reader.call("ec2", "DescribeRegions", AllRegions=True)["Regions"]
        except READ_ERRORS:
            # The collector of regions asks again, region by region, and says in coverage what became of it.
            described = None
        finally:
            reader.close()
        regions = scope.regions(self._config.scope, described, self._sessions.known_regions())
        return Entered(target, session, regions, described, arn=arn)

    def _plan(self, entered: Sequence[Entered]) -> None:
        manifest = self._book.writer.manifest
        manifest.plan = [
            (account.account_id, region, [collector.name for collector in collectors])
            for account in entered
            for region, collectors in [
                (GLOBAL, self._for_accounts),
                *((region, self._for_regions) for region in account.regions),
            ]
            if collectors
        ]
        if self._for_caller:
            manifest.plan.append((self._own_account, GLOBAL, [collector.name for collector in self._for_caller]))
        manifest.principals |= {account.account_id: account.arn for account in entered if account.arn}
        self._book.writer.save_manifest()
        self._run.progress.begin(len(entered), sum(len(account.regions) for account in entered))

    def _units(self, entered: Sequence[Entered]) -> Iterator[tuple[Entered, str]]:
        """Account-wide reading first, then region by region through all accounts, so that limits are shared out."""
        readable = [account for account in entered if account.session is not None]
        if self._for_accounts:
            yield from ((account, GLOBAL) for account in readable)
        regions = sorted({region for account in readable for region in account.regions})
        yield from ((account, region) for region in regions for account in readable if region in account.regions)

    def _read(self, account: Entered, region: str) -> None:
        if account.session is None or self._run.stop.is_set():
            return
        collectors = self._for_accounts if region == GLOBAL else self._for_regions
        reader = self._reader(account.target, region, account.session, account.described)
        try:
            Partition(reader, collectors, self._book, self._at_once).read()
        except Stopped:
            return
        if region != GLOBAL:
            self._run.progress.done(account.account_id, region)

    def _read_caller(self) -> None:
        """Read what is the organisation's; always anew, for whom it has and who is in scope may have changed."""
        if self._run.stop.is_set():
            return
        own = next((member for member in self._members if member.account_id == self._own_account), None)
        reader = PartitionReader(
            Where(self._own_account, GLOBAL, self._sessions.partition),
            self._sessions.caller,
            self._sessions.home,
            self._run,
            organisation_error=own.error if own else None,
            members=[{"Id": each.account_id, **each.facts, "InScope": each.in_scope} for each in self._members],
        )
        try:
            Partition(reader, self._for_caller, Book(self._book.writer, {})).read()
        except Stopped:
            return

    def _refused(self, account: Entered) -> None:
        """Write down that nothing of an account could be read; what an earlier run read of it stays."""
        said = outcome_of(account.error) if account.error else Outcome("failed", "Unknown", "")
        if said.expired:
            self._run.expired.set()
        outcome = Outcome("denied" if said.status == "disabled" else said.status, said.code, said.message)
        for region in (GLOBAL, *account.regions):
            where = Where(account.account_id, region, self._sessions.partition)
            for collector in self._for_accounts if region == GLOBAL else self._for_regions:
                if (account.account_id, region, collector.name) not in self._book.finished:
                    self._book.keep(where, collector.name, outcome)
                    self._run.progress.collected(collector.name, outcome.status, 0)
            if region != GLOBAL:
                self._run.progress.done(account.account_id, region)

    def _reader(
        self,
        target: scope.Target,
        region: str,
        session: AccountSession,
        described: Sequence[Mapping[str, Any]] | None = None,
    ) -> PartitionReader:
        return PartitionReader(
            Where(target.account_id, region, self._sessions.partition),
            session,
            self._sessions.home,
            self._run,
            account=target.facts if described is None else {**target.facts, "Regions": described},
            organisation_error=target.error,
        )
