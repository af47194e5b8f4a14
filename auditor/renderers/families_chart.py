"""Families of images as inline SVG: a line of time for each, with a mark for every image by what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from auditor.renderers.charts import ACCENT, HAIRLINE, INK, MUTED, document, words_at
from auditor.report import text
from auditor.report.families import STANDINGS, Families, Family

_LEFT, _RIGHT, _WIDTH = 168.0, 382.0, 493.0
_ROW, _TOP = 23.0, 16.0

#: The longest time that is drawn; what is older stands at the left end.
_LONGEST = timedelta(days=2 * 365)

#: Months between lines of the scale, the first that gives few enough.
_STEPS = (1, 2, 3, 6)
_MOST_LINES = 6


def families_chart(families: Families, as_of: datetime) -> str:
    """One picture of the families that are shown, newest images on the right; each mark tells by its shape."""
    shown = families.shown
    oldest = min((made.at for line in shown for made in line.made), default=as_of)
    begins = max(oldest, as_of - _LONGEST)
    span = max((as_of - begins).total_seconds(), 1.0)
    bottom = _TOP + _ROW * len(shown)

    def place(at: datetime) -> float:
        return _LEFT + (_RIGHT - _LEFT) * max((at - begins).total_seconds(), 0.0) / span

    body = list(_scale(begins, as_of, bottom, place))
    for number, line in enumerate(shown):
        body += _line(line, _TOP + _ROW * (number + 0.5), [(place(made.at), made.standing) for made in line.made])
    occurring = [name for name in STANDINGS if any(made.standing == name for line in shown for made in line.made)]
    body += _key(occurring, bottom + 12)
    return document(body, bottom + 18, families.title)


def _scale(begins: datetime, as_of: datetime, bottom: float, place: Callable[[datetime], float]) -> Iterator[str]:
    """A line at the beginning of every month, or of every few."""
    months = [
        datetime(number // 12, number % 12 + 1, 1, tzinfo=as_of.tzinfo)
        for number in range(begins.year * 12 + begins.month - 1, as_of.year * 12 + as_of.month)
    ]
    step = next((each for each in _STEPS if len(months) / each <= _MOST_LINES), _STEPS[-1])
    drawn = [month for month in months if (month.month - 1) % step == 0 and begins <= month <= as_of]
    for at in drawn or [as_of]:
        x = place(at)
        yield f'<path d="M{x:.2f} {_TOP - 4:.2f}V{bottom:.2f}" stroke="{HAIRLINE}" stroke-width="0.5"/>'
        yield words_at(x, 8, f"{at:%b}{text.THIN}{at:%Y}", MUTED, "middle")


def _line(line: Family, y: float, marks: Sequence[tuple[float, str]]) -> Iterator[str]:
    yield words_at(0, y - 1, text.plain(line.name, 40))
    yield words_at(0, y + 8, f"{text.plain(line.account_name or line.account_id, 26)} · {line.region}", MUTED)
    if len(marks) > 1:
        first, last = marks[0][0], marks[-1][0]
        yield f'<path d="M{first:.2f} {y:.2f}H{last:.2f}" stroke="{HAIRLINE}" stroke-width="1"/>'
    for x, standing in sorted(marks, key=lambda mark: list(STANDINGS).index(mark[1]), reverse=True):
        yield _mark(x, y, standing)
    spare = f", {text.count(line.spare)} spare" if line.spare else ""
    yield words_at(_RIGHT + 10, y - 1, text.counted(line.images, "image") + spare)
    yield words_at(_RIGHT + 10, y + 8, f"{text.money_range(line.low_usd, line.high_usd)} a month", MUTED)


def _mark(x: float, y: float, standing: str) -> str:
    if standing == "used":
        return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="3.1" fill="{INK}"/>'
    if standing == "kept":
        return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="2.7" fill="#fff" stroke="{INK}" stroke-width="1"/>'
    if standing == "spare":
        arms = f"M{x - 2.6:.2f} {y - 2.6:.2f}l5.2 5.2M{x - 2.6:.2f} {y + 2.6:.2f}l5.2 -5.2"
        return f'<path d="{arms}" stroke="{ACCENT}" stroke-width="1.5" fill="none"/>'
    if standing == "disabled":
        square = f'x="{x - 2.4:.2f}" y="{y - 2.4:.2f}" width="4.8" height="4.8"'
        return f'<rect {square} fill="#fff" stroke="{MUTED}" stroke-width="0.9"/>'
    return words_at(x, y + 2.7, "?", INK, "middle")


def _key(standings: Sequence[str], y: float) -> Iterator[str]:
    """The marks that occur, each with its name."""
    x = _LEFT
    for standing in standings:
        yield _mark(x, y - 2.6, standing)
        yield words_at(x + 6, y, STANDINGS[standing], MUTED)
        x += 20 + 4.2 * len(STANDINGS[standing])
