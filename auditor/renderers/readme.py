"""The first sheet of the workbook: what the rest is, the five answers, and totals to check it by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import TYPE_CHECKING

from auditor.renderers.cells import Column, formula_cell, letters, text_cell
from auditor.report import text
from auditor.report.backups import BROKEN, VERDICTS

if TYPE_CHECKING:
    from auditor.report import Report

#: Title of a sheet to its columns and number of rows.
Places = Mapping[str, tuple[tuple[Column, ...], int]]

#: Height of a line in points, and how many characters fit in one.
_LINE, _CHARACTERS = 16, 125


def readme_rows(report: Report, places: Places, styles: Mapping[str, int]) -> bytes:
    """The rows of the sheet as XML."""
    title = f"{report.cover.organisation}: {report.title}, as of {text.minute(report.as_of)} UTC"
    rows = {1: text_cell("A1", styles["title"], title)}
    heights: dict[int, int] = {}
    number = 2
    for block in (_lines(report), _answers(report)):
        for label, said in block:
            number += 1
            label_cell = text_cell(f"A{number}", styles["label"], label)
            heights[number] = _LINE * ceil(len(said) / _CHARACTERS)
            rows[number] = label_cell + text_cell(f"B{number}", styles["wrapped"], said)
        number += 1
    number += 1
    said = "Formulas over the sheets; they agree with the PDF and findings.json."
    rows[number] = text_cell(f"A{number}", styles["label"], "Totals")
    rows[number] += text_cell(f"B{number}", styles["wrapped"], said)
    for label, formula, value, style in _totals(report, places):
        number += 1
        cell = formula_cell(f"B{number}", styles[style], formula, value)
        rows[number] = text_cell(f"A{number}", styles["text"], label) + cell
    return "".join(
        f'<row r="{place}" ht="{heights.get(place, _LINE)}" customHeight="1">{cells}</row>'
        for place, cells in rows.items()
    ).encode()


def _lines(report: Report) -> Iterator[tuple[str, str]]:
    yield (
        "What this is",
        f"Everything that the PDF of run {report.run_id} counts. The PDF shows the worst of it, this workbook all.",
    )
    yield "Rows and columns", "One row is one thing. Account ids are text, dates are dates, numbers are numbers."
    dated = f" at list prices of {report.spend.price_date}" if report.spend else ""
    yield (
        "Units",
        f"Times are UTC. Money is US dollars a month{dated}; low and high are bounds of the true cost. Savings add up "
        "on the sheet Savings, where every resource stands once.",
    )
    yield (
        "Verdicts",
        "found: the rule's condition holds. unknown: could not tell, never a pass. Where a rule could tell of nothing "
        "in an account and region, one row says so for all its resources. Waived findings stay in the list.",
    )
    yield "Empty cells", "AWS does not tell, or we could not see it. Empty never means zero or no."


def _answers(report: Report) -> Iterator[tuple[str, str]]:
    cover, sight = report.cover, report.sight
    looked = (
        f"{text.counted(cover.accounts, 'account')} × {text.counted(cover.regions, 'region')}, read from "
        f"{text.minute(cover.read_from)} until {text.minute(cover.read_until)} UTC"
    )
    yield "What was looked at", f"{looked} as role {cover.role}." if cover.role else f"{looked}."
    yield "How bad is it", " ".join([report.verdict, *([report.changes.sentence] if report.changes else [])])
    unknown = f" {text.counted(sight.unknown, 'verdict')} could not be told." if sight.unknown else ""
    yield "What could we not see", " ".join([sight.sentence, *sight.gaps]) + unknown
    yield "What does it cost", report.cost_sentence
    first = "; ".join(f"{number}) {action.fact}" for number, action in enumerate(report.actions, 1))
    yield "What to do first", f"{first}." if first else "Nothing: no finding is open and nothing was left unread."


def _totals(report: Report, places: Places) -> Iterator[tuple[str, str, float, str]]:
    """Label, formula, the value it has and its style."""
    findings = [title for title in places if title.split(" ")[0] == "Findings"]
    for line in report.severities:
        terms = [
            f'COUNTIFS({_range(title, "severity", places)},"{line.severity}",'
            f'{_range(title, "verdict", places)},"found",{_range(title, "waiver", places)},"")'
            for title in findings
        ]
        yield f"Open findings, {line.severity}", "+".join(terms), line.open, "total"
    for label, source, value in (
        ("Waived findings", "waived", sum(line.waived for line in report.severities)),
        ("Verdicts that could not be told", "unknown", report.sight.unknown),
        ("Verdicts in all", "evaluated", sum(line.counts["evaluated"] for line in report.rules)),
    ):
        yield label, f"SUM({_range('Rules', source, places)})", value, "total"
    if report.changes:
        gone = sum(report.changes.gone.values())
        terms = [f"COUNTA({_range(title, 'rule_id', places)})" for title in places if title.split(" ")[0] == "Gone"]
        yield "Findings that are gone", "+".join(terms), gone, "total"
    if report.backups and report.backups.due:
        terms = [
            f'COUNTIFS({_range(title, "verdict", places)},"{VERDICTS[verdict]}")'
            for title in places
            if title.split(" ")[0] == "Backups"
            for verdict in BROKEN
        ]
        broken = sum(report.backups.windows[verdict] for verdict in BROKEN)
        yield "Backups not made as promised", "+".join(terms), broken, "total"
    if report.families:
        whole = report.families.total
        yield "Images in families", f"SUM({_range('Families', 'images', places)})", whole.images, "total"
        yield "Spare images", f"SUM({_range('Families', 'spare', places)})", whole.spare, "total"
        for bound, source, usd in (
            ("low", "spare_low_usd", whole.spare_low_usd),
            ("high", "spare_high_usd", whole.spare_high_usd),
        ):
            formula = f"SUM({_range('Families', source, places)})"
            yield f"Spare images cost $ a month, {bound}", formula, float(usd), "total money"
    if report.spend:
        total = report.spend.total
        for bound, source, usd in (("low", "low_usd", total.low_usd), ("high", "high_usd", total.high_usd)):
            formula = f'SUMIFS({_range("Spend", source, places)},{_range("Spend", "by", places)},"account")'
            yield f"Snapshots cost $ a month, {bound}", formula, float(usd), "total money"
        for bound, usd in (("low", report.spend.saving_low_usd), ("high", report.spend.saving_high_usd)):
            formula = f"SUM({_range('Savings', f'saving_{bound}_usd', places)})"
            yield f"Savings, $ a month, {bound}", formula, float(usd), "total money"


def _range(title: str, source: str, places: Places) -> str:
    columns, rows = places[title]
    letter = letters([column.source for column in columns].index(source) + 1)
    return f"'{title}'!${letter}$2:${letter}${max(rows, 1) + 1}"
