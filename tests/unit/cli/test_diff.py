"""lockcheck diff: which sides are compared, what it exits with, what it says when a side is missing or broken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lockcheck.cli import run

Output = pytest.CaptureFixture[str]
BASE = """
lockcheck: 1
title: one order
configs: {CONFIG_B: n}
locks: {A: mutex, B: mutex}
functions:
  one: {entry: task, steps: [mutex_lock: A, mutex_lock: B, mutex_unlock: B, mutex_unlock: A]}
"""
CHANGE = """
lockcheck: 1
title: the other order on top
include: [base.yaml]
functions:
  two: {entry: task, steps: [mutex_lock: B, mutex_lock: A, mutex_unlock: A, mutex_unlock: B]}
"""


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a base model and a change that includes it, as the working folder."""
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "change.yaml").write_text(CHANGE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_change_alone_is_compared_with_what_it_includes(models: Path, capsys: Output) -> None:
    """Without a base the included models are it: just what the change declares and patches is new."""
    assert run(["diff", "change.yaml"]) == 1

    alone = capsys.readouterr().out
    assert run(["diff", "base.yaml", "--", "change.yaml"]) == 1
    assert alone.splitlines()[2:] == capsys.readouterr().out.splitlines()[2:]
    assert alone.startswith("base: what change.yaml includes\nchange: change.yaml\n")
    assert "circular dependency: A -> B -> A" in alone


def test_patch_is_part_of_the_change(models: Path, capsys: Output) -> None:
    """What a design patches into an included model is not in its base."""
    steps = "{steps: [mutex_lock: B, mutex_unlock: B]}"
    patch = f"lockcheck: 1\ntitle: p\ninclude: [base.yaml]\npatch: {{functions: {{one: {steps}}}}}\n"
    (models / "patch.yaml").write_text(patch, encoding="utf-8")

    assert run(["diff", "--format", "json", "patch.yaml"]) == 0
    found = json.loads(capsys.readouterr().out)["dependencies"]
    assert found["new"] == []
    assert [(one["outer"], one["inner"]) for one in found["gone"]] == [("A", "B")]


def test_threshold_and_direction_decide_the_exit_code(models: Path, capsys: Output) -> None:
    """Backwards the deadlock is gone: exit 0."""
    assert run(["diff", "--fail-on", "error", "base.yaml", "--", "change.yaml"]) == 1
    assert run(["diff", "change.yaml", "--", "base.yaml"]) == 0
    assert "1 gone finding" in capsys.readouterr().out


def test_option_of_one_side_is_fine_and_of_none_an_error(models: Path, capsys: Output) -> None:
    """A kernel option that only one side declares is left out on the other; a misspelt one is refused."""
    (models / "other.yaml").write_text(BASE.replace("CONFIG_B", "CONFIG_C"), encoding="utf-8")

    assert run(["diff", "--config", "CONFIG_C=y", "base.yaml", "--", "other.yaml"]) == 0
    assert run(["diff", "--config", "CONFIG_CC=y", "base.yaml", "--", "other.yaml"]) == 2
    assert "no model declares the kernel option 'CONFIG_CC'; did you mean 'CONFIG_C'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["diff"], "name the models to compare"),
        (["diff", "--", "base.yaml"], "name the base before '--'"),
        (["diff", "base.yaml", "--"], "name the models to compare"),
        (["diff", "base.yaml"], "include nothing"),
        (["diff", "none.yaml", "--", "base.yaml"], "could not analyse none.yaml"),
        (["diff", "base.yaml", "--", "none.yaml"], "could not analyse none.yaml"),
        (["diff", "none.yaml"], "could not analyse none.yaml"),
    ],
)
def test_missing_or_broken_side_exits_2(models: Path, capsys: Output, arguments: list[str], said: str) -> None:
    """A side that is missing or cannot be read is said once, on the error stream, with exit status 2."""
    assert run(arguments) == 2

    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in " ".join(shown.err.split())
    assert shown.err.count("no such file") <= 1


def test_change_that_nothing_enters_proves_nothing(models: Path, capsys: Output) -> None:
    """A change without an entry is not compared: exit 2."""
    (models / "idle.yaml").write_text("lockcheck: 1\ntitle: t\nfunctions: {f: {steps: []}}\n", encoding="utf-8")

    assert run(["diff", "base.yaml", "--", "idle.yaml"]) == 2
    assert "nothing was checked" in capsys.readouterr().err


def test_claims_are_asked_of_both_sides(models: Path, capsys: Output) -> None:
    """--claims asks a ledger of base and change, also when the base is what the change includes."""
    ledger = 'lockcheck: 1\ntitle: l\ninclude: [base.yaml]\nclaims: [{id: leaf-B, text: B is a leaf, ask: {leaf: B}}]\n'
    (models / "ledger.yaml").write_text(ledger, encoding="utf-8")

    for sides in (["change.yaml"], ["base.yaml", "--", "change.yaml"]):
        assert run(["diff", "--claims", "ledger.yaml", *sides]) == 1
        assert "leaf-B: B is a leaf: was holds, is refuted (A is taken under B)" in capsys.readouterr().out
    assert run(["diff", "--claims", "none.yaml", "change.yaml"]) == 2
    assert "the claims could not be asked" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_output_to_a_file(models: Path, capsys: Output, form: str) -> None:
    """Every format can go to a file; then nothing is printed."""
    assert run(["diff", "--format", form, "-o", "out", "change.yaml"]) == 1
    assert capsys.readouterr().out == ""
    assert "circular dependency" in (models / "out").read_text(encoding="utf-8")
