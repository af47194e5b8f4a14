"""Who may import whom, and what a rule file may use: written down, and checked."""

import ast
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RULE_FILES = sorted(Path(str(files("auditor.rules"))).glob("[a-z]*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PRODUCT = sorted((ROOT / "auditor").rglob("*.py"))

#: All that a rule file may import.
ALLOWED = {
    "__future__",
    "auditor.rule",
    "collections",
    "collections.abc",
    "datetime",
    "decimal",
    "functools",
    "itertools",
    "math",
    "numpy",
    "pandas",
    "re",
    "typing",
}

#: Ways to read files, the clock or chance, or to run text as code.
BARRED = {
    "__import__", "breakpoint", "compile", "eval", "exec", "globals", "input", "now", "open", "print", "query",
    "random", "read_csv", "read_parquet", "to_csv", "to_parquet", "today", "utcnow",
}  # fmt: skip


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return names


def test_import_contracts_are_kept():
    # In a process of its own: it configures logging anew, and so would silence the loggers of every later test.
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports; exit(lint_imports(no_cache=True))"]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.stem)
def test_a_rule_file_imports_little(path):
    assert imports(path) <= ALLOWED


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.stem)
def test_a_rule_file_reads_no_file_and_no_clock(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = {
        function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "") for function in called
    }
    assert not names & BARRED


@pytest.mark.parametrize("path", [*PRODUCT, *TESTS, *RULE_FILES], ids=lambda path: "/".join(path.parts[-3:]))
def test_nothing_imports_a_rule_by_name(path):
    assert not [name for name in imports(path) if name.split(".")[:2] == ["auditor", "rules"] or name == "rules"]
