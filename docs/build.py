"""``make docs``: the reference that lives in the repository, made from the code; ``--check`` says what is stale."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import click
import pypdfium2
from PIL import Image

from auditor.cli import main as command
from auditor.demo import run_demo
from auditor.reference import rule_table
from auditor.rulebook import load_rules

ROOT = Path(__file__).parent.parent


def fresh() -> dict[Path, str]:
    """Every generated text by path, as it should stand."""
    readme = ROOT / "README.md"
    return {
        ROOT / "rules" / "README.md": rule_table(load_rules()),
        readme: _with_help(readme.read_text(encoding="utf-8")),
    }


def _with_help(text: str) -> str:
    """The README with the real ``--help`` between its markers."""
    context = click.Context(command, info_name="auditor", terminal_width=100, **command.context_settings)
    shown = f"<!-- help -->\n```text\n{command.get_help(context)}\n```\n<!-- /help -->"
    return re.sub(r"<!-- help -->.*?<!-- /help -->", lambda _: shown, text, flags=re.DOTALL)


def picture() -> None:
    """The first page of the demo's report."""
    with tempfile.TemporaryDirectory() as folder:
        run_demo(Path(folder) / "run", seed=7, accounts=5, regions=3, quiet=True, say=click.echo)
        page = pypdfium2.PdfDocument(Path(folder) / "run" / "report.pdf")[0]
        drawn = page.render(scale=1.25).to_pil()
        # few words have a colour: the usual choice of colours would leave them grey
        few = drawn.quantize(64, method=Image.Quantize.MAXCOVERAGE)
        few.save(ROOT / "docs" / "first-page.png", optimize=True)


def main() -> None:
    """Write what is stale, or with ``--check`` only name it and fail; the picture is always made again."""
    stale = [path for path, text in fresh().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if "--check" not in sys.argv:
            path.write_text(fresh()[path], encoding="utf-8")
        click.echo(f"{path.relative_to(ROOT)} {'is stale' if '--check' in sys.argv else 'written'}")
    if "--check" not in sys.argv:
        picture()
    elif stale:
        sys.exit(1)


if __name__ == "__main__":
    main()
