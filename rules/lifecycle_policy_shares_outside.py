"""A lifecycle policy that shares its snapshots with somebody outside the organisation."""

import pandas as pd

from auditor.rule import rule


@rule(
    title="Lifecycle policy shares outside the organisation",
    severity="high",
    subject="lifecycle_policies",
    headline=(
        "1 lifecycle policy shares snapshots outside the organisation",
        "{count} lifecycle policies share snapshots outside the organisation",
    ),
    message="{policy_id} in {region} shares every snapshot it makes with {grantee_id}, an account nobody here knows",
    remedy="aws dlm get-lifecycle-policy --region {region} --policy-id {policy_id}",
    breaks="Reading breaks nothing. Without the share the other party no longer gets new snapshots; those that were "
    "shared before stay shared until they are taken back one by one.",
    controls={
        "NIST 800-53 r5": ["AC-3", "AC-4", "AC-6", "AC-21"],
        "PCI DSS v4.0": ["10.3.2", "A1.1.2"],
        "HIPAA": ["164.308(a)(3)(i)", "164.312(a)(1)"],
        "SOC 2": ["CC6.1", "CC6.6"],
    },
)
def lifecycle_policy_shares_outside(
    lifecycle_policies: pd.DataFrame, lifecycle_shares: pd.DataFrame, parties: pd.DataFrame
) -> pd.DataFrame:
    """Such a policy hands out a fresh copy of the disks every day, and undoing one share is undone the next night.

    Found is each account in a schedule's share rules that is neither a member of the organisation nor trusted by the
    configuration. Without an organisation, whoever is not in scope counts as outside. An enabled policy is graded
    high, one that is disabled or in error medium: it shares again as soon as somebody enables it.

    Look at the schedules, ask the owner who the other party is, and take the account out of ``ShareRules`` with
    ``aws dlm update-lifecycle-policy``. What was shared already is judged by snapshot_shared_outside_organisation.
    """
    if not len(lifecycle_shares):
        return pd.DataFrame({"found": pd.Series(False, index=lifecycle_policies.index)})
    known = lifecycle_shares["target_account_id"].isin(parties["party_id"].to_list())
    own = lifecycle_shares["target_account_id"].eq(lifecycle_shares["account_id"]).fillna(False)
    shares = lifecycle_shares[~known & ~own & lifecycle_shares["target_account_id"].notna()]
    shares = shares.drop_duplicates(["policy_id", "target_account_id"])
    places = pd.Index(lifecycle_policies["policy_id"]).get_indexer(shares["policy_id"])
    shares, places = shares[places >= 0], places[places >= 0]
    state = lifecycle_policies["state"].iloc[places]
    return pd.DataFrame(
        {
            "found": True,
            "grantee_id": shares["target_account_id"].array,
            "schedule": shares["schedule_name"].array,
            "state": state.array,
            "severity": state.ne("ENABLED").fillna(False).map({True: "medium", False: "high"}).array,
            "discriminator": shares["target_account_id"].array,
        },
        index=lifecycle_policies.index[places],
    ).astype({"found": "boolean"})


_OURS = {"directory": [{"member_id": "444455556666", "organisation_id": "o-a1", "state": "ACTIVE"}]}


def _with(account: str) -> dict[str, list[dict[str, str]]]:
    return {**_OURS, "lifecycle_shares": [{"schedule_name": "Daily", "target_account_id": account}]}


FAILS = [
    {
        "policy_id": "policy-0a",
        "state": "ENABLED",
        "given": _with("999988887777"),
        "expect": {"severity": "high", "discriminator": "999988887777", "schedule": "Daily"},
    },
    {"state": "DISABLED", "given": _with("999988887777"), "expect": {"severity": "medium"}},
]
PASSES = [
    {"state": "ENABLED", "given": _with("444455556666")},
    {"state": "ENABLED", "given": _with("111122223333")},
    {"state": "ENABLED", "given": _OURS},
]
UNKNOWN = [
    {"state": "ENABLED", "given": _with("999988887777"), "gap": "directory"},
    {"state": "ENABLED", "given": _with("444455556666"), "gap": "lifecycle_policies"},
]
