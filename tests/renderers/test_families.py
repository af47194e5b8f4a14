"""The page of image families and its sheet: one picture, and the same numbers everywhere."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import openpyxl
import pandas as pd
import pytest

from auditor.frames import FRAMES
from auditor.renderers.families_chart import families_chart
from auditor.renderers.json_ import write_json
from auditor.renderers.pdf import html
from auditor.renderers.xlsx import write_xlsx
from auditor.report.families import STANDINGS, Families, Family, Made

SVG = "{http://www.w3.org/2000/svg}"
NOW = datetime(2026, 3, 31, 6, tzinfo=UTC)


def family(name="app", days=(10, 20, 30, 40, 50), standings=tuple(STANDINGS), **more):
    made = tuple(Made(NOW - timedelta(days=age), standing) for age, standing in zip(days, standings, strict=True))
    counts = {standing: standings.count(standing) for standing in STANDINGS}
    line = Family(
        account_id="111122223333",
        region="eu-west-1",
        name=name,
        images=len(made),
        **counts,
        newest_image="ami-0123456789abcdef0",
        newest_at=made[0].at if made else None,
        made=made,
        where="1 instance",
        stored_high_bytes=5 * 2**30,
        low_usd=Decimal("0.10"),
        high_usd=Decimal("2.50"),
        spare_low_usd=Decimal("0.05"),
        spare_high_usd=Decimal("1.25"),
        account_name="web",
    )
    return replace(line, **more)


def table(*lines):
    rows = [
        {
            "account_id": line.account_id,
            "region": line.region,
            "family": line.name,
            **{name: getattr(line, name) for name in ("images", *STANDINGS)},
            "stored_low_bytes": 0,
            "stored_high_bytes": line.stored_high_bytes,
            "spare_low_usd": line.spare_low_usd,
            "spare_high_usd": line.spare_high_usd,
            "newest_at": line.newest_at,
        }
        for line in lines
    ]
    return FRAMES["image_families"].rows(rows)


def families(*lines, **more):
    names = ("images", *STANDINGS, "stored_high_bytes", "low_usd", "high_usd", "spare_low_usd", "spare_high_usd")
    sums = {name: sum((getattr(line, name) for line in lines), type(getattr(family(), name))(0)) for name in names}
    total = replace(family(days=(), standings=()), **sums)
    spared = sum(line.spare > 0 for line in lines)
    return Families(lines[:8], len(lines), spared, total, unpriced=0, keep=3, unread=0, table=table(*lines), **more)


def drawn(*lines):
    return ElementTree.fromstring(families_chart(families(*lines), NOW))  # noqa: S314 - our own drawing


def words(picture):
    return [element.text for element in picture.iter("span")]


def test_every_image_has_a_mark_whose_shape_says_what_it_is():
    picture = drawn(family())
    circles = [(circle.get("fill") == "#fff") for circle in picture.iter(f"{SVG}circle")]
    crosses = [path for path in picture.iter(f"{SVG}path") if path.get("d").count("M") == 2]
    squares = list(picture.iter(f"{SVG}rect"))
    marks = words(picture).count("?")
    # one in the picture and one in the key
    assert (circles.count(False), circles.count(True), len(crosses), len(squares), marks) == (2, 2, 2, 2, 2)
    assert set(STANDINGS.values()) <= set(words(picture))


def test_marks_that_do_not_occur_are_not_in_the_key():
    said = words(drawn(family(days=(1, 2), standings=("used", "kept"))))
    assert {"in use", "kept"} <= set(said)
    assert not {"spare", "disabled", "cannot be told"} & set(said)


def test_time_runs_to_the_right_and_what_is_very_old_stands_at_its_beginning():
    picture = drawn(family(days=(1, 300, 4000), standings=("used",) * 3))
    places = sorted(float(circle.get("cx")) for circle in picture.iter(f"{SVG}circle"))[1:]
    assert places[0] == 168
    assert places[0] < places[1] < places[2] < 382
    months = [said for said in words(picture) if re.fullmatch(r"[A-Z][a-z]{2}\u202f20\d\d", said)]
    assert months == ["Jul\u202f2024", "Jan\u202f2025", "Jul\u202f2025", "Jan\u202f2026"]


def test_families_are_named_with_their_place_and_cost():
    said = words(drawn(family()))
    assert {"app", "web · eu-west-1", "5 images, 1 spare", "$0.10–$2.50 a month"} <= set(said)


def test_hostile_names_stay_words():
    said = words(drawn(family("</svg><script>\u202e", account_name="<b>")))
    assert "</svg><script>⟨U+202E⟩" in said
    assert "<b> · eu-west-1" in said


@pytest.mark.parametrize("days", [(0,), (0.01,), (5,)])
def test_a_single_young_image_can_be_drawn(days):
    assert "1 image" in words(drawn(family(days=days, standings=("kept",))))


def page(report):
    return re.sub(r"\s+", " ", html(report, Path(str(files("auditor.report_templates")))))


def test_page_and_sheet_agree(report, world, tmp_path):
    lines = [family(f"app{number}") for number in range(10)]
    told = replace(families(*lines), unread=2)
    report = replace(report, families=told)
    said = page(report)
    assert (
        "Shown are 8 of 10 families, those with most to spare first; the rest is in the workbook, sheet Families."
        in said
    )
    assert (
        told.sentence == "50 images form 10 families: 10 in use, 10 kept, 10 spare at $0.50–$12.50 a month, "
        "10 disabled and 10 that cannot be told."
    )
    assert told.sentence in said
    assert "The 8 families with most to spare have 8 of the 10 spare images." in said
    assert "In 2 account-regions it could not be seen what uses images" in said
    write_xlsx(report, world.inventory, tmp_path / "report.xlsx")
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    rows = list(book["Families"].values)
    spare = [row[rows[0].index("Spare")] for row in rows[1:]]
    assert (len(spare), sum(spare)) == (told.families, told.total.spare)
    totals = {row[0]: row[1] for row in book["Read me"].values if row[0]}
    assert totals["Spare images"].startswith("=SUM('Families'!")
    data = openpyxl.load_workbook(tmp_path / "report.xlsx", data_only=True)["Read me"]
    values = {row[0]: row[1] for row in data.values if row[0]}
    assert values["Images in families"] == 50
    assert values["Spare images cost $ a month, high"] == 12.5


def test_machines_are_told_the_same(report, world, tmp_path):
    report = replace(report, families=families(family(), family("web", standings=("used",) * 5)))
    write_json(report, world.inventory, tmp_path / "findings.json")
    document = json.loads((tmp_path / "findings.json").read_text())
    schema = json.loads(files("auditor.report_templates").joinpath("findings.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)
    said = document["families"]
    assert (said["families"], said["images"], said["used"], said["spare"], said["keep"]) == (2, 10, 6, 1, 3)
    assert (said["spare_high_usd"], said["unread"]) == (2.5, 0)


def test_images_say_what_made_them_and_what_they_are(report, world, tmp_path):
    def details(account_id, region):
        ids = world.inventory.read("images", account_id, region)["image_id"]
        return pd.DataFrame(
            {"account_id": account_id, "region": region, "image_id": ids, "origin": "dlm", "standing": "unclear"}
        )

    report = replace(report, families=families(family(), details=details))
    write_xlsx(report, world.inventory, tmp_path / "report.xlsx")
    rows = list(openpyxl.load_workbook(tmp_path / "report.xlsx")["Images"].values)
    assert {row[rows[0].index("Origin")] for row in rows[1:]} == {"dlm"}
    assert {row[rows[0].index("In its family")] for row in rows[1:]} == {"cannot be told"}


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (None, "Image families were not looked at in this run."),
        (families(), "There are no images."),
        (replace(families(family()), asked=False), "What uses images was not looked for in this run"),
    ],
)
def test_what_has_nothing_to_say_is_one_line(report, told, line):
    section = page(replace(report, families=told)).split('id="families">')[1].split("</section>")[0]
    assert line in section
    assert "<table>" not in section
    assert "<svg" not in section
