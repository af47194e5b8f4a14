"""Every edge between resources that the frames show: what maps, names, holds, was made from or copied from what.

An edge runs from what needs to what is needed, or from what was made to what it was made from. It lies where it was
read; its other end may be in another account, and in the region ``to_region``, as ids are regional.

Where images come from is told by their own SourceImageId, one step at a time. GetImageAncestry would go on beyond the
accounts that were read, up to Amazon's own image, at a request an image; nothing here needs what lies there.
"""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from auditor.analysis.origins import PLACEHOLDER_VOLUME
from auditor.frames import FRAMES, PANDAS

__all__ = ["references_graph"]

#: What CopySnapshot and CopyImage write on the snapshots they make (Amazon EBS User Guide, "Copy an Amazon EBS
#: snapshot"; Amazon EC2 User Guide, "Deregister an AMI").
_COPIED: Final = r"^\[Copied (?P<source>snap-[0-9a-f]+) from (?P<region>[a-z0-9-]+)\]"
_COPIED_FOR: Final = r" for SourceSnapshot (?P<source>snap-[0-9a-f]+)\."

_WORDS: Final = "description"


def references_graph(
    snapshots: pd.DataFrame,
    snapshot_origins: pd.DataFrame,
    images: pd.DataFrame,
    image_block_devices: pd.DataFrame,
    volumes: pd.DataFrame,
    attachments: pd.DataFrame,
    instances: pd.DataFrame,
    image_references: pd.DataFrame,
    snapshot_references: pd.DataFrame,
    auto_scaling_groups: pd.DataFrame,
    recovery_points: pd.DataFrame,
    lifecycle_policies: pd.DataFrame,
    fast_restores: pd.DataFrame,
    snapshot_locks: pd.DataFrame,
    image_pipelines: pd.DataFrame,
    legal_holds: pd.DataFrame,
    legal_hold_points: pd.DataFrame,
) -> pd.DataFrame:
    """One row per edge; see the frame ``references_graph`` for the columns."""
    parts = [
        *_of_snapshots(snapshots, snapshot_origins, lifecycle_policies),
        *_of_images(images, image_block_devices),
        *_of_machines(volumes, attachments, instances, auto_scaling_groups),
        _named("image", image_references),
        _named("snapshot", snapshot_references),
        *_held(recovery_points),
        *_retained(legal_holds, legal_hold_points),
        *_built(image_pipelines),
        _edges(
            fast_restores,
            ("fast-restore", "availability_zone"),
            ("snapshot", "snapshot_id"),
            "restores",
            "ec2 DescribeFastSnapshotRestores",
            strength="state",
        ),
        _edges(
            snapshot_locks.assign(lock=snapshot_locks["snapshot_id"]),
            ("lock", "lock"),
            ("snapshot", "snapshot_id"),
            "locks",
            "ec2 DescribeLockedSnapshots",
            strength="lock_state",
        ),
    ]
    return FRAMES["references_graph"].conform(pd.concat(parts, ignore_index=True))


def _edges(
    rows: pd.DataFrame,
    start: tuple[str, str],
    end: tuple[str, str],
    kind: str,
    seen_by: str,
    *,
    strength: str = "",
    detail: str = "",
    to_region: str = "region",
) -> pd.DataFrame:
    """An edge for each row that has both ends; ends, strength, detail and region are given as columns of it."""
    there = rows[rows[start[1]].notna() & rows[end[1]].notna()]
    nothing = pd.Series(pd.NA, index=there.index, dtype=PANDAS["text"])
    return pd.DataFrame(
        {
            "account_id": there["account_id"],
            "region": there["region"],
            "from_type": start[0],
            "from_id": there[start[1]],
            "to_type": end[0],
            "to_id": there[end[1]],
            "to_region": there[to_region],
            "kind": kind,
            "strength": there[strength] if strength else nothing,
            "detail": there[detail] if detail else nothing,
            "seen_by": seen_by,
        }
    )


def _of_snapshots(snapshots: pd.DataFrame, origins: pd.DataFrame, policies: pd.DataFrame) -> list[pd.DataFrame]:
    """What snapshots were taken of, copied from and made for, and the policies that made them."""
    call = "ec2 DescribeSnapshots"
    real = snapshots["volume_id"].notna() & ~snapshots["volume_id"].str.match(PLACEHOLDER_VOLUME).fillna(True)
    known = snapshots.merge(origins, on=["account_id", "region", "snapshot_id"])
    copies = [_copies(known, "copy", _COPIED), _copies(known, "copy-image", _COPIED_FOR)]
    made_for = known[known["origin"].isin(["create-image", "copy-image"])]
    of_policy = known[known["origin"] == "dlm"].merge(
        policies[["account_id", "region", "policy_id", "state"]].rename(columns={"state": "policy_state"}),
        left_on=["account_id", "region", "made_for"],
        right_on=["account_id", "region", "policy_id"],
        how="left",
    )
    of_policy["policy_state"] = of_policy["policy_state"].fillna("gone")
    here = ("snapshot", "snapshot_id")
    return [
        _edges(snapshots[real], here, ("volume", "volume_id"), "taken-of", call),
        *(
            _edges(
                copy,
                here,
                ("snapshot", "source"),
                "copied-from",
                f"{call} {_WORDS}",
                strength="confidence",
                to_region="source_region",
            )
            for copy in copies
        ),
        _edges(
            made_for,
            here,
            ("image", "made_for"),
            "made-for",
            f"{call} {_WORDS}",
            strength="confidence",
            detail="origin",
        ),
        _edges(
            of_policy,
            ("lifecycle-policy", "made_for"),
            here,
            "manages",
            f"{call} tags, dlm GetLifecyclePolicies",
            strength="policy_state",
            detail="evidence",
        ),
    ]


