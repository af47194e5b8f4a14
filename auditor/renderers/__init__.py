"""One output format a file; a suffix names the function that writes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from auditor.inventory import Inventory
from auditor.renderers.json_ import write_json
from auditor.renderers.pdf import write_pdf
from auditor.renderers.xlsx import write_xlsx
from auditor.report import Report

__all__ = ["RENDERERS", "Renderer"]

#: Writes one report to a path; the folder holds the user's own templates, which win over ours by file name.
Renderer = Callable[[Report, Inventory, Path, Path | None], None]


RENDERERS: dict[str, Renderer] = {"pdf": write_pdf, "xlsx": write_xlsx, "json": write_json}
