import json
import re

import botocore.session
import pytest

from auditor.aws import permissions as least
from auditor.errors import ConfigError, InventoryError
from auditor.frames import FRAMES, INVENTORY

EVERYTHING = least.actions_for(INVENTORY)
PRINCIPAL = "arn:aws:iam::111122223333:role/audit"


def test_a_frame_needs_the_collectors_that_fill_it_and_those_they_build_upon():
    assert least.collectors_for(["recovery_points"]) == ("backup_vaults", "recovery_points")
    assert least.collectors_for(["kms_keys"]) == ("snapshots", "volumes", "kms_keys")
    assert set(least.collectors_for(INVENTORY)) == {name for frame in INVENTORY.values() for name in frame.filled_by}


def test_derived_frames_need_what_they_are_derived_from():
    assert set(FRAMES["snapshot_origins"].derived_from) == {"snapshots", "snapshot_tags"}
    assert least.collectors_for(["snapshot_origins"]) == ("snapshots",)
    assert least.actions_for(["snapshot_origins"]) == ("ec2:DescribeRegions", "ec2:DescribeSnapshots")


def test_actions_are_no_more_than_what_is_asked_for():
    assert least.actions_for(["snapshots"]) == ("ec2:DescribeRegions", "ec2:DescribeSnapshots")
    assert least.actions_for([]) == ("ec2:DescribeRegions",)
    assert least.actions_for(["backup_selections"]) == (
        "backup:GetBackupPlan",
        "backup:GetBackupSelection",
        "backup:ListBackupPlans",
        "backup:ListBackupSelections",
        "ec2:DescribeRegions",
    )


def test_image_references_need_all_that_names_images():
    assert {
        "autoscaling:DescribeAutoScalingGroups",
        "ec2:DescribeFastLaunchImages",
        "ec2:DescribeInstances",
        "ec2:DescribeLaunchTemplates",
        "ec2:DescribeLaunchTemplateVersions",
        "ssm:DescribeParameters",
        "ssm:GetParameters",
        "imagebuilder:ListImageRecipes",
        "imagebuilder:ListContainerRecipes",
        "imagebuilder:GetContainerRecipe",
        "imagebuilder:GetImageRecipe",
        "imagebuilder:ListImagePipelines",
    } <= set(least.actions_for(["image_references"]))


def test_an_unknown_frame_is_said():
    with pytest.raises(InventoryError, match="snapshotz"):
        least.actions_for(["snapshotz"])


def test_every_action_is_an_operation_of_its_service():
    session = botocore.session.get_session()
    for action in (*EVERYTHING, *least.ORGANISATION_ACTIONS):
        service, operation = action.split(":")
        assert operation in session.get_service_model(service.replace("-", "")).operation_names


def test_every_action_only_reads():
    assert {re.match("(Describe|Get|List|Lookup)", action.split(":")[1]) is not None for action in EVERYTHING} == {True}
    assert not {"ec2:GetSnapshotBlock", "ebs:GetSnapshotBlock", "ssm:GetParametersByPath"} & set(EVERYTHING)


def test_a_policy_has_one_statement_a_service():
    made = least.policy(["ec2:DescribeVolumes", "kms:DescribeKey", "ec2:DescribeSnapshots", "ec2:DescribeVolumes"])
    assert made == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ReadEC2",
                "Effect": "Allow",
                "Action": ["ec2:DescribeSnapshots", "ec2:DescribeVolumes"],
                "Resource": "*",
            },
            {"Sid": "ReadKMS", "Effect": "Allow", "Action": ["kms:DescribeKey"], "Resource": "*"},
        ],
    }


def test_the_whole_policy_fits_where_policies_go():
    made = least.policy(EVERYTHING)
    assert sorted(action for statement in made["Statement"] for action in statement["Action"]) == list(EVERYTHING)
    assert all(re.fullmatch("[A-Za-z0-9]+", statement["Sid"]) for statement in made["Statement"])
    assert len(re.sub(r"\s", "", json.dumps(made))) <= 6144  # the smallest quota: a managed policy


def test_the_caller_needs_to_assume_the_role_and_to_list_accounts():
    assert least.caller_policy("path/Audit", organisation=False, partition="aws-cn")["Statement"] == [
        {
            "Sid": "AssumeAuditRole",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": "arn:aws-cn:iam::*:role/path/Audit",
        }
    ]
    assert least.caller_policy("Audit", organisation=True)["Statement"][1] == {
        "Sid": "ReadOrganizations",
        "Effect": "Allow",
        "Action": list(least.ORGANISATION_ACTIONS),
        "Resource": "*",
    }


