import re
from importlib import import_module

import pandas as pd
import pytest

from auditor.analysis.image_origins import image_origins
from auditor.analysis.origins import snapshot_origins
from auditor.frames import FRAMES

HERE = {"account_id": "111122223333", "region": "eu-west-1"}
IMAGE = {**HERE, "image_id": "ami-0a"}
BACKUP_NAME = "AwsBackup_i-0123456789abcdef0_e4a139ba-8881-4adb-bbdc-5fcf18b7dcd2"


def told(*tags, snapshots=(), codes=(), others=(), **image):
    """Origin, confidence and what it was made from of one image with snapshots of these descriptions."""
    held = [{**HERE, "snapshot_id": f"snap-0{n}", "volume_id": "vol-0a", **row} for n, row in enumerate(snapshots)]
    snapshot_tags = [
        {**HERE, "snapshot_id": f"snap-0{n}", "key": key, "value": value}
        for n, row in enumerate(snapshots)
        for key, value in row.pop("tags", {}).items()
    ]
    held = [{name: value for name, value in row.items() if name != "tags"} for row in held]
    frames = {
        "images": [{**IMAGE, **image}, *others],
        "image_tags": [{**IMAGE, "key": key, "value": value} for key, value in tags],
        "image_block_devices": [{**IMAGE, "snapshot_id": row["snapshot_id"]} for row in held],
        "product_codes": [{**IMAGE, **row} for row in codes],
    }
    origins = snapshot_origins(FRAMES["snapshots"].rows(held), FRAMES["snapshot_tags"].rows(snapshot_tags))
    made = image_origins(*(FRAMES[name].rows(rows) for name, rows in frames.items()), origins)
    return FRAMES["image_origins"].conform(made).iloc[0]


def said(row):
    return tuple(None if pd.isna(row[name]) else row[name] for name in ("origin", "confidence", "made_from"))


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("aws:backup:source-resource", "i-0b", ("aws-backup", "proven", "i-0b")),
        ("aws:backup:source-resource-arn", "arn:i-0b", ("aws-backup", "proven", "arn:i-0b")),
        ("aws:dlm:lifecycle-policy-id", "policy-0b", ("dlm", "proven", "policy-0b")),
        ("Ec2ImageBuilderArn", "arn:recipe", ("image-builder", "likely", "arn:recipe")),
        ("CreatedBy", "EC2 Image Builder", ("image-builder", "likely", None)),
        ("AWSApplicationMigrationServiceManaged", "mgn.amazonaws.com", ("mgn", "likely", None)),
        ("AWSElasticDisasterRecoveryManaged", "drs.amazonaws.com", ("drs", "likely", None)),
        ("created_by", "Packer", ("packer", "likely", None)),
        ("packer_build", "7", ("packer", "likely", None)),
    ],
)
def test_tags_tell_more_than_the_call_that_was_made(key, value, expected):
    assert said(told((key, value), source_instance_id="i-0c")) == expected


@pytest.mark.parametrize("tag", [("CreatedBy", "anna"), ("packers", "yes"), ("Name", "aws:dlm:lifecycle-policy-id")])
def test_other_tags_tell_nothing(tag):
    assert said(told(tag, source_instance_id="i-0c")) == ("create-image", "proven", "i-0c")


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ({"source_instance_id": "i-0b"}, ("create-image", "proven", "i-0b")),
        ({"source_instance_id": "i-0b", "source_image_id": "ami-0c"}, ("create-image", "proven", "i-0b")),
        ({"source_image_id": "ami-0c", "source_image_region": "us-east-1"}, ("copy-image", "proven", "ami-0c")),
        ({"root_device_type": "instance-store", "image_location": "b/x"}, ("bundle", "proven", "b/x")),
        ({"owner_alias": "aws-backup-vault"}, ("aws-backup", "proven", None)),
        ({"name": BACKUP_NAME}, ("aws-backup", "likely", "i-0123456789abcdef0")),
        ({"name": "import-ami-0abc12"}, ("vm-import", "likely", "import-ami-0abc12")),
        ({"description": "AWS-VMImport service: Linux - Ubuntu"}, ("vm-import", "likely", None)),
        ({"description": "This image is created by the AWS Backup service."}, ("aws-backup", "likely", None)),
        ({"description": "[Copied ami-0c from us-east-1] app"}, ("copy-image", "likely", "ami-0c")),
        ({"description": "[Copied ami-0c (app 1) from us-east-1] app"}, ("copy-image", "likely", "ami-0c")),
        ({"description": "see [Copied ami-0c from us-east-1]"}, ("unknown", "assumed", None)),
        ({"name": "AwsBackup_of_anna"}, ("unknown", "assumed", None)),
        ({}, ("unknown", "assumed", None)),
    ],
)
def test_fields_prove_and_words_make_likely(image, expected):
    assert said(told(**image)) == expected


