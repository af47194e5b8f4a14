"""Where a line may break and what is an identifier: marks around words that are escaped first."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_IDENTIFIER = re.compile(r"(ami|snap|vol|i|lt|eni|r|ou|o|policy)-[0-9a-z-]{6,}|arn:\S+|\d{12}")

#: Longer words may break anywhere: they would not fit on a line.
_LONGEST = 90


def command(line: str) -> Markup:
    """A command that breaks between words only, so that no option and no id is torn."""
    return Markup(" ").join(
        Markup("<span>{}</span>").format(word) if len(word) <= _LONGEST else escape(word) for word in line.split(" ")
    )


def identifier(value: str) -> Markup:
    """A value of the evidence; what is an id is set as one."""
    return Markup('<span class="id">{}</span>').format(value) if _IDENTIFIER.fullmatch(value) else escape(value)


def owner(name: str) -> Markup:
    """An owner that breaks before the @ of an address, if it has to."""
    return Markup("<wbr>@").join(name.split("@"))


def place(name: str) -> Markup:
    """An account and region whose region is not torn."""
    account, _, region = name.rpartition(" ")
    return Markup('{} <span class="nb">{}</span>').format(account, region) if account else escape(name)
