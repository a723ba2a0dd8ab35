"""The command line: exit codes, streams, lazy imports, and what happens when something breaks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest

import lockcheck
from lockcheck.cli import run
from lockcheck.report.json_schema import json_schema

ROOT = Path(__file__).resolve().parents[3]
CASES = ROOT / "rules" / "ordering" / "circular-dependency"
BAD, GOOD = str(CASES / "bad.yaml"), str(CASES / "repaired.yaml")
Output = pytest.CaptureFixture[str]


def in_new_process(*arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
    """Run Python in a new process that finds this checkout."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment, check=False,
                          timeout=60, **more)  # type: ignore[call-overload, no-any-return]  # fmt: skip


def test_version_is_that_of_the_package(capsys: Output) -> None:
    """One version everywhere: command, module, project file."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"lockcheck {project['version']}\n"
    assert lockcheck.__version__ == project["version"]


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["--version"], ["rules", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    """Help is instant: networkx, pydantic and YAML are imported by the commands that need them."""
    code = (
        "import sys\nfrom lockcheck.cli import run\n"
        f"status = run({arguments!r})\n"
        "heavy = sorted({'networkx', 'pydantic', 'yaml'} & set(sys.modules))\n"
        "print(status, heavy)"
    )

    assert in_new_process("-c", code).stdout.splitlines()[-1] == "0 []"


def test_import_is_cheap() -> None:
    """`import lockcheck` imports no other module of the package; names come when they are used."""
    code = "import sys, lockcheck\nprint([name for name in sys.modules if name.startswith('lockcheck.')])"

    assert in_new_process("-c", code).stdout == "[]\n"
    assert all(getattr(lockcheck, name) for name in lockcheck.__all__)
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        _ = lockcheck.chekc  # type: ignore[attr-defined]


def test_findings_exit_1(capsys: Output) -> None:
    """A finding goes to the output stream, its first line can be grepped, and the exit code is 1."""
    assert run(["check", BAD]) == 1

    shown = capsys.readouterr()
    assert re.match(r"\S+bad\.yaml:\d+:\d+: error: circular dependency: ", shown.out.replace("\n    ", " "))
    assert shown.err == ""


def test_clean_exits_0(capsys: Output) -> None:
    """A clean run says what it checked."""
    assert run(["check", GOOD]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "checked 2 functions, 2 entries, 2 lock classes, 1 dependency, 2 contexts"
    )


def test_broken_model_exits_2(tmp_path: Path, capsys: Output) -> None:
    """A model that can't be read is no clean model: exit 2, the problem on the error stream."""
    model = tmp_path / "m.yaml"
    model.write_text("lockcheck: 1\ntitle: t\nfunctions: {f: {steps: [mutex_lok: A]}}\n", encoding="utf-8")

    assert run(["check", str(model)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "m.yaml:3:" in shown.err
    assert "did you mean 'mutex_lock'?" in shown.err


def test_nothing_to_check_exits_2(tmp_path: Path, capsys: Output) -> None:
    """A model in which nothing is ever called proves nothing."""
    model = tmp_path / "m.yaml"
    model.write_text("lockcheck: 1\ntitle: t\nlocks: {A: mutex}\nfunctions: {f: {steps: []}}\n", encoding="utf-8")

    assert run(["check", str(model)]) == 2
    assert "nothing was checked: no function has an entry" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chek"], "there is no command 'chek'; did you mean 'check'?"),
        (["check", "--formt", "json"], "--format"),
        (["check", "--config", "CONFIG_X=maybe", GOOD], "'CONFIG_X=maybe' is not NAME=y or NAME=n"),
        (["check", "--limit", "max_fils=3", GOOD], "unknown limit 'max_fils'; did you mean 'max_files'?"),
        (["check", "--limit", "max_files=many", GOOD], "'max_files=many' is not NAME=N"),
        (["check", "no-such-model"], "no such file or directory"),
        (["explain", "circular-dependancy"], "did you mean 'circular-dependency'?"),
        (["graph", "--around", "AA", GOOD], "no lock class 'AA' in these models"),
        (["graph", "--circle", "2", BAD], "there is no circle 2: these models have 1"),
        (["graph", "--circle", "1", "--around", "A", BAD], "exclude each other"),
        (["check", "--output", "no/such/folder/x", GOOD], "no/such/folder/x"),
    ],
)
def test_bad_usage_exits_2(arguments: list[str], message: str, capsys: Output) -> None:
    """Bad usage is exit 2 with what was wrong and the nearest name, never a traceback."""
    assert run(arguments) == 2

    shown = " ".join(capsys.readouterr().err.split())
    assert message in shown
    assert "Traceback" not in shown
    assert "internal error" not in shown


