"""The way through the house: collect → analyse → evaluate → render, and nothing cleverer."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from auditor import renderers
from auditor.analysis.calendar import backups_of, sum_up
from auditor.analysis.families import families_of
from auditor.analysis.places import keep
from auditor.analysis.sharing import sharing_of, sharing_part
from auditor.analysis.spend import cost_of, spend_of, spend_part
from auditor.aws.permissions import collectors_for
from auditor.aws.runner import collect as read_aws
from auditor.engine import Evaluation, Summary, begin, write_results
from auditor.engine.changes import changes_of
from auditor.errors import ConfigError
from auditor.inventory import Inventory
from auditor.press import FORMATS, press, printed
from auditor.report import Report, build_report

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from auditor.aws.progress import Progress
    from auditor.config import Config
    from auditor.findings import Previous
    from auditor.rulebook import LoadedRule

#: Frames that the report shows whatever rules are selected.
SHOWN = ("accounts", "regions", "snapshots", "images", "image_block_devices", "volumes", "fast_restores")

#: Where derived frames are kept, below where the reports go.
DERIVED = "derived"

#: Names of outputs that are not ``report.<suffix>``.
FILES = {"json": "findings.json"}


@dataclass(frozen=True)
class Outcome:
    """What a run came to.

    Attributes:
        evaluation: Findings, tallies and what could not be told.
        report: The view-model that every output was made from.
        files: What was written.
    """

    evaluation: Evaluation
    report: Report
    files: tuple[Path, ...]


def collect(
    config: Config,
    folder: Path,
    *,
    as_of: datetime,
    rules: Sequence[LoadedRule] | None = None,
    progress: Progress | None = None,
) -> Inventory:
    """Read AWS into a run folder; goes on where an earlier, interrupted run on the same folder stopped.

    Args:
        config: What to read, and as whom.
        folder: The run folder; made if need be.
        as_of: The point in time the run is judged at.
        rules: Read only what these rules and the report need; everything when left out.
        progress: Told how it goes.

    Raises:
        AuditorError: The folder cannot be used, or AWS cannot be reached at all.
    """
    collectors = None
    if rules is not None:
        wanted = {frame for loaded in rules for frame in loaded.rule.frames}
        collectors = collectors_for(sorted(wanted.union(SHOWN)))
    return read_aws(config, folder, as_of=as_of, collectors=collectors, progress=progress)


def report(
    folder: Path,
    config: Config,
    rules: Sequence[LoadedRule],
    *,
    out: Path | None = None,
    formats: Sequence[str] = FORMATS,
    templates: Path | None = None,
    previous: Previous | None = None,
    ready: Executor | None = None,
) -> Outcome:
    """Judge a run folder and write its reports; needs no AWS.

    Args:
        folder: A run folder, finished or not.
        config: The policy: parameters, severities, waivers, looks.
        rules: The rules to judge by.
        out: Where the outputs go; the run folder itself when left out.
        formats: Suffixes of the outputs, see ``FORMATS``.
        templates: The user's own templates, which win over ours by file name.
        previous: An earlier run: what is new and gone since is told, and since when each finding stands.
        ready: A :func:`~auditor.press.press` that has been got ready for these formats; one of our own when left out.

    Raises:
        AuditorError: The folder is damaged, the policy does not fit the rules, or an output cannot be written.
    """
    unknown = sorted(set(formats) - set(renderers.RENDERERS))
    if unknown:
        raise ConfigError(f"There is no format {unknown[0]!r}.", f"Formats: {', '.join(renderers.RENDERERS)}.")
    target = out or folder
    target.mkdir(parents=True, exist_ok=True)
    with nullcontext(ready) if ready else press(formats) as hands:
        inventory = Inventory.load(folder)
        if previous and previous.as_of >= inventory.as_of:
            raise ConfigError(
                f"The run to compare with judged {previous.as_of:%Y-%m-%d %H:%M} UTC, which is not before this one.",
                "Name an earlier run.",
            )
        kept = target / DERIVED
        summaries: dict[str, Summary] = {
            "backups": sum_up,
            "kept": partial(keep, folder=kept),
            "sharing": sharing_part,
            "spend": partial(spend_part, as_of=inventory.as_of, discount=config.cost.discount),
        }
        since = previous.first_seen if previous else None
        judging = begin(inventory, rules, config, first_seen=since, executor=hands, summaries=summaries)
        spend = spend_of(inventory, config, judging.summaries["spend"], kept)
        sharing = sharing_of(inventory, config, judging.summaries["sharing"])
        families = families_of(inventory, config, spend, kept)
        backups = backups_of(judging.summaries["backups"], inventory, config, kept)
        evaluation = judging.end()
        changes = changes_of(previous, evaluation, cost_of(previous.folder / DERIVED)) if previous else None
        made = build_report(
            evaluation,
            inventory,
            rules,
            config,
            spend,
            sharing=sharing,
            families=families,
            backups=backups,
            changes=changes,
        )
        paths = {suffix: target / FILES.get(suffix, f"report.{suffix}") for suffix in formats}
        jobs = []
        for suffix, path in paths.items():
            write = partial(renderers.RENDERERS[suffix], made, inventory, path, templates)
            jobs.append(hands.submit(printed, write).result if hands else write)
        write_results(evaluation, target)
        for finish in jobs:
            finish()
    return Outcome(evaluation, made, tuple(paths.values()))
