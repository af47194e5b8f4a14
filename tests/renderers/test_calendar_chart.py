"""The calendar of backups and the chart of volumes, as pictures and sentences."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest

from auditor.renderers.calendar_chart import calendar_chart, cover_chart
from auditor.report.backups import VERDICTS, Backups, Cover, Line
from auditor.report.text import THIN

SVG = "{http://www.w3.org/2000/svg}"
SINCE, UNTIL = date(2026, 2, 1), date(2026, 3, 3)


def line(name="db", promise="gold: nightly", account_name="", **counts):
    verdicts = [verdict for verdict, number in counts.items() for _ in range(number)]
    days = {SINCE + timedelta(days=number): verdict for number, verdict in enumerate(verdicts)}
    return Line("111122223333", "eu-west-1", "vol-0a", name, promise, days, counts, account_name=account_name)


def told(*lines, volumes=None, broken=None):
    windows = {name: sum(each.counts.get(name, 0) for each in lines) for name in VERDICTS}
    broken = sum(bool(each.broken) for each in lines) if broken is None else broken
    covers = (Cover("111122223333", volumes),) if volumes else ()
    return Backups(lines, len(lines), broken, windows, covers, Cover("", volumes or {}), SINCE, UNTIL)


def picture(drawn):
    return ElementTree.fromstring(drawn)  # noqa: S314 - our own drawing


def words(drawn):
    return [element.text for element in drawn.iter("span")]


def shapes(drawn):
    """What is drawn, without colours, places and words: how it looks on a page without colours."""
    seen = Counter(
        (
            element.tag.removeprefix(SVG),
            element.get("fill") == "#fff",
            element.get("stroke") and element.get("stroke-linecap", "butt"),
        )
        for element in drawn.iter()
        if element.tag.removeprefix(SVG) in ("rect", "circle", "path")
    )
    return seen + Counter({"?": words(drawn).count("?")})


def test_every_day_has_its_mark():
    drawn = picture(calendar_chart(told(line(met=20, missed=3))))
    assert len(list(drawn.iter(f"{SVG}rect"))) == 3 + 1  # and one in the key
    dots = [path.get("d").count("M") for path in drawn.iter(f"{SVG}path") if path.get("stroke-linecap") == "round"]
    assert dots == [20, 1]
    assert {"db", "gold: nightly", "3 of 23", "missed", "in time"} <= set(words(drawn))


def test_whose_a_promise_is_stands_beside_it_where_there_are_several_accounts():
    one, other = line(missed=1, account_name="prod"), replace(line(missed=2), account_id="444455556666")
    said = words(picture(calendar_chart(told(one, other))))
    assert {"gold: nightly · prod", "gold: nightly · 444455556666"} <= set(said)
    assert words(picture(calendar_chart(told(one)))).count("gold: nightly") == 1


def test_what_was_kept_is_drawn_only_where_nothing_was_not():
    kept, broken = [line(f"kept-{number}", met=1) for number in range(9)], line("broken", failed=1)
    late, dark = line("late", late=1), line("dark", unknown=1)
    assert [each.name for each in told(broken, late, dark, *kept).drawn] == ["broken", "late", "dark"]
    assert [each.name for each in told(*kept).drawn] == [f"kept-{number}" for number in range(6)]


def test_verdicts_are_told_apart_without_colours():
    looks = {verdict: shapes(picture(calendar_chart(told(line(**{verdict: 1}))))) for verdict in VERDICTS}
    for one in VERDICTS:
        for other in VERDICTS:
            assert one == other or looks[one] != looks[other], (one, other)


def test_days_are_named_from_the_last_one_backwards():
    said = words(picture(calendar_chart(told(line(met=1)))))
    dates = [word.replace(THIN, " ") for word in said if "Feb" in word or "Mar" in word]
    assert dates == ["3 Mar", "24 Feb", "17 Feb", "10 Feb", "3 Feb"]


def test_hostile_names_stay_words():
    foreign = replace(line("<script>", "</svg>", "a & b", missed=1), account_id="444455556666")
    drawn = picture(calendar_chart(told(foreign, line(missed=1))))
    assert {"<script>", "</svg> · a & b"} <= set(words(drawn))
    assert not list(drawn.iter(f"{SVG}script"))


def test_volumes_by_account_and_how_they_stand():
    backups = told(volumes={"kept": 3, "broken": 1, "unpromised": 2, "unclear": 1, "exempt": 1})
    drawn = picture(cover_chart(backups))
    assert drawn.find(f".//{SVG}title").text == "3 of 8 volumes are backed up as promised."
    said = words(drawn)
    assert "3 of 8, 1 with gaps" in said
    assert {"as promised", "promised, with gaps", "promised nothing", "could not tell", "may be lost"} <= set(said)


@pytest.mark.parametrize(
    ("backups", "said"),
    [
        (told(), "Nothing here is promised a backup."),
        (told(volumes={"unpromised": 1}), "Nothing here is promised a backup; 1 of 1 volume is promised none."),
        (told(line(met=1)), "Of 1 backup that was due, none was missed or late."),
        (
            told(line(met=7, missed=2, failed=1, partial=1, late=3, unknown=4), volumes={"kept": 1, "unpromised": 2}),
            "Of 18 backups that were due, 2 missed, 1 failed, 1 made in part and 3 late; 4 could not be told; "
            "2 of 3 volumes are promised none.",
        ),
    ],
)
def test_one_sentence_says_it(backups, said):
    assert backups.sentence == said


def test_the_title_names_the_worst():
    assert told(line(met=3)).title == "Every promise was kept in 30 days."
    assert told(line(missed=2, met=1), line(met=3)).title == "1 promise of 2 had gaps; worst is db: 2 of 3."
    assert told(line("", missed=1)).title == "1 promise of 1 had gaps; worst is vol-0a: 1 of 1."
