"""Frames of the estate: accounts, regions, snapshots, images, volumes, instances and their settings."""

from auditor.frames.columns import ACCOUNT, WHERE, Frame, flag, integer, moment, text


def _tags(thing: str, collector: str) -> Frame:
    return Frame(
        f"{thing}_tags",
        f"One tag of one {thing}. Keys that begin with aws: are set by AWS and cannot be forged.",
        (*WHERE, text(f"{thing}_id", f"The {thing}"), text("key", "Tag key"), text("value", "Tag value")),
        key=("account_id", "region", f"{thing}_id", "key"),
        filled_by=(collector,),
    )


ACCOUNTS = Frame(
    "accounts",
    "One account in scope.",
    (
        ACCOUNT,
        text("name", "Account name", "organizations ListAccounts Name; missing without Organizations"),
        text("state", "ACTIVE, SUSPENDED, …", "organizations ListAccounts State, older Status"),
        text("partition", "aws, aws-cn or aws-us-gov", "the caller's ARN"),
        text("organisation_id", "Organisation, o-…", "organizations DescribeOrganization"),
        text("ou_id", "Organizational unit the account sits in, ou-… or r-…", "organizations ListParents"),
        text("ou_path", "Path of unit ids from the root, o-…/r-…/ou-…", "organizations ListParents"),
        text("caller_arn", "Principal that read the account", "sts GetCallerIdentity"),
        moment("joined_at", "When the account joined", "organizations ListAccounts JoinedTimestamp"),
    ),
    key=("account_id",),
    filled_by=("accounts",),
    noun="account",
)

DIRECTORY = Frame(
    "directory",
    "One account of the organisation, closed ones and those out of scope included; without an organisation, one "
    "account in scope.",
    (
        text("member_id", "The account: 12 digits, leading zeros kept"),
        text("name", "Account name", "organizations ListAccounts Name; missing without Organizations"),
        text("state", "ACTIVE, SUSPENDED, PENDING_CLOSURE, …", "organizations ListAccounts State, older Status"),
        text("organisation_id", "Organisation, o-…; missing without one", "organizations DescribeOrganization"),
        text("ou_id", "Organizational unit the account sits in, ou-… or r-…", "organizations ListParents"),
        text("ou_path", "Path of unit ids from the root, o-…/r-…/ou-…", "organizations ListParents"),
        flag("in_scope", "Its regions are read, or were to be"),
    ),
    key=("member_id",),
    filled_by=("directory",),
    everywhere=True,
)

REGIONS = Frame(
    "regions",
    "One region of one account in scope.",
    (*WHERE, text("opt_in_status", "opt-in-not-required, opted-in or not-opted-in", "ec2 DescribeRegions")),
    key=("account_id", "region"),
    filled_by=("regions",),
    noun="region",
)

SNAPSHOT_BLOCK_PUBLIC_ACCESS = Frame(
    "snapshot_block_public_access",
    "The snapshot block-public-access setting of one region.",
    (
        *WHERE,
        text("state", "block-all-sharing, block-new-sharing or unblocked", "ec2 GetSnapshotBlockPublicAccessState"),
        text("managed_by", "account or declarative-policy", "ec2 GetSnapshotBlockPublicAccessState"),
    ),
    key=("account_id", "region"),
    filled_by=("snapshot_block_public_access",),
)

IMAGE_BLOCK_PUBLIC_ACCESS = Frame(
    "image_block_public_access",
    "The image block-public-access setting of one region.",
    (
        *WHERE,
        text("state", "block-new-sharing or unblocked", "ec2 GetImageBlockPublicAccessState"),
        text("managed_by", "account or declarative-policy", "ec2 GetImageBlockPublicAccessState"),
    ),
    key=("account_id", "region"),
    filled_by=("image_block_public_access",),
)

ENCRYPTION_BY_DEFAULT = Frame(
    "encryption_by_default",
    "Whether one region encrypts new EBS volumes by default.",
    (*WHERE, flag("enabled", "Encryption by default is on", "ec2 GetEbsEncryptionByDefault")),
    key=("account_id", "region"),
    filled_by=("encryption_by_default",),
)

DEFAULT_KEYS = Frame(
    "default_keys",
    "The KMS key one region uses for EBS where none is named.",
    (*WHERE, text("key_arn", "Key ARN or alias", "ec2 GetEbsDefaultKmsKeyId")),
    key=("account_id", "region"),
    filled_by=("default_keys",),
)

ALLOWED_IMAGES = Frame(
    "allowed_images",
    "The allowed-images setting of one region.",
    (
        *WHERE,
        text("state", "disabled, audit-mode or enabled", "ec2 GetAllowedImagesSettings"),
        text("managed_by", "account or declarative-policy", "ec2 GetAllowedImagesSettings"),
    ),
    key=("account_id", "region"),
    filled_by=("allowed_images",),
)

