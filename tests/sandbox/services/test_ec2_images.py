from __future__ import annotations

import pytest

MINE, THEIRS = "222222222222", "333333333333"
ORGANISATION = "arn:aws:organizations::111111111111"
OWN, OWN_OFF, OWN_OLD, OWN_PUBLIC = "ami-00000001", "ami-00000002", "ami-00000003", "ami-00000004"
PUBLIC, NAMED, BY_ORG, BY_OU, PRIVATE = "ami-00000011", "ami-00000012", "ami-00000013", "ami-00000014", "ami-00000015"
OLD_PUBLIC, OFF, ELSEWHERE = "ami-00000016", "ami-00000017", "ami-00000018"
PAST, FUTURE = "2026-01-01T00:00:00.000Z", "2028-01-01T00:00:00.000Z"


@pytest.fixture(autouse=True)
def images(organisation):
    def plant(account, image_id, *grants, **more):
        here = organisation.place(account, "eu-west-1")
        here.images[image_id] = {
            "ImageId": image_id,
            "OwnerId": account,
            "Name": f"image {image_id}",
            "State": "available",
            "Public": {"Group": "all"} in grants,
            "CreationDate": "2025-06-01T00:00:00.000Z",
            "LastLaunchedTime": "2026-06-01T00:00:00Z",
            "BlockDeviceMappings": [
                {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": f"snap-{image_id[4:]}"}},
                {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"},
            ],
        } | more
        if grants:
            here.image_permissions[image_id] = list(grants)

    everyone = {"Group": "all"}
    plant(MINE, OWN, {"UserId": THEIRS}, DeprecationTime=FUTURE)
    plant(MINE, OWN_OFF, {"UserId": THEIRS}, State="disabled")
    plant(MINE, OWN_OLD, DeprecationTime=PAST)
    plant(MINE, OWN_PUBLIC, everyone)
    plant(THEIRS, PUBLIC, everyone)
    plant(THEIRS, NAMED, {"UserId": MINE})
    plant(THEIRS, BY_ORG, {"OrganizationArn": f"{ORGANISATION}:organization/o-abcde12345"})
    plant(THEIRS, BY_OU, {"OrganizationalUnitArn": f"{ORGANISATION}:ou/o-abcde12345/ou-ab12-prod1234"})
    plant(THEIRS, PRIVATE)
    plant(THEIRS, OLD_PUBLIC, everyone, DeprecationTime=PAST)
    plant(THEIRS, OFF, {"UserId": MINE}, State="disabled")
    plant(THEIRS, ELSEWHERE, {"OrganizationArn": f"{ORGANISATION}:organization/o-zzzzz12345"})
    return plant


@pytest.fixture
def listed(call):
    def made(**params):
        return {row["ImageId"] for row in call("ec2", "DescribeImages", **params)["Images"]}

    return made


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {OWN, OWN_OLD, OWN_PUBLIC, PUBLIC, NAMED, BY_ORG, BY_OU}),
        ({"Owners": ["self"]}, {OWN, OWN_OLD, OWN_PUBLIC}),
        ({"Owners": ["self"], "IncludeDisabled": True}, {OWN, OWN_OFF, OWN_OLD, OWN_PUBLIC}),
        ({"Owners": [THEIRS]}, {PUBLIC, NAMED, BY_ORG, BY_OU}),
        ({"Owners": [THEIRS], "IncludeDeprecated": True}, {PUBLIC, NAMED, BY_ORG, BY_OU, OLD_PUBLIC}),
        ({"Owners": [THEIRS], "IncludeDisabled": True}, {PUBLIC, NAMED, BY_ORG, BY_OU}),
        ({"ExecutableUsers": ["all"]}, {OWN_PUBLIC, PUBLIC}),
        ({"ExecutableUsers": ["self"]}, {NAMED, BY_ORG, BY_OU}),
        ({"ExecutableUsers": [MINE]}, {NAMED, BY_ORG, BY_OU}),
        ({"ExecutableUsers": [THEIRS], "Owners": ["self"]}, {OWN}),
        ({"ExecutableUsers": ["999999999999"]}, set()),
        ({"Owners": ["aws-backup-vault"]}, set()),
    ],
)
def test_who_sees_what(listed, params, expected):
    assert listed(**params) == expected


def test_an_account_leaves_out_what_reaches_it_through_its_organisation(images, listed):
    images(MINE, "ami-00000021", {"OrganizationArn": f"{ORGANISATION}:organization/o-abcde12345"})
    assert listed(Owners=["self"], ExecutableUsers=[THEIRS]) == {OWN}


def test_a_unit_reaches_the_units_below_it_and_no_others(listed, images):
    images(THEIRS, "ami-00000022", {"OrganizationalUnitArn": f"{ORGANISATION}:ou/o-abcde12345/ou-ab12-deep1234"})
    images(MINE, "ami-00000023", {"OrganizationalUnitArn": f"{ORGANISATION}:ou/o-abcde12345/ou-ab12-deep1234"})
    assert "ami-00000022" in listed()
    assert "ami-00000023" not in listed(account=THEIRS)