def test_fail_on_is_a_threshold(tmp_path: Path) -> None:
    """Findings below the threshold are shown and do not fail the run."""
    warned = str(ROOT / "rules" / "contract" / "declared-leaf" / "bad.yaml")

    assert run(["check", warned]) == 1
    assert run(["check", "--fail-on", "error", warned]) == 0


def test_expect_compares(capsys: Output) -> None:
    """--expect passes when the findings are those that the model names, and fails without any expectation."""
    assert run(["check", "--expect", BAD]) == 0
    assert "as expected: 1 error" in capsys.readouterr().out


def test_expect_needs_expectations(tmp_path: Path, capsys: Output) -> None:
    """With nothing to compare --expect can't succeed."""
    model = tmp_path / "m.yaml"
    model.write_text(Path(GOOD).read_text(encoding="utf-8").replace("expect: []\n", ""), encoding="utf-8")

    assert run(["check", "--expect", str(model)]) == 2
    assert "no model says what to expect" in capsys.readouterr().err


def test_json_goes_to_a_file(tmp_path: Path, capsys: Output) -> None:
    """--output writes the report to a file that validates, and nothing to the terminal."""
    target = tmp_path / "report.json"

    assert run(["check", "--format", "json", "-o", str(target), BAD]) == 1
    report = json.loads(target.read_text(encoding="utf-8"))
    jsonschema.validate(report, json_schema())
    assert report["exit_code"] == 1
    assert capsys.readouterr().out == ""


def test_json_holds_problems(tmp_path: Path, capsys: Output) -> None:
    """A program learns of problems from the JSON, which still validates."""
    (tmp_path / "m.yaml").write_text("lockcheck: 1\nlocks: {A: mutx}\n", encoding="utf-8")

    assert run(["check", "--format", "json", str(tmp_path / "m.yaml")]) == 2
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, json_schema())
    assert report["problems"][0]["line"] == 2


def test_lockdep_format(capsys: Output) -> None:
    """--format lockdep prints the kernel's report."""
    assert run(["check", "--format", "lockdep", BAD]) == 1
    assert "WARNING: possible circular locking dependency detected" in capsys.readouterr().out


def test_graph_draws(capsys: Output) -> None:
    """The graph has its dependencies, the circle in red."""
    assert run(["graph", BAD]) == 0
    assert '"A" -> "B" [label="EN' in capsys.readouterr().out
    assert run(["graph", "--format", "mermaid", "--circle", "1", BAD]) == 0
    assert capsys.readouterr().out.startswith("flowchart TD\n")


@pytest.mark.parametrize("what", ["model", "rule", "report"])
def test_schemas_are_schemas(what: str, capsys: Output) -> None:
    """Every published schema is a valid JSON Schema that names its dialect."""
    assert run(["schema", what]) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"]


def test_explain_tells_why(capsys: Output) -> None:
    """A rule's page says how the machine hangs and what to do, in 80 columns."""
    assert run(["explain", "circular-dependency"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("circular-dependency (error): ")
    assert any(line.startswith("What to do: ") for line in lines)
    assert max(map(len, lines)) <= 80


def test_models_are_listed(capsys: Output) -> None:
    """Shipped models and examples are listed by the names that `check` takes."""
    assert run(["models"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert "examples/abba" in names
    assert run(["check", "--expect", "examples/abba"]) == 0


def test_colour_only_when_asked(capsys: Output) -> None:
    """No escape sequence leaves for a file or a pipe unless it is forced."""
    run(["check", BAD])
    assert "\x1b" not in capsys.readouterr().out
    run(["check", "--color", "always", BAD])
    assert "\x1b[1;31merror:\x1b[0m" in capsys.readouterr().out


def test_closed_pipe_is_quiet() -> None:
    """A reader that goes away early is no reason for a traceback."""
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-m', 'lockcheck', 'schema', 'report'], stdout=subprocess.PIPE,"
        " stderr=subprocess.PIPE)\n"
        "child.stdout.close()\n"
        "print(child.wait(), child.stderr.read())"
    )

    assert in_new_process("-c", code).stdout == "141 b''\n"


def test_bug_says_how_to_report_it(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    """A bug of lockcheck's own is exit 2, with words instead of a traceback, and the traceback when asked for."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("lockcheck.api.check", broken)
    monkeypatch.delenv("LOCKCHECK_TRACEBACK", raising=False)
    assert run(["check", GOOD]) == 2
    shown = capsys.readouterr().err
    assert "internal error: RuntimeError: boom" in shown
    assert "Please report it" in shown
    assert "Traceback" not in shown
    monkeypatch.setenv("LOCKCHECK_TRACEBACK", "1")
    assert run(["check", GOOD]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_interrupt_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    """Ctrl-C ends the run without a traceback."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lockcheck.api.check", interrupted)
    assert run(["check", GOOD]) == 130
    assert "interrupted" in capsys.readouterr().err
