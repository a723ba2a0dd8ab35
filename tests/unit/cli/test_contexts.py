"""``lockcheck contexts``: what it lists, how it is narrowed, and what it says to names that are not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lockcheck.cli import run

MODEL = """
lockcheck: 1
title: two callbacks
locks: {A: spinlock, M: mutex}
caches: {thing: {dtor: thing_dtor}}
work: {cleanup: {function: cleanup_fn}}
functions:
  thing_dtor: {steps: []}
  cleanup_fn: {steps: [call: thing.dtor]}
  starts: {entry: task, steps: [queue_work: cleanup]}
  waits: {entry: task, steps: [mutex_lock: M, flush_work: cleanup, mutex_unlock: M]}
  drops: {entry: hardirq, steps: [spin_lock: A, call: thing.dtor, spin_unlock: A]}
"""


@pytest.fixture
def model(tmp_path: Path) -> str:
    """The model as a file."""
    path = tmp_path / "model.yaml"
    path.write_text(MODEL, encoding="utf-8")
    return str(path)


def test_lists_the_worst_way_first(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The way through a hardirq under a spinlock stands before the one through a work item."""
    assert run(["contexts", model, "--role", "dtor", "--brief"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("thing_dtor (dtor): 2 ways in, by 2 routes\n")
    assert out.splitlines()[1].startswith("  at worst: in hardirq; hardirqs off; must not sleep")
    assert out.index("holds A") < out.index("work item cleanup")
    assert "others wait for it holding M" in out
    assert "cleanup_fn" not in out.split("1.")[0]


def test_json_has_the_facts(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON document has one fact for each way, by function and rank."""
    assert run(["contexts", model, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "lockcheck-contexts/1"
    told = [(one["attributes"]["role_function"], one["attributes"]["rank"]) for one in document["contexts"]]
    assert told == [("cleanup_fn", 1), ("thing_dtor", 1), ("thing_dtor", 2)]


@pytest.mark.parametrize(
    ("option", "name", "hint"),
    [("--role", "dtro", "did you mean 'dtor'"), ("--function", "thing_dtro", "did you mean 'thing_dtor'"),
     ("--cache", "thing", "no way leads to a constructor or destructor of the cache 'thing'")],
)  # fmt: skip
def test_an_unknown_name_is_an_error(
    option: str, name: str, hint: str, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A role, function or cache that no way leads to ends with exit status 2 and the nearest name."""
    assert run(["contexts", model, option, name]) == 2
    assert hint in capsys.readouterr().err


def test_a_model_that_does_not_load_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Problems of a model are printed, and nothing is listed."""
    path = tmp_path / "model.yaml"
    path.write_text("lockcheck: 1\nlocsk: {}\n", encoding="utf-8")
    assert run(["contexts", str(path)]) == 2
    assert capsys.readouterr().out == ""