def test_aliases_are_owners(images, listed):
    images(MINE, "ami-00000031", ImageOwnerAlias="aws-backup-vault")
    images("137112412989", "ami-00000032", {"Group": "all"}, ImageOwnerAlias="amazon")
    assert listed(Owners=["aws-backup-vault"]) == {"ami-00000031"}
    assert listed(Owners=["amazon"]) == {"ami-00000032"}


def test_only_the_owner_is_told_of_launches(call):
    rows = {row["ImageId"]: row for row in call("ec2", "DescribeImages")["Images"]}
    assert "LastLaunchedTime" in rows[OWN]
    assert "LastLaunchedTime" not in rows[PUBLIC]


def test_ids(listed, refusal):
    assert listed(ImageIds=[OWN, NAMED]) == {OWN, NAMED}
    assert listed(ImageIds=[OWN_OFF]) == set()
    assert listed(ImageIds=[OWN_OFF], IncludeDisabled=True) == {OWN_OFF}
    for image_id in (PRIVATE, OFF, "ami-0000dead"):
        assert refusal("ec2", "DescribeImages", ImageIds=[OWN, image_id]) == "InvalidAMIID.NotFound"
    assert refusal("ec2", "DescribeImages", ImageIds=["ami-x"]) == "InvalidAMIID.Malformed"
    assert refusal("ec2", "DescribeImages", ImageIds=[OWN], MaxResults=5) == "InvalidParameterCombination"
    assert refusal("ec2", "DescribeImages", Owners=["me"]) == "InvalidUserID.Malformed"


def test_pages(pages, refusal):
    found = pages("ec2", "DescribeImages", "Images", Owners=["self"], IncludeDisabled=True, MaxResults=3)
    assert [len(page) for page in found] == [3, 1]
    assert refusal("ec2", "DescribeImages", MaxResults=1001) == "InvalidParameterValue"
    assert refusal("ec2", "DescribeImages", MaxResults=0) == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("block-device-mapping.snapshot-id", "snap-00000001", {OWN}),
        ("is-public", "true", {OWN_PUBLIC}),
        ("state", "disabled", {OWN_OFF}),
        ("name", "image*3", {OWN_OLD}),
        ("creation-date", "2025-06-01*", {OWN, OWN_OFF, OWN_OLD, OWN_PUBLIC}),
    ],
)
def test_filters(listed, name, value, expected):
    asked = {"Owners": ["self"], "IncludeDisabled": True, "Filters": [{"Name": name, "Values": [value]}]}
    assert listed(**asked) == expected


def test_allowed_images_hide_those_of_others_only_when_enabled(organisation, call, listed):
    here = organisation.place(MINE, "eu-west-1")
    here.allowed_images = {"State": "audit-mode", "ImageCriteria": [{"ImageProviders": ["amazon"]}]}
    rows = {row["ImageId"]: row for row in call("ec2", "DescribeImages")["Images"]}
    assert (rows[OWN]["ImageAllowed"], rows[PUBLIC]["ImageAllowed"]) == (True, False)
    here.allowed_images["State"] = "enabled"
    assert listed() == {OWN, OWN_OLD, OWN_PUBLIC}
    here.allowed_images["ImageCriteria"].append({"ImageProviders": [THEIRS], "ImageNames": [f"image {PUBLIC}"]})
    assert listed() == {OWN, OWN_OLD, OWN_PUBLIC, PUBLIC}


@pytest.mark.parametrize(
    ("criterion", "seen"),
    [
        ({"CreationDateCondition": {"MaximumDaysSinceCreated": 30}}, False),
        ({"CreationDateCondition": {"MaximumDaysSinceCreated": 900}}, True),
        ({"DeprecationTimeCondition": {"MaximumDaysSinceDeprecated": 1}}, True),
        ({"MarketplaceProductCodes": ["abc"]}, False),
        ({}, True),
    ],
)
def test_conditions_of_a_criterion(organisation, listed, criterion, seen):
    here = organisation.place(MINE, "eu-west-1")
    here.allowed_images = {"State": "enabled", "ImageCriteria": [criterion]}
    assert (PUBLIC in listed()) is seen


def test_attributes(organisation, call, refusal):
    def asked(image_id, attribute):
        return call("ec2", "DescribeImageAttribute", ImageId=image_id, Attribute=attribute)

    assert asked(OWN, "launchPermission")["LaunchPermissions"] == [{"UserId": THEIRS}]
    assert asked(OWN_OFF, "launchPermission")["LaunchPermissions"] == []
    assert asked(OWN, "lastLaunchedTime")["LastLaunchedTime"] == {"Value": "2026-06-01T00:00:00Z"}
    assert asked(OWN, "kernel")["KernelId"] == {}
    assert asked(OWN, "productCodes")["ProductCodes"] == []
    for image_id, attribute, code in (
        (OWN, "blockDeviceMapping", "AuthFailure"),
        (OWN, "nonsense", "InvalidParameterValue"),
        (PUBLIC, "launchPermission", "AuthFailure"),
        (PRIVATE, "launchPermission", "InvalidAMIID.NotFound"),
    ):
        assert refusal("ec2", "DescribeImageAttribute", ImageId=image_id, Attribute=attribute) == code
