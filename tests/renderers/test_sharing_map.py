"""The sharing map: who outside can reach what, in one picture and one sentence."""

from xml.etree import ElementTree

import pytest

from auditor.renderers.sharing_map import sharing_map
from auditor.report.sharing import Reach, Sharing

SVG = "{http://www.w3.org/2000/svg}"
EVERYBODY = Reach("111122223333", "all", "public", 2, 1, 1, 0, "web")
STRANGER = Reach("444455556666", "999988887777", "unknown", 0, 3, 0, 3, "data")
DEAD = Reach("444455556666", "222233334444", "closed", 1, 0, 1, 0, "data", "acquired")


def drawn(*reaches):
    return ElementTree.fromstring(sharing_map(Sharing(reaches, 0, 0)))  # noqa: S314 - our own drawing


def words(picture):
    return [element.text for element in picture.iter("span")]


def test_every_reach_is_a_line_and_what_does_nothing_is_dashed():
    lines = [path for path in drawn(EVERYBODY, STRANGER, DEAD).iter(f"{SVG}path") if "C" in path.get("d")]
    assert len(lines) == 3
    assert sum(path.get("stroke-dasharray") is not None for path in lines) == 1


def test_parties_are_named_with_what_they_reach():
    said = words(drawn(EVERYBODY, STRANGER, DEAD))
    assert {"web", "data"} <= set(said)
    assert "◆ Everyone" in said
    assert "2 images and 1 snapshot · 1 without effect" in said
    assert {"▲ 999988887777, nobody we know", "3 snapshots · 3 unclear"} <= set(said)
    assert {"■ acquired, a closed member", "1 image · 1 without effect"} <= set(said)


def test_hostile_names_stay_words():
    hostile = Reach("111122223333", "999988887777", "trusted", 1, 0, 0, 0, "<script>", "</svg>\u202e")
    assert any("<script>" in said for said in words(drawn(hostile)))
    assert any("⟨U+202E⟩" in said for said in words(drawn(hostile)))


def test_a_large_map_stays_a_picture():
    many = [Reach(f"{number:012}", f"{number + 500:012}", "unknown", 1, 0, 0, 0) for number in range(200)]
    assert len(words(drawn(*many))) == 14 + 2 * 14


@pytest.mark.parametrize(
    ("sharing", "sentence"),
    [
        (Sharing((), 4, 0), "Nothing is shared outside the organisation."),
        (
            Sharing((), 0, 2),
            "Nothing is shared outside the organisation; in 2 account-regions it could not be seen.",
        ),
        (Sharing((STRANGER,), 0, 0), "3 snapshots are shared with 999988887777."),
        (
            Sharing((EVERYBODY, STRANGER, DEAD), 0, 0),
            "2 images and 1 snapshot (1 without effect today) are shared with everyone; 1 image and 3 snapshots "
            "(1 without effect today) are shared with 2 other parties outside.",
        ),
    ],
)
def test_the_sentence_says_what_the_picture_shows(sharing, sentence):
    assert sharing.sentence == sentence


def test_the_matrix_of_severities_is_told_in_words():
    graded = Sharing(
        (), 0, 0, severities={"public": ("critical", "critical", "medium"), "closed": ("medium", "low", "low")}
    )
    assert graded.matrix == (
        ("Everyone", "critical", "critical", "medium"),
        ("A closed member", "medium", "low", "low"),
    )
    assert Sharing((), 0, 0).matrix == ()
