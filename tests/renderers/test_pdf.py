import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pypdf
import pytest
from jinja2 import Environment, meta, nodes

from auditor.errors import RenderError
from auditor.frames import FRAMES
from auditor.renderers import pdf
from auditor.renderers.charts import severity_chart, spend_chart
from auditor.renderers.pdf import context, html, write_pdf
from auditor.report import text
from auditor.report.expected import Expected
from auditor.report.sharing import Sharing

OURS = Path(__file__).parents[2] / "report_templates"


@pytest.fixture(scope="module")
def path(report, world, tmp_path_factory):
    path = tmp_path_factory.mktemp("pdf") / "report.pdf"
    write_pdf(report, world.inventory, path)
    return path


@pytest.fixture(scope="module")
def reader(path):
    return pypdf.PdfReader(path)


@pytest.fixture(scope="module")
def pages(reader):
    return [re.sub(r"\s+", " ", page.extract_text()) for page in reader.pages]


def test_page_one_answers_five_questions_in_order(pages, report):
    said = [
        "What was looked at",
        "How bad is it",
        "What could we not see",
        "What does it cost",
        "What to do first",
    ]
    places = [pages[0].index(words) for words in said]
    assert places == sorted(places)
    for words in (report.verdict, report.sight.sentence, "Owner: payments@acme.example (12)", "page 4"):
        assert words in pages[0]


def test_contents_are_linked_and_their_page_numbers_right(reader, pages, report):
    lines = reader.pages[1].extract_text().splitlines()
    for section in report.sections:
        row = next(line for line in lines if line.startswith(f"{section.title} "))
        assert section.headline in pages[int(row.split(" ")[-1]) - 1]
    start = lines.index("Contents")
    numbers = dict(zip(lines[start + 1 :], map(int, lines[:start]), strict=False))
    assert list(numbers) == [
        "Coverage",
        "Findings",
        "Backups",
        "Sharing map",
        "Image families",
        "Spend",
        "Waivers",
        "Method and appendix",
    ]
    for name, number in numbers.items():
        assert name in pages[number - 1]
    links = [note.get_object() for page in reader.pages[:2] for note in page.get("/Annots", [])]
    assert len([link for link in links if link["/Subtype"] == "/Link"]) >= len(report.sections) + 6


@pytest.mark.parametrize("guess", [1, 5])
def test_page_numbers_are_right_however_many_pages_the_front_was_thought_to_take(
    report, world, path, tmp_path, monkeypatch, guess
):
    monkeypatch.setattr(pdf, "_expected", lambda _: guess)
    write_pdf(report, world.inventory, tmp_path / "again.pdf")
    assert (tmp_path / "again.pdf").read_bytes() == path.read_bytes()


def test_the_sums_of_the_summary_agree_with_page_one(worlds):
    world = worlds()
    findings = world.evaluation.findings
    again = findings[findings["rule_id"] == "volume_never_backed_up"].head(5)
    again = again.assign(finding_id="again-" + again["finding_id"], discriminator="again")
    world.evaluation.findings = FRAMES["findings"].conform(pd.concat([findings, again], ignore_index=True))
    report = world.report()
    volumes = report.sections[1]
    assert (volumes.counts["found"], volumes.counts["open"]) == (41, 46)
    assert volumes.headline == "41 volumes have never been backed up"
    total = sum(line.open for line in report.severities)
    assert report.verdict.endswith(f"and {total - 2 - 46} lesser findings.")
    sums = html(report, OURS).partition('<tr class="sum">')[2].partition("</tr>")[0]
    judged = sum(line.counts["evaluated"] for line in report.rules)
    cells = [cell.replace("\u202f", "") for cell in re.findall(r"<td[^>]*>([^<]*)", sums)]
    assert cells == ["8 rules", str(judged), "17", str(total), "4", ""]


def test_what_changed_stands_on_page_one_and_adds_up_in_the_summary(world, since):
    page = html(world.report(since), OURS)
    assert since.sentence in page
    summary = page.partition("<h2>Summary</h2>")[2].partition("</section>")[0]
    rows = [re.findall(r"<td[^>]*>(?:<a[^>]*>)?([^<]*)", row) for row in re.findall(r"<tr>.*?</tr>", summary)]
    moved = {row[0]: tuple(row[-3:-1]) for row in rows if row and row[-3:-1] != ["0", "0"]}
    assert moved == {
        "Volume was never backed up": ("7", "0"),
        "Image is public": ("0", "1"),
        "Rules that did not run this time": ("0", "1"),
    }
    sums = re.findall(r"<td[^>]*>([^<]*)", summary.partition('<tr class="sum">')[2])
    assert sums[-3:-1] == ["7", "2"]


