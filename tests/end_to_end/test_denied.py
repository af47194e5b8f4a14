"""Any one call denied in one account; those of EC2 stand in a file of their own, so that both can run at once."""

from collections import defaultdict
from dataclasses import replace

import pytest

from auditor.aws.collectors import COLLECTORS
from auditor.engine import evaluate
from auditor.frames import frames_filled_by
from auditor.inventory import Inventory
from auditor.sandbox.faults import Fault
from tests.end_to_end.conftest import WHOLE, expecting, judge, read
from tests.end_to_end.denying import (
    ACTIONS,
    BY_THE_RUN,
    OPERATIONS,
    RULES,
    SELDOM,
    a_denied_call_makes_nothing_false,
    action_of,
    denying,
    near,
    nothing_false,
    readable,
    rests_on,
    told,
)

__all__ = ["readable"]

OTHERS = [(service, operation) for service, operation in OPERATIONS if service != "ec2"]
SHORT = [call for call in OPERATIONS if call not in BY_THE_RUN and call[1] not in SELDOM]


def test_every_call_is_among_the_permissions(readable):
    """What is called is what the printed policy allows; signing in needs no permission of its own."""
    assert {action_of(*call) for call in readable.called if call[0] != "sts"} <= ACTIONS


@pytest.mark.parametrize("collector", COLLECTORS, ids=lambda each: each.name)
def test_a_collector_asks_for_what_it_says_it_needs(readable, collector):
    asked = {action for action in readable.asked.get(collector.name, ()) if not action.startswith("sts:")}
    assert asked <= set(collector.actions)


def test_nothing_denied_makes_nothing_false(readable):
    for loaded in RULES:
        for account in readable.organisation.accounts:
            nothing_false(loaded.rule, readable, account)


def test_what_is_read_and_judged_again_is_what_everything_anew_comes_to(readable, seed, tmp_path):
    service, operation = SHORT[seed % len(SHORT)]
    again = denying(readable, service, operation, tmp_path / "again")
    fault = Fault("denied", account=readable.denied_for(service, operation), service=service, action=operation)
    calls = read(readable.organisation, tmp_path / "anew", fault, config=near(readable.organisation))
    anew = judge(readable.organisation, tmp_path / "anew", calls, rules=RULES)
    assert told(again.inventory) == told(anew.inventory), f"{service}:{operation}"
    for loaded in RULES:
        like = again if loaded.rule.id in again.evaluation.rules else readable
        for verdict in ("found", "unknown"):
            keys = [each.keys(loaded.rule.id, verdict, WHOLE) for each in (like, anew)]
            assert keys[0] == keys[1], f"{service}:{operation} {loaded.rule.id}"


TOLD_OF_GAPS = [each for each in RULES if {"coverage", "gaps", "item_gaps"} & rests_on(each.rule.frames)]


def test_nobody_minds_gaps_of_what_is_not_asked_for(readable):
    """Rules that are told of gaps judge as before where all that was refused is what they do not ask for."""
    asking = defaultdict(list)
    for loaded in TOLD_OF_GAPS:
        asking[frozenset(rests_on({loaded.rule.subject, *loaded.rule.frames}))].append(loaded)
    for frames, rules in asking.items():
        whole = readable.inventory
        parts = [
            part if frames & {*frames_filled_by(part.key[2])} else replace(part, coverage={**part.coverage, **REFUSED})
            for part in whole._parts.values()
        ]
        gappy = Inventory(whole.manifest, parts, whole.folder)
        judged = replace(readable, evaluation=evaluate(gappy, rules, expecting(readable.organisation)))
        for loaded in rules:
            for verdict in ("found", "unknown"):
                before, after = (each.keys(loaded.rule.id, verdict, WHOLE) for each in (readable, judged))
                assert before == after, loaded.rule.id


REFUSED = {"status": "denied", "error_code": "AccessDenied"}


@pytest.mark.parametrize(("service", "operation"), OTHERS, ids=lambda value: value)
def test_a_denied_call_makes_nothing_false(readable, service, operation, tmp_path):
    a_denied_call_makes_nothing_false(readable, service, operation, tmp_path)
