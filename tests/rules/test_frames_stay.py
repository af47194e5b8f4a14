"""Our own rules get the frames that the engine keeps, so they may look at them and must not edit them."""

import pandas as pd
import pytest

from auditor.config import Config
from auditor.engine.partition import Job
from auditor.engine.supply import Reports
from auditor.engine.verdicts import ask
from auditor.rulebook import load_rules, settle
from auditor.testing import inventory_of

RULES = {loaded.rule.id: loaded for loaded in load_rules()}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_leaves_its_frames_as_they_are(name):
    loaded = RULES[name]
    for example in (loaded.fails[0], loaded.unknown[0]):
        inventory, row = inventory_of(loaded, example)
        config = Config.of({**example.get("config", {}), "rules": {name: dict(example.get("params", {}))}})
        settled = settle([loaded], config)
        job = Job(inventory, Reports(inventory), [loaded], settled, config)
        across = loaded.rule.reach == "organisation" or "region" not in row
        supply = job.supply() if across else job.supply(row["account_id"], row["region"])
        frames = {frame: supply.kept(frame).copy() for frame in loaded.rule.frames}
        verdict = ask(loaded, settled[name].parameters, supply, len(frames[loaded.rule.subject]))
        assert not verdict.crash
        for frame, before in frames.items():
            pd.testing.assert_frame_equal(supply.kept(frame), before)
