"""Every way to find shares over the wire: what it sees, what it asks, and that what it does not see is never clean."""

from dataclasses import replace
from datetime import timedelta

import pytest

from auditor.config import Config
from auditor.engine import evaluate
from auditor.inventory import Inventory
from auditor.rulebook import load_rules
from auditor.sandbox.planting import TINY, plant
from tests.end_to_end.conftest import expecting
from tests.end_to_end.conftest import read as collected

READ = ("directory", "snapshots", "snapshot_public_permissions", "snapshot_shares", "images", "image_shares")
RULES = ("snapshot_shared_outside_organisation", "snapshot_not_shared", "snapshot_public")


@pytest.fixture(scope="module")
def organisation(seed):
    return plant(seed, accounts=2, regions=1, size=replace(TINY, chance=1.0))


def reading(organisation, folder, **sharing):
    """Collects with what the configuration says of sharing; the inventory, and how many snapshots were asked."""
    config = expecting(organisation)
    config = Config.of({**config.model_dump(by_alias=True), "sharing": {**config.sharing.model_dump(), **sharing}})
    calls = collected(organisation, folder, config=config, collectors=READ)
    asked = sum(count for call, count in calls.items() if call[3] == "DescribeSnapshotAttribute")
    return Inventory.load(folder), asked, config


@pytest.fixture(scope="module")
def exhaustive(organisation, tmp_path_factory):
    """Every snapshot asked: what analyzers there are makes no difference."""
    return reading(organisation, tmp_path_factory.mktemp("exhaustive") / "run")


@pytest.fixture
def read(organisation, tmp_path):
    return lambda name="run", **sharing: reading(organisation, tmp_path / name, **sharing)


def have_analyzers(organisation, monkeypatch, kind):
    """Every account has one analyzer of a type, or none."""
    for place in list(organisation):
        arn = f"arn:aws:access-analyzer:{place.name}:{place.account_id}:analyzer/one"
        made = organisation.now - timedelta(days=90)
        row = {"arn": arn, "name": "one", "type": kind, "status": "ACTIVE", "createdAt": made}
        row["lastResourceAnalyzedAt"] = organisation.now
        monkeypatch.setattr(place, "analyzers", {arn: row} if kind else {})


def shared(inventory, thing="snapshot"):
    """Grants to others than the owner."""
    rows = inventory.read(f"{thing}_shares")
    rows = rows[rows["grantee"] != rows["account_id"]]
    return set(rows[["account_id", f"{thing}_id", "grantee"]].itertuples(index=False, name=None))


def states(inventory, collector="snapshot_shares"):
    coverage = inventory.coverage()
    rows = coverage.loc[coverage["collector"] == collector, ["status", "error_code"]]
    return set(rows.astype(object).where(rows.notna(), None).itertuples(index=False, name=None))


def verdicts(inventory, config):
    findings = evaluate(inventory, load_rules(select=RULES), config).findings
    return set(findings[["rule_id", "verdict", "resource_id", "discriminator"]].itertuples(index=False, name=None))


@pytest.mark.parametrize("kind", ["ACCOUNT", "ORGANIZATION"])
def test_an_analyzer_spares_calls_and_loses_nothing(organisation, read, exhaustive, monkeypatch, kind):
    have_analyzers(organisation, monkeypatch, kind)
    whole, all_asked, config = exhaustive
    auto, asked, _ = read("auto", discovery="auto")
    assert shared(auto) == shared(whole) != set()
    assert shared(auto, "image") == shared(whole, "image") != set()
    assert states(whole) == {("complete", None)}
    assert states(auto) == {("complete", "AnalyzerLag")}
    assert asked < all_asked
    assert verdicts(auto, config) == verdicts(whole, config)


def test_without_an_analyzer_everything_is_asked(organisation, read, exhaustive, monkeypatch):
    have_analyzers(organisation, monkeypatch, "")
    whole, all_asked, _ = exhaustive
    auto, asked, _ = read("auto", discovery="auto")
    assert (shared(auto), asked, states(auto)) == (shared(whole), all_asked, {("complete", None)})


@pytest.mark.parametrize(("kind", "code"), [("ORGANIZATION", "AnalyzerOnly"), ("", "NoAnalyzer")])
def test_what_the_analyzer_alone_cannot_show_is_never_clean(organisation, read, monkeypatch, kind, code):
    have_analyzers(organisation, monkeypatch, kind)
    alone, _, config = read(discovery="analyzer")
    assert states(alone) == {("truncated", code)}
    members = set(organisation.accounts)
    assert not [grant for grant in shared(alone) if grant[2] in members and (grant[0], grant[1]) not in reported(alone)]
    tallies = evaluate(alone, load_rules(select=RULES[:2]), config).tallies
    assert (tallies["passed"] == 0).all()
    assert (tallies["unknown"] == tallies["evaluated"]).all()


def reported(inventory):
    findings = inventory.read("analyzer_findings")
    return set(findings[["owner_id", "snapshot_id"]].itertuples(index=False, name=None))


def test_an_earlier_run_is_used_again_for_what_it_knew_and_nothing_else(
    organisation, read, exhaustive, monkeypatch, tmp_path
):
    first, all_asked, config = exhaustive
    again, asked, _ = read("again", reuse=str(first.folder))
    assert (shared(again), shared(again, "image")) == (shared(first), shared(first, "image"))
    assert asked == 0
    assert states(again) == states(again, "image_shares") == {("complete", "Reused")}
    assert verdicts(again, config) == verdicts(first, config)
    here = next(place for place in organisation if place.snapshot_permissions)
    name = next(iter(here.snapshot_permissions))
    monkeypatch.setitem(here.snapshots, "snap-00000001", {**here.snapshots[name], "SnapshotId": "snap-00000001"})
    monkeypatch.setitem(here.snapshot_permissions, "snap-00000001", [{"UserId": "999988887777"}])
    monkeypatch.setitem(here.snapshot_permissions, name, [])
    third, asked, _ = read("third", reuse=str(first.folder))
    assert shared(third) == shared(first) | {(here.account_id, "snap-00000001", "999988887777")}
    assert asked == 1
    fourth, asked, _ = read("fourth", reuse=str(tmp_path / "third"))
    assert asked == all_asked + 1, "what a run took over is not handed on"
    assert shared(fourth) == {grant for grant in shared(third) if grant[1] != name}
