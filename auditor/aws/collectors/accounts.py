"""The account itself: what AWS Organizations says of it, and as whom it was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where
from auditor.aws.shape import Field, shape


def _account(member: str) -> Field:
    def read(item: Item) -> Any:
        return item["Account"].get(member)

    return read


def _state(item: Item) -> Any:  # State replaces Status, which Organizations retires in September 2026
    return item["Account"].get("State") or item["Account"].get("Status")


FIELDS: Mapping[str, Field] = {
    "name": _account("Name"),
    "state": _state,
    "organisation_id": _account("OrganizationId"),
    "ou_id": _account("ParentId"),
    "ou_path": _account("Path"),
    "caller_arn": lambda item: item["Caller"].get("Arn"),
    "joined_at": _account("JoinedTimestamp"),
}


def get(reader: Reader) -> Iterator[Page]:
    """One item ``{"Account": what Organizations says, "Caller": GetCallerIdentity}``.

    Raises:
        ClientError: Organizations would not tell, once what is known without it was given.
    """
    yield [{"Account": reader.account, "Caller": reader.call("sts", "GetCallerIdentity")}]
    if reader.organisation_error is not None:
        raise reader.organisation_error


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row; everything but the account, partition and caller is missing without Organizations."""
    fields = {**FIELDS, "partition": lambda _: where.partition}
    return {"accounts": shape("accounts", where, page, fields)}


COLLECTOR = Collector(
    name="accounts",
    frames=("accounts",),
    actions=(),  # anybody may ask who they are; Organizations is asked with the caller's own credentials
    get=get,
    transform=transform,
    level="account",
)
