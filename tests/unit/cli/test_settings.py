"""The project's configuration: where it is found, what it may say, and what it can't reach."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from lockcheck.cli import run
from lockcheck.cli.settings import Settings, find

MODEL = """\
lockcheck: 1
title: t
locks: {A: mutex}
functions:
  f: {entry: task, steps: [mutex_lock: A, mutex_unlock: A]}
"""


def test_own_file_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """lockcheck.toml goes before pyproject.toml; both are found from below, up to the top of the checkout."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "pyproject.toml").write_text('[tool.lockcheck]\nfail-on = "error"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path / "sub")

    assert find(tmp_path / "sub").fail_on == "error"
    (tmp_path / "lockcheck.toml").write_text("all-configs = true\n", encoding="utf-8")
    assert find(tmp_path / "sub") == Settings(all_configs=True)


def test_search_stops_at_the_checkout(tmp_path: Path) -> None:
    """A configuration above the checkout is somebody else's."""
    (tmp_path / "lockcheck.toml").write_text("all-configs = true\n", encoding="utf-8")
    (tmp_path / "repo" / ".git").mkdir(parents=True)

    assert find(tmp_path / "repo") == Settings()


def test_models_of_the_configuration_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without paths, `check` takes the models that the configuration names."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.yaml").write_text(MODEL, encoding="utf-8")
    (tmp_path / "lockcheck.toml").write_text('models = ["models"]\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert run(["check"]) == 0
    assert "no findings in models/m.yaml" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('modles = ["m"]', "unknown key 'modles'; did you mean 'models'?"),
        ('models = "m"', "'models' has to be a list of paths"),
        ('roots = ["/"]', "'roots' has to be inside"),
        ('rules = ["../rules"]', "'rules' has to be inside"),
        ('fail-on = "never"', "'fail-on' has to be one of note, warning, error"),
        ('format = "prose"', "'format' has to be one of text"),
        ('outputs = ["json"]', "an output has to be FORMAT=FILE, not 'json'"),
        ('outputs = ["jsn=x.json"]', "unknown format 'jsn'; did you mean 'json'?"),
        ('outputs = ["json=../x.json"]', "'outputs' has to be inside"),
        ('outputs = ["text=.git/x.txt"]', "'outputs' has to be in no hidden folder"),
        ('outputs = ["text=m.py"]', "'outputs' has to be named as what it is"),
        ('baseline = "setup.py"', "'baseline' has to be named as what it is"),
        ('baseline = "../b.yaml"', "'baseline' has to be inside"),
        ("configs = 1", "'configs' has to be a list of kernel options"),
        ('severities = "off"', "'severities' has to be a table"),
        ('[severities]\nleaf = "eror"', "lockcheck.toml:2:1: error: unknown severity 'eror'; did you mean 'error'?"),
        ('[verdicts]\nguarded = "off"', "lockcheck.toml:2:1: error: unknown severity 'off'; it is one of note,"),
        ('[verdicts]\n\n  garded = "note"', ":3:3: error: unknown verdict 'garded'; did you mean 'guarded'?"),
        ("[limits]\nmax-filez = 3", ":2:1: error: unknown limit 'max-filez'; did you mean 'max_files'?"),
        ('config = {CONFIG_X = "y"}', "'config' has to be a table of options"),
        ("limits = {max-files = 0}", "'limits' has to be a table of numbers"),
        ("models = [\n}", "lockcheck.toml:2:1: error: this is no TOML: invalid value"),
        ("models = [", "this is no TOML: "),
        ("models = " + "[" * 5000, "this is no TOML: "),
        ("models = '\x01'", "lockcheck.toml:1:11: error: character U+0001"),
    ],
)
def test_mistake_is_named(tmp_path: Path, text: str, message: str) -> None:
    """A configuration that is wrong, or that reaches out of its folder, is refused with a reason."""
    (tmp_path / "lockcheck.toml").write_text(text, encoding="utf-8")

    with pytest.raises(click.UsageError, match=r"lockcheck\.toml") as caught:
        find(tmp_path)
    assert message in caught.value.message


def test_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    """A link inside the project that leads out of it is outside too."""
    (tmp_path / "project").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "project" / "models").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "project" / "lockcheck.toml").write_text('models = ["models"]\n', encoding="utf-8")

    with pytest.raises(click.UsageError, match="inside project/"):
        find(tmp_path / "project")


