"""Where a line may break and what is an identifier: marks around words that are escaped first."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_IDENTIFIER = re.compile(r"\b((?:ami|snap|vol|i|lt|ou|o|policy)-[0-9a-z-]{8,30}|\d{12})\b")

#: Longer words may break anywhere: they would not fit on a line.
_LONGEST = 90


def command(line: str) -> Markup:
    """A command that breaks between words only, so that no option and no id is torn."""
    return Markup(" ").join(
        Markup("<span>{}</span>").format(word) if len(word) <= _LONGEST else escape(word) for word in line.split(" ")
    )


def identifier(value: str) -> Markup:
    """Words of the evidence; ids among them are set as ids."""
    parts = _IDENTIFIER.split(value)
    marked = (
        Markup('<span class="id">{}</span>').format(part) if odd % 2 else escape(part) for odd, part in enumerate(parts)
    )
    return Markup("").join(marked)


def owner(name: str) -> Markup:
    """An owner that breaks before the @ of an address, if it has to."""
    return Markup("<wbr>@").join(name.split("@"))


def place(name: str) -> Markup:
    """An account and region whose region is not torn."""
    account, _, region = name.rpartition(" ")
    return Markup('{} <span class="nb">{}</span>').format(account, region) if account else escape(name)
