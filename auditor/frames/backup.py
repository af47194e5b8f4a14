"""Frames of backup: what Data Lifecycle Manager and AWS Backup promise, and what they delivered."""

from auditor.frames.columns import WHERE, Frame, flag, integer, moment, text

LIFECYCLE_POLICIES = Frame(
    "lifecycle_policies",
    "One Data Lifecycle Manager policy.",
    (
        *WHERE,
        text("policy_id", "The policy, policy-…", "dlm GetLifecyclePolicies, GetLifecyclePolicy"),
        text("description", "Free text"),
        text("state", "ENABLED, DISABLED or ERROR"),
        text("status_message", "Why it is in error"),
        text("policy_type", "EBS_SNAPSHOT_MANAGEMENT, IMAGE_MANAGEMENT or EVENT_BASED_POLICY"),
        text("resource_type", "VOLUME or INSTANCE"),
        text("default_policy", "VOLUME or INSTANCE for a default policy, else missing"),
        text("execution_role_arn", "Role it runs as"),
        flag("exclude_boot_volume", "Instance policies: boot volumes are left out"),
        flag("no_reboot", "Image policies: instances are not rebooted"),
        integer("create_interval_days", "Default policies: days between backups", "CreateInterval", "days"),
        integer("retain_interval_days", "Default policies: days kept", "RetainInterval", "days"),
        flag("extend_deletion", "Goes on deleting after the policy or source is gone", "ExtendDeletion"),
        moment("created_at", "Creation", "DateCreated"),
        moment("modified_at", "Last change", "DateModified"),
    ),
    key=("account_id", "region", "policy_id"),
    filled_by=("lifecycle_policies",),
    noun="lifecycle policy",
)

LIFECYCLE_TARGETS = Frame(
    "lifecycle_targets",
    "One tag, volume type or flag that a lifecycle policy selects or leaves out. Target tags are alternatives.",
    (
        *WHERE,
        text("policy_id", "The policy"),
        text("kind", "target, exclude_data_volume, exclude_tag, exclude_volume_type or exclude_boot_volumes"),
        text("key", "Tag key"),
        text("value", "Tag value, or volume type"),
    ),
    filled_by=("lifecycle_policies",),
)

LIFECYCLE_SCHEDULES = Frame(
    "lifecycle_schedules",
    "One schedule of a lifecycle policy.",
    (
        *WHERE,
        text("policy_id", "The policy"),
        text("schedule_name", "Schedule name"),
        integer("position", "Place in the policy, from 0"),
        integer("interval", "Every so many units", "CreateRule.Interval"),
        text("interval_unit", "HOURS"),
        text("start_time", "hh:mm, UTC", "CreateRule.Times"),
        text("cron_expression", "AWS cron expression, UTC"),
        text("location", "CLOUD, OUTPOST_LOCAL or LOCAL_ZONE"),
        integer("retain_count", "Snapshots kept"),
        integer("retain_interval", "Age kept, in units"),
        text("retain_interval_unit", "DAYS, WEEKS, MONTHS or YEARS"),
        integer("fast_restore_count", "Snapshots kept fast-restored"),
        integer("fast_restore_interval", "Age kept fast-restored, in units"),
        text("fast_restore_interval_unit", "DAYS, …"),
        integer("fast_restore_zones", "Zones they are fast-restored in"),
        integer("deprecate_count", "Images kept undeprecated"),
        integer("deprecate_interval", "Age until deprecation, in units"),
        text("deprecate_interval_unit", "DAYS, …"),
        integer("archive_retain_count", "Snapshots kept in the archive"),
        integer("archive_retain_interval", "Age kept in the archive, in units"),
        text("archive_retain_interval_unit", "DAYS, …"),
        flag("copy_tags", "Tags of the source are copied"),
    ),
    key=("account_id", "region", "policy_id", "position"),
    filled_by=("lifecycle_policies",),
)

