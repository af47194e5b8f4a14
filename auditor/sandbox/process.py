"""The sandbox in a process of its own, so that it does not share an interpreter with those who measure it.

The process is spawned, so a script that does this guards itself with ``if __name__ == "__main__"``, as
multiprocessing asks.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

from auditor.sandbox.answering import CALLS_PATH, Call
from auditor.sandbox.faults import Faults
from auditor.sandbox.model import Organisation
from auditor.sandbox.planting import SMALL, large, plant
from auditor.sandbox.request import Services
from auditor.sandbox.server import Sandbox

_SECONDS_TO_LEAVE = 10.0


@dataclass(frozen=True)
class Served:
    """A sandbox that runs in another process.

    Attributes:
        environment: The variables that make AWS clients use it, as the management account.
        now: The organisation's present, as ISO 8601.
    """

    environment: dict[str, str]
    now: str

    @property
    def url(self) -> str:
        """The endpoint."""
        return self.environment["AWS_ENDPOINT_URL"]

    def calls(self, *, reset: bool = False) -> tuple[Counter[Call], Counter[Call]]:
        """The counters of answered and of throttled calls; ``reset`` sets them back to nothing."""
        return read_calls(self.url, reset=reset)

    @contextmanager
    def activated(self) -> Iterator[None]:
        """Make this process's AWS clients use the sandbox, and nothing else that they may be set up for."""
        before = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        nowhere = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
        _replace_aws_variables(self.environment | nowhere)
        try:
            yield
        finally:
            _replace_aws_variables(before)


def _replace_aws_variables(variables: dict[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(variables)


@contextmanager
def serve_in_process(
    *,
    seed: int = 7,
    accounts: int = 5,
    regions: int | tuple[str, ...] = 3,
    snapshots_per_place: int = 0,
    images_per_place: int = 0,
    faults: Faults | None = None,
) -> Iterator[Served]:
    """Plant an organisation and serve it from another process for as long as the block runs.

    Args:
        seed: What it is grown from.
        accounts: Active accounts.
        regions: How many Regions, or their names.
        snapshots_per_place: Plain snapshots to add in every account and Region.
        images_per_place: Plain images to add in every account and Region.
        faults: What goes wrong.

    Raises:
        RuntimeError: The process ended before it answered; it has said why on its standard error.
    """
    bulk = snapshots_per_place or images_per_place
    size = large(snapshots_per_place, images_per_place) if bulk else SMALL
    with serve_made(partial(plant, seed, accounts=accounts, regions=regions, size=size), faults) as served:
        yield served


@contextmanager
def serve_made(
    make: Callable[[], Organisation], faults: Faults | None = None, *, services: Services | None = None
) -> Iterator[Served]:
    """Serve any organisation from another process for as long as the block runs.

    Args:
        make: Makes the organisation, in the other process; has to be picklable, such as ``partial(plant, 7)``.
        faults: What goes wrong.
        services: Handlers by service and operation, all of them functions of modules; the sandbox's own by default.

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
            served: Served = ours.recv()
        except EOFError:
            raise RuntimeError("The sandbox's process ended before it could answer.") from None
        yield served
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
    organisation = make()
    with Sandbox(organisation, faults, services=services) as sandbox:
        parent.send(Served(sandbox.environment(), organisation.now.isoformat()))
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
