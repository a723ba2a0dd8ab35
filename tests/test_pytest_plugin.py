"""`pytest --lockcheck PATH`: one test per case, the command line's words, and no cost when nobody asks."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from lockcheck.bench.scaffold import scaffold

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parent.parent
PLUGIN = "lockcheck.pytest_plugin"
MODEL = """\
lockcheck: 1
expect:
  - {{finding: {rule}, locks: [A]}}
locks: {{A: mutex}}
functions:
  f: {{entry: task, steps: [mutex_lock: A]}}
"""


def run(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    """pytest in a fresh interpreter that sees this checkout and loads no other plugin: what one user's run is."""
    code = (
        f"import os, sys; sys.path.insert(0, {str(ROOT)!r}); os.environ['PYTEST_DISABLE_PLUGIN_AUTOLOAD'] = '1'\n"
        "import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    )
    return pytester.run(sys.executable, "-c", code, "-p", PLUGIN, *words, timeout=60)


def rule_folder(path: Path) -> Path:
    """A rule with its three cases."""
    folder = path / "rules" / "mine" / "my-rule"
    folder.mkdir(parents=True)
    for name, text in scaffold("my-rule").items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_each_case_is_a_test(pytester: pytest.Pytester) -> None:
    """The cases of a rule and a model that expects something are collected, named and passed; other files are not."""
    rule_folder(pytester.path)
    (pytester.path / "rules" / "model.yaml").write_text(MODEL.format(rule="held-at-exit"), encoding="utf-8")
    (pytester.path / "rules" / "other.yaml").write_text("some: thing\n", encoding="utf-8")

    result = run(pytester, "--lockcheck", "rules", "-v")

    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines_random([
        "*rules/mine/my-rule/rule.yaml::bad PASSED*",
        "*rules/mine/my-rule/rule.yaml::repaired PASSED*",
        "*rules/mine/my-rule/rule.yaml::near-miss PASSED*",
        "*rules/model.yaml::model PASSED*",
    ])  # fmt: skip


def test_a_failure_says_what_the_command_line_says(pytester: pytest.Pytester) -> None:
    """A case that does not show what it should fails with the exact difference, no traceback."""
    folder = rule_folder(pytester.path)
    (folder / "repaired.yaml").write_text((folder / "bad.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "near-miss.yaml").unlink()
    (pytester.path / "rules" / "model.yaml").write_text(MODEL.format(rule="recursive-locking"), encoding="utf-8")

    result = run(pytester, "--lockcheck", "rules")

    result.assert_outcomes(passed=1, failed=3)
    result.stdout.fnmatch_lines_random([
        "my-rule/repaired: false alarm",
        "    it shows my-rule",
        "my-rule/near-miss: absent",
        "rules/model.yaml: missed",
        "    - recursive-locking with A (rules/model.yaml:3:5)",
        "    + held-at-exit: *",
        "not as expected: 1 missed, 1 unexpected in rules/model.yaml",
    ])  # fmt: skip
    result.stdout.no_fnmatch_line("*Traceback*")


def test_cases_run_beside_other_tests(pytester: pytest.Pytester) -> None:
    """What pytest was to run anyway is run too, and a folder that is named twice is tested once."""
    rule_folder(pytester.path)
    pytester.makepyfile("def test_one(): assert True")

    run(pytester, "--lockcheck", "rules", ".").assert_outcomes(passed=4)


def test_rules_from_elsewhere(pytester: pytest.Pytester) -> None:
    """A model may expect a finding of a rule in a folder that is named."""
    rule_folder(pytester.path)
    (pytester.path / "models").mkdir()
    model = "lockcheck: 1\nexpect: [{finding: my-rule}]\nlocks: {A: mutex}\nfunctions:\n" \
            "  f: {entry: task, role: probe, steps: [{mutex_lock: A, do: []}]}\n"  # fmt: skip
    (pytester.path / "models" / "model.yaml").write_text(model, encoding="utf-8")

    named = ["--lockcheck", "models", "--lockcheck-rules", "rules"]
    run(pytester, *named).assert_outcomes(passed=1)


def test_a_broken_rule_is_told(pytester: pytest.Pytester) -> None:
    """A rule file that can't be read is an error of its own, with its place."""
    (rule_folder(pytester.path) / "rule.yaml").write_text("rule: my-rule\n", encoding="utf-8")

    result = run(pytester, "--lockcheck", "rules")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*rules/mine/my-rule/rule.yaml:1:1: error: missing key 'summary'*"])


def test_a_path_that_is_not_there(pytester: pytest.Pytester) -> None:
    """A path that does not exist is a usage error, not an empty success."""
    result = run(pytester, "--lockcheck", "nowhere")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--lockcheck: there is no 'nowhere'*"])


def test_costs_nothing_when_not_asked_for(pytester: pytest.Pytester) -> None:
    """Without the option the plugin loads no module of lockcheck but itself, and none of its libraries."""
    pytester.makepyfile(
        "import sys\n"
        "def test_loaded():\n"
        "    ours = sorted(name for name in sys.modules if name.split('.')[0] == 'lockcheck')\n"
        f"    assert ours == ['lockcheck', '{PLUGIN}']\n"
        "    assert not {'yaml', 'pydantic', 'networkx', 'click'} & set(sys.modules)\n"
    )
    run(pytester, "-q").assert_outcomes(passed=1)


def test_pytest_finds_the_plugin() -> None:
    """The package's metadata names the plugin's module to pytest."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["entry-points"]["pytest11"] == {PLUGIN: PLUGIN}
