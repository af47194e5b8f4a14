"""What made each snapshot, read from its tags and its description.

Copies lose their ``aws:`` tags, for CopySnapshot does not copy them. What proves and what is a hint is said in
``auditor.analysis.telling``.

The wording is AWS's: Amazon EBS User Guide ("Copy an Amazon EBS snapshot"), Amazon EC2 User Guide ("Deregister an
AMI"), the AWS EBS CSI driver's source, and snapshots as AWS services leave them. The tags are those of the EC2 Image
Builder User Guide ("Tag Image Builder output resources") and of the AWS managed policies that the services' roles
have: EC2FastLaunchServiceRolePolicy, AWSElasticDisasterRecoveryServiceRolePolicy and
AWSApplicationMigrationServiceRolePolicy.
"""

from __future__ import annotations

from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.keys import keys
from auditor.analysis.telling import NOTHING, Mark, Told, Wording, better, described, marked, tagged
from auditor.frames.columns import as_arrow, as_text

__all__ = ["HINTS", "PLACEHOLDER_VOLUME", "PROOFS", "placeholder", "snapshot_origins"]

#: Volume ids that AWS puts on copies and imports; they say nothing of where the data came from.
PLACEHOLDER_VOLUME: Final = r"^vol-f+$"

_WORDINGS: Final = (
    Wording(
        "create-image",
        "Created by CreateImage(",
        r"^Created by CreateImage\(i-[0-9a-f]+\) for (?P<made_for>ami-[0-9a-f]+)(?: from vol-[0-9a-f]+)?$",
    ),
    Wording(
        "copy-image",
        "Copied for DestinationAmi ",
        r"^Copied for DestinationAmi (?P<made_for>ami-[0-9a-f]+) from SourceAmi ami-[0-9a-f]+"
        r" for SourceSnapshot snap-[0-9a-f]+\. Task created on [\d,]+\.$",
    ),
    Wording(
        "aws-backup",
        "This snapshot is created by the AWS Backup service",
        r"^This snapshot is created by the AWS Backup service(?P<made_for>)\.?$",
    ),
    Wording("dlm", "Created for policy: ", r"^Created for policy: (?P<made_for>policy-[0-9a-f]+) schedule: .+$"),
    Wording("copy", "[Copied ", r"^\[Copied (?P<made_for>snap-[0-9a-f]+) from [a-z0-9-]+\]"),
    Wording(
        "vm-import",
        "Created by AWS-VMImport service for ",
        r"^Created by AWS-VMImport service for (?P<made_for>import-(?:ami|snap)-\w+)",
    ),
    Wording(
        "csi",
        "Created by AWS EBS CSI driver for volume ",
        r"^Created by AWS EBS CSI driver for volume (?P<made_for>vol-[0-9a-f]+)",
    ),
    Wording("packer", "Packer: ", r"^Packer: \d{4}-\d\d-\d\d (?P<made_for>)"),
)

#: Tags that only AWS can set. The first that fits wins.
PROOFS: Final = (
    Mark("aws-backup", r"^aws:backup:source-resource(?:-arn)?$", names=True),
    Mark("dlm", r"^aws:dlm:lifecycle-policy-id$", names=True),
    Mark("dlm", r"^aws:dlm:"),
)

#: Tags that services and tools set, and that anybody else can.
HINTS: Final = (
    Mark("dlm", r"^dlm:managed$"),
    Mark("velero", r"^velero\.io/"),
    Mark("drs", r"^AWSElasticDisasterRecoveryManaged$"),
    Mark("mgn", r"^AWSApplicationMigrationServiceManaged$"),
    Mark("csi", r"^(?:ebs\.csi\.aws\.com/|CSIVolumeSnapshotName$)"),
    Mark("fast-launch", r"^CreatedBy$", ("EC2 Fast Launch",)),
    Mark("image-builder", r"^Ec2ImageBuilderArn$", names=True),
    Mark("image-builder", r"^CreatedBy$", ("EC2 Image Builder",)),
)

_KEYS: Final = ["account_id", "region", "snapshot_id"]


def snapshot_origins(snapshots: pd.DataFrame, snapshot_tags: pd.DataFrame) -> pd.DataFrame:
    """One row per snapshot, in the order of ``snapshots``; see the frame ``snapshot_origins`` for the columns.

    An ``aws:`` tag outranks AWS's wording, and that outranks tags that anyone can set. A snapshot without any of
    them is a copy where its volume id is a placeholder, and else taken by hand; both are assumed.
    """
    tags = marked(snapshot_tags, (*PROOFS, *HINTS))
    mine = keys(snapshots, "snapshot_id")
    told = _assumed(as_arrow(snapshots["volume_id"]))
    told = better(told, tagged(mine, tags, "snapshot_id", HINTS, "likely"))
    told = better(told, described(as_arrow(snapshots["description"]), _WORDINGS))
    told = better(told, tagged(mine, tags, "snapshot_id", PROOFS, "proven"))
    columns = {name: as_text(column) for name, column in told.items()}
    return snapshots[_KEYS].reset_index(drop=True).assign(**columns)


def placeholder(volume_ids: pa.Array) -> pa.Array:
    """Whether each volume id is one that says nothing; missing where it is."""
    begins = pc.starts_with(volume_ids, "vol-f")
    return pc.match_substring_regex(volume_ids, PLACEHOLDER_VOLUME) if pc.any(begins).as_py() else begins


def _assumed(volume_ids: pa.Array) -> Told:
    """What is assumed where nothing tells the origin."""
    copy = pc.fill_null(placeholder(volume_ids), False)
    told = {
        "origin": pa.repeat("manual", len(volume_ids)),
        "confidence": pa.repeat("assumed", len(volume_ids)),
        "evidence": pa.nulls(len(volume_ids), pa.string()),
        "made_for": pa.nulls(len(volume_ids), pa.string()),
    }
    if not pc.any(copy).as_py():
        return told
    named = pc.binary_join_element_wise("volume id ", volume_ids, "")
    return told | {"origin": pc.if_else(copy, "copy", "manual"), "evidence": pc.if_else(copy, named, NOTHING)}
