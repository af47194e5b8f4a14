"""Arguments → one call → exit code; the only place that prints errors."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape

from auditor import __version__
from auditor.errors import AuditorError, ConfigError
from auditor.options import CONFIG, FOLDER, OUTPUT, PREVIOUS, READING, RULES, SCOPE, VERDICT
from auditor.press import FORMATS, press, warm_up
from auditor.severity import SEVERITIES

if TYPE_CHECKING:
    from auditor.config import Config
    from auditor.engine import Evaluation
    from auditor.findings import Previous
    from auditor.pipeline import Outcome
    from auditor.rulebook import LoadedRule

OK, FOUND, WRONG, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 130

EXIT_CODES = """\b
Exit codes:
  0  complete, and nothing at or above --fail-on
  1  findings at or above --fail-on
  2  wrong use or configuration; nothing was judged
  3  incomplete: something could not be read or told (outranks 1)
"""


class _Group(click.Group):
    """Turns every error a user can mend into one sentence, a hint and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AuditorError as error:
            err = Console(stderr=True, highlight=False, soft_wrap=True)
            err.print(f"[bold red]auditor:[/] {escape(_one_line(error.message))}")
            if error.hint:
                err.print(f"[dim]hint:[/] {escape(_one_line(error.hint))}")
            ctx.exit(WRONG)
        except KeyboardInterrupt:
            Console(stderr=True).print(
                "auditor: interrupted. What was read is kept; run the same command again to go on."
            )
            ctx.exit(INTERRUPTED)


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


@click.group("auditor", cls=_Group, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES)
@click.version_option(__version__, prog_name="auditor")
def main() -> None:
    """What are our EBS snapshots and AMIs, who can see them, are our backups there, and what do they cost?

    \b
    auditor demo                              try it: no AWS account needed
    auditor run -c audit.toml --out 2026-03   read AWS, judge, write PDF and workbook
    auditor collect -c audit.toml --out DIR   the half that needs credentials …
    auditor report DIR                        … and the half that does not
    auditor permissions -c audit.toml         the IAM policy it needs, and no more
    """


@main.command(epilog=EXIT_CODES)
@CONFIG
@click.option("--out", required=True, type=FOLDER, help="The run folder; made if need be.")
@READING
@RULES
@OUTPUT
@PREVIOUS
@VERDICT
def run(config_file: Path | None, out: Path, **options: Any) -> None:
    """Read AWS, judge what was read and write the reports, in one go.

    Without a configuration it reads the caller's own account in every enabled region.

    \b
    auditor run --out 2026-03 --profile audit --region eu-west-1
    auditor run -c audit.toml --out 2026-03 --previous 2026-02 --fail-on high
    auditor run -c audit.toml --out 2026-03 --select snapshot_public --select image_public

    Interrupted? Run the same command again: what was read is kept.
    """
    output = _output(options)
    warm_up(output["formats"])  # before the imports, which take as long
    from auditor import pipeline

    config, rules = _configuration(config_file, options), _rulebook(options)
    previous = _previous(options, out)  # before anything is read that it could be too late for
    wanted = rules if options["select"] else None
    with press(output["formats"]) as ready:
        pipeline.collect(config, out, as_of=_moment(options), rules=wanted, progress=_progress(options))
        outcome = pipeline.report(out, config, rules, **output, previous=previous, ready=ready)
    _finish(outcome, options)


@main.command()
@CONFIG
@click.option("--out", required=True, type=FOLDER, help="The run folder; made if need be.")
@READING
@RULES
def collect(config_file: Path | None, out: Path, **options: Any) -> None:
    """Read AWS into a run folder; judges nothing, so no rule ever sees credentials.

    On a folder of an interrupted run it goes on where that one stopped.

    \b
    auditor collect -c audit.toml --out 2026-03
    """
    from auditor import pipeline

    config = _configuration(config_file, options)
    wanted = _rulebook(options) if options["select"] else None
    inventory = pipeline.collect(config, out, as_of=_moment(options), rules=wanted, progress=_progress(options))
    gaps = inventory.coverage()
    gaps = gaps[gaps["status"] != "complete"]
    read = len(inventory.partitions)
    click.echo(f"Read {read} account-regions into {out}; {len(gaps)} collectors left a gap.")
    click.echo(f"Next: auditor report {out}")
    if len(gaps) or len(inventory.item_gaps()):
        sys.exit(INCOMPLETE)


