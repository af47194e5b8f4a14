from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def here(organisation):
    here = organisation.place("222222222222", "eu-west-1")
    here.legal_holds = {name: {"LegalHoldId": name, "Status": "ACTIVE"} for name in ("h1", "h2", "h3")}
    here.legal_hold_points["h1"] = [{"RecoveryPointArn": "arn:1"}]
    return here


def test_holds_and_what_they_hold(call, pages, refusal):
    assert call("backup", "GetLegalHold", LegalHoldId="h2") == {"LegalHoldId": "h2", "Status": "ACTIVE"}
    found = pages("backup", "ListLegalHolds", "LegalHolds", MaxResults=2)
    assert [[row["LegalHoldId"] for row in page] for page in found] == [["h1", "h2"], ["h3"]]
    assert call("backup", "ListRecoveryPointsByLegalHold", LegalHoldId="h1") == {
        "RecoveryPoints": [{"RecoveryPointArn": "arn:1"}]
    }
    assert call("backup", "ListRecoveryPointsByLegalHold", LegalHoldId="h2") == {"RecoveryPoints": []}
    for operation in ("GetLegalHold", "ListRecoveryPointsByLegalHold"):
        assert refusal("backup", operation, LegalHoldId="h9") == "ResourceNotFoundException"
