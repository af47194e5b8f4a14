"""A planted organisation is audited twice, and known things happen in between; one account goes dark."""

from dataclasses import dataclass, replace

import pytest

from auditor.aws.permissions import collectors_for
from auditor.engine.changes import changes_of
from auditor.findings import Previous, write_results
from auditor.report.changes import Changes
from auditor.rulebook import load_rules
from auditor.sandbox.faults import Fault
from auditor.sandbox.planting import TINY, plant
from tests.end_to_end.conftest import KEY, Judged, judge, read

#: Rules of snapshots that rest on little, and what they rest on.
RULES = load_rules(select=("snapshot_failed", "snapshot_over_retention", "snapshot_public", "snapshot_unencrypted"))
READ = collectors_for(sorted({"accounts", "regions"}.union(*(loaded.rule.frames for loaded in RULES))))
OPEN = {"State": "unblocked", "ManagedBy": "account"}


@dataclass(frozen=True)
class Months:
    """Two audits, and what happened between them."""

    first: Judged
    second: Judged
    changes: Changes
    back: Changes
    mended: tuple
    shared: tuple
    blind: str


def audit(organisation, folder, *faults) -> Judged:
    return judge(organisation, folder, read(organisation, folder, *faults, collectors=READ), rules=RULES)


def earlier(judged: Judged, folder) -> Previous:
    write_results(judged.evaluation, folder)
    return Previous.read(folder)


@pytest.fixture(scope="module")
def months(seed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("months")
    organisation = plant(seed, accounts=3, regions=1, size=replace(TINY, chance=1.0))
    *_, mended, _ = min(organisation.truth["snapshot_public"])
    mending, sharing, blind = sorted(organisation, key=lambda place: (mended not in place.snapshots, place.account_id))
    mending.snapshot_block_public_access = sharing.snapshot_block_public_access = OPEN
    first = audit(organisation, folder / "first")
    mending.snapshot_permissions[mended].remove({"Group": "all"})
    shared = min(
        name
        for name, snapshot in sharing.snapshots.items()
        if not sharing.snapshot_permissions.get(name) and not snapshot["Encrypted"]
    )
    sharing.snapshot_permissions[shared] = [{"Group": "all"}]
    dark = Fault("denied", account=blind.account_id, service="ec2", action="DescribeSnapshots")
    second = audit(organisation, folder / "second", dark)
    return Months(
        first,
        second,
        changes_of(earlier(first, folder / "first"), second.evaluation),
        changes_of(earlier(second, folder / "second"), first.evaluation),
        (mending.account_id, mending.name, mended),
        (sharing.account_id, sharing.name, shared),
        blind.account_id,
    )


def keys(rows):
    return set(rows[["rule_id", *KEY]].itertuples(index=False, name=None))


def test_what_was_mended_is_resolved_and_nothing_that_was_not_seen(months):
    gone = months.changes.table
    resolved = gone[gone["became"] == "absent"]
    assert ("snapshot_public", *months.mended) in keys(resolved)
    assert {tuple(key[1:]) for key in keys(resolved)} == {months.mended}


def test_what_could_not_be_seen_again_cannot_be_told(months):
    gone = months.changes.table
    found = months.first.evaluation.findings
    stood = found[(found["verdict"] == "found") & (found["account_id"] == months.blind)]
    dark = gone[gone["account_id"] == months.blind]
    assert len(stood)
    assert keys(dark) == keys(stood)
    assert set(dark["became"]) == {"untold"}


def test_what_was_shared_is_new(months):
    found = months.second.keys("snapshot_public", "found") - months.first.keys("snapshot_public", "found")
    assert found == {months.shared}
    assert months.changes.by_rule["snapshot_public"][0] == 1
    assert months.changes.new["absent"] == sum(months.changes.new.values())


def test_what_was_not_seen_the_first_time_is_not_called_new(months):
    assert months.back.new["absent"] == months.changes.gone["absent"]
    assert months.back.new["untold"] == months.changes.gone["untold"]
    assert months.back.gone["absent"] == months.changes.new["absent"]


def test_it_adds_up(months):
    for changes, judged in ((months.changes, months.second), (months.back, months.first)):
        found = judged.evaluation.findings
        stands = found[(found["verdict"] == "found") & found["waiver"].isna()]
        moved = sum(changes.new.values()) - sum(changes.gone.values())
        assert sum(changes.before.values()) + moved == len(stands)
        assert len(changes.table) == sum(changes.gone.values())
