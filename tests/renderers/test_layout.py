"""Laying out and printing: the bytes that pydyf would write, made once."""

import gc
import io
from datetime import UTC, datetime
from pathlib import Path

import pypdf
import pytest

from auditor.errors import RenderError
from auditor.renderers import layout
from auditor.renderers.layout import as_pdf, steady, typesetter

OURS = Path(__file__).parents[2] / "report_templates"
WORDS = "<!doctype html><html lang='en'><title>Words</title><h1 id='a'>Words</h1><p><a href='#a'>more</a> of them</p>"
MOMENT = datetime(2026, 3, 1, 6, tzinfo=UTC)


def made(*sources: str) -> bytes:
    with steady(MOMENT), typesetter([OURS]) as lay_out:
        first, *others = [lay_out(source) for source in sources]
        return as_pdf(first.copy([page for each in (first, *others) for page in each.pages]), bytes(range(16)))


def test_what_is_worked_out_once_is_what_would_be_written(monkeypatch):
    once = made(WORDS, WORDS.replace("more", "others"))
    monkeypatch.setattr(layout, "_worked_out", None)
    assert made(WORDS, WORDS.replace("more", "others")) == once


def test_documents_become_one_with_one_set_of_fonts_and_links_between_them():
    there = "<!doctype html><html lang='en'><title>There</title><h1 id='b'>There</h1>"
    reader = pypdf.PdfReader(io.BytesIO(made(WORDS.replace("#a", "#b"), there)))
    assert [page.extract_text().split()[0] for page in reader.pages] == ["Words", "There"]
    link = reader.pages[0]["/Annots"][0].get_object()
    assert reader.named_destinations[link["/Dest"]]["/Page"] == reader.pages[1]
    fonts = {font for page in reader.pages for font in page["/Resources"]["/Font"]}
    names = [reader.pages[0]["/Resources"]["/Font"][font]["/BaseFont"] for font in fonts]
    assert len(names) == len(set(names))


def test_rubbish_is_collected_as_before_and_the_clock_is_back(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    with steady(MOMENT):
        assert not gc.isenabled()
        assert layout.os.environ["SOURCE_DATE_EPOCH"] == str(int(MOMENT.timestamp()))
    assert gc.isenabled()
    assert layout.os.environ["SOURCE_DATE_EPOCH"] == "1"


def test_what_is_asked_for_elsewhere_is_refused():
    with pytest.raises(RenderError, match="may not load"):
        made("<!doctype html><html lang='en'><title>x</title><img alt='x' src='http://192.0.2.1/x.png'>")
