"""Frames of what is done with backups: who may use a vault, how long they stay, what was restored and reported."""

from auditor.frames.columns import WHERE, Frame, flag, integer, moment, number, text
from auditor.frames.documents import CONDITION, STATEMENT

_VAULT = text("vault_name", "The vault")

VAULT_POLICIES = Frame(
    "vault_policies",
    "The access policy of one backup vault. A vault without one has no row.",
    (
        *WHERE,
        _VAULT,
        text("document", "The policy, JSON", "backup GetBackupVaultAccessPolicy"),
        flag("understood", "Its statements could be told apart; else there are none in vault_statements"),
    ),
    key=("account_id", "region", "vault_name"),
    filled_by=("vault_policies",),
)

VAULT_STATEMENTS = Frame(
    "vault_statements",
    "One action for one principal in one statement of a vault's access policy.",
    (*WHERE, _VAULT, *STATEMENT),
    filled_by=("vault_policies",),
)

VAULT_CONDITIONS = Frame(
    "vault_conditions",
    "One value that one test in a statement of a vault's access policy compares with.",
    (*WHERE, _VAULT, *CONDITION),
    filled_by=("vault_policies",),
)

COPY_JOBS = Frame(
    "copy_jobs",
    "One job that copied a recovery point of a volume or instance from a vault here to another.",
    (
        *WHERE,
        text("job_id", "The job", "backup ListCopyJobs"),
        text("state", "CREATED, RUNNING, COMPLETED, FAILED or PARTIAL"),
        text("status_message", "Why it failed"),
        text("message_category", "SUCCESS, AccessDenied, …"),
        text("resource_arn", "What the recovery point is a backup of"),
        text("resource_id", "Volume or instance that it is a backup of"),
        text("resource_type", "EBS or EC2"),
        text("source_vault_arn", "Vault it was copied from", "SourceBackupVaultArn"),
        text("source_recovery_point_arn", "What was copied"),
        text("destination_vault_arn", "Vault it was copied to", "DestinationBackupVaultArn"),
        text("destination_recovery_point_arn", "The copy"),
        text("plan_id", "Plan that asked for it"),
        text("rule_id", "Rule that asked for it"),
        moment("created_at", "Creation"),
        moment("completed_at", "Completion"),
    ),
    key=("account_id", "region", "job_id"),
    filled_by=("copy_jobs",),
)

RESTORE_JOBS = Frame(
    "restore_jobs",
    "One job that restored a recovery point of a volume or instance.",
    (
        *WHERE,
        text("job_id", "The job", "backup ListRestoreJobs"),
        text("status", "PENDING, RUNNING, COMPLETED, ABORTED or FAILED"),
        text("status_message", "Why it failed"),
        text("recovery_point_arn", "What was restored"),
        text("resource_arn", "What that is a backup of", "SourceResourceArn"),
        text("resource_id", "Volume or instance that it is a backup of"),
        text("resource_type", "EBS or EC2"),
        text("created_resource_arn", "What came of it"),
        text("validation_status", "Whether what came of it passed its test", "ValidationStatus"),
        text("testing_plan_arn", "Restore testing plan that asked for it", "CreatedBy.RestoreTestingPlanArn"),
        moment("created_at", "Creation"),
        moment("completed_at", "Completion"),
    ),
    key=("account_id", "region", "job_id"),
    filled_by=("restore_jobs",),
)

REPORT_PLANS = Frame(
    "report_plans",
    "One report that AWS Backup Audit Manager delivers.",
    (
        *WHERE,
        text("report_plan_arn", "The report plan", "backup ListReportPlans"),
        text("name", "Its name"),
        text("template", "BACKUP_JOB_REPORT, RESTORE_JOB_REPORT, COPY_JOB_REPORT, …", "ReportSetting.ReportTemplate"),
        text("deployment_status", "CREATE_IN_PROGRESS, COMPLETED, …"),
        text("bucket", "Bucket it is delivered to", "ReportDeliveryChannel.S3BucketName"),
        integer("accounts", "Accounts that it names"),
        integer("units", "Organizational units that it names; without either it reports on its own account"),
        integer("regions", "Regions that it names; without any it reports on its own"),
        moment("created_at", "Creation"),
        moment("attempted_at", "Last run", "LastAttemptedExecutionTime"),
        moment("succeeded_at", "Last run that delivered", "LastSuccessfulExecutionTime"),
    ),
    key=("account_id", "region", "report_plan_arn"),
    filled_by=("report_plans",),
)

