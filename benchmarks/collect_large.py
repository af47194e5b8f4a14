"""400,000 snapshots over 20 accounts × 4 regions collected over HTTP: calls, wall, CPU and peak memory.

    python benchmarks/collect_large.py [--accounts 20] [--regions 4] [--snapshots 4700] [--images 470] [--shares bulk]

The sandbox plants the same organisation in a process of its own. "A perfect reader" is counted here from the planted
tables, operation by operation, at AWS's largest page sizes, knowing beforehand what it will find: nobody who has to
see everything can make fewer calls. Signing in (STS) is left out on both sides.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import threading
import time
from collections import Counter
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any

from auditor.aws.progress import progress_for
from auditor.aws.runner import collect
from auditor.config import Config
from auditor.sandbox.model import Organisation, Region
from auditor.sandbox.planting import large, plant
from auditor.sandbox.process import serve_in_process

Calls = Counter[str]


def pages(rows: int, size: int) -> int:
    """Requests that a listing takes; an empty one takes one."""
    return max(1, ceil(rows / size))


def perfect(organisation: Organisation, shares: str) -> Calls:
    """The fewest calls, by operation, that show everything the inventory holds."""
    calls: Calls = Counter()
    active = [account for account in organisation.accounts.values() if account.state == "ACTIVE"]
    calls["organizations:DescribeOrganization"] += 1
    calls["organizations:ListAccounts"] += 2 * pages(len(organisation.accounts), 20) - 1  # every other page is empty
    calls["ec2:DescribeRegions"] += len(active)
    known = set(organisation.accounts)
    enabled = [name for name, status in organisation.regions.items() if status != "not-opted-in"]
    for account in active:
        for region in enabled:
            place = organisation.place(account.account_id, region)
            calls += listings(place) + one_by_one(place, organisation.now, known)
            calls += sharing(place, len(organisation.accounts) - 1, shares)
    return calls


def listings(place: Region) -> Calls:
    """What a listing answers, at full pages."""
    points = [pages(len(place.recovery_points[vault]), 1000) for vault in place.backup_vaults]
    jobs, copies, restores = (
        sum(pages(sum(row["ResourceType"] == kind for row in table.values()), 1000) for kind in ("EBS", "EC2"))
        for table in (place.backup_jobs, place.copy_jobs, place.restore_jobs)
    )
    return Counter(
        {
            "ec2:GetSnapshotBlockPublicAccessState": 1,
            "ec2:GetImageBlockPublicAccessState": 1,
            "ec2:GetEbsEncryptionByDefault": 1,
            "ec2:GetEbsDefaultKmsKeyId": 1,
            "ec2:GetAllowedImagesSettings": 1,
            # own ones, public ones, and those of others that volumes in use were made from
            "ec2:DescribeSnapshots": pages(len(place.snapshots), 1000) + 1 + ceil(len(foreign(place)) / 200),
            "ec2:DescribeImages": pages(len(place.images), 1000),
            "ec2:DescribeVolumes": pages(len(place.volumes), 500),
            "ec2:DescribeInstances": pages(len(place.instances), 1000),
            "ec2:DescribeInstanceImageMetadata": pages(len(place.instances), 1000),
            "ec2:DescribeFastSnapshotRestores": pages(len(place.fast_restores), 200),
            "ec2:DescribeFastLaunchImages": pages(len(place.fast_launches), 200),
            "ec2:DescribeLockedSnapshots": pages(len(place.locks), 1000),
            "ec2:DescribeSnapshotTierStatus": pages(len(place.tier_statuses), 1000),
            "ec2:ListSnapshotsInRecycleBin": pages(len(place.binned_snapshots), 1000),
            "ec2:ListImagesInRecycleBin": pages(len(place.binned_images), 1000),
            "ec2:ListVolumesInRecycleBin": pages(len(place.binned_volumes), 500),
            "ec2:DescribeLaunchTemplates": pages(len(place.launch_templates), 200),
            "ec2:DescribeLaunchTemplateVersions": bool(place.launch_templates) + len(templates_with_more(place)),
            "autoscaling:DescribeLaunchConfigurations": pages(len(place.launch_configurations), 100),
            "autoscaling:DescribeAutoScalingGroups": pages(len(place.auto_scaling_groups), 100),
            "ssm:DescribeParameters": pages(len(place.parameters), 50),
            "imagebuilder:ListImagePipelines": pages(len(place.image_pipelines), 100),
            "imagebuilder:ListImageRecipes": pages(len(place.image_recipes), 100),
            "imagebuilder:ListContainerRecipes": pages(len(place.container_recipes), 100),
            "cloudtrail:LookupEvents": pages(len(place.trail_events), 50),
            "backup:ListLegalHolds": pages(len(place.legal_holds), 1000),
            "dlm:GetLifecyclePolicies": 2,  # the default policies are a question of their own
            "backup:DescribeRegionSettings": 1,
            "backup:ListBackupPlans": pages(len(place.backup_plans), 1000),
            "backup:ListBackupVaults": pages(len(place.backup_vaults), 1000),
            "backup:ListRecoveryPointsByBackupVault": sum(points),
            "backup:ListBackupJobs": jobs,
            "backup:ListCopyJobs": copies,
            "backup:ListRestoreJobs": restores,
            "backup:ListReportPlans": pages(len(place.report_plans), 1000),
            "rbin:ListRules": 3,
            "accessanalyzer:ListAnalyzers": 1,
            # fewer than a page of findings each
            "accessanalyzer:ListFindingsV2": sum(
                each["status"] == "ACTIVE" and each["type"] in ("ACCOUNT", "ORGANIZATION")
                for each in place.analyzers.values()
            ),
        }
    )


def foreign(place: Region) -> set[str]:
    """Snapshots that volumes in use were made from, and that are not here."""
    used = {row.get("SnapshotId") for row in place.volumes.values() if row["State"] == "in-use"}
    return {each for each in used if each and each not in place.snapshots}


def templates_with_more(place: Region) -> set[str]:
    """Templates with versions besides the default and the latest, which one scan answers for all of them."""
    return {
        name
        for name, template in place.launch_templates.items()
        for version in place.launch_template_versions[name]
        if version["VersionNumber"] not in (template["DefaultVersionNumber"], template["LatestVersionNumber"])
    }


def one_by_one(place: Region, now: datetime, known: set[str]) -> Calls:
    """What no listing answers."""
    changed, revisions = plans_changed(place, now - timedelta(days=Config().backup.days))
    shared = shared_keys(place, known)
    keys = {
        row["KmsKeyId"] for table in (place.snapshots, place.volumes) for row in table.values() if "KmsKeyId" in row
    }
    return Counter(
        {
            "kms:DescribeKey": len(keys),
            "kms:GetKeyPolicy": len(shared),
            "kms:ListGrants": sum(pages(len(place.key_grants.get(key, ())), 100) for key in shared),
            "ssm:GetParameters": ceil(sum(row["DataType"] != "text" for row in place.parameters.values()) / 10)
            + ceil(len(looked_up(place)) / 10),
            "dlm:GetLifecyclePolicy": len(place.lifecycle_policies),
            "backup:GetBackupPlan": len(place.backup_plans) + revisions,
            "backup:ListBackupPlanVersions": changed,
            "backup:GetBackupVaultAccessPolicy": len(place.backup_vaults),
            "backup:ListBackupSelections": len(place.backup_plans),
            "backup:GetBackupSelection": sum(len(each) for each in place.backup_selections.values()),
            "rbin:GetRule": len(place.bin_rules),
            "imagebuilder:GetImageRecipe": sum("imageRecipeArn" in row for row in place.image_pipelines.values()),
            "imagebuilder:GetContainerRecipe": sum(
                "containerRecipeArn" in row for row in place.image_pipelines.values()
            ),
            "backup:ListRecoveryPointsByLegalHold": sum(
                hold["Status"] != "CANCELED" for hold in place.legal_holds.values()
            ),
        }
    )


def plans_changed(place: Region, since: datetime) -> tuple[int, int]:
    """How many plans were changed after a moment, and how many of their earlier versions were in force after it."""
    young = {plan_id: plan for plan_id, plan in place.backup_plans.items() if plan["CreationDate"] > since}
    made = [
        sorted([*(row["CreationDate"] for row in place.backup_plan_versions[each].values()), plan["CreationDate"]])
        for each, plan in young.items()
    ]
    return len(young), sum(end > since for dates in made for end in dates[1:])


def shared_keys(place: Region, known: set[str]) -> set[str]:
    """Own customer keys under which something is shared with everybody or a known account."""
    mapped = {
        device["Ebs"]["SnapshotId"]
        for image_id in visible(place.image_permissions, known)
        for device in place.images[image_id]["BlockDeviceMappings"]
        if "SnapshotId" in device.get("Ebs", {})
    }
    encrypted = {
        place.snapshots[each].get("KmsKeyId")
        for each in visible(place.snapshot_permissions, known) | mapped
        if each in place.snapshots
    }
    return {key for key in encrypted if key in place.kms_keys and place.kms_keys[key]["KeyManager"] == "CUSTOMER"}


def visible(permissions: dict[str, list[dict[str, Any]]], known: set[str]) -> set[str]:
    """What a listing as everybody or as one of these accounts shows."""
    return {
        each
        for each, rows in permissions.items()
        if any(row.get("Group") == "all" or row.get("UserId") in known for row in rows)
    }


def looked_up(place: Region) -> set[str]:
    """Parameters that recipes start from and no listing of image parameters has."""
    named = {row["parentImage"].removeprefix("ssm:") for row in place.image_recipes.values()}
    return {name for name, row in place.parameters.items() if name in named and row["DataType"] == "text"}


def sharing(place: Region, others: int, shares: str) -> Calls:
    """Who may see what: a question per other account, or one per snapshot and image that can be shared."""
    if shares == "bulk":
        return Counter({"ec2:DescribeSnapshots": others, "ec2:DescribeImages": others})
    managed = {arn for arn, key in place.kms_keys.items() if key["KeyManager"] == "AWS"}
    shareable = [
        row
        for row in place.snapshots.values()
        if row["State"] == "completed" and row["StorageTier"] != "archive" and row.get("KmsKeyId") not in managed
    ]
    permitted = [row for row in place.images.values() if row["State"] in ("available", "pending", "transient")]
    return Counter({"ec2:DescribeSnapshotAttribute": len(shareable), "ec2:DescribeImageAttribute": len(permitted)})


def main() -> None:
    """Plant, count, serve, collect, compare."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--accounts", type=int, default=20)
    arguments.add_argument("--regions", type=int, default=4)
    arguments.add_argument("--snapshots", type=int, default=4_700, help="plain ones in every account and region")
    arguments.add_argument("--images", type=int, default=470)
    arguments.add_argument("--shares", choices=["bulk", "exact"], default="bulk")
    options = arguments.parse_args()
    size = large(options.snapshots, options.images)
    organisation = plant(1, accounts=options.accounts, regions=options.regions, size=size)
    planted = sum(len(place.snapshots) for place in organisation)
    fewest, as_of = perfect(organisation, options.shares), organisation.now
    del organisation
    config = Config.of(
        {
            "scope": {"organisation": True, "role": "AuditorReadOnly", "external_id": "sandbox"},
            "collect": {"shares": options.shares},
        }
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_in_process(
            seed=1,
            accounts=options.accounts,
            regions=options.regions,
            snapshots_per_place=options.snapshots,
            images_per_place=options.images,
        ) as server,
        server.activated(),
    ):
        before, start = time.process_time(), time.perf_counter()
        peak = Peak()
        with peak:
            inventory = collect(config, Path(folder) / "run", as_of=as_of, progress=progress_for(quiet=False))
        wall, spent = time.perf_counter() - start, time.process_time() - before
        answered, throttled = server.calls()
        read = sum(len(inventory.read("snapshots", *place, columns=["snapshot_id"])) for place in inventory.partitions)
    ours = Counter()
    for (_, _, service, operation), count in answered.items():
        if service != "sts":
            ours[f"{service}:{operation}"] += count
    print(f"{read:,} of {planted:,} snapshots read in {len(inventory.partitions)} account-regions")
    print(f"calls {ours.total():,}; a perfect reader {fewest.total():,}; throttled {throttled.total()}")
    for name in sorted(set(ours) | set(fewest)):
        if ours[name] != fewest[name]:
            print(f"  {name}: {ours[name]:,} against {fewest[name]:,}")
    print(f"wall {wall:.1f} s, CPU {spent:.1f} s, peak memory {peak.mib:.0f} MiB (the sandbox's own process apart)")


class Peak:
    """The most memory this process held while the block ran, sampled."""

    def __enter__(self) -> Peak:
        self.mib = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            held = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
            self.mib = max(self.mib, held / 2**20)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