LIFECYCLE_SHARES = Frame(
    "lifecycle_shares",
    "One account a lifecycle schedule shares its snapshots with.",
    (
        *WHERE,
        text("policy_id", "The policy"),
        text("schedule_name", "Schedule name"),
        text("target_account_id", "Account it shares with"),
        integer("unshare_interval", "Unshared after, in units"),
        text("unshare_interval_unit", "DAYS, …"),
    ),
    filled_by=("lifecycle_policies",),
)

LIFECYCLE_COPIES = Frame(
    "lifecycle_copies",
    "One cross-region copy a lifecycle schedule or default policy makes.",
    (
        *WHERE,
        text("policy_id", "The policy"),
        text("schedule_name", "Schedule name; missing for default policies"),
        text("target", "Region or Outpost ARN"),
        flag("encrypted", "Copies are encrypted"),
        text("kms_key_arn", "Key of the copies"),
        integer("retain_interval", "Age kept, in units"),
        text("retain_interval_unit", "DAYS, …"),
    ),
    filled_by=("lifecycle_policies",),
)

BACKUP_OPT_INS = Frame(
    "backup_opt_ins",
    "Whether AWS Backup protects one resource type in one region.",
    (
        *WHERE,
        text("resource_type", "EBS, EC2, …", "backup DescribeRegionSettings"),
        flag("opted_in", "Plans that select by tag back it up"),
    ),
    key=("account_id", "region", "resource_type"),
    filled_by=("backup_opt_ins",),
)

BACKUP_PLANS = Frame(
    "backup_plans",
    "One AWS Backup plan.",
    (
        *WHERE,
        text("plan_id", "The plan", "backup ListBackupPlans, GetBackupPlan"),
        text("plan_arn", "Its ARN"),
        text("name", "Its name"),
        text("version_id", "Version"),
        flag("windows_vss", "Application-consistent Windows backups"),
        moment("created_at", "Creation of this version", "CreationDate"),
        moment("last_executed_at", "Last run", "LastExecutionDate"),
    ),
    key=("account_id", "region", "plan_id"),
    filled_by=("backup_plans",),
    noun="backup plan",
)

BACKUP_RULES = Frame(
    "backup_rules",
    "One rule of a backup plan.",
    (
        *WHERE,
        text("plan_id", "The plan"),
        text("rule_id", "The rule"),
        text("rule_name", "Its name"),
        text("vault_name", "Vault it delivers to"),
        text("schedule_expression", "cron(…) or rate(…); AWS's default is cron(0 5 ? * * *)"),
        text("schedule_timezone", "IANA zone the schedule is read in; UTC where not set"),
        integer("start_window_minutes", "Must start within", "", "minutes"),
        integer("completion_window_minutes", "Must complete within", "", "minutes"),
        integer("delete_after_days", "Kept for", "", "days"),
        integer("cold_after_days", "Moved to cold storage after", "", "days"),
        flag("archive_opt_in", "EBS snapshots may be archived", "OptInToArchiveForSupportedResources"),
        flag("continuous", "Continuous backup"),
        text("air_gapped_vault_arn", "Logically air-gapped vault it also delivers to"),
    ),
    key=("account_id", "region", "plan_id", "rule_id"),
    filled_by=("backup_plans",),
)

BACKUP_PLAN_VERSIONS = Frame(
    "backup_plan_versions",
    "One version, the present one too, of a backup plan that was made or changed in the audit period.",
    (
        *WHERE,
        text("plan_id", "The plan"),
        text("version_id", "The version", "backup ListBackupPlanVersions"),
        moment("valid_from", "Its creation", "CreationDate"),
        moment("superseded_at", "Creation of the next version; missing for the present one"),
    ),
    key=("account_id", "region", "plan_id", "version_id"),
    filled_by=("backup_plan_versions",),
)

