"""One request to one answer, without a socket in sight."""

from __future__ import annotations

import json
import logging
import uuid
from collections import Counter
from dataclasses import dataclass, field
from threading import Lock

from botocore.exceptions import UnknownServiceError

from auditor.sandbox import credentials, refusals
from auditor.sandbox.empty_pages import empty_first_page, without_own_token
from auditor.sandbox.errors import ServiceError
from auditor.sandbox.faults import Faults, Outcome, Throttled
from auditor.sandbox.model import Organisation
from auditor.sandbox.request import Request, Services
from auditor.sandbox.wire import (
    Codec,
    HttpAnswer,
    HttpRequest,
    Scope,
    codec_for,
    guessed_refusal,
    read_scope,
    services_by_signing_name,
)

_log = logging.getLogger("auditor.sandbox")

#: Where the counters can be read (GET) and set back (DELETE).
CALLS_PATH = "/_sandbox/calls"

#: Account, region, service and operation of a call.
Call = tuple[str, str, str, str]


@dataclass(frozen=True)
class Delivery:
    """An answer, and how it is to be sent."""

    answer: HttpAnswer
    outcome: Outcome = field(default_factory=Outcome)


class Desk:
    """Answers requests for an organisation; safe to share between threads.

    Args:
        organisation: Whom it answers for.
        services: Handlers by service and operation.
        faults: What goes wrong.

    Attributes:
        calls: Answered calls, refusals among them, but for throttled ones.
        throttled: Calls that were refused because there were too many.
    """

    def __init__(self, organisation: Organisation, services: Services, faults: Faults) -> None:
        self.organisation = organisation
        self.calls: Counter[Call] = Counter()
        self.throttled: Counter[Call] = Counter()
        self._services = services
        self._faults = faults
        self._signing_names = services_by_signing_name(services)
        self._lock = Lock()
        self._logged: set[str] = set()

    def deliver(self, http: HttpRequest) -> Delivery:
        """The answer to a request; never raises."""
        if http.path == CALLS_PATH:
            return Delivery(self._counters(http.method))
        request_id = str(uuid.uuid4())
        codec: Codec | None = None
        service = operation = ""
        try:
            scope = read_scope(http)
            service, codec = self._find(scope, http)
            operation = codec.operation(http)
            return self._answer(http, scope, codec, (service, operation), request_id)
        except ServiceError as error:
            refusal = error
        except Exception as error:  # whatever it is, the client must see an AWS error
            self._report(f"{service}:{operation}", error)
            refusal = refusals.broken(service or "sts")
        if codec is None:
            return Delivery(guessed_refusal(http, refusal, request_id))
        return Delivery(codec.refuse(refusal, request_id))

    def _answer(
        self, http: HttpRequest, scope: Scope, codec: Codec, action: tuple[str, str], request_id: str
    ) -> Delivery:
        service, operation = action
        request = self._request(http, scope, service, operation)
        call = (request.account_id, request.region, service, operation)
        try:
            parameters = codec.parse(operation, http)
            outcome = self._faults.judge(request, parameters)
        except Throttled:
            with self._lock:
                self.throttled[call] += 1
            raise
        except ServiceError:
            with self._lock:
                self.calls[call] += 1
            raise
        with self._lock:
            self.calls[call] += 1
        handler = self._services.get(service, {}).get(operation)
        if handler is None:
            raise refusals.unanswered(service, operation)
        output = empty_first_page(service, operation, parameters) if outcome.empty_page else None
        if output is None:
            output = handler(request, without_own_token(service, operation, parameters))
        return Delivery(codec.answer(operation, output, request_id), outcome)

    def _find(self, scope: Scope, http: HttpRequest) -> tuple[str, Codec]:
        """The service that a request is for; where several sign with one name, the one that knows the operation."""
        served = self._signing_names.get(scope.signing_name)
        if served is None:
            try:
                return scope.signing_name, codec_for(scope.signing_name)
            except UnknownServiceError:
                sentence = f"The sandbox does not answer {scope.signing_name}."
                raise ServiceError("UnknownOperationException", sentence, 404) from None
        for service in served[:-1]:
            codec = codec_for(service)
            try:
                codec.operation(http)
            except ServiceError:
                continue
            return service, codec
        return served[-1], codec_for(served[-1])

    def _request(self, http: HttpRequest, scope: Scope, service: str, operation: str) -> Request:
        account_id = credentials.account_of(scope.access_key)
        session = None
        if account_id is not None:
            in_address = http.arguments.get("X-Amz-Security-Token", [""])[0]
            session = credentials.read_token(scope.access_key, http.headers.get("x-amz-security-token", in_address))
            if session is None:
                raise refusals.unknown_credentials(service)
            if session.expired():
                raise refusals.expired(service)
        return Request(
            organisation=self.organisation,
            account_id=account_id or self.organisation.management_id,
            region=scope.region,
            service=service,
            operation=operation,
            access_key=scope.access_key,
            session=session,
        )

    def _report(self, action: str, error: Exception) -> None:
        """Log a bug in a handler, once however often the client tries again."""
        key = f"{action} {error!r}"
        with self._lock:
            known = key in self._logged
            self._logged.add(key)
        if not known:
            _log.error("%s failed", action, exc_info=error)

    def _counters(self, method: str) -> HttpAnswer:
        with self._lock:
            body = {
                "calls": [[*call, count] for call, count in self.calls.items()],
                "throttled": [[*call, count] for call, count in self.throttled.items()],
            }
            if method == "DELETE":
                self.calls.clear()
                self.throttled.clear()
        return HttpAnswer(200, {"Content-Type": "application/json"}, json.dumps(body).encode())
