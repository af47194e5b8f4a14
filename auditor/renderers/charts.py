"""Charts as inline SVG with words laid over it: zero-based bars, direct labels, a sentence that says what to see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from xml.sax.saxutils import escape

from auditor.report import text
from auditor.report.model import AccountLine, SpendLine
from auditor.rule import SEVERITIES

#: A severity is a shape and a word as well as a colour.
SHAPES = {"critical": "◆", "high": "▲", "medium": "■", "low": "●", "info": "○", "gap": "□"}
COLOURS = {"critical": "#9b1c1c", "high": "#c2571a", "medium": "#8a6d00", "low": "#41719c", "info": "#6b7280"}

INK, MUTED, HAIRLINE, ACCENT = "#1b1d21", "#5c636d", "#d4d7dc", "#1f5f99"

_WIDTH = 493.0
_ROW = 15.0
_MOST_ROWS = 12

#: Room for a label, as the style sheet has it, and from its top to its base line: 7.5 pt Inter without leading.
_LABEL, _ASCENT = 300.0, 6.48


class Words(str):
    """Words in a drawing, as HTML that stands over it: SVG's are laid out letter by letter, without kerning."""

    __slots__ = ()


def document(body: Iterable[str], height: float, said: str) -> str:
    """A drawing as wide as the text, with its alternative text and its words."""
    parts = list(body)
    shapes = "".join(part for part in parts if not isinstance(part, Words))
    words = "".join(part for part in parts if isinstance(part, Words))
    return (
        f'<div class="chart"><svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH:g}pt" height="{height:g}pt" '
        f'viewBox="0 0 {_WIDTH:g} {height:g}" role="img"><title>{escape(said)}</title>'
        f'<g fill="{INK}">{shapes}</g></svg>{words}</div>'
    )


def words_at(x: float, y: float, words: str, fill: str = INK, anchor: str = "start") -> Words:
    """Words that begin, end or are centred at a place on their base line; escaped."""
    left = x - {"start": 0, "middle": 0.5, "end": 1}[anchor] * _LABEL
    place = f"left: {left:.2f}pt; top: {y - _ASCENT:.2f}pt; color: {fill}"
    return Words(f'<span class="{anchor}" style="{place}">{escape(words)}</span>')


def _bar(x: float, y: float, width: float, fill: str, opacity: float = 1) -> str:
    faint = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
    return f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="7" fill="{fill}"{faint}/>'


def _axis(x: float, top: float, bottom: float) -> str:
    return f'<path d="M{x:.2f} {top:.2f}V{bottom:.2f}" stroke="{HAIRLINE}" stroke-width="0.5"/>'


def severity_title(accounts: Sequence[AccountLine]) -> str:
    """What the chart of accounts shows, as a sentence."""
    total = sum(line.open for line in accounts)
    most = max(accounts, key=lambda line: (line.open, line.account_id))
    mine = f"Account {most.name or most.account_id} has {text.count(most.open)}"
    return f"{mine} of the {text.counted(total, 'open finding')}."


def severity_chart(accounts: Sequence[AccountLine]) -> str:
    """Open findings by account: one panel for each severity that occurs, all on the same scale."""
    shown = [line for line in accounts if line.open][:_MOST_ROWS]
    severities = [name for name in SEVERITIES if any(line.severities[name] for line in shown)]
    most = max(line.severities[name] for line in shown for name in severities)
    left, gap, label = 120.0, 14.0, 26.0
    panel = (_WIDTH - left - gap * len(severities)) / len(severities)
    scale = (panel - label) / most
    height = 18 + _ROW * len(shown)
    body: list[str] = []
    for column, name in enumerate(severities):
        x = left + column * (panel + gap)
        body.append(words_at(x, 9, f"{SHAPES[name]} {name}", COLOURS[name]))
        body.append(_axis(x, 15, height - 1))
        for row, line in enumerate(shown):
            y = 18 + _ROW * row
            number = line.severities[name]
            if number:
                body.append(_bar(x, y, number * scale, COLOURS[name]))
            fill = INK if number else MUTED
            body.append(words_at(x + number * scale + 3, y + 6.3, text.count(number) if number else "0", fill))
    for row, line in enumerate(shown):
        body.append(words_at(0, 18 + _ROW * row + 6.3, text.plain(line.name or line.account_id, 26)))
    return document(body, height, severity_title(accounts))


def spend_title(lines: Sequence[SpendLine], total: SpendLine, of: str) -> str:
    """What a chart of costs shows, as a sentence."""
    most = max(lines, key=lambda line: (line.high_usd, line.key))
    share = round(100 * most.high_usd / total.high_usd) if total.high_usd else 0
    cost = text.money_range(most.low_usd, most.high_usd)
    return f"{of} {most.name or most.key}: {cost} a month, up to {share} % of all."


def spend_chart(lines: Sequence[SpendLine], said: str) -> str:
    """Monthly cost by group as bounds: solid up to the low bound, faint up to the high one."""
    shown = lines[:_MOST_ROWS]
    most = max((line.high_usd for line in shown), default=Decimal(0)) or Decimal(1)
    left, right = 120.0, 150.0
    scale = (_WIDTH - left - right) / float(most)
    height = _ROW * len(shown) + 2
    body = [_axis(left, 0, height)]
    for row, line in enumerate(shown):
        y = 3 + _ROW * row
        low, high = float(line.low_usd) * scale, float(line.high_usd) * scale
        body.append(words_at(0, y + 6.3, text.plain(line.name or line.key, 26)))
        body.append(_bar(left, y, high, ACCENT, 0.28))
        body.append(_bar(left, y, low, ACCENT))
        label = f"{text.money_range(line.low_usd, line.high_usd)}, {text.counted(line.snapshots, 'snapshot')}"
        body.append(words_at(left + high + 4, y + 6.3, label))
    return document(body, height, said)
