import pickle
from dataclasses import replace
from decimal import Decimal
from typing import get_args, get_type_hints

import pandas as pd
import pytest

from auditor.frames import FRAMES
from auditor.inventory import Inventory
from auditor.report import Report, text
from auditor.report.findings import headline

ARN = "arn:aws:ec2:eu-west-1::snapshot/snap-0a"


def test_every_field_of_the_report_has_a_help_text():
    hints = get_type_hints(Report, include_extras=True)
    assert [name for name, hint in hints.items() if not hasattr(hint, "__metadata__")] == []
    assert all(get_args(hint)[1] for hint in hints.values())


def test_the_verdict_says_the_worst_facts_and_how_much_there_is_beside_them(report):
    assert report.verdict == (
        "2 snapshots can be restored by anyone; 41 volumes have never been backed up; and 274 lesser findings."
    )


def test_counts_agree_everywhere(report):
    findings = report.tables["findings"]
    found = findings["verdict"] == "found"
    waived = findings["waiver"].notna()
    assert sum(line.open for line in report.severities) == int((found & ~waived).sum())
    assert sum(line.open for line in report.severities) == sum(line.open for line in report.accounts)
    assert sum(line.open for line in report.severities) == sum(line.counts["open"] for line in report.rules)
    assert sum(line.waived for line in report.severities) == sum(line.waived for line in report.accounts) == 4
    assert report.sight.unknown == sum(line.unknown for line in report.severities) == 17
    for line in report.rules:
        counts = line.counts
        assert counts["evaluated"] == counts["found"] + counts["passed"] + counts["unknown"]
    assert {section.rule_id for section in report.sections} | {line.rule_id for line in report.clean} == {
        line.rule_id for line in report.rules
    }


def test_the_worst_comes_first_and_what_is_waived_last(report):
    assert [(section.severity, section.counts["open"]) for section in report.sections] == [
        ("critical", 2),
        ("high", 41),
        ("medium", 118),
        ("medium", 4),
        ("low", 132),
        ("low", 20),
        ("critical", 0),
    ]


def test_rows_are_bounded_and_the_rest_is_counted(report):
    volumes = report.sections[1]
    assert (len(volumes.rows), volumes.more) == (5, 36)
    assert volumes.unknown_why == (("Could not tell: recovery_points were refused (AccessDeniedException).", 17),)


def test_what_could_not_be_seen_is_exact(report):
    assert report.sight.sentence == "10 of 15 account-regions were read completely."
    assert not report.sight.complete
    assert report.sight.gaps == (
        "KMS keys: throttled until we gave up in acme-root us-east-1, acme-prod us-east-1 and 3 more "
        "(ThrottlingException).",
        "Recovery points: refused in acme-data us-east-1 (AccessDeniedException).",
    )
    recovery = report.coverage[1]
    assert (recovery.account_regions, recovery.rules) == (1, ("Volume was never backed up",))


def test_a_complete_run_says_so(worlds):
    report = worlds(complete=True).report()
    assert report.sight.sentence == "All 15 account-regions were read completely."
    assert report.sight.complete
    assert report.coverage == ()
    assert "gap" not in {action.severity for action in report.actions}


def test_what_could_not_be_read_is_something_to_do(report):
    told = [action.fact for action in report.actions if action.severity == "gap"]
    assert told == ["5 of 15 account-regions could not be read completely"]


def test_nothing_found_is_only_good_news_where_everything_was_seen(worlds):
    for complete, verdict in (
        (True, "Nothing to report: all 8 rules passed."),
        (False, "Nothing was found in what could be read and judged; that is not everything."),
    ):
        world = worlds(complete=complete)
        tallies = world.evaluation.tallies.assign(found=0, unknown=0, waived=0)
        world.evaluation.findings = FRAMES["findings"].empty()
        world.evaluation.tallies = tallies.assign(evaluated=tallies["passed"])
        assert world.report().verdict == verdict


def test_an_account_wide_gap_makes_every_region_of_it_incomplete(worlds):
    world = worlds(complete=True)
    row = {"account_id": "111122223333", "region": "global", "collector": "accounts", "status": "failed"}
    parts = [*world.inventory._parts.values(), type(next(iter(world.inventory._parts.values())))(row)]
    inventory = Inventory(world.inventory.manifest, parts)
    inventory._memory = world.inventory._memory
    world.inventory = inventory
    report = world.report()
    assert report.sight.sentence == "12 of 15 account-regions were read completely."
    assert report.sight.gaps == ("Accounts: failed in acme-prod as a whole.",)


def test_actions_name_owner_and_place_with_gaps_after_what_is_urgent(report):
    assert [(action.severity, action.anchor) for action in report.actions] == [
        ("critical", "rule-snapshot_public"),
        ("high", "rule-volume_never_backed_up"),
        ("gap", "coverage"),
        ("medium", "rule-snapshot_unencrypted"),
        ("medium", "rule-region_encryption_not_default"),
    ]
    assert report.actions[1].owner == "payments@acme.example (12), 2 others and 9 without an owner"


def test_commands_are_filled_with_ids_only(report, worlds):
    public = report.sections[0]
    row = public.rows[0]
    assert public.command == (
        f"aws ec2 modify-snapshot-attribute --region {row.region} --snapshot-id {row.resource_id} --attribute "
        "createVolumePermission --operation-type remove --group-names all"
    )
    image = report.sections[-1]
    assert image.command.endswith("--launch-permission Remove=[{Group=all}]")
    world = worlds()
    world.evaluation.findings = world.evaluation.findings.assign(resource_id="x; rm -rf /")
    assert "<snapshot id>" in world.report().sections[0].command
    assert "rm -rf" not in world.report().sections[0].command


