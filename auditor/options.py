"""The options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from auditor.severity import SEVERITIES

Command = Callable[..., Any]


def options_of(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, shown in the order in which they are given."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


FOLDER = click.Path(path_type=Path, file_okay=False)
CONFIG = click.option(
    "-c", "--config", "config_file", type=click.Path(path_type=Path), help="Configuration, e.g. audit.toml."
)
RULES = options_of(
    click.option("--rules", "folders", multiple=True, type=FOLDER, help="A folder with rules of your own; repeatable."),
    click.option("--select", multiple=True, metavar="RULE", help="Only this rule; repeatable."),
    click.option("--ignore", multiple=True, metavar="RULE", help="Not this rule; repeatable."),
)
SCOPE = options_of(
    click.option("--profile", help="AWS profile to start from, instead of the configuration's."),
    click.option("--region", "regions", multiple=True, help="Only this region; repeatable."),
    click.option("--account", "accounts", multiple=True, help="Only this account; repeatable."),
    click.option(
        "--as-of", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d"]), help="Judge as of then; default now."
    ),
    click.option("-q", "--quiet", is_flag=True, help="No progress."),
)
READING = options_of(
    SCOPE,
    click.option(
        "--reuse-shares",
        metavar="RUN",
        type=FOLDER,
        help="An earlier run: whom what it knew is shared with is not asked again; its age is printed.",
    ),
)
OUTPUT = options_of(
    click.option("--format", "formats", multiple=True, help="pdf, xlsx or json; repeatable. Default: all three."),
    click.option("--templates", type=FOLDER, help="A folder whose templates win over ours by file name."),
)
PREVIOUS = click.option(
    "--previous",
    metavar="RUN",
    type=FOLDER,
    help="An earlier run: what is new and what is gone since is told, and since when each finding stands.",
)
VERDICT = options_of(
    click.option(
        "--fail-on",
        type=click.Choice([*SEVERITIES, "never"]),
        default="low",
        show_default=True,
        help="Exit with 1 for unwaived findings of this severity or worse.",
    ),
    click.option(
        "--allow-incomplete", is_flag=True, help="Exit as if everything had been read; the report still says so."
    ),
)
