"""What the repository says of itself is what the code says."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_generated_reference_is_fresh():
    made = runpy.run_path(str(ROOT / "docs" / "build.py"))["fresh"]()
    stale = [path.name for path, text in made.items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run `make docs`"


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_links_in_the_readme_lead_somewhere(link):
    assert (ROOT / link).exists()


def test_the_readme_configuration_is_accepted():
    import tomllib

    from auditor.config import Config
    from auditor.rulebook import load_rules, settle

    example = re.search(r"```toml\n(.*?)```", README, re.DOTALL).group(1)
    config = Config.of(tomllib.loads(example))
    settle(load_rules(), config)


def test_the_readme_names_every_exit_code():
    from auditor import cli

    codes = {cli.OK, cli.FOUND, cli.WRONG, cli.INCOMPLETE, cli.INTERRUPTED}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)} == codes
