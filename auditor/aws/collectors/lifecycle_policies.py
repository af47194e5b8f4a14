"""Data Lifecycle Manager policies, custom, default and event-based ones, spelt out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from auditor.aws.collector import Collector, Item, Page, Reader, Where, in_pages
from auditor.aws.collectors._whole import whole
from auditor.aws.shape import shape
from auditor.frames import FRAMES
from auditor.frames.columns import WHERE


def get(reader: Reader) -> Iterator[Page]:
    """Items ``LifecyclePolicy``.

    Summaries say nothing of schedules or targets, so each policy is read. Default policies are asked for
    by name: the API reference does not promise them in the answer to a plain GetLifecyclePolicies.
    """
    ids = [
        summary["PolicyId"]
        for parameters in ({}, {"DefaultPolicyType": "ALL"})
        for summary in reader.call("dlm", "GetLifecyclePolicies", **parameters)["Policies"]
    ]

    def read(policy_id: str) -> Item:
        policy: Item = reader.call("dlm", "GetLifecyclePolicy", PolicyId=policy_id)["Policy"]
        return policy

    answers = whole(reader, list(dict.fromkeys(ids)), read, drop=("ResourceNotFoundException",))
    yield from in_pages(policy for _, policy in answers)


def transform(page: Page, where: Where) -> Mapping[str, pd.DataFrame]:
    """Policies with their targets, schedules, shares and copies as rows of their own."""
    flat: Mapping[str, list[Item]] = {
        "lifecycle_policies": [_policy(policy) for policy in page],
        "lifecycle_targets": [row for policy in page for row in _targets(policy)],
        "lifecycle_schedules": [row for policy in page for row in _schedules(policy)],
        "lifecycle_shares": [row for policy in page for row in _shares(policy)],
        "lifecycle_copies": [row for policy in page for row in _copies(policy)],
    }
    return {
        name: shape(name, where, rows, {column: column for column in FRAMES[name].names[len(WHERE) :]})
        for name, rows in flat.items()
    }


def _details(policy: Item) -> Item:
    return policy.get("PolicyDetails") or {}


def _policy(policy: Item) -> dict[str, Any]:
    details = _details(policy)
    parameters = details.get("Parameters") or {}
    resource_types = details.get("ResourceTypes") or [None]
    return {
        "policy_id": policy["PolicyId"],
        "description": policy.get("Description") or None,
        "state": policy.get("State"),
        "status_message": policy.get("StatusMessage") or None,
        "policy_type": details.get("PolicyType"),
        "resource_type": resource_types[0] or details.get("ResourceType"),
        "default_policy": details.get("ResourceType") if policy.get("DefaultPolicy") else None,
        "execution_role_arn": policy.get("ExecutionRoleArn"),
        "exclude_boot_volume": parameters.get("ExcludeBootVolume"),
        "no_reboot": parameters.get("NoReboot"),
        "create_interval_days": details.get("CreateInterval"),
        "retain_interval_days": details.get("RetainInterval"),
        "extend_deletion": details.get("ExtendDeletion"),
        "created_at": policy.get("DateCreated"),
        "modified_at": policy.get("DateModified"),
    }


def _targets(policy: Item) -> Iterator[dict[str, Any]]:
    details = _details(policy)
    exclusions = details.get("Exclusions") or {}
    tagged = {
        "target": details.get("TargetTags"),
        "exclude_data_volume": (details.get("Parameters") or {}).get("ExcludeDataVolumeTags"),
        "exclude_tag": exclusions.get("ExcludeTags"),
    }
    for kind, tags in tagged.items():
        for tag in tags or ():
            yield {"policy_id": policy["PolicyId"], "kind": kind, "key": tag["Key"], "value": tag.get("Value")}
    for volume_type in exclusions.get("ExcludeVolumeTypes") or ():
        yield {"policy_id": policy["PolicyId"], "kind": "exclude_volume_type", "value": volume_type}
    if exclusions.get("ExcludeBootVolumes"):
        yield {"policy_id": policy["PolicyId"], "kind": "exclude_boot_volumes"}


def _schedules(policy: Item) -> Iterator[dict[str, Any]]:
    for position, schedule in enumerate(_details(policy).get("Schedules") or ()):
        create = schedule.get("CreateRule") or {}
        fast = schedule.get("FastRestoreRule") or {}
        zones = fast.get("AvailabilityZones") or fast.get("AvailabilityZoneIds")
        archive = ((schedule.get("ArchiveRule") or {}).get("RetainRule") or {}).get("RetentionArchiveTier")
        yield {
            "policy_id": policy["PolicyId"],
            "schedule_name": schedule.get("Name"),
            "position": position,
            "interval": create.get("Interval"),
            "interval_unit": create.get("IntervalUnit"),
            "start_time": next(iter(create.get("Times") or ()), None),
            "cron_expression": create.get("CronExpression"),
            "location": create.get("Location"),
            **_rule("retain", schedule.get("RetainRule")),
            **_rule("fast_restore", fast),
            "fast_restore_zones": len(zones) if zones else None,
            **_rule("deprecate", schedule.get("DeprecateRule")),
            **_rule("archive_retain", archive),
            "copy_tags": schedule.get("CopyTags"),
        }


def _rule(name: str, rule: Item | None) -> dict[str, Any]:
    """A rule that counts things or measures their age."""
    rule = rule or {}
    return {
        f"{name}_count": rule.get("Count"),  # zero is said: with an archive rule it means archived at once
        f"{name}_interval": rule.get("Interval"),
        f"{name}_interval_unit": rule.get("IntervalUnit"),
    }


def _shares(policy: Item) -> Iterator[dict[str, Any]]:
    for schedule in _details(policy).get("Schedules") or ():
        for rule in schedule.get("ShareRules") or ():
            for account_id in rule.get("TargetAccounts") or ():
                yield {
                    "policy_id": policy["PolicyId"],
                    "schedule_name": schedule.get("Name"),
                    "target_account_id": account_id,
                    "unshare_interval": rule.get("UnshareInterval"),
                    "unshare_interval_unit": rule.get("UnshareIntervalUnit"),
                }


def _copies(policy: Item) -> Iterator[dict[str, Any]]:
    details = _details(policy)
    for schedule in details.get("Schedules") or ():
        for rule in schedule.get("CrossRegionCopyRules") or ():
            yield _copy(policy, schedule.get("Name"), rule.get("Target") or rule.get("TargetRegion"), rule, rule)
    for action in details.get("Actions") or ():
        for rule in action.get("CrossRegionCopy") or ():
            encryption = rule.get("EncryptionConfiguration") or {}
            yield _copy(policy, action.get("Name"), rule.get("Target"), encryption, rule)
    for target in details.get("CrossRegionCopyTargets") or ():
        yield _copy(policy, None, target.get("TargetRegion"), {}, {})


def _copy(policy: Item, schedule: str | None, target: str | None, encryption: Item, rule: Item) -> dict[str, Any]:
    retain = rule.get("RetainRule") or {}
    return {
        "policy_id": policy["PolicyId"],
        "schedule_name": schedule,
        "target": target,
        "encrypted": encryption.get("Encrypted"),
        "kms_key_arn": encryption.get("CmkArn"),
        "retain_interval": retain.get("Interval"),
        "retain_interval_unit": retain.get("IntervalUnit"),
    }


COLLECTOR = Collector(
    name="lifecycle_policies",
    frames=("lifecycle_policies", "lifecycle_targets", "lifecycle_schedules", "lifecycle_shares", "lifecycle_copies"),
    actions=("dlm:GetLifecyclePolicies", "dlm:GetLifecyclePolicy"),
    get=get,
    transform=transform,
)
