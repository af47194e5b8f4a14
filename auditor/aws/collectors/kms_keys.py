"""The KMS keys that snapshots and volumes name: one request for each key, however many resources name it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from botocore.exceptions import ClientError

from auditor.aws.collector import Collector, Item, Page, Reader, Where, in_pages
from auditor.aws.outcome import error_code, is_refusal, outcome_of
from auditor.aws.shape import Field, shape

_NOT_FOUND = "NotFoundException"


def _metadata(member: str) -> Field:
    def read(item: Item) -> Any:
        return (item["Metadata"] or {}).get(member)

    return read


def _state(item: Item) -> Any:
    return "NotFound" if item["ErrorCode"] == _NOT_FOUND else (item["Metadata"] or {}).get("KeyState")


def _account(item: Item) -> str | None:
    parts = item["Key"].split(":")
    return parts[4] if len(parts) > 5 else None


FIELDS: Mapping[str, Field] = {
    "key_arn": "Key",
    "key_account_id": _account,
    "manager": _metadata("KeyManager"),
    "state": _state,
    "deletion_at": _metadata("DeletionDate"),
    "error_code": "ErrorCode",
}


def get(reader: Reader) -> Iterator[Page]:
    """Items ``{"Key": ARN as the resources name it, "Metadata": KeyMetadata or None, "ErrorCode": … or None}``.

    A key that may not be described is an item gap, and an item without metadata, so that the report can name it.
    """
    frames = [reader.frame(name)["kms_key_arn"] for name in ("snapshots", "volumes")]
    arns: list[str] = pd.concat(frames, ignore_index=True).dropna().drop_duplicates().tolist()
    codes: dict[str, str] = {}

    def read(arn: str) -> Item:
        try:
            return reader.call("kms", "DescribeKey", KeyId=arn)
        except ClientError as error:
            codes[arn] = error_code(error)
            if codes[arn] == _NOT_FOUND:
                return {}
            if _account({"Key": arn}) == reader.where.account_id or not is_refusal(error):
                raise
            # another account's policy says nothing of what we may ask about our own keys
            reader.gap(arn, codes[arn], outcome_of(error).message)
            return {}

    def items() -> Iterator[Item]:
        told = set()
        for arn, answer in reader.each(arns, read):
            told.add(arn)
            yield {"Key": arn, "Metadata": answer.get("KeyMetadata"), "ErrorCode": codes.get(arn)}
        for arn in arns:
            if arn not in told:
                yield {"Key": arn, "Metadata": None, "ErrorCode": codes.get(arn)}

    yield from in_pages(items())


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """One row a key. A key that is not found is gone for good; of one that is refused the state is missing."""
    return {"kms_keys": shape("kms_keys", where, page, FIELDS)}


COLLECTOR = Collector(
    name="kms_keys",
    frames=("kms_keys",),
    actions=("kms:DescribeKey",),
    get=get,
    transform=transform,
    after=("snapshots",),
    heeds=("volumes",),
)
