"""What an error of AWS, of the network or of ours means for coverage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    ResponseStreamingError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from auditor.errors import AuditorError

Status = Literal["complete", "denied", "disabled", "throttled", "truncated", "failed", "skipped"]

#: Longest message kept in coverage; AWS puts whole encoded authorisation blobs into some.
LONGEST_MESSAGE = 300

#: "Error codes for the Amazon EC2 API" and "Common errors" of the other services' API references.
DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "ForbiddenException",
        "InsufficientPrivilegesException",
        "NoRole",
        "NotAuthorized",
        "UnauthorizedAccess",
        "UnauthorizedException",
        "UnauthorizedOperation",
        "Client.UnauthorizedOperation",
        "AWSOrganizationsNotInUseException",
    }
)
#: What a region answers that the account has not enabled, or whose tokens it does not take.
DISABLED = frozenset(
    {
        "AuthFailure",
        "InvalidClientTokenId",
        "OptInRequired",
        "RegionDisabledException",
        "SubscriptionRequiredException",
        "UnrecognizedClientException",
    }
)
THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "CallRateLimitExceededException",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})

EXPIRED_CODE = "ExpiredToken"
EXPIRED_HINT = "The credentials expired. Renew them and run the same command again on the same folder."

#: Answers that ended early or cannot be read. botocore gives them up at once; asking again mostly helps.
UNREADABLE = (ResponseParserError, ResponseStreamingError, ConnectionClosedError, HTTPError)


class IncompleteAnswer(Exception):  # noqa: N818 - it says what came, in the words of coverage
    """AWS stopped making sense half-way through a listing.

    Args:
        code: What happened, in one word, for coverage.
        message: The same as a sentence.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class CredentialsExpired(Exception):  # noqa: N818 - AWS's own name for it is ExpiredToken
    """The credentials ended while another part of the run was being read."""

    def __init__(self) -> None:
        super().__init__(EXPIRED_HINT)


#: All that reading AWS may raise and coverage can put into words.
READ_ERRORS = (ClientError, BotoCoreError, IncompleteAnswer, CredentialsExpired, *UNREADABLE)


class NoRole(AuditorError):  # noqa: N818 - its name is the code that stands in coverage
    """An account that is not the caller's is to be read, and no role is configured to read it with."""


@dataclass(frozen=True)
class Outcome:
    """An error in the words of coverage."""

    status: Status
    code: str
    message: str

    @property
    def expired(self) -> bool:
        """Whether the credentials are at an end, so that nothing else can be read either."""
        return self.code == EXPIRED_CODE


def error_code(error: BaseException) -> str:
    """AWS's code of an error, or a readable name for errors that never were an answer of AWS."""
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code") or "Unknown")
        return f"Http{code}" if code.isdigit() else code
    if isinstance(error, IncompleteAnswer):
        return error.code
    if isinstance(error, UNREADABLE):
        return "UnreadableAnswer"
    return type(error).__name__


def outcome_of(error: BaseException) -> Outcome:
    """What an error means for what was being read."""
    code, message = error_code(error), one_line(str(error))
    if isinstance(error, IncompleteAnswer):
        return Outcome("truncated", code, message)
    if code in EXPIRED or isinstance(error, CredentialsExpired):
        return Outcome("failed", EXPIRED_CODE, EXPIRED_HINT)
    if isinstance(error, (NoCredentialsError, CredentialRetrievalError, SSOError, TokenRetrievalError)):
        return Outcome("failed", EXPIRED_CODE, f"{EXPIRED_HINT} ({message})")
    if isinstance(error, UNREADABLE):
        return Outcome("failed", code, f"The answer ended early or could not be read, several times: {message}")
    if code in DENIED:
        return Outcome("denied", code, message)
    if code in DISABLED:
        return Outcome("disabled", code, message)
    if code in THROTTLED:
        return Outcome("throttled", code, message)
    return Outcome("failed", code, message)


def is_refusal(error: BaseException) -> bool:
    """Whether everybody asking for this would be refused, rather than something being wrong with one item."""
    return outcome_of(error).status in ("denied", "disabled")


def worth_repeating(error: BaseException) -> bool:
    """Whether asking again may help where botocore does not ask again itself."""
    return isinstance(error, UNREADABLE)


def never_reached(error: BaseException) -> bool:
    """Whether no AWS was at the other end at all."""
    return isinstance(error, HTTPClientError) or (
        isinstance(error, BotoCoreError) and type(error).__name__.endswith(("ConnectionError", "TimeoutError"))
    )


def one_line(message: str) -> str:
    """A message without line breaks, cut to a length that fits a table."""
    words = " ".join(message.split())
    return words if len(words) <= LONGEST_MESSAGE else words[: LONGEST_MESSAGE - 1] + "…"
