"""The calendar of backups and the chart of volumes as inline SVG; marks tell by their shape, not only their colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from auditor.renderers.charts import COLOURS, HAIRLINE, INK, MUTED, document, words_at
from auditor.report import text
from auditor.report.backups import STANDINGS, VERDICTS, Backups, Cover, Line

_WIDTH = 493.0
_LEFT, _RIGHT = 120.0, 306.0
_ROW, _TOP = 12.5, 17.0

#: Where the numbers stand, and the promise.
_COUNTS, _PROMISE = _RIGHT + 8, _RIGHT + 46

#: Days between lines of the scale.
_WEEK = 7

_BAR_LEFT, _BAR_ROW, _MOST_ACCOUNTS = 120.0, 15.0, 14

#: How a standing of volumes is filled: colour and pattern.
_FILLS = {
    "kept": "#a9c3dc",
    "broken": COLOURS["critical"],
    "unpromised": "url(#bare)",
    "unclear": "#fff",
    "exempt": "#e4e6ea",
}
_BARE = (
    '<defs><pattern id="bare" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="4" height="4" fill="#fff"/><rect width="1.6" height="4" fill="{COLOURS["high"]}"/></pattern></defs>'
)


def calendar_chart(backups: Backups) -> str:
    """One line for each promise that is shown, one mark for each day on which something was promised."""
    days = backups.days
    step = (_RIGHT - _LEFT) / max(len(days), 1)
    lines = backups.drawn
    bottom = _TOP + _ROW * len(lines)
    several = len({line.account_id for line in lines}) > 1
    places = {at: _LEFT + step * (number + 0.5) for number, at in enumerate(days)}
    body = list(_scale(days, places, bottom))
    for number, line in enumerate(lines):
        body += _line(line, _TOP + _ROW * (number + 0.5), places, min(step, 9.0), several)
    occurring = [name for name in VERDICTS if any(name in line.days.values() for line in lines)]
    body += _key(occurring, bottom + 12)
    return document(body, bottom + 18, backups.title)


def _scale(days: Sequence[date], places: dict[date, float], bottom: float) -> Iterator[str]:
    """A line at each week, counted back from the last day."""
    for number, at in enumerate(reversed(days)):
        if number % _WEEK == 0 or len(days) == 1:
            x = places[at]
            yield f'<path d="M{x:.2f} {_TOP - 5:.2f}V{bottom:.2f}" stroke="{HAIRLINE}" stroke-width="0.5"/>'
            yield words_at(x, 8, f"{at.day}{text.THIN}{at:%b}", MUTED, "middle")


def _line(line: Line, y: float, places: dict[date, float], size: float, several: bool) -> Iterator[str]:
    yield words_at(0, y + 2.7, text.plain(line.name or line.resource_id, 27))
    yield _dots([places[at] for at, verdict in line.days.items() if at in places and verdict == "met"], y, size)
    for at, verdict in line.days.items():
        if at in places and verdict != "met":
            yield _mark(places[at], y, verdict, size)
    said = f"{text.count(line.broken)} of {text.count(line.windows)}"
    yield words_at(_COUNTS, y + 2.7, said, COLOURS["critical"] if line.broken else INK)
    promise = text.plain(line.promise, 20 if several else 36)
    if several:
        promise += f" · {text.plain(line.account_name or line.account_id, 14)}"
    yield words_at(_PROMISE, y + 2.7, promise, MUTED)


def _mark(x: float, y: float, verdict: str, size: float = 9.0) -> str:
    half = min(3.4, size / 2 - 0.5)
    colour = COLOURS["critical"]
    box = f'x="{x - half:.2f}" y="{y - half:.2f}" width="{2 * half:.2f}" height="{2 * half:.2f}"'
    if verdict == "missed":
        return f'<rect {box} fill="{colour}"/>'
    if verdict == "failed":
        arm = half * 0.62
        cross = f"M{x - arm:.2f} {y - arm:.2f}l{2 * arm:.2f} {2 * arm:.2f}M{x - arm:.2f} {y + arm:.2f}"
        cross += f"l{2 * arm:.2f} {-2 * arm:.2f}"
        return f'<rect {box} fill="{colour}"/><path d="{cross}" stroke="#fff" stroke-width="1.1" fill="none"/>'
    if verdict == "partial":
        wedge = f"M{x - half:.2f} {y - half:.2f}v{2 * half:.2f}h{2 * half:.2f}z"
        return f'<rect {box} fill="#fff" stroke="{colour}" stroke-width="0.7"/><path d="{wedge}" fill="{colour}"/>'
    if verdict == "late":
        return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{half * 0.8:.2f}" fill="#fff" stroke="{INK}" stroke-width="1"/>'
    if verdict == "pending":
        return f'<path d="M{x - half * 0.7:.2f} {y:.2f}h{half * 1.4:.2f}" stroke="{MUTED}" stroke-width="1"/>'
    if verdict == "met":
        return _dots([x], y, size)
    return words_at(x, y + 2.7, "?", INK, "middle")


def _dots(xs: Sequence[float], y: float, size: float) -> str:
    """What was met, which is most of it: all dots of a line as one path, for each shape of its own costs the layout."""
    width = 0.8 * min(3.4, size / 2 - 0.5)
    path = "".join(f"M{x:.2f} {y:.2f}h.01" for x in xs)
    return f'<path d="{path}" stroke="{MUTED}" stroke-width="{width:.2f}" stroke-linecap="round"/>' if path else ""


def _key(verdicts: Sequence[str], y: float) -> Iterator[str]:
    """The marks that occur, each with its name."""
    x = _LEFT
    for verdict in verdicts:
        yield _mark(x, y - 2.6, verdict)
        yield words_at(x + 7, y, VERDICTS[verdict], MUTED)
        x += 22 + 4.2 * len(VERDICTS[verdict])


def cover_chart(backups: Backups) -> str:
    """Volumes by account: one bar for each, as long as it has volumes, in parts by how they stand."""
    shown = [cover for cover in backups.accounts if cover.total][:_MOST_ACCOUNTS]
    most = max((cover.total for cover in shown), default=1)
    scale = (_WIDTH - _BAR_LEFT - 128) / most
    height = _BAR_ROW * len(shown) + 18
    body = [_BARE]
    for row, cover in enumerate(shown):
        body += _bar(cover, 3 + _BAR_ROW * row, scale)
    occurring = [name for name in STANDINGS if any(cover.volumes.get(name) for cover in shown)]
    x = _BAR_LEFT
    for name in occurring:
        body.append(_part(x, height - 10, 9, name))
        body.append(words_at(x + 12, height - 3.7, STANDINGS[name], MUTED))
        x += 24 + 4.1 * len(STANDINGS[name])
    return document(body, height, cover_title(backups))


def cover_title(backups: Backups) -> str:
    """What the chart of volumes shows, as a sentence."""
    total = backups.total
    kept = total.volumes.get("kept", 0)
    return f"{text.count(kept)} of {text.counted(total.total, 'volume')} are backed up as promised."


def _bar(cover: Cover, y: float, scale: float) -> Iterator[str]:
    yield words_at(0, y + 6.3, text.plain(cover.account_name or cover.account_id, 26))
    x = _BAR_LEFT
    for name in STANDINGS:
        width = cover.volumes.get(name, 0) * scale
        if width:
            yield _part(x, y, width, name)
            x += width
    parts = [(cover.volumes.get(name, 0), name) for name in STANDINGS]
    said = f"{text.count(cover.volumes.get('kept', 0))} of {text.count(cover.total)}"
    gaps = sum(number for number, name in parts if name == "broken")
    said += f", {text.count(gaps)} with gaps" if gaps else ""
    yield words_at(x + 4, y + 6.3, said)


def _part(x: float, y: float, width: float, name: str) -> str:
    edge = {"unclear": MUTED, "unpromised": COLOURS["high"]}.get(name)
    stroke = f' stroke="{edge}" stroke-width="0.5"' if edge else ""
    return f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="7" fill="{_FILLS[name]}"{stroke}/>'
