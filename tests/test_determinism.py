"""Same input, same bytes out: whatever the hash seed, the order of files or the order of functions in them."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

import lockcheck
from lockcheck.report.formats import FORMATS, renderer
from lockcheck.report.text import text
from lockcheck.report.view import View

MODELS = ("examples/ctor-dtor-reclaim", "examples/irq-inversion", "linux/percpu")

TWO_FILES = {
    "locks.yaml": "lockcheck: 1\nlocks: {A: mutex, B: mutex, S: spinlock}\n",
    "one.yaml": (
        "lockcheck: 1\ninclude: [locks.yaml]\nfunctions:\n"
        "  one: {entry: task, steps: [{mutex_lock: A, do: [{mutex_lock: B, do: []}]}]}\n"
        "  irq: {entry: hardirq, steps: [{spin_lock: S, do: []}]}\n"
    ),
    "two.yaml": (
        "lockcheck: 1\ninclude: [locks.yaml]\nfunctions:\n"
        "  two: {entry: task, steps: [{mutex_lock: B, do: [{mutex_lock: A, do: [{call: helper}]}]}]}\n"
        "  helper: {steps: [{spin_lock: S, do: []}]}\n"
    ),
}


@pytest.mark.parametrize("model", MODELS)
def test_the_hash_seed_changes_nothing(model: str, tmp_path: Path) -> None:
    """Processes with different hash seeds write the same bytes in every format."""
    outputs: dict[str, set[bytes]] = {form: set() for form in FORMATS}
    for seed in ("1", "2", "3"):
        named = [word for form in FORMATS for word in ("--output", f"{form}={tmp_path / form}")]
        command = [sys.executable, "-m", "lockcheck", "check", model, "--no-cache", *named]
        done = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}, check=False)
        for form in FORMATS:
            outputs[form].add((tmp_path / form).read_bytes())
        assert done.returncode in (0, 1), done.stderr

    assert [form for form, written in outputs.items() if len(written) != 1] == []


def test_the_order_of_files_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Models named in another order give the same report."""
    for name, body in TWO_FILES.items():
        (tmp_path / name).write_text(body, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names = list(TWO_FILES)

    for form in FORMATS:
        forwards, backwards = (renderer(form)(lockcheck.check(order), View()) for order in (names, names[::-1]))

        assert forwards == backwards, form
    shown = text(lockcheck.check(names))
    assert "circular-dependency" in shown
    assert "inconsistent-lock-state" in shown


def test_the_order_of_functions_changes_only_line_numbers() -> None:
    """Functions written in another order give the same findings, told of the same functions."""
    head = "lockcheck: 1\nlocks: {A: mutex, B: mutex, C: mutex}\nfunctions:\n"
    orders = ("A, B", "B, C", "C, A", "B, A", "A, C")
    functions = [
        f"  f{number}: {{entry: task, steps: [{{mutex_lock: {order[0]}, do: [{{mutex_lock: {order[3]}, do: []}}]}}]}}\n"
        for number, order in enumerate(orders)
    ]
    expected = None
    for seed in range(20):
        random.Random(seed).shuffle(functions)

        result = lockcheck.check(head + "".join(functions))

        found = [(one.rule, one.message, one.fact.get("functions")) for one in result.findings]
        expected = expected or sorted(map(str, found))
        assert sorted(map(str, found)) == expected
