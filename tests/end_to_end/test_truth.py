"""Twelve accounts in four regions, planted at random: what is found is what was planted, no more and no less."""

import pandas as pd
import pytest

from auditor.analysis.families import families_of
from auditor.analysis.spend import spend_of
from auditor.engine.supply import Reports, Supply
from auditor.frames import FRAMES
from auditor.rulebook import load_rules
from auditor.sandbox.planting import TINY, plant
from tests.end_to_end.conftest import CONFIG, KEY, WHOLE, audit

RULES = [loaded.rule for loaded in load_rules()]


@pytest.fixture(scope="module")
def judged(seed, tmp_path_factory):
    return audit(plant(seed, accounts=12, regions=4, size=TINY), tmp_path_factory.mktemp("run") / "run")


@pytest.fixture(scope="module")
def rows(judged):
    """How many rows of each subject were read, in all accounts and regions."""
    return {subject: len(judged.inventory.read(subject)) for subject in {rule.subject for rule in RULES}}


def test_everything_was_read(judged):
    coverage = judged.evaluation.coverage
    assert coverage[coverage["status"] != "complete"].empty
    gaps = judged.evaluation.item_gaps
    assert set(gaps["collector"]) <= {"kms_keys"}, "others' keys are refused, and nothing else"
    assert (gaps["resource_id"].str.split(":").str[4] != gaps["account_id"]).all()
    assert judged.evaluation.rule_runs["crash"].isna().all()
    assert len(judged.inventory.partitions) == 48


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_found_set_is_the_planted_set(judged, rule, seed):
    planted = {key[:3] for key in judged.organisation.truth[rule.id]}
    assert planted, f"seed {seed} planted nothing for {rule.id}"
    found = judged.keys(rule.id, "found")
    assert (found - planted, planted - found) == (set(), set()), f"seed {seed}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_tells_findings_apart_is_as_planted(judged, rule, seed):
    planted = judged.organisation.truth[rule.id]
    found = judged.keys(rule.id, "found", WHOLE)
    if any(len(key) > 3 for key in planted):
        assert (found - planted, planted - found) == (set(), set()), f"seed {seed}"
    else:  # one finding a row, so that nothing need tell them apart but the rest of the row's key where it is longer
        assert {pd.isna(key[3]) for key in found} == {len(FRAMES[rule.subject].key) <= 3}, f"seed {seed}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_only_what_cannot_be_told_is_unknown(judged, rule, seed):
    planted = {key[:3] for key in judged.organisation.truth.get(f"unknown:{rule.id}", set())}
    assert judged.keys(rule.id, "unknown") == planted, f"seed {seed}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_row_of_the_subject_has_a_verdict(judged, rows, rule):
    tallies = judged.evaluation.tallies
    mine = tallies[tallies["rule_id"] == rule.id]
    assert mine["evaluated"].sum() == rows[rule.subject]
    assert (mine["found"] + mine["passed"] + mine["unknown"] == mine["evaluated"]).all()
    row = WHOLE if len(FRAMES[rule.subject].key) > 3 else KEY  # the rest of a row's key is what tells findings apart
    assert mine["found"].sum() == len(judged.keys(rule.id, "found", row))
    assert mine["unknown"].sum() == len(judged.keys(rule.id, "unknown", row))


@pytest.mark.parametrize("kind", ["image", "snapshot"])
def test_what_made_a_thing_is_told_as_planted(judged, kind, seed):
    parts = [
        Supply(judged.inventory, Reports(judged.inventory), CONFIG, *place) for place in judged.inventory.partitions
    ]
    told = pd.concat([part.frame(f"{kind}_origins") for part in parts])
    columns = ["account_id", "region", f"{kind}_id", "origin", "confidence"]
    told = {row[:3]: row[3:] for row in told[columns].itertuples(index=False, name=None)}
    planted = {key: made for key, made in judged.organisation.origins.items() if key in told}
    assert len({origin for origin, _ in planted.values()}) >= 8
    assert {key: told[key] for key in planted} == planted, f"seed {seed}"
    assert kind == "snapshot" or planted.keys() == told.keys()


def test_families_come_to_what_the_rule_finds_in_them(judged):
    families = families_of(judged.inventory, CONFIG, spend_of(judged.inventory, CONFIG))
    assert families.unread == 0
    assert families.total.spare == len(judged.keys("image_superseded", "found"))
    assert families.total.unclear == len(judged.keys("image_superseded", "unknown"))
    images = judged.inventory.read("images")
    assert families.total.images == int(images["state"].isin(["available", "disabled"]).sum())
    total = families.total
    assert total.images == total.used + total.kept + total.spare + total.unclear + total.disabled
    assert total.spare_low_usd <= total.spare_high_usd <= total.high_usd


def test_every_window_of_every_promise_is_as_planted(judged, seed):
    reports = Reports(judged.inventory)
    columns = ["account_id", "region", "resource_id", "promise_id", "scheduled_at", "verdict"]
    for place in judged.inventory.partitions[seed % 4 :: 4]:  # all of them would take long, and rules judge the others
        windows = Supply(judged.inventory, reports, CONFIG, *place).frame("backup_windows")
        windows["scheduled_at"] = windows["scheduled_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        told = list(windows[columns].itertuples(index=False, name=None))
        planted = {key for key in judged.organisation.truth["backup_windows"] if key[:2] == place}
        assert (set(told) - planted, planted - set(told)) == (set(), set()), f"seed {seed}"
        assert len(told) == len(planted)


def test_finding_ids_are_unique(judged):
    assert judged.evaluation.findings["finding_id"].is_unique
