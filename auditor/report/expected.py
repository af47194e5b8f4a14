"""What must be shared with whom, and whether it is: one line for each ``[[sharing.expect]]`` of the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.report import text


@dataclass(frozen=True)
class Expected:
    """One ``[[sharing.expect]]``.

    Attributes:
        number: Its place in the configuration, from 1.
        what: What it selects, in words.
        must: Who must have it, as the configuration names them.
        may: Who else outside may have it; missing where that is not said.
        copyable: Whether those who must have an image must be able to copy it.
        selected: Images or snapshots that it selects.
        kept: Pairs of a resource and a party that must have it, and has.
        missing: Those where it has not.
        unclear: Those where that could not be told.
    """

    number: int
    what: str
    must: tuple[str, ...]
    may: tuple[str, ...] | None
    copyable: bool
    selected: int
    kept: int = 0
    missing: int = 0
    unclear: int = 0


def sentence(expected: Sequence[Expected]) -> str:
    """How what must be shared stands, in one sentence."""
    missing, unclear = sum(line.missing for line in expected), sum(line.unclear for line in expected)
    wanted = missing + unclear + sum(line.kept for line in expected)
    if not wanted:
        said = "nothing that was read must be shared with anybody"
    elif not missing and not unclear:
        said = "the one share that must be there is there"
        if wanted > 1:
            said = f"all {text.count(wanted)} shares that must be there are there"
    else:
        said = f"of {text.counted(wanted, 'share')} that must be there, {text.count(missing)} "
        said += "is missing" if missing == 1 else "are missing"
        said += f" and of {text.count(unclear)} it could not be told" if unclear else ""
    idle = [str(line.number) for line in expected if not line.selected]
    if idle:
        what = "entry" if len(idle) == 1 else "entries"
        said += f"; {what} {text.listed(idle)} of the configuration {'selects' if len(idle) == 1 else 'select'} nothing"
    return text.sentence(f"{said}.")
