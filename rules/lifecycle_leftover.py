"""A snapshot of a lifecycle policy that will never delete it."""

from datetime import datetime

import pandas as pd

from auditor.rule import Verdict, among, flags, lookup, rule, whole_days

#: What a lifecycle policy writes on its snapshots (EBS User Guide, "Amazon Data Lifecycle Manager", tags).
_POLICY, _SCHEDULE = "aws:dlm:lifecycle-policy-id", "aws:dlm:lifecycle-schedule-name"


@rule(
    title="Snapshot is left by a lifecycle policy",
    severity="low",
    subject="snapshots",
    headline=(
        "1 snapshot is left by a lifecycle policy that will never delete it",
        "{count} snapshots are left by lifecycle policies that will never delete them",
    ),
    message="{snapshot_id} was made by {policy_id}, which {policy_is}: nothing deletes it",
    remedy="aws ec2 describe-snapshots --region {region} --snapshot-ids {snapshot_id}",
    breaks="Looking breaks nothing. Deleting takes away a backup: see first that a newer one of the volume exists.",
    controls={"NIST 800-53 r5": ["SI-12"]},
    saves=True,
)
def lifecycle_leftover(
    snapshots: pd.DataFrame,
    snapshot_origins: pd.DataFrame,
    snapshot_tags: pd.DataFrame,
    image_block_devices: pd.DataFrame,
    lifecycle_policies: pd.DataFrame,
    lifecycle_schedules: pd.DataFrame,
    as_of: datetime,
) -> Verdict:
    """Retention is done by the policy that took the snapshot: once that is gone, off or renamed, it is kept for ever.

    Found are snapshots that carry the tags of a lifecycle policy which no longer exists, is disabled or in error, or
    has no schedule of the name on the snapshot any more. The tags are AWS's and cannot be forged. Copies in other
    regions do not carry them. What an image maps goes with the image and is not judged, and neither is what a default
    policy with extended deletion made while that policy exists.

    Delete what is not needed, or enable the policy again under the old name of its schedule.
    """
    made = snapshot_origins.loc[snapshot_origins["origin"].eq("dlm").fillna(False), "snapshot_id"]
    found = pd.Series(False, index=snapshots.index)
    if not len(made):
        return flags(found)
    ids = snapshots["snapshot_id"]
    mine = snapshots[among(ids, made) & ~among(ids, image_block_devices["snapshot_id"])]
    tags = snapshot_tags[among(snapshot_tags["snapshot_id"], mine["snapshot_id"])]
    policy, schedule = (
        lookup(mine["snapshot_id"], named["snapshot_id"], named["value"])
        for named in (tags[tags["key"].eq(key).fillna(False)] for key in (_POLICY, _SCHEDULE))
    )
    why = _why(policy, schedule, lifecycle_policies, lifecycle_schedules)
    left = why[why.notna() & policy.notna()].index
    found[left] = True
    return pd.DataFrame(
        {
            "found": found,
            "policy_id": policy,
            "schedule": schedule,
            "policy_is": why,
            "age_days": whole_days(as_of - snapshots["started_at"]),
            "volume_id": snapshots["volume_id"],
        },
        index=snapshots.index,
    ).astype({"found": "boolean"})


def _why(policy: pd.Series, schedule: pd.Series, policies: pd.DataFrame, schedules: pd.DataFrame) -> "pd.Series[str]":
    """Why nothing deletes a snapshot; missing where something does."""
    state = lookup(policy, policies["policy_id"], policies["state"])
    by_default = lookup(policy, policies["policy_id"], policies["default_policy"]).notna()
    extended = lookup(policy, policies["policy_id"], policies["extend_deletion"]).fillna(False).astype(bool)
    known = set(zip(schedules["policy_id"], schedules["schedule_name"], strict=True))
    named = pd.Series([pair in known for pair in zip(policy, schedule, strict=True)], index=policy.index, dtype=bool)
    why = pd.Series(None, index=policy.index, dtype="string")
    why[~named & ~by_default] = "has no schedule of that name any more"
    why[state.ne("ENABLED").fillna(False).astype(bool) & ~extended] = "does not run"
    why[state.isna()] = "is gone"
    return why


_MADE = {"snapshot_id": "snap-0a", "state": "completed", "started_at": "100 days ago", "volume_id": "vol-0b"}
_TAGS = [
    {"snapshot_id": "snap-0a", "key": _POLICY, "value": "policy-0c"},
    {"snapshot_id": "snap-0a", "key": _SCHEDULE, "value": "Daily"},
]


def _with(state: str | None, schedule: str = "Daily", **more: object) -> dict[str, list[dict[str, object]]]:
    policies = [{"policy_id": "policy-0c", "state": state, **more}] if state else []
    return {
        "snapshot_tags": _TAGS,
        "lifecycle_policies": policies,
        "lifecycle_schedules": [{"policy_id": "policy-0c", "schedule_name": schedule, "position": 0}],
    }


FAILS = [
    {
        **_MADE,
        "given": _with(None),
        "expect": {
            "policy_is": "is gone",
            "age_days": 100,
            "message": "snap-0a was made by policy-0c, which is gone: nothing deletes it",
        },
    },
    {**_MADE, "given": _with("DISABLED"), "expect": {"policy_is": "does not run", "schedule": "Daily"}},
    {**_MADE, "given": _with("ERROR")},
    {**_MADE, "given": _with("ENABLED", "Nightly"), "expect": {"policy_is": "has no schedule of that name any more"}},
    {**_MADE, "given": _with("DISABLED", default_policy="VOLUME", extend_deletion=False)},
]
PASSES = [
    {**_MADE, "given": _with("ENABLED")},
    {**_MADE, "given": _with("ENABLED", "Other", default_policy="VOLUME")},
    {**_MADE, "given": _with("DISABLED", default_policy="VOLUME", extend_deletion=True)},
    {**_MADE, "given": {**_with(None), "image_block_devices": [{"image_id": "ami-0d", "snapshot_id": "snap-0a"}]}},
    {**_MADE},
]
UNKNOWN = [
    {**_MADE, "given": _with(None), "gap": "lifecycle_policies"},
    {**_MADE, "given": _with(None), "gap": "images"},
]
