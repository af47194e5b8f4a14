"""Judging many accounts and regions at once, in processes that read the run folder for themselves."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from auditor.analysis import DERIVED, sources
from auditor.config import Config
from auditor.engine.partition import Job, Judged, Place, Summary, judge
from auditor.engine.supply import Reports
from auditor.errors import RuleError
from auditor.inventory import GLOBAL, JOURNAL, Inventory
from auditor.rulebook import LoadedRule, Settled, load_rule

#: Rows below which starting processes takes longer than judging.
WORTH_A_POOL = 200_000

#: Rows below which another process is not worth asking for half of the rules.
WORTH_LENDING = 2_000

#: What a rule takes, against a derived frame that it needs.
_RULE = 0.4

#: The part of the rules that is lent: summaries are made and put together here meanwhile.
_LENT = 0.8

#: Chunks of work for each worker: enough for the slow ones to even out.
_CHUNKS = 20

Progress = Callable[[int, int], None]

#: File, hash and origin of a rule: what a process needs to load it again.
Source = tuple[str, str, bool]


@contextmanager
def pool_for(executor: Executor | None, inventory: Inventory, places: int, rows: int) -> Iterator[Executor | None]:
    """The executor to judge with: the caller's, our own where that pays, or none.

    Our own are forked from a process that has imported what they need and does nothing else, for forking one that runs
    threads is unsafe; none is started from within a worker, nor for an inventory in memory, which other processes
    cannot read. Each worker has one thread.
    """
    workers = min(os.cpu_count() or 1, places)
    if inventory.folder is None:
        yield None
    elif executor is not None:
        yield executor
    elif workers < 2 or rows < WORTH_A_POOL or multiprocessing.parent_process() is not None:
        yield None
    else:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])  # where reports are to be written there is one already, as good
        with (
            ProcessPoolExecutor(workers, mp_context=context, initializer=_settle_in) as own,
            # the first job waits for the imports: a thread does, while rules that look across accounts are asked here
            ThreadPoolExecutor(1) as waiting,
        ):
            waiting.submit(lambda: [own.submit(os.getpid) for _ in range(workers)])
            yield own


def _settle_in() -> None:
    """What a worker of our own does first: one thread, and seldom a search for garbage, never in what it imported."""
    pa.set_cpu_count(1)
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


def judge_all(job: Job, places: Sequence[Place], pool: Executor | None, progress: Progress | None) -> list[Judged]:
    """Judge every place, in the pool if there is one."""
    if pool is None:
        return _here(job, places, progress)
    size = max(1, len(places) // (_CHUNKS * (os.cpu_count() or 1)))
    chunks = [tuple(places[start : start + size]) for start in range(0, len(places), size)]
    try:
        jobs = [pool.submit(judge_chunk, *_told(job), chunk) for chunk in chunks]
        judged: list[Judged] = []
        done = 0
        for waiting, chunk in zip(jobs, chunks, strict=True):
            judged += waiting.result()
            done += len(chunk)
            if progress is not None:
                progress(done, len(places))
    except BrokenProcessPool:  # a script without a main guard, a worker out of memory: the answer is the same from here
        return _here(job, places, progress)
    return judged


def parted(job: Job, places: Sequence[Place], rows: int, pool: Executor | None) -> tuple[Job, Job | None]:
    """A job for here, and one for another process where there are fewer places than processes.

    Elsewhere go rules for which little has to be derived, until their part of the work is there: what many rules and
    the summaries rest on is derived once, here. Rules that look across accounts stay as well.
    """
    regions = sum(place.region != GLOBAL for place in places)
    if pool is None or rows < WORTH_LENDING or not 0 < regions < (os.cpu_count() or 1):
        return job, None
    made = {loaded.rule.id: _derived(loaded) for loaded in job.rules}
    most = _LENT * (len(frozenset().union(*made.values())) + _RULE * len(job.rules))
    lent: set[str] = set()
    needed: frozenset[str] = frozenset()
    for loaded in sorted(job.rules, key=lambda loaded: (len(made[loaded.rule.id]), loaded.rule.id)):
        if loaded.rule.reach == "partition":
            needed |= made[loaded.rule.id]
            if len(needed) + _RULE * (len(lent) + 1) > most:
                break
            lent.add(loaded.rule.id)
    here = [loaded for loaded in job.rules if loaded.rule.id not in lent]
    return replace(job, rules=here), replace(
        job, rules=[loaded for loaded in job.rules if loaded.rule.id in lent], summaries={}
    )


def _derived(loaded: LoadedRule) -> frozenset[str]:
    """The derived frames that have to be made for a rule."""
    return frozenset(name for frame in loaded.rule.frames for name in sources(frame) if name in DERIVED)


def lend(job: Job, places: Sequence[Place], pool: Executor) -> Callable[[], list[Judged]]:
    """Have another process judge some places, each by itself; what it came to is got when asked for."""
    jobs = [pool.submit(judge_chunk, *_told(job), (place,)) for place in places]

    def judged() -> list[Judged]:
        try:
            return [each for waiting in jobs for each in waiting.result()]
        except BrokenProcessPool:
            return _here(job, places, None)

    return judged


def _told(job: Job) -> tuple[Path, tuple[Source, ...], Mapping[str, Settled], Config, Mapping[str, Summary]]:
    """What another process is told of a job."""
    folder = job.inventory.folder
    assert folder is not None  # noqa: S101 - pool_for gives no pool otherwise
    rules = tuple((str(loaded.path), loaded.sha256, loaded.built_in) for loaded in job.rules)
    return folder, rules, job.settled, job.config, job.summaries


def judge_chunk(
    folder: Path,
    rules: Sequence[Source],
    settled: Mapping[str, Settled],
    config: Config,
    summaries: Mapping[str, Summary],
    places: Sequence[Place],
) -> list[Judged]:
    """Judge some places of a run folder; what a worker runs."""
    inventory, reports = _opened(folder, (folder / JOURNAL).stat().st_mtime_ns, config.model_dump_json())
    job = Job(inventory, reports, [_loaded(*source) for source in rules], settled, config, summaries)
    return [judge(job, place) for place in places]


def _here(job: Job, places: Sequence[Place], progress: Progress | None) -> list[Judged]:
    judged: list[Judged] = []
    for done, place in enumerate(places, 1):
        judged.append(judge(job, place))
        if progress is not None:
            progress(done, len(places))
    return judged


@lru_cache(maxsize=1)
def _opened(folder: Path, written: int, config: str) -> tuple[Inventory, Reports]:  # noqa: ARG001 - what they depend on
    inventory = Inventory.load(folder)
    return inventory, Reports(inventory)


@lru_cache(maxsize=256)
def _loaded(path: str, sha256: str, built_in: bool) -> LoadedRule:
    loaded = load_rule(Path(path), built_in=built_in)
    if loaded.sha256 != sha256:
        raise RuleError(f"{path} changed while it was being used.", "Run again.")
    return loaded
