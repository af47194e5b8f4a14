import zipfile
from datetime import datetime

import openpyxl
import pandas as pd
import pytest

from auditor.errors import RenderError
from auditor.renderers import cells
from auditor.renderers.cells import Column, letters, rows_xml
from auditor.renderers.xlsx import write_xlsx
from auditor.report import plain

SHEETS = [
    "Read me",
    "Findings",
    "Backups",
    "Sharing",
    "Families",
    "Spend",
    "Savings",
    "Snapshots",
    "Images",
    "Volumes",
    "Coverage",
    "Waivers",
    "Rules",
    "Manifest",
]


@pytest.fixture(scope="module")
def path(report, world, tmp_path_factory):
    path = tmp_path_factory.mktemp("xlsx") / "report.xlsx"
    write_xlsx(report, world.inventory, path)
    return path


@pytest.fixture(scope="module")
def book(path):
    return openpyxl.load_workbook(path)


def column(sheet, header):
    place = [cell.value for cell in sheet[1]].index(header) + 1
    return [sheet.cell(row, place) for row in range(2, sheet.max_row + 1)]


def test_every_sheet_is_a_table_with_a_frozen_header_that_prints(book):
    assert book.sheetnames == SHEETS
    for sheet in book.worksheets[1:]:
        (table,) = sheet.tables.values()
        headers = [cell.value for cell in sheet[1]]
        assert table.displayName == sheet.title
        assert [it.name for it in table.tableColumns] == headers
        assert len(set(headers)) == len(headers)
        assert table.ref == f"A1:{letters(len(headers))}{max(sheet.max_row, 2)}"
        assert table.autoFilter.ref == table.ref
        assert (sheet.freeze_panes, sheet.print_title_rows) == ("A2", "$1:$1")
        assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth) == ("landscape", 1)


@pytest.mark.parametrize(
    ("sheet", "last"), [("Findings", "Message"), ("Rules", "Controls"), ("Coverage", "Rows"), ("Manifest", "Value")]
)
def test_what_is_asked_for_first_goes_on_paper(book, sheet, last):
    area = book[sheet].print_area.replace("$", "").rpartition("!")[2]
    assert book[sheet][f"{area.partition(':')[2].rstrip('0123456789')}1"].value == last


def test_one_row_per_thing(book, report, world):
    assert book["Findings"].max_row - 1 == len(report.tables["findings"])
    assert book["Coverage"].max_row - 1 == len(report.tables["coverage"])
    assert book["Snapshots"].max_row - 1 == 600
    assert book["Images"].max_row - 1 == 60
    held = {(cell.value) for cell in column(book["Snapshots"], "Snapshot id")}
    assert held == set(world.inventory.read("snapshots")["snapshot_id"])


def test_what_is_gone_has_a_sheet_that_says_what_became_of_it(book, world, since, tmp_path):
    assert "Gone" not in book.sheetnames
    path = tmp_path / "changed.xlsx"
    write_xlsx(world.report(since), world.inventory, path)
    later = openpyxl.load_workbook(path)
    assert later.sheetnames[1:3] == ["Findings", "Gone"]
    assert [cell.value for cell in column(later["Gone"], "Finding id")] == ["gone-1", "gone-2"]
    assert [cell.value for cell in column(later["Gone"], "What became of it")] == [
        "resolved",
        "not judged now",
    ]
    said = {row[0].value: row[1].value for row in later["Read me"].iter_rows() if row[0].value}
    assert since.sentence in said["How bad is it"]
    kept = openpyxl.load_workbook(path, data_only=True)["Read me"]
    assert {row[0].value: row[1].value for row in kept.iter_rows()}["Findings that are gone"] == 2


