"""What a rule is: all that a rule file may import."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import RuleError
from auditor.frames import FRAMES
from auditor.frames.columns import as_flags, in_arrow
from auditor.severity import SEVERITIES, Severity

__all__ = [
    "SEVERITIES",
    "Rule",
    "Severity",
    "Verdict",
    "about",
    "all_pass",
    "alongside",
    "among",
    "beside",
    "flags",
    "lookup",
    "older",
    "one_of",
    "rule",
    "whole_days",
]

#: A rule judges one account and region alone, or everything that was collected at once.
Reach = Literal["partition", "organisation"]

#: What a rule may return: one nullable boolean per subject row, or a frame with ``found`` and evidence columns. A frame
#: with a ``discriminator`` may have several rows of one subject row (by index), a finding each, and none of those that
#: pass.
Verdict = pd.Series | pd.DataFrame


@dataclass(frozen=True)
class Rule:
    """One rule: its words, its subject and the function that judges.

    Attributes:
        id: Name of file and function; says the fault.
        title: The fault in a few words.
        severity: How bad a finding is unless the policy says otherwise; a verdict frame may grade rows with a
            ``severity`` column.
        subject: Frame whose rows are judged.
        headline: The finding as a statement of fact for one and for many, ``{count}`` in the second.
        message: One finding as a sentence; may name any column of subject and evidence in braces.
        remedy: The least dangerous command or console path; may name ids in braces, never names or tags.
        breaks: What acting on it would break.
        controls: Framework to control ids.
        saves: Whether acting on a finding is to do without the resource, so that what it frees is told as a saving.
        reach: ``partition``, or ``organisation`` where the judgement joins across accounts.
        function: The judgement.
        frames: Frames the function asks for, by parameter name.
        parameters: The function's keyword-only parameters with their defaults; the policy may change them.
        why: First paragraph of the function's docstring.
        how: The rest of the docstring.
    """

    id: str
    title: str
    severity: Severity
    subject: str
    headline: tuple[str, str]
    message: str
    remedy: str
    breaks: str
    controls: Mapping[str, tuple[str, ...]]
    saves: bool
    reach: Reach
    function: Callable[..., Verdict]
    frames: tuple[str, ...]
    parameters: Mapping[str, Any]
    why: str
    how: str

    @cached_property
    def wants_as_of(self) -> bool:
        """Whether the function asks for the point in time that is judged."""
        return "as_of" in inspect.signature(self.function).parameters


def rule(
    *,
    title: str,
    severity: Severity,
    subject: str,
    headline: tuple[str, str],
    message: str,
    remedy: str,
    breaks: str,
    controls: Mapping[str, list[str]],
    saves: bool = False,
    reach: Reach = "partition",
) -> Callable[[Callable[..., Verdict]], Rule]:
    """Declare the function below as a rule; see ``Rule`` for what each word means.

    Positional parameters of the function name frames, ``as_of`` is the point in time that is judged, and
    keyword-only parameters with defaults are what the policy may change.

    Raises:
        RuleError: The declaration cannot work; the sentence says how to mend it.
    """

    def declare(function: Callable[..., Verdict]) -> Rule:
        name = function.__name__
        if severity not in SEVERITIES:
            raise RuleError(f"Rule {name} has the severity {severity!r}.", f"Use one of {', '.join(SEVERITIES)}.")
        if subject not in FRAMES or not FRAMES[subject].key:
            raise RuleError(f"Rule {name} judges the frame {subject!r}, which is not there or has no key.")
        if FRAMES[subject].everywhere:
            raise RuleError(f"Rule {name} judges the frame {subject!r}, which belongs to no account of its own.")
        if not function.__doc__:
            raise RuleError(f"Rule {name} has no docstring.", "Say why it matters, how it is judged and what to do.")
        frames, parameters = _parameters(name, function)
        if subject not in frames:
            raise RuleError(f"Rule {name} does not ask for its subject {subject!r}.", "Name it as a parameter.")
        why, _, how = inspect.cleandoc(function.__doc__).partition("\n\n")
        return Rule(
            id=name,
            title=title,
            severity=severity,
            subject=subject,
            headline=headline,
            message=message,
            remedy=remedy,
            breaks=breaks,
            controls={framework: tuple(ids) for framework, ids in controls.items()},
            saves=saves,
            reach=reach,
            function=function,
            frames=frames,
            parameters=parameters,
            why=" ".join(why.split()),
            how=how,
        )

    return declare


def alongside(rows: pd.DataFrame, table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """For each row the table's row with the same keys, of which it has one at most; missing where it has none.

    ``rows[keys].merge(table, on=keys, how="left")`` on the index of the rows. Where the table has the same keys in the
    same order, as frames about each image have, it is the table.
    """
    if len(rows) == len(table) and all(_texts(rows[key]).equals(_texts(table[key])) for key in keys):
        return table.set_axis(rows.index)
    return rows[keys].merge(table, on=keys, how="left").set_axis(rows.index)


def among(texts: pd.Series[Any], values: pd.Series[Any]) -> pd.Series[bool]:
    """Whether each text is one of the values; a missing one never is.

    ``texts.isin(values)``, many times as fast where the values are many: pandas looks at each value of an Arrow text
    column by itself.
    """
    if not len(values):
        return pd.Series(False, index=texts.index)
    held = pc.is_in(_texts(texts), value_set=_texts(values), skip_nulls=True)
    return pd.Series(held.to_numpy(zero_copy_only=False), index=texts.index)


def one_of(texts: pd.Series[Any], *values: str) -> pd.Series[Any]:
    """Whether each text is one of a few values; missing where the text is."""
    array = _texts(texts)
    held = pc.is_in(array, value_set=pa.array(values, pa.large_string())).to_numpy(zero_copy_only=False)
    missing = array.is_null().to_numpy(zero_copy_only=False)
    return pd.Series(pd.arrays.BooleanArray(held & ~missing, missing), index=texts.index)


def flags(answers: pd.Series[Any]) -> pd.Series[Any]:
    """Yes, no and missing as a nullable boolean, whatever they came as.

    ``answers.astype("boolean")``, many times as fast for what comes of comparing text.
    """
    return as_flags(answers)


def older(age: pd.Series[Any], limit: pd.Timedelta) -> pd.Series[Any]:
    """Whether each age is more than a limit; missing where the age is."""
    missing = age.isna().to_numpy(bool)
    return pd.Series(pd.arrays.BooleanArray((age > limit).to_numpy(bool), missing), index=age.index)


def whole_days(age: pd.Series[Any]) -> pd.Series[Any]:
    """Whole days of each age; missing where the age is."""
    missing = age.isna().to_numpy(bool)
    whole = np.where(missing, np.timedelta64(0, "D"), age.to_numpy()) // np.timedelta64(1, "D")
    return pd.Series(pd.arrays.IntegerArray(whole, missing), index=age.index)


def all_pass(found: pd.Series[Any]) -> bool:
    """Whether nothing is found and nothing unclear: then the verdicts are enough, for nobody asks for evidence."""
    return not bool(as_flags(found).to_numpy(bool, na_value=True).any())


def beside(texts: pd.Series[Any], table: pd.DataFrame, column: str) -> pd.DataFrame:
    """For each text the first row of the table that has it in the column; missing where there is none.

    A join that keeps the rows of ``texts`` and their index, without pandas' costs of one. Where the column holds the
    same texts in the same order, it is the table.
    """
    wanted, held = _texts(texts), _texts(table[column])
    if not wanted.null_count and wanted.equals(held):
        return table.set_axis(texts.index)
    places = pc.fill_null(pc.index_in(wanted, value_set=held, skip_nulls=True), -1).to_numpy()
    return pd.DataFrame(
        {name: pd.api.extensions.take(table[name].array, places, allow_fill=True) for name in table.columns},
        index=texts.index,
    )


def about(ids: pd.Series[Any], table: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows of a table that are about one of the ids, which are unique, on the index of that id.

    One id may have several rows; rows about anything else are left out.
    """
    places = pd.Index(ids).get_indexer(table[column])
    known = places >= 0
    told: pd.DataFrame = table[known].set_axis(ids.index[places[known]])
    return told


