"""The sharing map as inline SVG: own accounts on the left, who is outside on the right, a line for every reach."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2

from auditor.renderers.charts import COLOURS, HAIRLINE, INK, MUTED, SHAPES, document, words_at
from auditor.report import text
from auditor.report.sharing import STANDINGS, Reach, Sharing

#: How bad a standing is, drawn in the colour and shape of a severity.
_LOOKS = {
    "public": "critical",
    "unknown": "high",
    "foreign": "high",
    "unexpected": "high",
    "closed": "medium",
    "trusted": "low",
    "marketplace": "low",
}
_MOST = 14
_LEFT, _RIGHT = 112.0, 268.0
_ROW = 25.0


def sharing_map(sharing: Sharing) -> str:
    """One picture of what is shared outside; a line is as wide as it carries, and dashed where nothing of it works."""
    grantees = _ordered([(line.grantee, line.standing) for line in sharing.outside])[:_MOST]
    lines = [line for line in sharing.outside if (line.grantee, line.standing) in grantees]
    accounts = _ordered([line.account_id for line in lines])[:_MOST]
    lines = [line for line in lines if line.account_id in accounts]
    rows = max(len(accounts), len(grantees))
    height = _ROW * rows + 4
    left = _places(accounts, rows)
    right = _places(grantees, rows)
    body = [_reach(line, left[line.account_id], right[line.grantee, line.standing]) for line in reversed(lines)]
    for account, y in left.items():
        name = next(line.account_name for line in lines if line.account_id == account)
        body.append(words_at(_LEFT - 6, y + 2.5, text.plain(name or account, 24), anchor="end"))
        body.append(_knot(_LEFT, y, INK))
    for key, y in right.items():
        mine = [line for line in lines if (line.grantee, line.standing) == key]
        body += _party(mine, y)
    return document(body, height, sharing.sentence)


def _ordered(keys: Sequence[object]) -> list[object]:
    """Each once, in the order of their first appearance."""
    return list(dict.fromkeys(keys))


def _places(keys: Sequence[object], rows: int) -> dict[object, float]:
    """Heights that spread the keys evenly over so many rows."""
    step = _ROW * rows / max(1, len(keys))
    return {key: 2 + step * (place + 0.5) for place, key in enumerate(keys)}


def _reach(line: Reach, y: float, to: float) -> str:
    width = 0.8 + 0.7 * log2(1 + line.things)
    dashes = ' stroke-dasharray="3 2.4"' if line.dead == line.things else ""
    middle = (_LEFT + _RIGHT) / 2
    path = f"M{_LEFT:.1f} {y:.2f}C{middle:.1f} {y:.2f} {middle:.1f} {to:.2f} {_RIGHT:.1f} {to:.2f}"
    colour = COLOURS[_LOOKS[line.standing]]
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:.2f}" stroke-opacity="0.72"{dashes}/>'


def _knot(x: float, y: float, fill: str) -> str:
    return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="2.2" fill="{fill}" stroke="{HAIRLINE}" stroke-width="0.4"/>'


def _party(lines: Sequence[Reach], y: float) -> list[str]:
    first = lines[0]
    look = _LOOKS[first.standing]
    images, snapshots = sum(line.images for line in lines), sum(line.snapshots for line in lines)
    parts = [text.counted(number, noun) for number, noun in ((images, "image"), (snapshots, "snapshot")) if number]
    dead, unclear = sum(line.dead for line in lines), sum(line.unclear for line in lines)
    standing = f", {STANDINGS[first.standing]}" if first.standing not in ("public", "marketplace") else ""
    notes = [f"{text.count(dead)} without effect"] if dead else []
    notes += [f"{text.count(unclear)} unclear"] if unclear else []
    words = f"{text.listed(parts)}{' · ' + ', '.join(notes) if notes else ''}"
    return [
        _knot(_RIGHT, y, COLOURS[look]),
        words_at(_RIGHT + 7, y - 0.5, f"{SHAPES[look]} {first.who}{standing}", COLOURS[look]),
        words_at(_RIGHT + 7, y + 8, words, MUTED),
    ]
