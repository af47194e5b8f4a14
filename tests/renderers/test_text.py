from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.report import plain, text

NOW = datetime(2026, 3, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("invoice\u202egpj.exe", "invoice⟨U+202E⟩gpj.exe"),
        ("a\x00b\x07c\x9fd", "a⟨U+0000⟩b⟨U+0007⟩c⟨U+009F⟩d"),
        ("one\r\n\ttwo", "one two"),
        ("zero\u200bwidth\ufeff\u2060", "zero⟨U+200B⟩width⟨U+FEFF⟩⟨U+2060⟩"),
        ("tag\U000e0041", "tag⟨U+E0041⟩"),
        ("lone\ud800", "lone⟨U+D800⟩"),
        ("日本語 Söhne 🙂", "日本語 Söhne 🙂"),
        (None, ""),
        (pd.NA, ""),
        (12, "12"),
    ],
)
def test_foreign_words_show_what_would_act(given, shown):
    assert plain(given) == shown


@given(st.text(), st.integers(1, 50))
def test_plain_words_fit_and_are_stable(words, limit):
    shown = plain(words, limit)
    assert len(shown) <= limit
    assert plain(shown) == shown


def test_long_words_end_in_an_ellipsis():
    assert plain("x" * 100, 10) == "x" * 9 + "…"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "$0.00"),
        ("999.994", "$999.99"),
        ("1000", "$1\u202f000"),
        ("1234567.5", "$1\u202f234\u202f568"),
        (None, "–"),
    ],
)
def test_money(amount, shown):
    assert text.money(None if amount is None else Decimal(amount)) == shown


def test_bounds_are_written_alike():
    assert text.money_range(Decimal("12.5"), Decimal(999)) == "$12.50–$999.00"
    assert text.money_range(Decimal("578.98"), Decimal(4130)) == "$579–$4\u202f130"
    assert text.money_range(Decimal("1.001"), Decimal("1.002")) == "$1.00"
    assert text.money_range(None, Decimal(1)) == "–"


@pytest.mark.parametrize(
    ("days", "shown"), [(0, "0 days"), (1, "1 day"), (120, "120 days"), (121, "4 months"), (365, "12 months")]
)
def test_ages_are_days_up_to_120(days, shown):
    assert text.age(NOW - timedelta(days=days), NOW) == shown


def test_sizes():
    assert [text.gib(size) for size in (0, 2**29, 100 * 2**30, 5000 * 2**30)] == ["0.0", "0.5", "100", "5\u202f000"]
    assert text.size(3 * 2**40 * 10) == "30.0 TiB"
    assert text.size(2**30) == "1.0 GiB"


def test_moments_are_short_and_missing_ones_a_dash():
    assert text.minute(NOW.replace(hour=6, minute=5)) == "31\u202fMar\u202f2026, 06:05"
    assert text.day(pd.NaT) == "–"


@pytest.mark.parametrize(
    ("name", "thing", "shown"),
    [
        ("size_gib", 100, ("size", "100\u00a0GiB")),
        ("age_days", 1, ("age", "1 day")),
        ("stored_bytes", 2**30, ("stored", "1.0 GiB")),
        ("encrypted", False, ("encrypted", "no")),
        ("started_at", "2025-01-08T06:00:00+00:00", ("started", "8\u202fJan\u202f2025")),
        ("window", "2026-02-27 01:30 missed", ("window", "2026-02-27 01:30 missed")),
        ("reason", "image_gone", ("reason", "image gone")),
        ("used_by", ["a", "b"], ("used by", "a, b")),
        ("kms_key_arn", "arn:aws:kms:eu-west-1:111122223333:key/12ab", ("KMS key", "12ab")),
        ("kms_key_arn", None, ("KMS key arn", "not known")),
    ],
)
def test_evidence_is_said_in_words_with_its_unit(name, thing, shown):
    assert text.fact(name, thing) == shown


def test_lists_and_counts():
    assert text.listed(["a", "b", "c"]) == "a, b and c"
    assert text.listed([]) == ""
    assert [text.plural(noun) for noun in ("volume", "lifecycle policy")] == ["volumes", "lifecycle policies"]
    assert text.resources([("lifecycle policies", 1)]) == "1 lifecycle policy"
    assert text.resources([("images", 1), ("volumes", 12345)]) == "1 image and 12\u202f345 volumes"
