"""What holds for every rule, whoever wrote it: its examples, its gaps, its tallies."""

import pytest

from auditor import testing
from auditor.analysis import sources
from auditor.config import Config
from auditor.engine import evaluate
from auditor.engine.gaps import needed
from auditor.frames import FRAMES, INVENTORY
from auditor.inventory import Inventory
from auditor.rulebook import load_rules
from auditor.testing import AS_OF, prove, try_example

RULES = {loaded.rule.id: loaded for loaded in load_rules()}
COLLECTED = [(name, frame) for name, loaded in RULES.items() for frame in sorted(needed(loaded.rule.frames))]
TOLD = [
    (name, frame)
    for name, loaded in RULES.items()
    for frame in sorted({source for named in loaded.rule.frames for source in sources(named)})
    if frame in INVENTORY and (name, frame) not in COLLECTED
]


@pytest.mark.parametrize("name", RULES)
def test_the_examples_hold_and_found_passed_and_unknown_are_all_there_is(name, monkeypatch):
    loaded = RULES[name]
    judged = []

    def noted(inventory, *others):
        judged.append((inventory, evaluate(inventory, *others)))
        return judged[-1][1]

    monkeypatch.setattr(testing, "evaluate", noted)
    assert prove(loaded) == len(judged) >= 3
    for inventory, evaluation in judged:
        tallies = evaluation.tallies
        assert tallies["evaluated"].sum() == len(inventory.read(loaded.rule.subject))
        assert (tallies["evaluated"] == tallies["found"] + tallies["passed"] + tallies["unknown"]).all()
        assert len(evaluation.findings) == tallies["found"].sum() + tallies["unknown"].sum()
        assert evaluation.findings["finding_id"].is_unique


@pytest.mark.parametrize(("name", "frame"), COLLECTED)
def test_a_gap_in_any_frame_makes_its_place_unknown(name, frame):
    loaded = RULES[name]
    for example in (loaded.fails[0], loaded.passes[0]):
        verdict, finding, crash = try_example(loaded, {**example, "gap": frame})
        assert (verdict, crash) == ("unknown", "")
        assert finding["message"].startswith("Could not tell: reading ")
        rest = [example.get(name) for name in FRAMES[loaded.rule.subject].key[3:]]
        assert finding["discriminator"] == ("/".join(map(str, rest)) if rest and None not in rest else None)


@pytest.mark.parametrize(("name", "frame"), TOLD)
def test_a_gap_that_a_derived_frame_tells_of_makes_nothing_false(name, frame):
    loaded = RULES[name]
    for kind, example in (("found", loaded.fails[0]), ("passed", loaded.passes[0])):
        verdict, _, crash = try_example(loaded, {**example, "gap": frame})
        assert (verdict in (kind, "unknown"), crash) == (True, "")


@pytest.mark.parametrize("name", RULES)
def test_nothing_collected_is_nothing_judged(name):
    evaluation = evaluate(Inventory.of({}, AS_OF), [RULES[name]], Config())
    assert evaluation.findings.empty
    assert evaluation.tallies.empty
    assert not evaluation.incomplete


#: All but the rules of regions, which are judged by frames of their own.
OF_ROWS = [name for name, loaded in RULES.items() if FRAMES[loaded.rule.subject].noun != "region"]


@pytest.mark.parametrize("name", OF_ROWS)
def test_a_row_of_which_nothing_is_known_is_never_found(name):
    verdict, _, crash = try_example(RULES[name], {})
    assert crash == ""
    assert verdict != "found"


@pytest.mark.parametrize("name", RULES)
def test_the_words_are_whole(name):
    rule = RULES[name].rule
    assert rule.how
    assert rule.breaks
    assert rule.remedy
    assert not rule.title.endswith(".")
    assert not rule.message.endswith(".")


def test_only_rules_whose_remedy_is_to_do_without_the_resource_tell_a_saving():
    assert {name for name, loaded in RULES.items() if loaded.rule.saves} == {
        "fast_restore_idle",
        "image_disabled_costing",
        "image_superseded",
        "image_unused",
        "lifecycle_leftover",
        "snapshot_duplicate_copy",
        "snapshot_failed",
        "snapshot_orphaned",
        "snapshot_over_retention",
    }
