"""A planted member account, and real AWS clients that call the sandbox as it or as the management account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import boto3
from botocore.config import Config

from auditor.sandbox.model import Organisation, Region
from auditor.sandbox.planting import TINY, plant
from auditor.sandbox.server import Sandbox

ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})


@dataclass
class Aws:
    """Clients of a planted organisation, as its management account and as one of its members."""

    sandbox: Sandbox
    organisation: Organisation
    here: Region
    keys: dict[str, str]
    clients: dict[tuple[str, bool], Any]

    def client(self, service: str, *, management: bool = False) -> Any:
        if (service, management) not in self.clients:
            keys = {"aws_access_key_id": "AKIAMANAGEMENT", "aws_secret_access_key": "x"} if management else self.keys
            self.clients[service, management] = boto3.client(
                service, region_name=self.here.name, endpoint_url=self.sandbox.url, config=ONCE, **keys
            )
        return self.clients[service, management]

    def ec2(self, method: str, **params: Any) -> Any:
        return getattr(self.client("ec2"), method)(**params)

    def every(self, service: str, method: str, key: str, *, management: bool = False, **params: Any) -> list[Any]:
        """The items of all pages, by the token of whatever name."""
        call = getattr(self.client(service, management=management), method)
        answer = call(**params)
        rows = list(answer[key])
        while token := answer.get("NextToken") or answer.get("NextMarker"):
            params["Marker" if "NextMarker" in answer else "NextToken"] = token
            answer = call(**params)
            rows += answer[key]
        return rows


@contextmanager
def of_every_story() -> Iterator[Aws]:
    """A member's place in which every story was planted."""
    organisation = plant(3, accounts=3, regions=1, size=replace(TINY, chance=1.0))
    member = next(one for one in organisation.accounts if one != organisation.management_id)
    with Sandbox(organisation) as sandbox:
        (here,) = [place for place in organisation if place.account_id == member]
        made = Aws(sandbox, organisation, here, {}, {})
        role, external_id = next(iter(organisation.roles.items()))
        assumed = made.client("sts", management=True).assume_role(
            RoleArn=f"arn:aws:iam::{here.account_id}:role/{role}", RoleSessionName="audit", ExternalId=external_id
        )["Credentials"]
        made.keys = {
            "aws_access_key_id": assumed["AccessKeyId"],
            "aws_secret_access_key": assumed["SecretAccessKey"],
            "aws_session_token": assumed["SessionToken"],
        }
        yield made
        for client in made.clients.values():
            client.close()