def test_all_mistakes_are_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each mistake stands with its line, also in pyproject.toml and below keys of many lines."""
    text = '[project]\nfail-on = 1\n\n[tool.lockcheck]\nmodels = [\n "a]\\"",  # ]\n]\nfail-on = 1\nmodles = 2\n'
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert run(["check"]) == 2
    told = capsys.readouterr().err
    assert "pyproject.toml:8:1: error: 'fail-on' has to be one of note, warning, error" in told
    assert "pyproject.toml:9:1: error: unknown key 'modles'" in told
    assert "    9 | modles = 2" in told


def test_unknown_rule_is_told_where_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A severity for a rule that there is not is an error at its line, in `check` and in `config`."""
    (tmp_path / "m.yaml").write_text(MODEL, encoding="utf-8")
    (tmp_path / "lockcheck.toml").write_text('[severities]\ncircular-dependenci = "off"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    for words in (["check", "m.yaml"], ["config"]):
        assert run(words) == 2
        told = capsys.readouterr().err
        assert "lockcheck.toml:2:1: error: unknown rule 'circular-dependenci'" in told
        assert "did you mean 'circular-dependency'?" in told


TWO_ORDERS = """\
lockcheck: 1
title: two orders
locks: {A: mutex, B: mutex}
functions:
  one: {entry: task, steps: [mutex_lock: A, mutex_lock: B, mutex_unlock: B, mutex_unlock: A]}
  two: {entry: task, steps: [mutex_lock: B, mutex_lock: A, mutex_unlock: A, mutex_unlock: B]}
waivers: [{rule: recursive-locking, reason: none}]
"""


@pytest.mark.parametrize(
    ("settings", "status", "said"),
    [
        ("", 1, "1 error, 1 warning"),
        ('[severities]\ncircular-dependency = "note"\nunused-waiver = "off"\n', 0, "1 note in"),
        ('[severities]\ncircular-dependency = "off"\nrecursive-locking = "off"\n', 0, "turned off: 2 rules"),
        ('[verdicts]\ndemonstrated = "note"\n', 1, "1 warning, 1 note in"),
        ('[verdicts]\ndemonstrated = "error"\n[severities]\ncircular-dependency = "warning"\n', 1, "2 warnings in"),
    ],
)
def test_severities(
    settings: str,
    status: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A project's severity goes before the rule's, off takes the rule and its waivers out, verdicts lower only some."""
    (tmp_path / "m.yaml").write_text(TWO_ORDERS, encoding="utf-8")
    (tmp_path / "lockcheck.toml").write_text(settings, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert run(["check", "m.yaml"]) == status
    assert said in capsys.readouterr().out


def test_format_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The configuration says how `check` prints; --format wins."""
    (tmp_path / "m.yaml").write_text(MODEL, encoding="utf-8")
    (tmp_path / "lockcheck.toml").write_text('format = "json"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert run(["check", "m.yaml"]) == 0
    assert capsys.readouterr().out.startswith("{")
    assert run(["check", "m.yaml", "--format", "text"]) == 0
    assert capsys.readouterr().out.startswith("no findings")


def test_outputs_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reports that the configuration asks for are written where it stands; -o takes their place."""
    (tmp_path / "m.yaml").write_text(MODEL, encoding="utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "lockcheck.toml").write_text('outputs = ["json=report.json"]\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path / "sub")

    assert run(["check", "../m.yaml"]) == 0
    assert capsys.readouterr().out.startswith("no findings")
    assert (tmp_path / "report.json").read_text(encoding="utf-8").startswith("{")
    (tmp_path / "report.json").unlink()
    assert run(["check", "../m.yaml", "-o", "json=other.json"]) == 0
    assert not (tmp_path / "report.json").exists()


def test_table_that_is_none(tmp_path: Path) -> None:
    """tool.lockcheck in pyproject.toml that is no table is a mistake, not the absence of a configuration."""
    (tmp_path / "pyproject.toml").write_text("[tool]\nlockcheck = 3\n", encoding="utf-8")

    with pytest.raises(click.UsageError, match=r"'tool\.lockcheck' has to be a table"):
        find(tmp_path)