SNAPSHOTS = Frame(
    "snapshots",
    "One EBS snapshot that the account owns. Snapshots in the Recycle Bin are not here.",
    (
        *WHERE,
        text("snapshot_id", "The snapshot, snap-…", "ec2 DescribeSnapshots"),
        text("name", "Value of its Name tag"),
        text("owner_id", "Owning account"),
        text("description", "Free text; set by AWS or by people, a hint and never proof"),
        text("volume_id", "Source volume; arbitrary (vol-ffffffff) on copies and imports: never join those"),
        integer("volume_size_gib", "Size of the volume, not what is stored", "VolumeSize", "GiB"),
        integer(
            "full_size_bytes",
            "All blocks written to the volume when the snapshot was taken; not the increment. Missing on old snapshots",
            "FullSnapshotSizeInBytes",
            "bytes",
        ),
        text("storage_tier", "standard or archive"),
        moment(
            "restore_expires_at", "When a temporarily restored snapshot returns to the archive", "RestoreExpiryTime"
        ),
        moment("started_at", "Point in time of the data; for a copy, when it was copied", "StartTime"),
        moment("completed_at", "When it became usable", "CompletionTime"),
        text("state", "pending, completed, error, recoverable or recovering"),
        text("state_message", "Why an asynchronous copy failed", "StateMessage"),
        integer("progress_percent", "Progress while pending", "Progress", "percent"),
        flag("encrypted", "Encrypted at rest"),
        text("kms_key_arn", "KMS key", "KmsKeyId"),
        text("data_encryption_key_id", "Equal on snapshots of one lineage; encrypted ones only", "DataEncryptionKeyId"),
        text("transfer_type", "standard or time-based; copies only"),
        integer("completion_duration_minutes", "Promised duration of a time-based copy", "", "minutes"),
        text("outpost_arn", "Outpost that holds it; other prices apply"),
        text("availability_zone", "Local Zone that holds it"),
    ),
    key=("account_id", "region", "snapshot_id"),
    filled_by=("snapshots",),
    noun="snapshot",
)

IMAGES = Frame(
    "images",
    "One AMI that the account owns, deprecated and disabled ones included. Those in the Recycle Bin are not here.",
    (
        *WHERE,
        text("image_id", "The image, ami-…", "ec2 DescribeImages, IncludeDisabled and IncludeDeprecated"),
        text("name", "Image name"),
        text("name_tag", "Value of its Name tag"),
        text("description", "Free text"),
        text("owner_id", "Owning account"),
        text("owner_alias", "amazon, aws-backup-vault or aws-marketplace"),
        text("state", "available, disabled, pending, invalid, transient, failed, error"),
        text("state_reason", "Why it failed", "StateReason.Message"),
        flag("is_public", "Launch permission for everybody", "Public"),
        moment("created_at", "Creation", "CreationDate"),
        moment("deprecated_at", "Deprecated from then on; may lie ahead", "DeprecationTime"),
        moment("last_launched_at", "Last launch, a day late, since April 2017", "LastLaunchedTime"),
        text("architecture", "i386, x86_64, arm64, …"),
        text("platform", "windows or missing"),
        text("platform_details", "Billing platform, e.g. Windows with SQL Server Standard"),
        text("usage_operation", "Billing operation, e.g. RunInstances:0002"),
        text("virtualization_type", "hvm or paravirtual"),
        text("hypervisor", "xen, ovm"),
        text("kernel_id", "Kernel of a paravirtual image, aki-…"),
        text("ramdisk_id", "Ramdisk of a paravirtual image, ari-…"),
        text("root_device_type", "ebs or instance-store"),
        text("root_device_name", "e.g. /dev/sda1"),
        text("image_location", "Owner and name, or the S3 manifest of an instance-store image"),
        text("image_type", "machine, kernel or ramdisk"),
        text("boot_mode", "legacy-bios, uefi, uefi-preferred"),
        text("tpm_support", "v2.0 or missing"),
        text("imds_support", "v2.0 or missing"),
        flag("ena_support", "Enhanced networking"),
        text("sriov_net_support", "simple or missing"),
        text("source_image_id", "Image it was copied or made from; survives that one's deregistration"),
        text("source_image_region", "Region of that image"),
        text("source_instance_id", "Instance it was made from by CreateImage"),
        text("deregistration_protection", "disabled, enabled-with-cooldown, …"),
        flag("allowed", "Allowed by the allowed-images setting", "ImageAllowed"),
    ),
    key=("account_id", "region", "image_id"),
    filled_by=("images",),
    noun="image",
)

IMAGE_BLOCK_DEVICES = Frame(
    "image_block_devices",
    "One block device mapping of one own image; the edge from image to snapshot.",
    (
        *WHERE,
        text("image_id", "The image"),
        text("device_name", "e.g. /dev/sda1"),
        text("snapshot_id", "Snapshot behind the device; missing on empty and ephemeral devices", "Ebs.SnapshotId"),
        integer("volume_size_gib", "Size of the volume it makes", "", "GiB"),
        text("volume_type", "gp3, io2, …"),
        flag("encrypted", "Whether a launch encrypts; the stored snapshot's own flag may differ"),
        flag("delete_on_termination", "Volume goes with the instance"),
        text("virtual_name", "ephemeral0, … for instance-store devices"),
        text("no_device", "Set where a device is suppressed", "NoDevice"),
    ),
    filled_by=("images",),
)

