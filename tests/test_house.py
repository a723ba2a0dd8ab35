"""House rules that no linter knows: sizes, docstrings, words, and what must not stand in the project."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "lockcheck").rglob("*.py"))
NAMES = [path.relative_to(ROOT).as_posix() for path in MODULES]
FUNCTION_LINES, MODULE_LINES = 40, 400
TOP_LEVEL = {
    ".ci", ".editorconfig", ".gitattributes", ".github", ".gitignore", ".gitlab", ".pre-commit-hooks.yaml",
    "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "docs", "lockcheck", "pyproject.toml", "rules", "tests",
}  # fmt: skip
TEXTS = {".py", ".md", ".yaml", ".yml", ".toml", ".txt", ".json", ""}
# Written apart so that this file does not contain what it looks for.
MACHINE = re.compile(r"(?<![\w./*-])/(?:" + "|".join(("work", "root", "tmp", "home", "opt")) + r")/[\w.-]")
INDEXES = re.compile("(?:index" + r"-url|://[^\s\"']*/sim" + r"ple\b|files\.python" + "hosted)")
UNFINISHED = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImpl" + "ementedError")))


def project_files() -> list[Path]:
    """Every text file that belongs to the project (committed or about to be)."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        files = [ROOT / name for name in listed.stdout.splitlines()]
    else:  # an unpacked archive: everything but what a run leaves behind
        files = [path for path in ROOT.rglob("*") if not {".venv", "__pycache__"} & set(path.relative_to(ROOT).parts)]
    return sorted(path for path in files if path.is_file() and path.suffix in TEXTS)


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_module_says_what_it_is(path: Path) -> None:
    """Every module opens with a docstring."""
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_module_is_small(path: Path) -> None:
    """No module is over 400 lines and no function over 40."""
    text = path.read_text(encoding="utf-8")
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    long = {node.name: body_lines(node) for node in functions if body_lines(node) > FUNCTION_LINES}

    assert not long
    assert text.count("\n") <= MODULE_LINES


def test_every_test_states_its_claim() -> None:
    """Every test function has a docstring that says what it shows."""
    silent = [
        f"{path.name}:{node.lineno} {node.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]

    assert silent == []


def test_nothing_names_a_machine_or_an_index() -> None:
    """No file of the project names a path of the machine it was written on, nor a package index."""
    named = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in project_files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if MACHINE.search(line) or INDEXES.search(line)
    ]

    assert named == []


def test_nothing_is_left_unfinished() -> None:
    """No marks of unfinished work stand in the code."""
    marks = [
        f"{name}:{number}"
        for path, name in zip(MODULES, NAMES, strict=True)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if UNFINISHED.search(line)
    ]

    assert marks == []


def test_top_level_is_tidy() -> None:
    """Nothing stands at the top level but the usual project files, the package, rules, tests and docs."""
    assert {path.relative_to(ROOT).parts[0] for path in project_files()} <= TOP_LEVEL


def test_glossary_has_every_public_class() -> None:
    """Every public class of the model, the analysis and the findings has its entry in the glossary."""
    glossary = (ROOT / "docs/reference/glossary.md").read_text(encoding="utf-8")
    rooms = ("lockcheck/model/", "lockcheck/analysis/", "lockcheck/findings.py")
    classes = [
        node.name
        for path, name in zip(MODULES, NAMES, strict=True)
        if name.startswith(rooms)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]

    assert classes
    assert [name for name in classes if f"`{name}`" not in glossary] == []
    assert glossary.startswith("# Glossary\n"), "the hand-written part is gone"


def test_version_is_said_once() -> None:
    """The package, its metadata and the command agree about the version."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    printed = subprocess.run(
        [sys.executable, "-m", "lockcheck", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert declared in printed.stdout


def test_a_check_without_mistakes_starts_light() -> None:
    """Checking a model with the built-in rules loads neither networkx nor pydantic, which only explains mistakes."""
    code = (
        "import sys\nfrom lockcheck import check\n"
        "result = check(['linux/percpu'])\nassert result.exit_code == 0, result.problems\n"
        "sys.exit(' '.join(sorted({'networkx', 'pydantic'} & set(sys.modules))) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_help_starts_light() -> None:
    """``--help`` loads neither networkx nor pydantic nor yaml."""
    code = (
        "import sys\nsys.argv = ['lockcheck', '--help']\nfrom lockcheck.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "sys.exit(' '.join(sorted({'networkx', 'pydantic', 'yaml'} & set(sys.modules))) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr.strip()) == (0, "")