REPORT_PLAN_SCOPES = Frame(
    "report_plan_scopes",
    "One account, organizational unit or region that a report plan names.",
    (
        *WHERE,
        text("report_plan_arn", "The report plan"),
        text("kind", "account, unit or region"),
        text("value", "Account id, or ROOT for all of the organisation; ou-… or r-…; region, or * for all"),
    ),
    filled_by=("report_plans",),
)

VAULT_PROTECTION = Frame(
    "vault_protection",
    "Whether the access policy of one backup vault keeps people from deleting what is in it.",
    (
        *WHERE,
        _VAULT,
        flag("deletion_denied", "All that deletes is denied to everybody, but for exceptions; missing if untold"),
        text("allowed", "What deletes and nobody is denied"),
        text("exceptions", "Tests by which some are let delete all the same"),
        text("unknown_because", "Why it cannot be told, in words; missing where it can"),
    ),
    key=("account_id", "region", "vault_name"),
    derived_from=("backup_vaults", "vault_policies", "vault_statements", "vault_conditions"),
)

VAULT_ACCESS = Frame(
    "vault_access",
    "One party that is neither ours nor trusted and that the access policy of one backup vault lets in.",
    (
        *WHERE,
        _VAULT,
        text("grantee", "Account id, * for everybody, or what the policy calls it"),
        flag("open", "It is let in as things are; missing where it depends on what we do not know"),
        flag("copies", "What it may do includes copying into the vault, all that AWS lets other accounts do"),
        text("actions", "What the policy lets it do"),
        text("unknown_because", "Why it cannot be told, in words; missing where it can"),
    ),
    key=("account_id", "region", "vault_name", "grantee"),
    derived_from=("vault_policies", "vault_statements", "vault_conditions", "parties", "directory"),
)

REPORT_COVERAGE = Frame(
    "report_coverage",
    "One report plan of any account and region that was read which tells of one region of an account, or may; or one "
    "place whose report plans were not read. Of regions with backup plans only.",
    (
        *WHERE,
        text("from_account_id", "Account of the report plan"),
        text("from_region", "Its region; global where an account could not be read at all"),
        text("report_plan_arn", "The report plan; missing where they were not read"),
        text("template", "BACKUP_JOB_REPORT, …"),
        flag("covers", "It tells of this region of this account; missing where that cannot be told"),
        text("unknown_because", "Why it cannot be told"),
    ),
    derived_from=("backup_plans", "report_plans", "report_plan_scopes", "directory"),
    tells_gaps=True,
)

LIFECYCLE_RETENTION = Frame(
    "lifecycle_retention",
    "One schedule of a lifecycle policy, one default policy, or one rule for copies in another region, and how long it "
    "keeps what it makes.",
    (
        *WHERE,
        text("policy_id", "The policy"),
        text("label", "The schedule by name, and after a slash where copies go; default for a default policy"),
        text("copied_to", "Region or Outpost that copies go to; missing for what is kept here"),
        text("kept", "In words: the last 7; 3 months; the last 2, then 90 days in the archive"),
        number("kept_days", "Days that each is kept; where a count keeps it, at their shortest", unit="days"),
        flag("longest", "None of the policy keeps longer, of copies or of what is kept here; set once for each"),
        text("unknown_because", "Why that cannot be told"),
    ),
    key=("account_id", "region", "policy_id", "label"),
    derived_from=("lifecycle_policies", "lifecycle_schedules", "lifecycle_copies"),
)

FRAMES = (
    VAULT_POLICIES,
    VAULT_STATEMENTS,
    VAULT_CONDITIONS,
    COPY_JOBS,
    RESTORE_JOBS,
    REPORT_PLANS,
    REPORT_PLAN_SCOPES,
    VAULT_PROTECTION,
    VAULT_ACCESS,
    REPORT_COVERAGE,
    LIFECYCLE_RETENTION,
)
