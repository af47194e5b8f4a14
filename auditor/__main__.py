"""``auditor`` and ``python -m auditor``: the command as a process of its own."""

from __future__ import annotations

import gc
import logging
import os
import sys
from contextlib import suppress
from typing import NoReturn

#: Containers made and not yet freed before they are searched for rubbish that holds itself. A page of AWS's answers
#: alone makes tens of thousands, which go by themselves: searching them took half the time of collecting.
RUBBISH = 200_000


def main() -> NoReturn:
    """Run the command, with what suits a process that does one thing and ends."""
    gc.set_threshold(RUBBISH, 20, 100)
    # numpy's linear algebra, which nobody here needs, would start threads that spin; who sets this knows better
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from auditor.cli import main as command

    try:
        command()
    except SystemExit as end:
        if isinstance(end.code, int | None):
            leave(end.code or 0)
        raise
    leave(0)


def leave(code: int) -> NoReturn:
    """End without taking the interpreter apart: a million objects freed one by one that nobody needs any more.

    All that has to be closed or waited for was, by whoever opened it; what is printed goes out first.

    Args:
        code: The exit code.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError):  # who was to read it has left
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
