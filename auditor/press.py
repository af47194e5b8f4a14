"""Where reports are written: here if there is one, else in processes that get ready while other things go on.

Until there is something to write they help to judge.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import forkserver, get_context, resource_tracker

#: What is written unless the user asks for something else.
FORMATS = ("pdf", "xlsx", "json")

#: Containers made and not yet freed before they are searched for rubbish that holds itself; there is little.
RUBBISH = 50_000

#: What judging, summing up and printing need; nothing that reads AWS.
_NEEDED = (
    "auditor.engine",
    "auditor.analysis.calendar",
    "auditor.analysis.sharing",
    "auditor.analysis.spend",
    "auditor.renderers.ready",
)

#: Processes that write reports: the PDF takes about as long as all the others.
PRINTERS = 2


def warm_up(formats: Sequence[str]) -> None:
    """Begin to load what judges, and load and try the document engines, for more than one format; returns at once.

    The process in which that happens is the one that those of :func:`press` are forked from. It never holds a
    credential of an account nor runs a rule, and it ends when this one does. Call it before anything that takes
    time to import: it takes about a second itself.
    """
    if len(formats) > 1:
        forkserver.set_forkserver_preload(list(_NEEDED))
        resource_tracker.ensure_running()  # which the next would start otherwise, and it lets all signals through
        earlier = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # the parent answers the keyboard
        try:
            forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, earlier)


@contextmanager
def press(formats: Sequence[str]) -> Iterator[Executor | None]:
    """What runs the renderers of these formats, and judges before that; nothing where there is one, written here.

    Open it before collecting, and give it to :func:`auditor.pipeline.report`.
    """
    if len(formats) == 1:
        yield None
        return
    warm_up(formats)
    with (
        ProcessPoolExecutor(PRINTERS, mp_context=get_context("forkserver"), initializer=_attend) as printers,
        # the first job waits until the engines are loaded: a thread of its own does the waiting
        ThreadPoolExecutor(1) as waiting,
    ):
        waiting.submit(lambda: [printers.submit(os.getpid) for _ in range(PRINTERS)])
        try:
            yield printers
        except BaseException:
            printers.shutdown(cancel_futures=True)  # or what nobody waits for any more would be done to its end
            raise


def printed(write: Callable[[], None]) -> None:
    """Write a report in a process of :func:`press`, the last thing done there: no more searching for rubbish."""
    gc.disable()
    write()


def _attend() -> None:
    """Make this process one that judges and writes reports: the parent answers the keyboard, and rubbish is rare."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(RUBBISH, 20, 100)
