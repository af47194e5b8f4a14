"""Credentials say whose they are and how long they last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from auditor.sandbox import credentials


@pytest.mark.parametrize("account", ["000000000000", "000000000042", "999999999999"])
def test_minted_keys_encode_the_account(account: str) -> None:
    minted = credentials.mint(account, "Reader", "me", seconds=900)
    session = credentials.read_token(minted["AccessKeyId"], minted["SessionToken"])
    assert len(minted["AccessKeyId"]) == 20
    assert credentials.account_of(minted["AccessKeyId"]) == account
    assert session == credentials.Session(account, "Reader", "me", minted["Expiration"])
    assert not session.expired()
    assert timedelta(minutes=14) < session.expires_at - datetime.now(UTC) <= timedelta(minutes=15)


def test_every_key_is_another() -> None:
    assert len({credentials.mint("000000000001", "Reader", "me")["AccessKeyId"] for _ in range(10)}) == 10


@pytest.mark.parametrize(
    "key", ["", "AKIASANDBOXSANDBOX00", "ASIA", "ASIA!!!!!!!!!!!!!!!!", "ASIAAAAA", "ASIA7777777777777777"]
)
def test_other_keys_encode_nothing(key: str) -> None:
    assert credentials.account_of(key) is None


@pytest.mark.parametrize("token", ["", "?", "bm9uc2Vuc2U=", "WzEsMl0=", "\u00e9"])
def test_tokens_that_nobody_minted(token: str) -> None:
    minted = credentials.mint("000000000001", "Reader", "me")
    assert credentials.read_token(minted["AccessKeyId"], token) is None
