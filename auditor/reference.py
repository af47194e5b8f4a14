"""Reference text made from the declarations: rules, columns, permissions. What is printed cannot go stale."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from auditor.errors import ConfigError
from auditor.frames import FRAMES, Frame, frame_named
from auditor.rule import SEVERITIES

if TYPE_CHECKING:
    from auditor.config import Config
    from auditor.rulebook import LoadedRule


def table(rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """Rows of text in aligned columns; the first row is the heading."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in rows
    )


def rule_index(rules: Sequence[LoadedRule]) -> str:
    """Every rule in a line, worst first."""
    ordered = sorted(rules, key=lambda loaded: (SEVERITIES.index(loaded.rule.severity), loaded.rule.id))
    rows = [("rule", "severity", "judges", "finds")]
    rows += [(each.rule.id, each.rule.severity, each.rule.subject, each.rule.title) for each in ordered]
    return table(rows)


def rule_page(loaded: LoadedRule) -> str:
    """One rule, whole."""
    from auditor.aws.permissions import actions_for

    rule = loaded.rule
    parameters = [f"  {name} = {json.dumps(value)}" for name, value in rule.parameters.items()] or ["  none"]
    controls = [f"  {name}: {', '.join(ids)}" for name, ids in rule.controls.items()] or ["  none"]
    return "\n".join(
        [
            f"{rule.id} · {rule.severity} · judges {rule.subject}",
            rule.title,
            "",
            textwrap.fill(rule.why, 100),
            "",
            rule.how.strip(),
            "",
            "What to do:",
            *(f"  {line}" for line in rule.remedy.splitlines()),
            "What it would break:",
            textwrap.fill(rule.breaks, 100, initial_indent="  ", subsequent_indent="  "),
            *(["What it saves:", "  What the resource costs, as far as nothing else needs it."] if rule.saves else []),
            "Parameters, in audit.toml under " + f"[rules.{rule.id}]:",
            *parameters,
            "Controls:",
            *controls,
            f"Reads: {', '.join(rule.frames)}",
            "Needs: " + textwrap.fill(", ".join(actions_for(rule.frames)), 100, subsequent_indent="  "),
            f"File: {loaded.path} (sha256 {loaded.sha256})",
        ]
    )


def rule_table(rules: Sequence[LoadedRule]) -> str:
    """The rulebook as Markdown, for ``rules/README.md``."""
    lines = [
        "# The rules",
        "",
        "Made by `make docs`; do not edit. One rule a file, and the name says the fault.",
        "`auditor rules show RULE` tells all of one.",
        "",
        "| rule | severity | judges | finds | parameters | controls |",
        "|---|---|---|---|---|---|",
    ]
    ordered = sorted(rules, key=lambda loaded: (SEVERITIES.index(loaded.rule.severity), loaded.rule.id))
    for loaded in ordered:
        rule = loaded.rule
        parameters = "<br>".join(f"`{name} = {json.dumps(value)}`" for name, value in rule.parameters.items())
        controls = "<br>".join(f"{name}: {', '.join(ids)}" for name, ids in rule.controls.items())
        link = f"[`{rule.id}`]({rule.id}.py)"
        lines.append(f"| {link} | {rule.severity} | {rule.subject} | {rule.title} | {parameters} | {controls} |")
    return "\n".join(lines) + "\n"


def column_reference(name: str | None = None) -> str:
    """Every frame in a line, or one frame's columns."""
    if name is None:
        rows = [("frame", "columns", "one row is")]
        rows += [(frame.name, str(len(frame.columns)), frame.meaning) for frame in FRAMES.values()]
        return table(rows) + "\n\n`auditor columns FRAME` shows the columns of one."
    return _frame_page(frame_named(name))


def _frame_page(frame: Frame) -> str:
    rows = [("column", "kind", "meaning", "source")]
    rows += [
        (("*" if column.name in frame.key else " ") + column.name, column.kind, column.meaning, column.source)
        for column in frame.columns
    ]
    origin = (
        f"filled by {', '.join(frame.filled_by)}"
        if frame.filled_by
        else f"derived from {', '.join((*frame.derived_from, *frame.heeds))}"
        if frame.derived_from
        else "made by the engine"
    )
    return f"{frame.name}: {frame.meaning}\n{origin}; * marks the key\n\n{table(rows)}"


def permissions(config: Config, rules: Sequence[LoadedRule] | None, form: str, principal: str) -> str:
    """The least permissions for the rules (all when None): the role's policy, the caller's own, or a template.

    Raises:
        ConfigError: A template is asked for without the principal that shall assume the role.
    """
    from auditor.aws import permissions as least

    actions = least.actions_for(_frames(rules))
    scope = config.scope
    if form == "policy":
        return json.dumps(least.policy(actions), indent=2) + "\n"
    if form == "caller":
        allowed = least.caller_policy(
            scope.role or "AuditorReadOnly", organisation=scope.organisation, partition=scope.partition
        )
        return json.dumps(allowed, indent=2) + "\n"
    if not principal:
        raise ConfigError(
            f"--as {form} makes a role, and nobody is named who may assume it.",
            "Add --principal with the ARN of the role or user that runs auditor.",
        )
    make = {"cloudformation": least.stack_set, "terraform": least.terraform}[form]
    return make(actions, scope.role or "AuditorReadOnly", principal, scope.external_id)


def preflight_table(config: Config, rules: Sequence[LoadedRule] | None) -> tuple[str, bool]:
    """Ask every account and region for every permission; the answer as a table, and whether all is allowed."""
    from auditor.aws import permissions as least

    answers = least.preflight(config, least.actions_for(_frames(rules)))
    refused = answers[answers["answer"] != "allowed"]
    if refused.empty:
        return f"All {len(answers)} calls are allowed.", True
    columns = ["account_id", "region", "action", "answer", "error_code"]
    rows = [tuple(columns), *refused[columns].fillna("").astype(str).itertuples(index=False, name=None)]
    return f"{len(refused)} of {len(answers)} calls are not allowed:\n\n{table(rows)}", False


def _frames(rules: Sequence[LoadedRule] | None) -> list[str]:
    if rules is None:
        return [name for name, frame in FRAMES.items() if frame.filled_by]
    from auditor.pipeline import SHOWN

    return sorted({frame for loaded in rules for frame in loaded.rule.frames}.union(SHOWN))