BACKUP_RULE_VERSIONS = Frame(
    "backup_rule_versions",
    "One rule of an earlier version of a backup plan that was in force in the audit period.",
    (
        *WHERE,
        text("plan_id", "The plan"),
        text("version_id", "The version", "backup GetBackupPlan"),
        text("rule_id", "The rule"),
        text("rule_name", "Its name"),
        text("vault_name", "Vault it delivered to"),
        text("schedule_expression", "cron(…) or rate(…), as in backup_rules"),
        text("schedule_timezone", "IANA zone the schedule is read in"),
        integer("start_window_minutes", "Had to start within", "", "minutes"),
        integer("completion_window_minutes", "Had to complete within", "", "minutes"),
        integer("delete_after_days", "Kept for", "", "days"),
    ),
    key=("account_id", "region", "plan_id", "version_id", "rule_id"),
    filled_by=("backup_plan_versions",),
)

BACKUP_RULE_COPIES = Frame(
    "backup_rule_copies",
    "One copy a backup rule makes to another vault.",
    (
        *WHERE,
        text("plan_id", "The plan"),
        text("rule_id", "The rule"),
        text("destination_vault_arn", "Vault it copies to; names region and account"),
        integer("delete_after_days", "Kept for", "", "days"),
        integer("cold_after_days", "Moved to cold storage after", "", "days"),
    ),
    filled_by=("backup_plans",),
)

BACKUP_SELECTIONS = Frame(
    "backup_selections",
    "One selection of a backup plan.",
    (
        *WHERE,
        text("plan_id", "The plan"),
        text("selection_id", "The selection", "backup ListBackupSelections, GetBackupSelection"),
        text("name", "Its name"),
        text("role_arn", "Role it runs as"),
        moment("created_at", "Creation; a selection cannot be changed", "CreationDate"),
    ),
    key=("account_id", "region", "plan_id", "selection_id"),
    filled_by=("backup_selections",),
)

BACKUP_SELECTION_TERMS = Frame(
    "backup_selection_terms",
    "One term of a selection. Resources and tags are alternatives, conditions must all hold, exclusions win.",
    (
        *WHERE,
        text("plan_id", "The plan"),
        text("selection_id", "The selection"),
        text("kind", "resource, not_resource, tag or condition"),
        text("operator", "StringEquals, StringNotEquals, StringLike or StringNotLike; missing for ARNs"),
        text("key", "Tag key; missing for ARNs"),
        text("value", "Tag value, or ARN with wildcards"),
    ),
    filled_by=("backup_selections",),
)

BACKUP_VAULTS = Frame(
    "backup_vaults",
    "One backup vault.",
    (
        *WHERE,
        text("vault_name", "The vault", "backup ListBackupVaults"),
        text("vault_arn", "Its ARN"),
        text("vault_type", "BACKUP_VAULT, LOGICALLY_AIR_GAPPED_BACKUP_VAULT or RESTORE_ACCESS_BACKUP_VAULT"),
        flag("locked", "Vault Lock is on"),
        moment("lock_at", "When the lock becomes immutable", "LockDate"),
        integer("min_retention_days", "Shortest retention allowed", "", "days"),
        integer("max_retention_days", "Longest retention allowed", "", "days"),
        text("kms_key_arn", "Key of the vault"),
        integer("recovery_points", "Recovery points it holds", "NumberOfRecoveryPoints"),
        moment("created_at", "Creation"),
    ),
    key=("account_id", "region", "vault_name"),
    filled_by=("backup_vaults",),
    noun="backup vault",
)

