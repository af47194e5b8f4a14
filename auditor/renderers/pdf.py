"""The PDF: templates filled in a sandbox, laid out offline, the same bytes for the same report."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from auditor.errors import RenderError
from auditor.renderers import charts, marks
from auditor.renderers.calendar_chart import calendar_chart, cover_chart, cover_title
from auditor.renderers.families_chart import families_chart
from auditor.renderers.sharing_map import sharing_map
from auditor.report import Report, text

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

    from auditor.inventory import Inventory

TEMPLATE = "report.html.j2"

#: The variable that reproducible builds take the time from.
_DATE = "SOURCE_DATE_EPOCH"

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
    with as_file(files("auditor.report_templates")) as ours:
        folders = [folder for folder in (templates, ours) if folder]
        content = _laid_out(html(report, ours, templates), folders, report)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise RenderError(f"{path} cannot be written: {error.strerror}.") from error


def html(report: Report, ours: Path, templates: Path | None = None) -> str:
    """The report as the HTML that the PDF is laid out from.

    Raises:
        RenderError: A template is missing, wrong, or names something that is not in the report.
    """
    from jinja2 import TemplateError
    from jinja2.exceptions import SecurityError

    try:
        return str(_environment(ours, templates).get_template(TEMPLATE).render(context(report)))
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
        _bytes(f"<style>{(ours / 'report.css').read_text(encoding='utf-8')}</style>{words}", [ours], bytes(16))


def context(report: Report) -> dict[str, Any]:
    """What a template gets: exactly the fields of the report."""
    return {field.name: getattr(report, field.name) for field in fields(report)}


def _laid_out(source: str, folders: list[Path], report: Report) -> bytes:
    with _steady(report):
        return _bytes(source, folders, bytes.fromhex(report.manifest_sha256)[:16])


def _bytes(source: str, folders: list[Path], identifier: bytes) -> bytes:
    with warnings.catch_warnings():
        # a hint for packagers; without that library fonts are cut by fontTools, a little slower
        warnings.filterwarnings("ignore", "HarfBuzz-Subset", DeprecationWarning)
        from weasyprint import HTML
        from weasyprint.urls import FatalURLFetchingError

    base = folders[-1].resolve().as_uri() + "/"
    try:
        document = HTML(string=source, base_url=base, url_fetcher=_fetcher(folders))
        content = document.write_pdf(pdf_identifier=identifier, pdf_variant="pdf/ua-1")
    except FatalURLFetchingError as error:
        raise RenderError(
            f"The template asks for something it may not load: {error.__cause__ or error}.",
            "Keep fonts and pictures beside the template and name them without a folder.",
        ) from error
    assert isinstance(content, bytes)  # noqa: S101 - without a target it returns the document
    return content


@contextmanager
def _steady(report: Report) -> Iterator[None]:
    """No clock and no collector of rubbish while laying out.

    fontTools dates the fonts it cuts, by the environment if that says when. Layout makes millions of small objects
    and leaves few behind: looking for rubbish would take a fifth of its time.
    """
    collecting, dated = gc.isenabled(), os.environ.get(_DATE)
    gc.disable()
    os.environ[_DATE] = str(int(report.as_of.timestamp()))
    try:
        yield
    finally:
        if collecting:
            gc.enable()
        if dated is None:
            del os.environ[_DATE]
        else:
            os.environ[_DATE] = dated


def _fetcher(folders: list[Path]) -> Any:
    """Loads files of the template folders and nothing else, the user's first."""
    from weasyprint.urls import URLFetcher

    roots = [folder.resolve() for folder in folders]

    class Fetcher(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
            parts = urlsplit(url)
            if parts.scheme == "file":
                url = _inside(Path(unquote(parts.path)), roots).as_uri()
            return super().fetch(url, headers)

    return Fetcher(allowed_protocols={"file", "data"}, fail_on_errors=True, allow_redirects=False)


def _inside(asked: Path, roots: list[Path]) -> Path:
    for root in roots:
        if asked.is_relative_to(roots[-1]):
            candidate = (root / asked.relative_to(roots[-1])).resolve()
            if candidate.is_relative_to(root) and candidate.is_file():
                return candidate
    raise ValueError(f"{asked} is not a file of the template folders")
