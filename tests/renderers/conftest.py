"""The believable run, its report, and others like it."""

from datetime import timedelta

import pandas as pd
import pytest

from auditor.report.changes import Changes
from tests.renderers.estate import AS_OF
from tests.renderers.world import make_world


@pytest.fixture(scope="session")
def world():
    return make_world()


@pytest.fixture(scope="session")
def report(world):
    return world.report()


@pytest.fixture
def worlds():
    """For tests that need another one."""
    return make_world


@pytest.fixture(scope="session")
def since(world, report):
    """A month in which an image became private, a rule went and seven volumes were made."""
    findings = world.evaluation.findings
    gone = findings[findings["rule_id"] == "image_public"].head(1).assign(finding_id="gone-1", became="absent")
    unjudged = gone.assign(finding_id="gone-2", rule_id="image_forgotten", severity="low", became="unjudged")
    return Changes(
        run_id="0123456789ab",
        as_of=AS_OF - timedelta(days=31),
        before={line.severity: line.open for line in report.severities},
        new={"absent": 6, "waived": 0, "unjudged": 0, "untold": 1, "changed": 0},
        gone={"absent": 1, "waived": 0, "unjudged": 1, "untold": 0, "changed": 0},
        by_rule={"volume_never_backed_up": (7, 0), "image_public": (0, 1), "image_forgotten": (0, 1)},
        table=pd.concat([gone, unjudged], ignore_index=True),
    )
