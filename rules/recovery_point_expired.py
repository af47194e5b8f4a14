"""A recovery point whose time is over and that AWS Backup could not delete."""

import pandas as pd

from auditor.rule import flags, rule, whole_days


@rule(
    title="Expired recovery point is still there",
    severity="low",
    subject="recovery_points",
    headline=("1 expired recovery point is still there", "{count} expired recovery points are still there"),
    message="{recovery_point_arn} in {region}, a backup of {resource_id}, has expired and could not be deleted",
    remedy="aws backup describe-recovery-point --region {region} --backup-vault-name {vault_name} "
    "--recovery-point-arn {recovery_point_arn}",
    breaks="Reading breaks nothing. What is deleted in the end cannot be restored; see that a newer one is usable.",
    controls={"NIST 800-53 r5": ["SI-12"], "PCI DSS v4.0": ["3.2.1"]},
)
def recovery_point_expired(recovery_points: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """It costs as before, data is kept for longer than was decided, and it looks like a backup that it no longer is.

    Found is what AWS Backup calls EXPIRED: its lifecycle wanted it gone and deleting failed, mostly because the role
    that made it is gone or may no longer delete, or because somebody deleted its snapshot or deregistered its image by
    hand.

    The status message says why. Give the role its permissions back, or delete the recovery point by hand once nothing
    holds it.
    """
    return pd.DataFrame(
        {
            "found": flags(recovery_points["status"].eq("EXPIRED")),
            "status_message": recovery_points["status_message"],
            "delete_at": recovery_points["delete_at"],
            "days_over": whole_days(as_of - recovery_points["delete_at"]),
            "plan_id": recovery_points["plan_id"],
        }
    )


_POINT = {
    "vault_name": "nightly",
    "recovery_point_arn": "arn:aws:ec2:eu-west-1::snapshot/snap-0a",
    "resource_id": "vol-0a",
    "delete_at": "3 days ago",
}

FAILS = [
    {
        **_POINT,
        "status": "EXPIRED",
        "status_message": "Access denied",
        "expect": {
            "discriminator": "arn:aws:ec2:eu-west-1::snapshot/snap-0a",
            "status_message": "Access denied",
            "days_over": 3,
        },
    },
    {**_POINT, "status": "EXPIRED", "delete_at": None, "expect": {"days_over": None}},
]
PASSES = [{**_POINT, "status": status} for status in ("COMPLETED", "AVAILABLE", "PARTIAL", "DELETING", "STOPPED")]
UNKNOWN = [_POINT, {**_POINT, "status": "EXPIRED", "gap": "recovery_points"}]
