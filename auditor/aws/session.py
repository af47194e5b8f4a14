"""Who we are in each account: credentials, roles and clients, cheap enough for hundreds of accounts.

All accounts share one data loader, because loading service models anew costs 150 ms and 26 MB each, and response
parsers of our own, which read timestamps with the standard library: dateutil takes two thirds of botocore's parsing.
Our clients have no operation that changes anything.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any

from botocore.config import Config as ClientConfig
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError, ProfileNotFound
from botocore.loaders import Loader, create_loader
from botocore.parsers import ResponseParserError
from botocore.session import Session
from botocore.utils import parse_timestamp

from auditor import __version__
from auditor.aws.answers import Parsers
from auditor.aws.outcome import READ_ERRORS, NoRole, is_refusal, never_reached, one_line, outcome_of
from auditor.config import Scope
from auditor.errors import AccessError

#: Where services live that have one place per partition, and where regional endpoints are asked for regions.
HOME = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}

ATTEMPTS = 6
CONNECT_SECONDS = 10
READ_SECONDS = 60
#: HTTP statuses from here on are no answers to what was asked.
HTTP_REDIRECT = 300
#: Bytes within which XML comes to its outermost element.
WHERE_ANSWERS_BEGIN = 400
#: What the names of operations begin with that only look, and of the one that enters an account.
READING = ("Describe", "Get", "List", "Lookup", "AssumeRole")
#: As many as threads share a client, so that none is opened anew for each request.
CONNECTIONS = 32
SESSION_NAME = "auditor"
#: What AWS allows by default and always allows for chained roles.
ROLE_SECONDS = 3600


def read_timestamp(value: Any) -> datetime:
    """A timestamp of an answer, as botocore reads it but eight times faster for ISO 8601.

    Only seconds since 1970 and the extended form with time and zone go the fast way; HTTP dates and whatever else there
    may be go botocore's own. What names no zone is UTC, as all of AWS's times are.
    """
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        if len(value) >= 20 and value[4] == value[7] == "-" and value[10] == "T":
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                return moment
    except (TypeError, ValueError, OverflowError, OSError):
        pass  # whatever it is, botocore says what to make of it
    moment = parse_timestamp(value)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


class Sessions:
    """A botocore session for every account, and the caller's own.

    Args:
        scope: Profile, role and external id to read with.

    Attributes:
        caller: The session with the credentials we were started with.
        home: Region of services that have one place per partition.

    Raises:
        AccessError: There is no such profile, or there are no credentials.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._parsers = Parsers(timestamp_parser=read_timestamp)
        self._accounts: dict[str, AccountSession] = {}
        self._own_account: str | None = None
        self._lock = threading.Lock()
        try:
            self._own = self._new(profile=scope.profile)
            self.home = str(self._own.get_config_variable("region") or HOME[scope.partition])
            if self._own.get_credentials() is None:
                raise NoCredentialsError
            self.caller = AccountSession(self._own)
        except ProfileNotFound as error:
            raise AccessError(
                f"There is no AWS profile {scope.profile or ''!r}.", "`aws configure list-profiles` lists yours."
            ) from error
        except (BotoCoreError, ClientError) as error:
            raise _no_access(error) from error

    @property
    def partition(self) -> str:
        """The partition that is read."""
        return self._scope.partition

    @cached_property
    def _sts(self) -> Any:
        """What assumes roles, for all accounts."""
        return self.caller.client("sts", self.home)

    def identify(self) -> tuple[str, str]:
        """Account and ARN of the caller.

        Raises:
            AccessError: AWS cannot be reached, or takes no credentials of ours.
        """
        try:
            answer = self.caller.client("sts", self.home, attempts=2).get_caller_identity()
        except (*READ_ERRORS, OSError) as error:
            raise _no_access(error) from error
        self._own_account = str(answer["Account"])
        return self._own_account, str(answer["Arn"])

    def account(self, account_id: str) -> AccountSession:
        """The session that reads one account, its role assumed; made once.

        Raises:
            NoRole: The account is not the caller's, and no role is configured.
            ClientError: The role cannot be assumed.
        """
        with self._lock:
            session = self._accounts.get(account_id)
        if session is None:
            session = self._enter(account_id)
            with self._lock:
                session = self._accounts.setdefault(account_id, session)
        return session

    def known_regions(self) -> list[str]:
        """Every region that botocore knows of the partition, enabled or not."""
        return sorted(self._own.get_available_regions("ec2", self.partition))

    def _enter(self, account_id: str) -> AccountSession:
        if not self._scope.role:
            if account_id == self._own_account:
                return self.caller
            raise NoRole(
                f"Account {account_id} is not the caller's, and no role is configured to read it with.",
                "Name one in [scope] role.",
            )
        try:
            return self._assume(account_id, self._scope.role)
        except ClientError as error:
            if account_id == self._own_account and is_refusal(error):
                return self.caller
            raise

    def _assume(self, account_id: str, role: str) -> AccountSession:
        parameters = {"RoleArn": _role_arn(role, account_id, self.partition), "RoleSessionName": SESSION_NAME}
        if self._scope.external_id:
            parameters["ExternalId"] = self._scope.external_id

        def fetch() -> dict[str, str]:
            granted = self._sts.assume_role(DurationSeconds=ROLE_SECONDS, **parameters)["Credentials"]
            return {
                "access_key": granted["AccessKeyId"],
                "secret_key": granted["SecretAccessKey"],
                "token": granted["SessionToken"],
                "expiry_time": granted["Expiration"].isoformat(),
            }

        credentials = RefreshableCredentials.create_from_metadata(fetch(), refresh_using=fetch, method="assume-role")
        session = self._new(profile=self._scope.profile)
        session.register_component("credential_provider", _Granted(credentials))
        return AccountSession(session)

    def _new(self, profile: str | None) -> Session:
        session = Session(profile=profile)
        session.user_agent_name = "auditor"
        session.user_agent_version = __version__
        session.register_component("data_loader", _loader(session.get_config_variable("data_path")))
        session.register_component("response_parser_factory", self._parsers)
        return session


