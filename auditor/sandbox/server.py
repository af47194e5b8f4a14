"""The sandbox as an HTTP server: one thread for every connection, connections kept alive.

The head of a request is read by hand. The standard library's HTTP server spends more time on it (through the email
parser) than the rest of a small call takes.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from threading import Event, Lock, Thread
from types import TracebackType
from typing import BinaryIO
from wsgiref.handlers import format_date_time

from auditor.sandbox.answering import Call, Delivery, Desk
from auditor.sandbox.faults import Faults
from auditor.sandbox.model import Organisation
from auditor.sandbox.request import Services
from auditor.sandbox.wire import HttpAnswer, HttpRequest

_LONGEST_LINE = 65536
_REASONS = {status.value: status.phrase for status in HTTPStatus}
#: Closing a socket with these options set answers with a reset instead of an orderly end.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Sandbox:
    """An organisation behind a local endpoint that unmodified AWS clients can talk to.

    Works as a context manager, or with :meth:`start` and :meth:`stop`.

    Args:
        organisation: Whom it answers for.
        faults: What goes wrong; nothing unless asked for.
        services: Handlers by service and operation; all that the sandbox has by default.
        host: Address to listen on.
        port: Port to listen on; 0 for any free one.
    """

    def __init__(
        self,
        organisation: Organisation,
        faults: Faults | None = None,
        *,
        services: Services | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        if services is None:
            from auditor.sandbox.services import SERVICES

            services = SERVICES
        self.organisation = organisation
        self.faults = faults if faults is not None else Faults()
        self._desk = Desk(organisation, services, self.faults)
        self._address = (host, port)
        self._listener: socket.socket | None = None
        self._acceptor: Thread | None = None
        self._lock = Lock()
        self._connections: dict[socket.socket, Thread] = {}
        self._stopping = Event()

    @property
    def calls(self) -> Counter[Call]:
        """Answered calls by account, region, service and operation, refusals included unless throttled."""
        return self._desk.calls

    @property
    def throttled(self) -> Counter[Call]:
        """Calls that were refused because there were too many, by the same key."""
        return self._desk.throttled

    @property
    def url(self) -> str:
        """The endpoint; raises RuntimeError before it has been started."""
        if self._listener is None:
            raise RuntimeError("the sandbox has not been started")
        host, port = self._listener.getsockname()[:2]
        return f"http://{host}:{port}"

    def environment(self) -> dict[str, str]:
        """The variables that make AWS clients use the sandbox, as the management account."""
        regions = [name for name, status in self.organisation.regions.items() if status != "not-opted-in"]
        return environment_of(self.url, regions[0] if regions else "us-east-1")

    def start(self) -> str:
        """Listen, and return the endpoint."""
        self._stopping.clear()
        self._listener = socket.create_server(self._address, backlog=512)
        self._acceptor = Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._acceptor.start()
        return self.url

    def stop(self) -> None:
        """Close every connection and wait until nobody is being served; harmless when it is not running."""
        if self._listener is None or self._acceptor is None:
            return
        self._stopping.set()
        # A connection of our own is the one portable way to wake up a thread that waits for connections.
        socket.create_connection(self._listener.getsockname()[:2]).close()
        self._acceptor.join()
        self._listener.close()
        self._listener = None
        with self._lock:
            open_connections = dict(self._connections)
        for connection in open_connections:
            _hang_up(connection)
        for thread in open_connections.values():
            thread.join()

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            if self._stopping.is_set():
                connection.close()
                return
            thread = Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                self._connections[connection] = thread
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection.makefile("rb")
        try:
            # When a client has gone, there is nobody left to tell.
            with contextlib.suppress(OSError):
                while not self._stopping.is_set() and self._answer_one(connection, stream):
                    pass
        finally:
            with self._lock:
                self._connections.pop(connection, None)
            stream.close()
            connection.close()

    def _answer_one(self, connection: socket.socket, stream: BinaryIO) -> bool:
        """Read one request and answer it; False when the connection is over."""
        try:
            http = _read_request(stream)
        except _BadRequestError:
            connection.sendall(_head(HttpAnswer(400, {"Connection": "close"}, b""), 0))
            return False
        if http is None:
            return False
        kept = _send(connection, http.method, self._desk.deliver(http), self._stopping.wait)
        return kept and http.headers.get("connection", "").lower() != "close"


def environment_of(url: str, region: str) -> dict[str, str]:
    """The variables that make AWS clients use a sandbox's endpoint; the keys are made up."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIASANDBOXSANDBOX00",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class _BadRequestError(Exception):
    """What came is not HTTP, or not a kind of it that AWS clients send."""


def _read_request(stream: BinaryIO) -> HttpRequest | None:
    """The next request; None when the client has closed the connection."""
    line = stream.readline(_LONGEST_LINE)
    if not line.strip():
        return None
    try:
        method, target, version = line.decode("latin-1").split()
    except ValueError:
        raise _BadRequestError from None
    headers: dict[str, str] = {}
    while (line := stream.readline(_LONGEST_LINE)) not in (b"\r\n", b"\n"):
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise _BadRequestError
        headers[name.lower()] = value.strip()
    if not version.startswith("HTTP/1.") or "transfer-encoding" in headers:
        raise _BadRequestError
    length = headers.get("content-length", "0")
    if not length.isdecimal():
        raise _BadRequestError
    body = stream.read(int(length))
    path, _, query = target.partition("?")
    return HttpRequest(method, path, query, headers, body)


def _send(connection: socket.socket, method: str, delivery: Delivery, wait: Callable[[float], object]) -> bool:
    """Send an answer, damaged as it may be; False when the connection is over."""
    answer, outcome = delivery.answer, delivery.outcome
    if outcome.seconds:
        wait(outcome.seconds)
    body = b"" if method == "HEAD" else answer.body
    if outcome.damage is None:
        connection.sendall(_head(answer, len(body)) + body)
        return True
    sent = body[: len(body) // 2 if outcome.sent is None else outcome.sent]
    if outcome.damage == "cut":
        connection.sendall(_head(answer, len(sent)) + sent)
        return True
    connection.sendall(_head(answer, len(body)) + sent)
    if outcome.damage == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    return False


def _head(answer: HttpAnswer, length: int) -> bytes:
    lines = [
        f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Unknown')}",
        f"Date: {_date(int(time.time()))}",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
        f"Content-Length: {length}",
        "\r\n",
    ]
    return "\r\n".join(lines).encode("latin-1", "replace")


@lru_cache(maxsize=4)
def _date(second: int) -> str:
    return format_date_time(second)


def _hang_up(connection: socket.socket) -> None:
    # It may have been closed from the other side or by its thread in the meantime.
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
