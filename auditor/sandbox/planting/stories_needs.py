"""What is needed where few look: pipelines, fast launch, overrides of groups, legal holds; and copies that outlive."""

from __future__ import annotations

from datetime import timedelta

from auditor.sandbox.model import Row
from auditor.sandbox.planting.image_truth import note_launched
from auditor.sandbox.planting.images import built, group, parameter, template
from auditor.sandbox.planting.names import ROLES, SERVICES, VENDOR, image_name
from auditor.sandbox.planting.pipelines import build_arn, container_recipe, pipeline, recipe
from auditor.sandbox.planting.plot import NO_VOLUME, Plot, Telling


def _image(plot: Plot, days: float, what: str = "") -> str:
    """The name of an image made so many days ago."""
    return image_name(plot.rng, what or f"{plot.rng.choice(SERVICES)}-{plot.rng.choice(ROLES)}", plot.ago(days))


def _name(plot: Plot, what: str) -> str:
    return f"{what}-{plot.rng.getrandbits(28):07x}"


def recipes(plot: Plot) -> None:
    """Images that only Image Builder wants: as a parent by id, through a parameter and by the ARN of an own build.

    One is the parent of an older version of a recipe that no pipeline builds; one the instance image of a container;
    one the parent of a vendor's recipe that an own pipeline builds, which is switched off and can be run by hand.
    """
    service, key = _name(plot, "base"), plot.keys.enabled
    older, newer = (
        built(plot, _image(plot, days, "parent"), days, key=key, use=use)
        for days, use in ((320, "old"), (230, "current"))
    )
    recipe(plot, service, older.image_id)
    arn = recipe(plot, service, newer.image_id, version="1.1.0")
    pipeline(plot, f"{service}-weekly", arn)
    held = built(plot, _image(plot, 240, "parameter"), 240, key=key, use="current")
    name = parameter(plot, f"/parents/{plot.rng.getrandbits(32):08x}", held.image_id, data_type="text")
    recipe(plot, _name(plot, "looked-up"), f"ssm:{name}")
    chained = _name(plot, "chained")
    for days, version, use in ((250, "1.0.0", "none"), (200, "1.2.0", "current")):
        tags = {"CreatedBy": "EC2 Image Builder", "Ec2ImageBuilderArn": build_arn(plot, chained, version)}
        made_by = "image-builder likely"
        built(plot, _image(plot, days, "built"), days, key=key, use=use, origin=made_by, tags=tags)
    recipe(plot, f"on-{chained}", build_arn(plot, chained, "1.x.x").rpartition("/")[0])
    inside = built(plot, _image(plot, 210, "docker"), 210, key=key, use="current")
    pipeline(plot, _name(plot, "containers"), container_recipe(plot, _name(plot, "container"), inside.image_id))
    lent = built(plot, _image(plot, 260, "lent"), 260, key=key, use="current")
    theirs = recipe(plot, _name(plot, "vendor"), lent.image_id, owner=VENDOR)
    pipeline(plot, _name(plot, "by-hand"), theirs, status="DISABLED")
    recipe(plot, _name(plot, "amazon"), f"arn:aws:imagebuilder:{plot.here.name}:aws:image/amazon-linux-2023-x86/x.x.x")


def recipe_devices(plot: Plot) -> None:
    """A snapshot of a volume that is gone, which a recipe makes a disk of: needed as long as a pipeline builds that."""
    of = plot.lineage(30, plot.usual_key())
    snapshot_id = plot.snapshot(of, plot.ago(140), description="tools for builds", tags={"Name": "tools"})
    made = built(plot, _image(plot, 60, "tooled"), 60, key=plot.keys.enabled, use="current")
    name = _name(plot, "tooled")
    pipeline(plot, f"{name}-weekly", recipe(plot, name, made.image_id, snapshots=[snapshot_id]))


def fast_launched(plot: Plot) -> None:
    """Windows images that nothing names but fast launch, enabled for one and being switched off for another."""
    windows: dict[str, object] = {
        "Platform": "windows",
        "PlatformDetails": "Windows",
        "UsageOperation": "RunInstances:0002",
    }
    for days, state, use in ((180, "enabled", "current"), (190, "disabling", "none")):
        name = _image(plot, days, "windows")
        made = built(plot, name, days, key=plot.keys.enabled, use=use, **windows)  # type: ignore[arg-type]
        row: Row = {
            "ImageId": made.image_id,
            "ResourceType": "snapshot",
            "SnapshotConfiguration": {"TargetResourceCount": 5},
            "MaxParallelLaunches": 6,
            "OwnerId": plot.here.account_id,
            "State": state,
            "StateTransitionReason": "Client.UserInitiated",
            "StateTransitionTime": plot.ago(30),
        }
        plot.here.fast_launches[made.image_id] = row
    of = plot.lineage(30, plot.usual_key())
    plot.snapshot(
        of,
        plot.ago(45),
        description=f"This is Fast Launch snapshot for image {made.image_id}",
        tags={"CreatedBy": "EC2 Fast Launch"},
    )