def test_trust():
    assert least.trust_policy(PRINCIPAL)["Statement"] == [
        {"Effect": "Allow", "Principal": {"AWS": PRINCIPAL}, "Action": "sts:AssumeRole"}
    ]
    statement = least.trust_policy("111122223333", "secret-1", "aws-us-gov")["Statement"][0]
    assert statement["Principal"] == {"AWS": "arn:aws-us-gov:iam::111122223333:root"}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "secret-1"}}


@pytest.mark.parametrize("principal", ["", "*", "alice", "arn:aws:iam::12:role/x", 'arn:aws:iam::111122223333:role/x"'])
@pytest.mark.parametrize("make", [least.stack_set, least.terraform])
def test_nobody_and_everybody_are_no_principals(make, principal):
    with pytest.raises(ConfigError, match="no principal"):
        make(EVERYTHING, "Audit", principal)


@pytest.mark.parametrize("make", [least.stack_set, least.terraform])
def test_malformed_names_are_said(make):
    with pytest.raises(ConfigError, match="name of a role"):
        make(EVERYTHING, 'Audit" }', PRINCIPAL)
    with pytest.raises(ConfigError, match="external id"):
        make(EVERYTHING, "Audit", PRINCIPAL, "${jsonencode(1)}")


def test_the_stack_set_makes_a_role_that_may_read_and_nothing_else():
    template = json.loads(least.stack_set(["ec2:DescribeVolumes"], "team/Audit", PRINCIPAL, "x:1"))
    assert set(template) == {
        "AWSTemplateFormatVersion",
        "Description",
        "Parameters",
        "Conditions",
        "Resources",
        "Outputs",
    }
    assert len(template["Description"]) <= 1024
    assert {name: parameter["Default"] for name, parameter in template["Parameters"].items()} == {
        "RoleName": "Audit",
        "Principal": PRINCIPAL,
        "ExternalId": "x:1",
    }
    role = template["Resources"]["AuditRole"]
    assert role["Type"] == "AWS::IAM::Role"
    assert role["Properties"]["Path"] == "/team/"
    assert role["Properties"]["RoleName"] == {"Ref": "RoleName"}
    assert role["Properties"]["Policies"] == [
        {"PolicyName": "AuditorRead", "PolicyDocument": least.policy(["ec2:DescribeVolumes"])}
    ]
    assert role["Properties"]["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"AWS": {"Ref": "Principal"}},
            "Action": "sts:AssumeRole",
            "Condition": {
                "Fn::If": [
                    "HasExternalId",
                    {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}},
                    {"Ref": "AWS::NoValue"},
                ]
            },
        }
    ]
    references = set(re.findall(r'"Ref": "(\w+)"', json.dumps(template)))
    assert references == set(template["Parameters"])


def test_without_an_external_id_the_stack_set_asks_for_none():
    template = json.loads(least.stack_set(EVERYTHING, "arn:aws:iam::111122223333:role/Audit", "111122223333"))
    assert template["Parameters"]["ExternalId"]["Default"] == ""
    assert template["Parameters"]["RoleName"]["Default"] == "Audit"


def test_terraform_names_every_action_once_and_balances():
    made = least.terraform(EVERYTHING, "team/Audit", PRINCIPAL, "x:1")
    quoted = re.findall(r'"([a-z0-9-]+:[A-Z]\w+)"', made)
    assert sorted(quoted) == sorted([*EVERYTHING, "sts:AssumeRole", "sts:ExternalId"])
    assert made.count("{") == made.count("}")
    assert made.count("[") == made.count("]")
    assert re.search(r'path +\= "/team/"', made)
    assert re.search(r'variable "external_id" \{[^}]*default +\= "x:1"', made)


def test_terraform_without_an_external_id():
    assert re.search(r'variable "external_id" \{[^}]*default +\= null', least.terraform(EVERYTHING, "A", PRINCIPAL))


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("plain", '"plain"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("${x} %{y} $x", '"$${x} %%{y} $x"'),
        ("two\nlines\t", '"two\\nlines\\t"'),
    ],
)
def test_hcl_strings_mean_nothing_but_themselves(text, quoted):
    assert least._hcl(text) == quoted


def test_cloudformation_finds_no_fault_in_the_stack_set():
    cfnlint = pytest.importorskip("cfnlint.api")
    for external_id in (None, "x:1"):
        template = least.stack_set(EVERYTHING, "team/Audit", PRINCIPAL, external_id)
        assert [match for match in cfnlint.lint_all(template) if match.rule.id.startswith(("E", "W"))] == []