def test_savings_count_every_resource_once_and_add_up_to_page_one(path, book, report):
    sheet = book["Savings"]
    ids = list(zip(*(column(sheet, name) for name in ("Account id", "Region", "Resource id")), strict=True))
    assert len({tuple(cell.value for cell in each) for each in ids}) == len(ids) == report.spend.saving_resources
    high = [cell.value for cell in column(sheet, "Saving $ a month, high")]
    assert high == sorted(high, reverse=True)
    assert sum(high) == pytest.approx(float(report.spend.saving_high_usd))
    kept = openpyxl.load_workbook(path, data_only=True)["Read me"]
    totals = {row[0].value: row[1].value for row in kept.iter_rows()}
    assert totals["Savings, $ a month, high"] == pytest.approx(sum(high))


def test_cells_are_typed(book, world):
    snapshots = book["Snapshots"]
    by_id = world.inventory.read("snapshots").set_index("snapshot_id")
    started = column(snapshots, "Started (UTC)")
    sizes = column(snapshots, "Full size GiB")
    encrypted = column(snapshots, "Encrypted")
    accounts = column(snapshots, "Account id")
    for row, cell in enumerate(column(snapshots, "Snapshot id")):
        truth = by_id.loc[cell.value]
        assert started[row].value == truth["started_at"].to_pydatetime().replace(tzinfo=None)
        assert accounts[row].value == truth["account_id"]
        assert accounts[row].data_type in ("s", "inlineStr")
        size = truth["full_size_bytes"]
        assert sizes[row].value == (None if size is pd.NA else round(size / 2**30, 3))
        assert encrypted[row].value == (None if truth["encrypted"] is pd.NA else bool(truth["encrypted"]))
    assert accounts[0].value == "000123456789"
    assert isinstance(column(book["Waivers"], "Until")[0].value, datetime)


def test_hostile_words_are_harmless(book, world):
    names = column(book["Snapshots"], "Name")
    assert all(cell.data_type != "f" for cell in names)
    given = set(world.inventory.read("snapshots")["name"])
    assert {cell.value for cell in names} == {plain(name) for name in given}
    assert any(cell.value.startswith("=HYPERLINK(") for cell in names)
    assert any("⟨U+202E⟩" in cell.value for cell in names)


def test_no_sheet_but_the_first_holds_a_formula(book):
    formulas = {sheet.title: sum(cell.data_type == "f" for row in sheet for cell in row) for sheet in book}
    assert formulas.pop("Read me") == 12
    assert set(formulas.values()) == {0}


def test_totals_are_formulas_whose_kept_values_agree_with_the_report(path, report):
    kept = openpyxl.load_workbook(path, data_only=True)["Read me"]
    values = {kept.cell(row, 1).value: kept.cell(row, 2).value for row in range(1, kept.max_row + 1)}
    for line in report.severities:
        assert values[f"Open findings, {line.severity}"] == line.open
    assert values["Waived findings"] == 4
    assert values["Verdicts that could not be told"] == 17
    assert values["Snapshots cost $ a month, high"] == pytest.approx(float(report.spend.total.high_usd), rel=1e-5)
    assert values["How bad is it"] == report.verdict
    assert values["What does it cost"] == report.cost_sentence


def test_totals_add_up_over_the_sheets(book, report):
    rows = zip(
        *(column(book["Findings"], header) for header in ("Severity", "Verdict", "Waiver")),
        strict=True,
    )
    open_ones = [severity.value for severity, verdict, waiver in rows if verdict.value == "found" and not waiver.value]
    for line in report.severities:
        assert open_ones.count(line.severity) == line.open
    spend = list(zip(*(column(book["Spend"], name) for name in ("By", "$ a month, high")), strict=True))
    for by in ("account", "region", "origin", "age"):
        total = sum(usd.value for key, usd in spend if key.value == by)
        assert total == pytest.approx(float(report.spend.total.high_usd), abs=1e-4)


