"""Denies one call in one account: nothing false there, it is said everywhere, and nobody else is touched."""

from dataclasses import replace

import pytest

from auditor.aws.permissions import ORGANISATION_ACTIONS, actions_for
from auditor.frames import FRAMES
from auditor.rulebook import load_rules
from auditor.sandbox.faults import Fault
from auditor.sandbox.planting import TINY, plant
from tests.end_to_end.conftest import audit

RULES = [loaded.rule for loaded in load_rules()]
#: Calls whose action has another name.
ACTION_OF = {
    ("accessanalyzer", "ListAnalyzers"): "access-analyzer:ListAnalyzers",
    ("accessanalyzer", "ListFindingsV2"): "access-analyzer:ListFindings",
}
ACTIONS = {*actions_for([name for name, frame in FRAMES.items() if frame.filled_by]), *ORGANISATION_ACTIONS}


@pytest.fixture(scope="module")
def readable(seed, tmp_path_factory):
    """An organisation with something of everything, and nothing denied."""
    return audit(
        plant(seed, accounts=2, regions=1, size=replace(TINY, chance=1.0)), tmp_path_factory.mktemp("readable") / "run"
    )


@pytest.fixture(scope="module")
def called(readable):
    """The operations that reading it takes, by account."""
    return {(service, operation) for _, _, service, operation in readable.calls}


CALL_OF = {action: call for call, action in ACTION_OF.items()}
OPERATIONS = sorted(
    CALL_OF.get(action, tuple(action.split(":"))) for action in ACTIONS if not action.startswith("sts:")
)


def a_denied_call_makes_nothing_false(readable, called, service, operation, tmp_path):
    """The promise of this test, for one call."""
    if (service, operation) not in called:
        assert operation in SELDOM, f"{service}:{operation} is asked for and never called"
        return
    denied = sorted(readable.organisation.accounts)[1]
    organisation = readable.organisation
    if service == "organizations":
        denied = organisation.management_id
    judged = audit(organisation, tmp_path / "run", Fault("denied", account=denied, service=service, action=operation))
    assert judged.evaluation.incomplete
    gaps = judged.evaluation.coverage
    gaps = gaps[gaps["status"] != "complete"]
    assert set(gaps["account_id"]) == {denied} or not judged.evaluation.item_gaps.empty
    for rule in RULES:
        nothing_false(rule, judged, readable, denied)
        if service != "organizations":
            nobody_else_is_touched(rule, judged, readable, denied)
    if service == "organizations":
        assert {account for account, _ in judged.inventory.partitions} == {denied}, "who else there is was not told"


#: Calls that only some organisations need, and this one does not.
SELDOM = {"ListParents", "ListTagsForResource"}


def nothing_false(rule, judged, readable, denied):
    truth = {key[:3] for key in readable.organisation.truth[rule.id]}
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
