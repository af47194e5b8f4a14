"""What is shipped: everything the product needs, under one top-level name, and nothing called ``rules``."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        return set(wheel.namelist())


def tracked(*folders):
    """What git keeps in some folders."""
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, check=True, capture_output=True, text=True)
    return listed.stdout.split()


def test_one_top_level_name(shipped):
    assert {name.split("/")[0] for name in shipped if ".dist-info/" not in name} == {"auditor"}


def test_every_file_of_the_product_is_inside(shipped):
    code = {name for name in tracked("auditor") if name.endswith((".py", ".csv", "py.typed"))}
    data = {f"auditor/{name}" for name in tracked("rules", "report_templates")}
    assert code | data <= shipped


def test_nothing_installed_is_called_rules():
    outcome = subprocess.run([sys.executable, "-c", "import rules"], cwd="/", capture_output=True, check=False)
    assert b"ModuleNotFoundError" in outcome.stderr
