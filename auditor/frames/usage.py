"""Frames of use and access: who may see a resource, what names it, what holds it."""

from auditor.frames.columns import WHERE, Column, Frame, flag, integer, moment, text

SNAPSHOT_PUBLIC_PERMISSIONS = Frame(
    "snapshot_public_permissions",
    "One own snapshot whose permission lets everybody restore it, whether or not block public access hides that.",
    (
        *WHERE,
        text("snapshot_id", "The snapshot"),
        text("seen_by", "bulk (RestorableByUserIds=all) or attribute (DescribeSnapshotAttribute)"),
    ),
    key=("account_id", "region", "snapshot_id"),
    filled_by=("snapshot_public_permissions",),
)

SNAPSHOT_SHARES = Frame(
    "snapshot_shares",
    "One grantee of one own snapshot.",
    (
        *WHERE,
        text("snapshot_id", "The snapshot"),
        text("grantee_type", "account or group"),
        text("grantee", "Account id, aws-marketplace, or all"),
    ),
    key=("account_id", "region", "snapshot_id", "grantee"),
    filled_by=("snapshot_shares",),
)

IMAGE_SHARES = Frame(
    "image_shares",
    "One grantee of one own image.",
    (
        *WHERE,
        text("image_id", "The image"),
        text("grantee_type", "account, group, organisation or unit", "ec2 DescribeImageAttribute launchPermission"),
        text("grantee", "Account id, all, or the ARN of the organisation or unit"),
    ),
    key=("account_id", "region", "image_id", "grantee"),
    filled_by=("image_shares",),
)

LAUNCH_TEMPLATE_VERSIONS = Frame(
    "launch_template_versions",
    "One version of one launch template.",
    (
        *WHERE,
        text("template_id", "The template, lt-…", "ec2 DescribeLaunchTemplateVersions"),
        text("template_name", "Its name"),
        integer("version", "Version number"),
        flag("is_default", "The default version"),
        flag("is_latest", "The highest version"),
        text("image_id", "What it launches: ami-… or resolve:ssm:…"),
        moment("created_at", "Creation"),
    ),
    key=("account_id", "region", "template_id", "version"),
    filled_by=("launch_templates",),
    noun="launch template version",
)

LAUNCH_CONFIGURATIONS = Frame(
    "launch_configurations",
    "One Auto Scaling launch configuration.",
    (
        *WHERE,
        text("name", "Its name", "autoscaling DescribeLaunchConfigurations"),
        text("image_id", "What it launches"),
        text("kernel_id", "Kernel, paravirtual only"),
        moment("created_at", "Creation"),
    ),
    key=("account_id", "region", "name"),
    filled_by=("launch_configurations",),
)

AUTO_SCALING_GROUPS = Frame(
    "auto_scaling_groups",
    "One Auto Scaling group.",
    (
        *WHERE,
        text("name", "Its name", "autoscaling DescribeAutoScalingGroups"),
        text("launch_configuration", "Launch configuration, if any"),
        text("template_id", "Launch template, if any; a mixed policy's too"),
        text("template_version", "$Default, $Latest or a number"),
        integer("desired_capacity", "Instances wanted; zero is still use"),
    ),
    key=("account_id", "region", "name"),
    filled_by=("auto_scaling_groups",),
)

SSM_PARAMETERS = Frame(
    "ssm_parameters",
    "One Parameter Store parameter that holds an image id.",
    (
        *WHERE,
        text("name", "Its name", "ssm DescribeParameters DataType aws:ec2:image"),
        text("value", "The image id it holds", "ssm GetParameters"),
        integer("version", "Parameter version"),
        moment("modified_at", "Last change"),
    ),
    key=("account_id", "region", "name"),
    filled_by=("ssm_parameters",),
)

_REFERENCE = (
    text(
        "referrer_type",
        "instance, launch-template, launch-configuration, auto-scaling-group, ssm-parameter, image-recipe, …",
    ),
    text("referrer_id", "Id, name or ARN of what names it"),
    text("detail", "Version, state or device that makes the reference precise"),
    text("strength", "running, stopped, default, latest, pinned, named, old: strongest first"),
    text("seen_by", "The call that showed it"),
)

IMAGE_REFERENCES = Frame(
    "image_references",
    "One place in the account that names an image, of whichever owner.",
    (*WHERE, text("image_id", "The image that is named"), *_REFERENCE),
    filled_by=(
        "instances",
        "launch_templates",
        "launch_configurations",
        "auto_scaling_groups",
        "ssm_parameters",
        "image_recipes",
        "fast_launches",
    ),
)

SNAPSHOT_REFERENCES = Frame(
    "snapshot_references",
    "One launch template version, launch configuration or recipe that makes a volume from a snapshot.",
    (*WHERE, text("snapshot_id", "The snapshot that is named"), *_REFERENCE),
    filled_by=("launch_templates", "launch_configurations", "image_recipes"),
)

