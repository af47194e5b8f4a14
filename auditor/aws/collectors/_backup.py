"""How AWS Backup names what it backs up and what started it."""

from __future__ import annotations

from typing import Any

from auditor.aws.collector import Item
from auditor.aws.shape import Field

#: What is asked of AWS Backup: volumes and instances; not databases, file systems and the like.
KINDS = ("EBS", "EC2")


def last_part(arn: str | None) -> str | None:
    """What stands behind the last slash of an ARN: the id in ``…:volume/vol-…``."""
    return arn.rpartition("/")[2] if arn else None


def resource_id(item: Item) -> str | None:
    """The volume or instance."""
    return last_part(item.get("ResourceArn"))


def recovery_id(item: Item) -> str | None:
    """The snapshot or image; a recovery point in a logically air-gapped vault is neither of this account's."""
    id_ = last_part(item["RecoveryPointArn"])
    return id_ if id_ and id_.startswith(("snap-", "ami-")) else None


def inside(member: str, inner: str) -> Field:
    """Reads a member of a member, either of which may be absent."""

    def read(item: Item) -> Any:
        return (item.get(member) or {}).get(inner)

    return read
