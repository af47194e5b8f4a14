"""Every rule's words and controls: sentences a person would say, and only controls that exist and fit."""

import ast
import re
import string
from pathlib import Path

import pytest

from auditor.frames import FRAMES
from auditor.rulebook import load_rules

RULES = {loaded.rule.id: loaded for loaded in load_rules()}

#: Framework to the control ids that may be named. Sources: the EC2 and Backup controls of the AWS Security Hub user
#: guide with the NIST SP 800-53 rev. 5 requirements listed there; CIS AWS Compute Services and Foundations Benchmarks;
#: NIST CSF 2.0, PCI DSS v4.0, HIPAA Security Rule, SOC 2 and ISO 27001:2022 Annex A as AWS's conformance packs and
#: open compliance mappings apply them to public access, encryption at rest and backup of EBS.
ALLOWED = {
    "AWS FSBP": {"EC2.1", "EC2.3", "EC2.7", "EC2.28", "EC2.181", "EC2.182", "Backup.1"},
    "CIS AWS Compute Services v1.0.0": {"2.1.3", "2.1.5", "2.2.1", "2.2.2", "2.2.3"},
    "CIS AWS Foundations": {"5.1.1 (v5.0)", "6.1.1 (v7.0)"},
    "NIST 800-53 r5": {
        *("AC-3", "AC-3(7)", "AC-4", "AC-4(21)", "AC-6", "AC-21", "SC-7"),
        *("SC-13", "SC-28", "SC-28(1)", "CA-9(1)", "CM-3(6)", "SC-7(10)", "SI-7(6)", "CP-9(8)"),
        *("CP-9", "CP-10", "CP-6", "CP-6(1)", "CP-6(2)", "SC-5(2)", "SI-12", "SI-13(5)"),
    },
    "NIST CSF 2.0": {"PR.DS-01", "PR.DS-11", "ID.AM-08", "PR.IR-03", "PR.IR-04", "RC.RP-03"},
    "PCI DSS v4.0": {"10.3.2", "3.5.1.3", "A1.1.2", "A3.4.1", "8.3.2", "10.3.3", "3.2.1", "10.5.1"},
    "HIPAA": {
        *("164.308(a)(1)(ii)(B)", "164.308(a)(3)(i)", "164.312(a)(1)", "164.312(e)(1)"),
        *("164.312(a)(2)(iv)", "164.312(e)(2)(ii)", "164.312(c)(1)"),
        *("164.308(a)(7)(i)", "164.308(a)(7)(ii)(A)", "164.308(a)(7)(ii)(B)", "164.310(d)(2)(iv)"),
    },
    "SOC 2": {"CC6.1", "CC6.6", "A1.2", "CC7.4", "CC7.5"},
    "ISO 27001:2022": {"A.8.13", "A.8.14", "A.8.24"},
}

#: The rules of this release, with their subject and severity.
SHEET = {
    "archive_chain_broken": ("snapshots", "low"),
    "backup_job_failing": ("backup_plans", "medium"),
    "backup_never_restored": ("backup_plans", "low"),
    "backup_report_missing": ("regions", "info"),
    "backup_retention_long": ("backup_plans", "info"),
    "backup_retention_short": ("backup_plans", "low"),
    "backup_plan_overlap": ("volumes", "info"),
    "backup_plan_selects_nothing": ("backup_plans", "low"),
    "fast_restore_idle": ("fast_restores", "medium"),
    "image_deprecated_in_use": ("images", "medium"),
    "image_deregistered_in_use": ("instances", "medium"),
    "image_disabled_costing": ("images", "low"),
    "image_inconsistent": ("images", "low"),
    "image_instance_store": ("images", "low"),
    "image_licence_at_risk": ("images", "medium"),
    "image_missing_snapshot": ("images", "high"),
    "image_not_shared": ("images", "high"),
    "image_paravirtual": ("images", "medium"),
    "image_public": ("images", "critical"),
    "image_share_incomplete": ("images", "medium"),
    "image_shared_outside_organisation": ("images", "high"),
    "image_shared_with_closed_account": ("images", "medium"),
    "image_stale_in_use": ("images", "medium"),
    "image_superseded": ("images", "low"),
    "image_unencrypted": ("images", "medium"),
    "image_unprotected": ("images", "low"),
    "image_unused": ("images", "low"),
    "instance_backup_inconsistent": ("instances", "medium"),
    "backup_copy_missing": ("volumes", "high"),
    "instance_backup_missed": ("instances", "high"),
    "instance_copy_missing": ("instances", "high"),
    "instance_image_untrusted_owner": ("instances", "medium"),
    "instance_root_not_bootable": ("instances", "medium"),
    "lifecycle_leftover": ("snapshots", "low"),
    "lifecycle_policy_broken": ("lifecycle_policies", "medium"),
    "lifecycle_policy_shares_outside": ("lifecycle_policies", "high"),
    "lifecycle_retention_long": ("lifecycle_policies", "info"),
    "lifecycle_retention_short": ("lifecycle_policies", "low"),
    "lock_missing_or_expiring": ("snapshots", "medium"),
    "recovery_point_expired": ("recovery_points", "low"),
    "recovery_point_unencrypted": ("recovery_points", "medium"),
    "recycle_bin_cost": ("recycle_bin_snapshots", "info"),
    "recycle_bin_unprotected": ("regions", "low"),
    "reference_to_missing_image": ("launch_template_versions", "medium"),
    "region_encryption_not_default": ("regions", "medium"),
    "region_image_sharing_not_blocked": ("regions", "medium"),
    "region_snapshot_sharing_not_blocked": ("regions", "high"),
    "resource_untagged": ("snapshots", "info"),
    "snapshot_duplicate_copy": ("snapshots", "low"),
    "snapshot_failed": ("snapshots", "medium"),
    "snapshot_key_unusable": ("snapshots", "high"),
    "snapshot_not_shared": ("snapshots", "high"),
    "snapshot_orphaned": ("snapshots", "low"),
    "snapshot_over_retention": ("snapshots", "low"),
    "snapshot_public": ("snapshots", "critical"),
    "snapshot_public_latent": ("snapshots", "medium"),
    "snapshot_restored_forgotten": ("snapshots", "low"),
    "snapshot_share_ineffective": ("snapshots", "low"),
    "snapshot_shared_outside_organisation": ("snapshots", "high"),
    "snapshot_unencrypted": ("snapshots", "medium"),
    "snapshot_wrong_key": ("snapshots", "low"),
    "source_snapshot_untrusted_owner": ("source_snapshots", "medium"),
    "vault_deletion_allowed": ("backup_vaults", "medium"),
    "vault_policy_open": ("backup_vaults", "medium"),
    "vault_unlocked": ("backup_vaults", "low"),
    "volume_backup_missed": ("volumes", "high"),
    "volume_backup_stale": ("volumes", "medium"),
    "volume_never_backed_up": ("volumes", "high"),
    "volume_not_in_any_plan": ("volumes", "medium"),
}

