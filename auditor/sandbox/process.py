"""The sandbox in a process of its own, so that it does not share an interpreter with those who measure it."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

from auditor.sandbox.answering import CALLS_PATH, Call
from auditor.sandbox.faults import Faults
from auditor.sandbox.model import Organisation
from auditor.sandbox.request import Services
from auditor.sandbox.server import Sandbox

_SECONDS_TO_LEAVE = 10.0


@contextmanager
def serve_in_process(
    make: Callable[[], Organisation], faults: Faults | None = None, *, services: Services | None = None
) -> Iterator[dict[str, str]]:
    """Serve an organisation from another process for as long as the block runs.

    Args:
        make: Makes the organisation, in the other process; has to be picklable, such as
            ``functools.partial(plant, 7, accounts=3)``.
        faults: What goes wrong.
        services: Handlers by service and operation, all of them functions of modules; the sandbox's own by default.

    Yields:
        The environment that makes AWS clients use it.

    Raises:
        RuntimeError: The process ended before it answered; it has said why on its standard error.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, make, faults, services), daemon=True)
    process.start()
    theirs.close()
    try:
        try:
            environment: dict[str, str] = ours.recv()
        except EOFError:
            raise RuntimeError("The sandbox's process ended before it could answer.") from None
        yield environment
    finally:
        ours.close()
        process.join(_SECONDS_TO_LEAVE)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()


def _serve(
    parent: Connection, make: Callable[[], Organisation], faults: Faults | None, services: Services | None
) -> None:
    # An interrupt from the keyboard reaches both processes; the parent decides when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Sandbox(make(), faults, services=services) as sandbox:
        parent.send(sandbox.environment())
        try:
            parent.recv()  # Nothing is ever sent: this returns when the parent closes its end or is gone.
        except EOFError:
            return


def read_calls(url: str, *, reset: bool = False) -> tuple[Counter[Call], Counter[Call]]:
    """The counters of a running sandbox: answered and throttled calls.

    Args:
        url: Its endpoint.
        reset: Whether it starts counting from nothing again.
    """
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    try:
        connection.request("DELETE" if reset else "GET", CALLS_PATH)
        counted = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    calls, throttled = (
        Counter({(account, region, service, operation): count for account, region, service, operation, count in rows})
        for rows in (counted["calls"], counted["throttled"])
    )
    return calls, throttled
