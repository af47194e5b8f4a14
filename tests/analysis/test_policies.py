"""What key policies and grants let others do, told statement by statement as AWS's documentation has it."""

import pytest

from auditor.analysis.policies import NEEDED, Condition, Operation, Requester, Statement, access

OWNER, THEM, OTHER = "111122223333", "999988887777", "444455556666"
REGION = "eu-west-1"
ORG, FOREIGN = "o-a1b2c3d4e5", "o-z9y8x7w6v5"
ROOT, ROLE = f"arn:aws:iam::{THEM}:root", f"arn:aws:iam::{THEM}:role/restore"
STRANGER = Requester(REGION, OWNER, THEM, strange_to=frozenset({ORG}))
MEMBER = Requester(REGION, OWNER, THEM, organisation=ORG, path=f"{ORG}/r-ab12/ou-ab12-prod/")
WHOLE = Requester(REGION, OWNER, organisation=ORG)
UNIT = Requester(REGION, OWNER, organisation=ORG, path=f"{ORG}/r-ab12/ou-ab12-prod/")
ALL, NONE, OPEN = dict.fromkeys(NEEDED, True), dict.fromkeys(NEEDED, False), dict.fromkeys(NEEDED)
OWN = Statement(True, frozenset({f"arn:aws:iam::{OWNER}:root"}), frozenset({"kms:*"}))


def allow(*principals, actions=("kms:*",), **more):
    return Statement(True, frozenset(principals), frozenset(actions), **more)


def deny(*principals, actions=("kms:*",), **more):
    return Statement(False, frozenset(principals), frozenset(actions), **more)


def under(operator, key, *values):
    return {"conditions": (Condition(operator, key, values),)}


@pytest.mark.parametrize("principal", [THEM, ROOT, f"arn:aws-cn:iam::{THEM}:root", ROLE, "*"])
def test_an_account_is_named_in_many_ways(principal):
    assert access([OWN, allow(principal)], [], STRANGER) == ALL


@pytest.mark.parametrize(
    "principal", [OTHER, f"arn:aws:iam::{OTHER}:root", "AROAEXAMPLEID", f"{THEM}0", "kms.amazonaws.com"]
)
def test_nobody_else_is_let_in(principal):
    assert access([OWN, allow(principal)], [], STRANGER) == NONE


