"""Frames of what is promised to be backed up, and what became of it: derived, never collected."""

from auditor.frames.columns import WHERE, Frame, flag, integer, moment, number, text

#: Frames that say what is promised, and of what.
_PROMISED = (
    "volumes",
    "volume_tags",
    "attachments",
    "instances",
    "instance_tags",
    "lifecycle_policies",
    "lifecycle_targets",
    "lifecycle_schedules",
    "backup_plans",
    "backup_rules",
    "backup_selections",
    "backup_selection_terms",
    "backup_opt_ins",
)

_RESOURCE = (
    text("resource_type", "volume or instance"),
    text("resource_id", "The volume or instance, vol-… or i-…"),
)

BACKUP_PROMISES = Frame(
    "backup_promises",
    "One promise to back up one volume or instance: a schedule of an enabled lifecycle policy, a rule of a backup "
    "plan, or the configuration.",
    (
        *WHERE,
        *_RESOURCE,
        text("mechanism", "dlm, aws-backup or rpo (the configuration)"),
        text("promise_id", "policy-…/schedule name, policy-…/default, plan/rule, or rpo/name"),
        text("promise_name", "What people call it: policy and schedule, plan and rule, or the configured name"),
        text("kind", "snapshots, images or recovery-points: what keeps it; any for what whoever made counts"),
        text("policy_id", "Lifecycle policy"),
        text("schedule_name", "Schedule of the lifecycle policy"),
        text("plan_id", "Backup plan"),
        text("rule_id", "Rule of the backup plan"),
        text("vault_name", "Vault that the rule delivers to"),
        text("schedule", "Schedule as declared: cron(…), rate(…), or every n hours from hh:mm"),
        text("timezone", "IANA zone that the schedule is read in"),
        integer("start_window_minutes", "Must have started so long after the scheduled time", "", "minutes"),
        integer("completion_window_minutes", "Must then be complete within; backup plans only", "", "minutes"),
        number("rpo_hours", "Greatest age allowed, where that is what is promised", unit="hours"),
        number("interval_hours", "Longest time between two scheduled times, or the age allowed", unit="hours"),
        integer("kept_count", "Keeps so many"),
        integer("kept_days", "Keeps them for", "", "days"),
        moment("judged_from", "First instant that windows are judged from"),
        moment("anchored_at", "Moment that a rate counts from: the plan's creation"),
        text("hindered_by", "What keeps it from being kept, where that can be seen: the region is not opted in"),
        text("unknown_because", "Why its windows cannot be told, e.g. a schedule that cannot be read"),
    ),
    key=("account_id", "region", "resource_id", "promise_id"),
    derived_from=(*_PROMISED, "gaps"),
    noun="backup promise",
    tells_gaps=True,
)

BACKUP_COVERAGE = Frame(
    "backup_coverage",
    "One promise that covers one volume, by itself or through an instance it is attached to.",
    (
        *WHERE,
        text("volume_id", "The volume"),
        text("promise_id", "The promise"),
        text("mechanism", "dlm, aws-backup or rpo"),
        text("instance_id", "Instance that the promise is on; missing where it is on the volume itself"),
        moment("covered_from", "Since when: attachment to the instance, or creation"),
    ),
    key=("account_id", "region", "volume_id", "promise_id", "instance_id"),
    derived_from=(
        "backup_promises",
        "volumes",
        "volume_tags",
        "attachments",
        "instances",
        "lifecycle_policies",
        "lifecycle_targets",
    ),
    tells_gaps=True,
)

BACKUP_WINDOWS = Frame(
    "backup_windows",
    "One time at which one promise was due for one volume or instance, and what became of it.",
    (
        *WHERE,
        *_RESOURCE,
        text("promise_id", "The promise"),
        moment("scheduled_at", "When it was to begin; for an age allowed, the start of the stretch of time judged"),
        moment("due_by", "When it was to be there at the latest"),
        text(
            "verdict",
            "met, late (before the next one), missed, failed, partial (volumes are lacking), pending (may still come) "
            "or unknown",
        ),
        text("delivered_by", "Snapshot, image or recovery point"),
        moment("delivered_at", "When that was begun: the moment of the data"),
        text("cause", "Why not, as far as that can be seen"),
    ),
    key=("account_id", "region", "resource_id", "promise_id", "scheduled_at"),
    derived_from=(
        "backup_promises",
        "backup_coverage",
        "volumes",
        "instances",
        "attachments",
        "snapshots",
        "snapshot_tags",
        "images",
        "image_tags",
        "image_block_devices",
        "recovery_points",
        "backup_jobs",
        "gaps",
    ),
    tells_gaps=True,
)

