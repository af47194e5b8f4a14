"""Denies one call in one account: nothing false there, it is said everywhere, and nobody else is touched.

An organisation is read once with nothing denied. For each call, the collectors that make it and those that
build upon them read every account again with the call denied in one, and those rules judge again that see anything
which is not as it was. For one call of each run of the tests everything is read and judged anew as well, and comes to
the same.
"""

import json
import os
import shutil
from collections import defaultdict
from dataclasses import dataclass, replace
from inspect import signature
from pathlib import Path

import pytest
from botocore.session import Session

from auditor.analysis import DERIVED
from auditor.aws.collector import Collector
from auditor.aws.collectors import COLLECTORS
from auditor.aws.permissions import ORGANISATION_ACTIONS, actions_for
from auditor.config import Config
from auditor.frames import FRAMES, INVENTORY, frames_filled_by
from auditor.inventory import JOURNAL, Inventory
from auditor.manifest import MANIFEST
from auditor.rulebook import load_rules
from auditor.sandbox.faults import Fault
from auditor.sandbox.planting import TINY, plant
from tests.end_to_end.conftest import Judged, expecting, judge, read

RULES = load_rules()
#: Calls whose action has another name.
ACTION_OF = {
    ("accessanalyzer", "ListAnalyzers"): "access-analyzer:ListAnalyzers",
    ("accessanalyzer", "ListFindingsV2"): "access-analyzer:ListFindings",
}
ACTIONS = {*actions_for([name for name, frame in FRAMES.items() if frame.filled_by]), *ORGANISATION_ACTIONS}
CALL_OF = {action: call for call, action in ACTION_OF.items()}
OPERATIONS = sorted(
    CALL_OF.get(action, tuple(action.split(":"))) for action in ACTIONS if not action.startswith("sts:")
)
#: Every region there is.
KNOWN = Session().get_available_regions("ec2")
#: Calls that only some organisations need, and this one does not.
SELDOM = {"ListParents", "ListTagsForResource"}


def action_of(service, operation):
    return ACTION_OF.get((service, operation), f"{service}:{operation}")


@dataclass(frozen=True)
class Undisturbed(Judged):
    """An audit with nothing denied, and the actions that each collector asked for."""

    asked: dict

    @property
    def called(self) -> set:
        """The operations that reading it took."""
        return {(service, operation) for _, _, service, operation in self.calls}

    def denied_for(self, service: str, operation: str) -> str:
        """The account in which a call is denied: one that makes it, the second of two."""
        return max(account for account, _, *call in self.calls if call == [service, operation])


class Heard:
    """A reader that writes down what it is asked for, by each collector for itself."""

    def __init__(self, reader, asked):
        self._reader, self._asked = reader, asked

    def __getattr__(self, name):
        return getattr(self._reader, name)

    def call(self, service, operation, /, **parameters):
        self._asked.add(action_of(service, operation))
        return self._reader.call(service, operation, **parameters)

    def pages(self, service, operation, key, /, **parameters):
        self._asked.add(action_of(service, operation))
        return self._reader.pages(service, operation, key, **parameters)

    def once(self, key, read, /):
        """Asked for anew, or the second to want it would not be heard."""
        return read()


def heard(collector: Collector, asked: dict) -> Collector:
    return replace(collector, get=lambda reader: collector.get(Heard(reader, asked[collector.name])))


@pytest.fixture(scope="module")
def readable(seed, tmp_path_factory) -> Undisturbed:
    """An organisation with something of everything, and nothing denied."""
    organisation = plant(seed, accounts=2, regions=1, size=replace(TINY, chance=1.0))
    asked = defaultdict(set)
    folder = tmp_path_factory.mktemp("readable") / "run"
    calls = read(organisation, folder, config=near(organisation), catalogue=[heard(each, asked) for each in COLLECTORS])
    judged = judge(organisation, folder, calls, rules=RULES)
    return Undisturbed(organisation, judged.inventory, judged.evaluation, calls, dict(asked))


def near(organisation) -> Config:
    """The configuration without most regions that the organisation has not enabled.

    An account that does not say which of them it has is read in all that are left.
    """
    far = [region for region in KNOWN if region not in organisation.regions][2:]
    config = expecting(organisation)
    scope = {**config.scope.model_dump(), "exclude_regions": far}
    return Config.of({**config.model_dump(by_alias=True), "scope": scope})


def denying(readable: Undisturbed, service: str, operation: str, folder: Path) -> Judged:
    """The audit with one call denied: what hangs on the call read again, and judged where anything changed."""
    organisation = readable.organisation
    fault = Fault("denied", account=readable.denied_for(service, operation), service=service, action=operation)
    if (service, operation) in BY_THE_RUN:
        calls = read(organisation, folder, fault, config=near(organisation))
    else:
        action = action_of(service, operation)
        calls = read(organisation, folder, fault, config=near(organisation), collectors=concerned(readable, action))
        beside(folder, readable.inventory.folder)
    changed = changes(readable.inventory, Inventory.load(folder))
    rules = [each for each in RULES if rests_on({each.rule.subject, *each.rule.frames}) & changed]
    return judge(organisation, folder, calls, rules=rules)


#: Calls that the run itself makes before it knows what to read.
BY_THE_RUN = {("ec2", "DescribeRegions"), *(each for each in OPERATIONS if each[0] == "organizations")}