@pytest.mark.parametrize(
    ("actions", "refused", "open_"),
    [
        (("*",), (), ()),
        (("KMS:*",), (), ()),
        (("kms:Describe*", "kms:CreateGrant", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:De?rypt"), (), ()),
        (("kms:D*", "kms:G*", "kms:R*"), ("kms:CreateGrant",), ()),
        (("kms:d[e]scribekey",), tuple(NEEDED), ()),
        (
            ("kms:CreateGrants", "kms:Decrypt", "kms:D?"),
            ("kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKey*", "kms:ReEncrypt*"),
            (),
        ),
        (
            ("kms:[CDG]*", "kms:C*", "kms:D*", "kms:GenerateDataKey", "kms:ReEncryptFrom"),
            (),
            ("kms:GenerateDataKey*", "kms:ReEncrypt*"),
        ),
    ],
)
def test_wildcards_are_iams_and_nothing_more(actions, refused, open_):
    told = access([allow(THEM, actions=actions)], [], STRANGER)
    assert tuple(name for name, answer in told.items() if answer is False) == refused
    assert tuple(name for name, answer in told.items() if answer is None) == open_


def test_everything_but_some_actions():
    told = access([allow(THEM, actions=("kms:Decrypt", "kms:Put*"), not_action=True)], [], STRANGER)
    assert told == {**ALL, "kms:Decrypt": False}


@pytest.mark.parametrize(
    ("denial", "expected"),
    [
        (deny(THEM, actions=("kms:decrypt",)), {**ALL, "kms:Decrypt": False}),
        (deny("*"), NONE),
        (deny(ROLE), ALL),
        (deny(OTHER), ALL),
        (deny(OTHER, not_principal=True), NONE),
        (deny(ROOT, not_principal=True), OPEN),
        (deny("*", not_principal=True), ALL),
        (deny("*", actions=("kms:CreateGrant",), not_action=True), {**NONE, "kms:CreateGrant": True}),
        (deny("*", **under("StringNotEquals", "kms:CallerAccount", OWNER, THEM)), ALL),
        (deny("*", **under("StringNotEquals", "kms:CallerAccount", OWNER)), NONE),
        (deny("*", **under("IpAddress", "aws:SourceIp", "203.0.113.0/24")), OPEN),
        (deny("*", **under("Bool", "aws:SecureTransport", "false")), ALL),
    ],
)
def test_a_denial_wins_over_what_allows(denial, expected):
    assert access([denial, allow(ROOT)], [Operation(ROOT, "Decrypt")], STRANGER) == expected


def test_one_principal_of_an_account_must_be_let_in_by_itself():
    first, second = f"arn:aws:iam::{THEM}:role/a", f"arn:aws:iam::{THEM}:user/b"
    halves = [allow(first, actions=("kms:D*", "kms:C*")), allow(second, actions=("kms:G*", "kms:R*"))]
    assert False in access(halves, [], STRANGER).values()
    assert access([*halves, allow(THEM, actions=("kms:G*", "kms:R*"))], [], STRANGER) == ALL


def test_a_role_that_is_left_out_of_a_denial_with_its_account_is_let_in():
    denial = deny(ROLE, ROOT, not_principal=True)
    assert access([denial, allow(ROLE)], [], STRANGER) == ALL
    assert access([deny(ROLE, not_principal=True), allow(ROLE)], [], STRANGER) == OPEN


@pytest.mark.parametrize(
    ("operator", "key", "values", "expected"),
    [
        ("StringEquals", "kms:CallerAccount", [OTHER, THEM], True),
        ("StringEquals", "KMS:callerAccount", [THEM], True),
        ("StringLike", "aws:PrincipalAccount", ["9999*"], True),
        ("StringLike", "aws:PrincipalAccount", ["1*"], False),
        ("StringEquals", "aws:PrincipalAccount", ["9999*"], False),
        ("StringNotLike", "kms:CallerAccount", ["9999*"], False),
        ("StringEqualsIfExists", "kms:CallerAccount", [OTHER], False),
        ("StringEquals", "kms:ViaService", [f"ec2.{REGION}.amazonaws.com"], True),
        ("StringLike", "kms:ViaService", ["ec2.*.amazonaws.com"], True),
        ("StringEquals", "kms:ViaService", ["ec2.us-east-1.amazonaws.com"], False),
        ("StringEquals", "kms:ViaService", [f"rds.{REGION}.amazonaws.com"], False),
        ("StringEquals", "aws:PrincipalOrgID", [ORG], False),
        ("StringEquals", "aws:PrincipalOrgID", [FOREIGN], None),
        ("StringNotEquals", "aws:PrincipalOrgID", [ORG], True),
        ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", [f"{ORG}/*"], False),
        ("Bool", "aws:SecureTransport", ["true"], True),
        ("Bool", "aws:MultiFactorAuthPresent", ["true"], None),
        ("StringEquals", "kms:CallerAccount", ["${aws:username}"], None),
        ("StringEquals", "kms:EncryptionContext:aws:ebs:id", ["vol-1"], None),
        ("ArnLike", "aws:PrincipalArn", [f"arn:aws:iam::{OTHER}:role/*"], None),
        ("NumericLessThan", "kms:CallerAccount", ["1"], None),
        ("ForAllValues:StringEquals", "kms:CallerAccount", [THEM], None),
    ],
)
def test_conditions_hold_do_not_or_cannot_be_judged(operator, key, values, expected):
    told = access([allow("*", **under(operator, key, *values))], [], STRANGER)
    assert set(told.values()) == {expected}


def test_grants_for_services_are_all_that_the_condition_for_volumes_allows():
    told = access([allow(THEM, **under("Bool", "kms:GrantIsForAWSResource", "true"))], [], STRANGER)
    assert told == {**NONE, "kms:CreateGrant": True}
    told = access([allow(THEM, **under("BoolIfExists", "kms:GrantIsForAWSResource", "true"))], [], STRANGER)
    assert told == ALL
    told = access([allow(THEM), deny("*", **under("Bool", "kms:GrantIsForAWSResource", "true"))], [], STRANGER)
    assert told == {**ALL, "kms:CreateGrant": False}


def test_all_conditions_of_a_statement_must_hold():
    both = (
        Condition("StringEquals", "kms:CallerAccount", (THEM,)),
        Condition("StringEquals", "kms:ViaService", ("x",)),
    )
    assert access([allow("*", conditions=both)], [], STRANGER) == NONE
    unsure = (*both[:1], Condition("IpAddress", "aws:SourceIp", ("203.0.113.7/32",)))
    assert access([allow("*", conditions=unsure)], [], STRANGER) == OPEN
    assert access([allow("*", conditions=(*both, *unsure))], [], STRANGER) == NONE


@pytest.mark.parametrize(
    ("who", "organisation", "path"),
    [
        (MEMBER, True, True),
        (WHOLE, True, None),
        (UNIT, True, True),
        (STRANGER, False, False),
        (Requester(REGION, OWNER, THEM), None, None),
    ],
)
def test_organisations_and_units_by_their_conditions(who, organisation, path):
    everybody = allow("*", **under("StringEquals", "aws:PrincipalOrgID", ORG))
    assert set(access([OWN, everybody], [], who).values()) == {organisation}
    below = allow("*", **under("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", f"{ORG}/*/ou-ab12-prod/*"))
    assert set(access([OWN, below], [], who).values()) == {path}


def test_some_accounts_of_an_organisation_are_not_all_of_it():
    assert access([OWN, allow(OTHER)], [], WHOLE) == OPEN
    assert access([OWN, allow("*"), deny(OTHER)], [], WHOLE) == OPEN
    assert access([OWN], [], WHOLE) == NONE
    assert access([OWN, allow("*")], [], WHOLE) == ALL


OPERATIONS = [action.removeprefix("kms:") for actions in NEEDED.values() for action in actions]


@pytest.mark.parametrize(
    ("grants", "expected"),
    [
        ([Operation(ROLE, each) for each in OPERATIONS], ALL),
        ([Operation(ROOT, each) for each in OPERATIONS], ALL),
        (
            [Operation(ROLE, each) for each in ("Decrypt", "DescribeKey")],
            {**NONE, "kms:Decrypt": True, "kms:DescribeKey": True},
        ),
        ([Operation(f"arn:aws:iam::{OTHER}:root", each) for each in OPERATIONS], NONE),
        ([Operation(ROLE, each, constrained=True) for each in OPERATIONS], {**OPEN, "kms:DescribeKey": True}),
    ],
)
def test_grants_allow_what_the_policy_does_not(grants, expected):
    assert access([OWN], grants, STRANGER) == expected


def test_a_denial_wins_over_grants():
    grants = [Operation(ROLE, each) for each in OPERATIONS]
    assert access([OWN, deny("*", actions=("kms:Decrypt",))], grants, STRANGER) == {**ALL, "kms:Decrypt": False}