BACKUP_STATUS = Frame(
    "backup_status",
    "How one volume (in use or lying idle) or instance (not terminated) is backed up, by all that promises it.",
    (
        *WHERE,
        *_RESOURCE,
        integer("promises", "Promises that cover it, those through its instance included"),
        text("covered_by", "Mechanisms that promise it, in words; missing where none does"),
        number("promised_hours", "Longest time between two backups that the strictest allows", unit="hours"),
        moment("newest_usable_at", "Moment of its newest usable backup, whoever made it"),
        text("newest_usable", "That backup: snapshot, image or recovery point"),
        number("age_hours", "Age of the newest usable backup", unit="hours"),
        number("worst_gap_hours", "Longest time without a newer backup in the audit period", unit="hours"),
        integer("windows", "Windows judged: those on the resource itself"),
        integer("met", "Met"),
        integer("late", "Late"),
        integer("missed", "Missed"),
        integer("failed", "Failed"),
        integer("partial", "Partial"),
        integer("pending", "May still come"),
        integer("unknown", "Could not be told"),
        flag("through_instance", "It is covered through an instance"),
        text("excluded_by", "Declared exclusion that it falls under, tag=value"),
        text("unknown_because", "Why more may be promised than is seen; missing where all was read"),
        text("unseen_because", "Why it may have more backups than are seen; missing where all was read"),
    ),
    key=("account_id", "region", "resource_id"),
    derived_from=(
        "volumes",
        "volume_tags",
        "instances",
        "instance_tags",
        "attachments",
        "snapshots",
        "images",
        "recovery_points",
        "backup_promises",
        "backup_coverage",
        "backup_windows",
        "gaps",
    ),
    tells_gaps=True,
)

BACKUP_COPIES = Frame(
    "backup_copies",
    "One place that the backups of one promise on one volume or instance are to be copied to, and how far they are.",
    (
        *WHERE,
        *_RESOURCE,
        text("promise_id", "The promise"),
        text("destination", "Region, or ARN of the vault, that copies go to"),
        moment("newest_backup_at", "Moment of the newest backup that the promise made"),
        moment("newest_copy_at", "Moment of the newest of them that is there as a copy; missing where none is"),
        moment("waiting_from", "Moment of the first backup after that; missing where all are there"),
        text("unknown_because", "Why it cannot be told what is there"),
    ),
    key=("account_id", "region", "resource_id", "promise_id", "destination"),
    derived_from=("backup_promises", "backup_windows", "lifecycle_copies", "backup_rule_copies"),
    tells_gaps=True,
)

BACKUP_UNMET = Frame(
    "backup_unmet",
    "One promise on one volume or instance that was not kept every time; or one of these of which that cannot be told.",
    (
        *WHERE,
        *_RESOURCE,
        text("promise_id", "The promise; missing where nothing is known to be unmet, and so are those below"),
        text("promise_name", "What people call it"),
        text("mechanism", "dlm, aws-backup or rpo"),
        text("schedule", "Schedule as declared"),
        integer("unmet", "Windows that were missed, failed or partial"),
        integer("windows", "Windows in all"),
        moment("last_scheduled_at", "When the last unmet one was to begin"),
        text("due", "The last few unmet ones with what became of each, and how many there were before"),
        text("because", "Why, as far as that can be seen, each cause once"),
        text("unknown_because", "Why it cannot be told; missing where something is known to be unmet"),
    ),
    derived_from=("volumes", "instances", "backup_promises", "backup_windows", "backup_status"),
    tells_gaps=True,
)

FRAMES = (BACKUP_PROMISES, BACKUP_COVERAGE, BACKUP_WINDOWS, BACKUP_STATUS, BACKUP_COPIES, BACKUP_UNMET)
