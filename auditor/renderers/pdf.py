"""The PDF: templates filled in a sandbox, laid out offline, the same bytes for the same report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache, partial
from importlib.resources import as_file, files
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.errors import RenderError
from auditor.renderers import charts, marks
from auditor.renderers.calendar_chart import calendar_chart, cover_chart, cover_title
from auditor.renderers.families_chart import families_chart
from auditor.renderers.layout import as_pdf, steady, typesetter
from auditor.renderers.sharing_map import sharing_map
from auditor.report import Report, text

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment
    from weasyprint import Document

    from auditor.inventory import Inventory

TEMPLATE = "report.html.j2"

#: Lines of the summary that fit below the contents and on a page of their own, and how many a chart of accounts takes.
_BELOW_CONTENTS, _ON_A_PAGE, _OF_CHART = 40, 56, 5

#: How often the number of first pages may turn out to be another.
_TRIES = 4

#: What templates may call besides Jinja's own filters.
FILTERS = {
    "alone": marks.alone,
    "command": marks.command,
    "count": text.count,
    "counted": text.counted,
    "day": text.day,
    "gib": text.gib,
    "id": marks.identifier,
    "listed": text.listed,
    "minute": text.minute,
    "owner": marks.owner,
    "money": text.money,
    "money_range": text.money_range,
    "place": marks.place,
    "plain": text.plain,
    "resources": text.resources,
    "sentence": text.sentence,
    "size": text.size,
    "words": text.words,
}


@dataclass(frozen=True)
class Part:
    """A part of the report that is laid out by itself.

    The front says on which pages the rest is, and is laid out when that is known: page numbers that are looked up
    while laying out (``target-counter``) have the pages that show them laid out three times.

    Attributes:
        front: Whether it has the pages that come first.
        rest: Whether it has the pages that come after them.
        before: Empty pages that stand for those before it.
        total: How many pages all parts have, where these are not all of them.
        pages: On which page an anchor is, as far as that is known.
    """

    front: bool = True
    rest: bool = True
    before: int = 0
    total: int = 0
    pages: Mapping[str, int] = field(default_factory=dict)

    def page(self, anchor: str) -> int:
        """The page that an anchor is on; 0 where that is not known yet."""
        return self.pages.get(anchor, 0)


WHOLE = Part()


def write_pdf(report: Report, inventory: Inventory, path: Path, templates: Path | None = None) -> None:  # noqa: ARG001
    """Write the report as PDF.

    Args:
        report: What to tell.
        inventory: Not used; every renderer is called alike.
        path: Where to.
        templates: The user's own templates, which win over ours by file name.

    Raises:
        RenderError: A template is wrong, names a file outside the template folders, or the file cannot be written.
    """
    with (
        as_file(files("auditor.report_templates")) as ours,
        steady(report.as_of),
        typesetter([folder for folder in (templates, ours) if folder]) as lay_out,
    ):
        whole = _bound(report, partial(html, report, ours, templates), lay_out)
        content = as_pdf(whole, bytes.fromhex(report.manifest_sha256)[:16])
    try:
        path.write_bytes(content)
    except OSError as error:
        raise RenderError(f"{path} cannot be written: {error.strerror}.") from error


def _bound(report: Report, fill: Callable[[Part], str], lay_out: Callable[[str], Document]) -> Document:
    """The report laid out: the rest first, then the front, which says on which pages the rest is.

    How many pages the front takes is a guess at first; where it takes others, all is laid out once more.
    """
    before = _expected(report)
    for _ in range(_TRIES):
        source = fill(Part(front=False, before=before))
        rest = lay_out(source)
        pages: dict[str, int] = {}
        for number, page in enumerate(rest.pages, 1):
            pages = dict.fromkeys(page.anchors, number) | pages  # where a section begins, not where it goes on
        beginning = fill(Part(rest=False, total=len(rest.pages), pages=pages))
        if beginning == source:  # the user's own template, which knows no parts
            return rest
        front = lay_out(beginning)
        if len(front.pages) == before:
            return front.copy([*front.pages, *rest.pages[before:]])
        before = len(front.pages)
    raise RenderError(f"After {_TRIES} tries the first pages still take another number of pages each time.")


def _expected(report: Report) -> int:
    """How many pages the front probably takes: one, and those of the contents with the summary below."""
    affected = sum(1 for line in report.accounts if line.open)
    room = _BELOW_CONTENTS - (_OF_CHART + min(affected, 12) if affected > 1 else 0)
    lines = len(report.sections) + len({section.severity for section in report.sections}) + 4
    return 2 + ceil(max(lines - room, 0) / _ON_A_PAGE)


def html(report: Report, ours: Path, templates: Path | None = None, part: Part = WHOLE) -> str:
    """The report, or a part of it, as the HTML that the PDF is laid out from.

    Raises:
        RenderError: A template is missing, wrong, or names something that is not in the report.
    """
    from jinja2 import TemplateError
    from jinja2.exceptions import SecurityError

    try:
        return str(_environment(ours, templates).get_template(TEMPLATE).render(context(report), part=part))
    except (TemplateError, SecurityError) as error:
        where = f"{getattr(error, 'name', None) or TEMPLATE}"
        line = getattr(error, "lineno", None)
        raise RenderError(
            f"The template {where}{f', line {line},' if line else ''} cannot be filled: {error}.",
            "Its names are the fields of auditor.report.Report.",
        ) from error


@lru_cache(maxsize=4)
def _environment(ours: Path, templates: Path | None) -> SandboxedEnvironment:
    """What fills templates; kept, with the templates it has read, which it reads again where they changed."""
    from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment
    from markupsafe import Markup

    default = FileSystemLoader(ours)
    theirs = [FileSystemLoader(templates)] if templates else []
    environment = SandboxedEnvironment(
        loader=ChoiceLoader([*theirs, default, PrefixLoader({"default": default}, delimiter=":")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(
        shapes=charts.SHAPES,
        severity_title=charts.severity_title,
        severity_chart=lambda *given: Markup(charts.severity_chart(*given)),  # noqa: S704 - escapes what it is given
        calendar_chart=lambda *given: Markup(calendar_chart(*given)),  # noqa: S704 - escapes what it is given
        cover_chart=lambda *given: Markup(cover_chart(*given)),  # noqa: S704 - escapes what it is given
        cover_title=cover_title,
        families_chart=lambda *given: Markup(families_chart(*given)),  # noqa: S704 - escapes what it is given
        sharing_map=lambda *given: Markup(sharing_map(*given)),  # noqa: S704 - escapes what it is given
        spend_title=charts.spend_title,
        spend_chart=lambda *given: Markup(charts.spend_chart(*given)),  # noqa: S704 - escapes what it is given
    )
    return environment


def rehearse() -> None:
    """Read our templates and lay out a few words in our looks, so that the first report need not wait for that."""
    with as_file(files("auditor.report_templates")) as ours:
        environment = _environment(ours, None)
        for name in environment.list_templates(extensions=["j2"]):
            environment.get_template(name)
        words = '<p>Words <b>in bold</b> and <span class="id">ids</span></p><table><tr><td>0</td></tr></table>'
        looks = f"<style>{(ours / 'report.css').read_text(encoding='utf-8')}</style>"
        with typesetter([ours]) as lay_out:
            as_pdf(lay_out(looks + words), bytes(16))


def context(report: Report) -> dict[str, Any]:
    """What a template gets: exactly the fields of the report."""
    return {field.name: getattr(report, field.name) for field in fields(report)}
