"""``auditor demo``: a made-up organisation, the real collectors over real HTTP, and a count against the truth."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from auditor import pipeline
from auditor.aws.progress import progress_for
from auditor.config import Config
from auditor.engine import Evaluation
from auditor.errors import ConfigError
from auditor.manifest import MANIFEST
from auditor.rulebook import load_rules
from auditor.sandbox.model import Organisation
from auditor.sandbox.planting import plant
from auditor.sandbox.planting.names import PARTNER
from auditor.sandbox.planting.stories_expected import matrix
from auditor.sandbox.planting.stories_policies import AGREED
from auditor.sandbox.process import serve_in_process

#: How the demo reads its sandbox; also a configuration to start from.
DEMO_CONFIG: dict[str, dict[str, Any]] = {
    "scope": {"organisation": True, "role": "AuditorReadOnly", "external_id": "sandbox"},
    "sharing": {"trusted_accounts": {PARTNER: "backup service"}},
    "backup": AGREED,
    "report": {"organisation_name": "Sandbox organisation", "title": "EBS snapshot and AMI audit"},
}


def demo_config(organisation: Organisation) -> Config:
    """The demo's configuration, with what its organisation expects of sharing."""
    sharing = {**DEMO_CONFIG["sharing"], "expect": matrix(organisation)}
    return Config.of({**DEMO_CONFIG, "sharing": sharing})


def run_demo(out: Path, *, seed: int, accounts: int, regions: int, quiet: bool, say: Callable[[str], object]) -> None:
    """Plant, serve, collect, judge, render, and say how the findings compare with what was planted.

    Args:
        out: The run folder; an earlier demo in it is replaced.
        seed: Another seed, another organisation.
        accounts: How many accounts are planted.
        regions: How many regions each has.
        quiet: Show no progress.
        say: Takes each line of the outcome.

    Raises:
        ConfigError: The folder holds something that is not a run of ours.
    """
    if out.exists() and any(out.iterdir()):
        if not (out / MANIFEST).exists():
            raise ConfigError(f"{out} is not empty and holds no demo.", "Name another folder with --out.")
        shutil.rmtree(out)
    organisation = plant(seed, accounts=accounts, regions=regions)
    rules = load_rules()
    config = demo_config(organisation)
    with serve_in_process(seed=seed, accounts=accounts, regions=regions) as server, server.activated():
        pipeline.collect(config, out, as_of=organisation.now, progress=progress_for(quiet=quiet))
    outcome = pipeline.report(out, config, rules)
    say(outcome.report.verdict)
    say(outcome.report.coverage_sentence)
    for line in compare(outcome.evaluation, organisation, [loaded.rule.id for loaded in rules]):
        say(line)
    for path in outcome.files:
        say(f"  {path}")


def compare(evaluation: Evaluation, organisation: Organisation, rules: Sequence[str]) -> list[str]:
    """How the findings of rules compare with the planted truth: a sentence, and a line for every rule that differs."""
    found = evaluation.findings[evaluation.findings["verdict"] == "found"]
    lines: list[str] = []
    planted_in_all = 0
    for rule_id in sorted(rules):
        rows = found.loc[found["rule_id"] == rule_id, ["account_id", "region", "resource_id"]]
        seen = set(rows.itertuples(index=False, name=None))
        planted = {key[:3] for key in organisation.truth[rule_id]}
        planted_in_all += len(planted)
        if seen != planted:
            lines.append(f"{rule_id}: {len(planted - seen)} planted faults missed, {len(seen - planted)} invented.")
    verdict = "all were found, and nothing else" if not lines else "the findings differ"
    return [f"{planted_in_all} faults were planted in the sandbox; {verdict}.", *lines]
