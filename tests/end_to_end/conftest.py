"""A planted organisation, read by the real collectors over HTTP and judged by the real rules."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from auditor.aws.collector import Collector
from auditor.aws.collectors import COLLECTORS
from auditor.aws.limits import Limiter
from auditor.aws.runner import collect
from auditor.config import Config
from auditor.engine import Evaluation, evaluate
from auditor.inventory import Inventory
from auditor.rulebook import LoadedRule, load_rules
from auditor.sandbox.faults import Fault, Faults
from auditor.sandbox.model import Organisation
from auditor.sandbox.planting.names import PARTNER
from auditor.sandbox.planting.stories_expected import matrix
from auditor.sandbox.planting.stories_policies import AGREED
from auditor.sandbox.server import Sandbox

CONFIG = Config.of(
    {
        "scope": {"organisation": True, "role": "AuditorReadOnly", "external_id": "sandbox"},
        "collect": {"workers": 8},
        "sharing": {"trusted_accounts": {PARTNER: "backup service"}},
        "backup": AGREED,
    }
)
KEY = ["account_id", "region", "resource_id"]
#: The key with what tells several findings of one resource apart.
WHOLE = [*KEY, "discriminator"]


@pytest.fixture(autouse=True)
def no_aws(monkeypatch):
    """Nothing of the machine's own AWS set-up reaches a test."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")


@pytest.fixture(scope="session")
def seed():
    """A fresh seed for every run of the tests; the head of the run says how to repeat it."""
    return int(os.environ["REPEAT_SEED"])


@dataclass(frozen=True)
class Judged:
    """One audit of one sandbox."""

    organisation: Organisation
    inventory: Inventory
    evaluation: Evaluation
    calls: Counter

    def keys(self, rule_id: str, verdict: str, columns: list = KEY) -> set:
        """Account, region and resource (and discriminator) that a rule gave a verdict."""
        return {key[: len(columns)] for key in self._given.get((rule_id, verdict), ())}

    @cached_property
    def _given(self) -> dict:
        """The whole keys by rule and verdict."""
        given = defaultdict(set)
        findings = self.evaluation.findings[["rule_id", "verdict", *WHOLE]]
        for rule_id, verdict, *key in findings.itertuples(index=False, name=None):
            given[rule_id, verdict].add(tuple(key))
        return given


def expecting(organisation: Organisation) -> Config:
    """The configuration, with what the planted organisation expects of sharing."""
    sharing = {**CONFIG.sharing.model_dump(), "expect": matrix(organisation)}
    return Config.of({**CONFIG.model_dump(by_alias=True), "sharing": sharing})


def read(
    organisation: Organisation,
    folder: Path,
    *faults: Fault,
    config: Config | None = None,
    collectors: Iterable[str] | None = None,
    catalogue: Sequence[Collector] = COLLECTORS,
) -> Counter:
    """Serve and collect; how often each call was made."""
    with Sandbox(organisation, Faults(*faults, throttling=False)) as sandbox, pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox.environment().items():
            patch.setenv(name, value)
        collect(
            config or expecting(organisation),
            folder,
            as_of=organisation.now,
            collectors=collectors,
            limiter=Limiter.unlimited(),  # what does not throttle need not be waited for
            catalogue=catalogue,
        )
    return Counter(sandbox.calls)


def judge(
    organisation: Organisation,
    folder: Path,
    calls: Counter,
    *,
    config: Config | None = None,
    rules: Sequence[LoadedRule] | None = None,
) -> Judged:
    """Judge what was collected, by every rule where none are given."""
    inventory = Inventory.load(folder)
    evaluation = evaluate(inventory, load_rules() if rules is None else rules, config or expecting(organisation))
    return Judged(organisation, inventory, evaluation, calls)


def audit(organisation: Organisation, folder: Path, *faults: Fault, config: Config | None = None) -> Judged:
    """Serve, collect, judge."""
    return judge(organisation, folder, read(organisation, folder, *faults, config=config), config=config)
