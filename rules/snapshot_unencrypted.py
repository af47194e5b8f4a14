"""A snapshot whose data is not encrypted at rest."""

import pandas as pd

from auditor.rule import rule


@rule(
    title="Snapshot is not encrypted",
    severity="medium",
    subject="snapshots",
    headline=("1 snapshot is not encrypted", "{count} snapshots are not encrypted"),
    message="{snapshot_id} is not encrypted",
    remedy="aws ec2 copy-snapshot --region {region} --source-region {region} --source-snapshot-id {snapshot_id} "
    "--encrypted",
    breaks="Nothing: the copy is a new snapshot and costs its full size. Whoever names the old one by id still uses "
    "the old one, until you change that.",
    controls={
        "CIS AWS Compute Services v1.0.0": ["2.2.3"],
        "NIST 800-53 r5": ["SC-13", "SC-28", "SC-28(1)", "CP-9(8)"],
        "NIST CSF 2.0": ["PR.DS-01"],
        "PCI DSS v4.0": ["8.3.2"],
        "HIPAA": ["164.312(a)(2)(iv)", "164.312(e)(2)(ii)"],
        "ISO 27001:2022": ["A.8.24"],
        "SOC 2": ["CC6.1"],
    },
)
def snapshot_unencrypted(snapshots: pd.DataFrame) -> "pd.Series[bool]":
    """Only permissions protect an unencrypted snapshot: one wrong share hands out its data, and no key can stop it.

    What counts is the snapshot's own flag. An image says of its devices whether a launch will encrypt them, which
    may differ from what is stored.

    Copy it with encryption and retire the original once nothing uses it; turn on encryption by default, so that no
    new ones come. There is no way to encrypt a snapshot in place.
    """
    return ~snapshots["encrypted"]


FAILS = [{"encrypted": False}, {"encrypted": False, "storage_tier": "archive"}]
PASSES = [{"encrypted": True}]
UNKNOWN = [{}, {"encrypted": False, "gap": "snapshots"}]
