"""How numbers, times, ages and foreign words are written in every output."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pandas as pd

#: Between thousands: narrow, and never at the end of a line.
THIN = "\u202f"

GIB = 1024**3

#: Characters that act instead of showing: controls, bidirectional marks and overrides, zero-width characters,
#: line and paragraph separators, tags, lone surrogates and what XML does not allow.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\U000e0000-\U000e0fff]"
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?")
_SPACES = re.compile(r"[\t\r\n]+")

#: The same set for Arrow's engine, which knows no surrogates; text in Arrow is valid UTF-8 and holds none.
UNSEEN_RE2 = (
    r"[\x00-\x1f\x7f-\x{9f}\x{ad}\x{34f}\x{61c}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{200b}-\x{200f}"
    r"\x{2028}-\x{202e}\x{2060}-\x{206f}\x{3164}\x{feff}\x{ffa0}\x{fff0}-\x{fffc}\x{fffe}\x{ffff}\x{e0000}-\x{e0fff}]"
)


def plain(text: Any, limit: int = 0) -> str:
    """A foreign string made harmless and visible: tags, names and descriptions can be written by anybody.

    Line breaks and tabs become one space; characters that would act instead of showing are spelt out, e.g.
    ``⟨U+202E⟩``. What is longer than the limit is cut and ends in ``…``.

    Args:
        text: Anything; missing values become an empty string.
        limit: Most characters of the result; 0 for no limit.
    """
    if text is None or text is pd.NA or text is pd.NaT:
        return ""
    shown = text if isinstance(text, str) else str(text)
    if limit and len(shown) > 2 * limit:  # never spell out more than can be shown
        shown = shown[: 2 * limit]
    shown = _UNSEEN.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", _SPACES.sub(" ", shown))
    return f"{shown[: limit - 1]}…" if limit and len(shown) > limit else shown


def count(number: int) -> str:
    """A whole number with thin spaces between thousands, e.g. ``12 345``."""
    return f"{int(number):,}".replace(",", THIN)


def counted(number: int, noun: str, many: str = "") -> str:
    """A number and its noun, e.g. ``1 volume`` or ``3 volumes``."""
    return f"{count(number)} {noun if number == 1 else many or noun + 's'}"


def listed(things: Iterable[str], last: str = "and") -> str:
    """Words as a list in a sentence, e.g. ``a, b and c``."""
    words = list(things)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else ""


def resources(numbers: Iterable[tuple[str, int]]) -> str:
    """Nouns in the plural with their numbers, e.g. ``1 image and 3 volumes``."""
    return listed(counted(number, _singular(noun), noun) for noun, number in numbers)


def plural(noun: str) -> str:
    """A noun in the plural, e.g. ``policies``."""
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def _singular(noun: str) -> str:
    return f"{noun[:-3]}y" if noun.endswith("ies") else noun.removesuffix("s")


def money(amount: Decimal | None, sign: str = "$") -> str:
    """US dollars: two decimals up to 1,000, none above; a dash where missing."""
    if _missing(amount):
        return "–"
    exact = Decimal(amount or 0)
    step = Decimal("0.01") if abs(exact) < 1000 else Decimal(1)
    return f"{sign}{exact.quantize(step, ROUND_HALF_UP):,}".replace(",", THIN)


def money_range(low: Decimal | None, high: Decimal | None, sign: str = "$") -> str:
    """Bounds as one expression, e.g. ``$12.00–$40.00``; one number where both are written alike."""
    if low is None or high is None or _missing(low) or _missing(high):
        return "–"
    step = Decimal(1) if high >= 1000 else Decimal("0.01")
    shown = [f"{sign}{Decimal(each).quantize(step, ROUND_HALF_UP):,}".replace(",", THIN) for each in (low, high)]
    return shown[0] if shown[0] == shown[1] else "–".join(shown)


def _missing(thing: Any) -> bool:
    return thing is None or bool(pd.isna(thing))


def gib(size: int | None) -> str:
    """Bytes as a number of GiB with one decimal below 100; the unit stands in the header."""
    if size is None or _missing(size):
        return "–"
    amount = Decimal(int(size)) / GIB
    step = Decimal("0.1") if amount < 100 else Decimal(1)
    return f"{amount.quantize(step, ROUND_HALF_UP):,}".replace(",", THIN)


def size(amount: int | None) -> str:
    """Bytes as GiB or TiB with the unit, for sentences."""
    if amount is None or _missing(amount):
        return "–"
    return f"{gib(amount)} GiB" if amount < 10 * 1024 * GIB else f"{gib(int(amount) // 1024)} TiB"


def age(then: datetime | None, now: datetime) -> str:
    """How long ago, in days up to 120 and in months beyond."""
    if then is None or _missing(then):
        return "–"
    days = (now - then).days
    return counted(days, "day") if days <= 120 else counted(round(days / 30.44), "month")


def day(then: datetime | date | None) -> str:
    """A date, e.g. ``7 Mar 2026``."""
    return "–" if then is None or _missing(then) else f"{then.day}{THIN}{then:%b}{THIN}{then.year}"


def minute(then: datetime | None) -> str:
    """A date and time of day, e.g. ``7 Mar 2026, 14:05``; UTC is said once, elsewhere."""
    return "–" if then is None or _missing(then) else f"{day(then)}, {then:%H:%M}"


def fact(name: str, thing: Any) -> tuple[str, str]:
    """One column of a finding's evidence as label and value, the unit behind the value."""
    label, said = words(name), value(thing)
    if isinstance(thing, str) and thing.startswith("arn:") and thing.count(":") > 4:
        return label.removesuffix(" arn"), re.split("[:/]", thing)[-1]  # account and region stand beside it
    if isinstance(thing, int) and not isinstance(thing, bool):
        for unit, noun in (("days", "day"), ("hours", "hour"), ("minutes", "minute")):
            if name.endswith(f"_{unit}"):
                return label.removesuffix(f" {unit}"), counted(thing, noun)
        if name.endswith("_gib"):
            return label.removesuffix(" GiB"), f"{said}\u00a0GiB"
        if name.endswith("_bytes"):
            return label.removesuffix(" bytes"), size(thing)
    return label, said


def value(thing: Any) -> str:
    """One value of a finding's evidence, in words."""
    if thing is None:
        return "not known"
    if thing == "":
        return "none"
    if isinstance(thing, bool):
        return "yes" if thing else "no"
    if isinstance(thing, int):
        return count(thing) if abs(thing) >= 10_000 else str(thing)
    if isinstance(thing, list):
        return ", ".join(value(each) for each in thing) or "none"
    if isinstance(thing, dict):
        return ", ".join(f"{words(str(key))} {value(each)}" for key, each in thing.items()) or "none"
    if isinstance(thing, str) and re.fullmatch(r"[a-z]+(_[a-z]+)+", thing):
        return thing.replace("_", " ")
    if isinstance(thing, str) and _MOMENT.fullmatch(thing):
        return day(datetime.fromisoformat(thing))
    return str(thing)


def sentence(words: str) -> str:
    """The words with a capital first letter."""
    return words[:1].upper() + words[1:]


def words(name: str) -> str:
    """A column name as words, e.g. ``size_gib`` → ``size GiB``."""
    said = re.sub(r" (id|ids|at|usd)$", "", name.replace("_", " "))
    said = re.sub(r"\bgib$", "GiB", said)
    return re.sub(r"\b(kms|ssm)\b", lambda match: match[0].upper(), said) or name
