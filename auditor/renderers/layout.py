"""Lays out HTML as pages and writes them as PDF: offline, without a clock, the same bytes for the same words."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from auditor.errors import RenderError

if TYPE_CHECKING:
    from weasyprint import Document

#: The variable that reproducible builds take the time from.
_DATE = "SOURCE_DATE_EPOCH"

#: Accessible and tagged: PDF/UA-1 (ISO 14289-1).
_VARIANT = "pdf/ua-1"


@contextmanager
def typesetter(folders: Sequence[Path]) -> Iterator[Callable[[str], Document]]:
    """What lays out HTML as a document, with the same fonts each time.

    Args:
        folders: Where pictures and fonts may be loaded from and nothing else, the user's first, ours last.

    Raises:
        RenderError: The HTML asks for something that may not be loaded.
    """
    with warnings.catch_warnings():
        # a hint for packagers; without that library fonts are cut by fontTools, a little slower
        warnings.filterwarnings("ignore", "HarfBuzz-Subset", DeprecationWarning)
        from weasyprint import HTML
        from weasyprint.text.fonts import FontConfiguration
        from weasyprint.urls import FatalURLFetchingError

    fonts = FontConfiguration()
    base, fetcher = folders[-1].resolve().as_uri() + "/", _fetcher(folders)

    def lay_out(source: str) -> Document:
        document = HTML(string=source, base_url=base, url_fetcher=fetcher)
        return document.render(font_config=fonts, pdf_variant=_VARIANT)

    try:
        yield lay_out
    except FatalURLFetchingError as error:
        raise RenderError(
            f"The template asks for something it may not load: {error.__cause__ or error}.",
            "Keep fonts and pictures beside the template and name them without a folder.",
        ) from error


def as_pdf(document: Document, identifier: bytes) -> bytes:
    """A document as PDF.

    Args:
        document: Laid out by a :func:`typesetter`.
        identifier: 16 bytes that tell this file from others.
    """
    content = document.write_pdf(pdf_identifier=identifier, pdf_variant=_VARIANT, finisher=_worked_out)
    assert isinstance(content, bytes)  # noqa: S101 - without a target it returns the document
    return content


def _worked_out(_: Document, pdf: Any) -> None:
    """Work out once what each object of the PDF is written as.

    pydyf does it a second time for the identifier, the packing of every page included: a tenth of all the work.
    """
    from pydyf import Object

    class Written(Object):  # type: ignore[misc]
        def __init__(self, of: Object) -> None:
            super().__init__()
            self.number, self.generation, self.free = of.number, of.generation, of.free
            self._data, self._compressible = of.data, of.compressible

        @property
        def data(self) -> bytes:
            return bytes(self._data)

        @property
        def compressible(self) -> bool:
            return bool(self._compressible)

    pdf.objects = [held if held.free == "f" else Written(held) for held in pdf.objects]


@contextmanager
def steady(moment: datetime) -> Iterator[None]:
    """No clock and no collector of rubbish while laying out.

    fontTools dates the fonts it cuts, by the environment if that says when. Layout makes millions of small objects
    and leaves few behind: looking for rubbish would take a fifth of its time.

    Args:
        moment: The time that fonts are dated by.
    """
    collecting, dated = gc.isenabled(), os.environ.get(_DATE)
    gc.disable()
    os.environ[_DATE] = str(int(moment.timestamp()))
    try:
        yield
    finally:
        if collecting:
            gc.enable()
        if dated is None:
            del os.environ[_DATE]
        else:
            os.environ[_DATE] = dated


def _fetcher(folders: Sequence[Path]) -> Any:
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
