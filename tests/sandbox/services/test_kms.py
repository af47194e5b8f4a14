from __future__ import annotations

import json

import pytest

MINE = "222222222222"
WHERE = "arn:aws:kms:eu-west-1:222222222222"
MANAGED, CUSTOMER = f"{WHERE}:key/managed", f"{WHERE}:key/customer"


@pytest.fixture(autouse=True)
def here(organisation):
    here = organisation.place(MINE, "eu-west-1")
    here.kms_keys = {
        CUSTOMER: {"KeyId": "customer", "Arn": CUSTOMER, "KeyManager": "CUSTOMER", "KeyState": "PendingDeletion"},
        MANAGED: {"KeyId": "managed", "Arn": MANAGED, "KeyManager": "AWS", "KeyState": "Enabled"},
    }
    return here


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (CUSTOMER, CUSTOMER),
        ("customer", CUSTOMER),
        ("alias/aws/ebs", MANAGED),
        (f"{WHERE}:alias/aws/ebs", MANAGED),
    ],
)
def test_keys_go_by_many_names(call, key, expected):
    assert call("kms", "DescribeKey", KeyId=key)["KeyMetadata"]["Arn"] == expected


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (f"{WHERE}:key/gone", "NotFoundException"),
        ("gone", "NotFoundException"),
        ("alias/nobody", "NotFoundException"),
        ("arn:aws:kms:us-east-1:222222222222:key/customer", "NotFoundException"),
        ("arn:aws:kms:eu-west-1:999999999999:key/theirs", "AccessDeniedException"),
        ("arn:aws:kms:eu-west-1:333333333333:key/theirs", "AccessDeniedException"),
    ],
)
def test_keys_that_are_gone_or_foreign(refusal, key, code):
    assert refusal("kms", "DescribeKey", KeyId=key) == code


def test_a_foreign_key_whose_policy_lets_us(organisation, call, refusal):
    there = organisation.place("333333333333", "eu-west-1")
    shown, hidden = (f"arn:aws:kms:eu-west-1:333333333333:key/{name}" for name in ("shown", "hidden"))
    there.kms_keys = {arn: {"Arn": arn, "KeyId": arn.rpartition("/")[2]} for arn in (shown, hidden)}
    there.key_readers = {shown: frozenset({MINE}), hidden: frozenset({"111111111111"})}
    assert call("kms", "DescribeKey", KeyId=shown)["KeyMetadata"]["Arn"] == shown
    assert refusal("kms", "DescribeKey", KeyId=hidden) == "AccessDeniedException"
    # an id alone is never another account's
    assert refusal("kms", "DescribeKey", KeyId="shown") == "NotFoundException"


def test_aliases(here, call):
    (row,) = call("kms", "ListAliases")["Aliases"]
    assert row == {"AliasName": "alias/aws/ebs", "AliasArn": f"{WHERE}:alias/aws/ebs", "TargetKeyId": "managed"}
    assert call("kms", "ListAliases", KeyId=CUSTOMER)["Aliases"] == []
    del here.kms_keys[MANAGED]
    assert call("kms", "ListAliases") == {"Aliases": [], "Truncated": False}


def test_keys_come_in_pages(call, pages, refusal):
    answer = call("kms", "ListKeys", Limit=1)
    assert (answer["Truncated"], answer["Keys"]) == (True, [{"KeyId": "customer", "KeyArn": CUSTOMER}])
    found = pages("kms", "ListKeys", "Keys", token="Marker", Limit=1)
    assert [row["KeyArn"] for page in found for row in page] == [CUSTOMER, MANAGED]
    assert refusal("kms", "ListKeys", Limit=1001) == "ValidationException"
    assert refusal("kms", "ListAliases", Limit=101) == "ValidationException"
    assert refusal("kms", "ListKeys", Marker="x") == "InvalidMarkerException"


def test_a_key_without_a_policy_of_its_own_lets_its_account_in(call):
    answer = call("kms", "GetKeyPolicy", KeyId=CUSTOMER, PolicyName="default")
    (statement,) = json.loads(answer["Policy"])["Statement"]
    assert (statement["Principal"], statement["Action"]) == ({"AWS": "arn:aws:iam::222222222222:root"}, "kms:*")
    assert answer["PolicyName"] == "default"


def test_a_policy_is_told_as_text(here, call):
    here.key_policies[CUSTOMER] = {"Version": "2012-10-17", "Statement": []}
    assert json.loads(call("kms", "GetKeyPolicy", KeyId="customer")["Policy"]) == here.key_policies[CUSTOMER]


@pytest.mark.parametrize(
    ("key", "more", "code"),
    [
        ("gone", {}, "NotFoundException"),
        (CUSTOMER, {"PolicyName": "other"}, "NotFoundException"),
        ("alias/aws/ebs", {}, "InvalidArnException"),
        ("arn:aws:kms:eu-west-1:333333333333:key/theirs", {}, "AccessDeniedException"),
    ],
)
def test_policies_that_are_not_told(refusal, key, more, code):
    assert refusal("kms", "GetKeyPolicy", KeyId=key, **more) == code


def test_a_policy_of_others_is_not_told_even_to_those_it_lets_in(organisation, refusal):
    theirs = "arn:aws:kms:eu-west-1:333333333333:key/theirs"
    there = organisation.place("333333333333", "eu-west-1")
    there.kms_keys = {theirs: {"Arn": theirs}}
    there.key_readers = {theirs: frozenset({MINE})}
    assert refusal("kms", "GetKeyPolicy", KeyId=theirs) == "AccessDeniedException"
    assert refusal("kms", "ListGrants", KeyId=theirs) == "AccessDeniedException"


def test_grants_come_in_pages_and_by_principal(here, call, pages, refusal):
    here.key_grants[CUSTOMER] = [
        {"GrantId": f"{n:064x}", "GranteePrincipal": f"arn:aws:iam::33333333333{n % 2}:root"} for n in range(120)
    ]
    found = pages("kms", "ListGrants", "Grants", token="Marker", KeyId=CUSTOMER)
    assert [len(page) for page in found] == [50, 50, 20]
    assert [row for page in found for row in page] == here.key_grants[CUSTOMER]
    mine = call("kms", "ListGrants", KeyId=CUSTOMER, GranteePrincipal="arn:aws:iam::333333333331:root", Limit=100)
    assert (len(mine["Grants"]), mine["Truncated"]) == (60, False)
    assert call("kms", "ListGrants", KeyId=CUSTOMER, GrantId=f"{7:064x}")["Grants"] == [here.key_grants[CUSTOMER][7]]
    assert call("kms", "ListGrants", KeyId=MANAGED) == {"Grants": [], "Truncated": False}
    assert refusal("kms", "ListGrants", KeyId=CUSTOMER, Limit=101) == "ValidationException"
    assert refusal("kms", "ListGrants", KeyId=CUSTOMER, GrantId="a", GranteePrincipal="b") == "ValidationException"
    assert refusal("kms", "ListGrants", KeyId="gone") == "NotFoundException"
