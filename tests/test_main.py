"""The command as a process of its own: what it prints arrives whole, and its exit code holds."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["columns"], 0, "\nsnapshots "),
        (["nonsense"], 2, "No such command 'nonsense'"),
        (["report", "/"], 2, "/ is not"),
    ],
)
def test_output_and_exit_code(words: list[str], code: int, said: str) -> None:
    ended = subprocess.run([sys.executable, "-m", "auditor", *words], capture_output=True, text=True, check=False)
    assert ended.returncode == code
    assert said in ended.stdout + ended.stderr


def test_a_reader_that_leaves_early_is_no_error() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "auditor", "columns"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as it:
        assert it.stdout is not None
        assert it.stderr is not None
        it.stdout.close()
        said = it.stderr.read()
    assert b"Traceback" not in said
