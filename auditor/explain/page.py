"""A story as plain text of a given width: paragraphs, and small trees where one thing hangs on another."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

from auditor.explain.story import Act, Link, Story
from auditor.report import text

__all__ = ["as_text"]

#: Links of one kind that are shown; the rest is counted. JSON has them all.
_SHOWN = 8

#: A call in brackets stays in one piece.
_SEEN_BY = re.compile(r"\[[^\[\]]*\]$")
_HARD = "\u00a0"

_MARKS = {"blocks": "", "breaks": "Mind: ", "costs": "It costs: ", "note": "Note: "}


def as_text(story: Story, width: int = 100) -> str:
    """The story for people.

    Args:
        story: What to tell.
        width: Columns of the terminal; at least 40 are used.
    """
    width = max(width, 40)
    blocks = [_head(story, width)]
    needs = "What hangs on it" if story.resource_type == "volume" else "What needs it"
    nothing = "Nothing that was read."
    blocks.append(_section("Where it came from", [*_wrap(story.origin.said, width), *_tree(story.ancestry, width)]))
    blocks.append(_section("What it is", _facts(story.facts, width)))
    blocks.append(_section("What it maps", _tree(story.parts, width)))
    blocks.append(_section(needs, [*_tree(story.needed_by, width)] or [f"  {nothing}"]))
    blocks.append(_section("Who can see it", _lines(story.access, width)))
    blocks += [_act(act, width, story.summary) for act in story.acts]
    blocks.append(_section("What it costs", _lines(story.cost.said if story.cost else (), width)))
    blocks.append(_section("What the rules say", _findings(story, width)))
    dark = story.unseen or ("Nothing that matters here: every call that this rests on was answered.",)
    blocks.append(_section("What could not be seen", _lines(dark, width)))
    return "\n\n".join(block for block in blocks if block) + "\n"


def _head(story: Story, width: int) -> str:
    name = text.plain(story.name, 80)
    place = "an account that is not known"
    if story.account_id:
        place = f"{text.plain(story.account_name, 40)} ({story.account_id})" if story.account_name else story.account_id
    first = f"{story.resource_id} “{name}”" if name else story.resource_id
    region = f" {story.region}" if story.region else ""
    second = f"{text.sentence(story.resource_type)} of {place}{region}, as of {text.minute(story.as_of)} UTC"
    return "\n".join([first, second, "", *textwrap.wrap(text.plain(story.summary), width)])


def _section(title: str, lines: Iterable[str]) -> str:
    held = list(lines)
    return "\n".join([title, *held]) if held else ""


def _wrap(words: str, width: int, first: str = "  ", rest: str = "  ") -> list[str]:
    lines = textwrap.wrap(
        _SEEN_BY.sub(lambda call: call[0].replace(" ", _HARD), text.plain(words)),
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
    )
    return [line.replace(_HARD, " ") for line in lines]


def _lines(sentences: Iterable[str], width: int) -> list[str]:
    return [line for sentence in sentences for line in _wrap(sentence, width)]


def _facts(facts: tuple[tuple[str, str], ...], width: int) -> list[str]:
    label_width = max((len(label) for label, _ in facts), default=0)
    indent = " " * (label_width + 4)
    return [line for label, said in facts for line in _wrap(said, width, f"  {label:<{label_width}}  ", indent)]


def _tree(links: tuple[Link, ...], width: int, stem: str = "  ") -> Iterator[str]:
    """Links as branches; where there are many of a kind, the first of them and how many more."""
    shown: list[tuple[str, tuple[Link, ...]]] = []
    counts: dict[str, int] = {}
    for link in links:
        counts[link.kind] = counts.get(link.kind, 0) + 1
        if counts[link.kind] <= _SHOWN:
            shown.append((f"{link.said}  [{link.seen_by}]", link.beneath))
    more = sum(max(number - _SHOWN, 0) for number in counts.values())
    if more:
        shown.append((f"and {text.count(more)} more like these; --json has them all", ()))
    for place, (said, beneath) in enumerate(shown):
        last = place == len(shown) - 1
        branch, down = ("└ ", "  ") if last else ("├ ", "│ ")
        yield from _wrap(said, width, stem + branch, stem + down)
        yield from _tree(beneath, width, stem + down)


def _act(act: Act, width: int, told: str) -> str:
    """What comes before an act; its answer only where the head has not told it."""
    lines = [] if act.steps and told.startswith(act.answer) else _wrap(act.answer, width)
    number = 0
    for step in act.steps:
        number += step.weight == "blocks"
        mark = f"{number}. " if step.weight == "blocks" else "– "
        said = f"{_MARKS[step.weight]}{step.said}  [{step.seen_by}]"
        lines += _wrap(said, width, f"  {mark}", "     " if step.weight == "blocks" else "    ")
    return _section(f"To {act.act} it", lines)


def _findings(story: Story, width: int) -> list[str]:
    if story.findings is None:
        if story.presence == "mentioned":
            return []
        return ["  This run has not been judged yet: auditor report does that."]
    if not story.findings:
        return ["  Nothing found."]
    lines = []
    for finding in story.findings:
        grade = finding.severity if finding.verdict == "found" else "could not tell"
        waived = f" (waived: {finding.waiver})" if finding.waiver else ""
        lines += _wrap(f"{grade}: {finding.message}{waived}  [{finding.rule_id}]", width, "  ", "    ")
    return lines