#: Rules that are named after something else than what they judge, and what that is.
OTHERWISE = {
    "archive_chain_broken": "archive",
    "backup_job_failing": "backup_job",
    "backup_never_restored": "backup",
    "backup_report_missing": "backup",
    "backup_retention_short": "backup",
    "backup_plan_overlap": "backup_plan",
    "backup_retention_long": "backup",
    "backup_copy_missing": "backup",
    "image_deregistered_in_use": "image",
    "lifecycle_leftover": "lifecycle",
    "lifecycle_retention_long": "lifecycle",
    "lifecycle_retention_short": "lifecycle",
    "lock_missing_or_expiring": "lock",
    "recycle_bin_cost": "recycle_bin",
    "recycle_bin_unprotected": "recycle_bin",
    "reference_to_missing_image": "reference",
    "resource_untagged": "resource",
    "vault_deletion_allowed": "vault",
    "vault_policy_open": "vault",
    "vault_unlocked": "vault",
}

every_rule = pytest.mark.parametrize("loaded", RULES.values(), ids=RULES)


def fields(template):
    return {field for _, field, _, _ in string.Formatter().parse(template) if field}


def test_the_rulebook_holds_what_the_sheet_says():
    assert {name: (loaded.rule.subject, loaded.rule.severity) for name, loaded in RULES.items()} == SHEET


@every_rule
def test_controls_are_real_ones(loaded):
    for framework, ids in loaded.rule.controls.items():
        assert set(ids) <= ALLOWED[framework], framework
        assert len(set(ids)) == len(ids)


@every_rule
def test_there_are_examples_of_every_verdict(loaded):
    assert loaded.fails
    assert loaded.passes
    assert loaded.unknown


@every_rule
def test_the_headline_counts(loaded):
    one, many = loaded.rule.headline
    assert one.startswith("1 ")
    assert many.startswith("{count} ")
    assert fields(many) == {"count"}
    assert not one.endswith(".")
    assert not many.endswith(".")


@every_rule
def test_the_message_names_the_resource_and_no_name_or_tag(loaded):
    named = fields(loaded.rule.message)
    assert named & {"snapshot_id", "image_id", "volume_id", "instance_id", "region"}
    assert not named & {"name", "name_tag", "description", "key", "value"}
    assert not loaded.rule.message.endswith(".")


@every_rule
def test_the_remedy_names_ids_only_and_destroys_nothing(loaded):
    ids = {
        "region",
        "account_id",
        "snapshot_id",
        "image_id",
        "volume_id",
        "instance_id",
        "kms_key_arn",
        "vault_name",
        "recovery_point_arn",
        "plan_id",
        "policy_id",
        "grantee_id",
    }
    assert fields(loaded.rule.remedy) <= ids
    assert loaded.rule.remedy.startswith("aws ")
    assert not re.search(r"\b(delete|deregister|terminate|schedule-key-deletion)\b", loaded.rule.remedy)
    assert loaded.rule.breaks.endswith(".")


@every_rule
def test_the_words_are_plain(loaded):
    rule = loaded.rule
    words = " ".join([rule.title, *rule.headline, rule.message, rule.why, rule.how, rule.breaks])
    assert rule.why.endswith(".")
    assert len(rule.why) < 240
    assert "\n\n" in rule.how
    assert not re.search(r"!|[\U0001F300-\U0001FAFF]|publicly restorable|orphaned resource detected", words)


@every_rule
def test_a_rule_is_named_after_what_it_judges(loaded):
    noun = OTHERWISE.get(loaded.rule.id, FRAMES[loaded.rule.subject].noun)
    assert loaded.rule.id.startswith(noun.replace(" ", "_"))


@every_rule
def test_rule_files_import_little(loaded):
    allowed = {"auditor.rule", "datetime", "numpy", "pandas"}
    for node in ast.walk(ast.parse(Path(loaded.path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert {name.name for name in node.names} <= allowed
        if isinstance(node, ast.ImportFrom):
            assert node.module in allowed
