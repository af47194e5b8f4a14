"""An encrypted snapshot whose KMS key cannot be used."""

import pandas as pd

from auditor.rule import Verdict, all_pass, beside, lookup, one_of, rule

_UNUSABLE = ("Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport", "Unavailable", "NotFound")


@rule(
    title="Snapshot's KMS key cannot be used",
    severity="high",
    subject="snapshots",
    headline=(
        "1 encrypted snapshot cannot be restored because of its key",
        "{count} encrypted snapshots cannot be restored because of their keys",
    ),
    message="{snapshot_id} cannot be restored: the state of its KMS key is {key_state}",
    remedy="aws kms describe-key --region {region} --key-id {kms_key_arn}",
    breaks="Nothing: the command only looks. To get the key back, cancel its deletion or enable it; whoever stopped "
    "it meant to.",
    controls={
        "NIST 800-53 r5": ["CP-9", "CP-10", "SC-13"],
        "NIST CSF 2.0": ["PR.DS-11", "RC.RP-03"],
        "ISO 27001:2022": ["A.8.13", "A.8.24"],
        "SOC 2": ["A1.2"],
        "HIPAA": ["164.308(a)(7)(ii)(A)"],
    },
)
def snapshot_key_unusable(snapshots: pd.DataFrame, kms_keys: pd.DataFrame) -> Verdict:
    """A snapshot whose key is off, gone or about to go is a backup that cannot be restored.

    Every key that a snapshot names is described once. A key that is pending deletion cannot be used any more, and
    what it encrypts is lost for good on the date shown. A key that we may not describe, usually in another account,
    leaves the verdict open: refused is neither good nor bad.

    Cancel the deletion before its date, or enable the key; then copy what must be kept under a key that will stay.
    """
    unusable = one_of(kms_keys["state"], *_UNUSABLE)
    found = snapshots["encrypted"] & lookup(snapshots["kms_key_arn"], kms_keys["key_arn"], unusable)
    if all_pass(found):
        return found
    keys = beside(snapshots["kms_key_arn"], kms_keys, "key_arn")
    return pd.DataFrame(
        {
            "found": found,
            "key_state": keys["state"],
            "key_deletion_at": keys["deletion_at"],
            "kms_key_arn": snapshots["kms_key_arn"],
            "key_account_id": keys["key_account_id"],
        }
    )


_KEY = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
_ENCRYPTED = {"encrypted": True, "kms_key_arn": _KEY}

FAILS = [
    {
        **_ENCRYPTED,
        "given": {"kms_keys": [{"key_arn": _KEY, "state": "PendingDeletion", "deletion_at": "2026-02-05T00:00:00Z"}]},
        "expect": {"key_state": "PendingDeletion", "kms_key_arn": _KEY},
    },
    *(
        {**_ENCRYPTED, "given": {"kms_keys": [{"key_arn": _KEY, "state": state}]}, "expect": {"key_state": state}}
        for state in _UNUSABLE
    ),
]
PASSES = [
    {"encrypted": False},
    {**_ENCRYPTED, "given": {"kms_keys": [{"key_arn": _KEY, "state": "Enabled"}]}},
]
UNKNOWN = [
    {**_ENCRYPTED, "given": {"kms_keys": [{"key_arn": _KEY, "error_code": "AccessDeniedException"}]}},
    _ENCRYPTED,
    {"encrypted": True},
    {**_ENCRYPTED, "gap": "kms_keys", "given": {"kms_keys": [{"key_arn": _KEY, "state": "Disabled"}]}},
]
