"""The organisation the sandbox serves, kept in the shapes that AWS answers in.

Tables hold dictionaries shaped like botocore's output members (``Snapshot``, ``Image``, ``Volume``, …) with
timezone-aware datetimes where the API has timestamps and strings where it has strings. Whoever plants fills the
tables; whoever serves filters, pages and wraps them. Nothing here analyses anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auditor.sandbox.blocks import Held

Row = dict[str, Any]
Table = dict[str, Row]

#: Account, region and resource id, with a discriminator where a rule makes several findings on one resource.
Key = tuple[str, ...]


@dataclass
class Region:
    """Everything that one account has in one region."""

    account_id: str
    name: str
    # EC2: by id, in the shape of the Describe answers
    snapshots: Table = field(default_factory=dict)
    snapshot_permissions: dict[str, list[Row]] = field(default_factory=dict)  # CreateVolumePermission members
    images: Table = field(default_factory=dict)
    image_permissions: dict[str, list[Row]] = field(default_factory=dict)  # LaunchPermission members
    volumes: Table = field(default_factory=dict)
    instances: Table = field(default_factory=dict)
    launch_templates: Table = field(default_factory=dict)
    launch_template_versions: dict[str, list[Row]] = field(default_factory=dict)  # by template id, oldest first
    fast_restores: list[Row] = field(default_factory=list)
    locks: Table = field(default_factory=dict)  # LockedSnapshotsInfo, by snapshot id
    tier_statuses: Table = field(default_factory=dict)  # SnapshotTierStatus, by snapshot id
    binned_snapshots: Table = field(default_factory=dict)  # SnapshotRecycleBinInfo
    binned_images: Table = field(default_factory=dict)  # ImageRecycleBinInfo
    binned_volumes: Table = field(default_factory=dict)  # VolumeRecycleBinInfo
    fast_launches: Table = field(default_factory=dict)  # DescribeFastLaunchImagesSuccessItem, by image id
    snapshot_block_public_access: Row = field(default_factory=lambda: {"State": "unblocked", "ManagedBy": "account"})
    image_block_public_access: Row = field(
        default_factory=lambda: {"ImageBlockPublicAccessState": "unblocked", "ManagedBy": "account"}
    )
    allowed_images: Row = field(default_factory=lambda: {"State": "disabled", "ManagedBy": "account"})
    encryption_by_default: bool = False
    default_key: str = "alias/aws/ebs"
    # other services
    # KeyMetadata, by key ARN. One of this account that is not here is gone.
    kms_keys: Table = field(default_factory=dict)
    # by key ARN, the accounts that its policy lets describe it; its own always may, everybody else is denied
    key_readers: dict[str, frozenset[str]] = field(default_factory=dict)
    key_policies: Table = field(default_factory=dict)  # policies, by key ARN; without one the account alone is let in
    key_grants: dict[str, list[Row]] = field(default_factory=dict)  # GrantListEntry, by key ARN
    launch_configurations: Table = field(default_factory=dict)
    auto_scaling_groups: Table = field(default_factory=dict)
    parameters: Table = field(default_factory=dict)  # Parameter, by name, with DataType
    lifecycle_policies: Table = field(default_factory=dict)  # LifecyclePolicy
    backup_plans: Table = field(default_factory=dict)  # GetBackupPlan answers, by plan id
    # earlier versions, by plan id, by version id
    backup_plan_versions: dict[str, Table] = field(default_factory=lambda: defaultdict(dict))
    backup_selections: dict[str, Table] = field(default_factory=lambda: defaultdict(dict))  # GetBackupSelection answers
    backup_vaults: Table = field(default_factory=dict)  # BackupVaultListMember
    recovery_points: dict[str, Table] = field(default_factory=lambda: defaultdict(dict))  # by vault, by ARN
    backup_jobs: Table = field(default_factory=dict)
    backup_vault_policies: dict[str, str] = field(default_factory=dict)  # by vault, as JSON; none where there is none
    restore_jobs: Table = field(default_factory=dict)  # RestoreJobsListMember
    copy_jobs: Table = field(default_factory=dict)  # CopyJob
    report_plans: Table = field(default_factory=dict)  # ReportPlan, by name
    backup_opt_ins: dict[str, bool] = field(default_factory=lambda: {"EBS": True, "EC2": True})
    legal_holds: Table = field(default_factory=dict)  # LegalHold
    # RecoveryPointMember, by hold
    legal_hold_points: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    bin_rules: Table = field(default_factory=dict)  # GetRule answers, by identifier
    analyzers: Table = field(default_factory=dict)  # AnalyzerSummary, by ARN; what they find follows from permissions
    archived_findings: set[str] = field(default_factory=set)  # snapshots whose finding somebody archived
    resolved_findings: set[str] = field(default_factory=set)  # snapshots that were shared once
    unanalysed: set[str] = field(default_factory=set)  # snapshots shared too lately for analyzers to know
    image_recipes: Table = field(default_factory=dict)  # ImageRecipe, by ARN
    container_recipes: Table = field(default_factory=dict)  # ContainerRecipe, by ARN
    shared_recipes: Table = field(default_factory=dict)  # recipes of others that may be read, by ARN
    image_pipelines: Table = field(default_factory=dict)  # ImagePipeline, by ARN
    trail_events: Table = field(default_factory=dict)  # Event of CloudTrail, by id
    # blocks, for EBS direct listings and the bill: ask auditor.sandbox.blocks, which spells them out
    blocks: dict[str, Held] = field(default_factory=dict)  # by snapshot id
    binned_rows: Table = field(default_factory=dict)  # what binned snapshots, images and volumes were before, by id


@dataclass
class Account:
    """One member of the organisation."""

    account_id: str
    name: str
    state: str = "ACTIVE"
    ou_id: str = ""
    joined_at: datetime | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Organisation:
    """A seeded organisation at a moment in time, and what was planted in it.

    Attributes:
        now: The organisation's present; every planted time lies relative to it.
        management_id: The management account; the only one that answers Organizations calls.
        units: Organizational unit id to (name, parent id); the root's parent is empty.
        regions: Region name to opt-in status for every account.
        roles: Role names that may be assumed in every account, with the external id they demand.
        lists_blocked_public: Whether the owner's ``DescribeSnapshots(RestorableByUserIds=["all"])`` still lists public
            snapshots under ``block-all-sharing``; AWS does not document which.
        lists_default_policies: Whether ``GetLifecyclePolicies`` without ``DefaultPolicyType`` lists default policies
            too; AWS does not document which.
        other_places: What others outside the organisation have, as far as it is shared with somebody here.
        other_images: By region, images of owners outside the organisation as far as somebody here runs on them.
        truth: Rule id to the keys planted for it, written down while planting.
        origins: What made every image, and those snapshots whose story tells: origin and how sure that is.
    """

    seed: int
    now: datetime
    organisation_id: str
    management_id: str
    partition: str = "aws"
    accounts: dict[str, Account] = field(default_factory=dict)
    units: dict[str, tuple[str, str]] = field(default_factory=dict)
    regions: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str | None] = field(default_factory=dict)
    places: dict[tuple[str, str], Region] = field(default_factory=dict)
    lists_blocked_public: bool = False
    lists_default_policies: bool = False
    other_places: dict[tuple[str, str], Region] = field(default_factory=dict)
    other_images: dict[str, Table] = field(default_factory=lambda: defaultdict(dict))
    truth: dict[str, set[Key]] = field(default_factory=lambda: defaultdict(set))
    origins: dict[Key, tuple[str, str]] = field(default_factory=dict)

    def place(self, account_id: str, region: str) -> Region:
        """What an account has in a region; empty where nothing was planted."""
        # handlers ask for every row they judge; making a Region to throw away costs more than the rest of the look
        found = self.places.get((account_id, region))
        return self.places.setdefault((account_id, region), Region(account_id, region)) if found is None else found

    def __iter__(self) -> Iterator[Region]:
        """Every region of every account that holds something."""
        return iter(self.places.values())
