"""Finds rules in folders, checks them, and fits the policy to them.

Built-in rules and users' rules go the same way: every ``*.py`` in a folder is one rule, and file, function and id
have one name. Only folders that are named are looked into. What is hashed is what runs: a file is read once.
"""

from __future__ import annotations

import fnmatch
import hashlib
import stat
import string
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

from auditor.analysis import ACROSS, DERIVED
from auditor.config import Config, RulePolicy
from auditor.errors import ConfigError, RuleError
from auditor.frames import FRAMES, INVENTORY
from auditor.nearest import nearest
from auditor.rule import Rule, Severity

__all__ = ["LoadedRule", "Rulebook", "Settled", "load_rule", "load_rules", "settle"]

#: Frames about the run itself that a rule may ask for, besides what is collected or derived.
ABOUT_THE_RUN = ("coverage", "gaps", "item_gaps", "prices")

Example = Mapping[str, Any]


@dataclass(frozen=True)
class LoadedRule:
    """A rule and the file it came from.

    Attributes:
        rule: The rule as declared.
        path: Its file.
        sha256: Hash of the file, as it was when it was loaded.
        built_in: Ships with the product.
        fails: Examples that are found; see ``auditor.testing`` for their form.
        passes: Examples that pass.
        unknown: Examples that cannot be told.
    """

    rule: Rule
    path: Path
    sha256: str
    built_in: bool
    fails: tuple[Example, ...] = ()
    passes: tuple[Example, ...] = ()
    unknown: tuple[Example, ...] = ()


class Rulebook(list[LoadedRule]):
    """The selected rules, sorted by id; ``known`` holds the ids of all that were found."""

    def __init__(self, rules: Iterable[LoadedRule] = (), known: Iterable[str] = ()) -> None:
        super().__init__(rules)
        self.known = frozenset(known) | {loaded.rule.id for loaded in self}


@dataclass(frozen=True)
class Settled:
    """What the policy makes of one rule: its parameters, and its severity where the policy sets one."""

    parameters: Mapping[str, Any]
    severity: Severity | None = None


def load_rules(folders: Sequence[Path] = (), select: Sequence[str] = (), ignore: Sequence[str] = ()) -> Rulebook:
    """Load the built-in rules and those of the named folders.

    Args:
        folders: Users' folders; each ``*.py`` in them is a rule, files that begin with ``_`` are not.
        select: Ids to keep, ``*`` allowed; all when empty.
        ignore: Ids to leave out, ``*`` allowed.

    Raises:
        RuleError: A file is no sound rule, an id is taken, or a name to select or ignore is unknown.
    """
    builtin = Path(str(files("auditor.rules")))
    found: dict[str, LoadedRule] = {}
    for folder in (builtin, *folders):
        for path in _rule_files(folder, trusted=folder is builtin):
            taken = found.get(path.stem)
            if taken is not None:
                raise RuleError(
                    f"{path}: the id {path.stem} is taken by {taken.path}.",
                    "Name yours differently; leave the other one out with --ignore or enabled = false.",
                )
            found[path.stem] = load_rule(path, built_in=folder is builtin)
    kept = _chosen(select, found, "--select") if select else set(found)
    kept -= _chosen(ignore, found, "--ignore")
    return Rulebook((found[name] for name in sorted(kept)), found)


def load_rule(path: Path, *, built_in: bool = False) -> LoadedRule:
    """Load one rule file and check it.

    Raises:
        RuleError: The file cannot be read or run, or is no sound rule; the sentence names file and fault.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RuleError(f"{path} cannot be read: {error.strerror}.") from error
    module = _run(path, content)
    rules = {name: value for name, value in vars(module).items() if isinstance(value, Rule)}
    rule = rules.get(path.stem)
    if rule is None or rule.id != path.stem:
        others = sorted(value.id for value in rules.values())
        if others:
            raise RuleError(
                f"{path} holds the rule {others[0]}, not {path.stem}.",
                "File, function and id have one name; rename one.",
            )
        raise RuleError(f"{path} holds no rule.", f"Decorate a function {path.stem} with @rule(…).")
    if len(rules) > 1:
        more = next(name for name in sorted(rules) if name != path.stem)
        raise RuleError(f"{path} holds a second rule, {more}.", "One file, one rule; move it to a file of its own.")
    _check_frames(path, rule)
    _check_templates(path, rule)
    examples = {
        name: _examples(path, module, name, needed=built_in or name != "UNKNOWN")
        for name in ("FAILS", "PASSES", "UNKNOWN")
    }
    return LoadedRule(
        rule,
        path,
        hashlib.sha256(content).hexdigest(),
        built_in,
        examples["FAILS"],
        examples["PASSES"],
        examples["UNKNOWN"],
    )


def settle(rules: Sequence[LoadedRule], config: Config) -> dict[str, Settled]:
    """Fit the policy to the rules: what each enabled rule runs with.

    Raises:
        ConfigError: The policy or a waiver names a rule or a parameter that is not there, or a value does not fit.
    """
    known = rules.known if isinstance(rules, Rulebook) else frozenset(loaded.rule.id for loaded in rules)
    for name in config.rules:
        if name not in known:
            raise ConfigError(f"[rules.{name}]: there is no rule {name!r}.", nearest(name, known, "Rules"))
    for waiver in config.waiver:
        if waiver.rule not in known:
            raise ConfigError(
                f"The waiver {waiver.ticket} is for the rule {waiver.rule!r}, which is not there.",
                nearest(waiver.rule, known, "Rules"),
            )
    settled: dict[str, Settled] = {}
    for loaded in rules:
        policy = config.rules.get(loaded.rule.id, RulePolicy())
        if policy.enabled:
            settled[loaded.rule.id] = Settled(parameters(loaded.rule, policy.parameters), policy.severity)
    return settled


def parameters(rule: Rule, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A rule's parameters with the policy's changes, each of its default's type.

    Raises:
        ConfigError: A parameter is unknown, or a value is of the wrong type.
    """
    for name in changes:
        if name not in rule.parameters:
            raise ConfigError(
                f"[rules.{rule.id}]: the key {name!r} is unknown.",
                nearest(name, [*rule.parameters, "enabled", "severity"], "Known keys"),
            )
    return {
        name: _fitted(rule.id, name, default, changes[name]) if name in changes else default
        for name, default in rule.parameters.items()
    }


