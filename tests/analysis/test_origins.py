import re

import pandas as pd
import pytest

from auditor.analysis.origins import snapshot_origins
from auditor.frames import FRAMES

HERE = {"account_id": "111122223333", "region": "eu-west-1"}


def origins(*snapshots, tags=()):
    rows = [
        {**HERE, "snapshot_id": f"snap-{place}", "volume_id": "vol-0a", **row} for place, row in enumerate(snapshots)
    ]
    tagged = [{**HERE, "snapshot_id": "snap-0", **tag} for tag in tags]
    made = snapshot_origins(FRAMES["snapshots"].rows(rows), FRAMES["snapshot_tags"].rows(tagged))
    return FRAMES["snapshot_origins"].conform(made)


def told(description, *tags, volume_id="vol-0a"):
    row = origins({"description": description, "volume_id": volume_id}, tags=tags).iloc[0]
    return tuple(None if pd.isna(row[name]) else row[name] for name in ("origin", "confidence", "made_for"))


@pytest.mark.parametrize(
    ("description", "origin", "made_for"),
    [
        ("Created by CreateImage(i-0abc) for ami-0def", "create-image", "ami-0def"),
        ("Created by CreateImage(i-0abc) for ami-0def from vol-0123", "create-image", "ami-0def"),
        (
            "Copied for DestinationAmi ami-0d from SourceAmi ami-0e for SourceSnapshot snap-0f. "
            "Task created on 1,566,308,778,174.",
            "copy-image",
            "ami-0d",
        ),
        ("This snapshot is created by the AWS Backup service.", "aws-backup", None),
        ("This snapshot is created by the AWS Backup service", "aws-backup", None),
        ("Created for policy: policy-0abc schedule: Default Schedule", "dlm", "policy-0abc"),
        ("[Copied snap-0f from us-east-1] Created for policy: policy-0abc schedule: x", "copy", "snap-0f"),
        ("[Copied snap-0f from us-east-1]", "copy", "snap-0f"),
        ("Created by AWS-VMImport service for import-ami-0abc", "vm-import", "import-ami-0abc"),
        ("Created by AWS-VMImport service for import-snap-0abc", "vm-import", "import-snap-0abc"),
        ("Created by AWS EBS CSI driver for volume vol-0abc", "csi", "vol-0abc"),
        ("Packer: 2026-01-02 03:04:05.6 +0000 UTC", "packer", None),
    ],
)
def test_the_wording_of_aws_makes_an_origin_likely(description, origin, made_for):
    assert told(description) == (origin, "likely", made_for)


@pytest.mark.parametrize(
    "description",
    [
        None,
        "",
        "before the upgrade",
        "Created by CreateImage(i-0abc) for ami-0def, honest",
        "see: Created by CreateImage(i-0abc) for ami-0def",
        "created by createimage(i-0abc) for ami-0def",
        "Copied for DestinationAmi ami-0d",
        "Packer: tomorrow",
        "=cmd|'/c calc'!A1",
    ],
)
def test_other_words_prove_nothing(description):
    assert told(description) == ("manual", "assumed", None)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("aws:backup:source-resource", "vol-0a", ("aws-backup", "proven", "vol-0a")),
        ("aws:backup:source-resource-arn", "arn:x", ("aws-backup", "proven", "arn:x")),
        ("aws:dlm:lifecycle-policy-id", "policy-0a", ("dlm", "proven", "policy-0a")),
        ("aws:dlm:managed", "true", ("dlm", "proven", None)),
        ("dlm:managed", "true", ("dlm", "likely", None)),
        ("velero.io/backup", "nightly", ("velero", "likely", None)),
        ("AWSElasticDisasterRecoveryManaged", "", ("drs", "likely", None)),
        ("AWSApplicationMigrationServiceManaged", "mgn.amazonaws.com", ("mgn", "likely", None)),
        ("CreatedBy", "EC2 Fast Launch", ("fast-launch", "likely", None)),
        ("CreatedBy", "EC2 Image Builder", ("image-builder", "likely", None)),
        ("Ec2ImageBuilderArn", "arn:aws:imagebuilder:x", ("image-builder", "likely", "arn:aws:imagebuilder:x")),
        ("CreatedBy", "anna", ("manual", "assumed", None)),
        ("LastCreatedBy", "EC2 Fast Launch", ("manual", "assumed", None)),
        ("CSIVolumeSnapshotName", "snapshot-1", ("csi", "likely", None)),
        ("Name", "aws:dlm:managed", ("manual", "assumed", None)),
    ],
)
def test_tags_tell_and_only_those_of_aws_prove(key, value, expected):
    assert told(None, {"key": key, "value": value}) == expected


def test_a_tag_of_aws_outranks_its_wording_and_that_outranks_tags_of_others():
    image = "Created by CreateImage(i-0abc) for ami-0def"
    policy = {"key": "aws:dlm:lifecycle-policy-id", "value": "policy-0a"}
    velero = {"key": "velero.io/backup", "value": "nightly"}
    assert told(image, policy, velero) == ("dlm", "proven", "policy-0a")
    assert told(image, velero) == ("create-image", "likely", "ami-0def")


def test_the_policy_is_named_whichever_tag_of_lifecycle_manager_comes_first():
    tags = [
        {"key": "aws:dlm:expirationTime", "value": "2026"},
        {"key": "aws:dlm:lifecycle-policy-id", "value": "policy-0a"},
        {"key": "aws:dlm:lifecycle-schedule-name", "value": "daily"},
    ]
    assert told(None, *tags) == ("dlm", "proven", "policy-0a")


@pytest.mark.parametrize("volume_id", ["vol-ffffffff", "vol-ffff"])
def test_an_arbitrary_volume_id_without_known_words_is_a_copy(volume_id):
    assert told("weekly", volume_id=volume_id) == ("copy", "assumed", None)


def test_a_real_volume_id_that_begins_like_an_arbitrary_one_is_not_a_copy():
    assert told(None, volume_id="vol-ffff0000ffff00001")[0] == "manual"


def test_the_evidence_is_what_it_rests_on():
    words = "Created by CreateImage(i-0abc) for ami-0def"
    tag = {"key": "aws:dlm:lifecycle-policy-id", "value": "policy-0a"}
    made = origins({}, {"description": words}, {"volume_id": "vol-ffffffff"}, {}, tags=[tag])["evidence"]
    assert made.fillna("nothing").tolist() == [
        "tag aws:dlm:lifecycle-policy-id",
        words,
        "volume id vol-ffffffff",
        "nothing",
    ]


def test_rows_keep_their_order_and_ids_of_other_regions_keep_their_own_tags():
    rows = [{**HERE, "region": region, "snapshot_id": "snap-0", "volume_id": "vol-0a"} for region in ("b", "a")]
    tags = [{**HERE, "region": "a", "snapshot_id": "snap-0", "key": "aws:dlm:managed", "value": "true"}]
    made = snapshot_origins(FRAMES["snapshots"].rows(rows), FRAMES["snapshot_tags"].rows(tags))
    assert made[["region", "origin"]].to_numpy().tolist() == [["b", "manual"], ["a", "dlm"]]


def test_nothing_in_nothing_out():
    assert origins().empty


def test_every_origin_is_one_the_frame_declares():
    meaning = next(column.meaning for column in FRAMES["snapshot_origins"].columns if column.name == "origin")
    from auditor.analysis import origins as module

    known = {wording.origin for wording in module._WORDINGS}
    known |= {mark.origin for mark in (*module.PROOFS, *module.HINTS)} | {"manual", "copy"}
    assert known == set(re.split(r", | or ", meaning))