def overrides(plot: Plot) -> None:
    """Images that only an override of a mixed instances policy launches, by id and by a template of its own."""
    key = plot.keys.enabled
    usual, arm, own = (
        built(plot, _image(plot, days, what), days, key=key, use="current")
        for days, what in ((150, "mixed"), (155, "override"), (160, "spot"))
    )
    base = template(plot, _name(plot, "mixed"), [usual.image_id], default=1)
    spot = template(plot, _name(plot, "spot"), [own.image_id, own.image_id], default=1)
    name = _name(plot, "asg")
    group(plot, name, template_id=base, version="$Latest", mixed=True)
    mixed = plot.here.auto_scaling_groups[name]["MixedInstancesPolicy"]["LaunchTemplate"]
    specification = {"LaunchTemplateId": spot, "Version": "2"}
    mixed["Overrides"] = [
        {"InstanceType": "m7g.large", "ImageId": arm.image_id},
        {"InstanceType": "m6i.large", "LaunchTemplateSpecification": specification},
        {"InstanceType": "m6a.large"},
    ]
    note_launched(plot, arm.image_id)


def legal_holds(plot: Plot) -> None:
    """Recovery points of volumes that are gone, one under a legal hold, one under a hold that is over."""
    vault = _name(plot, "litigation")
    plot.here.backup_vaults[vault] = {
        "BackupVaultName": vault,
        "BackupVaultArn": plot.arn("backup", f"backup-vault:{vault}"),
        "VaultType": "BACKUP_VAULT",
        "VaultState": "AVAILABLE",
        "CreationDate": plot.ago(900),
        "EncryptionKeyArn": plot.keys.enabled,
        "NumberOfRecoveryPoints": 2,
        "Locked": False,
    }
    for rule in ("vault_unlocked", "vault_deletion_allowed"):
        plot.note(rule, vault)
    for days, status in ((410, "ACTIVE"), (420, "CANCELED")):
        of, started = plot.lineage(25, plot.keys.enabled), plot.ago(days)
        text = "This snapshot is created by the AWS Backup service."
        tags = {"aws:backup:source-resource": of.volume_id}
        snapshot_id = plot.snapshot(of, started, description=text, tags=tags, kept="recovery point")
        arn = f"arn:{plot.organisation.partition}:ec2:{plot.here.name}::snapshot/{snapshot_id}"
        point: Row = {
            "RecoveryPointArn": arn,
            "ResourceArn": plot.arn("ec2", f"volume/{of.volume_id}"),
            "ResourceType": "EBS",
            "BackupVaultName": vault,
        }
        plot.here.recovery_points[vault][arn] = point | {
            "BackupVaultArn": plot.arn("backup", f"backup-vault:{vault}"),
            "Status": "COMPLETED",
            "CreationDate": started,
            "CompletionDate": started + timedelta(minutes=40),
            "BackupSizeInBytes": of.size_gib << 30,
            "IsEncrypted": True,
            "EncryptionKeyArn": of.key,
            "VaultType": "BACKUP_VAULT",
        }
        hold_id = plot.uuid()
        hold: Row = {
            "LegalHoldId": hold_id,
            "LegalHoldArn": plot.arn("backup", f"legal-hold:{hold_id}"),
            "Title": plot.hostile("Case 4711"),
            "Status": status,
            "Description": "what counsel asked for",
            "CreationDate": plot.ago(100),
        }
        if status == "CANCELED":
            hold["CancellationDate"] = plot.ago(10)
        plot.here.legal_holds[hold_id] = hold
        plot.here.legal_hold_points[hold_id] = [point]


def outlived_copies(plot: Plot) -> None:
    """Copies within the region: the source of two is deleted, of one in the Recycle Bin's reach of nobody; one lives.

    Of another series the last copy is days old: somebody goes on making them, and sees to the old ones.
    """
    of = plot.lineage(24, plot.keys.enabled)
    for days in (95, 70):
        text = f"[Copied {plot.new('snap')} from {plot.here.name}] release data"
        plot.snapshot(of, plot.ago(days), description=text, volume_id=NO_VOLUME, orphan="source_withdrawn")
    source = plot.snapshot(of, plot.ago(20), description="next release", volume_id=NO_VOLUME)
    text = f"[Copied {source} from {plot.here.name}] next release"
    plot.snapshot(of, plot.ago(19), description=text, volume_id=NO_VOLUME)
    for days in (80, 45, 4):
        text = f"[Copied {plot.new('snap')} from {plot.here.name}] every month"
        plot.snapshot(of, plot.ago(days), description=text, volume_id=NO_VOLUME)


#: Stories of needs.
STORIES: tuple[Telling, ...] = (
    (recipes, 0, 0),
    (recipe_devices, 0, 0),
    (fast_launched, 0, 0),
    (overrides, 0, 0),
    (legal_holds, 0, 0),
    (outlived_copies, 0, 1),
)
