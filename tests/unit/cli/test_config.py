"""`lockcheck config`, `init` and `completion`: what applies, what to start from, what a shell completes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lockcheck.cli import run
from lockcheck.cli.setting_values import KEYS
from lockcheck.source.toml import positions

ROOT = Path(__file__).resolve().parents[3]


def test_each_key_says_where_it_is_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every key stands there with file and line, or as a default; a configuration that is not used is named."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.lockcheck]\nall-configs = true\n", encoding="utf-8")
    (tmp_path / "sub/lockcheck.toml").write_text(
        '# mine\nfail-on = "error"\nlimits.max-files = 3\n[severities]\nirq-inversion = "off"\n', encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path / "sub")

    assert run(["config", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)

    assert (document["file"], document["passed_over"]) == ("lockcheck.toml", ["../pyproject.toml"])
    said = {name: (one["value"], one["line"]) for name, one in document["keys"].items() if one["file"]}
    assert said == {"fail-on": ("error", 2), "limits.max-files": (3, 3), "severities.irq-inversion": ("off", 5)}
    assert document["keys"]["all-configs"] == {"value": False, "file": None, "line": None}
    assert {name.partition(".")[0] for name in document["keys"]} == set(KEYS)


def test_no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a configuration, all is as by default, and it is said."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)

    assert run(["config"]) == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == "no configuration: all is as by default"
    assert all(line.endswith("default") for line in rest)


def test_places_of_keys() -> None:
    """Keys are found behind strings, arrays and comments that look like keys."""
    text = 'a = """\nb = 1\n"""\n\n[t."x.y"]\nc = [ # ]\n  1,\n]\n  d.e = {f = "}"}\n[[u]]\nv = \'#\'\n'
    found = positions(text)

    assert found["a",] == (1, 1)
    assert ("b",) not in found
    assert found["t", "x.y"] == (5, 1)
    assert found["t", "x.y", "c"] == (6, 1)
    assert found["t", "x.y", "d", "e", "f"] == (9, 3)
    assert found["u", "v"] == (11, 1)


@pytest.mark.parametrize("ci", ["github", "gitlab", "shell", "none"])
def test_start_works(
    ci: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `init` writes is clean, its rule's cases pass, its rule is explained, and nothing is written twice."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)

    assert run(["init", "--ci", ci]) == 0
    made = capsys.readouterr().out.splitlines()
    assert len(made) == (7 if ci == "none" else 8)
    assert run(["check"]) == 0
    assert "no findings in locking/models/driver.yaml\n" in capsys.readouterr().out
    assert run(["rules", "test"]) == 0
    assert capsys.readouterr().out == "1 rule, 3 cases: 1 caught, 2 clean\n"
    assert run(["explain", "stats-lock-is-leaf"]) == 0
    capsys.readouterr()

    (tmp_path / "lockcheck.toml").write_text("# changed\n", encoding="utf-8")
    (tmp_path / made[-2]).unlink()
    assert run(["init", "--ci", ci]) == 2
    assert "lockcheck.toml\n" in capsys.readouterr().err
    assert not (tmp_path / made[-2]).exists()
    assert (tmp_path / "lockcheck.toml").read_text(encoding="utf-8") == "# changed\n"
    assert run(["init", "--ci", ci, "--force"]) == 0
    assert "models = " in (tmp_path / "lockcheck.toml").read_text(encoding="utf-8")


def test_every_line_of_the_start_is_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The settings that the start shows as comments are settings that there are."""
    monkeypatch.chdir(tmp_path)
    run(["init", "--ci", "none"])
    text = Path("lockcheck.toml").read_text(encoding="utf-8")
    lines = [line.removeprefix("# ") if " = " in line or "[" in line[:4] else line for line in text.splitlines()]
    Path("lockcheck.toml").write_text("\n".join(lines), encoding="utf-8")
    capsys.readouterr()

    assert run(["config"]) == 0
    assert len([line for line in capsys.readouterr().out.splitlines() if "lockcheck.toml:" in line]) >= 9


def test_start_through_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link where a file would be is in the way, and --force replaces the link, not what it leads to."""
    monkeypatch.chdir(tmp_path)
    Path("precious").write_text("mine", encoding="utf-8")
    Path("lockcheck.toml").symlink_to("precious")

    assert run(["init"]) == 2
    assert run(["init", "--force"]) == 0
    assert Path("precious").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(("shell", "sign"), [("bash", "complete -o"), ("zsh", "#compdef"), ("fish", "complete ")])
def test_completion_scripts(shell: str, sign: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each shell gets a script, and one that bash accepts."""
    assert run(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert sign in script
    if shell == "bash" and shutil.which("bash"):
        assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


def test_shell_is_answered() -> None:
    """What the script asks is answered: commands, and options of a command."""

    def answers(words: str, number: int) -> list[str]:
        asked = {"_LOCKCHECK_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(number)}
        program = "import sys; from lockcheck.cli import run; sys.argv[0] = 'lockcheck'; run([])"
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env={**os.environ, **asked},
                              capture_output=True, text=True, check=False)  # fmt: skip
        return [line.partition(",")[2] for line in done.stdout.splitlines()]

    assert answers("lockcheck co", 1) == ["compare", "completion", "config", "contexts", "coverage"]
    assert "--fail-on" in answers("lockcheck check --f", 2)