class _ReadOnly(Loader):
    """Loads models of services without the operations that change anything: no client made of them can ask for one.

    Most of what EC2 has is left out, which makes a client of it in less than half the time.
    """

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        """As botocore's, but for the operations."""
        model = super().load_service_model(service_name, type_name, api_version)
        if type_name != "service-2":
            return model
        reading = {name: body for name, body in model["operations"].items() if name.startswith(READING)}
        return {**model, "operations": reading}


@cache
def _loader(data_path: str | None) -> Loader:
    """One loader of service models for the whole process; it keeps what it has parsed."""
    return _ReadOnly(create_loader(data_path).search_paths, include_default_search_paths=False)


class _Granted:
    """Gives a session the credentials of an assumed role, which renew themselves."""

    def __init__(self, credentials: RefreshableCredentials) -> None:
        self._credentials = credentials

    def load_credentials(self) -> RefreshableCredentials:
        return self._credentials


class AccountSession:
    """Makes the clients of one account; a botocore session is not made for several threads, this is."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()

    def client(self, service: str, region: str, attempts: int = ATTEMPTS) -> Any:
        """A client of one service in one region: milliseconds and half a megabyte, so keep it no longer than needed."""
        settings = ClientConfig(
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            max_pool_connections=CONNECTIONS,
        )
        with self._lock:
            client = self._session.create_client(service, region_name=region, config=settings)
        client.meta.events.register("before-parse", refuse_half)
        return client


def refuse_half(response_dict: Mapping[str, Any], operation_model: Any, **_: Any) -> None:
    """Make sure that an answer is whole and one to what was asked, before botocore parses it.

    botocore takes no body at all for an answer with nothing in it, and so it takes JSON that ends early and a proxy's
    well-formed page: a listing cut short would look like an empty one. XML that ends early it refuses itself.

    Raises:
        ResponseParserError: It is not; the request is worth repeating.
    """
    if response_dict["status_code"] >= HTTP_REDIRECT:
        return
    body = response_dict["body"]
    if not body:
        raise ResponseParserError("The answer has no body.")
    protocol = operation_model.service_model.resolved_protocol
    # Every Query and EC2 answer is wrapped in an element of this name ("Query requests", EC2 developer guide).
    if protocol in ("ec2", "query") and f"<{operation_model.name}Response".encode() not in body[:WHERE_ANSWERS_BEGIN]:
        raise ResponseParserError(f"The answer is none to {operation_model.name}.")
    if protocol in ("json", "rest-json"):
        try:
            json.loads(body)
        except ValueError as error:
            raise ResponseParserError(f"The answer is no JSON: {error}") from error


def _role_arn(role: str, account_id: str, partition: str) -> str:
    name = role.split(":role/", 1)[1] if role.startswith("arn:") else role.removeprefix("/")
    return f"arn:{partition}:iam::{account_id}:role/{name}"


def _no_access(error: BaseException) -> AccessError:
    if isinstance(error, (NoCredentialsError, PartialCredentialsError)):
        return AccessError(
            f"There are no AWS credentials: {one_line(str(error))}.",
            "Set AWS_PROFILE or the AWS_* variables, or name a profile in [scope].",
        )
    if isinstance(error, ResponseParserError):
        return AccessError(
            f"What answers is not AWS: {one_line(str(error))}", "Check the network's proxy and AWS_ENDPOINT_URL."
        )
    if never_reached(error) or isinstance(error, OSError):
        return AccessError(
            f"AWS cannot be reached: {one_line(str(error))}",
            "Check the network, the region and AWS_ENDPOINT_URL.",
        )
    if outcome_of(error).expired:
        return AccessError("The AWS credentials expired.", "Renew them, then run the same command again.")
    return AccessError(
        f"AWS does not accept the credentials: {one_line(str(error))}", "`aws sts get-caller-identity` must work first."
    )
