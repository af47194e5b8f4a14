"""A small organisation made by hand, and a way to call its operations as an account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.sandbox.errors import ServiceError
from auditor.sandbox.model import Account, Organisation
from auditor.sandbox.request import Request
from auditor.sandbox.services import SERVICES

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MANAGEMENT, MEMBER, OTHER = "111111111111", "222222222222", "333333333333"
REGION = "eu-west-1"

Call = Callable[..., dict[str, Any]]


@pytest.fixture
def organisation() -> Organisation:
    made = Organisation(seed=1, now=NOW, organisation_id="o-abcde12345", management_id=MANAGEMENT)
    made.units = {
        "r-ab12": ("Root", ""),
        "ou-ab12-prod1234": ("Production", "r-ab12"),
        "ou-ab12-deep1234": ("Deep", "ou-ab12-prod1234"),
    }
    made.accounts = {
        MANAGEMENT: Account(MANAGEMENT, "management", joined_at=NOW),
        MEMBER: Account(MEMBER, "member", ou_id="ou-ab12-deep1234", tags={"owner": "web"}),
        OTHER: Account(OTHER, "other", ou_id="ou-ab12-prod1234"),
    }
    made.regions = {REGION: "opt-in-not-required", "eu-south-1": "opted-in", "af-south-1": "not-opted-in"}
    made.roles = {"AuditorReadOnly": "sandbox", "Open": None}
    return made


@pytest.fixture
def call(organisation: Organisation) -> Call:
    """Calls ``service``, ``operation`` as an account in a region with the API's own parameters."""

    def made(
        service: str, operation: str, *, account: str = MEMBER, region: str = REGION, session: Any = None, **params: Any
    ) -> dict[str, Any]:
        request = Request(organisation, account, region, service, operation, session=session)
        return SERVICES[service][operation](request, params)

    return made


@pytest.fixture
def refusal(call: Call) -> Callable[..., str]:
    """The error code that the same call is refused with."""

    def made(*args: Any, **params: Any) -> str:
        with pytest.raises(ServiceError) as refused:
            call(*args, **params)
        return refused.value.code

    return made


@pytest.fixture
def pages(call: Call) -> Callable[..., list[list[Any]]]:
    """The items under a key of every page, to the last token."""

    def made(service: str, operation: str, key: str, *, token: str = "NextToken", **params: Any) -> list[list[Any]]:  # noqa: S107
        found: list[list[Any]] = []
        answer = call(service, operation, **params)
        found.append(answer[key])
        while answer.get("NextMarker" if token == "Marker" else token):
            params[token] = answer["NextMarker" if token == "Marker" else token]
            answer = call(service, operation, **params)
            found.append(answer[key])
        return found

    return made
