import json
from dataclasses import replace

import pytest

from auditor.report.evidence import facts, shared
from auditor.report.model import FindingRow

KEY = "arn:aws:kms:eu-west-1:111122223333:key/12ab"


def row(evidence, **more):
    known = {"resource_type": "snapshot", "resource_id": "snap-0a", "resource_name": None, "discriminator": None}
    return {**known, **more, "evidence": json.dumps(evidence)}


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ({}, ()),
        ({"state": "error", "kernel_id": None, "note": ""}, (("state", "error"),)),
        (
            {"snapshot_id": "snap-0a", "region": "eu-west-1", "copy": "snap-0a", "volume_id": "vol-0a"},
            (("volume", "vol-0a"),),
        ),
        ({"encrypted": True, "is_default": False}, (("", "encrypted"), ("", "is not default"))),
        (
            {"image_is_public": False, "all_restorable": False},
            (("", "image is not public"), ("", "not all restorable")),
        ),
        ({"works": True}, (("", "works today"),)),
        ({"works": False}, (("", "does not work today"),)),
        ({"age_days": 3, "created_at": "2026-02-26T05:13:16Z"}, (("age", "3 days"),)),
        ({"created_at": "2026-02-26T05:13:16Z", "age_days": None}, (("created", "26\u202fFeb\u202f2026"),)),
        ({"policy_is": "is gone", "becomes": "becomes public"}, (("policy", "is gone"), ("", "becomes public"))),
        ({"a": "b", "what": "is locked"}, (("", "is locked"), ("a", "b"))),
        ({"grantee": "*", "who": "*"}, (("grantee", "*"),)),
        ({"because": f"not allowed by key {KEY}."}, (("because", "not allowed by key 12ab."),)),
        ({"kms_key_arn": KEY}, (("KMS key", "12ab"),)),
        ({"zone_list_price_a_month_usd": 540.0}, (("$ a month", "540.00"),)),
        (
            {"newest_backup": "snap-0b", "newest_backup_at": "2026-02-26T05:13:16Z", "state": "in-use"},
            (("newest backup", "snap-0b, 26\u202fFeb\u202f2026"), ("state", "in-use")),
        ),
        ({"newest_backup": None, "newest_backup_at": None}, ()),
        ({"apart_minutes": 168}, (("apart", "168 minutes"),)),
        ({"apart_minutes": 27385}, (("apart", "19 days"),)),
        ({"unmet": 2, "windows": 9}, (("not made", "2"), ("promised", "9"))),
        (
            {"due": "2026-02-25 02:30 missed, 2026-02-26 02:30 failed, 2026-02-27 02:30 missed, 2026-02-28 02:30 late"},
            (("due", "2026-02-25 02:30 missed, 2026-02-26 02:30 failed and 2 more"),),
        ),
        ({"x" * 50: "<b>\u202e"}, (("x" * 39 + "…", "<b>⟨U+202E⟩"),)),
        ({"note": "long " * 100}, (("note", ("long " * 100)[:119] + "…"),)),
    ],
)
def test_what_made_a_finding_is_said_in_few_words(evidence, said):
    assert facts(row(evidence)) == said


def test_what_a_finding_concerns_is_named_where_nothing_else_names_it():
    point = "arn:aws:ec2:eu-west-1::snapshot/snap-0b"
    vault = {"resource_type": "recovery_point", "resource_id": "Default", "discriminator": point}
    assert facts(row({}, **vault)) == (("", "snapshot snap-0b"),)
    assert facts(row({"backup": point}, **vault)) == (("backup", "snap-0b"),)
    other = "arn:aws:backup:eu-west-1:111122223333:recovery-point:0b57"
    assert facts(row({}, **{**vault, "discriminator": other})) == (("", "recovery point 0b57"),)
    assert facts(row({}, discriminator="eu-west-1a")) == ()


def test_the_name_of_the_resource_is_not_said_again():
    assert facts(row({"plan_name": "gold", "rule_name": "daily"}, resource_name="gold")) == (("rule name", "daily"),)


def test_what_is_the_same_in_all_rows_is_said_once():
    one = FindingRow(
        "low", "", "111122223333", "eu-west-1", "", "vol-0a", (("state", "in-use"), ("age", "3 days")), *[""] * 4
    )
    other = replace(one, evidence=(("age", "9 days"), ("state", "in-use")))
    common, rows = shared((one, other))
    assert common == (("state", "in-use"),)
    assert [each.evidence for each in rows] == [(("age", "3 days"),), (("age", "9 days"),)]
    both = tuple(replace(each, owner="ops@example.com") for each in (one, one))
    common, rows = shared(both)
    assert common == (*one.evidence, ("owner", "ops@example.com"))
    assert {(each.owner, each.evidence) for each in rows} == {("", ())}
    assert [each.owner for each in shared((both[0], one))[1]] == ["ops@example.com", ""]
    assert shared((one,)) == ((), (one,))
    assert shared(()) == ((), ())
