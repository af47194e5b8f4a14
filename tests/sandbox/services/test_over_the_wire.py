"""Every handler through unmodified boto3 against the running server, on a planted organisation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from auditor.sandbox.blocks import blocks_of, same_lineage
from auditor.sandbox.services import SERVICES
from tests.sandbox.services.member import Aws, of_every_story


@pytest.fixture
def aws() -> Iterator[Aws]:
    with of_every_story() as made:
        yield made


def ids(rows: list[Any], member: str) -> set[str]:
    return {row[member] for row in rows}


def the_role_leads_into_the_account(aws):
    told = aws.client("sts").get_caller_identity()
    assert (told["Account"], told["Arn"].rpartition("/")[2]) == (aws.here.account_id, "audit")


def the_organisation(aws):
    def every(method, key, **params):
        return aws.every("organizations", method, key, management=True, **params)

    boss = aws.client("organizations", management=True)
    assert boss.describe_organization()["Organization"]["Id"] == aws.organisation.organisation_id
    assert ids(every("list_accounts", "Accounts"), "Id") == set(aws.organisation.accounts)
    (root,) = every("list_roots", "Roots")
    found, waiting = set(), [root["Id"]]
    while waiting:
        parent = waiting.pop()
        found |= ids(every("list_accounts_for_parent", "Accounts", ParentId=parent), "Id")
        below = ids(every("list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent), "Id")
        waiting += below
    assert found == set(aws.organisation.accounts)
    one = aws.organisation.accounts[aws.here.account_id]
    assert every("list_parents", "Parents", ChildId=one.account_id)[0]["Id"] == one.ou_id
    tags = every("list_tags_for_resource", "Tags", ResourceId=one.account_id)
    assert {tag["Key"]: tag["Value"] for tag in tags} == one.tags
    with pytest.raises(ClientError) as refused:
        aws.client("organizations").list_accounts()
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


TABLES: tuple[tuple[str, str, str, str, dict[str, Any]], ...] = (
    ("describe_snapshots", "Snapshots", "SnapshotId", "snapshots", {"OwnerIds": ["self"], "MaxResults": 20}),
    (
        "describe_images",
        "Images",
        "ImageId",
        "images",
        {"Owners": ["self"], "IncludeDisabled": True, "MaxResults": 3},
    ),
    ("describe_volumes", "Volumes", "VolumeId", "volumes", {"MaxResults": 5}),
    ("describe_instance_image_metadata", "InstanceImageMetadata", "InstanceId", "instances", {"MaxResults": 3}),
    ("describe_snapshot_tier_status", "SnapshotTierStatuses", "SnapshotId", "tier_statuses", {"MaxResults": 5}),
    ("describe_locked_snapshots", "Snapshots", "SnapshotId", "locks", {"MaxResults": 5}),
    ("describe_launch_templates", "LaunchTemplates", "LaunchTemplateId", "launch_templates", {"MaxResults": 1}),
    ("list_snapshots_in_recycle_bin", "Snapshots", "SnapshotId", "binned_snapshots", {"MaxResults": 5}),
    ("list_images_in_recycle_bin", "Images", "ImageId", "binned_images", {"MaxResults": 1}),
    ("list_volumes_in_recycle_bin", "Volumes", "VolumeId", "binned_volumes", {"MaxResults": 5}),
)


def tables_of_ec2_come_whole(aws):
    for method, key, member, table, params in TABLES:
        rows = aws.every("ec2", method, key, **params)
        assert len(rows) == len(getattr(aws.here, table)), table
        assert ids(rows, member) == set(getattr(aws.here, table)), table


def rows_arrive_as_they_were_planted(aws):
    for row in aws.every("ec2", "describe_snapshots", "Snapshots", OwnerIds=["self"], MaxResults=1000):
        planted = aws.here.snapshots[row["SnapshotId"]]
        # An empty list of tags is not written at all.
        assert {"Tags": [], **row} == {"Tags": [], **planted}


def instances_and_fast_restores(aws):
    reservations = aws.every("ec2", "describe_instances", "Reservations", MaxResults=5)
    assert {one["InstanceId"] for row in reservations for one in row["Instances"]} == set(aws.here.instances)
    restores = aws.every("ec2", "describe_fast_snapshot_restores", "FastSnapshotRestores", MaxResults=200)
    assert len(restores) == len(aws.here.fast_restores)
    launches = aws.every("ec2", "describe_fast_launch_images", "FastLaunchImages", MaxResults=1)
    assert launches == list(dict(sorted(aws.here.fast_launches.items())).values())


def regions_and_settings(aws):
    told = aws.ec2("describe_regions", AllRegions=True)["Regions"]
    assert {row["RegionName"]: row["OptInStatus"] for row in told} == aws.organisation.regions
    blocked = aws.ec2("get_snapshot_block_public_access_state")
    assert blocked["State"] == aws.here.snapshot_block_public_access["State"]
    blocked = aws.ec2("get_image_block_public_access_state")["ImageBlockPublicAccessState"]
    assert blocked == aws.here.image_block_public_access["ImageBlockPublicAccessState"]
    assert aws.ec2("get_allowed_images_settings")["State"] == aws.here.allowed_images["State"]
    assert aws.ec2("get_ebs_encryption_by_default")["EbsEncryptionByDefault"] is aws.here.encryption_by_default
    assert aws.ec2("get_ebs_default_kms_key_id")["KmsKeyId"] == aws.here.default_key


def attributes(aws):
    for snapshot_id in aws.here.snapshots:
        told = aws.ec2("describe_snapshot_attribute", SnapshotId=snapshot_id, Attribute="createVolumePermission")
        assert told["CreateVolumePermissions"] == aws.here.snapshot_permissions.get(snapshot_id, [])
    for image_id, row in aws.here.images.items():
        told = aws.ec2("describe_image_attribute", ImageId=image_id, Attribute="launchPermission")
        planted = [] if row["State"] == "disabled" else aws.here.image_permissions.get(image_id, [])
        assert told["LaunchPermissions"] == planted


def versions_and_references(aws):
    for template_id, versions in aws.here.launch_template_versions.items():
        rows = aws.every(
            "ec2", "describe_launch_template_versions", "LaunchTemplateVersions", LaunchTemplateId=template_id
        )
        assert {row["VersionNumber"] for row in rows} == {row["VersionNumber"] for row in versions}
    images = [row["ImageId"] for row in aws.here.instances.values()]
    found = set()
    for start in range(0, len(images), 10):
        asked = {"ImageIds": images[start : start + 10], "IncludeAllResourceTypes": True, "MaxResults": 5}
        found |= ids(aws.every("ec2", "describe_image_references", "ImageReferences", **asked), "Arn")
    where = f"arn:aws:ec2:{aws.here.name}:{aws.here.account_id}"
    assert found >= {f"{where}:instance/{one}" for one in aws.here.instances}


def auto_scaling(aws):
    for method, key, member, table in (
        (
            "describe_launch_configurations",
            "LaunchConfigurations",
            "LaunchConfigurationName",
            aws.here.launch_configurations,
        ),
        ("describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupName", aws.here.auto_scaling_groups),
    ):
        assert ids(aws.every("autoscaling", method, key, MaxRecords=1), member) == set(table)


def parameters(aws):
    names = ids(aws.every("ssm", "describe_parameters", "Parameters", MaxResults=1), "Name")
    assert names == set(aws.here.parameters)
    for name, row in aws.here.parameters.items():
        answer = aws.client("ssm").get_parameters(Names=[name, "/not/there"])
        assert (answer["Parameters"][0]["Value"], answer["InvalidParameters"]) == (row["Value"], ["/not/there"])
    assert ids(aws.every("ssm", "get_parameters_by_path", "Parameters", Path="/", Recursive=True), "Name") == names


def keys(aws):
    assert ids(aws.every("kms", "list_keys", "Keys", Limit=1), "KeyArn") == set(aws.here.kms_keys)
    for arn, row in aws.here.kms_keys.items():
        assert aws.client("kms").describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == row["KeyState"]
        policy = json.loads(aws.client("kms").get_key_policy(KeyId=arn)["Policy"])
        assert policy["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{aws.here.account_id}:root"}
        assert policy == aws.here.key_policies.get(arn, policy)
        assert aws.every("kms", "list_grants", "Grants", KeyId=arn, Limit=1) == aws.here.key_grants.get(arn, [])
    used = {row["KmsKeyId"] for row in aws.here.snapshots.values() if "KmsKeyId" in row} - set(aws.here.kms_keys)
    for arn in used:
        with pytest.raises(ClientError) as refused:
            aws.client("kms").describe_key(KeyId=arn)
        own = arn.split(":")[4] == aws.here.account_id
        code = "NotFoundException" if own else "AccessDeniedException"
        assert refused.value.response["Error"]["Code"] == code
    assert ids(aws.every("kms", "list_aliases", "Aliases"), "AliasName") == {"alias/aws/ebs"}


def lifecycle_policies(aws):
    dlm, policies = aws.client("dlm"), aws.here.lifecycle_policies
    custom = ids(dlm.get_lifecycle_policies()["Policies"], "PolicyId")
    default = ids(dlm.get_lifecycle_policies(DefaultPolicyType="ALL")["Policies"], "PolicyId")
    assert custom | default == set(policies)
    assert not custom & default
    for policy_id, row in policies.items():
        told = dlm.get_lifecycle_policy(PolicyId=policy_id)["Policy"]
        assert (told["State"], told["PolicyDetails"]) == (row["State"], row["PolicyDetails"])


def backups(aws):
    def every(method, key, **params):
        return aws.every("backup", method, key, MaxResults=5, **params)

    plans = every("list_backup_plans", "BackupPlansList", IncludeDeleted=True)
    assert ids(plans, "BackupPlanId") == set(aws.here.backup_plans)
    for plan_id, row in aws.here.backup_plans.items():
        assert aws.client("backup").get_backup_plan(BackupPlanId=plan_id)["BackupPlan"] == row["BackupPlan"]
        earlier = aws.here.backup_plan_versions.get(plan_id, {})
        versions = every("list_backup_plan_versions", "BackupPlanVersionsList", BackupPlanId=plan_id)
        assert ids(versions, "VersionId") == {row["VersionId"], *earlier}
        selections = aws.here.backup_selections.get(plan_id, {})
        found = every("list_backup_selections", "BackupSelectionsList", BackupPlanId=plan_id)
        assert ids(found, "SelectionId") == set(selections)
        for selection_id, selection in selections.items():
            told = aws.client("backup").get_backup_selection(BackupPlanId=plan_id, SelectionId=selection_id)
            assert told["BackupSelection"] == selection["BackupSelection"]
    assert ids(every("list_backup_vaults", "BackupVaultList"), "BackupVaultName") == set(aws.here.backup_vaults)
    resources = set()
    for vault in aws.here.backup_vaults:
        found = every("list_recovery_points_by_backup_vault", "RecoveryPoints", BackupVaultName=vault)
        assert ids(found, "RecoveryPointArn") == set(aws.here.recovery_points.get(vault, {}))
        resources |= ids(found, "ResourceArn")
    assert ids(every("list_protected_resources", "Results"), "ResourceArn") == resources
    told = aws.client("backup").describe_region_settings()["ResourceTypeOptInPreference"]
    assert told == aws.here.backup_opt_ins


def backup_jobs(aws):
    now = aws.organisation.now
    recent = {key for key, row in aws.here.backup_jobs.items() if row["CreationDate"] >= now - timedelta(days=30)}
    jobs = aws.every("backup", "list_backup_jobs", "BackupJobs", MaxResults=5)
    assert ids(jobs, "BackupJobId") == recent
    assert ids(jobs, "AccountId") == {aws.here.account_id}
    asked = {"ByCreatedAfter": now - timedelta(days=3), "MaxResults": 5}
    young = aws.every("backup", "list_backup_jobs", "BackupJobs", **asked)
    assert ids(young, "BackupJobId") == {
        key for key in recent if aws.here.backup_jobs[key]["CreationDate"] >= now - timedelta(days=3)
    }


def vault_policies_copies_restores_and_reports(aws):
    backup, here = aws.client("backup"), aws.here
    for vault in here.backup_vaults:
        if vault in here.backup_vault_policies:
            told = backup.get_backup_vault_access_policy(BackupVaultName=vault)["Policy"]
            assert told == here.backup_vault_policies[vault]
        else:
            with pytest.raises(ClientError):
                backup.get_backup_vault_access_policy(BackupVaultName=vault)
    for method, key, name, planted in (
        ("list_copy_jobs", "CopyJobs", "CopyJobId", here.copy_jobs),
        ("list_restore_jobs", "RestoreJobs", "RestoreJobId", here.restore_jobs),
        ("list_report_plans", "ReportPlans", "ReportPlanName", here.report_plans),
    ):
        assert ids(aws.every("backup", method, key, MaxResults=1), name) == set(planted)


def legal_holds(aws):
    backup, holds = aws.client("backup"), aws.here.legal_holds
    assert ids(aws.every("backup", "list_legal_holds", "LegalHolds", MaxResults=1), "LegalHoldId") == set(holds)
    for hold_id, row in holds.items():
        assert backup.get_legal_hold(LegalHoldId=hold_id)["Status"] == row["Status"]
        asked = {"LegalHoldId": hold_id, "MaxResults": 1}
        held = aws.every("backup", "list_recovery_points_by_legal_hold", "RecoveryPoints", **asked)
        assert held == aws.here.legal_hold_points[hold_id]


def recipes_and_pipelines(aws):
    builder = aws.client("imagebuilder")

    def every(method, key):
        found, more = [], {}
        while not found or more:
            answer = getattr(builder, method)(maxResults=1, **more)
            found += answer[key]
            more = {"nextToken": answer["nextToken"]} if "nextToken" in answer else {}
        return ids(found, "arn")

    assert every("list_image_recipes", "imageRecipeSummaryList") == set(aws.here.image_recipes)
    assert every("list_container_recipes", "containerRecipeSummaryList") == set(aws.here.container_recipes)
    assert every("list_image_pipelines", "imagePipelineList") == set(aws.here.image_pipelines)
    for arn, row in aws.here.image_recipes.items():
        told = builder.get_image_recipe(imageRecipeArn=arn)["imageRecipe"]
        assert (told["parentImage"], told["blockDeviceMappings"]) == (row["parentImage"], row["blockDeviceMappings"])
    for arn, row in aws.here.container_recipes.items():
        told = builder.get_container_recipe(containerRecipeArn=arn)["containerRecipe"]
        assert told["instanceConfiguration"] == row["instanceConfiguration"]


def creations_of_images(aws):
    by_name = [{"AttributeKey": "EventName", "AttributeValue": "CreateImage"}]
    asked = {"LookupAttributes": by_name, "MaxResults": 50}
    events = aws.every("cloudtrail", "lookup_events", "Events", **asked)
    assert {row["EventId"]: row["CloudTrailEvent"] for row in events} == {
        key: row["CloudTrailEvent"] for key, row in aws.here.trail_events.items() if row["EventName"] == "CreateImage"
    }


def bin_rules(aws):
    found = set()
    for kind in ("EBS_SNAPSHOT", "EC2_IMAGE", "EBS_VOLUME"):
        rules = aws.every("rbin", "list_rules", "Rules", ResourceType=kind, MaxResults=1)
        for rule in rules:
            assert aws.client("rbin").get_rule(Identifier=rule["Identifier"])["ResourceType"] == kind
        found |= ids(rules, "Identifier")
    assert found == set(aws.here.bin_rules)


def analyzers_and_their_findings(aws):
    arn = f"arn:aws:access-analyzer:{aws.here.name}:{aws.here.account_id}:analyzer/whole"
    made = {"arn": arn, "name": "whole", "type": "ACCOUNT", "status": "ACTIVE", "createdAt": aws.organisation.now}
    aws.here.analyzers[arn] = made
    analyzer = aws.client("accessanalyzer")
    listed = analyzer.list_analyzers()["analyzers"]
    assert {row["arn"]: row for row in listed} == aws.here.analyzers
    asked = {"analyzerArn": arn, "filter": {"status": {"neq": ["RESOLVED"]}}, "maxResults": 2}
    found, more = set(), {}
    while not found or more:
        answer = analyzer.list_findings_v2(**asked, **more)
        found |= {row["resource"].rpartition("/")[2] for row in answer["findings"]}
        more = {"nextToken": answer["nextToken"]} if "nextToken" in answer else {}
    shared = {
        snapshot_id
        for snapshot_id, grants in aws.here.snapshot_permissions.items()
        if any(grant.get("UserId") != aws.here.account_id for grant in grants)
    }
    assert found == shared & set(aws.here.snapshots)


def blocks(aws):
    ready = [
        key
        for key in aws.here.blocks
        if aws.here.snapshots.get(key, {}).get("State") == "completed"
        and aws.here.snapshots[key]["StorageTier"] == "standard"
    ]
    first, second = next(
        (one, other) for one in ready for other in ready if one < other and same_lineage(aws.here, one, other)
    )
    where = (aws.organisation, aws.here.account_id, aws.here.name)
    before, after = blocks_of(*where, first), blocks_of(*where, second)
    listed = aws.every("ebs", "list_snapshot_blocks", "Blocks", SnapshotId=second, MaxResults=10_000)
    assert [row["BlockIndex"] for row in listed] == list(after)
    changed = aws.every(
        "ebs", "list_changed_blocks", "ChangedBlocks", FirstSnapshotId=first, SecondSnapshotId=second, MaxResults=10_000
    )
    expected = sorted(one for one in before.keys() | after.keys() if before.get(one) != after.get(one))
    assert [row["BlockIndex"] for row in changed] == expected


CHECKS = (
    the_role_leads_into_the_account,
    the_organisation,
    tables_of_ec2_come_whole,
    rows_arrive_as_they_were_planted,
    instances_and_fast_restores,
    regions_and_settings,
    attributes,
    versions_and_references,
    auto_scaling,
    parameters,
    keys,
    lifecycle_policies,
    backups,
    backup_jobs,
    vault_policies_copies_restores_and_reports,
    legal_holds,
    recipes_and_pipelines,
    creations_of_images,
    bin_rules,
    analyzers_and_their_findings,
    blocks,
)


def test_every_handler_over_the_wire(aws, subtests):
    for check in CHECKS:
        with subtests.test(check.__name__):
            check(aws)
    called = {(service, operation) for _, _, service, operation in aws.sandbox.calls}
    assert called == {(service, operation) for service, handlers in SERVICES.items() for operation in handlers}