def test_the_same_report_gives_the_same_bytes(report, world, path, tmp_path):
    write_xlsx(report, world.inventory, tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == path.read_bytes()
    with zipfile.ZipFile(path) as parts:
        assert {item.date_time for item in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = parts.read("docProps/core.xml").decode()
    assert core.count("2026-03-31T06:00:00Z") == 2


def test_tables_longer_than_a_sheet_go_on_in_the_next(report, world, tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "MOST_ROWS", 101)
    write_xlsx(report, world.inventory, tmp_path / "split.xlsx")
    book = openpyxl.load_workbook(tmp_path / "split.xlsx")
    parts = [sheet for sheet in book if sheet.title.startswith("Findings")]
    assert [sheet.title for sheet in parts] == ["Findings", "Findings 2", "Findings 3", "Findings 4"]
    assert [sheet.max_row - 1 for sheet in parts] == [100, 100, 100, 38]
    assert [list(sheet.tables) for sheet in parts] == [["Findings"], ["Findings_2"], ["Findings_3"], ["Findings_4"]]
    ids = [cell.value for sheet in parts for cell in column(sheet, "Finding id")]
    assert sorted(ids) == report.tables["findings"]["finding_id"].tolist()
    severities = [cell.value for sheet in parts for cell in column(sheet, "Severity")]
    assert (severities[0], severities[1], severities[2]) == ("critical", "critical", "high")
    readme = book["Read me"]
    total = next(row[1].value for row in readme.iter_rows() if row[0].value == "Open findings, low")
    assert total.count("COUNTIFS") == 4


def test_a_run_without_anything_still_makes_a_book(worlds, tmp_path):
    world = worlds(snapshots=0)
    world.spend = None
    world.evaluation.findings = world.evaluation.findings.iloc[:0]
    world.evaluation.tallies = world.evaluation.tallies.iloc[:0]
    write_xlsx(world.report(), world.inventory, tmp_path / "empty.xlsx")
    book = openpyxl.load_workbook(tmp_path / "empty.xlsx")
    assert book.sheetnames == SHEETS
    assert book["Findings"].tables["Findings"].ref == "A1:W2"


def test_a_path_that_cannot_be_written_is_said(report, world, tmp_path):
    with pytest.raises(RenderError, match="cannot be written"):
        write_xlsx(report, world.inventory, tmp_path / "nowhere" / "report.xlsx")


@pytest.mark.parametrize(
    ("given", "cell"),
    [
        ("<a>&", "&lt;a&gt;&amp;"),
        ("_x0041_", "_x005F_x0041_"),
        ("tab\tline\r\nend", "tab line end"),
        ("\x07", "⟨U+0007⟩"),
    ],
)
def test_text_is_escaped(given, cell):
    frame = pd.DataFrame({"name": [given]}, dtype="string[pyarrow]")
    xml = rows_xml(frame, [Column("Name", "name")], {"text": 3}, 2).decode()
    assert xml == f'<row r="2"><c r="A2" s="3" t="inlineStr"><is><t xml:space="preserve">{cell}</t></is></c></row>'


@pytest.mark.parametrize("letter", ["x", "🙂"])
def test_what_is_too_long_for_a_cell_is_cut_with_a_mark(letter):
    frame = pd.DataFrame({"name": [letter * 40_000]}, dtype="string[pyarrow]")
    xml = rows_xml(frame, [Column("Name", "name")], {"text": 0}, 2).decode()
    text = xml.split(">")[4].split("<")[0]
    assert text.endswith(cells.CUT)
    assert cells.MOST_CHARACTERS - 2 < len(text.encode("utf-16-le")) // 2 <= cells.MOST_CHARACTERS


def test_missing_cells_are_left_out():
    frame = pd.DataFrame({"size": pd.array([None, 7], dtype="Int64")})
    xml = rows_xml(frame, [Column("Size", "size", "integer")], {"integer": 1}, 2).decode()
    assert xml == '<row r="2"></row><row r="3"><c r="A3" s="1"><v>7</v></c></row>'


def test_columns_are_named_like_a_spreadsheets():
    assert [letters(number) for number in (1, 26, 27, 52, 703)] == ["A", "Z", "AA", "AZ", "AAA"]