def _copies(known: pd.DataFrame, origin: str, pattern: str) -> pd.DataFrame:
    """Snapshots of one origin with what they say they were copied from; the region is missing where they do not."""
    copied = known[known["origin"] == origin]
    said = copied[_WORDS].str.extract(pattern).astype(PANDAS["text"])
    nowhere = pd.Series(pd.NA, index=copied.index, dtype=PANDAS["text"])
    return copied.assign(source=said["source"], source_region=said.get("region", nowhere))


def _of_images(images: pd.DataFrame, devices: pd.DataFrame) -> list[pd.DataFrame]:
    """What images map, and what they were made from."""
    call = "ec2 DescribeImages"
    mapped = devices.merge(
        images[["account_id", "region", "image_id", "state"]], on=["account_id", "region", "image_id"]
    )
    sources = images.assign(source_region=images["source_image_region"].fillna(images["region"]))
    copied = sources["source_image_region"].notna() | sources[_WORDS].str.startswith("[Copied ami-").fillna(False)
    image, source = ("image", "image_id"), ("image", "source_image_id")
    return [
        _edges(mapped, image, ("snapshot", "snapshot_id"), "maps", call, strength="state", detail="device_name"),
        _edges(sources[copied], image, source, "copied-from", call, to_region="source_region"),
        _edges(sources[~copied], image, source, "made-from", call, to_region="source_region"),
        _edges(images, image, ("instance", "source_instance_id"), "made-from", call),
    ]


def _of_machines(
    volumes: pd.DataFrame, attachments: pd.DataFrame, instances: pd.DataFrame, groups: pd.DataFrame
) -> list[pd.DataFrame]:
    """What volumes were made from and are attached to, what instances were launched from, what groups launch."""
    call = "ec2 DescribeVolumes"
    volume, instance = ("volume", "volume_id"), ("instance", "instance_id")
    return [
        _edges(volumes, volume, ("snapshot", "source_snapshot_id"), "created-from", call, strength="state"),
        _edges(attachments, instance, volume, "attaches", call, strength="state", detail="device"),
        _edges(instances, instance, ("image", "image_id"), "launched-from", "ec2 DescribeInstances", strength="state"),
        _edges(
            groups,
            ("auto-scaling-group", "name"),
            ("launch-configuration", "launch_configuration"),
            "launches",
            "autoscaling DescribeAutoScalingGroups",
        ),
    ]


def _named(thing: str, references: pd.DataFrame) -> pd.DataFrame:
    """What names an image or a snapshot, as the collectors graded it."""
    column = f"{thing}_id"
    there = references[references["referrer_id"].notna() & references[column].notna()]
    columns: dict[str, Any] = {
        "account_id": there["account_id"],
        "region": there["region"],
        "from_type": there["referrer_type"],
        "from_id": there["referrer_id"],
        "to_type": thing,
        "to_id": there[column],
        "to_region": there["region"],
        "kind": "names",
        "strength": there["strength"],
        "detail": there["detail"],
        "seen_by": there["seen_by"],
    }
    return pd.DataFrame(columns)


def _built(pipelines: pd.DataFrame) -> list[pd.DataFrame]:
    """The recipes that pipelines build."""
    return [
        _edges(
            pipelines[pipelines["recipe_arn"].str.contains(f":{kind}/", regex=False).fillna(False)],
            ("image-pipeline", "pipeline_arn"),
            (kind, "recipe_arn"),
            "builds",
            "imagebuilder ListImagePipelines",
            strength="status",
            detail="schedule_expression",
        )
        for kind in ("image-recipe", "container-recipe")
    ]


def _retained(holds: pd.DataFrame, points: pd.DataFrame) -> list[pd.DataFrame]:
    """What legal holds keep, as long as they last."""
    keys = ["account_id", "region", "hold_id"]
    lasting = holds.loc[holds["status"].ne("CANCELED").fillna(True), [*keys, "status"]]
    held = points.merge(lasting, on=keys)
    return [
        _edges(
            held[held["recovery_id"].str.startswith(start).fillna(False)],
            ("legal-hold", "hold_id"),
            (thing, "recovery_id"),
            "retains",
            "backup ListRecoveryPointsByLegalHold",
            strength="status",
            detail="vault_name",
        )
        for thing, start in (("snapshot", "snap-"), ("image", "ami-"))
    ]


def _held(points: pd.DataFrame) -> list[pd.DataFrame]:
    """What recovery points are, and of what they are backups."""
    call = "backup ListRecoveryPointsByBackupVault"
    point = ("recovery-point", "recovery_point_arn")
    said: dict[str, Any] = {"strength": "status", "detail": "vault_name"}
    parts = [
        _edges(
            points[points["recovery_id"].str.startswith(start).fillna(False)],
            point,
            (thing, "recovery_id"),
            "holds",
            call,
            **said,
        )
        for thing, start in (("snapshot", "snap-"), ("image", "ami-"))
    ]
    parts += [
        _edges(
            points[points["resource_id"].str.startswith(start).fillna(False)],
            point,
            (thing, "resource_id"),
            "backs-up",
            call,
            **said,
        )
        for thing, start in (("volume", "vol-"), ("instance", "i-"))
    ]
    return parts