def test_what_can_be_saved_is_broken_down_by_what_was_found(report):
    table = html(report, OURS).partition("What acting on the findings saves</h3>")[2].partition("</table>")[0]
    rows = [re.findall(r"<td[^>]*>([^<]*)", row) for row in re.findall(r"<tr[^>]*>.*?</tr>", table)][1:]
    assert [row[:2] for row in rows] == [["Snapshot is orphaned", "132"], ["Total", "132"]]
    assert rows[0][2:] == rows[1][2:]
    assert rows[1][2:] == [
        text.money(bound, "") for bound in (report.spend.saving_low_usd, report.spend.saving_high_usd)
    ]


def test_rules_that_could_not_tell_of_anything_stand_together(worlds):
    world = worlds()
    name, why = "snapshot_failed", "Could not tell: snapshots were <refused>."
    row = world.evaluation.findings.iloc[[0]].assign(rule_id=name, verdict="unknown", message=why, severity="medium")
    world.evaluation.findings = FRAMES["findings"].conform(pd.concat([world.evaluation.findings, row]))
    tallies = world.evaluation.tallies
    world.evaluation.tallies = tallies.assign(unknown=tallies["unknown"].mask(tallies["rule_id"] == name, 2))
    source = html(world.report(), OURS)
    told = source.partition('id="untold">')[2].partition("</section>")[0]
    assert "1 rule could not tell of anything" in told
    assert "&nbsp;Snapshot failed (30): snapshots were &lt;refused&gt;." in told
    assert f'id="rule-{name}"' not in source


def test_bookmarks_lead_to_every_finding(reader, report):
    def titles(entries):
        for entry in entries:
            if isinstance(entry, list):
                yield from titles(entry)
            else:
                yield entry.title

    known = " | ".join(titles(reader.outline))
    assert [section.headline for section in report.sections if section.headline not in known] == []


def test_every_page_has_its_head_and_foot(pages):
    total = len(pages)
    for number, page in enumerate(pages, 1):
        assert f"page {number} of {total}" in page
        assert "Internal" in page
    assert all("run " in page for page in pages[1:])


def test_the_file_names_itself_and_is_tagged(reader, report):
    assert reader.metadata.title == "EBS snapshot and AMI audit: Acme & Söhne, as of 31\u202fMar\u202f2026"
    assert reader.metadata.creation_date == reader.metadata.modification_date == report.as_of
    catalogue = reader.trailer["/Root"]
    assert catalogue["/Lang"] == "en"
    assert catalogue["/MarkInfo"]["/Marked"]
    assert reader.trailer["/ID"][0] == bytes.fromhex(report.manifest_sha256)[:16]


def test_only_shipped_fonts_are_used_for_latin(worlds, tmp_path):
    world = worlds()
    findings = world.evaluation.findings
    world.evaluation.findings = findings.assign(resource_name="Latin", owner="Ñandú Łódź Việt")
    write_pdf(world.report(), world.inventory, tmp_path / "latin.pdf")
    fonts = {
        font.get_object()["/BaseFont"].split("+")[1]
        for page in pypdf.PdfReader(tmp_path / "latin.pdf").pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert fonts == {"Inter", "Inter-Semi-Bold", "JetBrains-Mono"}


def test_what_the_figures_show_is_said_in_words(reader):
    def alternatives(node):
        node = node.get_object()
        if "/Alt" in node:
            yield node["/Alt"]
        children = node.get("/K", [])
        for child in children if isinstance(children, list) else [children]:
            if isinstance(child.get_object(), pypdf.generic.DictionaryObject):
                yield from alternatives(child)

    said = list(alternatives(reader.trailer["/Root"]["/StructTreeRoot"]))
    assert said[0] == "Account acme-prod has 121 of the 317 open findings."
    assert [words.split(":")[0] for words in said[1:]] == [
        "Dearest are snapshots made by people, or unknown",
        "Dearest are snapshots aged over 2 years",
    ]


def test_foreign_words_act_nowhere(worlds):
    world = worlds()
    hostile = '</td><script>alert(1)</script>{{ 7 * 7 }}\u202e\x07<img src="http://192.0.2.1/x">'
    world.evaluation.findings = world.evaluation.findings.assign(
        resource_name=hostile, owner=hostile, message=hostile, evidence='{"a\\u202eb": "<b>\\u202e"}'
    )
    source = html(world.report(), OURS)
    assert "<script" not in source
    assert "<img" not in source
    assert "\u202e" not in source
    assert "\x07" not in source
    assert "49" not in re.findall(r"script&gt;(.{0,12})", source)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7 * 7 }}⟨U+202E⟩" in source