PRODUCT_CODES = Frame(
    "product_codes",
    "One product code of one own image.",
    (
        *WHERE,
        text("image_id", "The image"),
        text("product_code", "The code", "ProductCodeId"),
        text("product_code_type", "marketplace or devpay", "ProductCodeType"),
    ),
    filled_by=("images",),
)

VOLUMES = Frame(
    "volumes",
    "One EBS volume of the account.",
    (
        *WHERE,
        text("volume_id", "The volume, vol-…", "ec2 DescribeVolumes"),
        text("name", "Value of its Name tag"),
        integer("size_gib", "Provisioned size", "Size", "GiB"),
        text("volume_type", "gp3, io2, …"),
        integer("iops", "Provisioned IOPS"),
        integer("throughput_mib_per_s", "Provisioned throughput", "Throughput", "MiB/s"),
        text("state", "creating, available, in-use, deleting, deleted, error"),
        moment("created_at", "Creation", "CreateTime"),
        flag("encrypted", "Encrypted at rest"),
        text("kms_key_arn", "KMS key"),
        text("source_snapshot_id", "Snapshot it was made from; never a backup of it", "SnapshotId"),
        text("availability_zone", "Zone"),
        flag("multi_attach", "May be attached to several instances", "MultiAttachEnabled"),
        text("outpost_arn", "Outpost that holds it"),
    ),
    key=("account_id", "region", "volume_id"),
    filled_by=("volumes",),
    noun="volume",
)

ATTACHMENTS = Frame(
    "attachments",
    "One attachment of a volume to an instance.",
    (
        *WHERE,
        text("volume_id", "The volume"),
        text("instance_id", "The instance"),
        text("device", "e.g. /dev/xvda"),
        text("state", "attaching, attached, detaching, detached, busy"),
        moment("attached_at", "Since when", "AttachTime"),
        flag("delete_on_termination", "Volume goes with the instance"),
    ),
    filled_by=("volumes",),
)

INSTANCES = Frame(
    "instances",
    "One instance, stopped ones included.",
    (
        *WHERE,
        text("instance_id", "The instance, i-…", "ec2 DescribeInstances"),
        text("name", "Value of its Name tag"),
        text("image_id", "Image it was launched from"),
        text("state", "pending, running, stopping, stopped, shutting-down, terminated"),
        moment("launched_at", "Last launch", "LaunchTime"),
        text("platform_details", "Billing platform"),
        text("usage_operation", "Billing operation"),
        text("architecture", "x86_64, arm64, …"),
        text("virtualization_type", "hvm or paravirtual"),
        text("kernel_id", "Kernel, paravirtual only"),
        text("root_device_name", "e.g. /dev/xvda"),
        text("root_device_type", "ebs or instance-store"),
        text("lifecycle", "spot, scheduled or missing", "InstanceLifecycle"),
    ),
    key=("account_id", "region", "instance_id"),
    filled_by=("instances",),
    noun="instance",
)

KMS_KEYS = Frame(
    "kms_keys",
    "One KMS key that a snapshot, image or volume of the region names.",
    (
        *WHERE,
        text("key_arn", "The key as the resources name it"),
        text("key_account_id", "Account that owns the key"),
        text("manager", "AWS or CUSTOMER; what AWS manages cannot be shared", "kms DescribeKey KeyManager"),
        text("state", "Enabled, Disabled, PendingDeletion, …; NotFound where it is gone; missing where refused"),
        moment("deletion_at", "When a key pending deletion goes", "DeletionDate"),
        text("error_code", "AWS's answer where the key could not be described"),
    ),
    key=("account_id", "region", "key_arn"),
    filled_by=("kms_keys",),
)

SNAPSHOT_TAGS = _tags("snapshot", "snapshots")
IMAGE_TAGS = _tags("image", "images")
VOLUME_TAGS = _tags("volume", "volumes")
INSTANCE_TAGS = _tags("instance", "instances")

FRAMES = (
    ACCOUNTS,
    DIRECTORY,
    REGIONS,
    SNAPSHOT_BLOCK_PUBLIC_ACCESS,
    IMAGE_BLOCK_PUBLIC_ACCESS,
    ENCRYPTION_BY_DEFAULT,
    DEFAULT_KEYS,
    ALLOWED_IMAGES,
    SNAPSHOTS,
    SNAPSHOT_TAGS,
    IMAGES,
    IMAGE_TAGS,
    IMAGE_BLOCK_DEVICES,
    PRODUCT_CODES,
    VOLUMES,
    VOLUME_TAGS,
    ATTACHMENTS,
    INSTANCES,
    INSTANCE_TAGS,
    KMS_KEYS,
)
