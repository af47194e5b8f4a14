"""Against an earlier run: what is new, what is gone, and that nothing unseen is called resolved."""

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from auditor.engine.changes import changes_of
from auditor.findings import RESULTS, Previous
from auditor.report.changes import CAME, WENT
from auditor.testing import AS_OF
from tests.engine.judging import OTHER, WAIVER, gap, tried

READ = [gap("snapshots", "complete")]
BAD = {"snapshot_id": "snap-1", "encrypted": False}
GOOD = {"snapshot_id": "snap-1", "encrypted": True}


ACCEPTED = {**WAIVER, "rule": "bare", "resources": ["snap-1"]}


def bare(snapshots):
    """Why."""
    return ~snapshots["encrypted"]


def bare_otherwise(snapshots, *, encrypted: bool = False):
    """Why."""
    return snapshots["encrypted"] == encrypted


def by_grantee(snapshots):
    """Why."""
    whom = [(row, who) for row, count in enumerate(snapshots["volume_size_gib"]) for who in range(count)]
    return pd.DataFrame(
        {"found": True, "discriminator": [f"{who}" for _, who in whom]}, index=snapshots.index[[row for row, _ in whom]]
    )


def made(*rows, function=bare, coverage=READ, **more):
    return tried(function, {"snapshots": list(rows)}, coverage=coverage, **more)


def earlier(evaluation):
    return Previous(
        Path("2026-01"),
        "0123456789ab",
        AS_OF - timedelta(days=28),
        {name: getattr(evaluation, name) for name in RESULTS},
    )


def told(numbers):
    return {why: number for why, number in numbers.items() if number}


def changed(then, now):
    return changes_of(earlier(then), now)


#: How the other run can look in which the finding of ``BAD`` does not stand, and why it does not.
OTHERWISE = [
    pytest.param(lambda: made(GOOD), "absent", id="passed"),
    pytest.param(lambda: made({**GOOD, "snapshot_id": "snap-2"}), "absent", id="not there"),
    pytest.param(
        lambda: made(BAD, config={"waiver": [ACCEPTED]}),
        "waived",
        id="waived",
    ),
    pytest.param(lambda: made({**BAD, "encrypted": None}), "untold", id="unknown"),
    pytest.param(lambda: made(coverage=[gap("snapshots")]), "untold", id="listing refused"),
    pytest.param(lambda: made(GOOD, coverage=[gap("snapshots", "truncated")]), "untold", id="listing cut short"),
    pytest.param(lambda: made(coverage=[gap("images", "complete")]), "untold", id="not asked for"),
    pytest.param(
        lambda: made(coverage=[gap("snapshots", "complete", account_id=OTHER)]), "untold", id="account not read"
    ),
    pytest.param(
        lambda: made(coverage=[gap("snapshots", "complete", region="us-east-1")]), "untold", id="region not read"
    ),
    pytest.param(lambda: made(GOOD, function=bare_otherwise), "unjudged", id="rule did not run"),
]


@pytest.mark.parametrize(("other", "why"), OTHERWISE)
def test_what_stood_and_stands_no_more_is_gone_and_why(other, why):
    changes = changed(made(BAD), other())
    assert (told(changes.new), told(changes.gone)) == ({}, {why: 1})
    assert changes.table[["resource_id", "became"]].to_numpy().tolist() == [["snap-1", why]]
    assert changes.before == {"critical": 0, "high": 0, "medium": 0, "low": 1, "info": 0}
    assert changes.by_rule == {"bare": (0, 1)}


@pytest.mark.parametrize(("other", "why"), OTHERWISE)
def test_what_stands_and_did_not_is_new_and_why(other, why):
    changes = changed(other(), made(BAD))
    assert (told(changes.new), told(changes.gone)) == ({why: 1}, {})
    assert changes.table.empty
    assert changes.by_rule == {"bare": (1, 0)}


def test_what_stands_both_times_is_neither():
    changes = changed(made(BAD), made(BAD, {**BAD, "snapshot_id": "snap-2"}))
    assert (told(changes.new), told(changes.gone)) == ({"absent": 1}, {})


def test_what_other_parameters_do_not_find_is_not_called_resolved():
    parameters = {"rules": {"bare_otherwise": {"encrypted": True}}}
    then = made(BAD, function=bare_otherwise)
    assert told(changed(then, made(BAD, function=bare_otherwise, config=parameters)).gone) == {"changed": 1}
    assert told(changed(then, made(GOOD, function=bare_otherwise)).gone) == {"absent": 1}


def by_partner(snapshots, snapshot_access):
    """Why."""
    return ~snapshots["encrypted"]


def test_what_another_configuration_does_not_find_is_not_called_resolved():
    trusted = {"sharing": {"trusted_accounts": {OTHER: "partner"}}}
    then, other = made(BAD, function=by_partner), made(GOOD, function=by_partner, config=trusted)
    assert told(changed(then, other).gone) == {"changed": 1}
    assert told(changed(then, made(GOOD, function=by_partner)).gone) == {"absent": 1}
    assert told(changed(made(BAD), made(GOOD, config=trusted)).gone) == {"absent": 1}, "it rests on no setting"


def test_each_finding_on_one_resource_is_told_apart():
    then = made({"snapshot_id": "snap-1", "volume_size_gib": 3}, function=by_grantee)
    now = made({"snapshot_id": "snap-1", "volume_size_gib": 1}, function=by_grantee)
    assert told(changed(then, now).gone) == {"absent": 2}
    assert told(changed(now, then).new) == {"absent": 2}
    blind = made({"snapshot_id": "snap-1", "volume_size_gib": 1}, function=by_grantee, coverage=[gap("snapshots")])
    assert told(changed(then, blind).gone) == {"untold": 3}


def test_it_adds_up():
    then = made(BAD, {**BAD, "snapshot_id": "snap-2"}, {**BAD, "snapshot_id": "snap-3"})
    now = made({**BAD, "snapshot_id": "snap-3"}, {**BAD, "snapshot_id": "snap-4"})
    changes = changed(then, now)
    stood, stand = sum(changes.before.values()), len(now.findings)
    assert stood + sum(changes.new.values()) - sum(changes.gone.values()) == stand
    assert set(changes.new) == set(CAME)
    assert set(changes.gone) == set(WENT)


def test_since_when_a_finding_is_known_is_handed_on():
    then = made(BAD, {**BAD, "snapshot_id": "snap-2", "encrypted": None})
    known = earlier(then).first_seen
    month = AS_OF - timedelta(days=28)
    now = made(BAD, {**BAD, "snapshot_id": "snap-2"}, first_seen=known.assign(first_seen=pd.Timestamp(month)))
    seen = dict(zip(now.findings["resource_id"], now.findings["first_seen"], strict=True))
    assert seen == {"snap-1": month, "snap-2": AS_OF}
