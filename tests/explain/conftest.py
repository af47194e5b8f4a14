"""An organisation in which every place tells every story, collected over HTTP and judged by two rules."""

from dataclasses import replace
from itertools import count

import pytest

from auditor.engine import evaluate, write_results
from auditor.explain import Run, tell
from auditor.inventory import Inventory
from auditor.rulebook import load_rules
from auditor.sandbox.planting import TINY, plant
from tests.explain.telling import CONFIG, collected, seed

JUDGED = ("snapshot_orphaned", "snapshot_public")


@pytest.fixture(scope="session")
def organisation():
    """Planted until sharing with everybody is blocked somewhere and open elsewhere."""
    planted = (plant(number, accounts=3, regions=2, size=replace(TINY, chance=1.0)) for number in count(seed()))
    return next(each for each in planted if each.truth["snapshot_public"] and each.truth["snapshot_public_latent"])


@pytest.fixture(scope="session")
def run(organisation, tmp_path_factory):
    """A run folder that two rules have judged."""
    folder = collected(organisation, tmp_path_factory.mktemp("explain") / "run")
    inventory = Inventory.load(folder)
    write_results(evaluate(inventory, load_rules(select=JUDGED), CONFIG), folder)
    return folder


@pytest.fixture(scope="session")
def told(run):
    opened = Run(Inventory.load(run))
    return lambda resource_id: tell(opened, resource_id)


@pytest.fixture(scope="session")
def place(organisation):
    """One place of many; all tell the same stories."""
    return max(organisation, key=lambda each: (each.account_id, each.name))
