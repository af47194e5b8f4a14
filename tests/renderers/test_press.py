"""The press: processes that got ready beforehand write the bytes that this one writes."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from auditor import pipeline
from auditor.press import printed
from auditor.renderers import RENDERERS


def test_processes_that_got_ready_write_the_same_bytes(world, tmp_path: Path) -> None:
    report, paths = world.report(), [tmp_path / name for name in ("there.pdf", "here.pdf")]
    with pipeline.press(("pdf", "json")) as ready:
        ready.submit(RENDERERS["pdf"], report, world.inventory, paths[0], None).result()
    RENDERERS["pdf"](report, world.inventory, paths[1], None)
    there, here = (path.read_bytes() for path in paths)
    assert there == here


def test_nothing_is_searched_for_rubbish_once_printing_began() -> None:
    with pipeline.press(("pdf", "json")) as ready:
        assert {ready.submit(gc.isenabled).result() for _ in range(4)} == {True}
        assert {ready.submit(printed, gc.collect).result() for _ in range(8)} == {None}
        assert False in {ready.submit(gc.isenabled).result() for _ in range(8)}
    assert gc.isenabled()


@pytest.mark.parametrize("formats", [("pdf",), ("json",)])
def test_one_output_starts_no_process(formats: tuple[str, ...]) -> None:
    with pipeline.press(formats) as ready:
        assert ready is None


def test_the_keyboard_is_for_this_process_alone() -> None:
    # In a process of its own, whose forkserver nobody has started yet.
    script = """
import signal
from auditor.press import press
with press(("pdf", "json")) as ready:
    held = ready.submit(signal.pthread_sigmask, signal.SIG_BLOCK, ()).result()
print(signal.SIGINT in held, signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True", "False"]
