"""What made each image: a service or a tool by its tags and names, a call by the fields that only AWS can set.

The fields are of the EC2 API reference (Image: ImageOwnerAlias, SourceInstanceId, SourceImageId, RootDeviceType,
ProductCodes; DescribeImages). The tags are those of the AWS Backup, Amazon EBS (Data Lifecycle Manager) and EC2 Image
Builder user guides ("Tag Image Builder output resources"); names and words are as the services leave them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.analysis.keys import keys, places
from auditor.analysis.origins import PROOFS
from auditor.analysis.telling import NOTHING, Mark, Told, Wording, better, described, marked, tagged
from auditor.frames.columns import as_arrow, as_text

__all__ = ["image_origins"]

#: Image Builder's own tags. It sets them on the copies that it distributes, too.
_BUILDER: Final = (
    Mark("image-builder", r"^Ec2ImageBuilderArn$", names=True),
    Mark("image-builder", r"^CreatedBy$", ("EC2 Image Builder",)),
)

#: Tags of tools and services, and what people let Packer write of itself: it sets no tag unasked.
_HINTS: Final = (
    Mark("mgn", r"^AWSApplicationMigrationServiceManaged$"),
    Mark("drs", r"^AWSElasticDisasterRecoveryManaged$"),
    Mark("packer", r"(?i)^(?:created|built|managed)[-_ ]?by$", ("packer", "Packer", "HashiCorp Packer")),
    Mark("packer", r"(?i)^packer(?:[-_:/].*)?$"),
)

_NAMES: Final = (
    Wording("aws-backup", "AwsBackup_", r"^AwsBackup_(?P<made_for>i-[0-9a-f]{8,17})_[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]+)+$"),
    Wording("vm-import", "import-ami-", r"^(?P<made_for>import-ami-[0-9a-z]+)$"),
)

_DESCRIPTIONS: Final = (
    Wording(
        "aws-backup",
        "This image is created by the AWS Backup service",
        r"^This image is created by the AWS Backup service(?P<made_for>)\.?$",
    ),
    Wording("vm-import", "AWS-VMImport service: ", r"^AWS-VMImport service: (?P<made_for>)\S"),
)

_COPIES: Final = (
    Wording(
        "copy-image",
        "[Copied ami-",
        r"^\[Copied (?P<made_for>ami-[0-9a-f]+)(?: \([^\]]*\))? from [a-z0-9-]+\]",
    ),
)

#: What snapshots tell of the image that maps them: if it is the image that they were made for, or of any.
_OF_THE_IMAGE: Final = ("create-image", "copy-image")
_OF_ANY: Final = ("packer", "vm-import", "mgn", "drs", "image-builder")

_SOURCE: Final = r"CreateImage\((?P<instance>i-[0-9a-f]+)\)|SourceAmi (?P<image>ami-[0-9a-f]+)"

_KEYS: Final = ["account_id", "region", "image_id"]


def image_origins(
    images: pd.DataFrame,
    image_tags: pd.DataFrame,
    image_block_devices: pd.DataFrame,
    product_codes: pd.DataFrame,
    snapshot_origins: pd.DataFrame,
) -> pd.DataFrame:
    """One row per image, in the order of ``images``; see the frame ``image_origins`` for the columns.

    What is more telling wins, not what is surer: that Image Builder made an image says more than that it called
    CreateImage to do so. A copy is a copy whatever name, words and tags it has taken over from its source; only AWS's
    own tags, which are not copied, and Image Builder's, which distributes by copying, outrank that.
    """
    tags = marked(image_tags, (*PROOFS, *_BUILDER, *_HINTS))
    mine = keys(images, "image_id")
    codes = product_codes[product_codes["product_code_type"].eq("marketplace").fillna(False)]
    product = _looked_up(codes, "image_id", mine, "product_code")
    told = _registered(mine, image_block_devices)
    for more in (
        _fact(pc.is_valid(product), "marketplace", "ProductCodes", product),
        _mapped(mine, image_block_devices, snapshot_origins),
        described(as_arrow(images["description"]), _COPIES),
        _fact(
            _flags(images["root_device_type"].eq("instance-store")),
            "bundle",
            "RootDeviceType",
            images["image_location"],
        ),
        _fact(
            _flags(images["source_instance_id"].notna()),
            "create-image",
            "SourceInstanceId",
            images["source_instance_id"],
        ),
        described(as_arrow(images["description"]), _DESCRIPTIONS),
        described(as_arrow(images["name"]), _NAMES),
        tagged(mine, tags, "image_id", _HINTS, "likely"),
        _fact(_flags(_copied(images)), "copy-image", "SourceImageId", images["source_image_id"]),
        tagged(mine, tags, "image_id", _BUILDER, "likely"),
        _fact(
            _flags(images["owner_alias"].eq("aws-backup-vault")), "aws-backup", "ImageOwnerAlias", images["owner_alias"]
        ),
        tagged(mine, tags, "image_id", PROOFS, "proven"),
    ):
        told = better(told, more)
    made = images[_KEYS].reset_index(drop=True)
    made_from = told.pop("made_for")
    columns = {name: as_text(column) for name, column in told.items()}
    return made.assign(**columns, made_from=as_text(made_from), product_code=as_text(product))


def _copied(images: pd.DataFrame) -> pd.Series[Any]:
    """Copies, and images restored from S3: what CreateImage made names its instance beside the source image."""
    return images["source_image_id"].notna() & images["source_instance_id"].isna()


def _flags(series: pd.Series[Any]) -> pa.Array:
    return pa.array(series.fillna(False).to_numpy(bool))


def _fact(fits: pa.Array, origin: str, field: str, named: pd.Series[Any] | pa.Array) -> Told | None:
    """What a field of DescribeImages tells where it fits."""
    if not pc.any(fits).as_py():
        return None
    named = as_arrow(named) if isinstance(named, pd.Series) else named
    return {
        "origin": pc.if_else(fits, origin, NOTHING),
        "confidence": pc.if_else(fits, "proven", NOTHING),
        "evidence": pc.if_else(fits, f"DescribeImages {field}", NOTHING),
        "made_for": pc.if_else(fits, NOTHING if origin in ("aws-backup", "marketplace") else named, NOTHING),
    }


def _registered(images: pa.Array, devices: pd.DataFrame) -> Told:
    """What is assumed where nothing else tells: somebody registered it from a snapshot, if it has one."""
    held = devices[devices["snapshot_id"].notna()]
    snapshot = _looked_up(held, "image_id", images, "snapshot_id")
    return {
        "origin": pc.if_else(pc.is_valid(snapshot), "registered", "unknown"),
        "confidence": pa.repeat("assumed", len(images)),
        "evidence": pa.nulls(len(images), pa.string()),
        "made_for": snapshot,
    }


def _mapped(images: pa.Array, devices: pd.DataFrame, origins: pd.DataFrame) -> Told | None:
    """What the snapshots behind an image tell of it; the first that tells anything."""
    says = origins["origin"].isin([*_OF_THE_IMAGE, *_OF_ANY]).to_numpy(bool)
    if not says.any():
        return None
    known = origins[says]
    place = places(keys(devices, "snapshot_id"), keys(known, "snapshot_id"))
    held, place = devices[place >= 0], place[place >= 0]
    said = known.iloc[place]
    theirs = said["made_for"].eq(pd.Series(held["image_id"].array, index=said.index)).fillna(False)
    telling = np.asarray(said["origin"].isin(_OF_ANY) | theirs, dtype=bool)
    if not telling.any():
        return None
    held, said = held[telling], said[telling]
    source = pc.extract_regex(as_arrow(said["evidence"]), _SOURCE)
    named = [pc.struct_field(source, name) for name in ("instance", "image")]
    named = pc.coalesce(*(pc.if_else(pc.equal(one, ""), NOTHING, one) for one in named), _task(said))
    best = places(images, keys(held, "image_id"))
    there = pa.array(best, mask=best < 0)
    evidence = pc.binary_join_element_wise(as_arrow(said["snapshot_id"]), as_arrow(said["evidence"]), ": ")
    told: Iterable[pa.Array] = (as_arrow(said["origin"]), pa.repeat("likely", len(said)), evidence, named)
    names = ("origin", "confidence", "evidence", "made_for")
    return {name: column.take(there) for name, column in zip(names, told, strict=True)}


def _task(said: pd.DataFrame) -> pa.Array:
    """What snapshots that were made for no image name."""
    return as_arrow(said["made_for"].where(said["origin"].isin(_OF_ANY)))


def _looked_up(rows: pd.DataFrame, id_column: str, wanted: pa.Array, column: str) -> pa.Array:
    """The column's value in the first row of each wanted key; missing where there is none."""
    if not len(rows):
        return pa.nulls(len(wanted), pa.string())
    place = places(wanted, keys(rows, id_column))
    return as_arrow(rows[column]).take(pa.array(place, mask=place < 0))
