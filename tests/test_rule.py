import pytest

from auditor.errors import RuleError
from auditor.rule import rule

WORDS = {
    "title": "T",
    "severity": "low",
    "subject": "snapshots",
    "headline": ("1 snapshot", "{count} snapshots"),
    "message": "{snapshot_id}",
    "remedy": "r",
    "breaks": "b",
    "controls": {},
}


def declare(function, **words):
    return rule(**(WORDS | words))(function)


def test_parameters_and_frames_come_from_the_signature():
    def old(snapshots, volumes, as_of, *, days=30):
        """Old ones cost money.

        Judged by age.
        """

    made = declare(old)
    assert (made.id, made.frames, made.parameters) == ("old", ("snapshots", "volumes"), {"days": 30})
    assert made.wants_as_of
    assert made.why == "Old ones cost money."
    assert made.how == "Judged by age."


def wordless(snapshots):
    return None


def stranger(snapshots, moon):
    """Doc."""


def subjectless(volumes):
    """Doc."""


def demanding(snapshots, *, days):
    """Doc."""


def positional(snapshots, days=3):
    """Doc."""


def fine(snapshots):
    """Doc."""


@pytest.mark.parametrize(
    ("function", "words", "said"),
    [
        (wordless, {}, "has no docstring"),
        (stranger, {}, "asks for 'moon', which is no frame"),
        (subjectless, {}, "does not ask for its subject"),
        (demanding, {}, "'days' has no default"),
        (positional, {}, "must be a plain frame name"),
        (fine, {"severity": "urgent"}, "has the severity 'urgent'"),
        (fine, {"subject": "snapshot"}, "judges the frame 'snapshot'"),
        (fine, {"subject": "snapshot_references"}, "has no key"),
    ],
)
def test_a_wrong_declaration_is_refused_with_a_sentence(function, words, said):
    with pytest.raises(RuleError) as error:
        declare(function, **words)
    assert said in str(error.value)