@pytest.mark.parametrize("name", [BACKUP_NAME, "import-ami-0abc12"])
def test_a_copy_is_a_copy_whatever_name_it_kept(name):
    copy = {"source_image_id": "ami-0c", "source_image_region": "us-east-1", "name": name}
    assert said(told(("created_by", "packer"), **copy)) == ("copy-image", "proven", "ami-0c")


def test_image_builder_distributes_by_copying_and_its_copies_are_its_own():
    copy = {"source_image_id": "ami-0c", "source_image_region": "us-east-1"}
    assert said(told(("Ec2ImageBuilderArn", "arn:b"), **copy)) == ("image-builder", "likely", "arn:b")


CREATED = "Created by CreateImage(i-0b) for ami-0a"
COPIED = (
    "Copied for DestinationAmi ami-0a from SourceAmi ami-0c for SourceSnapshot snap-0d. "
    "Task created on 1,566,308,778,174."
)


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        ({"description": CREATED}, ("create-image", "likely", "i-0b")),
        ({"description": COPIED}, ("copy-image", "likely", "ami-0c")),
        ({"description": CREATED.replace("ami-0a", "ami-0e")}, ("registered", "assumed", "snap-00")),
        ({"description": "Packer: 2026-01-02 03:04:05"}, ("packer", "likely", None)),
        (
            {"description": "Created by AWS-VMImport service for import-ami-0f"},
            ("vm-import", "likely", "import-ami-0f"),
        ),
        ({"tags": {"AWSApplicationMigrationServiceManaged": ""}}, ("mgn", "likely", None)),
        ({"description": "by hand"}, ("registered", "assumed", "snap-00")),
        ({"tags": {"aws:dlm:lifecycle-policy-id": "policy-0a"}}, ("registered", "assumed", "snap-00")),
    ],
)
def test_snapshots_tell_of_the_image_they_were_made_for(snapshot, expected):
    assert said(told(snapshots=[snapshot])) == expected


def test_the_first_snapshot_that_tells_anything_counts():
    assert said(told(snapshots=[{"description": "by hand"}, {"description": CREATED}]))[0] == "create-image"


def test_marketplace_is_where_it_descends_from_and_what_made_it_where_nothing_else_is_told():
    code = {"product_code": "abc", "product_code_type": "marketplace"}
    plain = told(codes=[code], snapshots=[{"description": "by hand"}])
    assert (said(plain), plain["product_code"]) == (("marketplace", "proven", None), "abc")
    made = told(codes=[code], source_instance_id="i-0b")
    assert (said(made), made["product_code"]) == (("create-image", "proven", "i-0b"), "abc")
    assert pd.isna(told(codes=[{**code, "product_code_type": "devpay"}])["product_code"])


def test_the_evidence_is_what_it_rests_on():
    assert told(("aws:dlm:lifecycle-policy-id", "p"))["evidence"] == "tag aws:dlm:lifecycle-policy-id"
    assert told(source_instance_id="i-0b")["evidence"] == "DescribeImages SourceInstanceId"
    assert told(snapshots=[{"description": CREATED}])["evidence"] == f"snap-00: {CREATED}"
    assert told(name=BACKUP_NAME)["evidence"] == BACKUP_NAME
    assert pd.isna(told(snapshots=[{"description": "by hand"}])["evidence"])


def test_an_id_in_another_region_is_another_image():
    other = {**IMAGE, "region": "us-east-1", "source_instance_id": "i-0b"}
    frames = [FRAMES["images"].rows([IMAGE, other])]
    tags = FRAMES["image_tags"].rows([{**IMAGE, "key": "aws:dlm:managed", "value": "true"}])
    empty = [FRAMES[name].empty() for name in ("image_block_devices", "product_codes", "snapshot_origins")]
    made = image_origins(*frames, tags, *empty)
    assert made[["region", "origin"]].to_numpy().tolist() == [["eu-west-1", "dlm"], ["us-east-1", "create-image"]]


def test_nothing_in_nothing_out():
    names = ("images", "image_tags", "image_block_devices", "product_codes", "snapshot_origins")
    assert image_origins(*(FRAMES[name].empty() for name in names)).empty


def test_every_origin_is_one_the_frame_declares():
    module = import_module("auditor.analysis.image_origins")
    meaning = next(column.meaning for column in FRAMES["image_origins"].columns if column.name == "origin")
    wordings = (*module._NAMES, *module._DESCRIPTIONS, *module._COPIES)
    marks = (*module.PROOFS, *module._BUILDER, *module._HINTS)
    known = {each.origin for each in (*wordings, *marks)} | {*module._OF_THE_IMAGE, *module._OF_ANY}
    known |= {"bundle", "marketplace", "registered", "unknown"}
    assert known == set(re.split(r", | or ", re.sub(r" \([^)]*\)", "", meaning)))
