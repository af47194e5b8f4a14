"""Data Lifecycle Manager: the policy behind the daily chains, and policies of every other kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from auditor.sandbox.model import Row
from auditor.sandbox.planting import schedules
from auditor.sandbox.planting.names import VENDOR
from auditor.sandbox.planting.plot import Lineage, Plot
from auditor.sandbox.planting.promises import GRACE, HOUR, Duty, Promise
from auditor.sandbox.planting.retention import note_retention
from auditor.sandbox.planting.sharing import standing

#: What AWS says of a snapshot that failed.
FAILED = "Snapshot failed because the service could not read the volume."

#: The tag that puts a volume under the daily policy.
DAILY = {"backup": "daily"}


@dataclass(frozen=True)
class Made:
    """A planted policy and what it promises, one duty a schedule."""

    policy_id: str
    duties: tuple[Duty, ...]


def policy(
    plot: Plot,
    description: str,
    details: dict[str, Any],
    *,
    state: str = "ENABLED",
    status: str = "",
    modified: datetime | None = None,
) -> str:
    """Plant a policy with the details given.

    Args:
        plot: Where.
        description: Its description.
        details: Its PolicyDetails; simplified ones make it a default policy.
        state: ENABLED, DISABLED or ERROR.
        status: Its status message; the state when left out.
        modified: When it was last changed; long ago by default.

    Returns:
        Its id.
    """
    policy_id = plot.new("policy")
    created = plot.ago(plot.rng.randrange(500, 900))
    row: Row = {
        "PolicyId": policy_id,
        "Description": description,
        "State": state,
        "StatusMessage": status or state,
        "ExecutionRoleArn": f"arn:aws:iam::{plot.here.account_id}:role/service-role/AWSDataLifecycleManagerDefaultRole",
        "DateCreated": created,
        "DateModified": modified or plot.ago(plot.rng.randrange(70, 500)),
        "PolicyDetails": details,
        "Tags": {},
        "PolicyArn": plot.arn("dlm", f"policy/{policy_id}"),
        "DefaultPolicy": details.get("PolicyLanguage") == "SIMPLIFIED",
    }
    plot.here.lifecycle_policies[policy_id] = row
    if state != "ENABLED":
        plot.note("lifecycle_policy_broken", policy_id)
    else:
        note_retention(plot, policy_id, details)
    return policy_id


def details_of(tags: dict[str, str], schedules: list[Row], *, kind: str = "VOLUME", **more: object) -> Row:
    """The details of a policy by tags: what carries any of them, on these schedules."""
    return {
        "PolicyType": "EBS_SNAPSHOT_MANAGEMENT",
        "ResourceTypes": [kind],
        "ResourceLocations": ["CLOUD"],
        "TargetTags": [{"Key": key, "Value": value} for key, value in tags.items()],
        "Schedules": schedules,
        "PolicyLanguage": "STANDARD",
    } | more


def every(hours: int, start: str, keep: int, name: str = "Daily", **more: object) -> Row:
    """A schedule of every so many hours from a time of day, UTC, that keeps so many."""
    return {
        "Name": name,
        "CopyTags": True,
        "CreateRule": {"Location": "CLOUD", "Interval": hours, "IntervalUnit": "HOURS", "Times": [start]},
        "RetainRule": {"Count": keep},
    } | more


def daily_policy(
    plot: Plot,
    *,
    state: str = "ENABLED",
    tags: dict[str, str] | None = None,
    copy_to: str = "",
    copy_key: str = "",
) -> Made:
    """A policy that snapshots tagged volumes every night at three.

    Args:
        plot: Where.
        state: Its state.
        tags: The tags that put a volume under it.
        copy_to: A region it copies every snapshot to, if any.
        copy_key: The key of those copies.
    """
    status = {"ENABLED": "ENABLED", "DISABLED": "DISABLED"}.get(state, "Role does not have the required permissions.")
    schedule = every(24, "03:00", plot.size.chain_days)
    if copy_to:
        retain: Row = {"Interval": 7, "IntervalUnit": "DAYS"}
        rule: Row = {"TargetRegion": copy_to, "Target": copy_to, "Encrypted": True, "CmkArn": copy_key}
        schedule["CrossRegionCopyRules"] = [rule | {"CopyTags": True, "RetainRule": retain}]
    policy_id = policy(plot, "Daily snapshots", details_of(tags or DAILY, [schedule]), state=state, status=status)
    if state != "ENABLED":
        return Made(policy_id, ())
    return Made(policy_id, (duty(plot, policy_id, "Daily", schedules.every(plot.now, 24, 3), plot.size.chain_days),))


def duty(
    plot: Plot, policy_id: str, name: str, times: schedules.Times, count: int | None, age: timedelta | None = None
) -> Duty:
    """What a schedule of an enabled policy promises of each volume, and how it keeps it.

    Args:
        plot: Where.
        policy_id: The policy, which stands.
        name: The schedule's name.
        times: When it is due; AWS begins within an hour.
        count: How many snapshots it keeps, or None.
        age: How long it keeps them, or None.
    """
    since = plot.here.lifecycle_policies[policy_id]["DateModified"]
    promise = Promise(f"{policy_id}/{name}", times.moments, HOUR + GRACE, since, count, age)
    text = description(policy_id, name)

    def make(there: Plot, of: Lineage, _: datetime, begun: datetime, fate: str) -> None:
        tags = {**of.tags, **snapshot_tags(policy_id, name)}
        if fate in ("failed", "retried"):
            there.snapshot(of, begun, description=text, tags=tags, state="error", StateMessage=FAILED)
        if fate != "failed":
            again = begun + timedelta(minutes=10) if fate == "retried" else begun
            there.snapshot(of, again, description=text, tags=tags)

    return Duty(promise, make)


def snapshot_tags(policy_id: str, schedule: str = "Daily") -> dict[str, str]:
    """The tags Data Lifecycle Manager puts on what it makes."""
    return {
        "aws:dlm:lifecycle-policy-id": policy_id,
        "aws:dlm:lifecycle-schedule-name": schedule,
        "dlm:managed": "true",
    }


def description(policy_id: str, schedule: str = "Daily") -> str:
    """The description Data Lifecycle Manager gives what it makes."""
    return f"Created for policy: {policy_id} schedule: {schedule}"


def plant_other_policies(plot: Plot) -> None:
    """Policies of every kind that snapshot nothing here: nobody carries their tags."""
    broken = (_default_volumes, _default_instances, _broken)
    for story in (_several, _instances, _images, *broken, _shared):
        usual = plot.size.dense or story not in broken
        if plot.maybe(plot.size.chance if usual else 0.1):
            story(plot)


def _several(plot: Plot) -> None:
    region = "eu-west-1" if plot.here.name != "eu-west-1" else "us-east-1"
    yearly: Row = {
        "Name": "Yearly",
        "CopyTags": False,
        "TagsToAdd": [{"Key": "class", "Value": "yearly"}],
        "CreateRule": {"Location": "CLOUD", "CronExpression": "cron(0 2 1 1 ? *)"},
        "RetainRule": {"Interval": 1, "IntervalUnit": "YEARS"},
        "ArchiveRule": {"RetainRule": {"RetentionArchiveTier": {"Interval": 3, "IntervalUnit": "YEARS"}}},
    }
    copy: Row = {
        "Target": region,
        "Encrypted": True,
        "CopyTags": True,
        "RetainRule": {"Interval": 3, "IntervalUnit": "MONTHS"},
    }
    fast: Row = {"Count": 1, "AvailabilityZones": [f"{plot.here.name}a", f"{plot.here.name}b"]}
    weekly = every(24, "01:00", 4, "Weekly", CrossRegionCopyRules=[copy], FastRestoreRule=fast)
    weekly["CreateRule"] = {"Location": "CLOUD", "CronExpression": "cron(0 1 ? * SUN *)"}
    schedules = [every(12, "09:00", 14, plot.hostile("Twice a day")[:120]), weekly, yearly]
    policy(plot, "Gold volumes", details_of({"tier": "gold", "tier2": "platinum"}, schedules))


def _instances(plot: Plot) -> None:
    parameters: Row = {"ExcludeBootVolume": True, "ExcludeDataVolumeTags": [{"Key": "scratch", "Value": "true"}]}
    script: Row = {
        "Stages": ["PRE", "POST"],
        "ExecutionHandlerService": "AWS_SYSTEMS_MANAGER",
        "ExecutionHandler": "AWS_VSS_BACKUP",
        "ExecuteOperationOnScriptFailure": True,
        "ExecutionTimeout": 120,
        "MaximumRetryCount": 1,
    }
    schedule = every(24, "22:30", 42, "Consistent")
    schedule["CreateRule"]["Scripts"] = [script]
    policy(
        plot, "Data disks of databases", details_of({"dlm": "db"}, [schedule], kind="INSTANCE", Parameters=parameters)
    )


def image_policy(plot: Plot, *, state: str = "ENABLED") -> str:
    """A policy that makes an image of tagged machines every week, rebooting them; returns its id."""
    details = details_of({"image": "nightly"}, [every(24, "04:30", 5, "Images")], kind="INSTANCE")
    details |= {"PolicyType": "IMAGE_MANAGEMENT", "Parameters": {"NoReboot": False}}
    return policy(plot, "Images of build machines", details, state=state, status=state)


def _images(plot: Plot) -> None:
    schedule = every(24, "04:00", 40, "Images", DeprecateRule={"Interval": 2, "IntervalUnit": "WEEKS"})
    details = details_of({"image": "weekly"}, [schedule], kind="INSTANCE", Parameters={"NoReboot": True})
    policy(plot, "Weekly images", details | {"PolicyType": "IMAGE_MANAGEMENT"})


def _default_volumes(plot: Plot) -> None:
    details: Row = {
        "PolicyLanguage": "SIMPLIFIED",
        "PolicyType": "EBS_SNAPSHOT_MANAGEMENT",
        "ResourceType": "VOLUME",
        "CreateInterval": 7,
        "RetainInterval": 14,
        "CopyTags": False,
        "ExtendDeletion": False,
        "CrossRegionCopyTargets": [],
        "Exclusions": {
            "ExcludeBootVolumes": True,
            "ExcludeVolumeTypes": ["st1", "sc1"],
            "ExcludeTags": [{"Key": "scratch", "Value": "true"}],
        },
    }
    policy(plot, "Default policy for volumes", details, state="DISABLED")


def _default_instances(plot: Plot) -> None:
    details: Row = {
        "PolicyLanguage": "SIMPLIFIED",
        "PolicyType": "IMAGE_MANAGEMENT",
        "ResourceType": "INSTANCE",
        "CreateInterval": 1,
        "RetainInterval": 2,
        "CopyTags": True,
        "ExtendDeletion": True,
        "CrossRegionCopyTargets": [{"TargetRegion": "eu-west-1"}],
        "Exclusions": {"ExcludeTags": [{"Key": "asg", "Value": "true"}]},
    }
    policy(plot, "Default policy for instances", details, state="ERROR", status="The default role was deleted.")


def _broken(plot: Plot) -> None:
    details = details_of({"backup": "hourly"}, [every(1, "00:00", 24, "Hourly")])
    policy(
        plot,
        plot.hostile("Hourly snapshots of queues"),
        details,
        state="ERROR",
        status="Insufficient permissions to perform the action.",
    )


def _shared(plot: Plot) -> None:
    event: Row = {
        "PolicyType": "EVENT_BASED_POLICY",
        "ResourceTypes": [],
        "EventSource": {
            "Type": "MANAGED_CWE",
            "Parameters": {
                "EventType": "shareSnapshot",
                "SnapshotOwner": [plot.organisation.management_id],
                "DescriptionRegex": "^.*Created for policy: .*$",
            },
        },
        "Actions": [
            {
                "Name": "Copy what is shared",
                "CrossRegionCopy": [
                    {
                        "Target": plot.here.name,
                        "EncryptionConfiguration": {"Encrypted": True, "CmkArn": plot.keys.enabled},
                        "RetainRule": {"Interval": 1, "IntervalUnit": "MONTHS"},
                    }
                ],
            }
        ],
        "PolicyLanguage": "STANDARD",
    }
    sharing_policy(plot, [plot.organisation.management_id, *([VENDOR] if plot.size.dense else [])])
    policy(plot, "Copies of shared snapshots", event)


def sharing_policy(plot: Plot, accounts: Sequence[str], *, state: str = "ENABLED") -> str:
    """A policy that shares what it makes with accounts for three days; returns its id."""
    share: Row = {"TargetAccounts": list(accounts), "UnshareInterval": 3, "UnshareIntervalUnit": "DAYS"}
    details = details_of({"share": "yes"}, [every(24, "05:00", 40, ShareRules=[share])])
    policy_id = policy(plot, "Shared with the auditor", details, state=state)
    for account in accounts:
        if standing(plot, account) == "outside":
            plot.note("lifecycle_policy_shares_outside", policy_id, account)
    return policy_id
