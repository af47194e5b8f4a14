"""A snapshot shared with somebody who cannot use it."""

import pandas as pd

from auditor.rule import all_pass, among, rule


@rule(
    title="Snapshot's share does not work",
    severity="low",
    subject="snapshots",
    headline=(
        "1 snapshot is shared with somebody who cannot use it",
        "{count} snapshots are shared with somebody who cannot use them",
    ),
    message="{snapshot_id} is shared with {grantee_id}, who cannot use it: {because}",
    remedy="aws ec2 modify-snapshot-attribute --region {region} --snapshot-id {snapshot_id} "
    "--attribute createVolumePermission --operation-type remove --user-ids {grantee_id}",
    breaks="Nothing: the share does not work today. It would have to be made anew once the key lets the account in.",
    controls={
        "NIST 800-53 r5": ["AC-3", "AC-6"],
        "SOC 2": ["CC6.1"],
    },
)
def snapshot_share_ineffective(snapshots: pd.DataFrame, snapshot_access: pd.DataFrame) -> pd.DataFrame | pd.Series:
    """A share that fails is a restore that fails on the day it is needed, or a permission that nobody would miss.

    Found is each account that a snapshot is shared with and that cannot restore or copy it today: the snapshot is
    archived; its KMS key is managed by AWS, disabled or gone; or the key lets the account do too little. Restoring and
    copying need ``kms:DescribeKey``, ``kms:CreateGrant``, ``kms:GenerateDataKey*``, ``kms:ReEncrypt*`` and
    ``kms:Decrypt`` of the snapshot's key. Its policy and its grants are read statement by statement, an explicit Deny
    above all; it is enough that one role of the account is let in. What the account allows its own roles is its own
    affair.

    It cannot be told where the key belongs to another account, where policy or grants were not read, where a condition
    decides that is not known beforehand, such as the caller's address, and where nothing is refused but
    ``kms:GenerateDataKey*``, which copying to a key of one's own does without. Shares with the account itself, with
    everybody and with AWS Marketplace are not judged here.

    Ask the owner whether the other account needs it. If so let it use the key, knowing that it can then read everything
    that is shared with it under that key; if not take the share away.
    """
    refused = ~snapshot_access["effective"]
    if all_pass(refused):
        return pd.Series(False, index=snapshots.index)
    others = ~snapshot_access["grantee_class"].isin(["own", "public", "marketplace"])
    dead = snapshot_access[(others & refused.fillna(value=True)).to_numpy(dtype=bool)]
    named = snapshots.loc[among(snapshots["snapshot_id"], dead["snapshot_id"]), "snapshot_id"]
    places = named.index[pd.Index(named).get_indexer(dead["snapshot_id"])]
    return pd.DataFrame(
        {
            "found": (~dead["effective"]).array,
            "grantee_id": dead["grantee"].array,
            "grantee_name": dead["grantee_name"].array,
            "because": dead["effective_because"].array,
            "discriminator": dead["grantee"].array,
            "unknown_because": ("Could not tell: " + dead["effective_because"] + ".").array,
        },
        index=places,
    ).astype({"found": "boolean"})


_US, _THEM = "111122223333", "999988887777"
_KEY = f"arn:aws:kms:eu-west-1:{_US}:key/k"
_KEYED = {
    "snapshot_id": "snap-0a",
    "encrypted": True,
    "kms_key_arn": _KEY,
    "state": "completed",
    "storage_tier": "standard",
}
_PLAIN = {"snapshot_id": "snap-0a", "encrypted": False, "state": "completed", "storage_tier": "standard"}
_USE = ("kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:Decrypt")


def _given(
    *actions: str, principal: str = _THEM, grantee: str = _THEM, manager: str = "CUSTOMER", state: str = "Enabled"
) -> dict[str, list[dict[str, object]]]:
    statement = {"key_arn": _KEY, "statement": 0, "effect": "Allow", "principal_type": "AWS", "conditions": 0}
    rows = [{**statement, "principal": principal, "action": action} for action in actions]
    return {
        "snapshot_shares": [{"grantee_type": "account", "grantee": grantee}],
        "kms_keys": [{"key_arn": _KEY, "key_account_id": _US, "manager": manager, "state": state}],
        "key_policies": [{"key_arn": _KEY, "understood": True, "grants_listed": True}],
        "key_statements": rows,
        "directory": [{"member_id": _US, "organisation_id": "o-a1", "state": "ACTIVE"}],
    }


_GRANT = {"key_arn": _KEY, "grant_id": "g", "grantee": f"arn:aws:iam::{_THEM}:role/r"}
_OPERATIONS = [each.removeprefix("kms:") for each in _USE[:2]] + [
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "Decrypt",
]
_ADDRESS = {"key_arn": _KEY, "statement": 0, "operator": "IpAddress", "condition_key": "aws:SourceIp"}

FAILS = [
    {
        **_KEYED,
        "given": _given(*_USE[:1], *_USE[2:]),
        "expect": {
            "severity": "low",
            "discriminator": _THEM,
            "because": f"kms:CreateGrant is not allowed to {_THEM} by key {_KEY}",
        },
    },
    {**_KEYED, "given": _given(*_USE, principal="444455556666")},
    {**_KEYED, "given": _given("kms:*", manager="AWS")},
    {
        **_KEYED,
        "given": _given("kms:*", state="Disabled"),
        "expect": {"because": f"key {_KEY} is disabled"},
    },
    {**_PLAIN, "storage_tier": "archive", "given": _given()},
]
PASSES = [
    {**_KEYED, "given": _given(*_USE)},
    {**_KEYED, "given": _given("kms:*", principal=f"arn:aws:iam::{_THEM}:role/r")},
    {**_KEYED, "given": {**_given(), "key_grants": [{**_GRANT, "operation": each} for each in _OPERATIONS]}},
    {**_PLAIN, "given": _given()},
    {**_KEYED, "given": _given(grantee=_US)},
    {**_KEYED},
]
UNKNOWN = [
    {**_KEYED, "given": _given(*_USE[:2], *_USE[3:])},
    {**_KEYED, "given": {**_given("kms:*"), "key_conditions": [{**_ADDRESS, "value": "203.0.113.0/24"}]}},
    {**_KEYED, "given": {**_given(*_USE), "key_policies": []}},
    {
        **_KEYED,
        "given": {**_given(), "key_policies": [{"key_arn": _KEY, "understood": True, "grants_listed": False}]},
    },
    {**_KEYED, "kms_key_arn": _KEY.replace(_US, "444455556666"), "given": _given(*_USE)},
    {**_KEYED, "given": _given(*_USE), "gap": "snapshot_shares"},
]