IMAGE_RECIPES = Frame(
    "image_recipes",
    "One version of one Image Builder recipe, own or built by an own pipeline.",
    (
        *WHERE,
        text("recipe_arn", "The recipe", "imagebuilder ListImageRecipes, ListContainerRecipes"),
        text("kind", "image-recipe or container-recipe"),
        text("name", "Its name"),
        text("owner_id", "Owning account"),
        text("parent_image", "What it starts from: ami-…, ssm:…, an Image Builder ARN or a Marketplace product"),
        text("image_id", "The image that means here; missing where Amazon or the Marketplace makes it"),
        integer("pipelines", "Own pipelines that build it", "imagebuilder ListImagePipelines"),
        moment("created_at", "Creation"),
    ),
    key=("account_id", "region", "recipe_arn"),
    filled_by=("image_recipes",),
)

IMAGE_PIPELINES = Frame(
    "image_pipelines",
    "One Image Builder pipeline.",
    (
        *WHERE,
        text("pipeline_arn", "The pipeline", "imagebuilder ListImagePipelines"),
        text("name", "Its name"),
        text("status", "ENABLED or DISABLED; one that is disabled can still be run by hand"),
        text("recipe_arn", "Image or container recipe it builds"),
        text("schedule_expression", "cron(…) or rate(…); missing where it is run by hand"),
        moment("last_run_at", "Last run", "dateLastRun"),
        moment("next_run_at", "Next run", "dateNextRun"),
    ),
    key=("account_id", "region", "pipeline_arn"),
    filled_by=("image_recipes",),
)

FAST_LAUNCHES = Frame(
    "fast_launches",
    "One image that Windows fast launch keeps pre-provisioned snapshots of, enabled (and paid) by this account.",
    (
        *WHERE,
        text("image_id", "The image, own or shared", "ec2 DescribeFastLaunchImages"),
        text("state", "enabling, enabling-failed, enabled, enabled-failed, disabling, disabling-failed"),
        text("state_reason", "Why", "StateTransitionReason"),
        moment("state_changed_at", "Since when", "StateTransitionTime"),
        integer("target_snapshots", "Pre-provisioned snapshots it keeps", "SnapshotConfiguration.TargetResourceCount"),
        text("template_id", "Launch template it prepares with"),
        text("template_version", "Its version"),
        text("owner_id", "Owner that AWS names"),
    ),
    key=("account_id", "region", "image_id"),
    filled_by=("fast_launches",),
)

IMAGE_CREATIONS = Frame(
    "image_creations",
    "One image made by CreateImage in the last 90 days, as CloudTrail has the call; the image may be gone.",
    (
        *WHERE,
        text("event_id", "The event", "cloudtrail LookupEvents EventName=CreateImage"),
        text("image_id", "The image; missing where the event does not tell", "responseElements.imageId"),
        text("instance_id", "Instance it was made of", "requestParameters.instanceId"),
        flag(
            "no_reboot",
            "The instance was not to be rebooted; missing where the event does not tell",
            "requestParameters.noReboot",
        ),
        moment("called_at", "When", "EventTime"),
        text("caller", "Principal that called", "userIdentity.arn"),
        text("invoked_by", "AWS service that called for it", "userIdentity.invokedBy"),
    ),
    key=("account_id", "region", "event_id"),
    filled_by=("image_creations",),
)

INSTANCE_IMAGES = Frame(
    "instance_images",
    "What AWS says of the image one instance runs on, even where that image is gone, private or not ours.",
    (
        *WHERE,
        text("instance_id", "The instance", "ec2 DescribeInstanceImageMetadata"),
        text("image_id", "Its image"),
        text("image_name", "Image name"),
        text("image_owner_id", "Image owner"),
        text("image_owner_alias", "amazon, aws-marketplace, …"),
        text("image_state", "available, deregistered, disabled, …"),
        flag("image_is_public", "Image is public"),
        flag("image_allowed", "Allowed by the allowed-images setting"),
        moment("image_created_at", "Image creation"),
        moment("image_deprecated_at", "Image deprecation"),
    ),
    key=("account_id", "region", "instance_id"),
    filled_by=("instance_images",),
)

FAST_RESTORES = Frame(
    "fast_restores",
    "Fast snapshot restore of one snapshot in one zone, enabled (and paid) by this account.",
    (
        *WHERE,
        text("snapshot_id", "The snapshot, own or shared", "ec2 DescribeFastSnapshotRestores"),
        text("availability_zone", "The zone"),
        text("state", "enabling, optimizing, enabled, disabling, disabled"),
        text("owner_id", "Account that enabled it"),
        moment("enabled_at", "Since when it is enabled", "EnabledTime"),
    ),
    key=("account_id", "region", "snapshot_id", "availability_zone"),
    filled_by=("fast_restores",),
    noun="fast restore",
)

