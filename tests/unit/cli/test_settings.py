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
        ('config = {CONFIG_X = "y"}', "'config' has to be a table of options"),
        ("limits = {max-files = 0}", "'limits' has to be a table of numbers"),
        ("models = [", "lockcheck.toml: "),
        ("models = " + "[" * 5000, "lockcheck.toml: "),
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
