"""Every account of the organisation, as AWS Organizations lists them (organizations ListAccounts)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from auditor.aws.collector import Collector, Page, Reader, Where
from auditor.aws.shape import Field, shape

FIELDS: Mapping[str, Field] = {
    "member_id": "Id",
    "name": "Name",
    # State replaces Status, which Organizations retires in September 2026
    "state": lambda member: member.get("State") or member.get("Status"),
    "organisation_id": "OrganizationId",
    "ou_id": "ParentId",
    "ou_path": "Path",
    "in_scope": "InScope",
}


def get(reader: Reader) -> Iterator[Page]:
    """The accounts, which were listed to know whom to read.

    Raises:
        ClientError: Organizations would not tell, once what is known without it was given.
    """
    yield list(reader.members)
    if reader.organisation_error is not None:
        raise reader.organisation_error


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row per account; everything but its id and scope is missing without Organizations."""
    return {"directory": shape("directory", where, page, FIELDS)}


COLLECTOR = Collector(
    name="directory",
    frames=("directory",),
    actions=(),  # Organizations was asked already, with the caller's own credentials
    get=get,
    transform=transform,
    level="caller",
)
