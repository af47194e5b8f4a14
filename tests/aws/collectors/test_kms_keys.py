from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from auditor.aws.collectors.kms_keys import COLLECTOR


def arn(name, account="111122223333"):
    return f"arn:aws:kms:eu-west-1:{account}:key/{name}"


DELETED_ON = datetime(2026, 4, 1, tzinfo=UTC)
KEYS = {
    arn("managed"): {"KeyManager": "AWS", "KeyState": "Enabled"},
    arn("off"): {"KeyManager": "CUSTOMER", "KeyState": "Disabled"},
    arn("leaving"): {"KeyManager": "CUSTOMER", "KeyState": "PendingDeletion", "DeletionDate": DELETED_ON},
}


def reader_of(scripted, refusal, snapshots, volumes=(), denied=()):
    def describe(KeyId):  # noqa: N803 - the API's own name
        if KeyId in denied or ":444455556666:" in KeyId:
            raise refusal("AccessDeniedException")
        if KeyId not in KEYS:
            raise refusal("NotFoundException")
        return {"KeyMetadata": {"KeyId": KeyId.rpartition("/")[2], "Arn": KeyId, **KEYS[KeyId]}}

    return scripted(
        {"kms:DescribeKey": describe},
        {
            "snapshots": [{"snapshot_id": f"snap-{place}", "kms_key_arn": key} for place, key in enumerate(snapshots)],
            "volumes": [{"volume_id": f"vol-{place}", "kms_key_arn": key} for place, key in enumerate(volumes)],
        },
    )


def test_each_key_is_asked_about_once(scripted, run, refusal):
    reader = reader_of(
        scripted, refusal, [arn("managed"), arn("off"), None, arn("managed")], [arn("leaving"), arn("off"), None]
    )
    assert run(COLLECTOR, reader)["kms_keys"] == [
        {"key_arn": arn("managed"), "key_account_id": "111122223333", "manager": "AWS", "state": "Enabled"},
        {"key_arn": arn("off"), "key_account_id": "111122223333", "manager": "CUSTOMER", "state": "Disabled"},
        {
            "key_arn": arn("leaving"),
            "key_account_id": "111122223333",
            "manager": "CUSTOMER",
            "state": "PendingDeletion",
            "deletion_at": DELETED_ON,
        },
    ]
    assert len(reader.calls) == 3
    assert reader.gaps == []


def test_a_key_that_is_gone_is_known_to_be_gone(scripted, run, refusal):
    reader = reader_of(scripted, refusal, [arn("gone")])
    assert run(COLLECTOR, reader)["kms_keys"] == [
        {
            "key_arn": arn("gone"),
            "key_account_id": "111122223333",
            "state": "NotFound",
            "error_code": "NotFoundException",
        }
    ]
    assert reader.gaps == []


def test_a_refused_key_has_a_row_without_a_state_and_a_gap(scripted, run, refusal):
    reader = reader_of(scripted, refusal, [arn("off"), arn("managed")], denied=[arn("off")])
    told = {row["key_arn"]: row for row in run(COLLECTOR, reader)["kms_keys"]}
    assert told[arn("off")] == {
        "key_arn": arn("off"),
        "key_account_id": "111122223333",
        "error_code": "AccessDeniedException",
    }
    assert told[arn("managed")]["state"] == "Enabled"
    assert reader.gaps == [(arn("off"), "AccessDeniedException")]


def test_another_accounts_refusals_say_nothing_of_our_own_keys(scripted, run, refusal):
    foreign = [arn(name, "444455556666") for name in "abcdef"]
    reader = reader_of(scripted, refusal, foreign)
    assert [(row["key_account_id"], row["error_code"]) for row in run(COLLECTOR, reader)["kms_keys"]] == [
        ("444455556666", "AccessDeniedException")
    ] * 6
    assert reader.gaps == [(key, "AccessDeniedException") for key in foreign]


def test_when_every_own_key_is_refused_the_call_is_denied(scripted, run, refusal):
    with pytest.raises(ClientError, match="AccessDenied"):
        run(COLLECTOR, reader_of(scripted, refusal, [arn("off")], denied=[arn("off")]))


def test_nothing_encrypted_costs_nothing(scripted, run, refusal):
    reader = reader_of(scripted, refusal, [None])
    assert run(COLLECTOR, reader)["kms_keys"] == []
    assert reader.calls == []
