"""Whom the customer keys of what is shared let in: their policies, statement by statement, and their grants.

Only keys that matter are asked about: own ones that AWS does not manage, under which a snapshot is encrypted that is
shared, or that a shared image maps. Keys of other accounts cannot be asked about (AWS KMS API Reference,
``GetKeyPolicy``, "Cross-account use").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd
from botocore.exceptions import ClientError

from auditor.aws.collector import Collector, Item, Page, Reader, Where, in_pages
from auditor.aws.documents import CONDITION_FIELDS, STATEMENT_FIELDS, tell
from auditor.aws.outcome import error_code, is_refusal, outcome_of
from auditor.aws.shape import Field, shape, table

#: The only name that a key policy can have.
DEFAULT: Final = "default"
#: The largest page of ListGrants.
PAGE: Final = 100

#: The key went away between listing and asking.
_GONE: Final = ("NotFoundException",)

GRANT_FIELDS: Mapping[str, Field] = {
    "key_arn": "Key",
    "grant_id": "GrantId",
    "grantee": "GranteePrincipal",
    "grantee_account_id": lambda item: _account(item.get("GranteePrincipal")),
    "operation": "Operation",
    "constrained": lambda item: bool(item.get("Constraints")),
    "created_at": "CreationDate",
}


def keys_that_matter(reader: Reader) -> list[str]:
    """ARNs of the own customer keys under which something is shared."""
    snapshots, shared = reader.frame("snapshots"), reader.frame("image_shares")["image_id"]
    devices = reader.frame("image_block_devices")
    mapped = devices.loc[devices["image_id"].isin(shared), "snapshot_id"]
    ids = pd.concat([reader.frame("snapshot_shares")["snapshot_id"], mapped], ignore_index=True).dropna()
    arns = snapshots.loc[snapshots["snapshot_id"].isin(ids), "kms_key_arn"].dropna().drop_duplicates()
    known = reader.frame("kms_keys")
    out = known.loc[known["manager"].eq("AWS").fillna(False) | known["state"].eq("NotFound").fillna(False), "key_arn"]
    return [arn for arn in arns[~arns.isin(out)] if _account(arn) == reader.where.account_id]


def get(reader: Reader) -> Iterator[Page]:
    """Items ``{"Key": ARN, "Policy": the document, "Grants": [GrantListEntry, …]}``; no ``Grants`` where refused.

    EBS has a grant for each volume of a running instance; only grants to principals of other accounts are kept.
    """
    mine = reader.where.account_id

    def grants(arn: str) -> list[Item] | None:
        pages = reader.pages("kms", "ListGrants", "Grants", KeyId=arn, Limit=PAGE)
        try:
            held = [grant for page in pages for grant in page]
        except ClientError as error:
            if not is_refusal(error):
                raise
            reader.gap(arn, error_code(error), outcome_of(error).message)
            return None
        return [grant for grant in held if _account(grant.get("GranteePrincipal")) not in (None, mine)]

    def read(arn: str) -> Item:
        policy = reader.call("kms", "GetKeyPolicy", KeyId=arn, PolicyName=DEFAULT).get("Policy")
        return {"Key": arn, "Policy": policy, "Grants": grants(arn)}

    yield from in_pages(item for _, item in reader.each(keys_that_matter(reader), read, drop=_GONE))


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """The documents, and one row for each principal's action, each value of a condition and each granted operation."""
    grants = [
        grant | {"Key": item["Key"], "Operation": operation}
        for item in page
        for grant in item["Grants"] or ()
        for operation in grant.get("Operations") or ()
    ]
    told = tell((item["Key"], item["Policy"]) for item in page)
    documents = {
        "key_arn": [item["Key"] for item in page],
        "document": [item["Policy"] for item in page],
        "understood": told.understood,
        "grants_listed": [item["Grants"] is not None for item in page],
    }
    return {
        "key_policies": table("key_policies", where, len(page), documents),
        "key_statements": shape("key_statements", where, told.statements, {"key_arn": "of", **STATEMENT_FIELDS}),
        "key_conditions": shape("key_conditions", where, told.conditions, {"key_arn": "of", **CONDITION_FIELDS}),
        "key_grants": shape("key_grants", where, grants, GRANT_FIELDS),
    }


def _account(arn: Any) -> str | None:
    """The account in an ARN; ``None`` for services and what is no ARN."""
    parts = str(arn).split(":")
    return parts[4] if len(parts) > 5 and parts[4].isdigit() else None


COLLECTOR = Collector(
    name="key_policies",
    frames=("key_policies", "key_statements", "key_conditions", "key_grants"),
    actions=("kms:GetKeyPolicy", "kms:ListGrants"),
    get=get,
    transform=transform,
    after=("snapshots",),
    heeds=("snapshot_shares", "image_shares", "images", "kms_keys"),
)
