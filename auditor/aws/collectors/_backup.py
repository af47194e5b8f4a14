"""How AWS Backup names what it backs up and what started it."""

from __future__ import annotations

from typing import Any

from auditor.aws.collector import Item
from auditor.aws.shape import Field


def last_part(arn: str | None) -> str | None:
    """What stands behind the last slash of an ARN: the id in ``…:volume/vol-…``."""
    return arn.rpartition("/")[2] if arn else None


def resource_id(item: Item) -> str | None:
    """The volume or instance."""
    return last_part(item.get("ResourceArn"))


def inside(member: str, inner: str) -> Field:
    """Reads a member of a member, either of which may be absent."""

    def read(item: Item) -> Any:
        return (item.get(member) or {}).get(inner)

    return read