@main.command(epilog=EXIT_CODES)
@click.argument("folder", type=FOLDER)
@CONFIG
@click.option("--out", type=FOLDER, help="Where the reports go; the run folder itself by default.")
@RULES
@OUTPUT
@PREVIOUS
@VERDICT
def report(folder: Path, config_file: Path | None, out: Path | None, **options: Any) -> None:
    """Judge a run folder and write its reports; needs no AWS and no credentials.

    Without a configuration it uses the one the run was collected with.

    \b
    auditor report 2026-03
    auditor report 2026-03 --previous 2026-02
    auditor report 2026-03 -c stricter.toml --rules our-rules/ --out second-opinion
    """
    output = _output(options)
    warm_up(output["formats"])
    from auditor import pipeline
    from auditor.config import Config
    from auditor.inventory import Inventory

    config = Config.read(config_file) if config_file else Config.of(Inventory.load(folder).manifest.config, str(folder))
    previous = _previous(options, folder)
    _finish(pipeline.report(folder, config, _rulebook(options), out=out, **output, previous=previous), options)


@main.command()
@click.argument("folder", metavar="RUN", type=FOLDER)
@click.argument("resource_id", metavar="ID")
@click.option("--json", "as_data", is_flag=True, help="The story as JSON, with every edge.")
def explain(folder: Path, resource_id: str, as_data: bool) -> None:
    """Why can I not delete this? One snapshot, image or volume of a run, told.

    Where it came from, what needs it in any account, who can see it, what to see to before deleting or archiving
    it, what it costs, and what could not be seen. Needs no AWS.

    \b
    auditor explain 2026-03 snap-0123456789abcdef0
    auditor explain 2026-03 ami-0123456789abcdef0 --json
    """
    from auditor import explain as room
    from auditor.inventory import Inventory

    story = room.explain(Inventory.load(folder), resource_id)
    click.echo(room.as_json(story) if as_data else room.as_text(story, get_terminal_size((100, 24)).columns), nl=False)


