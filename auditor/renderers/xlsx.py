"""The workbook: openpyxl makes the book, its styles and tables; the rows are streamed into it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from auditor.errors import RenderError
from auditor.renderers import cells
from auditor.renderers.cells import Column, Kind, letters, rows_xml
from auditor.renderers.readme import readme_rows
from auditor.renderers.sheets import Sheet, sheets

if TYPE_CHECKING:
    import pandas as pd

    from auditor.inventory import Inventory
    from auditor.report import Report

_FORMATS: dict[Kind, str] = {
    "text": "General",
    "id": "@",
    "integer": "#,##0",
    "number": "#,##0.0",
    "money": "#,##0.00",
    "moment": "yyyy-mm-dd hh:mm",
    "day": "yyyy-mm-dd",
    "flag": '"TRUE";"TRUE";"FALSE"',
}

#: Words stand a little away from the number before them.
_WORDS: frozenset[Kind] = frozenset({"text", "id"})
_ASIDE: dict[str, Any] = {"horizontal": "left", "indent": 1}

#: Height of a line in points.
_LINE = 16

#: The oldest moment a zip can name; fixed, so that the same report gives the same bytes.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)

#: Much faster than the default and hardly larger.
_COMPRESSION = 2


@dataclass
class _Feed:
    """Hands out the rows of one table to the sheets it is split over."""

    frames: Iterator[pd.DataFrame]
    left: pd.DataFrame | None = None

    def take(self, rows: int) -> Iterator[pd.DataFrame]:
        while rows > 0:
            frame = self.left if self.left is not None else next(self.frames)
            now, later = frame.iloc[:rows], frame.iloc[rows:]
            self.left = later if len(later) else None
            rows -= len(now)
            yield now


@dataclass(frozen=True)
class Part:
    """One sheet of the book: a whole table, or as much of it as a sheet can hold."""

    title: str
    table: str
    columns: tuple[Column, ...]
    rows: int
    feed: _Feed
    printed: int


def write_xlsx(report: Report, inventory: Inventory, path: Path, templates: Path | None = None) -> None:  # noqa: ARG001
    """Write the report as a workbook.

    Args:
        report: What to tell.
        inventory: For the sheets of snapshots, images and volumes.
        path: Where to.
        templates: Not used; every renderer is called alike.

    Raises:
        RenderError: The file cannot be written.
    """
    parts = [part for sheet in sheets(report, inventory) for part in _split(sheet)]
    book, styles = _skeleton(report, parts)
    places = {part.title: (part.columns, part.rows) for part in parts}
    bodies: dict[str, Iterator[bytes]] = {
        f"xl/worksheets/sheet{number}.xml": _body(part, styles) for number, part in enumerate(parts, 2)
    }
    bodies["xl/worksheets/sheet1.xml"] = iter([readme_rows(report, places, styles)])
    try:
        with ZipFile(book) as skeleton, ZipFile(path, "w", ZIP_DEFLATED, compresslevel=_COMPRESSION) as target:
            for item in skeleton.infolist():
                _copy(target, item.filename, skeleton.read(item), bodies.get(item.filename), report)
    except OSError as error:
        raise RenderError(f"{path} cannot be written: {error.strerror}.") from error


def _split(sheet: Sheet) -> Iterator[Part]:
    room = cells.MOST_ROWS - 1
    feed = _Feed(sheet.chunks())
    for number, start in enumerate(range(0, max(sheet.rows, 1), room), 1):
        more = f" {number}" if number > 1 else ""
        rows = min(sheet.rows - start, room)
        yield Part(
            f"{sheet.title}{more}", f"{sheet.title}{more}".replace(" ", "_"), sheet.columns, rows, feed, sheet.printed
        )


def _body(part: Part, styles: dict[str, int]) -> Iterator[bytes]:
    row = 2
    for frame in part.feed.take(part.rows):
        yield rows_xml(frame, part.columns, styles, row)
        row += len(frame)


def _skeleton(report: Report, parts: list[Part]) -> tuple[io.BytesIO, dict[str, int]]:
    """The whole book with its headers, tables, styles and print settings, but without rows."""
    from openpyxl import Workbook

    book = Workbook()
    moment = report.as_of.replace(tzinfo=None)
    book.properties.created = moment
    book.properties.creator = f"auditor {report.tool_version}"
    book.properties.title = report.title
    first = book.worksheets[0]
    first.title = "Read me"
    styles = _styles(first)
    first.column_dimensions["A"].width, first.column_dimensions["B"].width = 32, 110
    first.sheet_view.showGridLines = False
    _printable(first, report)
    for part in parts:
        _table_sheet(book.create_sheet(part.title), part, report)
    content = io.BytesIO()
    book.save(content)
    return content, styles


def _styles(sheet: Any) -> dict[str, int]:
    """Registers every style the rows use, and says its number in the book."""
    from openpyxl.styles import Alignment, Font

    looks: dict[str, tuple[str, Any, Any]] = {
        kind: (shown, None, Alignment(vertical="top", **_ASIDE if kind in _WORDS else {}))
        for kind, shown in _FORMATS.items()
    }
    plain, wrapped = Alignment(vertical="top"), Alignment(vertical="top", wrap_text=True)
    looks["title"] = ("General", Font(name="Calibri", size=14, bold=True), plain)
    looks["label"] = ("General", Font(name="Calibri", size=11, bold=True), plain)
    left = Alignment(vertical="top", horizontal="left")
    looks["total"], looks["total money"] = (_FORMATS["integer"], None, left), (_FORMATS["money"], None, left)
    looks["wrapped"] = ("General", Font(name="Calibri", size=11), wrapped)
    styles: dict[str, int] = {}
    for number, (name, (shown, font, alignment)) in enumerate(looks.items(), 1):
        cell = sheet.cell(1, number)
        cell.number_format, cell.alignment = shown, alignment
        if font is not None:
            cell.font = font
        styles[name] = cell.style_id
    sheet.delete_rows(1)
    return styles


def _table_sheet(sheet: Any, part: Part, report: Report) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.worksheet.filters import AutoFilter
    from openpyxl.worksheet.table import Table, TableColumn, TableStyleInfo

    for number, column in enumerate(part.columns, 1):
        cell = sheet.cell(1, number, column.header)
        cell.font = Font(name="Calibri", size=11, bold=True)
        side = _ASIDE if column.kind in _WORDS else {"horizontal": "right"}
        cell.alignment = Alignment(vertical="top", wrap_text=True, **side)
        sheet.column_dimensions[letters(number)].width = column.width
    sheet.row_dimensions[1].height = _LINE * max(ceil(len(it.header) / (it.width - 3)) for it in part.columns)
    area = f"A1:{letters(len(part.columns))}{max(part.rows, 1) + 1}"
    table = Table(displayName=part.table, ref=area)
    # named here, or openpyxl would make every cell of the area to look for the names
    table.tableColumns = [TableColumn(id=number, name=it.header) for number, it in enumerate(part.columns, 1)]
    table.autoFilter = AutoFilter(ref=area)
    table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=False)
    sheet.add_table(table)
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    sheet.print_area = f"A1:{letters(part.printed)}{max(part.rows, 1) + 1}"
    _printable(sheet, report)


def _printable(sheet: Any, report: Report) -> None:
    from openpyxl.worksheet.page import PageMargins

    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4 if report.paper == "A4" else sheet.PAPERSIZE_LETTER
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.5, bottom=0.6, footer=0.3)
    sheet.oddFooter.left.text = report.classification.replace("&", "&&")
    sheet.oddFooter.center.text = "&A"
    sheet.oddFooter.right.text = "page &P of &N"


def _copy(target: ZipFile, name: str, content: bytes, rows: Iterator[bytes] | None, report: Report) -> None:
    """One part of the skeleton into the book, with its rows where it is a sheet."""
    info = ZipInfo(name, _ZIP_TIME)
    info.compress_type = ZIP_DEFLATED
    if name == "docProps/core.xml":
        stamp = report.as_of.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
        content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, content)
    if rows is None:
        target.writestr(info, content)
        return
    head, tail = _opened(content)
    with target.open(info, "w", force_zip64=True) as sheet:
        sheet.write(head)
        for piece in rows:
            sheet.write(piece)
        sheet.write(tail)


def _opened(sheet: bytes) -> tuple[bytes, bytes]:
    """A sheet's XML before and after the place where its rows go."""
    empty = re.search(rb"<sheetData\s*/>", sheet)
    if empty:
        return sheet[: empty.start()] + b"<sheetData>", b"</sheetData>" + sheet[empty.end() :]
    place = sheet.index(b"</sheetData>")
    return sheet[:place], sheet[place:]