RUN = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from auditor.renderers import RENDERERS
from tests.renderers.world import make_world
world = make_world()
report = world.report()
for suffix, render in RENDERERS.items():
    render(report, world.inventory, Path({out!r}) / ("report." + suffix), None)
"""


def test_two_processes_write_the_same_bytes_and_nothing_else(tmp_path):
    for seed in ("1", "2"):
        out = tmp_path / seed
        out.mkdir()
        code = RUN.format(root=str(Path(__file__).parents[2]), out=str(out))
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == ""
        assert [line for line in done.stderr.splitlines() if "Fontconfig" not in line] == []
    for suffix in ("pdf", "xlsx", "json"):
        first, second = (tmp_path / seed / f"report.{suffix}" for seed in ("1", "2"))
        assert first.read_bytes() == second.read_bytes(), suffix


def test_a_complete_clean_run_is_short_and_every_empty_section_is_a_line(worlds, tmp_path):
    world = worlds(complete=True)
    world.spend = None
    world.evaluation.findings = world.evaluation.findings.iloc[:0]
    world.evaluation.tallies = world.evaluation.tallies.assign(found=0, waived=0, unknown=0).assign(
        evaluated=lambda rows: rows["passed"]
    )
    world.evaluation.waivers = world.evaluation.waivers.iloc[:0]
    write_pdf(world.report(), world.inventory, tmp_path / "clean.pdf")
    pages = [page.extract_text() for page in pypdf.PdfReader(tmp_path / "clean.pdf").pages]
    assert len(pages) <= 5
    text = " ".join(pages)
    for line in (
        "Nothing to report: all 8 rules passed.",
        "All 15 account-regions were read completely.",
        "There are no snapshots to cost.",
        "The policy names no exception.",
        "No rule found anything.",
    ):
        assert line in text


def test_letter_paper_and_classification_come_from_the_configuration(worlds, tmp_path):
    world = worlds(paper="Letter", classification='Secret "A" <b>')
    write_pdf(world.report(), world.inventory, tmp_path / "letter.pdf")
    page = pypdf.PdfReader(tmp_path / "letter.pdf").pages[0]
    assert (round(page.mediabox.width), round(page.mediabox.height)) == (612, 792)
    assert 'Secret "A" <b>' in page.extract_text()


def test_templates_get_exactly_the_fields_of_the_report(report):
    environment = Environment(autoescape=True)
    environment.filters.update(pdf.FILTERS)
    used = set()
    for template in OURS.glob("*.html.j2"):
        tree = environment.parse(template.read_text(encoding="utf-8"))
        set_here = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
        used |= meta.find_undeclared_variables(tree) - set_here
    functions = {
        "shapes",
        "calendar_chart",
        "cover_chart",
        "cover_title",
        "families_chart",
        "part",
        "severity_chart",
        "severity_title",
        "sharing_map",
        "spend_chart",
        "spend_title",
    }
    assert used - functions <= set(context(report))


def test_the_users_template_wins_and_can_extend_ours(report, tmp_path):
    (tmp_path / "report.html.j2").write_text(
        '{% extends "default:report.html.j2" %}{% block name %}Ours: {{ cover.organisation }}{% endblock %}'
    )
    (tmp_path / "waivers.html.j2").write_text("<p>Ask legal.</p>")
    source = html(report, OURS, tmp_path)
    assert "<title>Ours: Acme &amp; Söhne</title>" in source
    assert "<p>Ask legal.</p>" in source
    assert "What to do first" in source


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ nonsense }}", "'nonsense' is undefined"),
        ("{% if %}", "line 1"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
    ],
)
def test_a_wrong_template_is_said(report, tmp_path, template, said):
    (tmp_path / "report.html.j2").write_text(template)
    with pytest.raises(RenderError, match=re.escape(said)):
        html(report, OURS, tmp_path)


@pytest.mark.parametrize(
    "source",
    [
        "http://192.0.2.1/logo.png",
        "file:///etc/hostname",
        "../../../../etc/hostname",
        "missing.png",
        "ftp://192.0.2.1/x",
    ],
)
def test_nothing_is_loaded_from_outside_the_template_folders(report, world, tmp_path, source):
    (tmp_path / "report.html.j2").write_text(f'<p><img alt="logo" src="{source}"></p>')
    with pytest.raises(RenderError, match="may not load"):
        write_pdf(report, world.inventory, tmp_path / "out.pdf", tmp_path)


def test_the_users_own_picture_lies_beside_the_template(report, world, tmp_path):
    (tmp_path / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    (tmp_path / "report.html.j2").write_text('<title>x</title><p><img alt="logo" src="logo.svg"></p>')
    write_pdf(report, world.inventory, tmp_path / "out.pdf", tmp_path)
    assert len(pypdf.PdfReader(tmp_path / "out.pdf").pages) == 1


def test_a_path_that_cannot_be_written_is_said(report, world, tmp_path, monkeypatch):
    monkeypatch.setattr(pdf, "_bound", lambda *_: None)
    monkeypatch.setattr(pdf, "as_pdf", lambda *_: b"")
    with pytest.raises(RenderError, match="cannot be written"):
        write_pdf(report, world.inventory, tmp_path / "nowhere" / "report.pdf")


def test_charts_are_zero_based_and_on_one_scale(report):
    svg = severity_chart(report.accounts)
    bars = {(float(width), colour) for width, colour in re.findall(r'width="([\d.]+)" height="7" fill="(#\w+)"', svg)}
    per_finding = {round(width / number, 2) for width, number in ((max(bars)[0], 57),)}
    critical = next(width for width, colour in bars if colour == "#9b1c1c")
    assert round(critical, 1) == round(per_finding.pop(), 1)
    spend = spend_chart(report.spend.by_age, 'a "title" <b>')
    assert '<title>a "title" &lt;b&gt;</title>' in spend


def test_how_bad_a_share_is_stands_in_the_appendix(report):
    graded = {"public": ("critical", "critical", "medium"), "foreign": ("high", "medium", "low")}
    source = html(replace(report, sharing=Sharing((), 0, 0, severities=graded)), OURS)
    table = source.partition("How bad a share is")[2].partition("</table>")[0]
    rows = [re.findall(r"<td>(.*?)</td>", row) for row in re.findall("<tr>(<td>.*?)</tr>", table)]
    words = [[re.sub("<.*?>", "", cell).strip().lower() for cell in row] for row in rows]
    assert [row[0] for row in words] == ["everyone", "another organisation"]
    for row, (_, grades) in zip(words, graded.items(), strict=True):
        assert all(grade in cell for grade, cell in zip(grades, row[1:], strict=True))
    assert "How bad a share is" not in html(replace(report, sharing=None), OURS)


def test_what_must_be_shared_is_a_table_and_how_it_was_found_is_said(report):
    lines = (
        Expected(1, "images named <b>*", ("444455556666", "ou-a1-b2"), None, True, 3, kept=2, missing=1),
        Expected(2, "snapshots tagged dr", (), (), False, 0),
    )
    source = html(replace(report, sharing=Sharing((), 0, 0, expected=lines, notes=("Read <em>then</em>.",))), OURS)
    table = source.partition("What must be shared")[2].partition("</table>")[0]
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall("<tr>(<td>.*?)</tr>", table)]
    assert [[re.sub("<.*?>", " ", cell).strip() for cell in row] for row in rows] == [
        ["1", "images named &lt;b&gt;*", "444455556666   ou-a1-b2  able to copy it", "whoever is trusted", *"3210"],
        ["2", "snapshots tagged dr", "–", "nobody", *"0000"],
    ]
    assert "Of 3 shares that must be there, 1 is missing; entry 2 of the configuration selects nothing." in table
    assert "Read &lt;em&gt;then&lt;/em&gt;." in source
    assert "What must be shared" not in html(replace(report, sharing=Sharing((), 0, 0)), OURS)
