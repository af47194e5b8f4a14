"""Every collector against the sandbox: what was planted is what is read, over the real wire protocols."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from auditor.aws.limits import Limiter
from auditor.aws.runner import collect
from auditor.config import Config
from auditor.sandbox.planting import TINY, plant
from auditor.sandbox.server import Sandbox


@pytest.fixture(scope="module")
def organisation():
    return plant(3, accounts=3, regions=2, size=replace(TINY, chance=1.0))


@pytest.fixture(scope="module")
def inventory(organisation, tmp_path_factory):
    scope = {"organisation": True, "role": "AuditorReadOnly", "external_id": "sandbox"}
    with Sandbox(organisation) as sandbox, pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox.environment().items():
            patch.setenv(name, value)
        folder = tmp_path_factory.mktemp("sandbox") / "run"
        return collect(Config.of({"scope": scope}), folder, as_of=organisation.now, limiter=Limiter.unlimited())


def places(organisation):
    active = {account.account_id for account in organisation.accounts.values() if account.state == "ACTIVE"}
    regions = {name for name, status in organisation.regions.items() if status != "not-opted-in"}
    return [place for place in organisation if place.account_id in active and place.name in regions]


def keys(inventory, frame, *columns):
    rows = inventory.read(frame)[["account_id", "region", *columns]]
    found = [tuple(row) for row in rows.astype(object).where(rows.notna(), None).itertuples(index=False)]
    assert len(found) == len(set(found)), f"{frame} holds a row twice"
    return set(found)


def planted(organisation, found):
    """Account, region and whatever a function finds in each place."""
    return {(place.account_id, place.name, *key) for place in places(organisation) for key in found(place)}


def test_nothing_is_left_out(inventory):
    coverage = inventory.coverage()
    assert set(coverage["status"]) == {"complete"}


@pytest.mark.parametrize(
    ("frame", "column", "table"),
    [
        ("launch_configurations", "name", "launch_configurations"),
        ("auto_scaling_groups", "name", "auto_scaling_groups"),
        ("instance_images", "instance_id", "instances"),
        ("snapshot_locks", "snapshot_id", "locks"),
        ("snapshot_tiering", "snapshot_id", "tier_statuses"),
        ("recycle_bin_snapshots", "snapshot_id", "binned_snapshots"),
        ("recycle_bin_images", "image_id", "binned_images"),
        ("recycle_bin_volumes", "volume_id", "binned_volumes"),
        ("recycle_bin_rules", "rule_id", "bin_rules"),
        ("lifecycle_policies", "policy_id", "lifecycle_policies"),
        ("backup_plans", "plan_id", "backup_plans"),
        ("backup_vaults", "vault_name", "backup_vaults"),
        ("backup_opt_ins", "resource_type", "backup_opt_ins"),
        ("vault_policies", "vault_name", "backup_vault_policies"),
        ("copy_jobs", "job_id", "copy_jobs"),
        ("restore_jobs", "job_id", "restore_jobs"),
    ],
)
def test_tables_come_whole(inventory, organisation, frame, column, table):
    expected = planted(organisation, lambda place: [(key,) for key in getattr(place, table)])
    assert expected
    assert keys(inventory, frame, column) == expected


def test_every_version_of_every_launch_template(inventory, organisation):
    def versions(place):
        return [
            (template_id, row["VersionNumber"], row["DefaultVersion"], row is rows[-1])
            for template_id, rows in place.launch_template_versions.items()
            for row in rows
        ]

    found = keys(inventory, "launch_template_versions", "template_id", "version", "is_default", "is_latest")
    assert found == planted(organisation, versions)
    assert {row[-2:] for row in found} >= {(True, True), (False, False)}


def test_templates_name_images_directly_and_through_parameters(inventory, organisation):
    def named(place):
        for template_id, rows in place.launch_template_versions.items():
            for row in rows:
                image_id = row["LaunchTemplateData"].get("ImageId", "")
                if image_id.startswith("resolve:ssm:"):
                    image_id = place.parameters[image_id.removeprefix("resolve:ssm:")]["Value"]
                if image_id:
                    yield image_id, template_id

    references = inventory.read("image_references")
    templates = references[references["referrer_type"] == "launch-template"]
    found = set(templates[["account_id", "region", "image_id", "referrer_id"]].itertuples(index=False, name=None))
    assert found == planted(organisation, named)
    assert set(templates["seen_by"]) == {"ec2 DescribeLaunchTemplateVersions", "ssm GetParameters"}


def test_parameters_recipes_and_configurations_name_images(inventory, organisation):
    references = inventory.read("image_references")

    def found(kind):
        rows = references[references["referrer_type"].isin(kind)]
        return set(rows[["account_id", "region", "image_id", "referrer_id"]].itertuples(index=False, name=None))

    assert found(["ssm-parameter"]) == planted(
        organisation,
        lambda place: [
            (row["Value"], name) for name, row in place.parameters.items() if row["DataType"] == "aws:ec2:image"
        ],
    )
    assert found(["launch-configuration"]) == planted(
        organisation, lambda place: [(row["ImageId"], name) for name, row in place.launch_configurations.items()]
    )
    by_id = {key for key in found(["image-recipe"]) if key[3].split("/")[1].startswith(("recipe-", "tooled-"))}
    assert by_id == planted(
        organisation,
        lambda place: [
            (row["parentImage"], arn)
            for arn, row in place.image_recipes.items()
            if row["name"].startswith(("recipe-", "tooled-"))
        ],
    )
    assert found(["fast-launch"]) == planted(
        organisation,
        lambda place: [(key, key) for key, row in place.fast_launches.items() if row["State"] == "enabled"],
    )


def test_pinned_groups_name_the_version_they_pin(inventory, organisation):
    def pinned(place):
        for name, row in place.auto_scaling_groups.items():
            template = row.get("LaunchTemplate") or {}
            if template.get("Version", "").isdigit():
                rows = place.launch_template_versions[template["LaunchTemplateId"]]
                version = next(one for one in rows if str(one["VersionNumber"]) == template["Version"])
                yield version["LaunchTemplateData"]["ImageId"], name

    references = inventory.read("image_references")
    rows = references[(references["referrer_type"] == "auto-scaling-group") & (references["strength"] == "pinned")]
    found = set(rows[["account_id", "region", "image_id", "referrer_id"]].itertuples(index=False, name=None))
    assert planted(organisation, pinned) <= found
    assert found


def test_keys_with_what_kms_says_of_them(inventory, organisation):
    def named(place):
        rows = [*place.snapshots.values(), *place.volumes.values()]
        for arn in {row["KmsKeyId"] for row in rows if row.get("KmsKeyId")}:
            there = organisation.places.get((arn.split(":")[4], place.name))
            if there is None or (there is not place and place.account_id not in there.key_readers.get(arn, ())):
                yield arn, None, "AccessDeniedException"
            elif arn in there.kms_keys:
                yield arn, there.kms_keys[arn]["KeyState"], None
            else:
                yield arn, "NotFound", "NotFoundException"

    found = keys(inventory, "kms_keys", "key_arn", "state", "error_code")
    assert found == planted(organisation, named)
    refused = {row[:3] for row in found if row[-1] == "AccessDeniedException"}
    gaps = inventory.item_gaps()
    gaps = gaps[gaps["collector"] == "kms_keys"]
    assert set(gaps[["account_id", "region", "resource_id"]].itertuples(index=False, name=None)) == refused


def test_keys_of_what_is_shared_with_their_policies_and_grants(inventory, organisation):
    def shared(place):
        ids = {key for key, grants in place.snapshot_permissions.items() if any("UserId" in each for each in grants)}
        for image_id, grants in place.image_permissions.items():
            devices = place.images[image_id]["BlockDeviceMappings"] if grants else []
            ids |= {device.get("Ebs", {}).get("SnapshotId") for device in devices}
        keys = {place.snapshots[each].get("KmsKeyId") for each in ids if each in place.snapshots}
        return [key for key in keys if place.kms_keys.get(key, {}).get("KeyManager") == "CUSTOMER"]

    read = inventory.read("key_policies")
    assert read["understood"].all()
    assert read["grants_listed"].all()
    wanted = planted(organisation, lambda place: [(key, json.dumps(place.key_policies[key])) for key in shared(place)])
    compact = read.assign(document=[json.dumps(json.loads(each)) for each in read["document"]])
    names = ["account_id", "region", "key_arn", "document"]
    assert set(compact[names].itertuples(index=False, name=None)) == wanted
    grants = planted(
        organisation,
        lambda place: [
            (grant["GrantId"], operation)
            for key in shared(place)
            for grant in place.key_grants[key]
            for operation in grant["Operations"]
            if place.account_id not in grant["GranteePrincipal"]
        ],
    )
    assert grants
    assert keys(inventory, "key_grants", "grant_id", "operation") == grants


def test_fast_restores(inventory, organisation):
    assert keys(inventory, "fast_restores", "snapshot_id", "availability_zone", "state") == planted(
        organisation,
        lambda place: [(row["SnapshotId"], row["AvailabilityZone"], row["State"]) for row in place.fast_restores],
    )


def test_versions_of_plans_that_were_changed(inventory, organisation):
    since = organisation.now - timedelta(days=31)

    def in_force(place):
        for plan_id, plan in place.backup_plans.items():
            versions = sorted(
                [*place.backup_plan_versions.get(plan_id, {}).values(), plan], key=lambda row: row["CreationDate"]
            )
            ends = [*(row["CreationDate"] for row in versions[1:]), organisation.now]
            for row, end in zip(versions, ends, strict=True):
                if end > since and plan["CreationDate"] > since:
                    yield row, None if row is plan else end

    def key(row):
        return row["BackupPlanId"], row["VersionId"]

    versions = planted(
        organisation, lambda place: [(*key(row), row["CreationDate"], end) for row, end in in_force(place)]
    )
    found = inventory.read("backup_plan_versions")[
        ["account_id", "region", "plan_id", "version_id", "valid_from", "superseded_at"]
    ]
    rows = found.astype(object).where(found.notna(), None).itertuples(index=False, name=None)
    assert {row[-1] is None for row in versions} == {True, False}
    assert set(rows) == versions
    assert keys(inventory, "backup_rule_versions", "plan_id", "version_id", "rule_id", "rule_name") == planted(
        organisation,
        lambda place: [
            (*key(row), rule["RuleId"], rule["RuleName"])
            for row, end in in_force(place)
            if end
            for rule in row["BackupPlan"]["Rules"]
        ],
    )


def test_selections_and_recovery_points_and_jobs(inventory, organisation):
    assert keys(inventory, "backup_selections", "plan_id", "selection_id") == planted(
        organisation,
        lambda place: [(plan, selection) for plan, held in place.backup_selections.items() for selection in held],
    )
    kinds = ("EBS", "EC2")
    assert keys(inventory, "recovery_points", "vault_name", "recovery_point_arn") == planted(
        organisation,
        lambda place: [
            (vault, arn)
            for vault, held in place.recovery_points.items()
            for arn, row in held.items()
            if row["ResourceType"] in kinds
        ],
    )
    oldest = organisation.now - timedelta(days=30)
    assert keys(inventory, "backup_jobs", "job_id") == planted(
        organisation,
        lambda place: [
            (id_,)
            for id_, row in place.backup_jobs.items()
            if row["ResourceType"] in kinds and row["CreationDate"] >= oldest
        ],
    )


def test_accounts_with_their_place_in_the_organisation(inventory, organisation):
    accounts = inventory.read("accounts").set_index("account_id")
    active = {account.account_id: account for account in organisation.accounts.values() if account.state == "ACTIVE"}
    assert set(accounts.index) == set(active)
    for account_id, account in active.items():
        told = accounts.loc[account_id]
        assert (told["name"], told["state"], told["ou_id"]) == (account.name, "ACTIVE", account.ou_id)
        assert told["organisation_id"] == organisation.organisation_id
        assert told["ou_path"].startswith(f"{organisation.organisation_id}/r-")
        assert told["ou_path"].endswith(account.ou_id)
        assert told["caller_arn"] == f"arn:aws:sts::{account_id}:assumed-role/AuditorReadOnly/auditor"
