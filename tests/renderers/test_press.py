"""The press: processes that got ready beforehand write the bytes that this one writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor import pipeline
from auditor.renderers import RENDERERS


def test_processes_that_got_ready_write_the_same_bytes(world, tmp_path: Path) -> None:
    report, paths = world.report(), [tmp_path / name for name in ("there.pdf", "here.pdf")]
    with pipeline.press(("pdf", "json")) as ready:
        ready.submit(RENDERERS["pdf"], report, world.inventory, paths[0], None).result()
    RENDERERS["pdf"](report, world.inventory, paths[1], None)
    there, here = (path.read_bytes() for path in paths)
    assert there == here


@pytest.mark.parametrize("formats", [("pdf",), ("json",)])
def test_one_output_starts_no_process(formats: tuple[str, ...]) -> None:
    with pipeline.press(formats) as ready:
        assert ready is None