def concerned(readable: Undisturbed, action: str) -> set:
    """The collectors that ask for an action, or say that they might, and all that build upon them."""
    found = {each.name for each in COLLECTORS if action in {*each.actions, *readable.asked.get(each.name, ())}}
    while more := {each.name for each in COLLECTORS if found & {*each.after, *each.heeds}} - found:
        found |= more
    return found


def beside(folder: Path, run: Path) -> None:
    """Put what a run read beside what was read again, so that a folder is whole."""
    keys = {part_of(line) for line in lines(folder)}
    kept = [line for line in lines(run) if part_of(line) not in keys]
    for line in kept:
        for path in json.loads(line)["files"]:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            os.link(run / path, folder / path)
    (folder / JOURNAL).write_text("".join([*lines(folder), *kept]), encoding="utf-8")
    shutil.copy(run / MANIFEST, folder / MANIFEST)


def lines(run: Path) -> list:
    return (run / JOURNAL).read_text(encoding="utf-8").splitlines(keepends=True)


def part_of(line: str) -> tuple:
    return tuple(json.loads(line)["coverage"][name] for name in OF_COVERAGE[:3])


OF_COVERAGE = ["account_id", "region", "collector", "status", "error_code", "message", "rows"]


def told(inventory: Inventory) -> dict:
    """How each collector went in each place and what it brought; not when, and by how many calls."""
    return {
        part.key: ([part.coverage[name] for name in OF_COVERAGE], sorted(map(str, part.item_gaps)), part.files)
        for part in inventory._parts.values()
    }


def changes(before: Inventory, after: Inventory) -> set:
    """The frames that are not as they were, or not known to be as they were."""
    if before.partitions != after.partitions:
        return set(FRAMES)
    one, other = told(before), told(after)
    return {frame for key in {*one, *other} if one.get(key) != other.get(key) for frame in frames_filled_by(key[2])}


def rests_on(names) -> set:
    """All frames that frames are made from; those that look at other places may see anything there.

    What the frames about the run itself say of other frames changes nothing: see
    ``test_nobody_minds_gaps_of_what_is_not_asked_for``.
    """
    found = set(names)
    for name in names:
        found |= rests_on({*FRAMES[name].derived_from, *FRAMES[name].heeds})
        if name == "gaps":
            found.add("regions")  # which of them there are is asked by who looks into other accounts
        if name in DERIVED and "elsewhere" in signature(DERIVED[name]).parameters:
            found |= set(INVENTORY)
    return found


def a_denied_call_makes_nothing_false(readable, service, operation, tmp_path):
    """The promise of this test, for one call."""
    if (service, operation) not in readable.called:
        assert operation in SELDOM, f"{service}:{operation} is asked for and never called"
        return
    denied = readable.denied_for(service, operation)
    judged = denying(readable, service, operation, tmp_path / "run")
    assert judged.evaluation.incomplete
    assert {gap[0] for gap in gaps(judged) - gaps(readable)} == {denied}
    for rule in judged.evaluation.rules.values():
        nothing_false(rule, judged, denied)
        if service != "organizations":
            nobody_else_is_touched(rule, judged, readable, denied)
    if service == "organizations":
        assert {account for account, _ in judged.inventory.partitions} == {denied}, "who else there is was not told"


def gaps(judged) -> set:
    """What could not be read: account, collector and how, and resources one by one."""
    rows = judged.evaluation.coverage
    rows = rows.loc[rows["status"] != "complete", ["account_id", "collector", "status"]]
    items = judged.evaluation.item_gaps[["account_id", "collector", "resource_id"]]
    return {*rows.itertuples(index=False, name=None), *items.itertuples(index=False, name=None)}


def nothing_false(rule, judged, denied):
    truth = {key[:3] for key in judged.organisation.truth[rule.id]}
    found, unknown = judged.keys(rule.id, "found"), judged.keys(rule.id, "unknown")
    assert not found - truth, rule.id
    rows = judged.inventory.read(rule.subject, denied)
    subject = {tuple(key[:3]) for key in rows[list(FRAMES[rule.subject].key)].itertuples(index=False, name=None)}
    if rule.subject == "regions":
        subject = {(account, region, region) for account, region in subject}
    passed = subject - found - unknown
    assert not passed & truth, rule.id


def nobody_else_is_touched(rule, judged, readable, denied):
    for verdict in ("found", "unknown"):
        before = {key for key in readable.keys(rule.id, verdict) if key[0] != denied}
        after = {key for key in judged.keys(rule.id, verdict) if key[0] != denied}
        changed = before ^ after
        shared = {key for key in changed if denied in grantees(readable.inventory, key)}
        copies = {key for key in changed if rule.id == "snapshot_orphaned" and is_copy(readable.inventory, key)}
        assert changed == shared | copies, rule.id
        assert not after - before or verdict == "unknown", rule.id


def is_copy(inventory, key):
    """Whether a snapshot is a copy: whether its source is gone rests on every account of the source's region."""
    rows = inventory.read("snapshots", *key[:2])
    return rows.loc[rows["snapshot_id"] == key[2], "description"].str.startswith("[Copied ").any()


def grantees(inventory, key):
    """Whom an image is shared with, where that makes the denied account's use of it matter."""
    shares = inventory.read("image_shares", *key[:2])
    mine = shares[shares["image_id"] == key[2]]
    everybody = set(inventory.manifest.principals) if (mine["grantee_type"] != "account").any() else set()
    return set(mine["grantee"]) | everybody
