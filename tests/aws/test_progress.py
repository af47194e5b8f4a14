"""What is shown: lines in logs now and then, nothing when quiet, a bar that draws."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from auditor.aws.progress import LINE_SECONDS, Display, Lines, Quiet, progress_for


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def work(shown: Quiet) -> None:
    shown.begin(2, 3)
    for _ in range(10):
        shown.called()
    shown.throttled()
    shown.collected("snapshots", "complete", 1234)
    shown.collected("images", "denied", 0)
    shown.done("111122223333", "eu-west-1")


LINE = "1/3 account-regions of 2 accounts · 1,234 snapshots · 10 calls (2/s) · 1 throttled · 1 gaps"


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Quiet(Clock()) as shown:
        work(shown)
        shown.say("something")
        assert shown.line == LINE
    assert capsys.readouterr() == ("", "")


def test_lines_come_every_few_seconds_at_most() -> None:
    clock, stream = Clock(), io.StringIO()
    with Lines(stream, clock) as shown:
        work(shown)
        assert not stream.getvalue()
        clock.now += LINE_SECONDS
        for _ in range(100):
            shown.collected("volumes", "complete", 1)
        assert stream.getvalue().count("\n") == 1
        shown.say("The credentials expired.")
    assert stream.getvalue().splitlines()[1:] == ["The credentials expired.", LINE]


def test_calls_per_second_forget() -> None:
    clock = Clock()
    shown = Quiet(clock)
    work(shown)
    clock.now += 60
    assert shown.calls_per_second == 0


def test_the_bar_draws_and_what_is_said_stays() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=140, color_system=None)
    with Display(console, Clock()) as shown:
        work(shown)
        shown.say("The credentials expired. [not markup]")
    assert LINE in stream.getvalue()
    assert "The credentials expired. [not markup]" in stream.getvalue()


def test_where_there_is_no_terminal_there_are_lines() -> None:
    assert type(progress_for(quiet=True)) is Quiet
    assert type(progress_for()) is Lines
