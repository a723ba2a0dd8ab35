"""The corpus of broken models: every one of them, with the whole text of what loading says about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockcheck.loading import load

ERR = Path(__file__).parents[2] / "models" / "err"
CASES = sorted(path.stem for path in ERR.glob("*.yaml"))


def told(name: str) -> str:
    """All problems of one broken model, hints below them."""
    lines = []
    for problem in load([f"{name}.yaml"]).problems:
        lines.append(str(problem))
        lines += [f"  hint: {problem.hint}"] if problem.hint else []
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", CASES)
def test_message(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken model is refused with exactly the problems beside it: position, what was found, what was expected."""
    monkeypatch.chdir(ERR)

    assert told(name) == (ERR / f"{name}.out").read_text(encoding="utf-8")


def test_every_message_has_a_model() -> None:
    """No expected text is left over, and the corpus is not empty."""
    assert sorted(path.stem for path in ERR.glob("*.out")) == CASES
    assert len(CASES) >= 40


@pytest.mark.parametrize("name", CASES)
def test_broken_models_have_no_program(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model with problems gives no program, and every problem points into a file."""
    monkeypatch.chdir(ERR)
    loaded = load([f"{name}.yaml"])

    assert loaded.program is None
    assert all(problem.file and problem.line and problem.column and problem.code for problem in loaded.problems)
