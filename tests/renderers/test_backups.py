"""The page of backups and its sheet: the same numbers everywhere."""

import re
from dataclasses import replace
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from auditor.frames import FRAMES
from auditor.renderers.pdf import html
from auditor.renderers.xlsx import write_xlsx
from auditor.report.backups import VERDICTS, Backups, Cover, Line

SINCE, UNTIL = date(2026, 3, 1), date(2026, 3, 31)


def backups(lines, volumes, details=None):
    windows = {name: sum(line.counts.get(name, 0) for line in lines) for name in VERDICTS}
    broken = sum(bool(line.broken) for line in lines)
    covers = tuple(Cover(account, counts) for account, counts in volumes.items())
    total = Cover("", {"kept": sum(cover.volumes.get("kept", 0) for cover in covers)})
    return Backups(tuple(lines[:2]), len(lines), broken, windows, covers, total, SINCE, UNTIL, details)


def line(number, **counts):
    days = {SINCE + timedelta(days=day): "missed" for day in range(counts.get("missed", 0))}
    return Line("111122223333", "eu-west-1", f"vol-{number}", f"=name{number}", "gold: nightly", days, counts)


def page(report):
    source = re.sub(r"\s+", " ", html(report, Path(str(files("auditor.report_templates")))))
    return source.split('id="backups">')[1].split("</section>")[0]


def test_page_and_sheet_agree(report, world, tmp_path):
    lines = [line(0, missed=3, met=1), line(1, failed=1, partial=1), line(2, met=4)]
    place = world.inventory.partitions[0]

    def details(account_id, region):
        rows = [
            {
                "resource_id": each.resource_id,
                "resource_type": "volume",
                "verdict": verdict,
                "scheduled_at": report.as_of,
            }
            for each in lines
            for verdict, number in each.counts.items()
            for _ in range(number)
            if (account_id, region) == place
        ]
        told = FRAMES["backup_windows"].rows(rows).assign(account_id=account_id, region=region)
        return told.assign(
            promise_name="gold: nightly", mechanism="dlm", schedule="rate(1 day)", name=pd.Series("=name", told.index)
        )

    told = backups(lines, {"111122223333": {"kept": 1}}, details)
    report = replace(report, backups=told)
    said = page(report)
    assert told.sentence == "Of 10 backups that were due, 3 missed, 1 failed and 1 made in part."
    assert told.sentence in said
    assert (
        "2 of 3 promises, those kept worst first; every backup that was due is in the workbook, sheet Backups" in said
    )
    assert "2 promises of 3 had gaps" in said
    write_xlsx(report, world.inventory, tmp_path / "report.xlsx")
    rows = list(openpyxl.load_workbook(tmp_path / "report.xlsx")["Backups"].values)
    became = [row[rows[0].index("What became of it")] for row in rows[1:]]
    assert sorted(became) == ["failed", "in part", *["in time"] * 5, *["missed"] * 3]
    assert {row[rows[0].index("Name")] for row in rows[1:]} == {"=name"}
    data = openpyxl.load_workbook(tmp_path / "report.xlsx", data_only=True)["Read me"]
    values = {row[0]: row[1] for row in data.values if row[0]}
    assert values["Backups not made as promised"] == 5


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (None, "Whether backups are made as promised was not looked at in this run."),
        (backups([], {}), "Nothing here is promised a backup."),
    ],
)
def test_what_has_nothing_to_say_is_one_line(report, told, said):
    section = page(replace(report, backups=told))
    assert said in section
    assert "<svg" not in section
