"""A snapshot that is not locked though it must be, or whose lock ends soon."""

from datetime import datetime

import pandas as pd

from auditor.rule import Verdict, among, beside, flags, rule


@rule(
    title="Snapshot's lock is missing or ends soon",
    severity="medium",
    subject="snapshots",
    headline=("1 snapshot's lock is missing or ends soon", "{count} snapshots' locks are missing or end soon"),
    message="{snapshot_id} {what}",
    remedy="aws ec2 describe-locked-snapshots --region {region} --snapshot-ids {snapshot_id}",
    breaks="Nothing: the command only looks. A lock in compliance mode cannot be lifted by anybody, and its snapshot "
    "is billed until it ends.",
    controls={"NIST 800-53 r5": ["CP-9", "SI-12"], "ISO 27001:2022": ["A.8.13"]},
)
def lock_missing_or_expiring(
    snapshots: pd.DataFrame,
    snapshot_locks: pd.DataFrame,
    snapshot_tags: pd.DataFrame,
    as_of: datetime,
    *,
    must_lock_tag: str = "",
    soon_days: int = 14,
) -> Verdict:
    """A lock keeps a snapshot from being deleted by anybody until it ends, and it ends without a word.

    Found is every snapshot whose lock is in force and ends soon; and, where a tag is configured (`key` or
    `key=value`) that says what must be locked, every snapshot with it that has no lock in force. A lock in its
    cooling-off period is in force. A lock that has ended is not judged by itself, for it may have done its duty.

    Extend the lock, or lock what must be; a lock can be extended at any time and in compliance mode never shortened.
    """
    key, equals, value = must_lock_tag.partition("=")
    named = snapshot_tags[snapshot_tags["key"].eq(key).fillna(False)] if key else snapshot_tags.iloc[:0]
    tagged = named.loc[named["value"].eq(value).fillna(False) if equals else slice(None), "snapshot_id"]
    touched = among(snapshots["snapshot_id"], pd.concat([snapshot_locks["snapshot_id"], tagged]))
    if not touched.any():
        return pd.Series(False, index=snapshots.index)
    few = snapshots.loc[touched, "snapshot_id"]
    lock = beside(few, snapshot_locks, "snapshot_id")
    has_lock, ends = lock["snapshot_id"].notna(), lock["lock_expires_at"]
    later = (ends > as_of).astype("boolean").mask(ends.isna())
    in_force = (flags(lock["lock_state"].ne("expired")) & later).mask(~has_lock, False)
    soon = (ends <= as_of + pd.Timedelta(days=soon_days)).astype("boolean").mask(ends.isna())
    ending = in_force & soon
    missing = among(few, tagged).astype("boolean") & ~in_force
    what = pd.Series("must be locked, by its tag, and is not", index=few.index)
    told = pd.DataFrame(
        {
            "found": ending | missing,
            "what": what.mask(ending.fillna(False), "is locked, and its lock ends soon"),
            "lock_state": lock["lock_state"],
            "lock_ends_at": ends,
        }
    ).reindex(snapshots.index)
    return told.assign(found=told["found"].astype("boolean").mask(~touched, False))


def _locked(state: str | None, **more: object) -> dict[str, object]:
    return {"snapshot_locks": [{"lock_state": state, **more}]}


_TAG = {"snapshot_tags": [{"key": "lock", "value": "yes"}]}
_MUST = {"params": {"must_lock_tag": "lock=yes"}}

FAILS = [
    {
        "given": _locked("governance", lock_expires_at="in 14 days"),
        "expect": {"lock_state": "governance", "lock_ends_at": "2026-02-15T00:00:00Z"},
    },
    {"given": _locked("compliance", lock_expires_at="in 1 hours")},
    {"given": _locked("compliance-cooloff", lock_expires_at="in 2 days")},
    {"given": _locked("governance", lock_expires_at="in 40 days"), "params": {"soon_days": 40}},
    {"given": _TAG, **_MUST, "expect": {"what": "must be locked, by its tag, and is not"}},
    {"given": _TAG, "params": {"must_lock_tag": "lock"}},
    {"given": {**_TAG, **_locked("expired", lock_expires_at="3 days ago")}, **_MUST},
    {"given": {**_TAG, **_locked("governance", lock_expires_at="1 hours ago")}, **_MUST},
]
PASSES = [
    {},
    {"given": _TAG},
    {"given": _locked("governance", lock_expires_at="in 15 days")},
    {"given": _locked("expired", lock_expires_at="3 days ago")},
    {"given": {**_TAG, **_locked("compliance", lock_expires_at="in 900 days")}, **_MUST},
    {"given": {"snapshot_tags": [{"key": "lock", "value": "no"}]}, **_MUST},
    {"given": {"snapshot_tags": [{"snapshot_id": "snap-0b", "key": "lock", "value": "yes"}]}, **_MUST},
]
UNKNOWN = [
    {"given": _locked("governance")},
    {"given": {**_TAG, **_locked(None, lock_expires_at="in 900 days")}, **_MUST},
    {"given": {**_TAG, **_locked("governance")}, **_MUST},
    {"gap": "snapshot_locks"},
]