RECOVERY_POINTS = Frame(
    "recovery_points",
    "One recovery point of a volume or instance in a vault.",
    (
        *WHERE,
        text("vault_name", "The vault", "backup ListRecoveryPointsByBackupVault"),
        text("recovery_point_arn", "The recovery point"),
        text("recovery_id", "Snapshot or image it is: snap-… or ami-…"),
        text("resource_arn", "What it is a backup of"),
        text("resource_id", "Volume or instance it is a backup of: vol-… or i-…"),
        text("resource_type", "EBS or EC2"),
        text("status", "COMPLETED, AVAILABLE, PARTIAL, EXPIRED, DELETING, STOPPED or CREATING"),
        text("status_message", "Why"),
        text("plan_id", "Plan that made it"),
        text("rule_id", "Rule that made it"),
        text("source_vault_arn", "Vault it was copied from"),
        text("vault_type", "Type of the vault"),
        flag("encrypted", "Encrypted at rest"),
        text("kms_key_arn", "Key"),
        integer("provisioned_bytes", "Provisioned size, never stored size", "BackupSizeInBytes", "bytes"),
        integer("delete_after_days", "Kept for", "", "days"),
        moment("created_at", "Point in time", "CreationDate"),
        moment("completed_at", "When it became usable", "CompletionDate"),
        moment("delete_at", "When its lifecycle deletes it", "CalculatedLifecycle.DeleteAt"),
        moment("cold_at", "When its lifecycle archives it", "CalculatedLifecycle.MoveToColdStorageAt"),
        moment("last_restored_at", "Last restore", "LastRestoreTime"),
    ),
    key=("account_id", "region", "vault_name", "recovery_point_arn"),
    filled_by=("recovery_points",),
    noun="recovery point",
)

LEGAL_HOLDS = Frame(
    "legal_holds",
    "One legal hold of AWS Backup.",
    (
        *WHERE,
        text("hold_id", "The hold", "backup ListLegalHolds"),
        text("title", "Its title"),
        text("status", "CREATING, ACTIVE, CANCELING or CANCELED; it holds until it is cancelled"),
        text("description", "Free text"),
        moment("created_at", "Creation"),
        moment("cancelled_at", "When it was cancelled"),
    ),
    key=("account_id", "region", "hold_id"),
    filled_by=("legal_holds",),
    noun="legal hold",
)

LEGAL_HOLD_POINTS = Frame(
    "legal_hold_points",
    "One recovery point of a volume or instance that a legal hold keeps from being deleted.",
    (
        *WHERE,
        text("hold_id", "The hold", "backup ListRecoveryPointsByLegalHold"),
        text("recovery_point_arn", "The recovery point"),
        text("recovery_id", "Snapshot or image it is: snap-… or ami-…"),
        text("resource_id", "Volume or instance it is a backup of"),
        text("vault_name", "Vault it lies in"),
    ),
    key=("account_id", "region", "hold_id", "recovery_point_arn"),
    filled_by=("legal_holds",),
)

BACKUP_JOBS = Frame(
    "backup_jobs",
    "One backup job of a volume or instance in the last 30 days; AWS keeps no older ones.",
    (
        *WHERE,
        text("job_id", "The job", "backup ListBackupJobs"),
        text("state", "CREATED, RUNNING, COMPLETED, FAILED, ABORTED, EXPIRED, PARTIAL, …"),
        text("status_message", "Why it failed"),
        text("message_category", "SUCCESS, AccessDenied, …"),
        text("resource_arn", "What it backs up"),
        text("resource_id", "Volume or instance it backs up"),
        text("resource_type", "EBS or EC2"),
        text("vault_name", "Vault it delivers to"),
        text("recovery_point_arn", "What it made"),
        text("plan_id", "Plan that started it"),
        text("rule_id", "Rule that started it"),
        moment("created_at", "Creation"),
        moment("start_by", "Must start by"),
        moment("completed_at", "Completion"),
    ),
    key=("account_id", "region", "job_id"),
    filled_by=("backup_jobs",),
)

FRAMES = (
    LIFECYCLE_POLICIES,
    LIFECYCLE_TARGETS,
    LIFECYCLE_SCHEDULES,
    LIFECYCLE_SHARES,
    LIFECYCLE_COPIES,
    BACKUP_OPT_INS,
    BACKUP_PLANS,
    BACKUP_RULES,
    BACKUP_RULE_COPIES,
    BACKUP_PLAN_VERSIONS,
    BACKUP_RULE_VERSIONS,
    BACKUP_SELECTIONS,
    BACKUP_SELECTION_TERMS,
    BACKUP_VAULTS,
    RECOVERY_POINTS,
    LEGAL_HOLDS,
    LEGAL_HOLD_POINTS,
    BACKUP_JOBS,
)
