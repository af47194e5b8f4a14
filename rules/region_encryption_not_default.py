"""A region where new volumes and snapshots are not encrypted by default."""

import pandas as pd

from auditor.rule import lookup, rule

_OFF = "not-opted-in"


@rule(
    title="Region does not encrypt EBS by default",
    severity="medium",
    subject="regions",
    headline=(
        "1 region of an account does not encrypt new volumes by default",
        "{count} regions do not encrypt new volumes by default, counted per account",
    ),
    message="In {region} of {account_id}, new volumes and snapshot copies are not encrypted by default",
    remedy="aws ec2 enable-ebs-encryption-by-default --region {region}",
    breaks="Existing volumes and snapshots stay as they are. Launches in need of a customer key fail where the "
    "caller may not use it, and instance types too old for encrypted volumes no longer launch.",
    controls={
        "AWS FSBP": ["EC2.7"],
        "CIS AWS Foundations": ["5.1.1 (v5.0)", "6.1.1 (v7.0)"],
        "NIST 800-53 r5": ["CA-9(1)", "CM-3(6)", "SC-13", "SC-28", "SC-28(1)", "SC-7(10)", "SI-7(6)"],
        "NIST CSF 2.0": ["PR.DS-01"],
        "HIPAA": ["164.312(a)(2)(iv)", "164.312(e)(2)(ii)"],
        "ISO 27001:2022": ["A.8.24"],
        "SOC 2": ["CC6.1"],
    },
)
def region_encryption_not_default(regions: pd.DataFrame, encryption_by_default: pd.DataFrame) -> "pd.Series[bool]":
    """Without the default, a new disk and every backup of it is encrypted only if somebody remembers.

    The setting is made per account and region; a region that is not switched on passes.

    Choose the key first, then turn encryption by default on, best by declarative policy for the whole organisation.
    """
    enabled = lookup(regions["region"], encryption_by_default["region"], encryption_by_default["enabled"])
    return (~enabled).mask(regions["opt_in_status"].eq(_OFF).fillna(False).to_numpy(bool), False)


FAILS = [{"given": {"encryption_by_default": [{"enabled": False}]}}]
PASSES = [
    {"given": {"encryption_by_default": [{"enabled": True}]}},
    {"opt_in_status": "not-opted-in"},
]
UNKNOWN = [{}, {"gap": "encryption_by_default"}]
