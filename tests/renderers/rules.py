"""The rules of the believable run: of each only the words matter."""

from auditor.rule import Rule


def words(name, title, severity, subject, headline, remedy, **more):
    """A rule of which only the words matter."""
    return Rule(
        id=name,
        title=title,
        severity=severity,
        subject=subject,
        headline=headline,
        message="",
        remedy=remedy,
        breaks=more.get("breaks", "Nothing that still works."),
        controls=more.get("controls", {}),
        saves=False,
        reach="partition",
        function=lambda snapshots: snapshots,
        frames=more.get("frames", (subject,)),
        parameters={},
        why=more.get("why", "It matters."),
        how="",
    )


RULES = (
    words(
        "snapshot_public",
        "Snapshot is public",
        "critical",
        "snapshots",
        ("{count} snapshot can be restored by anyone", "{count} snapshots can be restored by anyone"),
        "aws ec2 modify-snapshot-attribute --region {region} --snapshot-id {snapshot_id} --attribute "
        "createVolumePermission --operation-type remove --group-names all",
        frames=("snapshots", "snapshot_public_permissions", "snapshot_block_public_access"),
        controls={"AWS FSBP": ("EC2.1",), "CIS AWS 5.0": ("5.1.1",), "NIST 800-53 r5": ("AC-3", "AC-6", "SC-7")},
        why="Anyone with an AWS account can restore it and read every block, without leaving a trace in your logs.",
        breaks="Accounts that restore it on purpose lose access; share with them by account id first.",
    ),
    words(
        "image_public",
        "Image is public",
        "critical",
        "images",
        ("{count} image can be launched by anyone", "{count} images can be launched by anyone"),
        "aws ec2 modify-image-attribute --region {region} --image-id {image_id} --launch-permission "
        "Remove=[{{Group=all}}]",
        controls={"AWS FSBP": ("EC2.1",)},
        why="Anyone can launch it and read what is on its disks.",
    ),
    words(
        "volume_never_backed_up",
        "Volume was never backed up",
        "high",
        "volumes",
        ("{count} volume has never been backed up", "{count} volumes have never been backed up"),
        "Tag the volume so that a backup plan selects it, or take a snapshot: "
        "aws ec2 create-snapshot --region {region} --volume-id {volume_id}",
        frames=("volumes", "snapshots", "recovery_points"),
        controls={"AWS FSBP": ("EC2.28",), "NIST 800-53 r5": ("CP-9", "SI-12")},
        why="If it is lost, so is what is on it: no snapshot and no recovery point was ever made of it.",
        breaks="Nothing; the first snapshot reads every block once.",
    ),
    words(
        "snapshot_unencrypted",
        "Snapshot is not encrypted",
        "medium",
        "snapshots",
        ("{count} snapshot is not encrypted", "{count} snapshots are not encrypted"),
        "aws ec2 copy-snapshot --region {region} --source-region {region} --source-snapshot-id {snapshot_id} "
        "--encrypted",
        controls={"NIST 800-53 r5": ("SC-28",)},
        why="Its blocks lie in clear text; who may restore it needs no key.",
        breaks="The copy has a new id and is stored in full; images that use the old one keep using it.",
    ),
    words(
        "region_encryption_not_default",
        "Encryption by default is off",
        "medium",
        "regions",
        (
            "{count} region does not encrypt new volumes by default",
            "{count} regions do not encrypt new volumes by default",
        ),
        "aws ec2 enable-ebs-encryption-by-default --region {region}",
        frames=("regions", "encryption_by_default"),
        why="A volume that nobody thought about is written in clear text.",
    ),
    words(
        "snapshot_orphaned",
        "Snapshot is orphaned",
        "low",
        "snapshots",
        ("{count} snapshot belongs to nothing any more", "{count} snapshots belong to nothing any more"),
        "aws ec2 delete-snapshot --region {region} --snapshot-id {snapshot_id}",
        frames=("snapshots", "images", "volumes", "snapshot_origins"),
        why="The volume or image it was made for is gone. Nobody looks after it, and it is paid for every month.",
        breaks="It cannot be undone unless a Recycle Bin rule keeps it.",
    ),
    words(
        "snapshot_failed",
        "Snapshot failed",
        "medium",
        "snapshots",
        ("{count} snapshot failed", "{count} snapshots failed"),
        "aws ec2 delete-snapshot --region {region} --snapshot-id {snapshot_id}",
    ),
    words(
        "image_unused",
        "Image is unused",
        "low",
        "images",
        ("{count} image is used by nothing", "{count} images are used by nothing"),
        "aws ec2 disable-image --region {region} --image-id {image_id}",
        frames=("images", "image_references"),
        why="Nothing launched it for months, and nothing names it.",
    ),
)