@pytest.mark.parametrize(
    ("subject", "concerns", "said"),
    [
        ("backup_plans", None, "--plan Default --vault <vault name> --point <recovery point arn>"),
        ("recovery_points", ARN, f"--plan <plan id> --vault Default --point {ARN}"),
        ("recovery_points", "x; rm", "--plan <plan id> --vault Default --point <recovery point arn>"),
    ],
)
def test_commands_name_what_tells_a_resource_from_others(worlds, subject, concerns, said):
    world = worlds()
    remedy = "--plan {plan_id} --vault {vault_name} --point {recovery_point_arn}"
    book = world.rules[0]
    book.rule = replace(book.rule, subject=subject, remedy=remedy)
    world.evaluation.findings = world.evaluation.findings.assign(resource_id="Default", discriminator=concerns)
    assert world.report().sections[0].command == said


@pytest.mark.parametrize(
    ("grades", "said"),
    [
        ({"critical": 1}, ("1 snapshot can be restored by anyone", 1, "1 snapshot can be restored by anyone")),
        (
            {"critical": 2, "medium": 3},
            (
                "2 snapshots can be restored by anyone",
                2,
                "2 snapshots can be restored by anyone; 3 more at a lower severity",
            ),
        ),
        ({"medium": 3}, ("Snapshot is public: 3 at a lower severity", 3, "Snapshot is public: 3 at a lower severity")),
    ],
)
def test_the_headline_counts_only_what_its_words_are_about(report, world, grades, said):
    rule = world.rules[0].rule
    line = next(line for line in report.rules if line.rule_id == rule.id)
    assert headline(rule, line, grades) == said


def test_savings_count_every_resource_once(worlds):
    world = worlds()
    before = world.report().spend
    findings = world.evaluation.findings
    twice = findings[findings["rule_id"] == "snapshot_orphaned"].assign(
        finding_id=lambda rows: "again-" + rows["finding_id"], rule_id="snapshot_unencrypted"
    )
    world.evaluation.findings = FRAMES["findings"].conform(pd.concat([findings, twice], ignore_index=True))
    after = world.report().spend
    assert (after.saving_low_usd, after.saving_high_usd) == (before.saving_low_usd, before.saving_high_usd)
    assert before.saving_resources == 132


def test_every_breakdown_of_the_costs_adds_up(report):
    spend = report.spend
    for lines in (spend.by_account, spend.by_region, spend.by_origin, spend.by_age):
        assert sum(line.snapshots for line in lines) == spend.total.snapshots
        assert sum(line.stored_high_bytes for line in lines) == spend.total.stored_high_bytes
    assert {line.name for line in spend.by_account} >= {"acme-prod"}
    assert report.cost_sentence == (
        "600 snapshots cost $579–$4\u202f130 a month; acting on the findings would save $294–$1\u202f288."
    )


def test_no_snapshots_is_one_sentence(worlds):
    world = worlds()
    world.spend = None
    assert world.report().cost_sentence == "There are no snapshots to cost."
    world.spend = replace(worlds().spend, fast_restore_usd=Decimal(540))
    assert "and fast restore $540.00 more" in world.report().cost_sentence


def test_change_is_told_where_an_earlier_run_is_given(world, report, since):
    later = world.report(changes=replace(since, before={**since.before, "critical": 5, "high": 0}))
    assert [line.change for line in later.severities] == ["3 fewer", "41 more", "unchanged", "unchanged", "unchanged"]
    assert {line.change for line in report.severities} == {""}
    assert dict(later.manifest)["Compared with"] == f"run 0123456789ab, as of {text.minute(since.as_of)}"
    assert dict(report.manifest)["Compared with"] == "no earlier run"


def test_what_it_cost_before_stands_beside_what_it_costs(world, since):
    cost = (Decimal(512), Decimal(4000))
    said = world.report(changes=replace(since, cost=cost)).cost_sentence
    assert f" a month (on {text.day(since.as_of)}: $512–$4\u202f000); acting" in said
    assert "(on" not in world.report(changes=since).cost_sentence


def test_a_crashed_rule_is_told(worlds):
    world = worlds()
    runs = world.evaluation.rule_runs
    crash = runs["rule_id"].eq("snapshot_failed").map({True: "KeyError: 'state', snapshot_failed.py:12", False: None})
    world.evaluation.rule_runs = FRAMES["rule_runs"].conform(runs.assign(crash=crash))
    section = world.report().sections[-1]
    assert (section.rule_id, section.crash) == ("snapshot_failed", "KeyError: 'state', snapshot_failed.py:12")
    assert section.headline == "Snapshot failed: the rule failed and judged nothing"


def test_waivers_are_told_with_their_state(report):
    assert [(line.rule_title, line.ticket, line.state, line.covers) for line in report.waivers] == [
        ("Image is public", "SEC-1234", "active", 1),
        ("Snapshot is not encrypted", "SEC-99", "expired", 12),
    ]
    assert report.waivers[0].what == ("ami-0123456789abcdef0", "ami-0fedcba9876543210")


def test_a_report_goes_to_another_process(report):
    again = pickle.loads(pickle.dumps(report))  # noqa: S301 - our own bytes
    assert again.sections == report.sections
