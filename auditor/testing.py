"""Small frames from plain rows, and rules that prove their own examples.

A rule file carries three lists, ``FAILS``, ``PASSES`` and ``UNKNOWN``. Each entry is one example, a mapping of the
subject's columns for the one row that is judged::

    FAILS = [{"encrypted": False}]
    PASSES = [
        {"encrypted": True},
        {"started_at": "400 days ago", "given": {"image_block_devices": [{"image_id": "ami-1"}]}},
    ]
    UNKNOWN = [{}, {"encrypted": False, "gap": "snapshots"}]

What is left out is missing, except ``account_id``, ``region`` and the subject's own id, which are filled in. Moments
are ISO 8601 texts or said against ``as_of``: ``"40 days ago"``, ``"6 hours ago"``, ``"in 7 days"``. Besides columns
an example may say:

``given``
    Other frames (collected, derived, or more rows of the subject) to their rows. There, too, the account and region
    are filled in, and a column named like the subject's id column is filled with the judged row's id, so
    ``{"snapshot_shares": [{"grantee": "999988887777"}]}`` is a share of the judged snapshot. More rows of the subject
    get ids of their own. Say ``None`` where a column must stay missing. Frames not given are empty and complete;
    derived frames not given are derived.
``params``
    Parameters of the rule, as the policy would set them.
``config``
    Other sections of the configuration: ``{"images": {"keep": 1}}``.
``as_of``
    The moment that is judged; ``2026-02-01T00:00:00Z`` where it is left out.
``gap``
    One frame, or a list of them, whose collectors were refused in the judged row's account and region; or a mapping
    of frame to ``{"account_id": …, "region": …}`` where they were refused elsewhere.
``item_gap``
    One frame whose collector was refused for the judged row alone.
``expect``
    Columns of the finding, or keys of its evidence, to the values they must have; in ``FAILS`` and ``UNKNOWN``.

A rule returns a nullable boolean for every row of its subject, on the subject's index, or a frame on that index with
``found`` and evidence columns. Three more columns mean something: ``severity`` grades a row, ``discriminator`` tells
two findings of one resource apart over time (a grantee, say), and ``unknown_because`` is the whole sentence that says
why a missing verdict is missing. A frame with discriminators may say several things of one row, and nothing of rows
that pass.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from auditor.analysis import sources
from auditor.config import Config
from auditor.engine import Evaluation, evaluate
from auditor.engine.money import id_column
from auditor.errors import RuleError
from auditor.frames import FRAMES, INVENTORY, frame_named
from auditor.inventory import Inventory
from auditor.rulebook import LoadedRule

__all__ = ["ACCOUNT", "AS_OF", "REGION", "frame", "inventory_of", "prove", "try_example"]

ACCOUNT = "111122223333"
REGION = "eu-west-1"
AS_OF = datetime(2026, 2, 1, tzinfo=UTC)

_ABOUT = frozenset({"given", "params", "config", "as_of", "gap", "item_gap", "expect"})
_AGO = re.compile(r"(?:in )?(\d+) (minute|hour|day)s?( ago)?")


def frame(name: str, rows: Iterable[Mapping[str, Any]], as_of: datetime = AS_OF) -> pd.DataFrame:
    """A frame from plain rows, with the account and region filled in and moments read as the examples say them.

    Raises:
        InventoryError: There is no such frame or column, or a value does not fit.
    """
    declared = frame_named(name)
    home = {key: value for key, value in (("account_id", ACCOUNT), ("region", REGION)) if key in declared.names}
    moments = {column.name for column in declared.columns if column.kind == "moment"}
    return declared.rows(
        {key: _moment(value, as_of) if key in moments else value for key, value in {**home, **row}.items()}
        for row in rows
    )


def prove(loaded: LoadedRule) -> int:
    """Try all examples of a rule.

    Returns:
        How many there are.

    Raises:
        RuleError: One does not hold; the sentence says which, and what the rule made of it.
    """
    number = 0
    for name, wanted, examples in (
        ("FAILS", "found", loaded.fails),
        ("PASSES", "passed", loaded.passes),
        ("UNKNOWN", "unknown", loaded.unknown),
    ):
        for place, example in enumerate(examples):
            number += 1
            verdict, finding, crash = try_example(loaded, example)
            said = f"{loaded.path}: {name}[{place}]"
            if crash:
                raise RuleError(f"{said} makes the rule crash: {crash}.")
            if verdict != wanted:
                raise RuleError(f"{said} is {verdict}, not {wanted}.", "Mend the example or the rule.")
            for key, value in example.get("expect", {}).items():
                if finding.get(key) != value:
                    raise RuleError(f"{said}: {key} is {finding.get(key)!r}, not {value!r}.")
    return number


def try_example(loaded: LoadedRule, example: Mapping[str, Any]) -> tuple[str, dict[str, Any], str]:
    """What a rule makes of one example.

    Returns:
        ``found``, ``passed`` or ``unknown``; the finding with its evidence, empty where it passed; and the crash.

    Raises:
        AuditorError: The example names what is not there.
    """
    rule = loaded.rule
    inventory, row = inventory_of(loaded, example)
    config = Config.of({**example.get("config", {}), "rules": {rule.id: dict(example.get("params", {}))}})
    evaluation = evaluate(inventory, [loaded], config)
    runs = evaluation.rule_runs["crash"].dropna().tolist()
    finding = _finding(evaluation, row["account_id"], row.get("region"), row[id_column(rule.subject)])
    return finding.get("verdict", "passed"), finding, runs[0] if runs else ""


def inventory_of(loaded: LoadedRule, example: Mapping[str, Any]) -> tuple[Inventory, dict[str, Any]]:
    """The inventory that an example describes, and the row that is judged."""
    subject = loaded.rule.subject
    as_of = datetime.fromisoformat(example["as_of"]) if "as_of" in example else AS_OF
    key = id_column(subject)
    row = {key: f"{_prefix(key)}-0000000000example", **_home(subject)}
    if key == "region":
        row["region"] = REGION
    row |= {name: value for name, value in example.items() if name not in _ABOUT}
    given = {name: [dict(each) for each in rows] for name, rows in example.get("given", {}).items()}
    for name, rows in given.items():
        for place, other in enumerate(rows):
            if name == subject:
                other.setdefault(key, f"{_prefix(key)}-000000000another{place}")
            elif key in frame_named(name).names and key not in ("account_id", "region"):
                other.setdefault(key, row[key])
            for column in ("account_id", "region"):
                if column in FRAMES[name].names and column in row:
                    other.setdefault(column, row[column])
    frames = {name: frame(name, rows, as_of) for name, rows in given.items()}
    frames[subject] = frame(subject, [row, *given.get(subject, [])], as_of)
    coverage = [*_refused(example, row), *_item_refused(example, row)]
    items = [
        {**each, "resource_id": row[key], "error_code": "UnauthorizedOperation"} for each in _item_refused(example, row)
    ]
    items = [{name: value for name, value in each.items() if name != "status"} for each in items]
    return Inventory.of(frames, as_of, coverage, items), row


def _finding(evaluation: Evaluation, account_id: str, region: str | None, resource_id: str) -> dict[str, Any]:
    rows = evaluation.findings
    places = zip(rows["account_id"], rows["region"], rows["resource_id"], strict=True)
    for number, (account, place, resource) in enumerate(places):
        if (account, resource) == (account_id, resource_id) and region in (None, place):
            row = {str(name): values.iloc[number] for name, values in rows.items()}
            row = {name: None if pd.isna(value) else value for name, value in row.items()}
            return {**json.loads(row["evidence"]), **row}
    return {}


def _refused(example: Mapping[str, Any], row: Mapping[str, Any]) -> list[dict[str, Any]]:
    gap = example.get("gap", ())
    if not isinstance(gap, Mapping):
        gap = {name: {} for name in ([gap] if isinstance(gap, str) else gap)}
    return [
        {
            "account_id": place.get("account_id", row["account_id"]),
            "region": place.get("region", row.get("region", REGION)),
            "collector": collector,
            "status": "denied",
            "error_code": "UnauthorizedOperation",
        }
        for name, place in gap.items()
        for collector in _collectors(name)
    ]


def _item_refused(example: Mapping[str, Any], row: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "item_gap" not in example:
        return []
    place = {"account_id": row["account_id"], "region": row.get("region", REGION)}
    return [{**place, "collector": _collectors(example["item_gap"])[0], "status": "complete"}]


def _collectors(name: str) -> list[str]:
    """One collector of the frame, or of each collected frame that it is derived from."""
    frame_named(name)
    collected = [source for source in sorted(sources(name)) if source in INVENTORY]
    if not collected:
        raise RuleError(
            f"The frame {name} is not collected, so it can have no gap.", "Name a collected or derived one."
        )
    return [FRAMES[source].filled_by[0] for source in (collected if name not in INVENTORY else [name])]


def _home(subject: str) -> dict[str, Any]:
    return {key: value for key, value in (("account_id", ACCOUNT), ("region", REGION)) if key in FRAMES[subject].names}


def _prefix(key: str) -> str:
    return {"snapshot_id": "snap", "image_id": "ami", "volume_id": "vol", "instance_id": "i"}.get(key, key)


def _moment(value: Any, as_of: datetime) -> Any:
    if not isinstance(value, str):
        return value
    relative = _AGO.fullmatch(value)
    if relative is None:
        return datetime.fromisoformat(value)
    distance = timedelta(**{f"{relative[2]}s": int(relative[1])})
    return as_of - distance if relative[3] else as_of + distance
