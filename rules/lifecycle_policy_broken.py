"""A lifecycle policy that is off or in error: it neither backs up nor deletes."""

import pandas as pd

from auditor.rule import Verdict, flags, rule


@rule(
    title="Lifecycle policy does not run",
    severity="medium",
    subject="lifecycle_policies",
    headline=("1 lifecycle policy does not run", "{count} lifecycle policies do not run"),
    message="{policy_id} in {region} is {state}: {status_message}",
    remedy="aws dlm get-lifecycle-policy --region {region} --policy-id {policy_id}",
    breaks="Reading breaks nothing. A policy that is enabled again takes new snapshots at its next time, and deletes "
    "those of its own that its schedules no longer keep.",
    controls={
        "NIST 800-53 r5": ["CP-9", "SI-12"],
        "NIST CSF 2.0": ["PR.DS-11"],
        "ISO 27001:2022": ["A.8.13"],
        "SOC 2": ["A1.2"],
    },
)
def lifecycle_policy_broken(lifecycle_policies: pd.DataFrame) -> Verdict:
    """What it selects looks as if it were backed up, and is not; and what it made before is kept, and billed, for ever.

    Found are policies in the state ERROR, most often for want of permissions of their role, and those that somebody
    disabled. A policy that does not run promises nothing, so none of its missed backups is counted elsewhere; what it
    left behind is found by lifecycle_leftover.

    Read the status message, mend the role or enable the policy, or delete it together with what it made.
    """
    state = lifecycle_policies["state"]
    return pd.DataFrame(
        {
            "found": flags(state.ne("ENABLED")).mask(state.isna()),
            "state": state,
            "severity": state.eq("ERROR").fillna(False).map({True: "high", False: "medium"}),
            "status_message": lifecycle_policies["status_message"],
            "description": lifecycle_policies["description"],
            "modified_at": lifecycle_policies["modified_at"],
        }
    )


FAILS = [
    {
        "policy_id": "policy-0a",
        "state": "ERROR",
        "status_message": "The role cannot be assumed.",
        "expect": {
            "severity": "high",
            "status_message": "The role cannot be assumed.",
            "message": "policy-0a in eu-west-1 is ERROR: The role cannot be assumed.",
        },
    },
    {"state": "DISABLED", "expect": {"severity": "medium"}},
]
PASSES = [{"state": "ENABLED"}]
UNKNOWN = [{"state": None}, {"state": "DISABLED", "gap": "lifecycle_policies"}]
