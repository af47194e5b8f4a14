"""What a handler is told about the request that it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.sandbox.credentials import Session
from auditor.sandbox.model import Organisation, Region


@dataclass(frozen=True)
class Request:
    """Who calls what, and where.

    Attributes:
        organisation: The organisation that is served.
        account_id: The account of the caller's credentials.
        region: The region that the request was signed for.
        service: botocore's name of the service, e.g. ``ec2``.
        operation: The operation's name in the API, e.g. ``DescribeSnapshots``.
        access_key: The caller's access key id.
        session: The assumed role behind the credentials; None for long-term keys.
    """

    organisation: Organisation
    account_id: str
    region: str
    service: str
    operation: str
    access_key: str = ""
    session: Session | None = None

    @property
    def here(self) -> Region:
        """What the caller's account has in the request's region."""
        return self.organisation.place(self.account_id, self.region)

    @property
    def principal(self) -> str:
        """The caller's ARN: the assumed role's session, or the user that long-term keys belong to."""
        partition = self.organisation.partition
        if self.session is None:
            return f"arn:{partition}:iam::{self.account_id}:user/sandbox"
        return f"arn:{partition}:sts::{self.account_id}:assumed-role/{self.session.role}/{self.session.name}"


#: Answers one operation: the request and its parameters as botocore names them, to the output's members.
Handler = Callable[[Request, dict[str, Any]], dict[str, Any]]
#: Handlers by service and operation.
Services = Mapping[str, Mapping[str, Handler]]
