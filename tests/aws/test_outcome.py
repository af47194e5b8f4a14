"""Errors in the words of coverage."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import IncompleteRead

from auditor.aws.outcome import (
    LONGEST_MESSAGE,
    CredentialsExpired,
    IncompleteAnswer,
    NoRole,
    error_code,
    is_refusal,
    never_reached,
    outcome_of,
    worth_repeating,
)


def aws(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeSnapshots")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("UnauthorizedOperation", "denied"),
        ("AccessDenied", "denied"),
        ("AccessDeniedException", "denied"),
        ("AuthFailure", "disabled"),
        ("OptInRequired", "disabled"),
        ("UnrecognizedClientException", "disabled"),
        ("RequestLimitExceeded", "throttled"),
        ("ThrottlingException", "throttled"),
        ("TooManyRequestsException", "throttled"),
        ("InternalError", "failed"),
        ("InvalidParameterValue", "failed"),
    ],
)
def test_codes(code: str, status: str) -> None:
    outcome = outcome_of(aws(code))
    assert (outcome.status, outcome.code) == (status, code)


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException", "RequestExpired"])
def test_expired_credentials_say_what_to_do(code: str) -> None:
    outcome = outcome_of(aws(code))
    assert (outcome.status, outcome.code, outcome.expired) == ("failed", "ExpiredToken", True)
    assert "same command again on the same folder" in outcome.message
    assert outcome_of(CredentialsExpired()) == outcome
    assert outcome_of(NoCredentialsError()).expired


def test_unreadable_answers_are_worth_repeating() -> None:
    unreadable = (
        ResponseParserError("cut"),
        ConnectionClosedError(endpoint_url="http://x"),
        IncompleteRead(1, 2),
    )
    for error in unreadable:
        assert worth_repeating(error)
        assert (outcome_of(error).status, error_code(error)) == ("failed", "UnreadableAnswer")
    assert not worth_repeating(aws("InternalError"))


def test_html_instead_of_an_answer_gets_a_readable_code() -> None:
    assert outcome_of(aws("500")).code == "Http500"


def test_half_a_listing_and_no_role() -> None:
    assert outcome_of(IncompleteAnswer("RepeatedToken", "twice")).status == "truncated"
    assert outcome_of(NoRole("none")).status == "denied"


def test_what_is_refused_to_everybody() -> None:
    assert is_refusal(aws("UnauthorizedOperation"))
    assert is_refusal(aws("AuthFailure"))
    assert not is_refusal(aws("InvalidSnapshot.NotFound"))


def test_who_was_never_reached() -> None:
    assert never_reached(EndpointConnectionError(endpoint_url="http://x"))
    assert never_reached(ReadTimeoutError(endpoint_url="http://x"))
    assert not never_reached(aws("AccessDenied"))


def test_messages_fit_one_line() -> None:
    message = outcome_of(aws("UnauthorizedOperation", "encoded\nmessage: " + "x" * 5000)).message
    assert "\n" not in message
    assert len(message) == LONGEST_MESSAGE
