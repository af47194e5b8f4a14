"""A recovery point whose data is not encrypted at rest."""

import pandas as pd

from auditor.rule import rule


@rule(
    title="Recovery point is not encrypted",
    severity="medium",
    subject="recovery_points",
    headline=("1 recovery point is not encrypted", "{count} recovery points are not encrypted"),
    message="{recovery_point_arn} in {region}, a backup of {resource_id}, is not encrypted",
    remedy="aws backup describe-recovery-point --region {region} --backup-vault-name {vault_name} "
    "--recovery-point-arn {recovery_point_arn}",
    breaks="Reading breaks nothing. A copy to another vault is encrypted with that vault's key, and costs its full "
    "size.",
    controls={
        "AWS FSBP": ["Backup.1"],
        "NIST 800-53 r5": ["CP-9(8)", "SI-12"],
        "NIST CSF 2.0": ["PR.DS-01"],
        "PCI DSS v4.0": ["3.5.1.3"],
        "HIPAA": ["164.312(a)(2)(iv)"],
        "ISO 27001:2022": ["A.8.24"],
        "SOC 2": ["CC6.1"],
    },
)
def recovery_point_unencrypted(recovery_points: pd.DataFrame) -> "pd.Series[bool]":
    """A backup holds what the disk holds: one wrong permission hands it out, and no key stands in the way.

    What counts is what AWS Backup says of the recovery point. Those of volumes and instances are encrypted as their
    source is, whatever key the vault has: an encrypted vault does not make them so, only a copy to another vault does.

    Encrypt the volume, so that the next ones are, and copy those that must be kept to another vault.
    """
    return ~recovery_points["encrypted"]


_POINT = {"vault_name": "nightly", "recovery_point_arn": "arn:aws:ec2:eu-west-1::snapshot/snap-0a"}

FAILS = [
    {
        **_POINT,
        "resource_id": "vol-0a",
        "encrypted": False,
        "expect": {
            "discriminator": "arn:aws:ec2:eu-west-1::snapshot/snap-0a",
            "message": "arn:aws:ec2:eu-west-1::snapshot/snap-0a in eu-west-1, a backup of vol-0a, is not encrypted",
        },
    }
]
PASSES = [{**_POINT, "encrypted": True}]
UNKNOWN = [_POINT, {**_POINT, "encrypted": False, "gap": "recovery_points"}]