SNAPSHOT_LOCKS = Frame(
    "snapshot_locks",
    "The lock of one snapshot.",
    (
        *WHERE,
        text("snapshot_id", "The snapshot", "ec2 DescribeLockedSnapshots"),
        text("lock_state", "compliance, governance, compliance-cooloff or expired"),
        integer("lock_duration_days", "Duration", "LockDuration", "days"),
        moment("locked_at", "When it was locked", "LockCreatedOn"),
        moment("cooloff_expires_at", "End of the cooling-off period", "CoolOffPeriodExpiresOn"),
        moment("lock_expires_at", "Cannot be deleted before", "LockExpiresOn"),
    ),
    key=("account_id", "region", "snapshot_id"),
    filled_by=("snapshot_locks",),
)

SNAPSHOT_TIERING = Frame(
    "snapshot_tiering",
    "The archive history of one snapshot.",
    (
        *WHERE,
        text("snapshot_id", "The snapshot", "ec2 DescribeSnapshotTierStatus"),
        text("storage_tier", "standard or archive"),
        text("last_operation_status", "archival-…, temporary-restore-…, permanent-restore-…"),
        integer("last_operation_progress_percent", "Its progress", "", "percent"),
        moment("last_operation_started_at", "When it began"),
        moment("archived_at", "Start of the 90-day minimum", "ArchivalCompleteTime"),
        moment("restore_expires_at", "When a temporary restore ends", "RestoreExpiryTime"),
    ),
    key=("account_id", "region", "snapshot_id"),
    filled_by=("snapshot_tiering",),
)


def _bin(thing: str, *extra: Column) -> Frame:
    columns = (
        *WHERE,
        text(f"{thing}_id", f"The {thing}"),
        text("description", "Free text"),
        *extra,
        moment("entered_at", "When it was deleted", "RecycleBinEnterTime"),
        moment("exits_at", "When it goes for good; billed until then", "RecycleBinExitTime"),
    )
    return Frame(
        f"recycle_bin_{thing}s",
        f"One {thing} in the Recycle Bin.",
        columns,
        key=("account_id", "region", f"{thing}_id"),
        filled_by=(f"recycle_bin_{thing}s",),
        noun=f"deleted {thing}",
    )


RECYCLE_BIN_SNAPSHOTS = _bin("snapshot", text("volume_id", "Source volume"))
RECYCLE_BIN_IMAGES = _bin("image", text("name", "Image name"))
RECYCLE_BIN_VOLUMES = _bin("volume", integer("size_gib", "Size", "", "GiB"))

RECYCLE_BIN_RULES = Frame(
    "recycle_bin_rules",
    "One Recycle Bin retention rule.",
    (
        *WHERE,
        text("rule_id", "The rule", "rbin ListRules, GetRule"),
        text("resource_type", "EBS_SNAPSHOT, EC2_IMAGE or EBS_VOLUME"),
        text("description", "Free text"),
        integer("retention_days", "Days kept", "", "days"),
        text("status", "pending or available"),
        text("lock_state", "locked, pending_unlock or unlocked"),
    ),
    key=("account_id", "region", "rule_id"),
    filled_by=("recycle_bin_rules",),
)

RECYCLE_BIN_RULE_TAGS = Frame(
    "recycle_bin_rule_tags",
    "One tag that a Recycle Bin rule matches or leaves out. A rule without any covers the whole region.",
    (
        *WHERE,
        text("rule_id", "The rule"),
        text("key", "Tag key"),
        text("value", "Tag value; missing means any"),
        flag("excludes", "Leaves matching resources out"),
    ),
    filled_by=("recycle_bin_rules",),
)

FRAMES = (
    SNAPSHOT_PUBLIC_PERMISSIONS,
    SNAPSHOT_SHARES,
    IMAGE_SHARES,
    LAUNCH_TEMPLATE_VERSIONS,
    LAUNCH_CONFIGURATIONS,
    AUTO_SCALING_GROUPS,
    SSM_PARAMETERS,
    IMAGE_REFERENCES,
    SNAPSHOT_REFERENCES,
    IMAGE_RECIPES,
    IMAGE_PIPELINES,
    FAST_LAUNCHES,
    IMAGE_CREATIONS,
    INSTANCE_IMAGES,
    FAST_RESTORES,
    SNAPSHOT_LOCKS,
    SNAPSHOT_TIERING,
    RECYCLE_BIN_SNAPSHOTS,
    RECYCLE_BIN_IMAGES,
    RECYCLE_BIN_VOLUMES,
    RECYCLE_BIN_RULES,
    RECYCLE_BIN_RULE_TAGS,
)