@main.command()
@click.option("--out", type=FOLDER, default=Path("demo-out"), show_default=True, help="Where the run goes.")
@click.option("--seed", default=7, show_default=True, help="Another seed, another organisation.")
@click.option("--accounts", default=5, show_default=True, help="How many accounts.")
@click.option("--regions", default=3, show_default=True, help="How many regions.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def demo(out: Path, seed: int, accounts: int, regions: int, quiet: bool) -> None:
    """Audit a made-up organisation; needs no AWS account.

    Starts a sandbox that speaks AWS's own protocols on this machine, runs the real collectors, rules and
    renderers against it, and compares what was found with what was planted.
    """
    from auditor.demo import run_demo

    run_demo(out, seed=seed, accounts=accounts, regions=regions, quiet=quiet, say=click.echo)


@main.group(name="rules")
def rules_group() -> None:
    """The rulebook: what is judged, and how."""


@rules_group.command(name="list")
@RULES
def rules_list(**options: Any) -> None:
    """Every rule, worst first.

    \b
    auditor rules list --rules our-rules/
    """
    from auditor.reference import rule_index

    click.echo(rule_index(_rulebook(options)))


@rules_group.command(name="show")
@click.argument("rule_id")
@RULES
def rules_show(rule_id: str, **options: Any) -> None:
    """One rule: why, how it is judged, what to do, parameters, controls, the permissions it needs."""
    from auditor.reference import rule_page
    from auditor.rulebook import load_rules

    click.echo(rule_page(load_rules(options["folders"], (rule_id,), ())[0]))


@rules_group.command(name="check")
@click.argument("folder", type=FOLDER)
def rules_check(folder: Path) -> None:
    """Load a folder of rules and prove their examples.

    \b
    auditor rules check our-rules/
    """
    from auditor.rulebook import load_rules
    from auditor.testing import prove

    own = [loaded for loaded in load_rules((folder,)) if not loaded.built_in]
    if not own:
        raise ConfigError(f"{folder} holds no rules.", "A rule is a .py file with a function of the same name.")
    for loaded in own:
        click.echo(f"{loaded.rule.id}: {prove(loaded)} examples hold")


@main.command()
@click.argument("frame", required=False)
def columns(frame: str | None) -> None:
    """Every column of every frame: kind, unit, meaning and source.

    \b
    auditor columns              the frames
    auditor columns snapshots    the columns of one
    """
    from auditor.reference import column_reference

    click.echo(column_reference(frame))


@main.command()
@CONFIG
@SCOPE
@RULES
@click.option(
    "--as",
    "form",
    type=click.Choice(["policy", "caller", "cloudformation", "terraform"]),
    default="policy",
    show_default=True,
    help="The role's policy; what the caller needs to assume it; or a template that makes the role everywhere.",
)
@click.option("--principal", default="", help="ARN that may assume the role; needed for templates.")
@click.option("--check", is_flag=True, help="Ask every account and region instead, with dry runs.")
def permissions(config_file: Path | None, form: str, principal: str, check: bool, **options: Any) -> None:
    """The least IAM permissions that the selected rules need.

    \b
    auditor permissions > policy.json
    auditor permissions --select snapshot_public > policy.json
    auditor permissions --as caller -c audit.toml > caller.json
    auditor permissions --as cloudformation --principal arn:aws:iam::111122223333:role/audit > stackset.yaml
    auditor permissions --check -c audit.toml

    With --check: exit code 0 when every call is allowed everywhere, 3 when not.
    """
    from auditor import reference

    config = _configuration(config_file, options)
    wanted = _rulebook(options) if options["select"] else None
    if not check:
        click.echo(reference.permissions(config, wanted, form, principal), nl=False)
        return
    text, allowed = reference.preflight_table(config, wanted)
    click.echo(text)
    sys.exit(OK if allowed else INCOMPLETE)


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """The script that teaches your shell to complete auditor's commands.

    \b
    auditor completion bash > ~/.local/share/bash-completion/completions/auditor
    """
    from click.shell_completion import get_completion_class

    maker = get_completion_class(shell)
    assert maker is not None  # noqa: S101 - the choice above names only shells that click knows
    click.echo(maker(main, {}, "auditor", "_AUDITOR_COMPLETE").source())


def _configuration(path: Path | None, options: dict[str, Any]) -> Config:
    from auditor.config import Config

    config = Config.read(path) if path else Config()
    scope = config.scope.model_dump()
    if options["profile"]:
        scope["profile"] = options["profile"]
    if options["regions"]:
        scope["regions"] = options["regions"]
    if options["accounts"]:
        scope |= {"accounts": options["accounts"], "organisation": False, "units": (), "account_tags": {}}
    sharing = config.sharing.model_dump()
    if options.get("reuse_shares"):
        sharing["reuse"] = str(options["reuse_shares"])
    changed = {"scope": scope, "sharing": sharing}
    return Config.of(config.model_dump(by_alias=True) | changed, str(path or "The command line"))


def _rulebook(options: dict[str, Any]) -> list[LoadedRule]:
    from auditor.rulebook import load_rules

    return load_rules(options["folders"], options["select"], options["ignore"])


def _moment(options: dict[str, Any]) -> datetime:
    moment: datetime = options["as_of"] or datetime.now(UTC)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)


def _progress(options: dict[str, Any]) -> Any:
    from auditor.aws.progress import progress_for

    return progress_for(quiet=options["quiet"])


def _output(options: dict[str, Any]) -> dict[str, Any]:
    return {"formats": options["formats"] or FORMATS, "templates": options["templates"]}


def _previous(options: dict[str, Any], folder: Path) -> Previous | None:
    from auditor.findings import Previous
    from auditor.manifest import must_differ

    earlier: Path | None = options["previous"]
    if earlier is None:
        return None
    must_differ(earlier, folder, "--previous")
    return Previous.read(earlier)


def _finish(outcome: Outcome, options: dict[str, Any]) -> None:
    click.echo(outcome.report.verdict)
    if outcome.report.changes:
        click.echo(outcome.report.changes.sentence)
    click.echo(outcome.report.coverage_sentence)
    for path in outcome.files:
        click.echo(f"  {path}")
    sys.exit(exit_code(outcome.evaluation, options["fail_on"], options["allow_incomplete"]))


def exit_code(evaluation: Evaluation, fail_on: str, allow_incomplete: bool) -> int:
    """What the shell is told: incomplete outranks findings, so that clean can never mean did not look."""
    if evaluation.incomplete and not allow_incomplete:
        return INCOMPLETE
    counted = SEVERITIES[: SEVERITIES.index(fail_on) + 1] if fail_on in SEVERITIES else ()
    return FOUND if evaluation.worst in counted else OK
