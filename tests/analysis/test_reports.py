"""Which reports tell of a place: its own, those of its account, and central ones, where all that is known."""

import pandas as pd
import pytest

from auditor.analysis import derive
from auditor.analysis.elsewhere import NOWHERE
from auditor.engine.elsewhere import Elsewhere
from auditor.frames import FRAMES
from auditor.inventory import GLOBAL, Inventory

NOW = pd.Timestamp("2026-03-01T06:00", tz="UTC")
ME, BOSS, STRANGER = "000000000042", "111122223333", "444455556666"
HERE, THERE = "eu-west-1", "us-east-1"
PLACES = [(account, region) for account in (ME, BOSS, STRANGER) for region in (HERE, THERE)]
MEMBERS = [
    {"member_id": ME, "organisation_id": "o-1", "ou_path": "o-1/r-1/ou-1/ou-2"},
    {"member_id": BOSS, "organisation_id": "o-1", "ou_path": "o-1/r-1"},
    {"member_id": STRANGER, "organisation_id": "o-9", "ou_path": "o-9/r-9"},
]


def rows(name, *given):
    return FRAMES[name].rows(given)


def read(account, region, collector="report_plans", status="complete"):
    return {"account_id": account, "region": region, "collector": collector, "status": status}


def coverage(source, members=MEMBERS, *, gaps=(), plans=1, **named):
    """What is told of this place where there is one report plan, in a place of its own."""
    plan = {"account_id": source[0], "region": source[1], "report_plan_arn": "arn:r"}
    frames = {
        "report_plans": rows("report_plans", plan | {"template": "BACKUP_JOB_REPORT"}),
        "report_plan_scopes": rows(
            "report_plan_scopes",
            *({**plan, "kind": kind, "value": value} for kind, values in named.items() for value in values),
        ),
    }
    inventory = Inventory.of(frames, NOW, [*(read(*place) for place in PLACES), *gaps])
    mine = {name: table[table["account_id"].eq(ME) & table["region"].eq(HERE)] for name, table in frames.items()}
    mine["directory"] = rows("directory", *members)
    mine["backup_plans"] = rows("backup_plans", *[{"account_id": ME, "region": HERE, "plan_id": "p"}] * plans)
    made = derive("report_coverage", mine.__getitem__, NOW, elsewhere=Elsewhere(inventory, inventory.gaps))
    assert set(zip(made["account_id"], made["region"], strict=True)) <= {(ME, HERE)}
    told = made[["from_account_id", "from_region", "template", "covers", "unknown_because"]].astype(object)
    return list(told.where(told.notna(), None).itertuples(index=False, name=None))


def covers(source, *members, **named):
    """Yes, no, or nothing where it cannot be told."""
    told = coverage(source, *members, **named)
    assert all(bool(row[4]) is (row[3] is None) for row in told)
    return told[0][3] if told else False


@pytest.mark.parametrize(
    ("source", "named", "expected"),
    [
        ((ME, HERE), {}, True),
        ((ME, THERE), {}, False),
        ((BOSS, HERE), {}, False),
        ((ME, HERE), {"region": [THERE]}, False),
        ((ME, THERE), {"region": [THERE, HERE]}, True),
        ((ME, THERE), {"region": ["*"]}, True),
        ((BOSS, THERE), {"region": ["*"]}, False),
        ((BOSS, THERE), {"region": ["*"], "account": [STRANGER, ME]}, True),
        ((BOSS, THERE), {"account": [ME]}, False),
        ((BOSS, HERE), {"account": [ME]}, True),
        ((ME, HERE), {"account": [STRANGER]}, False),
        ((BOSS, THERE), {"region": [HERE], "account": ["ROOT"]}, True),
        ((STRANGER, THERE), {"region": ["*"], "account": ["ROOT"]}, False),
        ((STRANGER, THERE), {"region": ["*"], "unit": ["ou-2"]}, False),
        ((BOSS, THERE), {"region": ["*"], "unit": ["ou-7", "ou-2"]}, True),
        ((BOSS, THERE), {"region": ["*"], "unit": ["ou-7"]}, False),
        ((BOSS, THERE), {"region": ["*"], "unit": ["ou-1"]}, None),
        ((BOSS, THERE), {"region": ["*"], "unit": ["r-1"]}, None),
    ],
)
def test_a_plan_covers_what_it_names_or_its_own_place(source, named, expected):
    assert covers(source, **named) is expected


def test_without_organizations_nobody_knows_who_is_in_a_unit_or_an_organisation():
    nameless = [{"member_id": ME}]
    assert covers((BOSS, HERE), nameless, account=["ROOT"]) is None
    assert covers((BOSS, HERE), nameless, unit=["ou-2"]) is None
    assert covers((BOSS, HERE), nameless, account=[ME]) is True
    assert covers((ME, HERE), nameless, account=["ROOT"]) is True


def test_any_place_that_was_not_read_may_have_a_plan_that_covers_this():
    gaps = [
        read(STRANGER, THERE, status="denied"),
        read(BOSS, GLOBAL, "regions", "failed"),
        read(ME, HERE, "backup_jobs", "denied"),
    ]
    found = coverage((ME, HERE), gaps=gaps)
    assert [row[:4] for row in found] == [
        (ME, HERE, "BACKUP_JOB_REPORT", True),
        (BOSS, GLOBAL, None, None),
        (STRANGER, THERE, None, None),
    ]
    words = "were not read, and may take this in."
    assert [row[4] for row in found[1:]] == [
        f"Could not tell: the report plans of account {BOSS} {words}",
        f"Could not tell: the report plans of account {STRANGER} {THERE} {words}",
    ]


def test_a_place_without_backup_plans_needs_no_report():
    assert coverage((ME, HERE), gaps=[read(BOSS, HERE, status="denied")], plans=0) == []


def test_nowhere_has_no_places():
    assert NOWHERE.unread_places(["report_plans"]) == []
