"""Where lines of commands end, and what is set as an id."""

import pytest

from auditor.renderers.marks import command, identifier


@pytest.mark.parametrize(
    ("line", "width", "taken", "lines"),
    [
        ("aws ec2 x --region eu-west-1", 40, 0, ["aws ec2 x --region eu-west-1"]),
        ("aws ec2 x --region eu-west-1", 20, 0, ["aws ec2 x --region", "eu-west-1"]),
        ("aws ec2 x --region eu-west-1", 20, 10, ["aws ec2 x", "--region eu-west-1"]),
        ("aws x --name <vault name> --y", 18, 0, ["aws x --name", "<vault name> --y"]),
        ("--" + "x" * 30, 10, 0, ["--" + "x" * 30]),
    ],
)
def test_commands_break_between_words_only(line, width, taken, lines):
    assert command(line, width, taken).split("\n") == lines


def test_ids_are_marked_and_the_rest_is_escaped():
    marked = identifier("<b> of snap-0123456789abcdef0")
    assert marked == '&lt;b&gt; of <span class="id">snap-0123456789abcdef0</span>'
