"""AWS answers every call and lists nothing where there must be something: nobody is called an orphan for that."""

import pytest

from auditor.sandbox.planting import TINY, plant
from tests.end_to_end.conftest import audit

RULE = "snapshot_orphaned"


@pytest.fixture(scope="module")
def judged(seed, tmp_path_factory):
    """Three regions: one lists no volumes, one no images in any state, one is as it was planted."""
    organisation = plant(seed, accounts=1, regions=3, size=TINY)
    volumeless, imageless, _ = sorted(organisation, key=lambda place: place.name)
    volumeless.volumes.clear()
    imageless.images.clear()
    imageless.binned_images.clear()
    return audit(organisation, tmp_path_factory.mktemp("thin") / "run")


def test_every_call_was_answered(judged):
    coverage = judged.evaluation.coverage
    assert set(coverage["status"]) == {"complete"}


def test_nothing_is_found_where_a_list_cannot_be_believed_and_what_would_be_is_unknown(judged):
    *thin, whole = sorted({key[:2] for key in judged.organisation.truth[RULE]})
    found, unknown = judged.keys(RULE, "found"), judged.keys(RULE, "unknown")
    planted = {key[:3] for key in judged.organisation.truth[RULE]}
    assert {key for key in planted if key[:2] in thin} <= unknown
    assert {key[:2] for key in unknown} == set(thin)
    assert found == {key for key in planted if key[:2] == whole}


def test_the_reason_is_said(judged):
    rows = judged.evaluation.findings
    rows = rows[(rows["rule_id"] == RULE) & (rows["verdict"] == "unknown")]
    said = {message.split(" at all")[0] for message in rows["message"]}
    assert said == {"Could not tell: AWS listed no volume", "Could not tell: AWS listed no image"}
