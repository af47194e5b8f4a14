"""Accounts and regions judged side by side, on disk or in memory, come to the same."""

from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import partial

import pandas as pd
import pytest

from auditor.config import Config
from auditor.engine import evaluate, pool
from auditor.inventory import Inventory, Writer
from auditor.manifest import Manifest
from auditor.rulebook import Rulebook, load_rules
from auditor.testing import AS_OF, REGION, frame
from tests.engine.judging import (
    OTHER,
    PRICED,
    SNAPSHOT_RULES,
    numbered,
    same,
)


def estate(folder, places=6, rows=40):
    """A run folder with a few accounts and a gap in one of them."""
    writer, _ = Writer.start(folder, Manifest(as_of=AS_OF, started_at=AS_OF))
    for place in range(places):
        here = {"account_id": f"{place:012}", "region": REGION}
        snapshots = [
            {**PRICED, **here, "snapshot_id": f"snap-{place}-{row}", "encrypted": bool(row % 3)} for row in range(rows)
        ]
        images = [
            {**here, "image_id": f"ami-{place}-{row}", "state": "available", "created_at": "400 days ago"}
            for row in range(5)
        ]
        done = {**here, "status": "complete", "rows": rows}
        writer.write({**done, "collector": "snapshots"}, {"snapshots": frame("snapshots", snapshots)})
        writer.write({**done, "collector": "images"}, {"images": frame("images", images)})
        status = "denied" if place == 2 else "complete"
        writer.write({**done, "collector": "instances", "status": status}, {})
    return writer.finish()


def test_an_executor_changes_nothing(tmp_path):
    inventory = estate(tmp_path / "run")
    rules, said = load_rules(), []
    alone = evaluate(inventory, rules, Config())
    assert alone.findings["rule_id"].nunique() >= 2
    assert (alone.tallies["unknown"] > 0).any()
    with ThreadPoolExecutor(3) as executor:
        together = evaluate(inventory, rules, Config(), executor=executor, progress=lambda *done: said.append(done))
    same(alone, together)
    assert said[-1] == (6, 6)


def test_many_rows_are_judged_by_processes(tmp_path, monkeypatch):
    inventory = estate(tmp_path / "run")
    rules = load_rules(select=["snapshot_*", "image_unused"])
    alone = evaluate(inventory, rules, Config())
    monkeypatch.setattr(pool, "WORTH_A_POOL", 1)
    same(alone, evaluate(inventory, rules, Config()))


class Broken(Executor):
    """Processes that die over what they are given."""

    def submit(self, *_):
        failed = Future()
        failed.set_exception(BrokenProcessPool())
        return failed


@pytest.mark.parametrize("hands", [partial(ThreadPoolExecutor, 1), Broken])
def test_another_process_judges_by_some_of_the_rules_where_there_are_few_places(tmp_path, monkeypatch, hands):
    inventory = estate(tmp_path / "run", places=1)
    rules, lent = load_rules(), []
    alone = evaluate(inventory, rules, Config(), summaries={"billed": billed})
    monkeypatch.setattr(pool, "WORTH_LENDING", 1)
    monkeypatch.setattr(pool.os, "cpu_count", lambda: 2)
    judge = pool.judge_chunk
    monkeypatch.setattr(pool, "judge_chunk", lambda *told: (lent.extend(told[1]), judge(*told))[1])
    with hands() as executor:
        together = evaluate(inventory, rules, Config(), executor=executor, summaries={"billed": billed})
    same(alone, together)
    assert together.summaries == alone.summaries
    assert 0 < len(lent) < len(rules) or hands is Broken


def billed(frame, account_id, region):
    """A summary: where, how many snapshots, and what they cost at most."""
    return account_id, region, len(frame("snapshots")), sum(frame("snapshot_costs")["monthly_high_usd"])


def trusted(frame, account_id, region):
    """A summary of what the configuration says."""
    return list(frame("parties")["party_id"])


def test_places_are_summed_up_from_the_frames_they_are_judged_by(tmp_path, monkeypatch):
    inventory = estate(tmp_path / "run", places=3)
    rules = load_rules(select=["snapshot_unencrypted"])
    here = evaluate(inventory, rules, Config(), summaries={"billed": billed}).summaries
    assert [place[:3] for place in here["billed"]] == [(f"{place:012}", REGION, 40) for place in range(3)]
    assert all(place[3] > 0 for place in here["billed"])
    monkeypatch.setattr(pool, "WORTH_A_POOL", 1)
    assert evaluate(inventory, rules, Config(), summaries={"billed": billed}).summaries == here
    assert evaluate(inventory, rules, Config()).summaries == {}


def test_an_executor_that_is_used_again_goes_by_the_configuration_of_the_day(tmp_path):
    inventory = estate(tmp_path / "run", places=2)
    rules = load_rules(select=["snapshot_unencrypted"])
    partner = Config.of({"sharing": {"trusted_accounts": {OTHER: "partner"}}})
    with ThreadPoolExecutor(1) as executor:
        told = [
            evaluate(inventory, rules, config, executor=executor, summaries={"trusted": trusted}).summaries["trusted"]
            for config in (Config(), partner)
        ]
    assert told == [[[], []], [[OTHER], [OTHER]]]


def test_in_memory_and_on_disk_are_judged_alike(tmp_path):
    disk = estate(tmp_path / "run", places=3)
    names = ("snapshots", "images")
    gaps = disk.coverage().to_dict("records")
    memory = Inventory.of({name: disk.read(name) for name in names}, AS_OF, gaps)
    one, two = evaluate(disk, load_rules(), Config()), evaluate(memory, load_rules(), Config())
    pd.testing.assert_frame_equal(one.findings, two.findings)
    pd.testing.assert_frame_equal(one.tallies, two.tallies)


def test_evaluating_twice_is_the_same():
    inventory = Inventory.of({"snapshots": frame("snapshots", numbered([PRICED] * 3))}, AS_OF)
    rules = Rulebook(replace(each) for each in SNAPSHOT_RULES)
    same(evaluate(inventory, rules, Config()), evaluate(inventory, rules, Config()))
