"""Where a line may break and what is an identifier: marks around words that are escaped first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.report.model import FindingRow, RuleSection

_IDENTIFIER = re.compile(r"\b((?:ami|snap|vol|i|lt|ou|o|policy)-[0-9a-z-]{8,30}|\d{12})\b")

#: Between words; what is to be filled in, e.g. <vault name>, is one of them.
_BETWEEN = re.compile(r" (?![^<>]*>)")

#: Letters of a command that fit beside each other in the column of a page.
_LINE = 100


def command(line: str, width: int = _LINE, taken: int = 0) -> str:
    """A command in lines that end between words only, so that no option and no id is torn.

    Lines are broken here rather than in the layout, where each word would have to be a box of its own. What is longer
    than a line is left to the layout, which breaks it anywhere.

    Args:
        line: The command.
        width: Letters that fit on a line.
        taken: Letters for which something else stands on the first line.
    """
    lines: list[str] = []
    for word in _BETWEEN.split(line):
        if lines and len(lines[-1]) + 1 + len(word) <= (width if len(lines) > 1 else width - taken):
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)


def alone(sections: Iterable[RuleSection]) -> FindingRow | None:
    """The first row of the findings if they are all of one account and region, which then need no columns."""
    rows = [row for section in sections for row in section.rows]
    return rows[0] if len({(row.account_id, row.region) for row in rows}) == 1 else None


def identifier(value: str) -> Markup:
    """Words of the evidence; ids among them are set as ids."""
    parts = _IDENTIFIER.split(value)
    marked = (
        Markup('<span class="id">{}</span>').format(part) if odd % 2 else escape(part) for odd, part in enumerate(parts)
    )
    return Markup("").join(marked)


def owner(name: str) -> str:
    """An owner that breaks before the @ of an address, if it has to: at a space without width, as ``<wbr>`` makes."""
    return name.replace("@", "\u200b@")


def place(name: str) -> Markup:
    """An account and region whose region is not torn."""
    account, _, region = name.rpartition(" ")
    return Markup('{} <span class="nb">{}</span>').format(account, region) if account else escape(name)