def lookup(texts: pd.Series[Any], ids: pd.Series[Any], values: pd.Series[Any]) -> pd.Series[Any]:
    """For each text the value beside the first id that is the same; missing where there is none."""
    places = pc.fill_null(pc.index_in(_texts(texts), value_set=_texts(ids), skip_nulls=True), -1).to_numpy()
    return pd.Series(pd.api.extensions.take(values.array, places, allow_fill=True), index=texts.index)


def _texts(series: pd.Series[Any]) -> pa.Array:
    """A column of text as it lies in pandas."""
    array = in_arrow(series)
    return array if pa.types.is_large_string(array.type) else array.cast(pa.large_string())


def _parameters(name: str, function: Callable[..., Verdict]) -> tuple[tuple[str, ...], dict[str, Any]]:
    frames: list[str] = []
    parameters: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY:
            if parameter.default is parameter.empty:
                raise RuleError(f"Rule {name}: parameter {parameter.name!r} has no default.", "Give it one.")
            parameters[parameter.name] = parameter.default
        elif parameter.kind is not parameter.POSITIONAL_OR_KEYWORD or parameter.default is not parameter.empty:
            raise RuleError(f"Rule {name}: {parameter.name!r} must be a plain frame name, or stand after a *.")
        elif parameter.name in FRAMES:
            frames.append(parameter.name)
        elif parameter.name != "as_of":
            raise RuleError(
                f"Rule {name} asks for {parameter.name!r}, which is no frame.", "`auditor columns` lists the frames."
            )
    return tuple(frames), parameters