def _fitted(rule_id: str, name: str, default: Any, value: Any) -> Any:
    """The value as the default's type; whole numbers do for numbers, lists for tuples."""
    kind = type(default)
    if kind is float and type(value) is int:
        return float(value)
    if kind is tuple and isinstance(value, (list, tuple)):
        like = default[0] if default else ""
        return tuple(_fitted(rule_id, f"{name}[{place}]", like, item) for place, item in enumerate(value))
    if default is None or type(value) is kind:
        return value
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", tuple: "a list"}
    wanted = words.get(kind, kind.__name__)
    raise ConfigError(
        f"[rules.{rule_id}]: {name} = {value!r} does not fit; it must be {wanted}.", f"The default is {default!r}."
    )


def _rule_files(folder: Path, *, trusted: bool) -> list[Path]:
    if not folder.is_dir():
        raise RuleError(f"There is no folder {folder}.", "Name a folder of rule files with --rules DIR.")
    paths = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    for path in () if trusted else (folder, *paths):
        try:
            mode = path.stat().st_mode
        except OSError as error:
            raise RuleError(f"{path} cannot be read: {error.strerror}.") from error
        if mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise RuleError(
                f"{path} can be written by others, and rules run with your rights.", f"Run: chmod go-w {path}"
            )
    return paths


def _run(path: Path, content: bytes) -> ModuleType:
    if not path.stem.isidentifier():
        raise RuleError(f"{path}: {path.stem!r} is no name a function can have.", "Use letters, digits and _.")
    module = ModuleType(f"auditor.rules.{path.stem}")
    module.__file__ = str(path)
    try:
        exec(compile(content, str(path), "exec"), module.__dict__)  # noqa: S102 - rules are code, from named folders only
    except RuleError as error:
        raise RuleError(f"{path}: {error.message}", error.hint) from error
    except SyntaxError as error:
        raise RuleError(f"{path}, line {error.lineno}: {error.msg}.", "Mend the syntax.") from error
    except Exception as error:  # whatever a rule file raises while it loads is the file's fault
        line = next(
            (at.lineno for at in reversed(traceback.extract_tb(error.__traceback__)) if at.filename == str(path)), "?"
        )
        raise RuleError(
            f"{path}, line {line}: {type(error).__name__}: {error}.",
            "A rule file may import auditor.rule, pandas, numpy and the standard library.",
        ) from error
    return module


def _check_frames(path: Path, rule: Rule) -> None:
    for name in rule.frames:
        if name not in INVENTORY and name not in DERIVED and name not in ABOUT_THE_RUN:
            raise RuleError(
                f"{path} asks for the frame {name}, which is only there when all rules have run.",
                "Ask for what was collected or derived; `auditor columns` lists it.",
            )
        if name in ACROSS and rule.reach != "organisation":
            raise RuleError(
                f"{path} asks for the frame {name}, which looks across accounts.", 'Declare reach="organisation".'
            )
    if rule.subject not in INVENTORY:
        raise RuleError(f"{path} judges {rule.subject}, which is not collected.", "Judge a collected frame.")


def _check_templates(path: Path, rule: Rule) -> None:
    if len(rule.headline) != 2 or "{count}" not in rule.headline[1]:
        raise RuleError(f"{path}: headline needs a sentence for one and one for many.", "Say {count} in the second.")
    ids = {*FRAMES[rule.subject].key, "account_id", "region", "resource_id"}
    for name, template in {"message": rule.message, "remedy": rule.remedy, "headline": rule.headline[1]}.items():
        try:
            fields = [field for _, field, _, _ in string.Formatter().parse(template) if field is not None]
        except ValueError as error:
            raise RuleError(
                f"{path}: {name} is not a sound template: {error}.", "Double the braces meant as such."
            ) from error
        for field in fields:
            if not field.isidentifier():
                raise RuleError(
                    f"{path}: {name} names {{{field}}}, which is no column.", "Name a column in the braces."
                )
            if name == "remedy" and field not in ids and not field.endswith(("_id", "_arn")):
                raise RuleError(
                    f"{path}: remedy names {{{field}}}, which others can write.",
                    "A command may hold ids and ARNs only.",
                )


def _examples(path: Path, module: ModuleType, name: str, *, needed: bool) -> tuple[Example, ...]:
    examples = getattr(module, name, ())
    if not isinstance(examples, (list, tuple)) or not all(isinstance(example, Mapping) for example in examples):
        raise RuleError(f"{path}: {name} must be a list of examples, each a mapping of columns to values.")
    if needed and not examples:
        raise RuleError(f"{path} has no {name}.", f"Add {name} = [{{…}}]: one row as `auditor rules check` proves it.")
    return tuple(examples)


def _chosen(patterns: Iterable[str], found: Mapping[str, LoadedRule], option: str) -> set[str]:
    chosen: set[str] = set()
    for pattern in patterns:
        names = fnmatch.filter(found, pattern)
        if not names:
            raise RuleError(f"{option} {pattern}: there is no such rule.", nearest(pattern, found, "Rules"))
        chosen.update(names)
    return chosen
