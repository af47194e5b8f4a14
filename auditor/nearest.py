"""The hint for a name that is not there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], noun: str) -> str:
    """``Did you mean …?`` where a known name is close, else all of them under the noun."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, 1)
    return f"Did you mean {close[0]!r}?" if close else f"{noun}: {', '.join(names) or 'none'}."
